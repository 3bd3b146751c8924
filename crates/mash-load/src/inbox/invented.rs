//! Releases of notices to schools, as routing would publish them.

use jiff::{Timestamp, civil};
use mash_domain::incident::CaseId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, DisclosureReleased, IncidentStub, Narrative},
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    r#type::v1::Organisation,
};
use prost::Message as _;

/// The release of notice `number` of a run to these contacts of a school, and its event id.
#[must_use]
pub fn released(
    school: &Organisation,
    addressees: &[String],
    (label, number): (&str, usize),
    now: Timestamp,
) -> (String, Envelope) {
    let id = format!("{label}-{number}");
    // Eighteen years of birthdays, so that few children are alike.
    let born = civil::date(2010, 1, 1)
        .checked_add(jiff::Span::new().days(i64::try_from(number % 5_000).unwrap_or_default()));
    let child = ChildIdentity {
        given_names: format!("Synthetic {}", number % 977),
        family_name: format!("Example {}", number % 1_009),
        date_of_birth: born.ok().map(Into::into),
        ..ChildIdentity::default()
    };
    let content = Content {
        child: Some(child),
        incident: Some(IncidentStub {
            police_reference: format!("SYN-{number}"),
            ..IncidentStub::default()
        }),
        narrative: Some(Narrative {
            circumstances: CIRCUMSTANCES.to_owned(),
            ..Narrative::default()
        }),
        ..Content::default()
    };
    let release = DisclosureReleased {
        disclosure_id: id.clone(),
        duty_id: format!("duty-{id}"),
        // Routing knows no such case, and passes over what is said of it; what is no case it would keep as a dead letter.
        case_id: CaseId::from_mac(&mac(number)).to_string(),
        recipient: Some(school.clone()),
        addressees: addressees.to_vec(),
        revision: 1,
        content: content.encode_to_vec(),
        classes: vec![1, 2, 3],
        rule_ids: vec!["R01".to_owned()],
        duty_kind: "school".to_owned(),
        from_force_code: "62".to_owned(),
        accept_time: Some(time_to_wire(now)),
        ..DisclosureReleased::default()
    };
    let event = event_id(&["load", "inbox", &id]);
    let attributes =
        Attributes { id: event, source: "mash/routing", subject: "case", time: now, cause: None };
    (event.to_string(), wrap(&release, &attributes))
}

/// One for each number.
fn mac(number: usize) -> [u8; 32] {
    let mut bytes = number.to_le_bytes().into_iter();
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

const CIRCUMSTANCES: &str = "Officers came to the address at night after a call. The child was in the house and was seen. \
    Words were exchanged between two adults and a door was damaged; one adult has left.";
