//! How events reach a service: in batches, some of them twice, some of them again long after.

use std::sync::Arc;

use anyhow::Context as _;

use super::World;
use crate::{bus::locked, process::Kind, pulse::Place};

impl World {
    pub(super) async fn take_in(&mut self, kind: Kind, place: usize) -> anyhow::Result<()> {
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
            self.delivered_twice(deliveries.len());
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
            self.delivered_twice(all.len());
        }
        for one in fresh {
            all.push(one.clone());
            if self.copies.below(1_000) < self.settings.faults.duplicates {
                self.delivered_twice(1);
                all.push(one.clone());
            }
        }
        all
    }

    fn delivered_twice(&mut self, events: usize) {
        *self.counts.entry("events delivered twice").or_default() +=
            u64::try_from(events).unwrap_or(0);
    }
}
