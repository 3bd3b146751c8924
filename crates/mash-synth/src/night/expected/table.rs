//! The table of the scenario, row by row.

use jiff::Timestamp;
use mash_domain::data_class::{ClassSet, DataClass};

use super::{Duty, End, Expectation, Why};
use crate::night::{
    places::{BRIDGEND, E1, E2, E4, E6, E7, E8, VALE},
    thursday,
};

/// F1 to F5: what a school is told under the FULL profile.
const FULL: &[DataClass] = &[
    DataClass::ChildIdentity,
    DataClass::IncidentStub,
    DataClass::Narrative,
    DataClass::ChildVoice,
    DataClass::RiskGrade,
];
/// F1 and F2.
const MINIMAL: &[DataClass] = &[DataClass::ChildIdentity, DataClass::IncidentStub];

pub(in crate::night) fn expectations() -> Vec<Expectation> {
    let mut all = Vec::from(two_schools());
    all.extend([refuge(), key_adult(), home_educated(), nowhere()]);
    all.extend(visitor());
    all.extend(nursery());
    all.extend([college(), live_investigation(), wrong_child(), stale_roll()]);
    all.extend(twins());
    all
}

fn two_schools() -> [Expectation; 2] {
    [
        Expectation {
            withheld: vec![
                (DataClass::ChildAddress, Why::Rule("R34")),
                (DataClass::Perpetrator, Why::Rule("R24")),
            ],
            must_not_read: vec!["Ioan", "Heol-las", "Dean", "Heol y Felin", "CF32 9ZA"],
            must_read: vec!["father", "a sibling", "kitchen door"],
            ..school(
                "I1",
                ("C1", "c1"),
                E1,
                "mair-rees",
                thursday(8, 55),
                ack((7, 50), "mair-rees"),
            )
        },
        Expectation {
            withheld: vec![
                (DataClass::ChildAddress, Why::Rule("R34")),
                (DataClass::Perpetrator, Why::Rule("R24")),
            ],
            must_not_read: vec!["Gwen", "Pont-y-Bryn", "Dean", "CF32 9ZA"],
            must_read: vec!["father", "a sibling", "Staying with a friend"],
            revision: 2,
            discrepancy: true,
            ..school(
                "I1",
                ("C2", "c2"),
                E2,
                "david-marsh",
                thursday(8, 30),
                ack((7, 41), "david-marsh"),
            )
        },
    ]
}

fn refuge() -> Expectation {
    Expectation {
        withheld: vec![(DataClass::ChildAddress, Why::Rule("R21"))],
        must_not_read: vec!["Hafan Glyd", "Clos y Gerddi", "CF31 9ZR", "Lee", "07700 900321"],
        diversion: Some("no-contact"),
        ..desk(
            "I2",
            "C3",
            Duty::School,
            (BRIDGEND, "education-duty"),
            FULL,
            End::Escalated { to: "bethan-rowlands" },
        )
    }
}

fn key_adult() -> Expectation {
    Expectation {
        hidden_from: vec!["mair-rees"],
        received: set(MINIMAL),
        withheld: vec![
            (DataClass::Narrative, Why::Rule("R20")),
            (DataClass::RiskGrade, Why::Rule("R20")),
        ],
        must_not_read: vec!["Mair", "Aled", "Maes y Deri"],
        // The deputy must know to keep it to himself.
        diversion: Some("conflict"),
        ..school("I3", ("C4", "c1"), E1, "owen-pugh", thursday(8, 55), ack((8, 5), "owen-pugh"))
    }
}

fn home_educated() -> Expectation {
    let received = &[
        DataClass::ChildIdentity,
        DataClass::IncidentStub,
        DataClass::Narrative,
        DataClass::ChildAddress,
    ];
    Expectation {
        must_not_read: vec!["Craig"],
        must_read: vec!["Tŷ Isaf"],
        ..desk(
            "I4",
            "C5",
            Duty::HomeEducation,
            (BRIDGEND, "home-education"),
            received,
            ack((8, 20), "nia-beynon"),
        )
    }
}

fn nowhere() -> Expectation {
    let received = &[DataClass::ChildIdentity, DataClass::IncidentStub, DataClass::Household];
    Expectation {
        must_not_read: vec!["Gary", "Stone", "Dublin", "Dock View"],
        diversion: Some("school-unknown"),
        ..desk(
            "I5",
            "C6",
            Duty::SchoolUnknown,
            (VALE, "education-duty"),
            received,
            End::Escalated { to: "huw-tanner" },
        )
    }
}

fn visitor() -> [Expectation; 2] {
    let handed_over = &[
        DataClass::ChildIdentity,
        DataClass::IncidentStub,
        DataClass::Narrative,
        DataClass::ChildAddress,
        DataClass::AdultVictim,
    ];
    [
        Expectation {
            received: set(MINIMAL),
            withheld: vec![
                (DataClass::Narrative, Why::Profile),
                (DataClass::ChildVoice, Why::Profile),
            ],
            must_not_read: vec!["Darren", "Pauline", "Severn Way"],
            ..school(
                "I6",
                ("C7", "c1"),
                E6,
                "tom-archer",
                thursday(8, 45),
                ack((8, 10), "tom-archer"),
            )
        },
        Expectation {
            recipient: "police/52".to_owned(),
            received: set(handed_over),
            must_read: vec!["Pauline", "8 Severn Way"],
            ..bare("I6", ("C7", "c1"), Duty::HomeForce, ack((5, 30), "asp-52-0934"))
        },
    ]
}

fn nursery() -> [Expectation; 2] {
    [
        Expectation {
            recipient: format!("school/{E7}"),
            withheld: vec![(DataClass::ChildIdentity, Why::Rule("R05"))],
            ..bare("I7", ("C8", "c1"), Duty::EarlyYears, End::Refused { rule: "R05" })
        },
        Expectation {
            withheld: vec![(DataClass::Perpetrator, Why::Rule("R24"))],
            must_not_read: vec!["Mabli", "Cylch Meithrin", "Rhodri"],
            must_read: vec!["father"],
            ..school(
                "I7",
                ("C9", "c2"),
                E1,
                "mair-rees",
                thursday(8, 55),
                ack((7, 55), "mair-rees"),
            )
        },
    ]
}

fn college() -> Expectation {
    Expectation {
        withheld: vec![(DataClass::Perpetrator, Why::Rule("R24"))],
        must_not_read: vec!["Warsame", "Tiger Row"],
        ..school(
            "I8",
            ("C10", "c1"),
            E4,
            "amina-yusuf",
            thursday(10, 0),
            ack((9, 12), "amina-yusuf"),
        )
    }
}

fn live_investigation() -> Expectation {
    Expectation {
        received: set(MINIMAL),
        withheld: vec![
            (DataClass::Narrative, Why::Rule("R23")),
            (DataClass::Perpetrator, Why::Rule("R23")),
            (DataClass::Offence, Why::Rule("R23")),
            (DataClass::SexualOffence, Why::Rule("R22")),
        ],
        must_not_read: vec!["Martin", "Coles", "rape", "Rape", "sexual", "arrest"],
        ..school(
            "I9",
            ("C11", "c1"),
            E2,
            "david-marsh",
            thursday(8, 30),
            ack((8, 2), "david-marsh"),
        )
    }
}

fn wrong_child() -> Expectation {
    Expectation {
        received: ClassSet::EMPTY,
        must_not_read: vec!["Ross"],
        ..school("I10", ("C12", "c1"), E2, "david-marsh", thursday(8, 30), End::Recalled)
    }
}

fn stale_roll() -> Expectation {
    Expectation {
        withheld: vec![(DataClass::Perpetrator, Why::Rule("R24"))],
        must_not_read: vec!["Stephen", "Kidd", "Bryn Terrace"],
        discrepancy: true,
        rejected_by: vec![format!("school/{E8}")],
        ..school("I11", ("C13", "c1"), E1, "mair-rees", thursday(8, 55), ack((8, 15), "mair-rees"))
    }
}

fn twins() -> [Expectation; 2] {
    [
        Expectation {
            must_not_read: vec!["Cerys", "Nant-y-Cwm", "Huw", "Stryd y Capel"],
            must_read: vec!["father", "a sibling"],
            ..school(
                "I12",
                ("C14", "c1"),
                E1,
                "mair-rees",
                thursday(8, 55),
                ack((8, 0), "mair-rees"),
            )
        },
        Expectation {
            must_not_read: vec!["Carys", "Pont-y-Bryn", "Huw", "Stryd y Capel"],
            must_read: vec!["father", "a sibling"],
            ..school(
                "I12",
                ("C15", "c2"),
                E8,
                "rhys-evans",
                thursday(8, 50),
                ack((8, 0), "rhys-evans"),
            )
        },
    ]
}

fn school(
    incident: &'static str,
    child: (&'static str, &'static str),
    laestab: &str,
    addressee: &'static str,
    deliver_by: Timestamp,
    ends: End,
) -> Expectation {
    Expectation {
        recipient: format!("school/{laestab}"),
        addressee: Some(addressee),
        received: set(FULL),
        revision: 1,
        deliver_by: Some(deliver_by),
        ..bare(incident, child, Duty::School, ends)
    }
}

fn desk(
    incident: &'static str,
    child: &'static str,
    duty: Duty,
    (authority, desk): (&str, &'static str),
    received: &[DataClass],
    ends: End,
) -> Expectation {
    Expectation {
        recipient: format!("authority/{authority}"),
        desk: Some(desk),
        received: set(received),
        ..bare(incident, (child, "c1"), duty, ends)
    }
}

fn bare(
    incident: &'static str,
    (child, child_ref): (&'static str, &'static str),
    duty: Duty,
    ends: End,
) -> Expectation {
    Expectation {
        incident,
        child,
        child_ref,
        duty,
        recipient: String::new(),
        desk: None,
        addressee: None,
        hidden_from: Vec::new(),
        received: ClassSet::EMPTY,
        withheld: Vec::new(),
        must_not_read: Vec::new(),
        must_read: Vec::new(),
        revision: 1,
        deliver_by: None,
        diversion: None,
        discrepancy: false,
        rejected_by: Vec::new(),
        ends,
    }
}

fn ack((hour, minute): (i64, i64), by: &'static str) -> End {
    End::Acknowledged { at: thursday(hour, minute), by }
}

fn set(classes: &[DataClass]) -> ClassSet {
    classes.iter().copied().collect()
}
