//! A bus that may be away when a service starts: what the service keeps can be read meanwhile, and it joins by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mash_store::Tx;

use crate::{Bus, BusError, BusMessage, Subscription, TopicSpec, backoff::Backoff};

/// How long a service that starts waits for the bus.
const AT_START: Duration = Duration::from_secs(3);

/// The bus, with patience for its topics: a bus that is away when they are to be made is asked again in the background
/// until it is there. Whoever reads and publishes tries again by himself anyway.
///
/// What the bus refuses is still an error: that is no matter of time.
#[must_use]
pub fn patient(bus: Arc<dyn Bus>) -> Arc<dyn Bus> {
    Arc::new(Patient { bus, asking: Arc::default() })
}

struct Patient {
    bus: Arc<dyn Bus>,
    /// Whether somebody asks for topics in the background.
    asking: Arc<AtomicBool>,
}

#[async_trait]
impl Bus for Patient {
    async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), BusError> {
        if self.asking.load(Ordering::Acquire) {
            // The bus was away a moment ago. Services that start beside one another need the same topics.
            ask_until_there(Arc::clone(&self.bus), topics.to_vec(), None);
            return Ok(());
        }
        let (bus, wanted) = (Arc::clone(&self.bus), topics.to_vec());
        // A task of its own: what has begun is not torn down when the wait is over.
        let mut asked = tokio::spawn(async move { bus.ensure_topics(&wanted).await });
        let why = match tokio::time::timeout(AT_START, &mut asked).await {
            Ok(Ok(Err(BusError::Away(why)))) => why,
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(_)) => return Err(BusError::Broker("the call was interrupted".to_owned())),
            Err(_) => "it did not answer in time".to_owned(),
        };
        tracing::warn!(
            why,
            "the bus is away; what is kept is served, and the topics are made when it is back"
        );
        self.asking.store(true, Ordering::Release);
        let asking = Arc::clone(&self.asking);
        ask_until_there(Arc::clone(&self.bus), topics.to_vec(), Some(asking));
        Ok(())
    }

    async fn publish(&self, batch: &[BusMessage]) -> Result<(), BusError> {
        self.bus.publish(batch).await
    }

    async fn publish_in(&self, tx: &mut Tx, batch: &[BusMessage]) -> Result<bool, BusError> {
        self.bus.publish_in(tx, batch).await
    }

    async fn publish_within(&self, batch: &[BusMessage], limit: Duration) -> Result<(), BusError> {
        self.bus.publish_within(batch, limit).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[&str],
    ) -> Result<Box<dyn Subscription>, BusError> {
        self.bus.subscribe(group, topics).await
    }

    async fn lag(&self, group: &str, topics: &[&str]) -> Result<u64, BusError> {
        self.bus.lag(group, topics).await
    }
}

/// Asks again and again, as long as the process lives: it serves nothing new before that.
fn ask_until_there(bus: Arc<dyn Bus>, topics: Vec<TopicSpec>, asking: Option<Arc<AtomicBool>>) {
    tokio::spawn(async move {
        let mut backoff = Backoff::new();
        loop {
            tokio::time::sleep(backoff.step()).await;
            match bus.ensure_topics(&topics).await {
                Ok(()) => break,
                Err(BusError::Away(_)) => (),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "topics cannot be made, which is tried again");
                }
            }
        }
        if let Some(asking) = asking {
            asking.store(false, Ordering::Release);
            tracing::info!("the bus is back, and every topic is there");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// Answers as it is told to, and counts.
    #[derive(Default)]
    struct Odd {
        away: AtomicBool,
        refuses: bool,
        asked: AtomicU32,
    }

    #[async_trait]
    impl Bus for Odd {
        async fn ensure_topics(&self, _: &[TopicSpec]) -> Result<(), BusError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.refuses {
                return Err(BusError::Broker("not for you".to_owned()));
            }
            if self.away.load(Ordering::Relaxed) {
                return Err(BusError::Away("nobody answers".to_owned()));
            }
            Ok(())
        }

        async fn publish(&self, _: &[BusMessage]) -> Result<(), BusError> {
            Ok(())
        }

        async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
            Err(BusError::Ended("mute".to_owned()))
        }

        async fn lag(&self, _: &str, _: &[&str]) -> Result<u64, BusError> {
            Ok(0)
        }
    }

    const TOPICS: [TopicSpec; 1] = [TopicSpec { name: "mash.t", partitions: 1, compacted: false }];

    async fn until(odd: &Odd, count: u32) {
        let waiting = async {
            while odd.asked.load(Ordering::Relaxed) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it is asked again");
    }

    #[tokio::test]
    async fn a_bus_that_is_away_is_asked_until_it_is_back() {
        let odd = Arc::new(Odd { away: AtomicBool::new(true), ..Odd::default() });
        let bus = patient(odd.clone());
        bus.ensure_topics(&TOPICS).await.unwrap();
        until(&odd, 4).await;
        odd.away.store(false, Ordering::Relaxed);
        let back = odd.asked.load(Ordering::Relaxed);
        until(&odd, back + 1).await;
        // Whatever was being asked when it came back is over by the next answer.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let left = odd.asked.load(Ordering::Relaxed);
        assert!(left <= back + 2, "once it is back it is left in peace");
        bus.ensure_topics(&TOPICS).await.unwrap();
        assert_eq!(odd.asked.load(Ordering::Relaxed), left + 1, "and asked at once");
    }

    #[tokio::test]
    async fn what_the_bus_refuses_is_told_at_once() {
        let odd = Arc::new(Odd { refuses: true, ..Odd::default() });
        assert!(patient(odd.clone()).ensure_topics(&TOPICS).await.is_err());
        assert_eq!(odd.asked.load(Ordering::Relaxed), 1);
    }
}
