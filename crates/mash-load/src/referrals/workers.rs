//! The worker of a hub who is a program: reports, and grades and asks as soon as a referral is there.

use std::time::{Duration, Instant};

use mash_proto::social_care::v1::{
    AskPartnersRequest, GetReferralRequest, Grade, GradeReferralRequest, PartnerQuestion,
    RecordPublicReportRequest, Referral, queue_service_client::QueueServiceClient,
};
use mash_synth::identifiers::request_id;
use tonic::{Code, Status};

use super::{Worker, invented::Invented};

/// A referral that is in the mailbox is in the queue after so many looks, or it is lost.
const LOOKS: usize = 150;
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often a call is tried again after something else has changed the referral.
const ATTEMPTS: usize = 5;

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

    /// Grades what has just arrived, as its first revision.
    async fn grade(&self, name: &str) -> Result<i32, Status> {
        let mut client = QueueServiceClient::new(self.channel.clone());
        let (mut revision, mut attempt, mut looks) = (1, 0, 0);
        while attempt < ATTEMPTS && looks < LOOKS {
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
                    attempt += 1;
                    revision = self.look(name).await?.map_or(revision, |now| now.revision);
                }
                // The mailbox may be faster than the queue.
                Err(status) if status.code() == Code::NotFound => {
                    looks += 1;
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(status) => return Err(status),
            }
        }
        Err(Status::aborted("it is not in the queue, or changes all the time"))
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
