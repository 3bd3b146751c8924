//! What the descriptors say about a message: which class each field is of, and how it is written.

use std::sync::LazyLock;

use mash_domain::data_class::DataClass;
use prost_reflect::{
    DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};

use super::MinimiseError;

/// The message that is minimised.
const CONTENT: &str = "mash.disclosure.v1.Content";
/// The option that labels a field.
const LABEL: &str = "mash.options.v1.data_class";
/// Packages of shared words. Their messages have no labels of their own and are what their holder is.
const SHARED: [&str; 2] = ["google.protobuf", "mash.type.v1"];

/// The fields of one message, by number.
pub(super) struct Plan {
    fields: Vec<Field>, // INVARIANT: in order of number, each once.
}

/// One field.
pub(super) struct Field {
    pub(super) number: u32,
    /// `None`: unlabelled, and so never disclosed.
    pub(super) class: Option<DataClass>,
    pub(super) shape: Shape,
    pub(super) repeated: bool,
    /// Whether a zero is as good as nothing.
    pub(super) implicit_zero: bool,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "so that a test can say which field it means")
    )]
    pub(super) name: String,
}

/// How a value is written.
pub(super) enum Shape {
    Varint(Varint),
    Fixed32,
    Fixed64,
    Text,
    Bytes,
    Message(Plan),
}

/// How a varint is cut to its type, so that one value has one spelling.
#[derive(Clone, Copy)]
pub(super) enum Varint {
    Bool,
    Signed32,
    Unsigned32,
    Wide,
}

/// The plan of `Content`, made once.
pub(super) fn content() -> Result<&'static Plan, MinimiseError> {
    static PLAN: LazyLock<Result<Plan, MinimiseError>> = LazyLock::new(compile);
    PLAN.as_ref().map_err(|error| *error)
}

impl Plan {
    pub(super) fn field(&self, number: u32) -> Option<&Field> {
        let place = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        self.fields.get(place)
    }

    #[cfg(test)]
    pub(super) fn of(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    #[cfg(test)]
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }
}

fn compile() -> Result<Plan, MinimiseError> {
    let pool = DescriptorPool::decode(crate::DESCRIPTORS).map_err(|_| MinimiseError::Contract)?;
    let label = pool.get_extension_by_name(LABEL).ok_or(MinimiseError::Contract)?;
    let content = pool.get_message_by_name(CONTENT).ok_or(MinimiseError::Contract)?;
    compile_message(&content, None, &label, &mut vec![])
}

/// `inherited` is the label of the holder of a shared message.
fn compile_message(
    message: &MessageDescriptor,
    inherited: Option<DataClass>,
    label: &ExtensionDescriptor,
    above: &mut Vec<String>,
) -> Result<Plan, MinimiseError> {
    // A message inside itself would have no bound to its depth.
    if above.iter().any(|name| name == message.full_name()) {
        return Err(MinimiseError::Contract);
    }
    above.push(message.full_name().to_owned());
    let shared = SHARED.contains(&message.package_name());
    let mut fields = Vec::new();
    for field in message.fields() {
        let class = if shared { inherited } else { class(&field, label) };
        let shape = match field.kind() {
            Kind::Message(inner) => Shape::Message(compile_message(&inner, class, label, above)?),
            Kind::Bool => Shape::Varint(Varint::Bool),
            Kind::Int32 | Kind::Enum(_) => Shape::Varint(Varint::Signed32),
            Kind::Uint32 | Kind::Sint32 => Shape::Varint(Varint::Unsigned32),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 => Shape::Varint(Varint::Wide),
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Shape::Fixed32,
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Shape::Fixed64,
            Kind::String => Shape::Text,
            Kind::Bytes => Shape::Bytes,
        };
        // A choice is settled by what comes last, which putting fields in order would change.
        let choice = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
        if field.is_map() || field.is_group() || field.is_required() || choice {
            return Err(MinimiseError::Contract);
        }
        fields.push(Field {
            number: field.number(),
            class,
            shape,
            repeated: field.is_list(),
            implicit_zero: !field.is_list() && !field.supports_presence(),
            name: field.full_name().to_owned(),
        });
    }
    above.pop();
    fields.sort_by_key(|field| field.number);
    Ok(Plan { fields })
}

/// The label of the field, if it has a valid one.
fn class(field: &FieldDescriptor, label: &ExtensionDescriptor) -> Option<DataClass> {
    let options = field.options();
    if !options.has_extension(label) {
        return None;
    }
    let number = options.get_extension(label).as_enum_number()?;
    u8::try_from(number).ok().and_then(DataClass::from_number)
}
