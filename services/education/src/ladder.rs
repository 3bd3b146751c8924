//! The ladder: while nobody acknowledges a notice it tells one person after the other, and the duty desk of the authority
//! before the bell. What waits at the home education desk, which has no bell, goes up after a whole day.
//!
//! Every step is claimed in the store before anything is sent, in the transaction in which the notice is locked: that is
//! all that keeps two processes from telling somebody twice. The desk needs nothing but that transaction.

mod letter;
mod replace;
mod send;
mod show;
mod world;

use jiff::{SignedDuration, Timestamp};
use mash_domain::{
    ladder::{Ladder, Next, Outcome, Span, Step, Taken},
    notice::Command,
};
use mash_partner::{LEFT_ALONE, Partner, prompt_kinds};
use mash_proto::disclosure::v1::Desk;
use mash_store::{StoreError, Tx};

use self::{
    send::{Job, together},
    world::World,
};
use crate::{
    Service,
    error::Refusal,
    intake::NO_OFFICER,
    record::Record,
    store::{
        ladder::{self, Claim, DESK, Nudge},
        notices,
    },
};

pub use self::letter::{Channels, OutageLetter};

/// Notices in one transaction.
const BATCH: i64 = 200;
/// After this long nobody is about to send any more what was claimed: three times what a channel may take.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// Attempts at one step.
const ATTEMPTS: i64 = 2;

/// What came of one look.
#[derive(Default)]
struct Climbed {
    escalated: Vec<Record>,
    jobs: Vec<Job>,
}

impl Climbed {
    fn take(&mut self, other: Self) {
        self.escalated.extend(other.escalated);
        self.jobs.extend(other.jobs);
    }
}

impl Service {
    /// Climbs as far as it goes now and sends what is to be sent, and tells how many notices went up to a desk.
    pub(crate) async fn sweep(&self, partner: &Partner) -> usize {
        let mut total = 0;
        loop {
            let Climbed { escalated, jobs } = self.climb(partner).await;
            total += escalated.len();
            if jobs.is_empty() {
                return total;
            }
            for job in together(jobs) {
                self.send(job).await;
            }
        }
    }

    /// Climbs as far as it goes now. What is to be sent is sent beside it, the earliest bell first, so that no mail server
    /// that is slow holds up a desk.
    pub(crate) async fn look(self: &std::sync::Arc<Self>, partner: &Partner) {
        let jobs = self.climb(partner).await.jobs;
        if !jobs.is_empty() {
            tokio::spawn(std::sync::Arc::clone(self).send_all(together(jobs)));
        }
    }

    /// A fault of the store ends this round; the next one goes on.
    async fn climb(&self, partner: &Partner) -> Climbed {
        let mut all = Climbed::default();
        loop {
            match self.climb_batch(partner, &mut all).await {
                Ok(false) => return all,
                Ok(true) => (),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(
                        error,
                        "notices were not taken up the ladder and will be tried again"
                    );
                    return all;
                }
            }
        }
    }

    /// Whether there was something to look at.
    async fn climb_batch(&self, partner: &Partner, all: &mut Climbed) -> Result<bool, StoreError> {
        let now = self.clock.now();
        // Most rounds find nothing, and need not queue for the writer.
        let found = ladder::due(&mut self.store.read().await?, now, BATCH).await?;
        if found.is_empty() {
            return Ok(false);
        }
        match self.climb_all(&found, now).await.map_err(store) {
            Err(error) if !error.is_transient() => {
                self.climb_each(partner, &found, now, all).await?;
            }
            outcome => all.take(outcome?),
        }
        Ok(true)
    }

    /// One of them stands in the way of the others: each by itself, and what cannot be read is told and left alone.
    async fn climb_each(
        &self,
        partner: &Partner,
        found: &[String],
        now: Timestamp,
        all: &mut Climbed,
    ) -> Result<(), StoreError> {
        for id in found {
            match self.climb_all(std::slice::from_ref(id), now).await.map_err(store) {
                Err(error) if !error.is_transient() => {
                    self.leave_alone(partner, id, (&error, now)).await?;
                }
                outcome => all.take(outcome?),
            }
        }
        Ok(())
    }

    async fn leave_alone(
        &self,
        partner: &Partner,
        id: &str,
        (error, now): (&StoreError, Timestamp),
    ) -> Result<(), StoreError> {
        let until = now.checked_add(LEFT_ALONE).unwrap_or(Timestamp::MAX);
        let mut tx = self.store.begin().await?;
        // Another replica may have been faster: then it is told already.
        if let Some(recipient) = ladder::put_off(&mut tx, id, (now, until)).await? {
            let subject = format!("notices/{id}");
            partner.report_unreadable(&mut tx, (&recipient, &subject), error).await?;
            // It may have to go up, so whoever it would go to is asked as well.
            let code = recipient.split_once('/').map_or("", |(_, code)| code);
            let authority = format!("authority/{}", code.chars().take(3).collect::<String>());
            let prompt = (authority.as_str(), subject.as_str(), prompt_kinds::UNREADABLE);
            partner.prompt_person(&mut tx, prompt, ("", None)).await?;
        }
        tx.commit().await
    }

    /// Looks at these, whatever another process has done with them since they were found.
    async fn climb_all(&self, found: &[String], now: Timestamp) -> Result<Climbed, Refusal> {
        let mut tx = self.store.begin().await?;
        let mut ids: Vec<&str> = found.iter().map(String::as_str).collect();
        ids.sort_unstable();
        let mut records = notices::lock(&mut tx, &ids).await?;
        let mut climbed = ladder::climbed(&mut tx, &records.values().collect::<Vec<_>>()).await?;
        let (mut world, mut done) = (World::new(now), Climbed::default());
        for id in found {
            let Some(record) = records.remove(id) else { continue };
            let nudges = climbed.remove(id).unwrap_or_default();
            self.climb_one(&mut tx, record, nudges, &mut world, &mut done).await?;
        }
        tx.commit().await?;
        for record in &done.escalated {
            tracing::warn!(
                notice.id = record.id,
                recipient = %record.recipient,
                officer = record.notice.escalated_to.is_some(),
                "a notice was escalated because nobody acknowledged it"
            );
            self.changed(record);
        }
        Ok(done)
    }

    async fn climb_one(
        &self,
        tx: &mut Tx,
        record: Record,
        mut nudges: Vec<Nudge>,
        world: &mut World,
        done: &mut Climbed,
    ) -> Result<(), Refusal> {
        let waits = record.notice.state.is_waiting();
        let flight = self.find_again(tx, &record, &mut nudges, world, done).await?;
        let next = match (waits, record.notice.deliver_by) {
            (false, _) => flight,
            (true, None) => match self.patience_ends(&record) {
                Some(at) if at > world.now => Some(at),
                Some(_) => {
                    done.escalated.push(self.escalate(tx, record.clone(), &nudges, world).await?);
                    None
                }
                None => None,
            },
            (true, Some(bell)) => {
                let span = Span { released: record.received, bell };
                let until = self.up(tx, (&record, span), &mut nudges, world, done).await?;
                // What is in flight is looked after until it is settled.
                [until, self.in_flight(&nudges)].into_iter().flatten().min()
            }
        };
        match next {
            Some(at) => ladder::look_at(tx, &[&record.id], at).await?,
            None => ladder::look_no_more(tx, &record.id).await?,
        }
        Ok(())
    }

    /// Takes every step that is due, and says when the next one is; nothing once the desk has it.
    async fn up(
        &self,
        tx: &mut Tx,
        (record, span): (&Record, Span),
        nudges: &mut Vec<Nudge>,
        world: &mut World,
        done: &mut Climbed,
    ) -> Result<Option<Timestamp>, Refusal> {
        let ladder = world.ladder(tx, record).await?;
        let before = nudges.len();
        let mut taken: Vec<Taken> = nudges.iter().filter_map(Nudge::taken).collect();
        let until = loop {
            match ladder.next(span, &taken, world.now) {
                Next::Wait(until) => break Some(until),
                Next::Desk => break None,
                Next::Tell(step) => {
                    let nudge = self.tell(tx, (record, span), &step, nudges.len(), world, done);
                    let nudge = nudge.await?;
                    taken.extend(nudge.taken());
                    nudges.push(nudge);
                }
            }
        };
        ladder::claim(tx, record, &nudges.iter().skip(before).collect::<Vec<_>>()).await?;
        if until.is_none() {
            done.escalated.push(self.escalate(tx, record.clone(), nudges, world).await?);
        }
        Ok(until)
    }

    /// Takes a step: there is somebody to be told, and something to be sent, or it is clear why not.
    async fn tell(
        &self,
        tx: &mut Tx,
        (record, span): (&Record, Span),
        step: &Step,
        place: usize,
        world: &mut World,
        done: &mut Climbed,
    ) -> Result<Nudge, StoreError> {
        let found = world.person(tx, record, step).await?;
        let mut nudge = Nudge {
            step: step.word(),
            place: i64::try_from(place).unwrap_or(i64::MAX),
            practitioner: String::new(),
            at: world.now,
            claimed: world.now,
            attempt: 1,
            outcome: String::new(),
        };
        match found {
            Err(outcome) => outcome.word().clone_into(&mut nudge.outcome),
            Ok(person) => {
                nudge.practitioner.clone_from(&person.id);
                if self.channels.has(step.by) {
                    let to = (record.recipient.code(), person);
                    done.jobs.push(Job::new(claim(record, &nudge), step.by, to, span.bell));
                } else {
                    Outcome::NoChannel.word().clone_into(&mut nudge.outcome);
                }
            }
        }
        Ok(nudge)
    }

    /// What was claimed, and never heard of again: sent once more under the same key, and then given up. Says until when
    /// something is in flight.
    async fn find_again(
        &self,
        tx: &mut Tx,
        record: &Record,
        nudges: &mut [Nudge],
        world: &mut World,
        done: &mut Climbed,
    ) -> Result<Option<Timestamp>, StoreError> {
        let ladder = world.ladder(tx, record).await?;
        for nudge in nudges.iter_mut().filter(|nudge| nudge.outcome.is_empty()) {
            if end_of(nudge) > world.now {
                continue;
            }
            let step = ladder.steps().iter().find(|step| step.word() == nudge.step);
            let again = record.notice.state.is_waiting() && nudge.attempt < ATTEMPTS;
            let (Some(step), true) = (step, again) else {
                Outcome::Lost.word().clone_into(&mut nudge.outcome);
                ladder::change(tx, record, nudge).await?;
                continue;
            };
            nudge.claimed = world.now;
            nudge.attempt += 1;
            match (world.person(tx, record, step).await?, record.notice.deliver_by) {
                (Ok(person), Some(bell)) if self.channels.has(step.by) => {
                    nudge.practitioner.clone_from(&person.id);
                    let to = (record.recipient.code(), person);
                    done.jobs.push(Job::new(claim(record, nudge), step.by, to, bell));
                }
                (Ok(_), _) => Outcome::Lost.word().clone_into(&mut nudge.outcome),
                (Err(outcome), _) => outcome.word().clone_into(&mut nudge.outcome),
            }
            ladder::change(tx, record, nudge).await?;
        }
        Ok(self.in_flight(nudges))
    }

    fn in_flight(&self, nudges: &[Nudge]) -> Option<Timestamp> {
        nudges.iter().filter(|nudge| nudge.outcome.is_empty()).map(end_of).min()
    }

    /// When the home education desk has had a notice for too long.
    fn patience_ends(&self, record: &Record) -> Option<Timestamp> {
        let patience = self.settings.desk_patience;
        (record.desk == Desk::HomeEducation)
            .then(|| record.received.checked_add(patience).unwrap_or(Timestamp::MAX))
    }

    async fn escalate(
        &self,
        tx: &mut Tx,
        mut record: Record,
        nudges: &[Nudge],
        world: &mut World,
    ) -> Result<Record, Refusal> {
        let authority: String = record.recipient.code().chars().take(3).collect();
        let to = world.officer(tx, &authority).await?;
        let reason = if to.is_none() { NO_OFFICER } else { "unacknowledged" };
        let task = Nudge {
            step: DESK.to_owned(),
            place: i64::try_from(nudges.len()).unwrap_or(i64::MAX),
            practitioner: to.clone().unwrap_or_default(),
            at: world.now,
            claimed: world.now,
            attempt: 1,
            outcome: if to.is_none() { NO_OFFICER } else { "task" }.to_owned(),
        };
        ladder::claim(tx, &record, &[&task]).await?;
        record.escalated_authority = Some(authority);
        self.apply(tx, &mut record, Command::Escalate { to, reason }).await?;
        Ok(record)
    }

    /// Keeps why the bell rang before this, and tells it: the first cause that was found stays.
    pub(crate) async fn keep_late(
        &self,
        tx: &mut Tx,
        record: &Record,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let Some(bell) = record.notice.deliver_by else { return Ok(String::new()) };
        let climbed = ladder::climbed(tx, &[record]).await?.remove(&record.id);
        let climbed = climbed.unwrap_or_default();
        let taken: Vec<Taken> = climbed.iter().filter_map(Nudge::taken).collect();
        let desk = climbed.iter().find(|nudge| nudge.step == DESK).map(|nudge| nudge.at);
        let span = Span { released: record.received, bell };
        ladder::put_late(tx, record, Ladder::late_cause(span, &taken, desk), now).await?;
        let kept = ladder::late(tx, &[record]).await?.remove(&record.id);
        Ok(kept.unwrap_or_default())
    }
}

fn claim(record: &Record, nudge: &Nudge) -> Claim {
    Claim {
        notice: record.id.clone(),
        round_ms: record.received.as_millisecond(),
        step: nudge.step.clone(),
        attempt: nudge.attempt,
    }
}

fn end_of(nudge: &Nudge) -> Timestamp {
    nudge.claimed.checked_add(CLAIM).unwrap_or(Timestamp::MAX)
}

/// Only the store can fail here: what waits may climb. A row that does not is as good as broken.
fn store(refusal: Refusal) -> StoreError {
    if let Refusal::Store(error) = refusal {
        return error;
    }
    StoreError::Corrupt("a notice that waits and cannot climb")
}
