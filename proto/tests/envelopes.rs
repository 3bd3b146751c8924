//! What stands on a bus may be anything: it is an event of the type that was asked for, or refused, and never a panic.

use jiff::Timestamp;
use mash_proto::{
    audit::v1::ListedErasure,
    envelope::{Attributes, event_id, unwrap, wrap},
    event::v1::Envelope,
    police::v1::{Incident, IncidentReported, IncidentWithdrawn},
};
use proptest::prelude::*;
use prost::Message as _;

fn whole() -> Vec<u8> {
    let incident = Incident { narrative: "words".repeat(40), ..Incident::default() };
    let event = IncidentReported { case_id: "c".to_owned(), incident: Some(incident) };
    let attributes = Attributes {
        id: event_id(&["a", "1"]),
        source: "mash/police",
        subject: "c",
        time: Timestamp::UNIX_EPOCH,
        cause: None,
    };
    wrap(&event, &attributes).encode_to_vec()
}

/// What a reader makes of these bytes.
fn read(bytes: &[u8]) -> Option<IncidentReported> {
    let envelope = Envelope::decode(bytes).ok()?;
    assert!(
        unwrap::<IncidentWithdrawn>(&envelope).is_err() || !envelope.schema.ends_with("Reported")
    );
    unwrap::<IncidentReported>(&envelope).ok()
}

#[test]
fn one_inside_another_without_end_is_refused() {
    // Groups of an unknown field have no length, so depth costs two bytes: the decoder must stop by itself.
    let deep = [0xa3, 0x06].repeat(1_000_000);
    assert!(Envelope::decode(deep.as_slice()).is_err());
    assert!(Incident::decode(deep.as_slice()).is_err());
    // A length that no message has.
    assert!(Envelope::decode([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f].as_slice()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_are_no_event(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(read(&bytes).is_none());
        let _certificate = ListedErasure::decode(bytes.as_slice());
    }

    #[test]
    fn a_changed_envelope_is_an_event_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = whole();
        prop_assert!(read(&bytes).is_some());
        let place = at.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        if let Some(event) = read(&bytes) {
            prop_assert!(IncidentReported::decode(event.encode_to_vec().as_slice()).unwrap() == event);
        }
    }
}
