//! Time goes on: once forward through every instant at which a clock has something to show, with the hub down at one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use mash_proto::{convert::time_to_wire, social_care::v1 as care};
use mash_tests::hub::{HUB, Hub, WORKER, by, id};

use super::{
    course::{Act, Course, Place, Step, Told, instant},
    read::{self, Line},
};

/// Clocks are looked at every five seconds.
const PATIENCE: Duration = Duration::from_secs(25);

/// A clock with the name of its scenario.
pub(crate) type Named = (&'static str, Course);

struct Player<'a> {
    clocks: &'a [Named],
    now: Timestamp,
    /// What somebody has to be told by now, and before when.
    owed: Vec<(usize, Told, Timestamp)>,
    told: Vec<(usize, Told)>,
    failed: BTreeMap<usize, String>,
}

/// Plays every clock through. At the instant `down` the hub is down, and comes up again on the same stores.
pub(crate) async fn play(hub: &mut Hub, clocks: &[Named], down: &str) -> Vec<String> {
    let mut agenda: BTreeMap<Timestamp, Vec<(usize, Step)>> = BTreeMap::new();
    for (which, (_, course)) in clocks.iter().enumerate() {
        for (at, step) in &course.steps {
            agenda.entry(*at).or_default().push((which, step.clone()));
        }
    }
    let (owed, told, failed) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut player = Player { clocks, now: Timestamp::MIN, owed, told, failed };
    for (now, steps) in agenda {
        if player.owed.iter().any(|(_, _, before)| *before <= now) {
            player.collect(hub).await;
        }
        player.now = now;
        if now == instant(down) {
            hub.restart_at(down).await;
        } else {
            hub.at(&now.to_string());
        }
        for (which, step) in steps {
            player.take(hub, which, step).await;
        }
    }
    player.collect(hub).await;
    player.once(hub).await;
    let said = |(which, words): (usize, String)| format!("{}: {words}", clocks[which].0);
    player.failed.into_iter().map(said).collect()
}

impl Player<'_> {
    async fn take(&mut self, hub: &Hub, which: usize, step: Step) {
        if self.failed.contains_key(&which) {
            return;
        }
        let course = &self.clocks[which].1;
        let done = match step {
            Step::Stands(state) => match read::clock(hub, course).await {
                Some(clock) if clock.state() == state => Ok(()),
                Some(clock) => {
                    let (is, state) = (clock.state().as_str_name(), state.as_str_name());
                    Err(format!("{} is {is} and not {state}", course.rule))
                }
                None => Err(format!("{} is not shown", course.rule)),
            },
            Step::Untold(told) => match read::prompts(hub, &course.place).await {
                Some(lines) if of(&lines, &told).is_empty() => Ok(()),
                lines => Err(format!("{told:?} too early: {lines:?}")),
            },
            Step::Told(told, before) => {
                self.owed.push((which, told, before));
                Ok(())
            }
            Step::Act(act) => acts(hub, course, &act).await,
        };
        if let Err(words) = done {
            let now = self.now;
            self.failed.insert(which, format!("at {now}: {words}"));
        }
    }

    /// Waits until everybody has been told what is owed.
    async fn collect(&mut self, hub: &Hub) {
        let began = Instant::now();
        for (which, told, _) in std::mem::take(&mut self.owed) {
            let place = &self.clocks[which].1.place;
            let mut lines = read::prompts(hub, place).await.unwrap_or_default();
            while of(&lines, &told).is_empty() && began.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(100)).await;
                lines = read::prompts(hub, place).await.unwrap_or_default();
            }
            if of(&lines, &told).is_empty() {
                let words = format!("at {}: nobody was told {told:?}; {lines:?}", self.now);
                self.failed.entry(which).or_insert(words);
            } else {
                self.told.push((which, told));
            }
        }
    }

    /// However often the hub has looked since, everybody was told everything once.
    async fn once(&mut self, hub: &Hub) {
        for (which, told) in std::mem::take(&mut self.told) {
            let lines = read::prompts(hub, &self.clocks[which].1.place).await.unwrap_or_default();
            let found = of(&lines, &told);
            if found.len() != 1 {
                let words = format!("{told:?} is told {} times in the end", found.len());
                self.failed.entry(which).or_insert(words);
            }
        }
    }
}

fn of<'a>(lines: &'a [Line], told: &Told) -> Vec<&'a Line> {
    let meant = |(code, about, to): &&Line| {
        code == told.code && about.starts_with(&told.about) && to == told.to
    };
    lines.iter().filter(meant).collect()
}

async fn acts(hub: &Hub, course: &Course, act: &Act) -> Result<(), String> {
    let Place::Referral(_, referral) = &course.place else {
        return Err("nobody can do that here".to_owned());
    };
    let mut meetings = hub.people.meetings(HUB).unwrap();
    match act {
        Act::Decide(outcome) => {
            hub.decide(referral, *outcome).await;
            Ok(())
        }
        Act::Meet => {
            let request = care::MeetClockRequest {
                request_id: id(),
                referral: referral.clone(),
                rule: course.rule.to_owned(),
            };
            let answer = meetings.meet_clock(by(WORKER, request)).await;
            answer.map(drop).map_err(|refusal| refusal.to_string())
        }
        Act::Resume(due) => {
            let request = care::ResumeClockRequest {
                request_id: id(),
                subject: referral.clone(),
                rule: course.rule.to_owned(),
            };
            let answer = meetings.resume_clock(by(WORKER, request)).await;
            let answer = answer.map_err(|refusal| refusal.to_string())?.into_inner();
            let shown = answer.clock.and_then(|clock| clock.due_time);
            let counted = Some(time_to_wire(instant(due)));
            if shown == counted { Ok(()) } else { Err(format!("due {shown:?} and not {due}")) }
        }
    }
}

/// The rules that these scenarios show, each named after its own.
pub(crate) fn rules(clocks: &[Named]) -> BTreeSet<&'static str> {
    for (name, course) in clocks {
        let rule = course.rule.replace('-', "_");
        assert!(name.starts_with(&rule), "{name} shows {}", course.rule);
    }
    clocks.iter().map(|(_, course)| course.rule).collect()
}
