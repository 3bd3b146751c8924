//! Messages that cannot be processed.

use uuid::Uuid;

use mash_proto::{
    envelope::{Attributes, event_id, wrap},
    event::v1::{DeadLettered, Envelope},
};
use mash_store::{
    Store, StoreError, Tx,
    dead_letters::{self, DeadLetter, State},
    keys::{self, Opening},
    outbox::{self, OutboxMessage},
};

use super::{Arrival, Unread, decode};
use crate::{DEAD_LETTER_COMPONENT, Delivery, Handler, topics};

/// The message is no envelope.
const UNDECODABLE: &str = "MASH-B001";
/// The envelope has no usable id, so a second delivery could not be told from the first.
const NO_ID: &str = "MASH-B002";
/// The store refuses what the message says, again and again.
pub(super) const REFUSED: &str = "MASH-B003";

/// Ids are UUIDs; foreign ones are tolerated up to this length.
const LONGEST_ID: usize = 128;

/// Opens what was sealed when it was put into an outbox, with the keys of their cases.
pub(super) async fn open_all(
    store: &Store,
    group: &'static str,
    batch: Vec<Delivery>,
) -> Result<Vec<Arrival>, StoreError> {
    let payloads = || batch.iter().map(|delivery| &delivery.payload[..]);
    let keys = keys::to_open_here(store, payloads()).await?;
    let arrivals: Vec<_> = batch.into_iter().map(|delivery| open(delivery, &keys)).collect();
    let erased = arrivals.iter().filter(|arrival| arrival.content == Err(Unread::Erased)).count();
    if erased > 0 {
        tracing::warn!(group, erased, "messages whose content was erased are passed over");
    }
    Ok(arrivals)
}

fn open(delivery: Delivery, keys: &Opening) -> Arrival {
    let content = match (delivery.fault, keys.open(&delivery.topic, delivery.payload.to_vec())) {
        (Some(code), _) => Err(Unread::Poison(code)),
        (None, Ok(payload)) => read(&payload).map_err(Unread::Poison),
        (None, Err(StoreError::Erased)) => Err(Unread::Erased),
        (None, Err(StoreError::Sealed(error))) => Err(Unread::Poison(error.code())),
        (None, Err(_)) => Err(Unread::Poison(UNDECODABLE)),
    };
    Arrival { delivery, content }
}

fn read(payload: &[u8]) -> Result<Envelope, &'static str> {
    match decode(payload) {
        None => Err(UNDECODABLE),
        Some(envelope) if is_usable(&envelope.id) => Ok(envelope),
        Some(_) => Err(NO_ID),
    }
}

fn is_usable(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(char::is_control)
}

/// Keeps the message as a dead letter and announces it, unless that was done before.
///
/// The event is not marked as seen, so that the owner can send it round again under its own id.
pub(super) async fn bury(
    tx: &mut Tx,
    handler: &dyn Handler,
    arrival: &Arrival,
    code: &'static str,
) -> Result<(), StoreError> {
    let now = jiff::Timestamp::now();
    let letter = dead_letter(handler, arrival, code, now.as_millisecond());
    if !dead_letters::insert(tx, &letter).await? {
        return Ok(());
    }
    tracing::error!(
        group = letter.group,
        code,
        dead_letter.id = letter.id,
        owner = letter.owner,
        topic = letter.topic,
        partition = letter.partition,
        offset = letter.offset,
        "a message became a dead letter"
    );
    // An announcement has an id of its own each time the letter opens, or consumers would drop the second.
    let id = event_id(&["dead-letter", &letter.id, &letter.at_ms.to_string()]);
    let attributes =
        Attributes { id, source: "mash/bus", subject: &letter.id, time: now, cause: None };
    let event = DeadLettered {
        dead_letter_id: letter.id.clone(),
        consumer_group: letter.group,
        topic: letter.topic,
        partition: letter.partition,
        offset: letter.offset,
        event_id: letter.event_id,
        code: letter.code,
        owner: letter.owner,
    };
    let payload = prost::Message::encode_to_vec(&wrap(&event, &attributes));
    let message = OutboxMessage {
        topic: topics::DEAD_LETTERS,
        key: letter.key,
        event_id: id.to_string(),
        payload,
        guards: Vec::new(),
        scope: None,
    };
    outbox::enqueue(tx, DEAD_LETTER_COMPONENT, &[message]).await
}

fn dead_letter(handler: &dyn Handler, arrival: &Arrival, code: &str, at_ms: i64) -> DeadLetter {
    let delivery = &arrival.delivery;
    let event_id = arrival.content.as_ref().ok().map(|envelope| envelope.id.clone());
    // The same event has the same dead letter in one group, wherever in the log it stands. Of what cannot be read, the same
    // bytes to somebody else are another message.
    let name = match &event_id {
        Some(id) => [handler.group(), "event", id].join("\u{1f}").into_bytes(),
        None => {
            let mut name = [handler.group(), "message", &delivery.topic, &delivery.key]
                .join("\u{1f}")
                .into_bytes();
            name.push(0x1f);
            name.extend_from_slice(&delivery.payload);
            name
        }
    };
    DeadLetter {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &name).to_string(),
        group: handler.group().to_owned(),
        topic: delivery.topic.clone(),
        partition: delivery.partition,
        offset: delivery.offset,
        // PostgreSQL's texts cannot hold a NUL, which a foreign key may well do.
        key: delivery.key.replace('\0', "\u{fffd}"),
        event_id: event_id.unwrap_or_default(),
        payload: delivery.payload.to_vec(),
        code: code.to_owned(),
        detail: detail(code).to_owned(),
        owner: handler.owner().to_owned(),
        at_ms,
        state: State::Open,
    }
}

fn detail(code: &str) -> &'static str {
    match code {
        UNDECODABLE => "the message is no envelope",
        NO_ID => "the envelope has no usable id",
        REFUSED => "the store refuses what the event says",
        code if code.starts_with("MASH-X") => "the message cannot be opened",
        _ => "the event cannot be processed",
    }
}
