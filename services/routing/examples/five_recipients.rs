//! What one incident to five recipients costs: five decisions, and what each of them may know cut out and written.
//!
//! `cargo run --release -p mash-routing --example five_recipients` prints percentiles with decisions remembered and
//! made afresh, side by side in one run.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use jiff::civil::date;
use mash_domain::{
    answer::Answer,
    data_class::DataClass,
    incident::Incident,
    nation::Nation,
    sharing::{AgreementState, ConsentState},
};
use mash_policy::{
    Conflict, Decision, Flow, Profile, RecipientDecision, RecipientFacts, RecipientKind, Ruleset,
};
use mash_proto::{
    convert::police::{Checks, incident_from_wire},
    minimise::{classes_present, minimise},
};
use mash_routing::compose::{candidate, mask};
use mash_synth::night::Night;
use prost::Message;

const RECIPIENTS: [(Flow, RecipientKind); 5] = [
    (Flow::School, RecipientKind::School),
    (Flow::HealthNotice, RecipientKind::Health),
    (Flow::Concern, RecipientKind::SocialCare),
    (Flow::HomeForce, RecipientKind::PoliceForce),
    (Flow::Advocate, RecipientKind::Provider),
];

const ROUNDS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let night = Night::new();
    let report = night.incident("I1").ok_or("the night has no first incident")?;
    let incident = incident_from_wire(report.first.clone(), &Checks::stored())
        .map_err(|_| "the first incident of the night does not hold together")?;
    let ruleset = Ruleset::builtin()?;
    println!("one incident to five recipients, rule set {}: ", ruleset.version());
    let (mut remembered, mut afresh) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    // Turn and turn about, so that a noisy machine is noisy for both.
    for _ in 0..ROUNDS {
        bytes = timed(&mut remembered, || disclose(&incident, |facts| ruleset.decide(facts)))?;
        let again =
            timed(&mut afresh, || disclose(&incident, |facts| ruleset.decide_afresh(facts)))?;
        if again != bytes {
            return Err("the two ways of deciding let different things through".into());
        }
    }
    println!("{bytes} bytes released each time");
    show("decisions remembered", remembered);
    show("decisions made afresh", afresh);
    Ok(())
}

fn timed(
    times: &mut Vec<Duration>,
    work: impl FnOnce() -> Result<usize, Box<dyn Error>>,
) -> Result<usize, Box<dyn Error>> {
    let started = Instant::now();
    let done = black_box(work()?);
    times.push(started.elapsed());
    Ok(done)
}

/// Decides for each recipient, and writes what the permit lets through. How many bytes that is.
fn disclose(
    incident: &Incident,
    decide: impl Fn(&RecipientFacts) -> RecipientDecision,
) -> Result<usize, Box<dyn Error>> {
    let child = incident.children.first().ok_or("an incident without a child")?;
    let whole = candidate(incident, child, DataClass::ALL.into_iter().collect(), &[]);
    let offered = classes_present(&whole.encode_to_vec())?;
    let mut bytes = 0;
    for (flow, kind) in RECIPIENTS {
        let facts = RecipientFacts {
            profile: Profile::Full,
            conflict: Conflict::Clear,
            child_in_force_area: flow != Flow::HomeForce,
            address_protect: child.protect_address(),
            sexual_offence_alleged: incident.sexual_offence.is_some(),
            live_investigation: incident.live_investigation,
            collection_risk: incident.collection_risk,
            harm_suspected: Answer::Yes,
            section_47: true,
            consent: ConsentState::Given,
            agreement: AgreementState::Live,
            agreed: offered,
            offered,
            ..RecipientFacts::cautious(flow, kind, Nation::Wales, date(2026, 11, 19))
        };
        let decision = decide(&facts);
        let Decision::Permit(permit) = &decision.outcome else {
            return Err(format!("nothing goes to {}", kind.word()).into());
        };
        let mut content = candidate(incident, child, permit.classes(), &[]);
        for detail in permit.masked() {
            mask(&mut content, *detail);
        }
        bytes += minimise(&content.encode_to_vec(), permit.classes())?.len();
    }
    Ok(bytes)
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length is a place"
        )]
        let place = (times.len() as f64 * share) as usize;
        times.get(place).map_or(0.0, |time| time.as_nanos() as f64 / 1_000.0)
    };
    println!("{name}: p50 {:.0} µs, p99 {:.0} µs, p99.9 {:.0} µs", at(0.5), at(0.99), at(0.999));
}
