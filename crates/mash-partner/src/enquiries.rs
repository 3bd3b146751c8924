//! Questions of a hub, and the answers to them.

use mash_chassis::Caller;
use mash_domain::sharing::Flow;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, ProfessionalContact, ReceiptKind, Reply},
    referral::v1::{self as wire, ItemKind, ItemSubmitted, StatedFacts},
};
use mash_store::{StoreError, outbox};
use prost::Message as _;

use crate::{
    Call, Page, Partner, PartnerError,
    error::{NO_ANSWER, NO_REASON, WORD},
    items::{Done, Received, item_id, number, receipt, submitted},
    prompts::{kinds, settle},
    store::{
        Conn, Owner,
        enquiries::{self, AnswerRow, EnquiryRow},
    },
};

/// What a partner tells in answer to a question.
#[derive(Clone, Default)]
pub struct Answer {
    /// What it tells, labelled by class; whom to ask is filled in.
    pub content: Content,
    /// What it states of the circumstances, where the rules ask.
    pub facts: StatedFacts,
    /// It holds nothing on the child. That is an answer and not a refusal.
    pub nothing_known: bool,
    /// Who answers.
    pub by: ProfessionalContact,
}

/// Why a partner gives no answer.
#[derive(Clone, Default)]
pub struct NoAnswer {
    /// A code such as `legal-advice`, `would-harm`, `not-ours-to-share`.
    pub code: String,
    /// In words.
    pub reason: String,
    /// Who refuses.
    pub by: ProfessionalContact,
}

/// The reasons for which a question may be refused.
const REFUSALS: [&str; 6] = [
    "not-known-to-us",
    "legal-advice",
    "would-harm",
    "not-ours-to-share",
    "court-order",
    "live-investigation",
];

impl Partner {
    /// The questions to the caller's organisation, oldest first, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] if the store fails.
    pub async fn list_enquiries(
        &self,
        caller: &Caller,
        page: Page,
        open_only: bool,
    ) -> Result<(Vec<wire::ReceivedEnquiry>, String), PartnerError> {
        let organisation = caller.organisation.to_string();
        let owner = self.owner(&organisation);
        let mut conn = self.store.read().await?;
        let rows = enquiries::list(&mut conn, owner, page, open_only).await?;
        let (rows, next) = page.cut(rows, |row| row.seq);
        let mut shown = Vec::with_capacity(rows.len());
        for row in &rows {
            shown.push(self.show_enquiry(&mut conn, owner, row).await?);
        }
        drop(conn);
        self.looked(caller, "list-enquiries", "enquiries").await?;
        Ok((shown, next))
    }

    /// One question to the caller's organisation.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if it was never asked.
    pub async fn get_enquiry(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<wire::ReceivedEnquiry, PartnerError> {
        let organisation = caller.organisation.to_string();
        let owner = self.owner(&organisation);
        let mut conn = self.store.read().await?;
        let row = enquiries::find(&mut conn, owner, id).await?.ok_or(PartnerError::NotFound)?;
        let shown = self.show_enquiry(&mut conn, owner, &row).await?;
        drop(conn);
        self.looked(caller, "read-enquiry", &shown.name).await?;
        Ok(shown)
    }

    /// Answers a question. Answering again corrects the answer: both are kept. After the hub has closed the question the
    /// answer is late: it is kept and shown all the same. The returned enquiry comes without its content.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if it was never asked; [`PartnerError::Invalid`] if the answer says nothing.
    pub async fn answer(
        &self,
        call: &mut Call,
        id: &str,
        answer: Answer,
    ) -> Result<wire::ReceivedEnquiry, PartnerError> {
        let row = self.asked(call, id).await?;
        let Answer { mut content, facts, nothing_known, by } = answer;
        if content == Content::default() && !nothing_known {
            let what = "say what is known, or that nothing is";
            return Err(PartnerError::field("answer", NO_ANSWER, what));
        }
        content.reply = Some(Reply { nothing_known, ..Reply::default() });
        content.officer = Some(named(call, by));
        let facts = StatedFacts { child_under_18: true, ..facts };
        self.reply(call, row, (content, facts), "").await
    }

    /// Refuses a question, with a reason.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Invalid`] without a reason; [`PartnerError::Answered`] if an answer went before;
    /// [`PartnerError::NotFound`] if it was never asked.
    pub async fn refuse(
        &self,
        call: &mut Call,
        id: &str,
        NoAnswer { code, reason, by }: NoAnswer,
    ) -> Result<wire::ReceivedEnquiry, PartnerError> {
        let row = self.asked(call, id).await?;
        if !REFUSALS.contains(&code.as_str()) {
            let what = format!("must be one of `{}`", REFUSALS.join("`, `"));
            return Err(PartnerError::field("code", WORD, &what));
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 2_000 {
            let what =
                "say why, in at most 2,000 characters: a refusal has a reason, and it is recorded";
            return Err(PartnerError::field("reason", NO_REASON, what));
        }
        if row.answered > 0 && !row.refused {
            return Err(PartnerError::Answered);
        }
        let reply = Reply {
            refusal_code: code.clone(),
            refusal_reason: reason.to_owned(),
            nothing_known: false,
        };
        let content =
            Content { reply: Some(reply), officer: Some(named(call, by)), ..Content::default() };
        let facts = StatedFacts { child_under_18: true, ..StatedFacts::default() };
        self.reply(call, row, (content, facts), &code).await
    }

    async fn asked(&self, call: &mut Call, id: &str) -> Result<EnquiryRow, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        enquiries::lock(&mut call.tx, owner, id).await?.ok_or(PartnerError::NotFound)
    }

    async fn reply(
        &self,
        call: &mut Call,
        mut row: EnquiryRow,
        (content, facts): (Content, StatedFacts),
        refusal_code: &str,
    ) -> Result<wire::ReceivedEnquiry, PartnerError> {
        let agency = self.agency.component;
        row.answered += 1;
        row.refused = !refusal_code.is_empty();
        row.next = None;
        let event = ItemSubmitted {
            case_id: row.case_id.clone(),
            item_id: item_id(&[&row.item_id, "answer", &call.key]),
            revision: number(row.answered),
            kind: ItemKind::Answer.into(),
            flow: Flow::EnquiryAnswer.word().to_owned(),
            from: Some((&call.organisation).into()),
            to: vec![(&row.from).into()],
            reply_to: row.item_id.clone(),
            content: Some(content),
            facts: Some(facts),
            submit_time: Some(time_to_wire(call.now)),
            reference: row.reference.clone(),
            practitioner: call.practitioner.clone(),
            ..ItemSubmitted::default()
        };
        enquiries::put(&mut call.tx, agency, &row).await?;
        let answer = AnswerRow {
            revision: row.answered,
            at: call.now,
            late: row.closed.is_some(),
            refusal_code: refusal_code.to_owned(),
            practitioner: call.practitioner.clone(),
            event: event.encode_to_vec(),
        };
        let owner = Owner { agency, organisation: &call.key };
        enquiries::put_answer(&mut call.tx, owner, (&row.case_id, &row.item_id), &answer).await?;
        let read = Done {
            kind: ReceiptKind::Acknowledged,
            practitioner: &call.practitioner,
            reason: "",
            now: call.now,
            cause: None,
        };
        // Whoever answers a question has read it.
        let read = receipt(&self.agency, &received(&row, &call.organisation), &read);
        let told = submitted(&self.agency, &event, call.now);
        outbox::enqueue(&mut call.tx, agency, &[read, told]).await?;
        let subject = format!("enquiries/{}", row.item_id);
        for kind in [kinds::ANSWER_ENQUIRY, kinds::ANSWER_OVERDUE] {
            settle(&mut call.tx, owner, (&subject, kind), call.now).await?;
        }
        call.record(if refusal_code.is_empty() { "answer" } else { "refuse" }, &subject).await?;
        let owner = Owner { agency, organisation: &call.key };
        let shown = self.show_enquiry(&mut call.tx, owner, &row).await?;
        Ok(wire::ReceivedEnquiry { content: None, ..shown })
    }

    async fn show_enquiry(
        &self,
        conn: &mut Conn,
        owner: Owner<'_>,
        row: &EnquiryRow,
    ) -> Result<wire::ReceivedEnquiry, StoreError> {
        let now = self.clock.now();
        let answers = enquiries::answers(conn, owner, &row.item_id).await?;
        let content = Content::decode(row.content.as_slice())
            .map_err(|_| StoreError::Corrupt("an enquiry cannot be decoded"))?;
        let reminders = content.question.as_ref().map_or(0, |question| question.reminders);
        let state = if row.closed.is_some() {
            wire::EnquiryState::Closed
        } else if row.answered == 0 {
            wire::EnquiryState::Open
        } else if row.refused {
            wire::EnquiryState::Refused
        } else {
            wire::EnquiryState::Answered
        };
        Ok(wire::ReceivedEnquiry {
            name: format!("enquiries/{}", row.item_id),
            from: Some((&row.from).into()),
            // Nothing rather than an empty content, where it was deleted.
            content: (!row.content.is_empty()).then_some(content),
            state: state.into(),
            receive_time: Some(time_to_wire(row.received)),
            clock: Some(clock(row, answers.first(), now)),
            reminders,
            rule_ids: row.rule_ids.clone(),
            case_id: row.case_id.clone(),
            answers: answers.iter().map(given).collect(),
        })
    }
}

/// The clock of the answer: the hub that asks has said when it is due.
fn clock(row: &EnquiryRow, first: Option<&AnswerRow>, now: jiff::Timestamp) -> wire::Clock {
    let state = match (first, row.closed) {
        (Some(answer), _) if answer.at < row.due => wire::ClockState::Met,
        (Some(_), _) => wire::ClockState::MetLate,
        (None, Some(_)) => wire::ClockState::Cancelled,
        (None, None) if row.due <= now => wire::ClockState::Breached,
        (None, None) => wire::ClockState::Running,
    };
    wire::Clock {
        rule: "enquiry".to_owned(),
        start_time: Some(time_to_wire(row.received)),
        due_time: Some(time_to_wire(row.due)),
        warn_time: Some(time_to_wire(row.due)),
        state: state.into(),
        met_time: first.map(|answer| time_to_wire(answer.at)),
        warns_role: "partner-contact".to_owned(),
        ..wire::Clock::default()
    }
}

fn given(row: &AnswerRow) -> wire::GivenAnswer {
    wire::GivenAnswer {
        revision: number(row.revision),
        answer_time: Some(time_to_wire(row.at)),
        late: row.late,
        refusal_code: row.refusal_code.clone(),
        practitioner: row.practitioner.clone(),
    }
}

/// What a receipt for a question is for.
pub(crate) fn received<'a>(
    row: &'a EnquiryRow,
    recipient: &'a mash_domain::organisation::OrganisationId,
) -> Received<'a> {
    Received {
        release_id: &row.release_id,
        item_id: &row.item_id,
        case_id: &row.case_id,
        recipient,
        revision: row.revision,
    }
}

/// Whom to ask about it.
pub(crate) fn named(call: &Call, by: ProfessionalContact) -> ProfessionalContact {
    ProfessionalContact {
        reference: call.practitioner.clone(),
        organisation: call.key.clone(),
        ..by
    }
}
