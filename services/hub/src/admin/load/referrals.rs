//! `mash load referrals` and `mash load queue`.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use mash_bus::{Bus, BusMessage, topics};
use mash_domain::organisation::OrganisationId;
use mash_load::referrals::{self, ReferralLoad, Target, queue, released};
use prost::Message as _;

use super::{
    LoadArgs,
    on_the_way::{self, Ways},
};
use crate::{
    data::Data,
    keyring::{self, Keyring},
};

/// Authorities of South Wales and Gwent.
const HUBS: [&str; 10] = ["672", "681", "670", "671", "674", "673", "675", "676", "677", "680"];
/// Whom each of them asks.
const PARTNERS: [&str; 5] =
    ["police/62", "health-board/7A3", "health-board/7A4", "school/6722301", "school/6722302"];
/// Releases that are published at once.
const BATCH: usize = 200;
/// How long a hub may take to pass on what filled its queues.
const DRAIN: Duration = Duration::from_secs(1_800);

impl LoadArgs {
    /// Reports referrals at a rate, has every partner asked about each, and prints the report as JSON.
    pub(super) async fn referrals(
        &self,
        data: &Data,
        endpoint: &str,
        server_pid: u32,
    ) -> anyhow::Result<()> {
        let config = ReferralLoad {
            endpoint: endpoint.to_owned(),
            hubs: self.hubs(data)?,
            partners: PARTNERS.iter().map(|word| target(data, word)).collect::<Result<_, _>>()?,
            rate: self.rate,
            seconds: self.seconds(),
            drain: Duration::from_secs(60),
            server_pid: Some(server_pid),
            label: self.label.clone(),
        };
        let report = referrals::run(config).await?;
        println!("{}", serde_json::to_string_pretty(&report)?);
        ensure!(report.is_clean(), "the run was not clean");
        Ok(())
    }

    /// Fills the queues of some hubs, then calls as their workers do, and prints the report as JSON.
    pub(super) async fn queue(&self, data: &Data, endpoint: &str) -> anyhow::Result<()> {
        let hubs = self.hubs(data)?;
        let url = self.database.clone().unwrap_or_else(|| data.embedded_database());
        let keys = Keyring::Files(None);
        let store = keyring::open(&keys, &url, data).await.context("the database of the hub")?;
        let bus = mash_bus::connect(&self.bus, &store).await.context("the bus of the hub")?;
        self.fill(bus.as_ref(), &hubs).await?;
        for hub in &hubs {
            self.filled(endpoint, hub).await?;
        }
        // Each referrer is told that the referral has arrived: a hub with that backlog is not what is measured.
        on_the_way::passed((&store, bus.as_ref()), &Ways::REFERRALS, DRAIN).await?;
        store.close().await;
        let config = queue::QueueLoad {
            endpoint: endpoint.to_owned(),
            hubs,
            rate: self.rate,
            seconds: self.seconds(),
            label: self.label.clone(),
        };
        let report = queue::run(config).await?;
        println!("{}", serde_json::to_string_pretty(&report)?);
        ensure!(report.refused.is_empty(), "calls were refused");
        Ok(())
    }

    fn open(&self) -> usize {
        self.open.unwrap_or(10_000)
    }

    fn hubs(&self, data: &Data) -> anyhow::Result<Vec<Target>> {
        ensure!((1..=HUBS.len()).contains(&self.hubs), "1 to {} hubs", HUBS.len());
        let hubs = HUBS.iter().take(self.hubs);
        hubs.map(|code| target(data, &format!("authority/{code}"))).collect()
    }

    /// Publishes what routing would have released, so that filling the queues takes minutes and not hours.
    async fn fill(&self, bus: &dyn Bus, hubs: &[Target]) -> anyhow::Result<()> {
        let now = Timestamp::now();
        for first in (0..self.open()).step_by(BATCH) {
            for hub in hubs {
                let last = (first + BATCH).min(self.open());
                let message = |number| {
                    let (event_id, envelope) =
                        released(&hub.organisation, &self.label, number, now);
                    BusMessage {
                        topic: topics::DISCLOSED_SOCIAL_CARE.to_owned(),
                        key: format!("authority/{}", hub.organisation.code),
                        event_id,
                        payload: envelope.encode_to_vec().into(),
                    }
                };
                let batch: Vec<_> = (first..last).map(message).collect();
                bus.publish(&batch).await.context("the queues cannot be filled")?;
            }
        }
        Ok(())
    }

    async fn filled(&self, endpoint: &str, hub: &Target) -> anyhow::Result<()> {
        let mut open = 0;
        for _ in 0..600 {
            open = queue::open(endpoint, hub).await?;
            if open >= self.open() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        anyhow::bail!("after ten minutes only {open} of {} referrals are in the queue", self.open())
    }
}

fn target(data: &Data, word: &str) -> anyhow::Result<Target> {
    let organisation: OrganisationId = word.parse()?;
    let tls = data.organisation(&organisation)?;
    Ok(Target { organisation: (&organisation).into(), tls })
}
