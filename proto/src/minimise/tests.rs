use mash_domain::data_class::{ClassSet, DataClass};
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, Kind, Value};

use super::{
    plan::{Field, Plan, Shape, Varint},
    *,
};
use crate::disclosure::v1::{
    AdultVictim, ChildAddress, ChildIdentity, ChildVoice, Content, Household, IncidentStub,
    Narrative, ProfessionalContact, Suspect,
};

/// Everything that a content can hold, from which one is built. Wire types have no `Debug`, these have.
#[derive(Clone, Debug)]
struct Parts {
    present: u32,
    texts: Vec<String>,
    number: i32,
    people: usize,
}

impl Parts {
    fn text(&self, place: usize) -> String {
        self.texts.get(place % self.texts.len().max(1)).cloned().unwrap_or_default()
    }

    fn has(&self, class: DataClass) -> bool {
        self.present >> class.number() & 1 == 1
    }

    fn content(&self) -> Content {
        let answer = self.number.rem_euclid(4);
        let some = |class: DataClass| self.has(class).then_some(());
        let line = |class, place| if self.has(class) { self.text(place) } else { String::new() };
        let people = |class| if self.has(class) { self.people } else { 0 };
        Content {
            child: some(DataClass::ChildIdentity).map(|()| ChildIdentity {
                given_names: self.text(0),
                family_name: self.text(1),
                date_of_birth: Some(crate::r#type::v1::Date {
                    year: 2018,
                    month: 2,
                    day: self.number,
                }),
                upn: self.text(2),
                nhs_number: self.text(3),
            }),
            incident: some(DataClass::IncidentStub).map(|()| IncidentStub {
                police_reference: self.text(4),
                attended_time: Some(prost_types::Timestamp {
                    seconds: self.number.into(),
                    nanos: 7,
                }),
                child_present: answer,
                welfare_check: answer,
                do_not_inform_parent: answer == 1,
                parent_contact_advice: self.text(5),
                police_matter: answer == 2,
            }),
            narrative: some(DataClass::Narrative).map(|()| Narrative {
                r#type: self.text(6),
                circumstances: self.text(7),
                whereabouts: self.text(8),
                suspect_relationship: self.text(9),
            }),
            voice: some(DataClass::ChildVoice).map(|()| ChildVoice {
                spoken_to: answer,
                words: self.text(10),
                alone: self.number,
                not_spoken_to_reason: self.text(11),
            }),
            risk_grade: line(DataClass::RiskGrade, 12),
            address: some(DataClass::ChildAddress).map(|()| ChildAddress {
                lines: self.texts.clone(),
                postcode: self.text(13),
                protect: answer == 3,
            }),
            victims: (0..people(DataClass::AdultVictim))
                .map(|place| AdultVictim {
                    given_names: self.text(place),
                    telephone: self.text(place + 1),
                    ..AdultVictim::default()
                })
                .collect(),
            suspects: (0..people(DataClass::Perpetrator))
                .map(|place| Suspect { family_name: self.text(place), ..Suspect::default() })
                .collect(),
            offences: (0..people(DataClass::Offence)).map(|place| self.text(place)).collect(),
            sexual_offence_detail: line(DataClass::SexualOffence, 14),
            household: some(DataClass::Household).map(|()| Household {
                other_children: self.number,
                adult_relationships: self.texts.clone(),
                sibling_establishments: self.texts.clone(),
            }),
            officer: some(DataClass::ProfessionalContact).map(|()| ProfessionalContact {
                reference: self.text(15),
                telephone: self.text(16),
            }),
            actions: line(DataClass::Actions, 17),
        }
    }
}

prop_compose! {
    fn any_parts()(
        present in any::<u32>(),
        texts in prop::collection::vec(".{0,12}", 0..8),
        number in any::<i32>(),
        people in 0..4_usize,
    ) -> Parts {
        Parts { present, texts, number, people }
    }
}

fn any_classes() -> impl Strategy<Value = ClassSet> {
    any::<u32>().prop_map(|bits| {
        DataClass::ALL.into_iter().filter(|class| bits >> class.number() & 1 == 1).collect()
    })
}

/// The content with what is not permitted taken out by hand: the oracle. Every label is that of its top field.
fn without(mut content: Content, permitted: ClassSet) -> Content {
    let has = |class| permitted.contains(class);
    content.child = content.child.filter(|_| has(DataClass::ChildIdentity));
    content.incident = content.incident.filter(|_| has(DataClass::IncidentStub));
    content.narrative = content.narrative.filter(|_| has(DataClass::Narrative));
    content.voice = content.voice.filter(|_| has(DataClass::ChildVoice));
    content.risk_grade.retain(|_| has(DataClass::RiskGrade));
    content.address = content.address.filter(|_| has(DataClass::ChildAddress));
    content.victims.retain(|_| has(DataClass::AdultVictim));
    content.suspects.retain(|_| has(DataClass::Perpetrator));
    content.offences.retain(|_| has(DataClass::Offence));
    content.sexual_offence_detail.retain(|_| has(DataClass::SexualOffence));
    content.household = content.household.filter(|_| has(DataClass::Household));
    content.officer = content.officer.filter(|_| has(DataClass::ProfessionalContact));
    content.actions.retain(|_| has(DataClass::Actions));
    content
}

fn all() -> ClassSet {
    DataClass::ALL.into_iter().collect()
}

/// The labels of every field that is set, read from the descriptors without the plan.
fn labels(message: &DynamicMessage, label: &ExtensionDescriptor, found: &mut Vec<i32>) {
    for (field, value) in message.fields() {
        let options = field.options();
        found.push(options.get_extension(label).as_enum_number().expect("a label"));
        let shared = matches!(field.kind(), Kind::Message(inner)
            if inner.package_name() != "mash.disclosure.v1");
        let inner: Vec<&DynamicMessage> = match value.as_list() {
            Some(list) => list.iter().filter_map(Value::as_message).collect(),
            None => value.as_message().filter(|_| !shared).into_iter().collect(),
        };
        inner.into_iter().for_each(|inner| labels(inner, label, found));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is permitted, what comes out is what a person would have taken out by hand, byte for byte.
    #[test]
    fn only_the_permitted_classes_survive(parts in any_parts(), permitted in any_classes()) {
        let bytes = parts.content().encode_to_vec();
        let kept = minimise(&bytes, permitted).unwrap();
        prop_assert_eq!(&kept, &without(parts.content(), permitted).encode_to_vec());

        let pool = DescriptorPool::decode(crate::DESCRIPTORS).unwrap();
        let label = pool.get_extension_by_name("mash.options.v1.data_class").unwrap();
        let content = pool.get_message_by_name("mash.disclosure.v1.Content").unwrap();
        let mut found = vec![];
        labels(&DynamicMessage::decode(content, &*kept).unwrap(), &label, &mut found);
        for number in found {
            let class = DataClass::from_number(u8::try_from(number).unwrap()).unwrap();
            prop_assert!(permitted.contains(class), "{} survived", class);
        }
        prop_assert!(classes_present(&kept).unwrap().is_subset(permitted));
        let expected = classes_present(&bytes).unwrap().intersection(permitted);
        prop_assert_eq!(classes_present(&kept).unwrap(), expected);
    }

    /// Cutting twice is cutting once, and cutting narrower later is cutting narrower at once.
    #[test]
    fn minimising_again_changes_nothing(parts in any_parts(), one in any_classes(), two in any_classes()) {
        let bytes = parts.content().encode_to_vec();
        let once = minimise(&bytes, one).unwrap();
        prop_assert_eq!(&minimise(&once, one).unwrap(), &once);
        let both = one.intersection(two);
        prop_assert_eq!(minimise(&once, two).unwrap(), minimise(&bytes, both).unwrap());
    }

    /// Nothing of a refused class shows: not in the bytes, not in their number.
    #[test]
    fn contents_that_differ_in_refused_classes_become_the_same_bytes(
        parts in any_parts(), other in any_parts(), permitted in any_classes(),
    ) {
        let visible = without(parts.content(), permitted);
        let hidden = without(other.content(), all().difference(permitted));
        // Concatenation is how protobuf merges messages; the two have no field in common.
        let mut merged = hidden.encode_to_vec();
        merged.extend(visible.encode_to_vec());
        prop_assert_eq!(
            minimise(&merged, permitted).unwrap(),
            minimise(&visible.encode_to_vec(), permitted).unwrap()
        );
    }

    /// What prost refuses is refused here as well, and nothing panics.
    #[test]
    fn noise_never_passes(noise in prop::collection::vec(any::<u8>(), 0..64), permitted in any_classes()) {
        if let Ok(kept) = minimise(&noise, permitted) {
            prop_assert!(Content::decode(&*kept).is_ok());
            prop_assert!(Content::decode(&*noise).is_ok());
        }
    }

    /// A content with one byte changed is refused, or minimised as prost would have read it.
    #[test]
    fn a_flipped_byte_never_leaks(
        parts in any_parts(), permitted in any_classes(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = parts.content().encode_to_vec();
        if !bytes.is_empty() {
            let place = at.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(kept) = minimise(&bytes, permitted) {
            let read = Content::decode(&*bytes).unwrap();
            prop_assert_eq!(kept, without(read, permitted).encode_to_vec());
        }
    }
}

fn unlabelled(plan: &Plan, found: &mut Vec<String>) {
    for field in plan.fields() {
        if field.class.is_none() {
            found.push(field.name.clone());
        }
        if let Shape::Message(inner) = &field.shape {
            unlabelled(inner, found);
        }
    }
}

#[test]
fn every_field_of_a_content_is_labelled() {
    let mut found = vec![];
    unlabelled(plan::content().unwrap(), &mut found);
    assert_eq!(found, Vec::<String>::new(), "an unlabelled field is never disclosed");
}

#[test]
fn do_not_inform_goes_wherever_a_notice_goes() {
    let pool = DescriptorPool::decode(crate::DESCRIPTORS).unwrap();
    let label = pool.get_extension_by_name("mash.options.v1.data_class").unwrap();
    let stub = pool.get_message_by_name("mash.disclosure.v1.IncidentStub").unwrap();
    let mark = stub.get_field_by_name("do_not_inform_parent").unwrap();
    assert_eq!(
        mark.options().get_extension(&label).as_ref(),
        &Value::EnumNumber(2),
        "R14 rests on F2"
    );
}

fn field(number: u32, class: Option<DataClass>, shape: Shape) -> Field {
    Field { number, class, shape, repeated: false, implicit_zero: true, name: number.to_string() }
}

fn write(plan: &Plan, input: &[u8], permitted: ClassSet) -> Result<Vec<u8>, MinimiseError> {
    let mut kept = vec![];
    write_message(plan, input, &mut Keep::Only(permitted), &mut kept)?;
    Ok(kept)
}

#[test]
fn a_field_needs_its_own_class_and_that_of_every_field_above_it() {
    let inner = Plan::of(vec![
        field(1, Some(DataClass::ChildIdentity), Shape::Varint(Varint::Wide)),
        field(2, Some(DataClass::ChildAddress), Shape::Varint(Varint::Wide)),
        field(3, None, Shape::Varint(Varint::Wide)),
    ]);
    let plan = Plan::of(vec![
        field(1, Some(DataClass::Household), Shape::Message(inner)),
        field(2, None, Shape::Text),
    ]);
    // { 1: { 1: 5, 2: 6, 3: 7, 4: 8 }, 2: "x" }
    let bytes = [0x0a, 8, 8, 5, 16, 6, 24, 7, 32, 8, 0x12, 1, b'x'];
    let set = |classes: &[DataClass]| classes.iter().copied().collect::<ClassSet>();
    let (identity, address, household) =
        (DataClass::ChildIdentity, DataClass::ChildAddress, DataClass::Household);
    assert_eq!(write(&plan, &bytes, all()), Ok(vec![0x0a, 4, 8, 5, 16, 6]), "no label, no way");
    assert_eq!(write(&plan, &bytes, set(&[household, identity])), Ok(vec![0x0a, 2, 8, 5]));
    assert_eq!(write(&plan, &bytes, set(&[household])), Ok(vec![0x0a, 0]));
    assert_eq!(
        write(&plan, &bytes, set(&[identity, address])),
        Ok(vec![]),
        "the holder is refused"
    );
}

#[test]
fn odd_spellings_become_one() {
    let child =
        |given: &str| ChildIdentity { given_names: given.to_owned(), ..ChildIdentity::default() };
    let content =
        Content { child: Some(child("Ana")), risk_grade: "high".to_owned(), ..Content::default() };
    let expected = content.encode_to_vec();
    let first =
        Content { child: Some(child("Bob")), risk_grade: "low".to_owned(), ..Content::default() };
    let rest = Content { child: Some(child("Ana")), ..Content::default() };
    let grade = Content { risk_grade: "high".to_owned(), ..Content::default() };
    // Out of order, in parts, twice, with unknown fields, and a zero that is written out.
    let mut bytes = grade.encode_to_vec();
    bytes.splice(0..0, first.encode_to_vec());
    bytes.extend(rest.encode_to_vec());
    bytes.extend([0xf8, 0x3f, 1, 0x52, 0]);
    assert_eq!(minimise(&bytes, all()), Ok(expected));
}

#[test]
fn malformed_input_is_refused_even_where_it_is_not_permitted() {
    let table: [(&[u8], MinimiseError, &str); 9] = [
        (&[0x0a, 5, 1], MinimiseError::Truncated, "shorter than it says"),
        (&[0x0a], MinimiseError::Truncated, "no length"),
        (&[0x08, 1], MinimiseError::WireType, "a number for a message"),
        (&[0x2a, 1, 0xff], MinimiseError::Utf8, "a text that is none"),
        (&[0x0b], MinimiseError::Malformed, "a group"),
        (&[0x00, 1], MinimiseError::Malformed, "field zero"),
        (&[0x12, 2, 0x18, 0x80], MinimiseError::Truncated, "a varint that does not end"),
        (&[0x12, 2, 0x0d, 1], MinimiseError::Truncated, "within a message"),
        (&[0x32, 3, 0x0a, 1, 0xff], MinimiseError::Utf8, "deep within a repeated text"),
    ];
    for (bytes, expected, why) in table {
        for permitted in [all(), ClassSet::EMPTY] {
            assert_eq!(minimise(bytes, permitted), Err(expected), "{why}");
        }
        assert_eq!(classes_present(bytes), Err(expected), "{why}");
    }
}

#[test]
fn what_a_content_holds_is_told_by_class() {
    let content = Content {
        incident: Some(IncidentStub { police_matter: true, ..IncidentStub::default() }),
        suspects: vec![Suspect::default()],
        ..Content::default()
    };
    let present = classes_present(&content.encode_to_vec()).unwrap();
    let expected: ClassSet =
        [DataClass::IncidentStub, DataClass::Perpetrator].into_iter().collect();
    assert_eq!(present, expected, "a suspect without a name is still a suspect");
}
