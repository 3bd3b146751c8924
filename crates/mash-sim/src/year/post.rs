//! The mail server and whoever sends text messages, for one region: what they took, from whom, and when.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_chassis::{Clock as _, ManualClock};
use mash_education::Channels;
use mash_mail::{Channel, Outgoing, Undelivered};
use uuid::Uuid;

use super::staff::Mailbox;

/// Who has an address or a number.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// `school/6722301` or `authority/672`.
    pub organisation: String,
    /// The id of her contact entry.
    pub id: String,
    /// What becomes of mail to her.
    pub mailbox: Mailbox,
}

/// Somebody was told that something waits.
#[derive(Clone, Debug)]
pub struct Told {
    /// Who.
    pub to: Addressee,
    /// Whether by a text message.
    pub by_text: bool,
    /// When.
    pub at: Timestamp,
}

/// An attempt to send a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// In which life of the process that sent it.
    pub life: u64,
}

#[derive(Default)]
struct State {
    known: BTreeMap<String, Addressee>,
    told: Vec<Told>,
    attempts: BTreeMap<Uuid, Vec<Attempt>>,
    outages: Vec<(Timestamp, String)>,
    refused: u64,
    unreachable: u64,
    life: u64,
}

/// Both ways out of the hub.
pub struct Post {
    clock: ManualClock,
    down: AtomicBool,
    state: Mutex<State>,
}

/// One of them.
struct Way {
    post: Arc<Post>,
    by_text: bool,
}

/// Counts for the closing table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Steps that were sent at all.
    pub steps: u64,
    /// Mails that bounced.
    pub refused: u64,
    /// Mails that no server took.
    pub unreachable: u64,
}

impl Post {
    /// A post that knows nobody yet.
    #[must_use]
    pub fn new(clock: ManualClock) -> Arc<Self> {
        Arc::new(Self { clock, down: AtomicBool::new(false), state: Mutex::default() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Somebody has this address or number.
    pub fn know(&self, address: &str, addressee: Addressee) {
        self.with(|state| state.known.insert(address.to_owned(), addressee));
    }

    /// Whether no mail server takes mail from now on.
    pub fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// The process that sends has died and was started anew.
    pub fn another_life(&self) {
        self.with(|state| state.life += 1);
    }

    /// Who was told since the last time.
    pub fn told(&self) -> Vec<Told> {
        self.with(|state| std::mem::take(&mut state.told))
    }

    /// When the desks of authorities were told that the hub is down.
    #[must_use]
    pub fn outages(&self) -> Vec<(Timestamp, String)> {
        self.with(|state| state.outages.clone())
    }

    /// Every attempt at every step, by its key.
    #[must_use]
    pub fn attempts(&self) -> BTreeMap<Uuid, Vec<Attempt>> {
        self.with(|state| state.attempts.clone())
    }

    /// In figures.
    #[must_use]
    pub fn counts(&self) -> Sent {
        self.with(|state| Sent {
            steps: u64::try_from(state.attempts.len()).unwrap_or(0),
            refused: state.refused,
            unreachable: state.unreachable,
        })
    }

    /// For education.
    #[must_use]
    pub fn channels(self: &Arc<Self>) -> Channels {
        let way =
            |by_text| -> Arc<dyn Channel> { Arc::new(Way { post: Arc::clone(self), by_text }) };
        Channels {
            email: Some(way(false)),
            sms: Some(way(true)),
            inbox: "https://inbox.example".to_owned(),
        }
    }

    fn take(&self, message: &Outgoing, by_text: bool) -> Result<(), Undelivered> {
        let (at, down) = (self.clock.now(), self.down.load(Ordering::Relaxed));
        self.with(|state| {
            if down && !by_text {
                state.unreachable += 1;
                let life = state.life;
                state.attempts.entry(message.key).or_default().push(Attempt { at, life });
                return Err(Undelivered::Unreachable);
            }
            let Some(to) = state.known.get(&message.to).cloned() else {
                return Err(Undelivered::Refused);
            };
            // Only what tells a desk of an outage goes to an authority; tasks are seen on its own pages.
            if let Some(authority) = to.organisation.strip_prefix("authority/") {
                state.outages.push((at, authority.to_owned()));
                return Ok(());
            }
            let life = state.life;
            state.attempts.entry(message.key).or_default().push(Attempt { at, life });
            match (to.mailbox, by_text) {
                (Mailbox::Bounces, false) => {
                    state.refused += 1;
                    Err(Undelivered::NoMailbox)
                }
                // Her telephone is switched off for good, and the network takes the message all the same.
                (Mailbox::Bounces, true) | (Mailbox::Swallows, _) => Ok(()),
                (Mailbox::Hers, _) => {
                    state.told.push(Told { to, by_text, at });
                    Ok(())
                }
            }
        })
    }
}

#[async_trait]
impl Channel for Way {
    async fn send(&self, message: &Outgoing) -> Result<(), Undelivered> {
        self.post.take(message, self.by_text)
    }
}
