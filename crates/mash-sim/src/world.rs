//! The wheel of time: one region with all services, the log between them, and everybody who calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, civil::Date};
use mash_chassis::{Clock as _, ManualClock, access::AccessTable};
use mash_domain::calendar::london;
use mash_policy::Ruleset;
use mash_synth::{months::Region, random::Random};
use tempfile::TempDir;
use tonic::{Code, Request, Response, Status};

use crate::{
    bus::{Log, SimBus, locked},
    local::Local,
    people::{Act, People},
    process::{Kind, Process, witness},
    pulse::{Death, Place, Pulse},
    watch::{Guardian, Watch},
};

/// What goes wrong, so many times in a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// When processes die.
    pub death: Death,
    /// Batches that are delivered again, and events that stand in a batch twice.
    pub duplicates: u32,
    /// Calls that are repeated although they were answered.
    pub repeats: u32,
    /// Batches that come late: minutes, not seconds.
    pub delays: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { death: Death::Never, duplicates: 0, repeats: 0, delays: 0 };
    /// Only what must have no effect at all.
    pub const COPIES: Self = Self { duplicates: 300, repeats: 300, ..Self::NONE };
    /// Everything, all the time.
    pub const ALL: Self =
        Self { death: Death::Sometimes(700), duplicates: 100, repeats: 100, delays: 30 };
}

/// What a run is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// One seed is one run.
    pub seed: u64,
    /// Where.
    pub region: Region,
    /// From which day on.
    pub first: Date,
    /// How many days.
    pub days: u32,
    /// The part of the real volume, of a thousand.
    pub share: u32,
    /// What goes wrong.
    pub faults: Faults,
}

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
    wheel: BTreeMap<(Timestamp, u64), Event>,
    turn: u64,
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
            wheel: BTreeMap::new(),
            turn: 0,
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
        world.settle_for(SignedDuration::from_hours(1)).await?;
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
            self.turn_until(next.to_zoned(london().clone())?.timestamp()).await?;
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
        self.turn_until(until).await
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
        self.turn += 1;
        self.wheel.insert((at, self.turn), event);
    }

    /// Somebody will do this.
    pub(crate) fn later(&mut self, at: Timestamp, act: Act) {
        self.at(at, Event::Act(Box::new(act)));
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    async fn turn_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        loop {
            let Some(entry) = self.wheel.first_entry() else { break };
            if entry.key().0 > until {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            if at > self.clock.now() {
                self.clock.set(at);
            }
            self.happen(event).await?;
        }
        self.clock.set(until);
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
            Event::Act(act) => self.act(*act).await?,
        }
        Ok(())
    }

    /// How often clocks are looked at: often while bells ring and hubs decide.
    fn pace(&self) -> SignedDuration {
        let hour = self.clock.now().to_zoned(london().clone()).hour();
        SignedDuration::from_mins(match hour {
            6..10 if !self.resting => 5,
            6..20 => 15,
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

    async fn take_in(&mut self, kind: Kind, place: usize) -> anyhow::Result<()> {
        let handler = self.process(kind)?.handlers().get(place).cloned();
        let handler = handler.context("no such handler")?;
        let (group, topics) = (handler.group(), handler.topics());
        let most = usize::try_from(self.order.between(1, 60)).unwrap_or(1);
        let batch = locked(&self.log).next(group, topics, most, &mut self.order);
        let Some(batch) = batch else { return Ok(()) };
        let deliveries = self.with_copies(&batch.fresh, &batch.old);
        let intake = self.process(kind)?.intake(handler);
        let mut done = intake.step(deliveries.clone()).await;
        if done.is_ok() && self.copies.below(1_000) < self.settings.faults.duplicates {
            self.count("batches taken in twice");
            done = intake.step(deliveries).await;
        }
        let pulse = Arc::clone(&self.process(kind)?.pulse);
        match done {
            Ok(()) => {
                if pulse.beats(Place::Offset) {
                    let fresh = u64::try_from(batch.fresh.len()).unwrap_or(0);
                    *self.counts.entry("events taken in").or_default() += fresh;
                    let readers = self.readers(topics);
                    locked(&self.log).commit(group, &batch, &readers);
                }
            }
            Err(error) if !pulse.is_dead() => {
                let store: &dyn std::error::Error = &error;
                self.guardian.broken(format!("{group} cannot take in: {store:?}"));
            }
            Err(_) => (),
        }
        if locked(&self.log).waits(group, topics) {
            self.wake(kind, Some(place));
        }
        self.after(kind).await?;
        Ok(())
    }

    /// The groups that read any of these topics.
    fn readers(&self, topics: &[&str]) -> Vec<&'static str> {
        let reads = |of: &[&'static str]| of.iter().any(|topic| topics.contains(topic));
        let all = self.groups.iter().filter(|(_, (_, _, of))| reads(of));
        all.map(|(group, _)| *group).collect()
    }

    fn with_copies(
        &mut self,
        fresh: &[mash_bus::Delivery],
        old: &[mash_bus::Delivery],
    ) -> Vec<mash_bus::Delivery> {
        let mut all = Vec::new();
        if self.copies.below(1_000) < self.settings.faults.duplicates {
            let again = usize::try_from(self.copies.below(10)).unwrap_or(0);
            all.extend(old.iter().skip(old.len().saturating_sub(again)).cloned());
        }
        for one in fresh {
            all.push(one.clone());
            if self.copies.below(1_000) < self.settings.faults.duplicates {
                *self.counts.entry("events delivered twice").or_default() += 1;
                all.push(one.clone());
            }
        }
        all
    }

    pub(crate) fn local(&self, to: Kind, who: &str) -> anyhow::Result<Local> {
        let organisation = who.parse().with_context(|| format!("`{who}` is no organisation"))?;
        Ok(Local::new(self.process(to)?.routes(), Arc::clone(&self.access), organisation))
    }

    /// Calls a service as its callers do: until it answers, with the same request, whatever dies meanwhile. A caller
    /// whose answer was lost asks again, and must hear the same.
    pub(crate) async fn call<M, R, F, G>(
        &mut self,
        to: Kind,
        (who, practitioner): (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Result<R, Status>>
    where
        M: Clone,
        R: PartialEq,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        self.count("calls");
        let mut answers: Vec<Result<R, Status>> = Vec::new();
        let repeats = u32::from(self.copies.below(1_000) < self.settings.faults.repeats);
        loop {
            let local = self.local(to, who)?;
            let request = on_behalf(practitioner, message.clone())?;
            let answer = go(local, request).await.map(Response::into_inner);
            if self.after(to).await? {
                self.count("calls repeated after a death");
                continue;
            }
            answers.push(answer);
            if answers.len() > usize::try_from(repeats).unwrap_or(0) {
                break;
            }
            self.count("calls repeated after an answer");
        }
        let last = answers.pop().context("no answer")?;
        if let Some(first) = answers.pop() {
            let same = match (&first, &last) {
                (Ok(first), Ok(last)) => first == last,
                (Err(first), Err(last)) => first.code() == last.code(),
                (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
            };
            if !same {
                let what = std::any::type_name::<M>();
                self.guardian.broken(format!("P5: {what} repeated is answered otherwise"));
            }
        }
        Ok(last)
    }

    /// As [`World::call`], for what must not be refused.
    pub(crate) async fn must<M, R, F, G>(
        &mut self,
        to: Kind,
        by: (&str, &str),
        message: M,
        go: F,
    ) -> anyhow::Result<Option<R>>
    where
        M: Clone,
        R: PartialEq,
        F: Fn(Local, Request<M>) -> G,
        G: Future<Output = Result<Response<R>, Status>>,
    {
        let what = std::any::type_name::<M>();
        match self.call(to, by, message, go).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(status) => {
                let at = self.clock.now();
                self.guardian.broken(format!(
                    "{what} of {} at {at} is refused: {}",
                    by.0,
                    told(&status)
                ));
                Ok(None)
            }
        }
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

/// What a refusal says, without what it quotes.
pub(crate) fn told(status: &Status) -> String {
    let code = mash_chassis::fault::code_of(status).unwrap_or_default();
    let code_of_grpc: Code = status.code();
    format!("{code_of_grpc:?} {code} {}", status.message())
}

fn on_behalf<M>(practitioner: &str, message: M) -> anyhow::Result<Request<M>> {
    let mut request = Request::new(message);
    if !practitioner.is_empty() {
        let value = practitioner.parse().context("a practitioner's id must be plain ASCII")?;
        request.metadata_mut().insert("mash-practitioner", value);
    }
    Ok(request)
}
