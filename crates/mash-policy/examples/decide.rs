//! What a decision costs, and whether the ways of deciding agree.
//!
//! `cargo run --release -p mash-policy --example decide` prints the cost of a decision that is remembered, made afresh,
//! and made by Cedar with every clause in force, and how the cost grows with the number of rules, side by side in one
//! run. `-- --agree 1000000` compares the two ways of deciding on so many random cases and fails where they differ.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    hint::black_box,
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState},
};
use mash_policy::{
    Conflict, Flow, Handling, Profile, RecipientFacts, RecipientKind, Ruleset, Sources, recipients,
};

const DAY: Date = date(2026, 11, 19);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => costs(),
        (Some("--agree"), Some(count)) => agree(count.parse()?),
        _ => Err("say nothing, or --agree and a number".into()),
    }
}

/// A school in Wales, the widest profile, nothing special, what an incident holds as a rule.
fn ordinary() -> RecipientFacts {
    RecipientFacts {
        profile: Profile::Full,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        collection_risk: Answer::No,
        offered: [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 17, 18]
            .into_iter()
            .filter_map(DataClass::from_number)
            .collect(),
        ..RecipientFacts::cautious(Flow::School, RecipientKind::School, Nation::Wales, DAY)
    }
}

fn costs() -> Result<ExitCode, Box<dyn Error>> {
    let ruleset = Ruleset::builtin()?;
    println!(
        "rule set {}: {} clauses, 12 classes offered",
        ruleset.version(),
        ruleset.rules().count()
    );
    let facts = ordinary();
    let remembered = time(100_000, || drop(black_box(ruleset.decide(black_box(&facts)))));
    let afresh = time(10_000, || drop(black_box(ruleset.decide_afresh(black_box(&facts)))));
    let plain = time(50, || drop(black_box(ruleset.decide_unsliced(black_box(&facts)))));
    println!("remembered                       {remembered:>12.0} ns");
    println!("afresh                           {afresh:>12.0} ns");
    println!("by Cedar, every clause in force  {plain:>12.0} ns");
    for (spread, title) in [
        (Spread::Others, "rules about other flows and recipients"),
        (Spread::Everybody, "rules about everybody alike"),
    ] {
        let (few, many) = (synthetic(50, spread)?, synthetic(5_000, spread)?);
        // Turn and turn about, so that a noisy machine is noisy for both.
        let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
        for _ in 0..21 {
            with_few.push(time(2_000, || drop(black_box(few.decide_afresh(black_box(&facts))))));
            with_many.push(time(2_000, || drop(black_box(many.decide_afresh(black_box(&facts))))));
        }
        let (few, many) = (median(with_few), median(with_many));
        println!("{title}: 50 {few:.0} ns, 5,000 {many:.0} ns, ratio {:.2}", many / few);
    }
    Ok(ExitCode::SUCCESS)
}

/// Nanoseconds a round, on average.
fn time(rounds: u32, mut run: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..rounds {
        run();
    }
    (started.elapsed() / rounds).as_nanos() as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Whom the synthetic rules are about.
#[derive(Clone, Copy)]
enum Spread {
    /// Anybody but a school that is told of an incident, which is what is measured.
    Others,
    /// Anybody.
    Everybody,
}

/// The built-in rule set with so many rules added, each about one kind of recipient, one flow and one class.
fn synthetic(count: usize, spread: Spread) -> Result<Ruleset, Box<dyn Error>> {
    const PAIRS: [(&str, &str); 9] = [
        ("school", "School"),
        ("school", "EducationDesk"),
        ("home-force", "PoliceForce"),
        ("concern", "SocialCare"),
        ("strategy", "Health"),
        ("advocate", "Provider"),
        ("early-help", "EarlyHelpHub"),
        ("missing", "CarePlacement"),
        ("custody", "SocialCare"),
    ];
    let pairs = match spread {
        Spread::Others => PAIRS.get(1..).unwrap_or_default(),
        Spread::Everybody => &PAIRS[..],
    };
    let mut random = Random(0x5eed);
    let mut text = String::new();
    for number in 0..count {
        let (flow, kind) = random.one_of(pairs);
        let class = random.below(18) + 1;
        let word = random.one_of(&Answer::ALL).word();
        write!(
            text,
            r#"
@id("R90") @clause("synthetic-{number}") @title("x") @title_cy("x") @authority("x")
@basis("uk-gdpr-5-1-c") @jurisdiction("E+W") @effective_from("2018-05-25") @statement("x") @statement_cy("x")
forbid (principal is Mash::{kind}, action == Mash::Action::"{flow}", resource == Mash::DataClass::"F{class}")
when {{ context.harm_suspected == Mash::Answer::"{word}" && context.section_47 && context.exploitation_indicated }};
"#
        )?;
    }
    let ruleset = Ruleset::builtin()?;
    let version = ruleset.version().as_str();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets").join(version);
    let mut files = vec![("R90.cedar".to_owned(), text)];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "a name that is no text")?;
        files.push((name, fs::read_to_string(entry.path())?));
    }
    files.sort();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Ruleset::load(&Sources { version, files: &files })?)
}

/// Compares the two ways of deciding on random cases.
fn agree(count: u64) -> Result<ExitCode, Box<dyn Error>> {
    let ruleset = Ruleset::builtin()?;
    let (done, differing) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let started = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            let (ruleset, done, differing) = (&ruleset, &done, &differing);
            scope.spawn(move || {
                let mut random = Random(0x5eed ^ (thread + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                while done.fetch_add(1, Ordering::Relaxed) < count {
                    let facts = random.facts();
                    if ruleset.decide_afresh(&facts) != ruleset.decide_unsliced(&facts) {
                        println!("they differ on {facts:?}");
                        differing.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) < count {
                thread::sleep(Duration::from_secs(1));
                let seconds = started.elapsed().as_secs();
                if seconds.is_multiple_of(10) {
                    println!("{} of {count} after {seconds} s", done.load(Ordering::Relaxed));
                }
            }
        });
    });
    let differing = differing.load(Ordering::Relaxed);
    println!("{count} random cases, {differing} differ, {:.0} s", started.elapsed().as_secs_f64());
    Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A small generator: the same seed gives the same cases.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 33) % bound
    }

    #[expect(clippy::indexing_slicing, reason = "the place is below the length")]
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = usize::try_from(self.below(all.len() as u64)).unwrap_or_default();
        all[place]
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Mostly a few classes: a decision on each of them is a case of its own.
    fn classes(&mut self) -> ClassSet {
        (0..self.below(4)).map(|_| self.one_of(&DataClass::ALL)).collect()
    }

    fn facts(&mut self) -> RecipientFacts {
        const DAYS: [Date; 4] = [date(2025, 11, 6), date(2025, 11, 7), DAY, date(2199, 12, 31)];
        let flow = self.one_of(&Flow::ALL);
        // Mostly a recipient that the flow has: the others are all refused alike.
        let kind = if self.below(50) == 0 {
            self.one_of(&RecipientKind::ALL)
        } else {
            self.one_of(recipients(flow))
        };
        RecipientFacts {
            profile: self.one_of(&Profile::ALL),
            early_years_opted_in: self.flag(),
            child_under_18: self.below(10) > 0,
            child_in_force_area: self.flag(),
            conflict: self.one_of(&Conflict::ALL),
            address_protect: self.one_of(&Answer::ALL),
            sexual_offence_alleged: self.flag(),
            live_investigation: self.flag(),
            collection_risk: self.one_of(&Answer::ALL),
            no_contact_requested: self.flag(),
            harm_suspected: self.one_of(&Answer::ALL),
            section_47: self.flag(),
            invited: self.flag(),
            case_cited: self.flag(),
            consent: self.one_of(&ConsentState::ALL),
            child_view: self.one_of(&ChildView::ALL),
            do_not_inform_parent: self.one_of(&Answer::ALL),
            agreement: self.one_of(&AgreementState::ALL),
            agreed: if self.flag() { DataClass::ALL.into_iter().collect() } else { self.classes() },
            intelligence: self.one_of(&Handling::ALL),
            source_identifiable: self.one_of(&Answer::ALL),
            third_party_relevant: self.flag(),
            kept_back_by_order: self.classes(),
            kept_back_by_chair: self.classes(),
            exploitation_indicated: self.flag(),
            area_shares_missing: self.flag(),
            debrief_accepted: self.flag(),
            offered: self.classes(),
            ..RecipientFacts::cautious(flow, kind, self.one_of(&Nation::ALL), self.one_of(&DAYS))
        }
    }
}
