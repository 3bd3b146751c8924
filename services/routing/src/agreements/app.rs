//! What can be done with agreements, each within one transaction.

use jiff::Timestamp;
use mash_domain::{
    agreement::{Agreement, AgreementError, AgreementId, Command, Event, Supersession, Terms},
    incident::rules::day_of,
    organisation::OrganisationId,
};
use mash_ledger::Kind;
use mash_proto::{
    convert::time_to_wire,
    envelope::{Attributes, event_id, wrap},
    sharing::v1 as wire,
};
use mash_store::{
    StoreError, Tx, guards,
    keys::Scope,
    outbox::{self, OutboxMessage},
};
use prost::{Message, Name};

use super::digest_of;
use crate::{
    app::effects::SOURCE,
    store::{
        COMPONENT, agreements as store,
        consents::keep_back,
        evidence::{self, Happening},
        items, resting,
    },
};

/// Why something cannot be done with an agreement.
#[derive(Debug, thiserror::Error)]
pub enum AgreementRefusal {
    /// There is none, or the caller is no party of it.
    #[error("there is no such agreement")]
    NotFound,
    /// The caller proposes an agreement of others.
    #[error("the caller must be one of the parties")]
    NotOurs,
    /// The last day is over already.
    #[error("the last day is over")]
    Past,
    /// What it would supersede is not there, has ended, or has other parties.
    #[error(
        "what it supersedes must be an agreement in force whose parties are all parties of this one"
    )]
    CannotSupersede,
    /// The agreement refuses.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The store fails.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Keeps a proposal.
///
/// # Errors
///
/// [`AgreementRefusal`].
pub async fn propose(
    tx: &mut Tx,
    id: AgreementId,
    terms: Terms,
    (caller, now): (&OrganisationId, Timestamp),
) -> Result<Agreement, AgreementRefusal> {
    if terms.party(caller).is_none() {
        return Err(AgreementRefusal::NotOurs);
    }
    if terms.valid_until() < day_of(now) {
        return Err(AgreementRefusal::Past);
    }
    if let Some(superseded) = terms.supersedes() {
        let known = store::get(tx.conn(), superseded).await?;
        let fits = |old: &Agreement| {
            let kept = |organisation| terms.party(organisation).is_some();
            old.has_party(caller)
                && old.is_agreed()
                && !old.state_on(day_of(now)).has_ended()
                && old.terms.parties().iter().all(|party| kept(&party.organisation))
        };
        known.filter(fits).ok_or(AgreementRefusal::CannotSupersede)?;
    }
    let digest = digest_of(&terms);
    let agreement = Agreement::propose(id, (terms, digest), caller.clone(), now);
    store::insert(tx, &agreement).await?;
    Ok(agreement)
}

/// Signs or terminates for a party, and tells what came of it.
///
/// # Errors
///
/// [`AgreementRefusal`]; nothing has changed then.
pub async fn command(
    tx: &mut Tx,
    id: AgreementId,
    command: Command,
    (caller, now): (&OrganisationId, Timestamp),
) -> Result<Agreement, AgreementRefusal> {
    let found = store::lock(tx, id).await?.filter(|agreement| agreement.has_party(caller));
    let mut agreement = found.ok_or(AgreementRefusal::NotFound)?;
    let events = agreement.apply(command, now)?;
    store::put(tx, &agreement).await?;
    stand_guard(tx, &agreement).await?;
    publish(tx, &agreement, &events, now).await?;
    supersede(tx, &agreement, now).await?;
    Ok(agreement)
}

/// The calendar has a look at an agreement. Returns what it had to say.
///
/// # Errors
///
/// [`AgreementRefusal::Store`] if the store fails.
pub async fn look(
    tx: &mut Tx,
    id: AgreementId,
    now: Timestamp,
) -> Result<Vec<Event>, AgreementRefusal> {
    let Some(mut agreement) = store::lock(tx, id).await? else { return Ok(Vec::new()) };
    let events = agreement.apply(Command::Look, now)?;
    if !events.is_empty() {
        store::put(tx, &agreement).await?;
        publish(tx, &agreement, &events, now).await?;
    }
    Ok(events)
}

/// An agreement takes the place of another one as soon as everybody whom that one binds has signed this one: nobody loses
/// an agreement to others.
async fn supersede(
    tx: &mut Tx,
    successor: &Agreement,
    now: Timestamp,
) -> Result<(), AgreementRefusal> {
    let Some(id) = successor.terms.supersedes().filter(|_| successor.is_agreed()) else {
        return Ok(());
    };
    let Some(mut old) = store::lock(tx, id).await? else { return Ok(()) };
    if !old.signatures.iter().all(|signature| successor.is_signed_by(&signature.party)) {
        return Ok(());
    }
    let from = successor.terms.valid_from().max(day_of(now));
    let command = Command::Supersede(Supersession { by: successor.id, from });
    match old.apply(command, now) {
        Ok(events) => {
            store::put(tx, &old).await?;
            stand_guard(tx, &old).await?;
            publish(tx, &old, &events, now).await?;
            Ok(())
        }
        // It has ended in the meantime, or has a successor already.
        Err(_) => Ok(()),
    }
}

/// The guard on which every release under an agreement rests: nothing leaves the outbox once it is closed.
#[must_use]
pub fn guard_of(agreement: AgreementId) -> String {
    format!("agreement/{agreement}")
}

/// Opens the guard of an agreement until its end, and closes it when somebody ends the agreement: the commit then returns
/// only when nothing under it is being published any more.
async fn stand_guard(tx: &mut Tx, agreement: &Agreement) -> Result<(), StoreError> {
    let guard = guard_of(agreement.id);
    if agreement.termination.is_some() {
        let closed = guards::close(tx, &guard).await?;
        keep_back(tx, &closed.dropped).await?;
        resting::keep_back(tx, &closed.dropped).await?;
        items::keep_back(tx, &closed.dropped).await?;
        if !closed.dropped.is_empty() {
            tracing::warn!(
                agreement.id = %agreement.id,
                releases = closed.dropped.len(),
                "releases that waited were kept back, since their agreement was ended"
            );
        }
    } else if agreement.is_agreed() {
        guards::open(tx, &guard, agreement.holds_until().as_millisecond()).await?;
    }
    Ok(())
}

/// Enqueues what others may want to know.
async fn publish(
    tx: &mut Tx,
    agreement: &Agreement,
    events: &[Event],
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = agreement.id.name();
    let parties = || {
        let parties = agreement.terms.parties().iter();
        parties.map(|party| (&party.organisation).into()).collect()
    };
    let ended = |state: wire::AgreementState| wire::AgreementEnded {
        agreement: name.clone(),
        state: state.into(),
        end_time: Some(time_to_wire(now)),
        parties: parties(),
    };
    let mut messages = Vec::new();
    for event in events {
        messages.extend(match event {
            // Who has signed is told with the activation; a half-signed draft concerns nobody else.
            Event::Signed { .. } => None,
            Event::Activated => {
                let signatories = agreement.signatures.iter().map(|it| (&it.party).into());
                let activated = wire::AgreementActivated {
                    agreement: name.clone(),
                    activate_time: Some(time_to_wire(now)),
                    signatories: signatories.collect(),
                    digest: agreement.digest.as_bytes().to_vec(),
                };
                Some(message(agreement, "activated", &activated, now))
            }
            Event::ExpiryWarned { days, left } => {
                let warned = wire::AgreementExpiryWarned {
                    agreement: name.clone(),
                    days: *days,
                    days_left: *left,
                    valid_until: Some(agreement.terms.valid_until().into()),
                    parties: parties(),
                };
                Some(message(agreement, &format!("warned-{days}"), &warned, now))
            }
            Event::Expired => {
                Some(message(agreement, "expired", &ended(wire::AgreementState::Expired), now))
            }
            Event::Terminated => {
                let ended = ended(wire::AgreementState::Terminated);
                Some(message(agreement, "terminated", &ended, now))
            }
            Event::Superseded => {
                let ended = ended(wire::AgreementState::Superseded);
                Some(message(agreement, "superseded", &ended, now))
            }
        });
    }
    evidence::record(tx, &changed(agreement, events, now)).await?;
    outbox::enqueue(tx, COMPONENT, &messages).await
}

/// What the ledger hears of an agreement, once for each of its parties.
fn changed(agreement: &Agreement, events: &[Event], now: Timestamp) -> Vec<Happening> {
    let mut happenings = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let what = match event {
            Event::Signed { .. } => "signed",
            Event::Activated => "activated",
            // A warning changes nothing.
            Event::ExpiryWarned { .. } => continue,
            Event::Expired => "expired",
            Event::Terminated => "terminated",
            Event::Superseded => "superseded",
        };
        for party in agreement.terms.parties() {
            happenings.push(Happening {
                kind: Kind::AgreementChanged,
                at: now,
                organisation: party.organisation.to_string(),
                case: String::new(),
                subject: format!("agreements/{}", agreement.id),
                ruleset: String::new(),
                nonce: format!("{what}/{}/{number}", now.as_millisecond()),
                content: [what.as_bytes(), agreement.digest.as_bytes().as_slice()].concat(),
            });
        }
    }
    happenings
}

fn message<M: Message + Name>(
    agreement: &Agreement,
    what: &str,
    event: &M,
    now: Timestamp,
) -> OutboxMessage {
    let key = agreement.id.to_string();
    // Each of these happens to an agreement once.
    let id = event_id(&["agreement", &key, what]);
    let name = agreement.id.name();
    let attributes = Attributes { id, source: SOURCE, subject: &name, time: now, cause: None };
    let payload = wrap(event, &attributes).encode_to_vec();
    OutboxMessage {
        topic: mash_bus::topics::AGREEMENTS,
        scope: Some(Scope::new("agreement", key.as_str())),
        key,
        event_id: id.to_string(),
        payload,
        guards: Vec::new(),
    }
}
