//! What somebody has to do: raised by clocks and by what arrives, closed by what is done, or by hand with a reason.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::{convert::time_to_wire, referral::v1 as wire};
use mash_store::{StoreError, Tx};

use crate::{
    Call, Page, Partner, PartnerError,
    error::{NAME, NO_REASON},
    names::id_of,
    store::{
        Owner,
        prompts::{self, PromptRow},
    },
};

/// The kinds of prompt that the library raises by itself.
pub mod kinds {
    /// A report by telephone waits to be confirmed in writing.
    pub const CONFIRM_IN_WRITING: &str = "confirm-in-writing";
    /// Nobody has acknowledged a referral: contact the hub again.
    pub const CHASE: &str = "chase";
    /// An item was not delivered, or withheld.
    pub const NOT_DELIVERED: &str = "not-delivered";
    /// The hub has told something about a referral that nobody has acknowledged yet.
    pub const READ_FEEDBACK: &str = "read-feedback";
    /// A question waits for its answer.
    pub const ANSWER_ENQUIRY: &str = "answer-enquiry";
    /// The time for an answer has passed.
    pub const ANSWER_OVERDUE: &str = "answer-overdue";
    /// An invitation waits for its answer.
    pub const ANSWER_INVITATION: &str = "answer-invitation";
    /// What is stored of it cannot be read, and its clocks stand still until it is mended.
    pub const UNREADABLE: &str = "unreadable";
}

impl Partner {
    /// Raises a prompt of the service's own. One that is open already stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn raise_prompt(
        &self,
        call: &mut Call,
        (subject, kind): (&str, &str),
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let person = call.practitioner.clone();
        raise(&mut call.tx, owner, (subject, kind), (&person, call.now, due)).await
    }

    /// Closes a prompt, for what it asked was done. Without such a prompt nothing happens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn settle_prompt(
        &self,
        call: &mut Call,
        subject: &str,
        kind: &str,
    ) -> Result<(), StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        settle(&mut call.tx, owner, (subject, kind), call.now).await
    }

    /// Raises a prompt for this person where nobody has called, as when a clock of the service rings.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn prompt_person(
        &self,
        tx: &mut Tx,
        (organisation, subject, kind): (&str, &str, &str),
        (person, due): (&str, Option<Timestamp>),
    ) -> Result<(), StoreError> {
        let told = (person, self.clock.now(), due);
        raise(tx, self.owner(organisation), (subject, kind), told).await
    }

    /// Closes a prompt of [`Partner::prompt_person`]. Without such a prompt nothing happens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn settle_person(
        &self,
        tx: &mut Tx,
        (organisation, subject, kind): (&str, &str, &str),
    ) -> Result<(), StoreError> {
        settle(tx, self.owner(organisation), (subject, kind), self.clock.now()).await
    }

    /// Closes a prompt by hand. Nothing is closed without a reason.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] without a reason, or if the caller has no such open prompt.
    pub async fn close_prompt(
        &self,
        call: &mut Call,
        name: &str,
        reason: &str,
    ) -> Result<wire::Prompt, PartnerError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 1_000 {
            let what = "say why, in at most 1,000 characters";
            return Err(PartnerError::field("reason", NO_REASON, what));
        }
        let number = id_of("name", "prompts/", name)?.parse::<i64>();
        let number =
            number.map_err(|_| PartnerError::field("name", NAME, "`prompts/` and a number"))?;
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let found = prompts::find(&mut call.tx, owner, number).await?;
        let found = found.ok_or(PartnerError::NotFound)?;
        let by = (call.now, call.practitioner.as_str(), reason);
        if !prompts::close(&mut call.tx, owner, (&found.subject, &found.kind), by).await? {
            return Err(PartnerError::NotFound);
        }
        call.record("close-prompt", name).await?;
        Ok(to_wire(&found))
    }

    /// The open prompts of the caller's organisation, oldest first, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] if the store fails.
    pub async fn list_prompts(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::Prompt>, String), PartnerError> {
        let organisation = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let owner = self.owner(&organisation);
        let rows = prompts::list(&mut conn, owner, page.after, page.limit()).await?;
        let (rows, next) = page.cut(rows, |row| row.seq);
        Ok((rows.iter().map(to_wire).collect(), next))
    }
}

fn to_wire(row: &PromptRow) -> wire::Prompt {
    wire::Prompt {
        name: format!("prompts/{}", row.seq),
        kind: row.kind.clone(),
        subject: row.subject.clone(),
        practitioner: row.practitioner.clone(),
        raise_time: Some(time_to_wire(row.raised)),
        due_time: row.due.map(time_to_wire),
    }
}

/// Raises a prompt for this person.
pub(crate) async fn raise(
    tx: &mut Tx,
    owner: Owner<'_>,
    what: (&str, &str),
    told: (&str, Timestamp, Option<Timestamp>),
) -> Result<(), StoreError> {
    prompts::raise(tx, owner.agency, &[(owner.organisation, prompt(what, told))]).await
}

/// A prompt for this person.
pub(crate) fn prompt(
    (subject, kind): (&str, &str),
    (person, now, due): (&str, Timestamp, Option<Timestamp>),
) -> PromptRow {
    PromptRow {
        seq: 0,
        subject: subject.to_owned(),
        kind: kind.to_owned(),
        practitioner: person.to_owned(),
        raised: now,
        due,
    }
}

/// Closes a prompt, for what it asked was done.
pub(crate) async fn settle(
    tx: &mut Tx,
    owner: Owner<'_>,
    what: (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    prompts::close(tx, owner, what, (now, "", "done")).await.map(|_| ())
}
