//! Reported between Wednesday 22:20 and Thursday 03:00: I12, I2, I3, I4, I1, I11, I5.

use mash_proto::{
    police::v1::{Adult, AdultRole, Child, DashRisk, Incident, IncidentType, RelationshipKind},
    r#type::v1::Answer,
};

use super::{IncidentReport, People, adult, incident, not_spoken_to, spoke, stated};
use crate::night::{
    places::{E1, E3},
    thursday, wednesday,
};

pub(super) fn incidents(people: &People) -> Vec<IncidentReport> {
    vec![
        twins(people),
        refuge(people),
        key_adult(people),
        home_educated(people),
        two_schools(people),
        stale_roll(people),
        nowhere(people),
    ]
}

fn twins(people: &People) -> IncidentReport {
    let adults = vec![
        adult(
            "a1",
            ("Angharad", "Vaughan"),
            AdultRole::Victim,
            &[("c1", RelationshipKind::Mother), ("c2", RelationshipKind::Mother)],
        ),
        adult(
            "a2",
            ("Huw", "Vaughan"),
            AdultRole::Suspect,
            &[("c1", RelationshipKind::Father), ("c2", RelationshipKind::Father)],
        ),
    ];
    // Neither number is known, so only one letter of a given name tells the two apart.
    let children = vec![
        Child {
            stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", ""),
            whereabouts: "In the back bedroom".to_owned(),
            voice: spoke("Me and Cerys hid under the bed.", Answer::No),
            ..people.unnumbered("C14", "c1")
        },
        Child {
            stated_establishment: stated("Nant-y-Cwm Primary School", ""),
            whereabouts: "In the back bedroom".to_owned(),
            voice: spoke("Carys was crying. I held her hand.", Answer::No),
            ..people.unnumbered("C15", "c2")
        },
    ];
    let first = Incident {
        narrative: "Angharad Vaughan rang 999. Huw Vaughan had come home drunk and was shouting and \
                    breaking plates. The twins were upstairs. Carys goes to Ysgol Gynradd Pont-y-Bryn \
                    and Cerys to Nant-y-Cwm Primary School. Mr Vaughan was taken to his mother's for the night."
            .to_owned(),
        ..incident("2600412001", wednesday(21, 35), adults, children)
    };
    report("I12", vec!["C14", "C15"], first)
}

fn refuge(people: &People) -> IncidentReport {
    let adults = vec![
        Adult {
            no_contact_at_address: true,
            telephone: "07700 900321".to_owned(),
            ..adult(
                "a1",
                ("Catrin", "Bevan"),
                AdultRole::Victim,
                &[("c1", RelationshipKind::Mother)],
            )
        },
        adult("a2", ("Lee", "Maddox"), AdultRole::Suspect, &[("c1", RelationshipKind::StepParent)]),
    ];
    let children = vec![Child {
        stated_establishment: stated("Cae Derw Primary School", E3),
        whereabouts: "In the car, beside his mother".to_owned(),
        voice: spoke(
            "Lee was waiting outside Hafan Glyd. I thought he would take us.",
            Answer::Yes,
        ),
        ..people.child("C3", "c1")
    }];
    let first = Incident {
        dash_risk: DashRisk::High.into(),
        r#type: IncidentType::Stalking.into(),
        narrative: "Catrin Bevan and her son have lived at Hafan Glyd, 22 Clos y Gerddi, CF31 9ZR, since \
                    October. Lee Maddox was seen in a parked car in Clos y Gerddi when they came home. He \
                    followed them to the supermarket and struck the window of their car. He was arrested."
            .to_owned(),
        offences: vec!["Stalking involving fear of violence".to_owned()],
        ..incident("2600412002", wednesday(22, 50), adults, children)
    };
    report("I2", vec!["C3"], first)
}

fn key_adult(people: &People) -> IncidentReport {
    let adults = vec![
        Adult {
            works_at: stated("Ysgol Gynradd Pont-y-Bryn", E1),
            ..adult("a1", ("Mair", "Rees"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)])
        },
        adult("a2", ("Aled", "Rees"), AdultRole::Suspect, &[("c1", RelationshipKind::Father)]),
    ];
    let children = vec![Child {
        stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", E1),
        whereabouts: "Asleep in her room".to_owned(),
        voice: not_spoken_to("Asleep; not woken"),
        ..people.child("C4", "c1")
    }];
    let first = Incident {
        r#type: IncidentType::CoerciveControl.into(),
        narrative:
            "Mair Rees, who works at Ysgol Gynradd Pont-y-Bryn, said that Aled Rees had taken her \
                    telephone and car keys and would not let her leave the house."
                .to_owned(),
        ..incident("2600412003", wednesday(23, 55), adults, children)
    };
    report("I3", vec!["C4"], first)
}

fn home_educated(people: &People) -> IncidentReport {
    let adults = vec![
        adult(
            "a1",
            ("Delyth", "Llewellyn-Price"),
            AdultRole::Victim,
            &[("c1", RelationshipKind::Mother)],
        ),
        adult("a2", ("Craig", "Nott"), AdultRole::Suspect, &[("c1", RelationshipKind::StepParent)]),
    ];
    let children = vec![Child {
        whereabouts: "At the kitchen table".to_owned(),
        voice: spoke("He broke Mam's laptop. That is what I do my lessons on.", Answer::Yes),
        ..people.child("C5", "c1")
    }];
    let first = Incident {
        r#type: IncidentType::Damage.into(),
        narrative:
            "Craig Nott broke a laptop and a door during an argument with Delyth Llewellyn-Price. \
                    Gethin is taught at home and was in the room. Nobody was hurt."
                .to_owned(),
        ..incident("2600412004", thursday(0, 40), adults, children)
    };
    report("I4", vec!["C5"], first)
}

fn two_schools(people: &People) -> IncidentReport {
    let to = |kind| [("c1", kind), ("c2", kind)];
    let adults = vec![
        Adult {
            telephone: "07700 900111".to_owned(),
            ..adult("a1", ("Rhian", "Prosser"), AdultRole::Victim, &to(RelationshipKind::Mother))
        },
        adult("a2", ("Dean", "Prosser"), AdultRole::Suspect, &to(RelationshipKind::Father)),
    ];
    let gwen = Child {
        stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", E1),
        whereabouts: "On the stairs".to_owned(),
        voice: spoke("Dad pushed Mam. Ioan told me to stay upstairs. I was scared.", Answer::Yes),
        ..people.child("C1", "c1")
    };
    let ioan = Child {
        // The officer wrote one school for both; the roll knows better.
        stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", E1),
        whereabouts: "In his bedroom".to_owned(),
        voice: spoke("I turned my music up. Then Gwen came in and she was shaking.", Answer::Yes),
        upn: String::new(),
        ..people.child("C2", "c2")
    };
    let away = Child {
        present: Answer::No.into(),
        whereabouts: "Staying with a friend".to_owned(),
        voice: not_spoken_to("Was not at home"),
        welfare_check: Answer::No.into(),
        ..ioan.clone()
    };
    let first = Incident {
        r#type: IncidentType::Physical.into(),
        // Where Ioan was is not in here, so that correcting it changes nothing that his sister's school was told.
        narrative: "Dean Prosser pushed Rhian Prosser against the kitchen door and threw a chair. Gwen saw \
                    it. The other child of the house is Ioan, who goes to Heol-las Comprehensive School. Dean \
                    Prosser was arrested at 01:40. Mrs Prosser has bruising and did not want an ambulance."
            .to_owned(),
        offences: vec!["Assault occasioning actual bodily harm".to_owned()],
        ..incident("2600412005", thursday(1, 25), adults, vec![gwen.clone(), ioan])
    };
    let amended = Incident { children: vec![gwen, away], ..first.clone() };
    IncidentReport { amended: Some(amended), ..report("I1", vec!["C1", "C2"], first) }
}

fn stale_roll(people: &People) -> IncidentReport {
    let adults = vec![
        adult("a1", ("Lowri", "Watts"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)]),
        adult(
            "a2",
            ("Stephen", "Kidd"),
            AdultRole::Suspect,
            &[("c1", RelationshipKind::NotRelated)],
        ),
    ];
    let children = vec![Child {
        stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", E1),
        whereabouts: "In her mother's bed".to_owned(),
        voice: spoke("I like my new school. Please don't tell Stephen where it is.", Answer::Yes),
        ..people.child("C13", "c1")
    }];
    let first = Incident {
        r#type: IncidentType::Stalking.into(),
        narrative: "Stephen Kidd, a former partner, stood outside the house and rang the bell for an hour. \
                    Lowri Watts and her daughter moved here last week."
            .to_owned(),
        ..incident("2600412006", thursday(2, 5), adults, children)
    };
    report("I11", vec!["C13"], first)
}

fn nowhere(people: &People) -> IncidentReport {
    let adults = vec![
        adult("a1", ("Shauna", "Brennan"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)]),
        adult("a2", ("Gary", "Stone"), AdultRole::Suspect, &[("c1", RelationshipKind::NotRelated)]),
    ];
    let children = vec![Child {
        stated_establishment: stated("a school in Barry", ""),
        whereabouts: "In the living room".to_owned(),
        voice: not_spoken_to("Did not want to talk"),
        ..people.child("C6", "c1")
    }];
    let first = Incident {
        dash_risk: DashRisk::NotGraded.into(),
        narrative:
            "Shauna Brennan was shouted at and shoved by Gary Stone, whom she met last month. \
                    The family came to Barry from Dublin in October."
                .to_owned(),
        place_authority_code: "673".to_owned(),
        ..incident("2600412007", thursday(2, 20), adults, children)
    };
    report("I5", vec!["C6"], first)
}

fn report(key: &'static str, children: Vec<&'static str>, first: Incident) -> IncidentReport {
    IncidentReport { key, force: "62", children, first, amended: None }
}
