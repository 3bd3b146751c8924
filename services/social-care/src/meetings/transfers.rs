//! Transfers between authorities, within a nation and across the border, each body under its own duty (R30).

use mash_chassis::Caller;
use mash_domain::{
    authority::Authorities,
    clock::ids,
    identifier::AuthorityCode,
    organisation::{OrganisationId, OrganisationKind},
    referral::{
        meeting::transfer::{Body, Command, Transfer, TransferEvent, TransferState},
        work::{self, WorkState},
    },
};
use mash_proto::{
    convert::{
        meetings::{transfer_from_wire, transfer_to_wire},
        time_to_wire,
    },
    envelope::event_id,
    social_care::v1 as wire,
};
use mash_store::StoreError;

use super::{
    outgoing::{answer_transfer, offer},
    record_meeting::private,
    refusal::Refused,
    show_transfer,
    timekeeping::{self, TO_BE_HELD},
};
use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    error::Refusal,
    record::organisation,
    store::matters::{self, Kept},
    timing,
};

/// The outcome of the feedback by which a transfer is accepted.
pub(super) const ACCEPTED: &str = "transfer-accepted";
/// The outcome of the feedback by which a transfer is refused.
pub(super) const REFUSED: &str = "transfer-refused";

impl Service {
    pub(crate) async fn transfer_referral(
        &self,
        caller: &Caller,
        request: wire::TransferReferralRequest,
    ) -> Result<wire::TransferReferralResponse, Refusal> {
        let reason = private("reason", &request.reason)?;
        if reason.is_empty() {
            return Err(Refusal::field("reason", crate::error::TEXT, "is required"));
        }
        let to = known_authority(request.to.clone()).ok_or(Refused::NoOther)?;
        let id = ("TransferReferral", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let mut case = call.case("referral", &request.referral).await?;
        let known = matters::of::<wire::Transfer>(&mut call.tx, &case.record.id).await?;
        let waits = |kept: &Kept<wire::Transfer>| kept.wire.state() == wire::TransferState::Offered;
        let state = case.record.work.state;
        if matches!(state, WorkState::Withdrawn | WorkState::Transferred) || known.iter().any(waits)
        {
            return Err(Refused::Referral.into());
        }
        let from = organisation(&case.record.authority).ok_or(Refusal::NotFound)?;
        let transfer =
            Transfer::offer(body(from), body(to), request.on_plan).map_err(Refused::from)?;
        let id = event_id(&["social-care", "transfer", &case.record.id, &request.request_id]);
        let id = id.to_string();
        let mut wire = wire::Transfer {
            name: format!("transfers/{id}"),
            revision: 1,
            referral: format!("referrals/{}", case.record.case_id),
            reason: reason.as_str().to_owned(),
            offer_time: Some(time_to_wire(call.now)),
            ..wire::Transfer::default()
        };
        transfer_to_wire(&transfer, &mut wire);
        let kept = Kept {
            authority: case.record.authority.clone(),
            id,
            referral: case.record.id.clone(),
            at: call.now,
            beside: call.by.clone(),
            wire,
        };
        let case_id = self.case_of_transfer(&kept);
        let by = call.by.clone();
        offer(&case, &mut call.effects, (&kept, &case_id), &by, call.now);
        let clock = (ids::ACCEPT_TRANSFER, kept.wire.name.as_str());
        let manager = case.hub.manager().to_owned();
        timekeeping::start(&mut case, &mut call.effects, clock, &manager, call.now);
        matters::put(&mut call.tx, &kept).await?;
        let transfer = Some(show_transfer(&case, &kept, call.now));
        call.finish(wire::TransferReferralResponse { transfer }).await
    }

    pub(crate) async fn take_back_transfer(
        &self,
        caller: &Caller,
        request: wire::TakeBackTransferRequest,
    ) -> Result<wire::TakeBackTransferResponse, Refusal> {
        let reason = private("reason", &request.reason)?;
        let id = ("TakeBackTransfer", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let (mut case, mut kept) = transfer(&mut call, &request.name).await?;
        let command = Command::TakeBack { authority: caller.organisation.clone(), reason };
        let (next, events) = state_of(&kept)?.apply(command, call.now).map_err(Refused::from)?;
        if !events.is_empty() {
            transfer_to_wire(&next, &mut kept.wire);
            let case_id = self.case_of_transfer(&kept);
            let by = call.by.clone();
            offer(&case, &mut call.effects, (&kept, &case_id), &by, call.now);
            let now = call.now;
            let clocks = (None, kept.wire.name.as_str());
            timekeeping::change(&mut case, &mut call.effects, clocks, |clock| clock.cancel(now));
            put(&mut call, &mut kept).await?;
        }
        let transfer = Some(show_transfer(&case, &kept, call.now));
        call.finish(wire::TakeBackTransferResponse { transfer }).await
    }

    pub(crate) async fn accept_transfer(
        &self,
        caller: &Caller,
        request: wire::AcceptTransferRequest,
    ) -> Result<wire::AcceptTransferResponse, Refusal> {
        let id = ("AcceptTransfer", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let (mut case, mut kept) = transfer(&mut call, &request.name).await?;
        let (authority, by) = (caller.organisation.clone(), call.by.clone());
        let command = Command::Accept { authority, by: by.clone() };
        let (next, events) = state_of(&kept)?.apply(command, call.now).map_err(Refused::from)?;
        for event in events {
            transfer_to_wire(&next, &mut kept.wire);
            let now = call.now;
            let clocks = (None, kept.wire.name.as_str());
            timekeeping::change(&mut case, &mut call.effects, clocks, |clock| clock.meet(now));
            if event == (TransferEvent::Accepted { conference: true }) {
                let rule = (ids::TRANSFER_IN_CONFERENCE, TO_BE_HELD);
                timekeeping::start(&mut case, &mut call.effects, rule, &by, now);
            }
            answer_transfer(&case, &mut call.effects, (&kept, ACCEPTED), (&by, now));
            put(&mut call, &mut kept).await?;
        }
        let transfer = Some(show_transfer(&case, &kept, call.now));
        call.finish(wire::AcceptTransferResponse { transfer }).await
    }

    pub(crate) async fn refuse_transfer(
        &self,
        caller: &Caller,
        request: wire::RefuseTransferRequest,
    ) -> Result<wire::RefuseTransferResponse, Refusal> {
        let reason = private("reason", &request.reason)?;
        let id = ("RefuseTransfer", request.request_id.as_str());
        let mut call = fresh!(self.begin(caller, id, &request).await?);
        let (mut case, mut kept) = transfer(&mut call, &request.name).await?;
        let authority = caller.organisation.clone();
        let command = Command::Refuse { authority, reason: reason.clone() };
        let (next, events) = state_of(&kept)?.apply(command, call.now).map_err(Refused::from)?;
        if !events.is_empty() {
            transfer_to_wire(&next, &mut kept.wire);
            let (now, by) = (call.now, call.by.clone());
            let clocks = (None, kept.wire.name.as_str());
            timekeeping::change(&mut case, &mut call.effects, clocks, |clock| clock.meet(now));
            answer_transfer(&case, &mut call.effects, (&kept, REFUSED), (&by, now));
            // Here it has ended: the case is with the authority that offered it.
            let reason = reason.as_str().to_owned();
            let ended = work::Command::Transfer { by: by.clone(), reason };
            drop(case.apply(&mut call.effects, &ended, &by, now));
            put(&mut call, &mut kept).await?;
        }
        let transfer = Some(show_transfer(&case, &kept, call.now));
        call.finish(wire::RefuseTransferResponse { transfer }).await
    }

    /// The case id under which the other authority works it: opaque, and not the one that it has here.
    fn case_of_transfer(&self, kept: &Kept<wire::Transfer>) -> String {
        self.secret.case_id(&["transfer", &kept.authority, &kept.id]).to_string()
    }
}

fn body(authority: OrganisationId) -> Body {
    Body { nation: timing::nation_of(authority.code()), authority }
}

/// An authority of the reference data.
fn known_authority(of: Option<mash_proto::r#type::v1::Organisation>) -> Option<OrganisationId> {
    let authority = OrganisationId::try_from(of?).ok()?;
    let code: AuthorityCode = authority.code().parse().ok()?;
    let known = Authorities::builtin().by_code(&code).is_some();
    (authority.kind() == OrganisationKind::LocalAuthority && known).then_some(authority)
}

pub(super) fn state_of(kept: &Kept<wire::Transfer>) -> Result<Transfer, StoreError> {
    transfer_from_wire(&kept.wire, |authority| timing::nation_of(authority.code()))
        .map_err(|_| StoreError::Corrupt("a transfer"))
}

/// What the referrer is told of a transfer that was accepted.
pub(super) fn told_to_referrer(transfer: &Transfer) -> String {
    debug_assert!(matches!(transfer.state, TransferState::Accepted { .. }), "only then is it told");
    let code: Option<AuthorityCode> = transfer.to.authority.code().parse().ok();
    let known = code.and_then(|code| Authorities::builtin().by_code(&code));
    let name = known.map_or("another authority", |authority| authority.name.as_str());
    let law = if transfer.crosses_border() { ", under the law of its own nation" } else { "" };
    format!("The children's services of {name} have accepted the case and have the duty now{law}.")
}

async fn transfer(call: &mut Call, name: &str) -> Result<(Case, Kept<wire::Transfer>), Refusal> {
    let id = access::id("name", "transfers", name)?;
    super::locked(call, id).await
}

async fn put(call: &mut Call, kept: &mut Kept<wire::Transfer>) -> Result<(), StoreError> {
    kept.wire.revision = kept.wire.revision.saturating_add(1);
    matters::put(&mut call.tx, kept).await
}
