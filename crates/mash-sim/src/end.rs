//! When everything has come to rest: is everything accounted for?

use std::collections::BTreeMap;

use mash_proto::{
    police::v1::{WatchOutcomesRequest, police_service_client::PoliceServiceClient},
    referral::v1::ItemKind,
    sharing::v1::{GetConservationRequest, sharing_service_client::SharingServiceClient},
    social_care::v1::{
        GetReferralConservationRequest, GetReferralConservationResponse,
        queue_service_client::QueueServiceClient,
    },
};
use mash_store::{dead_letters, testing::contents};
use tokio_stream::StreamExt as _;
use tonic::Request;

use crate::{process::Kind, world::World};

/// Tables that hold how something came about, not what is so: two runs may differ in them.
const BOOKKEEPING: [&str; 12] = [
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
    "police_accesses",
    "education_accesses",
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

    /// Every hub counts for itself, and so does routing, item by item.
    async fn referrals_are_done(&mut self) -> anyhow::Result<()> {
        let local = self.local(Kind::Routing, "operator/hub")?;
        let counts = SharingServiceClient::new(local)
            .get_conservation(Request::new(GetConservationRequest {}))
            .await?
            .into_inner();
        for count in &counts.items {
            let kind = count.kind().as_str_name();
            let ended = count.acknowledged + count.escalated + count.withheld;
            if count.pending != 0 || ended != count.accepted {
                self.guardian.broken(format!(
                    "P1: of {} {kind} {ended} ended and {} are pending",
                    count.accepted, count.pending
                ));
            }
            if count.kind() == ItemKind::Referral {
                self.counts.insert("referrals routed", u64::try_from(count.items).unwrap_or(0));
            }
            let all = self.counts.entry("items for recipients").or_default();
            *all += u64::try_from(count.accepted).unwrap_or(0);
        }
        let mut total = GetReferralConservationResponse::default();
        for authority in self.settings.region.authorities {
            let local = self.local(Kind::SocialCare, &format!("authority/{authority}"))?;
            let request = Request::new(GetReferralConservationRequest {});
            let one = QueueServiceClient::new(local).get_referral_conservation(request).await?;
            let one = one.into_inner();
            total.accepted += one.accepted;
            total.decided += one.decided;
            total.open += one.open;
            total.withdrawn += one.withdrawn;
            total.feedback_acknowledged += one.feedback_acknowledged;
            total.feedback_escalated += one.feedback_escalated;
            total.feedback_withheld += one.feedback_withheld;
            total.feedback_pending += one.feedback_pending;
        }
        for (what, number) in [
            ("referrals at hubs", total.accepted),
            ("referrals decided at hubs", total.decided),
            ("feedback acknowledged", total.feedback_acknowledged),
            ("feedback escalated", total.feedback_escalated),
            ("feedback withheld", total.feedback_withheld),
        ] {
            self.counts.insert(what, u64::try_from(number).unwrap_or(0));
        }
        if total.open != 0
            || total.decided + total.withdrawn != total.accepted
            || total.feedback_pending != 0
        {
            self.guardian.broken(format!(
                "P1: of {} referrals {} are decided, {} open, {} without feedback",
                total.accepted, total.decided, total.open, total.feedback_pending
            ));
        }
        let sent = self.counts.get("referrals accepted").copied().unwrap_or(0);
        let routed = self.counts.get("referrals routed").copied().unwrap_or(0);
        if sent != routed {
            self.guardian.broken(format!("P1: {sent} referrals were accepted and {routed} routed"));
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
        let (mut seen, mut open) = (0_u64, 0_u64);
        while let Some(answer) = outcomes.next().await {
            let Some(outcome) = answer?.outcome else { continue };
            seen += 1;
            let ended = [DutyState::Acknowledged, DutyState::Escalated, DutyState::Withheld];
            open += u64::from(!ended.contains(&outcome.state()));
        }
        let accepted = self.counts.get("duties accepted").copied().unwrap_or(0);
        if open > 0 || seen != accepted {
            self.guardian.broken(format!(
                "P1: police see {seen} duties of {accepted}, {open} of them not ended"
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
