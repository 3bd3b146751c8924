//! The wheel of time: one region with all services, the log between them, and everybody who calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, civil::Date};
use mash_chassis::{Clock as _, ManualClock, access::AccessTable};
use mash_domain::calendar::london;
use mash_policy::Ruleset;
use mash_synth::random::Random;
use tempfile::TempDir;

use crate::{
    bus::{Log, SimBus, locked},
    people::{Act, People},
    process::{Kind, Process, witness},
    pulse::{Place, Pulse},
    watch::{Guardian, Watch},
    wheel::Wheel,
};

mod calls;
mod intake;
mod settings;

pub(crate) use self::calls::{on_behalf, told};
pub use self::settings::{Faults, Settings};

/// Something that happens at its time.
#[derive(Clone)]
pub(crate) enum Event {
    Publish(Kind),
    TakeIn(Kind, usize),
    Tick(Kind),
    Act(Box<Act>),
}

/// A region and its time.
pub struct World {
    pub(crate) settings: Settings,
    pub(crate) clock: ManualClock,
    log: Arc<Mutex<Log>>,
    processes: BTreeMap<Kind, Process>,
    access: Arc<AccessTable>,
    pub(crate) guardian: Arc<Guardian>,
    wheel: Wheel<Event>,
    waiting: BTreeSet<(Kind, Option<usize>)>,
    /// How many transactions each process had committed when somebody last looked into its outbox.
    heard: BTreeMap<Kind, u64>,
    resting: bool,
    groups: BTreeMap<&'static str, (Kind, usize, Vec<&'static str>)>,
    order: Random,
    delay: Random,
    copies: Random,
    /// What happened how often, for the closing table.
    pub counts: BTreeMap<&'static str, u64>,
    pub(crate) people: People,
    _folder: TempDir,
}

/// A file system in memory where there is one: nothing in a simulation has to outlive a loss of power.
fn folder() -> anyhow::Result<TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    let builder = tempfile::Builder::new().prefix("mash-sim-").to_owned();
    Ok(if memory.is_dir() { builder.tempdir_in(memory)? } else { builder.tempdir()? })
}

impl World {
    /// A region in which everybody is known and nothing has happened yet.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub async fn new(settings: Settings) -> anyhow::Result<Self> {
        let random = Random::new(settings.seed).fork(settings.region.name);
        let midnight = settings.first.to_zoned(london().clone())?.timestamp();
        let clock = ManualClock::new(midnight - SignedDuration::from_hours(10));
        let folder = folder()?;
        let log = Arc::new(Mutex::new(Log::default()));
        let guardian = Arc::new(Guardian::new(witness(folder.path(), Kind::Routing).await?));
        let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
        let mut processes = BTreeMap::new();
        for kind in Kind::ALL {
            let pulse = Pulse::new(random.fork("pulse").fork(kind.word()), settings.faults.death);
            let pulse = Arc::new(pulse);
            let watch: Option<Arc<dyn Watch>> = match kind {
                Kind::Routing => Some(guardian.clone()),
                Kind::Police
                | Kind::Education
                | Kind::SocialCare
                | Kind::Health
                | Kind::Delivery => None,
            };
            let bus = SimBus::new(Arc::clone(&log), Arc::clone(&pulse), watch);
            let with = (pulse, bus);
            let started =
                Process::start(kind, folder.path(), with, clock.clone(), Arc::clone(&ruleset));
            processes.insert(kind, started.await?);
        }
        let mut world = Self {
            settings,
            clock,
            log,
            processes,
            access: Arc::new(AccessTable::of_contract()?),
            guardian,
            wheel: Wheel::new(),
            waiting: BTreeSet::new(),
            heard: BTreeMap::new(),
            resting: false,
            groups: BTreeMap::new(),
            order: random.fork("order"),
            delay: random.fork("delay"),
            copies: random.fork("copies"),
            counts: BTreeMap::new(),
            people: People::new(&settings, &random),
            _folder: folder,
        };
        world.know_the_groups();
        world.prepare().await?;
        Box::pin(world.settle_for(SignedDuration::from_hours(1))).await?;
        Ok(world)
    }

    fn know_the_groups(&mut self) {
        for (kind, process) in &self.processes {
            for (place, handler) in process.handlers().iter().enumerate() {
                locked(&self.log).join(handler.group());
                let topics = handler.topics().to_vec();
                self.groups.insert(handler.group(), (*kind, place, topics));
            }
        }
    }

    /// Runs its days with everything that goes wrong, then lets it come to rest with nothing that does.
    ///
    /// # Errors
    ///
    /// If the simulation itself fails; broken promises are findings.
    pub async fn run(&mut self, mut each_day: impl FnMut(Date)) -> anyhow::Result<()> {
        self.begin_the_days()?;
        for process in self.processes.values() {
            process.pulse.arm(true);
        }
        let first = self.settings.first;
        for day in 0..self.settings.days {
            let next = first.checked_add(jiff::Span::new().days(i64::from(day) + 1))?;
            let until = next.to_zoned(london().clone())?.timestamp();
            Box::pin(self.turn_until(until)).await?;
            each_day(next);
        }
        for process in self.processes.values() {
            process.pulse.arm(false);
        }
        self.settings.faults = Faults::NONE;
        self.resting = true;
        Ok(())
    }

    /// Lets so much time pass.
    ///
    /// # Errors
    ///
    /// As [`World::run`].
    pub async fn settle_for(&mut self, time: SignedDuration) -> anyhow::Result<()> {
        let until = self.clock.now().checked_add(time)?;
        Box::pin(self.turn_until(until)).await
    }

    fn begin_the_days(&mut self) -> anyhow::Result<()> {
        for kind in Kind::ALL {
            self.at(self.clock.now(), Event::Tick(kind));
        }
        for authority in self.settings.region.authorities {
            let authority = format!("authority/{authority}");
            self.later(self.clock.now(), Act::WorkQueue { authority });
        }
        for (at, act) in self.people.arrivals(&self.settings) {
            self.at(at, Event::Act(Box::new(act)));
        }
        Ok(())
    }

    /// Whether the days are over, and only what was left is done.
    pub(crate) fn is_resting(&self) -> bool {
        self.resting
    }

    pub(crate) fn at(&mut self, at: Timestamp, event: Event) {
        self.wheel.put(at, event);
    }

    /// Somebody will do this.
    pub(crate) fn later(&mut self, at: Timestamp, act: Act) {
        self.at(at, Event::Act(Box::new(act)));
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    async fn turn_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        while let Some(event) = self.wheel.turn(&self.clock, until) {
            Box::pin(self.happen(event)).await?;
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Publish(kind) => {
                self.waiting.remove(&(kind, None));
                let published = self.process(kind)?.publish().await;
                *self.counts.entry("events published").or_default() +=
                    u64::try_from(published).unwrap_or(0);
                // A relay commits, too, and leaves nothing behind, unless it died.
                self.heard.insert(kind, self.process(kind)?.pulse.commits());
                self.after(kind).await?;
            }
            Event::TakeIn(kind, place) => {
                self.waiting.remove(&(kind, Some(place)));
                self.take_in(kind, place).await?;
            }
            Event::Tick(kind) => {
                self.process(kind)?.tick().await;
                self.count("looks at clocks");
                self.after(kind).await?;
                self.at(self.clock.now() + self.pace(), Event::Tick(kind));
            }
            Event::Act(act) => Box::pin(self.act(*act)).await?,
        }
        Ok(())
    }

    /// How often clocks are looked at: often while bells ring and hubs decide.
    fn pace(&self) -> SignedDuration {
        let hour = self.clock.now().to_zoned(london().clone()).hour();
        SignedDuration::from_mins(match hour {
            6..10 if !self.resting => 5,
            6..20 if !self.resting => 15,
            _ => 60,
        })
    }

    fn process(&self, kind: Kind) -> anyhow::Result<&Process> {
        self.processes.get(&kind).context("a service that does not exist")
    }

    /// Whatever a service has just done: it may have died of it, and it may have something to publish.
    async fn after(&mut self, kind: Kind) -> anyhow::Result<bool> {
        let died = self.process(kind)?.pulse.is_dead();
        if died {
            self.count("deaths");
            let process = self.processes.get_mut(&kind).context("no such service")?;
            process.start_again().await?;
            let places = process.handlers().len();
            for place in 0..places {
                self.wake(kind, Some(place));
            }
        }
        let commits = self.process(kind)?.pulse.commits();
        if self.heard.insert(kind, commits) != Some(commits) || died {
            self.wake(kind, None);
        }
        let touched = locked(&self.log).touched();
        for (topic, key) in touched {
            self.wake_readers(&topic);
            self.arrived(&topic, &key);
        }
        Ok(died)
    }

    /// After a call that went round [`World::call`].
    pub(crate) async fn stir(&mut self, kind: Kind) -> anyhow::Result<()> {
        self.after(kind).await.map(|_| ())
    }

    fn wake_readers(&mut self, topic: &str) {
        let readers: Vec<(Kind, usize)> = self
            .groups
            .values()
            .filter(|(_, _, topics)| topics.contains(&topic))
            .map(|(kind, place, _)| (*kind, *place))
            .collect();
        for (kind, place) in readers {
            self.wake(kind, Some(place));
        }
    }

    /// A relay or an intake will have its turn soon, or rather late.
    fn wake(&mut self, kind: Kind, place: Option<usize>) {
        if !self.waiting.insert((kind, place)) {
            return;
        }
        let mut millis = i64::from(self.delay.between(1, 900));
        if self.delay.below(1_000) < self.settings.faults.delays {
            millis = i64::from(self.delay.between(10, 2_400)) * 1_000;
        }
        let at = self.clock.now() + SignedDuration::from_millis(millis);
        let event = match place {
            None => Event::Publish(kind),
            Some(place) => Event::TakeIn(kind, place),
        };
        self.at(at, event);
    }

    /// The stores of all services, for whoever checks.
    pub fn witnesses(&self) -> impl Iterator<Item = (Kind, &mash_store::Store)> {
        self.processes.iter().map(|(kind, process)| (*kind, &process.witness))
    }

    /// Durable steps taken, and deaths by place.
    #[must_use]
    pub fn steps(&self) -> (u64, BTreeMap<Place, u64>) {
        let (mut steps, mut deaths) = (0, BTreeMap::new());
        for process in self.processes.values() {
            let (taken, died) = process.pulse.counts();
            steps += taken;
            for (place, count) in died {
                *deaths.entry(place).or_default() += count;
            }
        }
        (steps, deaths)
    }
}
