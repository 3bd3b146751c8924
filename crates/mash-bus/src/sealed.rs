//! What travels is sealed to whoever reads its topic: the one place where that happens, for every service and every bus.
//!
//! Each topic is a recipient with keys of its own. A message is sealed when it is published and opened when it is handed
//! out; between the two, whoever runs the broker sees a topic, a pseudonym and noise of a rounded length. A process begins
//! a context of its own ([`mash_keys::wire`]), so publishing a message again, from here or from another replica, uses no
//! nonce twice.
//!
//! A message that does not open is handed out with the code that says why, and becomes a dead letter as it came.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use mash_keys::{
    KeyError,
    wire::{self, Limits, Opener, Sealer},
};
use mash_store::{Store, StoreError, Tx, keys::recipients};

use crate::{Bus, BusError, BusMessage, Delivery, Subscription, TopicSpec};

/// It came unsealed, where everything is sealed.
const UNSEALED: &str = "MASH-X010";
/// How soon a recipient's next key is sealed to.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

pub(crate) struct SealedBus {
    inner: Arc<dyn Bus>,
    seals: Arc<Seals>,
}

struct Seals {
    store: Store,
    sealers: Mutex<HashMap<String, (Arc<Sealer>, Instant)>>,
    opener: Opener,
}

impl SealedBus {
    pub(crate) fn around(inner: Arc<dyn Bus>, store: &Store) -> Self {
        let seals =
            Seals { store: store.clone(), sealers: Mutex::default(), opener: Opener::default() };
        Self { inner, seals: Arc::new(seals) }
    }

    async fn seal(&self, batch: &[BusMessage]) -> Result<Vec<BusMessage>, BusError> {
        // Nothing is written here: the caller may hold the only connection that writes.
        let mut sealed = Vec::with_capacity(batch.len());
        for message in batch {
            if wire::is_sealed(&message.payload) {
                // A dead letter that could not be opened goes round again as it came.
                sealed.push(message.clone());
                continue;
            }
            let sealer = self.seals.sealer(&message.topic).await?;
            let payload = sealer.seal(&bound(&message.topic, &message.key), &message.payload);
            let payload = payload.map_err(StoreError::from)?.into();
            sealed.push(BusMessage { payload, ..message.clone() });
        }
        Ok(sealed)
    }
}

/// A message opens on its topic and for its key alone: for a disclosure, that is the organisation it is for.
fn bound(topic: &str, key: &str) -> Vec<u8> {
    [topic.as_bytes(), b"\0", key.as_bytes()].concat()
}

impl Seals {
    async fn sealer(&self, topic: &str) -> Result<Arc<Sealer>, BusError> {
        let lock = || self.sealers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sealer, since)) = lock().get(topic)
            && since.elapsed() < LOOK_AGAIN
        {
            return Ok(Arc::clone(sealer));
        }
        let public = recipients::look(&self.store, topic)
            .await?
            .ok_or_else(|| BusError::UnknownTopic(topic.to_owned()))?;
        let mut sealers = lock();
        // The context of a key that is still the newest goes on.
        let sealer = match sealers.get(topic) {
            Some((sealer, _)) if *sealer.recipient() == public => Arc::clone(sealer),
            Some(_) | None => Arc::new(Sealer::new(public, Limits::default())),
        };
        sealers.insert(topic.to_owned(), (Arc::clone(&sealer), Instant::now()));
        Ok(sealer)
    }

    /// Fetches the keys that these messages are sealed to and that are not known yet.
    async fn learn(&self, batch: &[Delivery]) -> Result<(), StoreError> {
        let mut unknown = BTreeSet::new();
        for delivery in batch {
            if let Ok(id) = Opener::recipient(&delivery.payload)
                && !self.opener.holds(&id)
            {
                unknown.insert((delivery.topic.as_str(), id));
            }
        }
        for (topic, id) in unknown {
            if let Some(key) = recipients::private(&self.store, topic, id).await? {
                self.opener.add(key);
            }
        }
        Ok(())
    }

    fn open_one(&self, delivery: Delivery) -> Delivery {
        if !wire::is_sealed(&delivery.payload) {
            return Delivery { fault: Some(UNSEALED), ..delivery };
        }
        match self.opener.open(&bound(&delivery.topic, &delivery.key), &delivery.payload) {
            Ok(payload) => Delivery { payload: payload.into(), ..delivery },
            Err(error) => Delivery { fault: Some(KeyError::code(&error)), ..delivery },
        }
    }
}

#[async_trait]
impl Bus for SealedBus {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        self.inner.ensure_topics(topics).await?;
        for topic in topics {
            recipients::newest(&self.seals.store, topic.name).await?;
        }
        Ok(())
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        self.inner.publish(&self.seal(batch).await?).await
    }

    async fn publish_in(&self, tx: &mut Tx, batch: &[BusMessage]) -> Result<bool, BusError> {
        let sealed = self.seal(batch).await?;
        self.inner.publish_in(tx, &sealed).await
    }

    async fn publish_within(&self, batch: &[BusMessage], limit: Duration) -> Result<(), BusError> {
        let begun = Instant::now();
        let sealed = tokio::time::timeout(limit, self.seal(batch))
            .await
            .map_err(|_| BusError::Broker("sealing took too long".to_owned()))??;
        self.inner.publish_within(&sealed, limit.saturating_sub(begun.elapsed())).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        let inner = self.inner.subscribe(group, topics).await?;
        Ok(Box::new(SealedSubscription { inner, seals: Arc::clone(&self.seals), read: None }))
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        self.inner.lag(group, topics).await
    }
}

struct SealedSubscription {
    inner: Box<dyn Subscription>,
    seals: Arc<Seals>,
    /// Read and not handed out: a call that is dropped while keys are fetched must not lose it.
    read: Option<Vec<Delivery>>,
}

#[async_trait]
impl Subscription for SealedSubscription {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        if self.read.is_none() {
            self.read = Some(self.inner.next_batch(max).await?);
        }
        self.seals.learn(self.read.as_deref().unwrap_or_default()).await?;
        let batch = self.read.take().unwrap_or_default();
        Ok(batch.into_iter().map(|delivery| self.seals.open_one(delivery)).collect())
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        if self.read.is_some() {
            // The position of the bus is past what nobody has seen. A fresh subscription reads it again.
            return Err(BusError::Ended("a batch was read and not handed out".to_owned()));
        }
        self.inner.commit().await
    }

    async fn leave(&mut self) {
        self.inner.leave().await;
    }
}
