//! Reported on Thursday between 04:20 and 07:05: I6 to I10.

use mash_proto::{
    police::v1::{
        Adult, AdultRole, Child, DashRisk, Incident, IncidentType, ParentContactAdvice,
        RelationshipKind, SexualOffence,
    },
    r#type::v1::Answer,
};

use super::{IncidentReport, People, adult, incident, not_spoken_to, spoke, stated};
use crate::night::{
    places::{E1, E2, E4},
    thursday,
};

pub(super) fn incidents(people: &People) -> Vec<IncidentReport> {
    vec![
        visitor(people),
        nursery(people),
        college(people),
        live_investigation(people),
        wrong_child(people),
    ]
}

fn visitor(people: &People) -> IncidentReport {
    let adults = vec![
        Adult {
            telephone: "07700 900666".to_owned(),
            ..adult(
                "a1",
                ("Pauline", "Hughes"),
                AdultRole::Victim,
                &[("c1", RelationshipKind::Grandparent)],
            )
        },
        adult(
            "a2",
            ("Darren", "Hughes"),
            AdultRole::Suspect,
            &[("c1", RelationshipKind::OtherRelative)],
        ),
    ];
    let children = vec![Child {
        stated_establishment: stated("Severn Meadows Primary, Bristol", ""),
        whereabouts: "In the spare room".to_owned(),
        voice: spoke("Uncle Darren was banging on the wall and Nan was crying.", Answer::Yes),
        home_force_code: "52".to_owned(),
        ..people.child("C7", "c1")
    }];
    let first = Incident {
        r#type: IncidentType::Physical.into(),
        narrative:
            "Darren Hughes struck his mother, Pauline Hughes, at her house in Bridgend. Her \
                    granddaughter Maisie, who lives in Bristol, is visiting for a week."
                .to_owned(),
        place_authority_code: "672".to_owned(),
        ..incident("2600412008", thursday(3, 40), adults, children)
    };
    report("I6", vec!["C7"], first)
}

fn nursery(people: &People) -> IncidentReport {
    let to = |kind| [("c1", kind), ("c2", kind)];
    let adults = vec![
        adult("a1", ("Sara", "Morgan"), AdultRole::Victim, &to(RelationshipKind::Mother)),
        adult("a2", ("Rhodri", "Morgan"), AdultRole::Suspect, &to(RelationshipKind::Father)),
    ];
    let children = vec![
        Child {
            stated_establishment: stated("Cylch Meithrin y Castell", ""),
            whereabouts: "In her cot".to_owned(),
            voice: not_spoken_to("Too young"),
            ..people.child("C8", "c1")
        },
        Child {
            stated_establishment: stated("Ysgol Gynradd Pont-y-Bryn", E1),
            whereabouts: "At the top of the stairs".to_owned(),
            voice: spoke("Mabli woke up and I sang to her.", Answer::Yes),
            ..people.child("C9", "c2")
        },
    ];
    let first = Incident {
        dash_risk: DashRisk::Standard.into(),
        narrative:
            "A loud argument between Sara Morgan and Rhodri Morgan about money. Siôn was awake. \
                    Mabli, who goes to Cylch Meithrin y Castell, slept through most of it."
                .to_owned(),
        parent_contact_advice: ParentContactAdvice::MayContactHarmedParent.into(),
        ..incident("2600412009", thursday(4, 30), adults, children)
    };
    report("I7", vec!["C8", "C9"], first)
}

fn college(people: &People) -> IncidentReport {
    let adults = vec![
        adult("a1", ("Hodan", "Abdi"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)]),
        adult(
            "a2",
            ("Ismail", "Warsame"),
            AdultRole::Suspect,
            &[("c1", RelationshipKind::StepParent)],
        ),
    ];
    let children = vec![Child {
        stated_establishment: stated("Porth Teigr College", E4),
        whereabouts: "In the hall, between them".to_owned(),
        voice: spoke("I told him to get out and he did.", Answer::Yes),
        ..people.child("C10", "c1")
    }];
    let first = Incident {
        narrative: "Ismail Warsame threatened Hodan Abdi in the hall of the flat. Layla stood between them. \
                    Ismail Warsame left before officers came."
            .to_owned(),
        place_authority_code: "681".to_owned(),
        ..incident("2600412010", thursday(5, 40), adults, children)
    };
    report("I8", vec!["C10"], first)
}

fn live_investigation(people: &People) -> IncidentReport {
    let adults = vec![
        adult("a1", ("Eleri", "Tudor"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)]),
        adult(
            "a2",
            ("Martin", "Coles"),
            AdultRole::Suspect,
            &[("c1", RelationshipKind::StepParent)],
        ),
    ];
    let children = vec![Child {
        stated_establishment: stated("Heol-las Comprehensive School", E2),
        whereabouts: "At home".to_owned(),
        voice: spoke("Martin told me never to say anything.", Answer::Yes),
        ..people.child("C11", "c1")
    }];
    let first = Incident {
        dash_risk: DashRisk::High.into(),
        r#type: IncidentType::Sexual.into(),
        narrative: "Eleri Tudor disclosed repeated assaults by Martin Coles, who does not know that police \
                    were called. His arrest is planned for today."
            .to_owned(),
        live_investigation: true,
        do_not_inform_parent: true,
        sexual_offence: Some(SexualOffence {
            detail: "Alleged rape of an adult within the relationship; specialist officer with the victim."
                .to_owned(),
        }),
        offences: vec!["Rape of a female aged 16 or over".to_owned()],
        ..incident("2600412011", thursday(5, 55), adults, children)
    };
    report("I9", vec!["C11"], first)
}

fn wrong_child(people: &People) -> IncidentReport {
    let adults = vec![
        adult("a1", ("Kim", "Penhale"), AdultRole::Victim, &[("c1", RelationshipKind::Mother)]),
        adult("a2", ("Ross", "Penhale"), AdultRole::Suspect, &[("c1", RelationshipKind::Father)]),
    ];
    let children = vec![Child {
        stated_establishment: stated("Heol-las Comprehensive School", E2),
        whereabouts: "In the garden".to_owned(),
        voice: not_spoken_to("Ran to a neighbour"),
        ..people.child("C12", "c1")
    }];
    let first = Incident {
        narrative: "Ross Penhale and Kim Penhale argued in the street. Jac was in the garden."
            .to_owned(),
        ..incident("2600412012", thursday(6, 20), adults, children)
    };
    report("I10", vec!["C12"], first)
}

fn report(key: &'static str, children: Vec<&'static str>, first: Incident) -> IncidentReport {
    IncidentReport { key, force: "62", children, first, amended: None }
}
