//! Reports of the public and transfers from outside: taken by the hub, and sent the way of every referral.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::referral::report::{Report, ReportKind};
use mash_partner::{Begun, PartnerError, Submission};
use mash_proto::{
    convert::referral::report_from_wire, referral::v1 as wire, social_care::v1 as api,
};
use mash_store::StoreError;
use prost::Message;

use crate::{
    Service,
    error::{Refusal, WORD},
};

impl Service {
    pub(crate) async fn record_public_report(
        &self,
        caller: &Caller,
        request: api::RecordPublicReportRequest,
    ) -> Result<api::RecordPublicReportResponse, Refusal> {
        let question = request.clone();
        let api::RecordPublicReportRequest { request_id, reference, report } = request;
        let report = of_kind(report, &[ReportKind::Public], self.clock.now())?;
        let id = ("RecordPublicReport", request_id.as_str());
        self.submit(caller, id, &question, Submission { reference, report }).await
    }

    pub(crate) async fn record_transfer_in(
        &self,
        caller: &Caller,
        request: api::RecordTransferInRequest,
    ) -> Result<api::RecordTransferInResponse, Refusal> {
        let question = request.clone();
        let api::RecordTransferInRequest { request_id, reference, report } = request;
        let report = of_kind(report, &[ReportKind::Transfer], self.clock.now())?;
        let id = ("RecordTransferIn", request_id.as_str());
        self.submit(caller, id, &question, Submission { reference, report }).await
    }

    pub(crate) async fn confirm_in_writing(
        &self,
        caller: &Caller,
        request: api::ConfirmInWritingRequest,
    ) -> Result<api::ConfirmInWritingResponse, Refusal> {
        let question = request.encode_to_vec();
        let api::ConfirmInWritingRequest { request_id, reference, expected_revision, report } =
            request;
        let case_id = self.partner.case_id(&caller.organisation, &reference);
        let first = self.partner.submitted_at(caller, case_id).await?;
        let report = of_kind(report, &[ReportKind::Public, ReportKind::Transfer], first)?;
        let id = (caller, "ConfirmInWriting", request_id.as_str());
        let mut call = match self.partner.begin(id.0, id.1, id.2, &question).await? {
            Begun::Fresh(call) => call,
            Begun::Done(bytes) => return answer(&bytes),
        };
        let sent = self.partner.confirm_in_writing(&mut call, case_id, &report).await?;
        // It was read at the revision before this one.
        if sent.revision != expected_revision.saturating_add(1) {
            let current = i64::from(sent.revision.saturating_sub(1));
            return Err(PartnerError::Stale { current }.into());
        }
        Ok(call.finish(api::ConfirmInWritingResponse { sent: Some(sent) }).await?)
    }

    async fn submit<Answer: Taken>(
        &self,
        caller: &Caller,
        (method, request_id): (&'static str, &str),
        question: &impl Message,
        submission: Submission,
    ) -> Result<Answer, Refusal> {
        let work = async |mut call: Box<mash_partner::Call>| {
            let sent = self.partner.submit(&mut call, submission).await?;
            Ok((call, Answer::taken(sent)))
        };
        self.partner.once(caller, method, (request_id, question), work).await
    }
}

/// An answer that says what was submitted.
trait Taken: Message + Default {
    fn taken(sent: wire::SentReferral) -> Self;
}

impl Taken for api::RecordPublicReportResponse {
    fn taken(sent: wire::SentReferral) -> Self {
        Self { sent: Some(sent) }
    }
}

impl Taken for api::RecordTransferInResponse {
    fn taken(sent: wire::SentReferral) -> Self {
        Self { sent: Some(sent) }
    }
}

/// A report that a hub may take, read as of this time.
fn of_kind(
    report: Option<wire::Report>,
    kinds: &[ReportKind],
    as_of: Timestamp,
) -> Result<Report, Refusal> {
    let report = report_from_wire(report.unwrap_or_default(), as_of)
        .map_err(|violations| Refusal::Partner(PartnerError::Invalid(violations)))?;
    if kinds.contains(&report.kind) {
        Ok(report)
    } else {
        Err(Refusal::field("report.kind", WORD, "another sort of report, with a call of its own"))
    }
}

fn answer<Answer: Message + Default>(bytes: &[u8]) -> Result<Answer, Refusal> {
    let corrupt = |_| StoreError::Corrupt("the answer to a request");
    Ok(Answer::decode(bytes).map_err(corrupt)?)
}
