//! Professional disagreement with what a hub decided: raised, taken further, withdrawn. The hub keeps its stages, its
//! clocks and who decides; here is what the partner said.

use mash_chassis::Caller;
use mash_domain::{organisation::OrganisationId, sharing::Flow};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, Disagreement, ProfessionalContact},
    referral::v1::{self as wire, ItemKind, ItemSubmitted, StatedFacts},
};
use mash_store::{StoreError, outbox};

use crate::{
    Call, Page, Partner, PartnerError,
    enquiries::named,
    error::NO_REASON,
    items::{item_id, number, submitted},
    names::{case_of, id_of},
    store::{
        Owner,
        disagreements::{self, DisagreementRow},
        enquiries, feedback, invitations, referrals,
    },
};

const OPEN: &str = "open";
const WITHDRAWN: &str = "withdrawn";

/// What a disagreement is about: something of the hub's that the caller's organisation has part in.
#[derive(Clone, Debug)]
pub struct Subject(String);

impl Subject {
    /// `referrals/{case id}`, `enquiries/{item id}` or `invitations/{item id}`.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Invalid`] if it is none of them.
    pub fn read(field: &str, name: &str) -> Result<Self, PartnerError> {
        if name.starts_with("enquiries/") {
            id_of(field, "enquiries/", name)?;
        } else if name.starts_with("invitations/") {
            id_of(field, "invitations/", name)?;
        } else {
            case_of(field, name)?;
        }
        Ok(Self(name.to_owned()))
    }
}

/// What the partner disagrees with and why.
#[derive(Clone, Default)]
pub struct Grounds {
    /// At most 4,000 characters.
    pub grounds: String,
    /// What should happen; at most 2,000 characters.
    pub sought: String,
    /// Who disagrees.
    pub by: ProfessionalContact,
}

struct About {
    case_id: String,
    reply_to: String,
    authority: OrganisationId,
}

impl Partner {
    /// Disagrees with what a hub decided.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NothingDecided`] if no authority has answered yet; [`PartnerError::NotFound`].
    pub async fn raise_disagreement(
        &self,
        call: &mut Call,
        Subject(subject): Subject,
        grounds: Grounds,
    ) -> Result<wire::RaisedDisagreement, PartnerError> {
        check(&grounds)?;
        let agency = self.agency.component;
        let About { case_id, reply_to, authority } = self.about(call, &subject).await?;
        let owner = Owner { agency, organisation: &call.key };
        let nth = disagreements::raised(&mut call.tx, owner, &subject).await?;
        let row = DisagreementRow {
            seq: 0,
            organisation: call.key.clone(),
            item_id: item_id(&[&subject, "disagreement", &call.key, &nth.to_string()]),
            case_id,
            subject,
            reply_to,
            authority,
            stage: 1,
            revision: 1,
            standing: OPEN.to_owned(),
            raised: call.now,
        };
        self.say(call, &row, Some((grounds, false))).await?;
        Ok(to_wire(&row))
    }

    /// Takes a disagreement to the next stage. It is the same item, with one more revision.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotOpen`], [`PartnerError::NotFound`].
    pub async fn escalate_disagreement(
        &self,
        call: &mut Call,
        id: &str,
        grounds: Grounds,
    ) -> Result<wire::RaisedDisagreement, PartnerError> {
        check(&grounds)?;
        let mut row = self.open(call, id).await?;
        row.stage += 1;
        row.revision += 1;
        self.say(call, &row, Some((grounds, true))).await?;
        Ok(to_wire(&row))
    }

    /// Withdraws a disagreement.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotOpen`], [`PartnerError::NotFound`].
    pub async fn withdraw_disagreement(
        &self,
        call: &mut Call,
        id: &str,
    ) -> Result<wire::RaisedDisagreement, PartnerError> {
        let mut row = self.open(call, id).await?;
        row.revision += 1;
        row.standing = WITHDRAWN.to_owned();
        self.say(call, &row, None).await?;
        Ok(to_wire(&row))
    }

    /// The disagreements of the caller's organisation, oldest first, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`PartnerError`] if the store fails.
    pub async fn list_disagreements(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<(Vec<wire::RaisedDisagreement>, String), PartnerError> {
        let organisation = caller.organisation.to_string();
        let mut conn = self.store.read().await?;
        let owner = self.owner(&organisation);
        let rows = disagreements::list(&mut conn, owner, page.after, page.limit()).await?;
        let (rows, next) = page.cut(rows, |row| row.seq);
        let mut shown = Vec::with_capacity(rows.len());
        for row in &rows {
            let told = feedback::of_case(&mut conn, owner, &row.case_id).await?;
            let feedback = told.iter().map(crate::feedback::to_wire).collect();
            shown.push(wire::RaisedDisagreement { feedback, ..to_wire(row) });
        }
        drop(conn);
        self.looked(caller, "list-disagreements", "disagreements").await?;
        Ok((shown, next))
    }

    async fn open(&self, call: &mut Call, id: &str) -> Result<DisagreementRow, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let found = disagreements::lock(&mut call.tx, owner, id).await?;
        let row = found.ok_or(PartnerError::NotFound)?;
        if row.standing == OPEN { Ok(row) } else { Err(PartnerError::NotOpen) }
    }

    async fn about(&self, call: &mut Call, subject: &str) -> Result<About, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        if let Some(id) = subject.strip_prefix("enquiries/") {
            let found = enquiries::find(&mut call.tx, owner, id).await?;
            let row = found.ok_or(PartnerError::NotFound)?;
            return Ok(About { case_id: row.case_id, reply_to: row.item_id, authority: row.from });
        }
        if let Some(id) = subject.strip_prefix("invitations/") {
            let found = invitations::find(&mut call.tx, owner, id).await?;
            let row = found.ok_or(PartnerError::NotFound)?;
            return Ok(About { case_id: row.case_id, reply_to: row.item_id, authority: row.from });
        }
        // One at a time: two disagreements about one referral get different ids.
        let case_id = subject.strip_prefix("referrals/").unwrap_or_default();
        let found = referrals::lock(&mut call.tx, owner, case_id).await?;
        let row = found.ok_or(PartnerError::NotFound)?;
        let authority = row.authorities.first().and_then(|text| text.parse().ok());
        let authority = authority.ok_or(PartnerError::NothingDecided)?;
        Ok(About { case_id: row.case_id, reply_to: row.item_id, authority })
    }

    /// Keeps it and tells the hub; without grounds it is withdrawn.
    async fn say(
        &self,
        call: &mut Call,
        row: &DisagreementRow,
        grounds: Option<(Grounds, bool)>,
    ) -> Result<(), StoreError> {
        let agency = self.agency.component;
        disagreements::put(&mut call.tx, agency, row).await?;
        let withdrawn = grounds.is_none();
        let content = grounds.map(|(Grounds { grounds, sought, by }, escalated)| Content {
            disagreement: Some(Disagreement {
                stage: number(row.stage),
                grounds: grounds.trim().to_owned(),
                sought: sought.trim().to_owned(),
                escalated,
            }),
            officer: Some(named(call, by)),
            ..Content::default()
        });
        let event = ItemSubmitted {
            case_id: row.case_id.clone(),
            item_id: row.item_id.clone(),
            revision: number(row.revision),
            kind: ItemKind::Disagreement.into(),
            flow: Flow::Correspondence.word().to_owned(),
            from: Some((&call.organisation).into()),
            to: vec![(&row.authority).into()],
            reply_to: row.reply_to.clone(),
            content,
            facts: Some(StatedFacts { child_under_18: true, ..StatedFacts::default() }),
            submit_time: Some(time_to_wire(call.now)),
            practitioner: call.practitioner.clone(),
            withdrawn,
            ..ItemSubmitted::default()
        };
        outbox::enqueue(&mut call.tx, agency, &[submitted(&self.agency, &event, call.now)]).await?;
        let subject = format!("disagreements/{}", row.item_id);
        let action = match (withdrawn, row.stage) {
            (true, _) => "withdraw-disagreement",
            (false, 1) => "disagree",
            (false, _) => "escalate-disagreement",
        };
        call.record(action, &subject).await
    }
}

fn check(grounds: &Grounds) -> Result<(), PartnerError> {
    let text = grounds.grounds.trim();
    if text.is_empty() || text.chars().count() > 4_000 {
        let what = "say what you disagree with and why, in at most 4,000 characters";
        return Err(PartnerError::field("grounds", NO_REASON, what));
    }
    if grounds.sought.trim().chars().count() > 2_000 {
        return Err(PartnerError::field("sought", NO_REASON, "at most 2,000 characters"));
    }
    Ok(())
}

fn to_wire(row: &DisagreementRow) -> wire::RaisedDisagreement {
    wire::RaisedDisagreement {
        name: format!("disagreements/{}", row.item_id),
        subject: row.subject.clone(),
        authority: Some((&row.authority).into()),
        stage: number(row.stage),
        revision: number(row.revision),
        standing: row.standing.clone(),
        raise_time: Some(time_to_wire(row.raised)),
        feedback: Vec::new(),
    }
}
