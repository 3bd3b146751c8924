//! Invitations to strategy discussions and conferences.

use mash_chassis::Caller;
use mash_domain::sharing::Flow;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, Meeting, ProfessionalContact, ReceiptKind},
    referral::v1::{self as wire, ItemKind, ItemSubmitted, StatedFacts},
};
use mash_store::{StoreError, outbox};
use prost::Message as _;

use crate::{
    Call, Page, Partner, PartnerError,
    enquiries::named,
    error::{NO_REASON, WORD},
    items::{Done, Received, item_id, number, receipt, submitted},
    prompts::{kinds, settle},
    store::{
        Owner,
        invitations::{self, InvitationRow},
    },
};

/// The answer to an invitation.
#[derive(Clone, Default)]
pub struct Attendance {
    /// `accepts`, `declines` or `sends-report`.
    pub standing: String,
    /// Why the partner does not come; required when it does not.
    pub reason: String,
    /// Who comes, or answers.
    pub by: ProfessionalContact,
}

/// The invitation was called off.
pub(crate) const CALLED_OFF: &str = "cancelled";

impl Partner {
    /// The invitations of the caller's organisation, oldest first, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] if the store fails.
    pub async fn list_invitations(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::ReceivedInvitation>, String), PartnerError> {
        let organisation = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let owner = self.owner(&organisation);
        let rows = invitations::list(&mut conn, owner, page.after, page.limit()).await?;
        drop(conn);
        let (rows, next) = page.cut(rows, |row| row.seq);
        self.looked(caller, "list-invitations", "invitations").await?;
        Ok((rows.iter().map(to_wire).collect::<Result<_, _>>()?, next))
    }

    /// Answers an invitation. Answering again replaces the answer. The returned invitation comes without its content.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if nobody invited the caller; [`PartnerError::Cancelled`];
    /// [`PartnerError::Invalid`] for an unknown word, or for not coming without a reason.
    pub async fn respond(
        &self,
        call: &mut Call,
        id: &str,
        Attendance { standing, reason, by }: Attendance,
    ) -> Result<wire::ReceivedInvitation, PartnerError> {
        let agency = self.agency.component;
        let owner = Owner { agency, organisation: &call.key };
        let found = invitations::lock(&mut call.tx, owner, id).await?;
        let mut row = found.ok_or(PartnerError::NotFound)?;
        let reason = reason.trim();
        if !["accepts", "declines", "sends-report"].contains(&standing.as_str()) {
            let what = "must be `accepts`, `declines` or `sends-report`";
            return Err(PartnerError::field("standing", WORD, what));
        }
        if reason.chars().count() > 2_000 || (reason.is_empty() && standing != "accepts") {
            let what = "say why nobody comes, in at most 2,000 characters";
            return Err(PartnerError::field("reason", NO_REASON, what));
        }
        if row.standing == CALLED_OFF {
            return Err(PartnerError::Cancelled);
        }
        row.responses += 1;
        row.standing.clone_from(&standing);
        invitations::put(&mut call.tx, agency, &row).await?;
        let asked = Content::decode(row.content.as_slice())
            .map_err(|_| StoreError::Corrupt("an invitation cannot be decoded"))?;
        let meeting =
            Meeting { standing, reason: reason.to_owned(), ..asked.meeting.unwrap_or_default() };
        let content = Content {
            meeting: Some(meeting),
            officer: Some(named(call, by)),
            ..Content::default()
        };
        let event = ItemSubmitted {
            case_id: row.case_id.clone(),
            item_id: item_id(&[&row.item_id, "response", &call.key]),
            revision: number(row.responses),
            kind: ItemKind::Response.into(),
            flow: Flow::Correspondence.word().to_owned(),
            from: Some((&call.organisation).into()),
            to: vec![(&row.from).into()],
            reply_to: row.item_id.clone(),
            content: Some(content),
            facts: Some(StatedFacts { child_under_18: true, ..StatedFacts::default() }),
            submit_time: Some(time_to_wire(call.now)),
            reference: row.reference.clone(),
            practitioner: call.practitioner.clone(),
            ..ItemSubmitted::default()
        };
        let what = Received {
            release_id: &row.release_id,
            item_id: &row.item_id,
            case_id: &row.case_id,
            recipient: &call.organisation,
            revision: row.revision,
        };
        let read = Done {
            kind: ReceiptKind::Acknowledged,
            practitioner: &call.practitioner,
            reason: "",
            now: call.now,
            cause: None,
        };
        let messages =
            [receipt(&self.agency, &what, &read), submitted(&self.agency, &event, call.now)];
        outbox::enqueue(&mut call.tx, agency, &messages).await?;
        let subject = format!("invitations/{}", row.item_id);
        settle(&mut call.tx, owner, (&subject, kinds::ANSWER_INVITATION), call.now).await?;
        call.record("respond", &subject).await?;
        Ok(wire::ReceivedInvitation { content: None, ..to_wire(&row)? })
    }
}

fn to_wire(row: &InvitationRow) -> Result<wire::ReceivedInvitation, StoreError> {
    let content = Content::decode(row.content.as_slice())
        .map_err(|_| StoreError::Corrupt("an invitation cannot be decoded"))?;
    Ok(wire::ReceivedInvitation {
        name: format!("invitations/{}", row.item_id),
        from: Some((&row.from).into()),
        content: (!row.content.is_empty()).then_some(content),
        standing: row.standing.clone(),
        receive_time: Some(time_to_wire(row.received)),
    })
}
