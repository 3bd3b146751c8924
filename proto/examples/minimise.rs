//! What minimising one content of about 1 KB costs: `cargo run --release -p mash-proto --example minimise`.

use std::{error::Error, hint::black_box, time::Instant};

use mash_domain::data_class::{ClassSet, DataClass};
use mash_proto::{
    disclosure::v1::{
        AdultVictim, ChildAddress, ChildIdentity, ChildVoice, Content, IncidentStub, Narrative,
        Suspect,
    },
    minimise::minimise,
};
use prost::Message;

const ROUNDS: u32 = 200_000;

fn main() -> Result<(), Box<dyn Error>> {
    let bytes = content().encode_to_vec();
    let school: ClassSet = [
        DataClass::ChildIdentity,
        DataClass::IncidentStub,
        DataClass::Narrative,
        DataClass::ChildVoice,
        DataClass::RiskGrade,
    ]
    .into_iter()
    .collect();
    let minimum = ClassSet::EMPTY.with(DataClass::ChildIdentity).with(DataClass::IncidentStub);
    for (name, permitted) in [("full profile", school), ("minimum", minimum)] {
        let started = Instant::now();
        let mut length = 0;
        for _ in 0..ROUNDS {
            length = black_box(minimise(black_box(&bytes), permitted)?).len();
        }
        let each = started.elapsed() / ROUNDS;
        println!("{name}: {} -> {length} bytes, {} ns", bytes.len(), each.as_nanos());
    }
    Ok(())
}

fn content() -> Content {
    let line = "words that nobody said about a night that never was. ";
    Content {
        child: Some(ChildIdentity {
            given_names: "Cadi".to_owned(),
            family_name: "Enghraifft".to_owned(),
            nhs_number: "9990000018".to_owned(),
            ..ChildIdentity::default()
        }),
        incident: Some(IncidentStub {
            police_reference: "2600000001".to_owned(),
            child_present: 1,
            welfare_check: 1,
            ..IncidentStub::default()
        }),
        narrative: Some(Narrative {
            r#type: "verbal".to_owned(),
            circumstances: line.repeat(8),
            whereabouts: "upstairs".to_owned(),
            suspect_relationship: "father".to_owned(),
            ..Narrative::default()
        }),
        voice: Some(ChildVoice { spoken_to: 1, words: line.repeat(5), ..ChildVoice::default() }),
        risk_grade: "medium".to_owned(),
        address: Some(ChildAddress {
            lines: vec!["1 Heol yr Enghraifft".to_owned(), "Pen-y-bont".to_owned()],
            postcode: "CF99 9XX".to_owned(),
            protect: false,
            ..ChildAddress::default()
        }),
        victims: vec![AdultVictim {
            family_name: "Enghraifft".to_owned(),
            ..AdultVictim::default()
        }],
        suspects: vec![Suspect { family_name: "Enghraifft".to_owned(), ..Suspect::default() }],
        offences: vec!["an offence".to_owned(); 2],
        actions: line.repeat(3),
        ..Content::default()
    }
}
