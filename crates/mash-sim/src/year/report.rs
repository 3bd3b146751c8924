//! A year in figures: for people as a table, for programs as one line of JSON.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{
    others::{Missed, System},
    trace::{Breaks, Extent, Trace},
};

/// What became of a child's notices with us, by the bell that the others had to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ours {
    /// Acknowledged at the right school.
    Acknowledged,
    /// With a named officer.
    WithTheDesk,
    /// The hub was down, and the desk had been told.
    DeskToldOfOutage,
    /// The school of the roll sent it back in time, and it reached the right one, whose bell counts, or a desk, later.
    SentOn,
    /// The force could not hand it in before, since the hub was down.
    NotTaken,
    /// It came out of an outage when the bell had rung.
    CameLate,
    /// With nobody.
    Missed,
}

impl Ours {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged at the right school",
            Self::WithTheDesk => "with a named officer",
            Self::DeskToldOfOutage => "hub down, desk told before",
            Self::SentOn => "missed: sent back by the school of the roll, and on its way",
            Self::NotTaken => "missed: could not be handed in, hub down",
            Self::CameLate => "missed: held up by an outage",
            Self::Missed => "missed: with nobody",
        }
    }

    /// Whether somebody who answers for the child knew.
    #[must_use]
    pub const fn in_time(self) -> bool {
        matches!(self, Self::Acknowledged | Self::WithTheDesk | Self::DeskToldOfOutage)
    }
}

/// What was counted, of one region or of all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Establishments.
    pub establishments: u64,
    /// Children of accepted reports, each as often as it was reported.
    pub children: u64,
    /// Of them, those of whom a rule withholds everything from a place of education.
    pub withheld: u64,
    /// Notices.
    pub notices: u64,
    /// What became of them.
    pub fates: BTreeMap<&'static str, u64>,
    /// Why those that were late were late.
    pub late_codes: BTreeMap<String, u64>,
    /// What happened how often.
    pub counts: BTreeMap<String, u64>,
    /// Steps that went out once more because a process died before it had written down that they had.
    pub sent_again_after_a_crash: u64,
    /// Notices to schools, as they would have been given to others.
    pub given: u64,
    /// What became of these with us.
    pub ours: BTreeMap<Ours, u64>,
    /// Those of these that nobody had by the bell that others had to meet, whatever their own was, in words.
    pub missed: Vec<String>,
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
    /// Durable steps at which a process could have died.
    pub steps: u64,
    /// Deaths.
    pub deaths: u64,
}

impl Tally {
    fn add(&mut self, region: &RegionReport) {
        let more = &region.tally;
        self.establishments += more.establishments;
        self.children += more.children;
        self.withheld += more.withheld;
        self.notices += more.notices;
        add(&mut self.fates, &more.fates);
        add(&mut self.late_codes, &more.late_codes);
        add(&mut self.counts, &more.counts);
        self.sent_again_after_a_crash += more.sent_again_after_a_crash;
        self.given += more.given;
        add(&mut self.ours, &more.ours);
        self.missed.extend(more.missed.iter().map(|words| format!("{}: {words}", region.region)));
        self.broken.extend(more.broken.iter().map(|words| format!("{}: {words}", region.region)));
        self.steps += more.steps;
        self.deaths += more.deaths;
    }
}

/// One region's year.
#[derive(Clone, Debug, Default)]
pub struct RegionReport {
    /// Its name.
    pub region: &'static str,
    /// Outages by sort, the same for all regions.
    pub outages: BTreeMap<&'static str, u64>,
    /// What was counted.
    pub tally: Tally,
    /// Of the notices that others were given, too, those that they missed, and why.
    pub others: BTreeMap<(System, Missed), u64>,
    /// Seconds until everybody was known.
    pub prepared_s: f64,
    /// Seconds altogether.
    pub took_s: f64,
}

impl RegionReport {
    /// Of a region whose year is over, without what became of it.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let mut outages = BTreeMap::new();
        for breaks in Breaks::ALL {
            let count = trace.outages.iter().filter(|outage| outage.breaks == breaks).count();
            outages.insert(breaks.word(), u64::try_from(count).unwrap_or(0));
        }
        let establishments = u64::try_from(trace.years.len()).unwrap_or(0);
        let tally = Tally { establishments, ..Tally::default() };
        Self { region: trace.region.name, outages, tally, ..Self::default() }
    }
}

/// How one system fared.
#[derive(Clone, Debug, Serialize)]
pub struct Fared {
    /// Which.
    pub system: &'static str,
    /// How many notices nobody had by the bell.
    pub missed: u64,
    /// The same of a thousand.
    pub missed_per_mille: f64,
    /// Why.
    pub why: BTreeMap<&'static str, u64>,
}

/// All regions together.
#[derive(Clone, Debug, Serialize)]
pub struct YearReport {
    /// The seed.
    pub seed: u64,
    /// The first day.
    pub first: String,
    /// How many days.
    pub days: u32,
    /// Outages by sort.
    pub outages: BTreeMap<&'static str, u64>,
    /// What was counted.
    #[serde(flatten)]
    pub tally: Tally,
    /// What would have become of the notices with others.
    pub others: Vec<Fared>,
    /// Seconds altogether.
    pub took_s: f64,
}

impl YearReport {
    /// The sum of these.
    #[must_use]
    pub fn of(extent: &Extent, regions: &[RegionReport], took_s: f64) -> Self {
        let (mut tally, mut missed) = (Tally::default(), BTreeMap::new());
        for region in regions {
            tally.add(region);
            add(&mut missed, &region.others);
        }
        let others = System::ALL.iter().map(|system| fared(*system, &missed, tally.given));
        Self {
            seed: extent.seed,
            first: extent.first.to_string(),
            days: extent.days,
            outages: regions.first().map(|it| it.outages.clone()).unwrap_or_default(),
            others: others.collect(),
            tally,
            took_s,
        }
    }

    /// How many of the notices that others were given, too, nobody had with us by the bell.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.tally.ours.iter().filter(|(what, _)| !what.in_time()).map(|(_, count)| count).sum()
    }
}

fn add<K: Ord + Clone>(all: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *all.entry(key.clone()).or_default() += count;
    }
}

fn fared(system: System, missed: &BTreeMap<(System, Missed), u64>, given: u64) -> Fared {
    let why: BTreeMap<&'static str, u64> = Missed::ALL
        .iter()
        .map(|why| (why.words(), missed.get(&(system, *why)).copied().unwrap_or(0)))
        .collect();
    let total = why.values().sum();
    Fared { system: system.word(), missed: total, missed_per_mille: per_mille(total, given), why }
}

fn per_mille(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below what a double counts exactly")]
    let share = part as f64 * 1_000.0 / whole.max(1) as f64;
    (share * 10.0).round() / 10.0
}

impl fmt::Display for YearReport {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |to: &mut fmt::Formatter<'_>, what: &str, count: u64| {
            writeln!(to, "  {what:<58} {count:>10}")
        };
        writeln!(to, "seed {}: {} days from {}", self.seed, self.days, self.first)?;
        line(to, "establishments", self.tally.establishments)?;
        for (what, count) in &self.outages {
            line(to, &format!("outages of an hour: {what}"), *count)?;
        }
        for (what, count) in &self.tally.counts {
            line(to, what, *count)?;
        }
        line(to, "durable steps", self.tally.steps)?;
        line(to, "deaths", self.tally.deaths)?;
        line(
            to,
            "steps sent once more after a crash, under the same key",
            self.tally.sent_again_after_a_crash,
        )?;
        writeln!(to)?;
        line(to, "children reported", self.tally.children)?;
        line(to, "of them withheld by a rule", self.tally.withheld)?;
        line(to, "notices", self.tally.notices)?;
        for (what, count) in &self.tally.fates {
            line(to, &format!("  {what}"), *count)?;
        }
        for (what, count) in &self.tally.late_codes {
            line(to, &format!("  late: {what}"), *count)?;
        }
        writeln!(to)?;
        writeln!(
            to,
            "  {:<58} {:>10}",
            "the same reports, children with a place at a school", self.tally.given
        )?;
        let causes: Vec<&str> = Missed::ALL.iter().map(|why| why.words()).collect();
        writeln!(
            to,
            "  {:<16} {:>10} {:>10}  {}",
            "nobody had it by",
            "missed",
            "of 1,000",
            causes.join(" | ")
        )?;
        writeln!(
            to,
            "  {:<16} {:>10} {:>10}",
            "MASH Hub",
            self.missed(),
            per_mille(self.missed(), self.tally.given)
        )?;
        for it in &self.others {
            let why: Vec<String> = causes
                .iter()
                .map(|cause| it.why.get(cause).copied().unwrap_or(0).to_string())
                .collect();
            writeln!(
                to,
                "  {:<16} {:>10} {:>10}  {}",
                it.system,
                it.missed,
                it.missed_per_mille,
                why.join(" | ")
            )?;
        }
        for (what, count) in &self.tally.ours {
            line(to, &format!("  MASH Hub: {}", what.words()), *count)?;
        }
        writeln!(to, "\n  {:<58} {:>8.1} s", "altogether", self.took_s)
    }
}
