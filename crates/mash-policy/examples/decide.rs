//! What a decision costs, remembered and not: `cargo run --release -p mash-policy --example decide`.

use std::{error::Error, hint::black_box, time::Instant};

use jiff::civil::date;
use mash_domain::{answer::Answer, data_class::DataClass, nation::Nation};
use mash_policy::{
    Conflict, Flow, Profile, RecipientDecision, RecipientFacts, RecipientKind, Ruleset,
};

const ROUNDS: u32 = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    let ruleset = Ruleset::builtin()?;
    let facts = facts();
    println!(
        "{} clauses; {} classes offered",
        ruleset.rules().count(),
        facts.offered.iter().count()
    );
    let time = |name: &str, rounds: u32, decide: &dyn Fn() -> RecipientDecision| {
        let started = Instant::now();
        for _ in 0..rounds {
            drop(black_box(decide()));
        }
        println!("{name}: {} ns/decision", (started.elapsed() / rounds).as_nanos());
    };
    time("remembered", ROUNDS * 200, &|| ruleset.decide(black_box(&facts)));
    time("sliced", ROUNDS, &|| ruleset.decide_afresh(black_box(&facts)));
    time("unsliced", ROUNDS, &|| ruleset.decide_unsliced(black_box(&facts)));
    Ok(())
}

fn facts() -> RecipientFacts {
    RecipientFacts {
        profile: Profile::Full,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        collection_risk: Answer::No,
        // What an incident holds as a rule.
        offered: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 17, 18]
            .into_iter()
            .filter_map(DataClass::from_number)
            .collect(),
        ..RecipientFacts::cautious(
            Flow::School,
            RecipientKind::School,
            Nation::Wales,
            date(2026, 11, 19),
        )
    }
}
