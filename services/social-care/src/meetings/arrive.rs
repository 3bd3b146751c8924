//! What partners say about meetings, disagreements and transfers.

use jiff::Timestamp;
use mash_domain::{
    incident::Private,
    organisation::OrganisationId,
    referral::{
        meeting::{
            Command, MeetingEvent, REASON, Standing,
            disagreement::{self, Disagreement, DisagreementEvent, Professional},
            transfer::{self, Body, Transfer},
        },
        work,
    },
};
use mash_proto::{
    convert::{
        meetings::{disagreement_to_wire, meeting_to_wire, transfer_to_wire},
        time_to_wire,
    },
    disclosure::v1::Content,
    referral::v1::{ItemKind, ItemReleased, ReportKind},
    social_care::v1 as wire,
};
use mash_store::{StoreError, Tx};

use super::{
    disagreements::{self, professional},
    outgoing::ON_PLAN,
    record_meeting::state_of,
    timekeeping::{self, TO_BE_HELD},
    transfers,
};
use crate::{
    case::Case,
    effects::Effects,
    record::organisation,
    store::{
        items,
        matters::{self, Kept},
    },
    timing,
};

/// What stands where the rules let no words through.
const WITHHELD: &str = "(the words were withheld by a rule)";

/// A partner answered an invitation, disagrees, or answered what this hub sent.
pub(crate) async fn arrived(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    item: &items::Kept,
    now: Timestamp,
) -> Result<(), StoreError> {
    let content = item.content().unwrap_or_default();
    let understood = match item.release.kind() {
        ItemKind::Response => response(tx, case, effects, (&item.release, &content), now).await?,
        ItemKind::Disagreement => {
            disagreement(tx, case, effects, (&item.release, &content), now).await?
        }
        ItemKind::Feedback => feedback(tx, case, effects, (&item.release, &content), now).await?,
        ItemKind::Invitation
        | ItemKind::Unspecified
        | ItemKind::Referral
        | ItemKind::Enquiry
        | ItemKind::Answer
        | ItemKind::ProtectionStatus
        | ItemKind::Lookup
        | ItemKind::NonDelivery => false,
    };
    if !understood {
        // It is kept with the referral, and a person reads it.
        let person = case.record.person(&case.hub.duty_manager);
        let about = ("correspondence", item.release.release_id.as_str());
        effects.prompt(&case.record, about, &person, now);
    }
    Ok(())
}

fn from(release: &ItemReleased) -> Option<OrganisationId> {
    OrganisationId::try_from(release.from.clone()?).ok()
}

fn words(text: &str) -> Private {
    Private::new(text, REASON).unwrap_or_default()
}

fn words_or_withheld(text: &str) -> Private {
    let said = words(text);
    if said.is_empty() { words(WITHHELD) } else { said }
}

async fn response(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    (release, content): (&ItemReleased, &Content),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = matters::of::<wire::Meeting>(tx, &case.record.id).await?;
    let invited = |kept: &Kept<wire::Meeting>| {
        kept.wire.invitations.iter().any(|invitation| invitation.item_id == release.reply_to)
    };
    let (Some(mut kept), Some(from), Some(answer)) =
        (known.into_iter().find(invited), from(release), &content.meeting)
    else {
        return Ok(false);
    };
    let Some(standing) = Standing::from_word(&answer.standing) else { return Ok(false) };
    let reason = match standing {
        Standing::Declines => words_or_withheld(&answer.reason),
        Standing::Accepts | Standing::SendsReport | Standing::Invited => words(&answer.reason),
    };
    let command = Command::Respond { from, standing, reason };
    let Ok((next, events)) = state_of(&kept)?.apply(command, now) else { return Ok(false) };
    if events.is_empty() {
        return Ok(true);
    }
    meeting_to_wire(&next, &mut kept.wire);
    kept.wire.revision = kept.wire.revision.saturating_add(1);
    let name = kept.wire.name.clone();
    for event in &events {
        let MeetingEvent::Responded { complete, late, from } = event else { continue };
        if *complete {
            timekeeping::change(case, effects, (None, &name), |clock| clock.meet(now));
        }
        let code = match standing {
            _ if *late => "response-late",
            Standing::Declines => "invitation-declined",
            Standing::Accepts | Standing::SendsReport | Standing::Invited => continue,
        };
        let about = format!("{name}:{from}");
        effects.prompt(&case.record, (code, &about), &kept.wire.chair, now);
    }
    matters::put(tx, &kept).await?;
    Ok(true)
}

async fn disagreement(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    (release, content): (&ItemReleased, &Content),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let said = content.disagreement.clone().unwrap_or_default();
    let grounds = words_or_withheld(&said.grounds);
    let (authority, id) = (case.record.authority.clone(), release.item_id.clone());
    match matters::get::<wire::Disagreement>(tx, &authority, &id).await? {
        None => {
            let Some(organisation) = from(release) else { return Ok(false) };
            let raised_by = Professional { organisation, practitioner: String::new() };
            let decision = case.record.work.decision().map(|decision| decision.by.clone());
            let beside = decision.or_else(|| case.record.work.worker.clone()).unwrap_or_default();
            let Some(decided_by) = professional(&authority, &beside) else { return Ok(false) };
            let Ok(raised) = Disagreement::raise(raised_by, decided_by, grounds, now) else {
                return Ok(false);
            };
            let wire = wire::Disagreement {
                name: format!("disagreements/{id}"),
                referral: format!("referrals/{}", case.record.case_id),
                sought: said.sought,
                ..wire::Disagreement::default()
            };
            let referral = case.record.id.clone();
            let mut kept = Kept { authority, id, referral, at: now, beside, wire };
            disagreements::reached(case, effects, &kept, raised.stage(), now);
            let manager = case.hub.manager().to_owned();
            effects.prompt(&case.record, ("disagreement-raised", &kept.wire.name), &manager, now);
            disagreement_to_wire(&raised, &mut kept.wire);
            disagreements::put(tx, &mut kept).await?;
        }
        Some(mut kept) if said.escalated => {
            let state = disagreements::state_of(&kept)?;
            let command = disagreement::Command::Escalate { reason: grounds };
            let Ok((next, events)) = state.apply(command, now) else { return Ok(false) };
            for event in events {
                if let DisagreementEvent::Reached(stage) = event {
                    disagreements::reached(case, effects, &kept, stage, now);
                    let manager = case.hub.manager().to_owned();
                    let about = format!("{}:{}", kept.wire.name, stage.word());
                    let about = ("disagreement-escalated", about.as_str());
                    effects.prompt(&case.record, about, &manager, now);
                }
            }
            disagreement_to_wire(&next, &mut kept.wire);
            disagreements::put(tx, &mut kept).await?;
        }
        // More words about it: they are with the referral.
        Some(_) => return Ok(false),
    }
    Ok(true)
}

/// The other authority has accepted a transfer, or refused it.
async fn feedback(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    (release, content): (&ItemReleased, &Content),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let authority = case.record.authority.clone();
    let found = matters::get::<wire::Transfer>(tx, &authority, &release.reply_to).await?;
    let (Some(mut kept), Some(said), Some(other)) = (found, &content.feedback, from(release))
    else {
        return Ok(false);
    };
    let (accept, command) = match said.outcome.as_str() {
        transfers::ACCEPTED => {
            (true, transfer::Command::Accept { authority: other, by: String::new() })
        }
        transfers::REFUSED => {
            let reason = words_or_withheld(&said.reason);
            (false, transfer::Command::Refuse { authority: other, reason })
        }
        // Where the case stands over there is no answer to the transfer.
        _ => return Ok(true),
    };
    let Ok((next, events)) = transfers::state_of(&kept)?.apply(command, now) else {
        return Ok(false);
    };
    if events.is_empty() {
        return Ok(true);
    }
    timekeeping::change(case, effects, (None, &kept.wire.name), |clock| clock.meet(now));
    transfer_to_wire(&next, &mut kept.wire);
    kept.wire.revision = kept.wire.revision.saturating_add(1);
    let person = case.record.person(&case.hub.duty_manager);
    let code = if accept { "transfer-accepted" } else { "transfer-refused" };
    effects.prompt(&case.record, (code, &kept.wire.name), &person, now);
    if accept {
        let reason = transfers::told_to_referrer(&next);
        let moved = work::Command::Transfer { by: kept.beside.clone(), reason };
        // It may be closed meanwhile: then the referrer knows already.
        drop(case.apply(effects, &moved, &kept.beside, now));
    }
    effects.keep(&case.record);
    matters::put(tx, &kept).await?;
    Ok(true)
}

/// Another authority offers a case: its report is the referral.
pub(crate) async fn offered(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    (release, content): (&ItemReleased, &Content),
    now: Timestamp,
) -> Result<(), StoreError> {
    let (Some(from), Some(to)) = (from(release), organisation(&case.record.authority)) else {
        return Ok(());
    };
    // A family from outside the hub is recorded by the authority itself: nobody waits for an answer.
    if release.report_kind != i32::from(ReportKind::Transfer) || from == to {
        return Ok(());
    }
    let narrative = content.narrative.clone().unwrap_or_default();
    let on_plan = narrative.marks.iter().any(|mark| mark == ON_PLAN);
    let reason = narrative.concerns.last().map(|concern| concern.what.clone()).unwrap_or_default();
    let body =
        |authority: OrganisationId| Body { nation: timing::nation_of(authority.code()), authority };
    let Ok(transfer) = Transfer::offer(body(from), body(to), on_plan) else { return Ok(()) };
    let id = release.item_id.clone();
    let mut wire = wire::Transfer {
        name: format!("transfers/{id}"),
        revision: 1,
        referral: format!("referrals/{}", case.record.case_id),
        reason,
        offer_time: release.submit_time.or_else(|| Some(time_to_wire(now))),
        ..wire::Transfer::default()
    };
    transfer_to_wire(&transfer, &mut wire);
    let kept = Kept {
        authority: case.record.authority.clone(),
        id,
        referral: case.record.id.clone(),
        at: now,
        beside: String::new(),
        wire,
    };
    let manager = case.hub.manager().to_owned();
    let clock = (mash_domain::clock::ids::ACCEPT_TRANSFER, kept.wire.name.as_str());
    timekeeping::start(case, effects, clock, &manager, now);
    effects.prompt(&case.record, ("transfer-offered", &kept.wire.name), &manager, now);
    matters::put(tx, &kept).await
}

/// An item was taken back by whoever sent it: a disagreement, or a transfer.
pub(crate) async fn recalled(
    tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    item_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let authority = case.record.authority.clone();
    if let Some(mut kept) = matters::get::<wire::Disagreement>(tx, &authority, item_id).await? {
        let state = disagreements::state_of(&kept)?;
        let by = state.raised_by.organisation.clone();
        if let Ok((next, events)) = state.apply(disagreement::Command::Withdraw { by }, now)
            && !events.is_empty()
        {
            timekeeping::change(case, effects, (None, &kept.wire.name), |clock| clock.cancel(now));
            let manager = case.hub.manager().to_owned();
            let about = ("disagreement-withdrawn", kept.wire.name.as_str());
            effects.prompt(&case.record, about, &manager, now);
            disagreement_to_wire(&next, &mut kept.wire);
            disagreements::put(tx, &mut kept).await?;
        }
    }
    if let Some(mut kept) = matters::get::<wire::Transfer>(tx, &authority, item_id).await? {
        let state = transfers::state_of(&kept)?;
        let by = state.from.authority.clone();
        let command = transfer::Command::TakeBack {
            authority: by,
            reason: words("taken back by the sender"),
        };
        if let Ok((next, events)) = state.apply(command, now)
            && !events.is_empty()
        {
            timekeeping::change(case, effects, (None, &kept.wire.name), |clock| clock.cancel(now));
            timekeeping::change(case, effects, (None, TO_BE_HELD), |clock| clock.cancel(now));
            transfer_to_wire(&next, &mut kept.wire);
            kept.wire.revision = kept.wire.revision.saturating_add(1);
            let manager = case.hub.manager().to_owned();
            let about = ("transfer-taken-back", kept.wire.name.as_str());
            effects.prompt(&case.record, about, &manager, now);
            matters::put(tx, &kept).await?;
        }
    }
    Ok(())
}
