//! The worker of a hub who is a program: reports, and grades and asks as soon as a referral is there.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use mash_proto::social_care::v1::{
    AskPartnersRequest, GetReferralRequest, Grade, GradeReferralRequest, ListReferralsRequest,
    PartnerQuestion, RecordPublicReportRequest, Referral, ReferralState,
    queue_service_client::QueueServiceClient,
};
use mash_synth::identifiers::request_id;
use tokio::{sync::watch, time::MissedTickBehavior};
use tonic::{Code, Status};

use super::{Worker, invented::Invented};

/// How often a hub looks at what is new in its queue.
const LOOK: Duration = Duration::from_millis(100);
/// The longest page of the queue.
const PAGE: i32 = 500;
/// A referral that is in the mailbox is in the queue by then, or it is lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a call is tried again after something else has changed the referral.
const ATTEMPTS: usize = 5;

/// What was new in the queue of a hub at any time, with the revision in which it was seen.
pub(crate) type Queue = HashMap<String, i32>;

impl Worker {
    /// The reference of a report of this run.
    pub(crate) fn reference(&self, serial: usize) -> String {
        format!("{}-{serial:07}", self.label)
    }

    /// The number of the report with this reference, if it is one of this run.
    pub(crate) fn serial(&self, reference: &str) -> Option<usize> {
        reference.strip_prefix(&self.label)?.strip_prefix('-')?.parse().ok()
    }

    /// Reports, and records when it was accepted.
    pub(crate) async fn report(self, serial: usize) {
        let reference = self.reference(serial);
        let request = RecordPublicReportRequest {
            request_id: request_id(&format!("load/{reference}")),
            reference,
            report: Some(Invented(serial).report(&self.authority)),
        };
        let mut client = QueueServiceClient::new(self.channel.clone());
        let answer = client.record_public_report(self.request(request)).await;
        let at = Instant::now();
        match answer {
            Ok(_) => _ = self.seen.state().accepted.insert(serial, at),
            Err(status) => self.seen.refused("RecordPublicReport", &status),
        }
        self.seen.state().answered += 1;
    }

    /// Looks at what is new in the queue, again and again, and tells whoever waits for it.
    pub(crate) async fn watch(self, queue: watch::Sender<Queue>) {
        let mut client = QueueServiceClient::new(self.channel.clone());
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let request = self.request(ListReferralsRequest {
                page_size: PAGE,
                states: vec![ReferralState::Received.into()],
                ..ListReferralsRequest::default()
            });
            match client.list_referrals(request).await {
                Ok(page) => {
                    let new = page.into_inner().referrals.into_iter();
                    queue.send_modify(|queue| queue.extend(new.map(|it| (it.name, it.revision))));
                }
                Err(status) => self.seen.refused("ListReferrals", &status),
            }
        }
    }

    /// Grades and asks.
    pub(crate) async fn work(self, serial: usize, case_id: String) {
        let name = format!("referrals/{case_id}");
        let revision = match self.grade(&name).await {
            Ok(revision) => revision,
            Err(status) => return self.seen.refused("GradeReferral", &status),
        };
        let begun = Instant::now();
        self.seen.state().asked.insert(serial, (begun, false));
        match self.ask(&name, revision).await {
            Ok(()) => _ = self.seen.state().asked.insert(serial, (begun, true)),
            Err(status) => self.seen.refused("AskPartners", &status),
        }
    }

    /// The referral as it now stands.
    async fn look(&self, name: &str) -> Result<Option<Referral>, Status> {
        let mut client = QueueServiceClient::new(self.channel.clone());
        let request = self.request(GetReferralRequest { name: name.to_owned() });
        Ok(client.get_referral(request).await?.into_inner().referral)
    }

    /// The revision of a referral, once it is in the queue.
    async fn in_queue(&self, name: &str) -> Option<i32> {
        let mut queue = self.queue.clone();
        let found = queue.wait_for(|queue| queue.contains_key(name));
        let found = tokio::time::timeout(PATIENCE, found).await.ok()?.ok()?;
        found.get(name).copied()
    }

    /// Grades what has just arrived, once it is in the queue: the mailbox may be faster.
    async fn grade(&self, name: &str) -> Result<i32, Status> {
        let Some(mut revision) = self.in_queue(name).await else {
            return Err(Status::not_found("it is in the mailbox, and not in the queue"));
        };
        let mut client = QueueServiceClient::new(self.channel.clone());
        for attempt in 0..ATTEMPTS {
            let request = GradeReferralRequest {
                request_id: request_id(&format!("load/grade/{name}/{attempt}")),
                name: name.to_owned(),
                expected_revision: revision,
                grade: Grade::Amber.into(),
                reason: String::new(),
            };
            match client.grade_referral(self.request(request)).await {
                Ok(answer) => {
                    return Ok(answer.into_inner().referral.map_or(revision, |now| now.revision));
                }
                Err(status) if status.code() == Code::Aborted => {
                    revision = self.look(name).await?.map_or(revision, |now| now.revision);
                }
                Err(status) => return Err(status),
            }
        }
        Err(Status::aborted("it changes all the time"))
    }

    async fn ask(&self, name: &str, revision: i32) -> Result<(), Status> {
        let mut client = QueueServiceClient::new(self.channel.clone());
        let mut revision = revision;
        for attempt in 0..ATTEMPTS {
            let question = |partner: &mash_proto::r#type::v1::Organisation| PartnerQuestion {
                partner: Some(partner.clone()),
                topics: vec!["household".to_owned()],
                text: "What do you know of this child and the household?".to_owned(),
                due_time: None,
            };
            let request = AskPartnersRequest {
                request_id: request_id(&format!("load/ask/{name}/{attempt}")),
                name: name.to_owned(),
                expected_revision: revision,
                questions: self.partners.iter().map(question).collect(),
            };
            match client.ask_partners(self.request(request)).await {
                Ok(_) => return Ok(()),
                Err(status) if status.code() == Code::Aborted => {
                    revision = self.look(name).await?.map_or(revision, |now| now.revision);
                }
                Err(status) => return Err(status),
            }
        }
        Err(Status::aborted("it changes all the time"))
    }
}
