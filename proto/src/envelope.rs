//! Wrapping events for the bus, and unwrapping them.

use jiff::Timestamp;
use prost::{Message, Name};
use uuid::Uuid;

use crate::{convert::time_to_wire, event::v1::Envelope};

/// What an event says about itself besides its content.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    /// A UUID that is the same however often the event is published.
    pub id: Uuid,
    /// The service that publishes it, such as `mash/police`.
    pub source: &'a str,
    /// The opaque id of what it is about.
    pub subject: &'a str,
    /// When it happened.
    pub time: Timestamp,
    /// The event that caused it, if any.
    pub cause: Option<&'a Envelope>,
}

/// Why an envelope does not hold the event that was expected.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It holds another event.
    #[error("the envelope holds another event")]
    Schema,
    /// Its content cannot be decoded.
    #[error("the content of the envelope cannot be decoded")]
    Content(#[from] prost::DecodeError),
}

/// The namespace of event ids, which are UUIDv5 of what makes an event the same event.
const EVENTS: Uuid = Uuid::from_u128(0x6d61_7368_6576_5e6e_8474_0a1b_2c3d_4e5f);

/// The id of the event that these parts identify. The same parts give the same id, however often and wherever.
///
/// The parts are joined with a separator that none of them may hold, so that no two lists of parts read alike.
#[must_use]
pub fn event_id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&EVENTS, parts.join("\u{1f}").as_bytes())
}

/// Puts an event into an envelope.
pub fn wrap<M: Message + Name>(event: &M, attributes: &Attributes<'_>) -> Envelope {
    let id = attributes.id.to_string();
    let (correlation_id, causation_id, traceparent) = match attributes.cause {
        Some(cause) => (cause.correlation_id.clone(), cause.id.clone(), cause.traceparent.clone()),
        None => (id.clone(), String::new(), String::new()),
    };
    Envelope {
        id,
        source: attributes.source.to_owned(),
        r#type: M::full_name(),
        time: Some(time_to_wire(attributes.time)),
        subject: attributes.subject.to_owned(),
        data: event.encode_to_vec(),
        schema: M::full_name(),
        correlation_id,
        causation_id,
        traceparent,
    }
}

/// Whether the envelope holds an event of this type.
#[must_use]
pub fn holds<M: Name>(envelope: &Envelope) -> bool {
    envelope.schema == M::full_name()
}

/// Whether the envelope holds something about a referral: an item, or a receipt for one. It shares topics with what is
/// said of incidents, and each has readers of its own.
#[must_use]
pub fn is_of_referral(envelope: &Envelope) -> bool {
    envelope.schema.starts_with("mash.referral.v1.")
}

/// Takes an event out of its envelope.
///
/// # Errors
///
/// [`EnvelopeError`] if it holds another event or cannot be decoded.
pub fn unwrap<M: Message + Name + Default>(envelope: &Envelope) -> Result<M, EnvelopeError> {
    if !holds::<M>(envelope) {
        return Err(EnvelopeError::Schema);
    }
    Ok(M::decode(envelope.data.as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::police::v1::{IncidentReported, IncidentWithdrawn};

    #[test]
    fn an_event_reads_back_and_another_type_is_refused() {
        let event = IncidentReported { case_id: "c".into(), incident: None };
        let attributes = Attributes {
            id: event_id(&["a", "1"]),
            source: "mash/police",
            subject: "c",
            time: Timestamp::UNIX_EPOCH,
            cause: None,
        };
        let envelope = wrap(&event, &attributes);
        assert!(unwrap::<IncidentReported>(&envelope).is_ok_and(|read| read == event));
        assert!(matches!(unwrap::<IncidentWithdrawn>(&envelope), Err(EnvelopeError::Schema)));
        assert_eq!(envelope.correlation_id, envelope.id);
    }

    #[test]
    fn ids_depend_on_every_part() {
        assert_eq!(event_id(&["a", "b"]), event_id(&["a", "b"]));
        assert_ne!(event_id(&["a", "b"]), event_id(&["ab"]));
        assert_ne!(event_id(&["a", "b"]), event_id(&["b", "a"]));
    }
}
