use mash_domain::data_class::{ClassSet, DataClass};
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    Value,
};

use super::{
    plan::{Field, Plan, Shape, Varint},
    *,
};
use crate::disclosure::v1::{ChildIdentity, Content, IncidentStub, Suspect};

fn pool() -> DescriptorPool {
    DescriptorPool::decode(crate::DESCRIPTORS).unwrap()
}

fn descriptor() -> MessageDescriptor {
    pool().get_message_by_name("mash.disclosure.v1.Content").unwrap()
}

/// What a content is made of: choices, consumed one after the other by [`Filling`] while it walks the contract. Wire
/// types have no `Debug`, this has.
#[derive(Clone, Debug)]
struct Parts {
    choices: Vec<u32>,
    texts: Vec<String>,
}

impl Parts {
    /// A content in which any field of any message may be set, whatever the contract holds today.
    fn content(&self) -> Content {
        let mut filling = Filling { parts: self, at: 0 };
        let filled = filling.message(&descriptor());
        Content::decode(&*filled.encode_to_vec()).unwrap()
    }
}

/// Fills messages from their descriptors.
struct Filling<'a> {
    parts: &'a Parts,
    at: usize,
}

impl Filling<'_> {
    fn choice(&mut self) -> u32 {
        self.at += 1;
        let choices = &self.parts.choices;
        choices.get(self.at % choices.len().max(1)).copied().unwrap_or_default()
    }

    fn message(&mut self, of: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        for field in of.fields() {
            let choice = self.choice();
            if choice.is_multiple_of(3) {
                continue;
            }
            let value = if field.is_list() {
                Value::List((0..choice % 4).map(|_| self.value(&field)).collect())
            } else {
                self.value(&field)
            };
            message.set_field(&field, value);
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor) -> Value {
        let choice = self.choice();
        match field.kind() {
            Kind::Message(inner) => Value::Message(self.message(&inner)),
            Kind::String => {
                let texts = &self.parts.texts;
                let text = texts.get(choice as usize % texts.len().max(1));
                Value::String(text.cloned().unwrap_or_default())
            }
            Kind::Bytes => Value::Bytes(choice.to_be_bytes().to_vec().into()),
            Kind::Bool => Value::Bool(choice.is_multiple_of(2)),
            Kind::Enum(_) => Value::EnumNumber(choice.cast_signed() % 7),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(choice.cast_signed()),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Value::I64(i64::from(choice.cast_signed()))
            }
            Kind::Uint32 | Kind::Fixed32 => Value::U32(choice),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::from(choice)),
            Kind::Float | Kind::Double => panic!("the contract has no use for fractions"),
        }
    }
}

prop_compose! {
    fn any_parts()(
        // Used over and over, so that a short list still sets fields far down.
        choices in prop::collection::vec(any::<u32>(), 1..240),
        texts in prop::collection::vec(".{0,12}", 0..8),
    ) -> Parts {
        Parts { choices, texts }
    }
}

fn any_classes() -> impl Strategy<Value = ClassSet> {
    any::<u32>().prop_map(|bits| {
        DataClass::ALL.into_iter().filter(|class| bits >> class.number() & 1 == 1).collect()
    })
}

/// The content with what is not permitted taken out by hand: the oracle. Every label is that of its top field. A field
/// that the contract gains does not compile here until somebody has said what class it is of.
fn without(content: Content, permitted: ClassSet) -> Content {
    let has = |class| permitted.contains(class);
    let text = |class, text: String| if has(class) { text } else { String::new() };
    let Content {
        child,
        incident,
        narrative,
        voice,
        risk_grade,
        address,
        victims,
        suspects,
        offences,
        sexual_offence_detail,
        health,
        household,
        third_party,
        intelligence,
        immigration,
        adoption,
        officer,
        actions,
        feedback,
        question,
        meeting,
        protection,
        professionals,
        disagreement,
        reply,
    } = content;
    Content {
        child: child.filter(|_| has(DataClass::ChildIdentity)),
        incident: incident.filter(|_| has(DataClass::IncidentStub)),
        narrative: narrative.filter(|_| has(DataClass::Narrative)),
        voice: voice.filter(|_| has(DataClass::ChildVoice)),
        risk_grade: text(DataClass::RiskGrade, risk_grade),
        address: address.filter(|_| has(DataClass::ChildAddress)),
        victims: only(has(DataClass::AdultVictim), victims),
        suspects: only(has(DataClass::Perpetrator), suspects),
        offences: only(has(DataClass::Offence), offences),
        sexual_offence_detail: text(DataClass::SexualOffence, sexual_offence_detail),
        health: health.filter(|_| has(DataClass::Health)),
        household: household.filter(|_| has(DataClass::Household)),
        third_party: only(has(DataClass::ThirdParty), third_party),
        intelligence: text(DataClass::Intelligence, intelligence),
        immigration: text(DataClass::Immigration, immigration),
        adoption: text(DataClass::Adoption, adoption),
        officer: officer.filter(|_| has(DataClass::ProfessionalContact)),
        actions: text(DataClass::Actions, actions),
        feedback: feedback.filter(|_| has(DataClass::Actions)),
        question: question.filter(|_| has(DataClass::Actions)),
        meeting: meeting.filter(|_| has(DataClass::Actions)),
        protection: protection.filter(|_| has(DataClass::Actions)),
        professionals: only(has(DataClass::ProfessionalContact), professionals),
        disagreement: disagreement.filter(|_| has(DataClass::Actions)),
        reply: reply.filter(|_| has(DataClass::Actions)),
    }
}

fn only<T>(permitted: bool, all: Vec<T>) -> Vec<T> {
    if permitted { all } else { Vec::new() }
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

        let label = pool().get_extension_by_name("mash.options.v1.data_class").unwrap();
        let mut found = vec![];
        labels(&DynamicMessage::decode(descriptor(), &*kept).unwrap(), &label, &mut found);
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

/// Every field of a message and of the messages below it, by its path.
fn paths(of: &MessageDescriptor, above: &str, found: &mut Vec<String>) {
    for field in of.fields() {
        let path = format!("{above}/{}", field.name());
        if let Kind::Message(inner) = field.kind() {
            paths(&inner, &path, found);
        }
        found.push(path);
    }
}

/// The paths that a message sets.
fn paths_set(message: &DynamicMessage, above: &str, found: &mut Vec<String>) {
    for (field, value) in message.fields() {
        let path = format!("{above}/{}", field.name());
        let list = value.as_list().unwrap_or_default().iter().filter_map(Value::as_message);
        list.chain(value.as_message()).for_each(|inner| paths_set(inner, &path, found));
        found.push(path);
    }
}

/// A content in which every field of every message is set.
fn whole() -> Content {
    Parts { choices: vec![1], texts: vec!["text".to_owned()] }.content()
}

#[test]
fn the_generator_leaves_out_no_field_of_the_contract() {
    let (mut wanted, mut set) = (vec![], vec![]);
    paths(&descriptor(), "", &mut wanted);
    // The first leaves marks at their default, which is not written.
    for choices in [vec![1], vec![2]] {
        let content = Parts { choices, texts: vec!["text".to_owned()] }.content();
        let bytes = content.encode_to_vec();
        paths_set(&DynamicMessage::decode(descriptor(), &*bytes).unwrap(), "", &mut set);
    }
    wanted.retain(|path| !set.contains(path));
    assert_eq!(wanted, Vec::<String>::new(), "these are never tried");
}

#[test]
fn each_class_alone_brings_its_own_fields_and_no_other() {
    let bytes = whole().encode_to_vec();
    assert_eq!(classes_present(&bytes), Ok(all()), "every class has a field");
    for class in DataClass::ALL {
        let (alone, others) =
            (ClassSet::EMPTY.with(class), all().difference(ClassSet::EMPTY.with(class)));
        let kept = minimise(&bytes, alone).unwrap();
        assert_eq!(kept, without(whole(), alone).encode_to_vec(), "{class}");
        assert_eq!(classes_present(&kept), Ok(alone), "{class}");
        let rest = minimise(&bytes, others).unwrap();
        assert_eq!(classes_present(&rest), Ok(others), "all but {class}");
        assert!(kept.len() + rest.len() == bytes.len(), "{class}: nothing is lost or told twice");
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
    let pool = pool();
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
