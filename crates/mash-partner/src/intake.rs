//! Takes in what routing released or recalled for the organisations of a service.

mod questions;

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{Content, ReceiptKind},
    envelope,
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemRecalled, ItemReleased},
};
use mash_store::{
    StoreError, Tx,
    outbox::{self, OutboxMessage},
};
use prost::Message as _;

use crate::{
    Partner,
    clocks::{End, end},
    error::{NOT_OURS, NOT_THE_REFERRER, POISON},
    invitations::CALLED_OFF,
    items::{Done, Received, receipt},
    names::is_id,
    prompts::{kinds, raise, settle},
    referrals::ENDED_BY_RECEIPT,
    store::{
        Owner, disagreements, enquiries,
        feedback::{self, FeedbackRow},
        invitations::{self, InvitationRow},
        referrals::{self, Progress, ReferralRow},
    },
};

/// The consumer of items.
pub(crate) struct Items(pub(crate) Partner);

#[async_trait]
impl Handler for Items {
    fn group(&self) -> &'static str {
        self.0.agency.group
    }

    fn topics(&self) -> &'static [&'static str] {
        self.0.agency.topics
    }

    fn owner(&self) -> &'static str {
        self.0.agency.component
    }

    // Notices of incidents share the topic, and have a reader of their own; so have some kinds of items.
    fn concerns(&self, event: &Envelope) -> bool {
        let elsewhere = |item: ItemReleased| self.0.agency.elsewhere.contains(&item.kind());
        envelope::is_of_referral(event)
            && !(envelope::holds::<ItemReleased>(event)
                && envelope::unwrap(event).is_ok_and(elsewhere))
    }

    // Cases have little in common, and a batch of them is much work.
    fn lanes(&self) -> usize {
        4
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut taking = Taking::default();
        for event in events {
            if envelope::holds::<ItemReleased>(event) {
                let item = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
                self.0.take(tx, &mut taking, event, item).await?;
            } else if envelope::holds::<ItemRecalled>(event) {
                let recall = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
                self.0.take_questions(tx, &mut taking).await?;
                self.0.recall(tx, &mut taking, event, recall).await?;
            }
        }
        self.0.take_questions(tx, &mut taking).await?;
        Ok(outbox::enqueue(tx, self.0.agency.component, &taking.receipts).await?)
    }
}

const UNREADABLE: HandleError = HandleError::Poison { code: POISON };
const REFUSED: HandleError = HandleError::Poison { code: NOT_OURS };

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It is old news, or not for this service.
    No,
    /// It is here, and waits for a person.
    Yes,
    /// It is here, and asks nothing of anybody.
    Read,
}

/// What a batch has gathered and not written yet.
#[derive(Default)]
struct Taking<'a> {
    /// Questions that follow one another, no two of one item. Most of what comes is questions, and they are written
    /// together.
    questions: Vec<(&'a Envelope, Arrival)>,
    receipts: Vec<OutboxMessage>,
}

/// An item that was checked.
struct Arrival {
    item: ItemReleased,
    organisation: String,
    recipient: OrganisationId,
    from: OrganisationId,
    content: Content,
    revision: i64,
    now: Timestamp,
}

impl Partner {
    async fn take<'a>(
        &self,
        tx: &mut Tx,
        taking: &mut Taking<'a>,
        event: &'a Envelope,
        item: ItemReleased,
    ) -> Result<(), HandleError> {
        let kind = ItemKind::try_from(item.kind).map_err(|_| UNREADABLE)?;
        let recipient = self.recipient(item.recipient.clone())?;
        let from = item.from.clone().map(OrganisationId::try_from);
        // What routing says by itself comes from nobody else.
        let from = from.transpose().map_err(|_| UNREADABLE)?.unwrap_or_else(|| recipient.clone());
        let content = Content::decode(item.content.as_slice()).map_err(|_| UNREADABLE)?;
        if item.revision < 1
            || ![&item.release_id, &item.item_id, &item.case_id].into_iter().all(|id| is_id(id))
        {
            return Err(UNREADABLE);
        }
        let arrival = Arrival {
            organisation: recipient.to_string(),
            recipient,
            from,
            content,
            revision: i64::from(item.revision),
            now: self.clock.now(),
            item,
        };
        let again = |(_, earlier): &(_, Arrival)| earlier.item.item_id == arrival.item.item_id;
        if kind != ItemKind::Enquiry || taking.questions.iter().any(again) {
            self.take_questions(tx, taking).await?;
        }
        let taken = match kind {
            ItemKind::Enquiry => {
                taking.questions.push((event, arrival));
                return Ok(());
            }
            ItemKind::Invitation => self.take_invitation(tx, &arrival).await?,
            ItemKind::Feedback => self.take_feedback(tx, &arrival).await?,
            ItemKind::NonDelivery => self.take_non_delivery(tx, &arrival).await?,
            ItemKind::Unspecified
            | ItemKind::Referral
            | ItemKind::Answer
            | ItemKind::Response
            | ItemKind::Disagreement
            | ItemKind::ProtectionStatus
            | ItemKind::Lookup => return Err(REFUSED),
        };
        if taken != Taken::No {
            taking.receipts.push(self.receipt(event, &arrival, ReceiptKind::Delivered));
        }
        if taken == Taken::Read {
            taking.receipts.push(self.receipt(event, &arrival, ReceiptKind::Acknowledged));
        }
        Ok(())
    }

    fn recipient(
        &self,
        wire: Option<mash_proto::r#type::v1::Organisation>,
    ) -> Result<OrganisationId, HandleError> {
        let recipient =
            OrganisationId::try_from(wire.ok_or(UNREADABLE)?).map_err(|_| UNREADABLE)?;
        if self.agency.kinds.contains(&recipient.kind()) { Ok(recipient) } else { Err(REFUSED) }
    }

    fn receipt(&self, event: &Envelope, arrival: &Arrival, kind: ReceiptKind) -> OutboxMessage {
        let what = Received {
            release_id: &arrival.item.release_id,
            item_id: &arrival.item.item_id,
            case_id: &arrival.item.case_id,
            recipient: &arrival.recipient,
            revision: arrival.revision,
        };
        let done =
            Done { kind, practitioner: "", reason: "", now: arrival.now, cause: Some(event) };
        receipt(&self.agency, &what, &done)
    }

    async fn take_invitation(&self, tx: &mut Tx, arrival: &Arrival) -> Result<Taken, HandleError> {
        let Arrival { item, organisation, now, .. } = arrival;
        let owner = self.owner(organisation);
        let known = invitations::lock(tx, owner, &item.item_id).await?;
        if known.as_ref().is_some_and(|known| arrival.revision <= known.revision) {
            return Ok(Taken::No);
        }
        let told = arrival.content.meeting.as_ref();
        let off = told.is_some_and(|meeting| meeting.standing == CALLED_OFF);
        // Another time or place has to be answered again.
        let standing = if off { CALLED_OFF } else { "invited" };
        let row = InvitationRow {
            seq: 0,
            organisation: organisation.clone(),
            item_id: item.item_id.clone(),
            release_id: item.release_id.clone(),
            case_id: item.case_id.clone(),
            from: arrival.from.clone(),
            revision: arrival.revision,
            responses: known.as_ref().map_or(0, |known| known.responses),
            standing: standing.to_owned(),
            content: item.content.clone(),
            reference: item.reference.clone(),
            received: known.as_ref().map_or(*now, |known| known.received),
        };
        invitations::put(tx, owner.agency, &row).await?;
        let subject = format!("invitations/{}", item.item_id);
        let what = (subject.as_str(), kinds::ANSWER_INVITATION);
        if off {
            settle(tx, owner, what, *now).await?;
        } else {
            let at = told.and_then(|meeting| meeting.time);
            let at = at.and_then(|time| time_from_wire(&time).ok());
            raise(tx, owner, what, ("", *now, at)).await?;
        }
        Ok(Taken::Yes)
    }

    async fn take_feedback(&self, tx: &mut Tx, arrival: &Arrival) -> Result<Taken, HandleError> {
        let Arrival { item, organisation, now, .. } = arrival;
        let owner = self.owner(organisation);
        let referral = self.referral_of(tx, owner, item).await?;
        let disagreed = disagreements::find(tx, owner, &item.reply_to).await?;
        if referral.is_none() && disagreed.is_none() {
            let refused = HandleError::Poison { code: NOT_THE_REFERRER };
            return if self.agency.alone { Err(refused) } else { Ok(Taken::No) };
        }
        let known = feedback::find(tx, owner, &item.release_id).await?;
        if known.as_ref().is_some_and(|known| arrival.revision <= known.revision) {
            return Ok(Taken::No);
        }
        let stage = arrival.content.feedback.as_ref().map_or("", |told| told.stage.as_str());
        // That it has arrived asks nothing of a person: the service itself has read it.
        let of_course = stage == "received";
        let row = FeedbackRow {
            organisation: organisation.clone(),
            release_id: item.release_id.clone(),
            item_id: item.item_id.clone(),
            case_id: item.case_id.clone(),
            from: arrival.from.clone(),
            revision: arrival.revision,
            content: item.content.clone(),
            received: known.map_or(*now, |known| known.received),
            acknowledged: of_course.then_some(*now),
            recalled: None,
        };
        feedback::put(tx, owner.agency, &row).await?;
        let (subject, person) = match referral {
            Some(mut referral) => {
                let subject = format!("referrals/{}", referral.case_id);
                progress(tx, &mut referral, arrival, stage).await?;
                for rule in ENDED_BY_RECEIPT {
                    end(tx, owner, (&subject, rule), End::Met(*now)).await?;
                }
                settle(tx, owner, (&subject, kinds::NOT_DELIVERED), *now).await?;
                (subject, referral.practitioner)
            }
            None => (format!("disagreements/{}", item.reply_to), String::new()),
        };
        if of_course {
            return Ok(Taken::Read);
        }
        raise(tx, owner, (&subject, kinds::READ_FEEDBACK), (&person, *now, None)).await?;
        Ok(Taken::Yes)
    }

    /// The referral that an item answers: by the item that was sent, or by the case, where the hub answers something else in it.
    async fn referral_of(
        &self,
        tx: &mut Tx,
        owner: Owner<'_>,
        item: &ItemReleased,
    ) -> Result<Option<ReferralRow>, StoreError> {
        let sent = referrals::of_item(tx, owner, &item.reply_to).await?;
        let case_id = sent.map_or_else(|| item.case_id.clone(), |sent| sent.case_id);
        referrals::lock(tx, owner, &case_id).await
    }

    /// Routing says that an item did not arrive, or went nowhere.
    async fn take_non_delivery(
        &self,
        tx: &mut Tx,
        arrival: &Arrival,
    ) -> Result<Taken, HandleError> {
        let Arrival { item, organisation, now, .. } = arrival;
        let owner = self.owner(organisation);
        let referral = match self.referral_of(tx, owner, item).await? {
            None => referrals::of_item(tx, owner, &item.item_id).await?,
            known => known,
        };
        let subject = match referral {
            Some(mut referral) => {
                let untouched = referral.progress == Progress::Submitted;
                if untouched && item.non_delivery_code == "withheld" {
                    referral.progress = Progress::Withheld;
                    referral.withheld = std::iter::once(item.non_delivery_code.clone())
                        .chain(item.reason_codes.iter().cloned())
                        .collect();
                    referrals::update(tx, &referral).await?;
                }
                format!("referrals/{}", referral.case_id)
            }
            // An answer or a response; or another service's referral, if this one is not alone.
            None if self.agency.alone => format!("items/{}", item.reply_to),
            None => return Ok(Taken::No),
        };
        raise(tx, owner, (&subject, kinds::NOT_DELIVERED), ("", *now, None)).await?;
        Ok(Taken::Yes)
    }

    /// What was recalled is deleted, and the deletion told.
    async fn recall(
        &self,
        tx: &mut Tx,
        taking: &mut Taking<'_>,
        event: &Envelope,
        recall: ItemRecalled,
    ) -> Result<(), HandleError> {
        let recipient = self.recipient(recall.recipient.clone())?;
        let organisation = recipient.to_string();
        let (owner, now) = (self.owner(&organisation), self.clock.now());
        let mut found = None;
        if let Some(mut row) = enquiries::lock(tx, owner, &recall.item_id).await? {
            row.closed = row.closed.or(Some(now));
            row.content.clear();
            row.next = None;
            enquiries::put(tx, owner.agency, &row).await?;
            let subject = format!("enquiries/{}", row.item_id);
            for kind in [kinds::ANSWER_ENQUIRY, kinds::ANSWER_OVERDUE] {
                settle(tx, owner, (&subject, kind), now).await?;
            }
            found = Some(row.revision);
        } else if let Some(mut row) = invitations::lock(tx, owner, &recall.item_id).await? {
            CALLED_OFF.clone_into(&mut row.standing);
            row.content.clear();
            invitations::put(tx, owner.agency, &row).await?;
            let subject = format!("invitations/{}", row.item_id);
            settle(tx, owner, (&subject, kinds::ANSWER_INVITATION), now).await?;
            found = Some(row.revision);
        } else if let Some(mut row) = feedback::find(tx, owner, &recall.release_id).await? {
            row.recalled = Some(now);
            row.content.clear();
            feedback::put(tx, owner.agency, &row).await?;
            found = Some(row.revision);
        }
        let Some(revision) = found else { return Ok(()) };
        let what = Received {
            release_id: &recall.release_id,
            item_id: &recall.item_id,
            case_id: &recall.case_id,
            recipient: &recipient,
            revision,
        };
        let done = Done {
            kind: ReceiptKind::Deleted,
            practitioner: "",
            reason: &recall.reason_code,
            now,
            cause: Some(event),
        };
        taking.receipts.push(receipt(&self.agency, &what, &done));
        Ok(())
    }
}

/// Where a referral stands now that its hub has said something.
async fn progress(
    tx: &mut Tx,
    referral: &mut ReferralRow,
    arrival: &Arrival,
    stage: &str,
) -> Result<(), StoreError> {
    let from = arrival.from.to_string();
    if !referral.authorities.contains(&from) {
        referral.authorities.push(from);
    }
    referral.progress = match (referral.progress, stage) {
        (Progress::Withdrawn, _) => Progress::Withdrawn,
        (_, "decided") => Progress::Decided,
        (Progress::Submitted | Progress::Withheld, _) => Progress::Received,
        (now, _) => now,
    };
    referrals::update(tx, referral).await
}
