//! When everything has come to rest: is everything accounted for?

use std::collections::BTreeMap;

use mash_proto::{
    police::v1::{WatchOutcomesRequest, police_service_client::PoliceServiceClient},
    sharing::v1::{GetConservationRequest, sharing_service_client::SharingServiceClient},
};
use mash_store::{dead_letters, testing::contents};
use tokio_stream::StreamExt as _;
use tonic::Request;

use crate::{process::Kind, world::World};

mod referrals;

/// Tables that hold how something came about, not what is so: two runs may differ in them. So may accesses, for whoever
/// reads again has read twice.
const BOOKKEEPING: [&str; 14] = [
    "outbox",
    "outbox_guards",
    "outbox_flights",
    "outbox_barred",
    "seen_events",
    "requests",
    "leases",
    "migrations",
    "guards",
    "dead_letters",
    // Salts are drawn by lot.
    "evidence",
    "evidence_salts",
    "police_accesses",
    "partner_accesses",
];

impl World {
    /// Adds what is not as promised to the findings (P1).
    ///
    /// # Errors
    ///
    /// If a service cannot be asked.
    pub async fn balance(&mut self) -> anyhow::Result<()> {
        self.duties_are_done().await?;
        self.police_agree().await?;
        self.referrals_are_done().await?;
        self.nothing_was_buried().await?;
        Ok(())
    }

    async fn duties_are_done(&mut self) -> anyhow::Result<()> {
        let local = self.local(Kind::Routing, "operator/hub")?;
        let counts = SharingServiceClient::new(local)
            .get_conservation(Request::new(GetConservationRequest {}))
            .await?
            .into_inner();
        let ended = counts.acknowledged + counts.escalated + counts.withheld;
        for (what, number) in [
            ("duties accepted", counts.accepted),
            ("duties acknowledged", counts.acknowledged),
            ("duties escalated", counts.escalated),
            ("duties withheld", counts.withheld),
            ("duties late", counts.late),
        ] {
            self.counts.insert(what, u64::try_from(number).unwrap_or(0));
        }
        if counts.pending != 0 || ended != counts.accepted {
            self.guardian.broken(format!(
                "P1: of {} duties {ended} ended and {} are pending",
                counts.accepted, counts.pending
            ));
        }
        Ok(())
    }

    /// Police count for themselves.
    async fn police_agree(&mut self) -> anyhow::Result<()> {
        use mash_proto::disclosure::v1::DutyState;
        let local = self.local(Kind::Police, &format!("police/{}", self.settings.region.force))?;
        let mut request =
            Request::new(WatchOutcomesRequest { snapshot_only: true, ..Default::default() });
        request.metadata_mut().insert("mash-practitioner", "pc-4711".parse()?);
        let mut outcomes =
            PoliceServiceClient::new(local).watch_outcomes(request).await?.into_inner();
        let (mut seen, mut open) = (0_u64, Vec::new());
        while let Some(answer) = outcomes.next().await {
            let Some(outcome) = answer?.outcome else { continue };
            seen += 1;
            let ended = [DutyState::Acknowledged, DutyState::Escalated, DutyState::Withheld];
            if !ended.contains(&outcome.state()) {
                let to = outcome.recipient.as_ref().map(|it| it.code.clone()).unwrap_or_default();
                let state = outcome.state().as_str_name();
                open.push(format!("{} of {} for {to}: {state}", outcome.duty, outcome.incident));
            }
        }
        let accepted = self.counts.get("duties accepted").copied().unwrap_or(0);
        if !open.is_empty() || seen != accepted {
            self.guardian.broken(format!(
                "P1: police see {seen} duties of {accepted}, not ended: {}",
                open.join("; ")
            ));
        }
        Ok(())
    }

    /// Nothing that a service sent is unreadable to another.
    async fn nothing_was_buried(&mut self) -> anyhow::Result<()> {
        let mut buried = Vec::new();
        for (kind, store) in self.witnesses() {
            for letter in dead_letters::list(store, None, 5).await? {
                buried.push(format!(
                    "{} buried an event of {} with {}",
                    kind.word(),
                    letter.topic,
                    letter.code
                ));
            }
        }
        buried.into_iter().for_each(|words| self.guardian.broken(words));
        Ok(())
    }

    /// What every store holds, table by table, without what only tells how it came about.
    ///
    /// # Errors
    ///
    /// If a store cannot be read.
    pub async fn state(&self) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
        let mut all = BTreeMap::new();
        let leave_out = |table: &str, column: &str| {
            BOOKKEEPING.contains(&table) || table.starts_with("migration") || column == "seq"
        };
        for (kind, store) in self.witnesses() {
            for (table, rows) in contents(store, leave_out).await? {
                all.insert(format!("{}/{table}", kind.word()), rows);
            }
        }
        Ok(all)
    }
}
