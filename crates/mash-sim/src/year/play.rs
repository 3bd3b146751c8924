//! The wheel of time of one region: police, routing and education, the log between them, a mail server, and what breaks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};
use mash_bus::topics;
use mash_chassis::{Clock as _, ManualClock, access::AccessTable};
use mash_domain::calendar::london;
use mash_education::Channels;
use mash_policy::Ruleset;
use mash_proto::education::v1::Contact;
use mash_store::testing::let_time_pass;
use mash_synth::random::Random;
use tempfile::TempDir;

use super::{
    calendar::SchoolYear,
    ledger::Ledger,
    post::Post,
    staff::Staff,
    trace::{Breaks, Trace},
};
use crate::{
    bus::{Log, SimBus, locked},
    process::{Kind, Process},
    pulse::{Death, Place, Pulse},
    watch::Watch,
    wheel::Wheel,
};

/// The services that carry a notice.
pub(super) const KINDS: [Kind; 3] = [Kind::Police, Kind::Routing, Kind::Education];
/// What they read. Nobody would read the rest.
const KEPT: [&str; 6] = [
    topics::SUBMITTED,
    topics::DISCLOSED_EDUCATION,
    topics::RECEIPTS,
    topics::DECISIONS,
    topics::DIRECTORY,
    topics::ROLL,
];

/// Something that happens at its time.
#[derive(Clone)]
pub(super) enum Event {
    /// A force hands a report in, or tries again.
    Report(usize),
    /// Somebody looks at what waits for her.
    Look { organisation: String, id: String },
    /// An officer reaches for the telephone about a notice.
    Telephone(String),
    /// A school announces that it stays closed.
    Close { laestab: String, day: Date },
    /// A school tells the directory that somebody will be away for a week.
    Away { laestab: String, id: String, monday: Date },
    /// An outage begins.
    Breaks(Breaks),
    /// It is over.
    Mended(Breaks),
    /// The file of the watchdog is renewed and looked at.
    Watchdog,
    /// The clocks are looked at.
    Sweep,
}

/// One region and its year.
pub struct Play {
    pub(super) trace: Trace,
    pub(super) staff: Staff,
    pub(super) clock: ManualClock,
    pub(super) log: Arc<Mutex<Log>>,
    pub(super) processes: BTreeMap<Kind, Process>,
    pub(super) access: Arc<AccessTable>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) post: Arc<Post>,
    /// Calendars as they stand, and when a closure was announced.
    pub(super) years: BTreeMap<String, SchoolYear>,
    pub(super) closures: BTreeMap<String, Vec<(Timestamp, Date)>>,
    /// Whom the directory has at each establishment.
    pub(super) contacts: BTreeMap<String, Vec<Contact>>,
    /// The officers of the desks of each authority, by the number of the desk.
    pub(super) officers: BTreeMap<(String, i32), Vec<String>>,
    /// When each report was accepted, and under which name.
    pub(super) accepted: BTreeMap<usize, (Timestamp, String)>,
    /// Mornings for which it is clear when everybody looks.
    pub(super) planned: BTreeSet<(String, Date)>,
    pub(super) down: BTreeSet<Breaks>,
    /// Services that died while the bus was away: they do not start without it.
    pub(super) asleep: BTreeSet<Kind>,
    pub(super) random: Random,
    /// What happened how often.
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// Promises that were broken, in words.
    pub(super) broken: Vec<String>,
    pub(super) serial: u64,
    groups: Vec<(Kind, usize, &'static str, Vec<&'static str>)>,
    wheel: Wheel<Event>,
    heard: BTreeMap<Kind, u64>,
    order: Random,
    pub(super) folder: TempDir,
}

fn folder() -> anyhow::Result<TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    let builder = tempfile::Builder::new().prefix("mash-year-").to_owned();
    Ok(if memory.is_dir() { builder.tempdir_in(memory)? } else { builder.tempdir()? })
}

impl Play {
    /// A region in which everybody is known and nothing has happened yet.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub async fn new(trace: Trace, deaths: u32) -> anyhow::Result<Self> {
        let seed = trace.extent.seed;
        let random = Random::new(seed).fork("play").fork(trace.region.name);
        let midnight = trace.extent.first.to_zoned(london().clone())?.timestamp();
        let clock = ManualClock::new(midnight - SignedDuration::from_hours(10));
        let (folder, post) = (folder()?, Post::new(clock.clone()));
        let log = Arc::new(Mutex::new(Log::default()));
        locked(&log).keep(&KEPT);
        let ledger = Arc::<Ledger>::default();
        let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
        let death = if deaths == 0 { Death::Never } else { Death::Sometimes(deaths) };
        let mut processes = BTreeMap::new();
        let mut groups = Vec::new();
        for kind in KINDS {
            let pulse = Arc::new(Pulse::new(random.fork("pulse").fork(kind.word()), death));
            let watch: Arc<dyn Watch> = ledger.clone();
            let bus = SimBus::new(Arc::clone(&log), Arc::clone(&pulse), Some(watch));
            let channels = match kind {
                Kind::Education => post.channels(),
                Kind::Police | Kind::Routing | Kind::SocialCare | Kind::Health | Kind::Delivery => {
                    Channels::default()
                }
            };
            let with = (Arc::clone(&ruleset), channels);
            let started =
                Process::start_telling(kind, folder.path(), (pulse, bus), clock.clone(), with)
                    .await?;
            for (place, handler) in started.handlers().iter().enumerate() {
                if handler.topics().iter().any(|topic| KEPT.contains(topic)) {
                    locked(&log).join(handler.group());
                    groups.push((kind, place, handler.group(), handler.topics().to_vec()));
                }
            }
            processes.insert(kind, started);
        }
        let mut play = Self {
            staff: Staff { seed },
            years: trace.years.clone(),
            trace,
            clock,
            log,
            processes,
            access: Arc::new(AccessTable::of_contract()?),
            ledger,
            post,
            closures: BTreeMap::new(),
            contacts: BTreeMap::new(),
            officers: BTreeMap::new(),
            accepted: BTreeMap::new(),
            planned: BTreeSet::new(),
            down: BTreeSet::new(),
            asleep: BTreeSet::new(),
            order: random.fork("order"),
            random,
            counts: BTreeMap::new(),
            broken: Vec::new(),
            serial: 0,
            groups,
            wheel: Wheel::new(),
            heard: BTreeMap::new(),
            folder,
        };
        play.prepare().await?;
        play.pump().await?;
        Ok(play)
    }

    /// Plays its days with everything that goes wrong, and on until nothing waits for a bell any more.
    ///
    /// # Errors
    ///
    /// If the simulation itself fails; broken promises are findings.
    pub async fn run(&mut self, mut each_day: impl FnMut(Date)) -> anyhow::Result<()> {
        self.begin()?;
        for process in self.processes.values() {
            process.pulse.arm(true);
        }
        let first = self.trace.extent.first;
        for day in 1..=self.trace.extent.days {
            let next = first.checked_add(i64::from(day).days())?;
            self.turn_until(next.to_zoned(london().clone())?.timestamp()).await?;
            each_day(next);
        }
        for process in self.processes.values() {
            process.pulse.arm(false);
        }
        // The longest wait of all is that for the end of the summer.
        for _ in 0..100 {
            let Some(bell) = self.ledger.next_bell() else { break };
            let until = bell.max(self.clock.now()) + SignedDuration::from_hours(2);
            self.turn_until(until).await?;
        }
        self.turn_until(self.clock.now() + SignedDuration::from_hours(7 * 24)).await
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        self.at(self.clock.now(), Event::Sweep);
        let reports: Vec<_> = self.trace.reports.iter().map(|report| report.at).collect();
        for (place, at) in reports.into_iter().enumerate() {
            self.at(at, Event::Report(place));
        }
        for (day, schools) in self.trace.snow.clone() {
            let dawn = day.to_zoned(london().clone())?.timestamp() + SignedDuration::from_mins(390);
            for laestab in schools {
                self.at(dawn, Event::Close { laestab, day });
            }
        }
        for outage in self.trace.outages.clone() {
            self.at(outage.from, Event::Breaks(outage.breaks));
            self.at(outage.until(), Event::Mended(outage.breaks));
            for minute in -1..=60 {
                self.at(outage.from + SignedDuration::from_mins(minute), Event::Watchdog);
            }
        }
        for (laestab, contacts) in self.contacts.clone() {
            for contact in contacts {
                let Some((monday, true)) = self.staff.away(&contact.id) else { continue };
                // Told on the Friday before, in the afternoon.
                let friday =
                    monday.to_zoned(london().clone())?.timestamp() - SignedDuration::from_hours(56);
                let laestab = laestab.clone();
                if friday > self.clock.now() {
                    self.at(friday, Event::Away { laestab, id: contact.id, monday });
                }
            }
        }
        Ok(())
    }

    pub(super) fn at(&mut self, at: Timestamp, event: Event) {
        self.wheel.put(at, event);
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(super) fn after_minutes(&self, minutes: u32) -> Timestamp {
        self.clock.now() + SignedDuration::from_mins(i64::from(minutes))
    }

    async fn turn_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(event) = self.wheel.turn(&self.clock, until) {
            self.happen(event).await?;
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Report(place) => self.report(place).await,
            Event::Look { organisation, id } => Box::pin(self.look(organisation, id)).await,
            Event::Telephone(notice) => {
                self.telephone(&notice);
                Ok(())
            }
            Event::Close { laestab, day } => self.close(laestab, day).await,
            Event::Away { laestab, id, monday } => self.away(laestab, id, monday).await,
            Event::Breaks(breaks) => {
                self.breaks(breaks, true);
                Ok(())
            }
            Event::Mended(breaks) => {
                self.breaks(breaks, false);
                for kind in KINDS {
                    self.rise(kind).await?;
                }
                for process in self.processes.values() {
                    let_time_pass(&process.witness).await?;
                }
                self.pump().await?;
                self.sweep().await
            }
            Event::Watchdog => self.watchdog().await,
            Event::Sweep => {
                self.sweep().await?;
                let near = self.ledger.next_bell().is_some_and(|bell| {
                    bell.duration_since(self.clock.now()) < SignedDuration::from_mins(125)
                });
                // On the five minutes, as bells are; what is released meanwhile is looked at when it comes.
                let every = if near { 300 } else { 900 };
                let now = self.clock.now().as_second();
                let next = Timestamp::from_second(now - now.rem_euclid(every) + every)?;
                self.at(next, Event::Sweep);
                Ok(())
            }
        }
    }

    fn breaks(&mut self, breaks: Breaks, down: bool) {
        if down {
            self.down.insert(breaks);
        } else {
            self.down.remove(&breaks);
        }
        match breaks {
            Breaks::Bus => locked(&self.log).is_down(down),
            Breaks::Mail => self.post.is_down(down),
            Breaks::Database => {
                self.processes.values().for_each(|process| process.pulse.cut_off(down));
            }
        }
    }

    pub(super) fn process(&self, kind: Kind) -> anyhow::Result<&Process> {
        self.processes.get(&kind).context("a service that does not exist")
    }

    /// A process that has died is started anew; while the bus is away it cannot be, and stays dead.
    pub(super) async fn rise(&mut self, kind: Kind) -> anyhow::Result<bool> {
        if !self.process(kind)?.pulse.is_dead() {
            return Ok(false);
        }
        if self.down.contains(&Breaks::Bus) {
            self.asleep.insert(kind);
            return Ok(false);
        }
        self.asleep.remove(&kind);
        self.count("crashes");
        let cut_off = self.down.contains(&Breaks::Database);
        let process = self.processes.get_mut(&kind).context("no such service")?;
        process.pulse.cut_off(false);
        process.start_again().await?;
        process.pulse.cut_off(cut_off);
        if kind == Kind::Education {
            self.post.another_life();
        }
        Ok(true)
    }

    /// Looks at the clocks of education, and lets those who are told react.
    pub(super) async fn sweep(&mut self) -> anyhow::Result<()> {
        if let Some(education) = self.process(Kind::Education)?.education() {
            education.sweep().await;
        }
        self.count("looks at the ladder");
        self.rise(Kind::Education).await?;
        self.pump().await
    }

    /// Carries everything that was committed to wherever it goes. On a hub that is well this takes less than a second,
    /// and here no time at all.
    pub(super) async fn pump(&mut self) -> anyhow::Result<()> {
        loop {
            let mut moved = false;
            if !self.down.contains(&Breaks::Bus) && !self.down.contains(&Breaks::Database) {
                for kind in KINDS {
                    moved |= self.publish(kind).await?;
                }
                for (kind, place, group, topics) in self.groups.clone() {
                    if locked(&self.log).waits(group, &topics) {
                        self.take_in(kind, place).await?;
                        moved = true;
                    }
                }
            }
            if self.react() {
                // Whoever is to be told on release is told now.
                if let Some(education) = self.process(Kind::Education)?.education() {
                    education.sweep().await;
                }
                self.rise(Kind::Education).await?;
                moved = true;
            }
            if !moved {
                return Ok(());
            }
        }
    }

    async fn publish(&mut self, kind: Kind) -> anyhow::Result<bool> {
        let commits = self.process(kind)?.pulse.commits();
        if self.heard.get(&kind) == Some(&commits) {
            return Ok(false);
        }
        let published = self.process(kind)?.publish().await;
        *self.counts.entry("events published").or_default() +=
            u64::try_from(published).unwrap_or(0);
        if self.rise(kind).await? {
            // It may have left something behind.
            self.heard.remove(&kind);
            return Ok(true);
        }
        let after = self.process(kind)?.pulse.commits();
        self.heard.insert(kind, after);
        Ok(published > 0)
    }

    async fn take_in(&mut self, kind: Kind, place: usize) -> anyhow::Result<()> {
        let handler = self.process(kind)?.handlers().get(place).cloned();
        let handler = handler.context("no such handler")?;
        let (group, topics) = (handler.group(), handler.topics());
        let batch = locked(&self.log).next(group, topics, 500, &mut self.order);
        let Some(batch) = batch else { return Ok(()) };
        let done = self.process(kind)?.intake(handler).step(batch.fresh.clone()).await;
        let pulse = Arc::clone(&self.process(kind)?.pulse);
        match done {
            Ok(()) => {
                if pulse.beats(Place::Offset) {
                    let readers: Vec<&'static str> = self
                        .groups
                        .iter()
                        .filter(|(_, _, _, of)| of.iter().any(|topic| topics.contains(topic)))
                        .map(|(_, _, group, _)| *group)
                        .collect();
                    locked(&self.log).commit(group, &batch, &readers);
                }
            }
            Err(error) if !pulse.is_dead() => {
                let store: &dyn std::error::Error = &error;
                self.broken.push(format!("{group} cannot take in: {store:?}"));
            }
            Err(_) => (),
        }
        self.rise(kind).await?;
        Ok(())
    }

    /// Durable steps at which a process could have died, and deaths.
    #[must_use]
    pub fn steps(&self) -> (u64, u64) {
        let counts = self.processes.values().map(|process| process.pulse.counts());
        counts.fold((0, 0), |(steps, deaths), (more, died)| {
            (steps + more, deaths + died.values().sum::<u64>())
        })
    }
}
