//! What goes into the ledger: that something was decided or changed, in ids and commitments.
//!
//! It is written in the transaction of what it tells of. The relay hands it to the ledger before it publishes anything
//! that was committed with it (P2).

use aws_lc_rs::rand;
use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_ledger::{Entry, Kind, entry::commitment};
use mash_proto::sharing::v1::{Decision, Effect};
use mash_store::{StoreError, Tx, evidence, evidence::Record};
use prost::Message as _;

use super::COMPONENT;

/// Something that the ledger has to know.
pub struct Happening {
    /// What.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// Whom it is about; empty if nobody in particular.
    pub organisation: String,
    /// The case; empty if there is none.
    pub case: String,
    /// Which decision, consent, agreement or rule set.
    pub subject: String,
    /// The rules that decided; empty if none did.
    pub ruleset: String,
    /// What makes it the same happening, besides its kind, organisation and subject.
    pub nonce: String,
    /// What is committed to.
    pub content: Vec<u8>,
}

/// Records what has happened, in the transaction in which it happens.
///
/// # Errors
///
/// [`StoreError`] if the store fails, or an id has characters that no id has.
pub async fn record(tx: &mut Tx, happenings: &[Happening]) -> Result<(), StoreError> {
    let records: Result<Vec<Record>, StoreError> = happenings.iter().map(record_of).collect();
    evidence::record(tx, COMPONENT, &records?).await
}

/// Records decisions, permits and refusals alike.
///
/// # Errors
///
/// As [`record`].
pub async fn decided(tx: &mut Tx, decisions: &[Decision]) -> Result<(), StoreError> {
    let happenings: Vec<Happening> = decisions.iter().map(of_decision).collect();
    record(tx, &happenings).await
}

fn of_decision(decision: &Decision) -> Happening {
    let recipient = decision.recipient.clone().and_then(|it| OrganisationId::try_from(it).ok());
    let at = decision.decide_time.as_ref();
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    Happening {
        kind: match decision.effect() {
            Effect::Permit => Kind::Permitted,
            Effect::Refuse | Effect::Unspecified => Kind::Refused,
        },
        at: at.unwrap_or_default(),
        organisation: recipient.map_or_else(String::new, |it| it.to_string()),
        case: decision.case_id.clone(),
        subject: decision.name.clone(),
        ruleset: decision.ruleset.clone(),
        nonce: String::new(),
        content: decision.encode_to_vec(),
    }
}

fn record_of(happening: &Happening) -> Result<Record, StoreError> {
    let Happening { kind, at, organisation, case, subject, ruleset, nonce, content } = happening;
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| StoreError::Corrupt("no salt can be drawn"))?;
    let words: &[&str] = if nonce.is_empty() {
        &[kind.word(), subject]
    } else {
        &[kind.word(), subject, organisation, nonce]
    };
    let entry = Entry {
        id: Entry::id_of(words),
        kind: *kind,
        at_ms: u64::try_from(at.as_millisecond()).unwrap_or_default(),
        late: false,
        organisation: organisation.clone(),
        case: case.clone(),
        subject: subject.clone(),
        ruleset: ruleset.clone(),
        commitment: commitment(&salt, content),
    };
    let encoded =
        entry.encode().map_err(|_| StoreError::Corrupt("an id has characters that no id has"))?;
    Ok(Record { entry_id: entry.id.to_string(), entry: encoded, salt })
}
