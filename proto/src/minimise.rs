//! Minimisation: what a recipient may not know is taken out of a [`Content`](crate::disclosure::v1::Content).
//!
//! It works on the wire format and is driven by the `data_class` labels of the contract. A field is kept only if its
//! own class and the class of every field above it are permitted; a field without a label, or one that the contract
//! does not know, is never kept. Input that is not well formed is an error and nothing of it passes.
//!
//! The output is canonical: fields in order of number, one spelling for each value, so that two contents that differ
//! only in what a recipient may not know become the same bytes.

mod plan;

use mash_domain::data_class::{ClassSet, DataClass};

use self::plan::{Field, Plan, Shape, Varint};

/// Why a content could not be minimised. It says nothing of what was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MinimiseError {
    /// The bytes end within a field.
    #[error("the content is cut short")]
    Truncated,
    /// A number of a field, a length or a varint is not one.
    #[error("the content is malformed")]
    Malformed,
    /// A known field is written in a way that its type does not allow.
    #[error("a field of the content has another type")]
    WireType,
    /// A text is not UTF-8.
    #[error("a text of the content is not UTF-8")]
    Utf8,
    /// The contract itself cannot be used. A test keeps it from ever being shipped so.
    #[error("the contract has no usable labels")]
    Contract,
}

/// Takes out everything that is not permitted.
///
/// # Errors
///
/// [`MinimiseError`] if the bytes are not a well-formed `Content`, refused fields included.
pub fn minimise(content: &[u8], permitted: ClassSet) -> Result<Vec<u8>, MinimiseError> {
    let mut kept = Vec::with_capacity(content.len());
    write_message(plan::content()?, content, &mut Keep::Only(permitted), &mut kept)?;
    Ok(kept)
}

/// The classes that a content holds something of.
///
/// # Errors
///
/// [`MinimiseError`] if the bytes are not a well-formed `Content`.
pub fn classes_present(content: &[u8]) -> Result<ClassSet, MinimiseError> {
    let mut keep = Keep::Note(ClassSet::EMPTY);
    write_message(plan::content()?, content, &mut keep, &mut Vec::with_capacity(content.len()))?;
    match keep {
        Keep::Note(present) => Ok(present),
        Keep::Only(_) | Keep::Nothing => Ok(ClassSet::EMPTY),
    }
}

/// What to do with a labelled field.
enum Keep {
    /// Keep these classes.
    Only(ClassSet),
    /// Keep everything, and note the classes.
    Note(ClassSet),
    /// Only check that it is well formed.
    Nothing,
}

impl Keep {
    fn wants(&self, class: Option<DataClass>) -> bool {
        match (self, class) {
            (Self::Only(permitted), Some(class)) => permitted.contains(class),
            (Self::Note(_), Some(_)) => true,
            (Self::Nothing, _) | (_, None) => false,
        }
    }

    fn note(&mut self, class: Option<DataClass>) {
        if let (Self::Note(present), Some(class)) = (self, class) {
            *present = present.with(class);
        }
    }
}

/// A value as it stands in the input.
#[derive(Clone, Copy)]
enum Raw<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Delimited(&'a [u8]),
}

/// Writes what is kept of a message, in order of number.
fn write_message(
    plan: &Plan,
    mut input: &[u8],
    keep: &mut Keep,
    out: &mut Vec<u8>,
) -> Result<(), MinimiseError> {
    let mut values: Vec<(&Field, Raw<'_>)> = Vec::with_capacity(8);
    let mut in_order = true;
    while !input.is_empty() {
        let (number, raw) = read_field(&mut input)?;
        if let Some(field) = plan.field(number) {
            let follows = values.last().is_none_or(|(last, _)| last.number <= number);
            in_order &= follows;
            values.push((field, raw));
        }
    }
    if !in_order {
        values.sort_by_key(|(field, _)| field.number); // Stable: the order of repeated values is kept.
    }
    for run in values.chunk_by(|(one, _), (other, _)| one.number == other.number) {
        let Some((field, _)) = run.first() else { continue };
        if keep.wants(field.class) {
            write_run(field, run, keep, out)?;
        } else {
            let mark = out.len();
            write_run(field, run, &mut Keep::Nothing, out)?;
            out.truncate(mark);
        }
    }
    Ok(())
}

/// Writes every value of one field.
fn write_run(
    field: &Field,
    run: &[(&Field, Raw<'_>)],
    keep: &mut Keep,
    out: &mut Vec<u8>,
) -> Result<(), MinimiseError> {
    let mark = out.len();
    match &field.shape {
        Shape::Message(plan) if field.repeated => {
            for (_, raw) in run {
                write_nested(field, plan, delimited(*raw)?, keep, out)?;
            }
        }
        Shape::Message(plan) => match run {
            [(_, raw)] => write_nested(field, plan, delimited(*raw)?, keep, out)?,
            // A message that is given in parts is the sum of its parts.
            parts => {
                let mut whole = Vec::new();
                for (_, raw) in parts {
                    whole.extend_from_slice(delimited(*raw)?);
                }
                write_nested(field, plan, &whole, keep, out)?;
            }
        },
        Shape::Text | Shape::Bytes => write_delimited(field, run, out)?,
        Shape::Varint(_) | Shape::Fixed32 | Shape::Fixed64 => write_scalars(field, run, out)?,
    }
    if out.len() > mark {
        keep.note(field.class);
    }
    Ok(())
}

fn write_nested(
    field: &Field,
    plan: &Plan,
    input: &[u8],
    keep: &mut Keep,
    out: &mut Vec<u8>,
) -> Result<(), MinimiseError> {
    write_key(field.number, 2, out);
    let mark = out.len();
    out.push(0); // Where the length goes, which is one byte for most messages.
    write_message(plan, input, keep, out)?;
    let length = (out.len() - mark - 1) as u64;
    match out.get_mut(mark) {
        Some(place) if length < 0x80 => *place = seven_bits(length),
        _ => {
            let mut long = Vec::with_capacity(5);
            write_varint(length, &mut long);
            out.splice(mark..=mark, long);
        }
    }
    Ok(())
}

fn write_delimited(
    field: &Field,
    run: &[(&Field, Raw<'_>)],
    out: &mut Vec<u8>,
) -> Result<(), MinimiseError> {
    let mark = out.len();
    for (_, raw) in run {
        let bytes = delimited(*raw)?;
        if matches!(field.shape, Shape::Text) && std::str::from_utf8(bytes).is_err() {
            return Err(MinimiseError::Utf8);
        }
        if !field.repeated {
            out.truncate(mark); // The last one counts.
        }
        if !(field.implicit_zero && bytes.is_empty()) {
            write_key(field.number, 2, out);
            write_varint(bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

fn write_scalars(
    field: &Field,
    run: &[(&Field, Raw<'_>)],
    out: &mut Vec<u8>,
) -> Result<(), MinimiseError> {
    let mut values = Vec::with_capacity(1);
    for (_, raw) in run {
        if let (Raw::Delimited(packed), true) = (raw, field.repeated) {
            let mut packed = *packed;
            while !packed.is_empty() {
                values.push(scalar(&field.shape, &read_packed(&field.shape, &mut packed)?)?);
            }
        } else {
            values.push(scalar(&field.shape, raw)?);
        }
    }
    if field.repeated {
        let mut packed = Vec::new();
        values.iter().for_each(|value| write_scalar(value, &mut packed));
        if !packed.is_empty() {
            write_key(field.number, 2, out);
            write_varint(packed.len() as u64, out);
            out.append(&mut packed);
        }
    } else if let Some(value) = values.last() // The last one counts.
        && !(field.implicit_zero && is_zero(value))
    {
        write_key(field.number, wire_type(value), out);
        write_scalar(value, out);
    }
    Ok(())
}

/// The value in the one spelling that its type has.
fn scalar<'a>(shape: &Shape, raw: &Raw<'a>) -> Result<Raw<'a>, MinimiseError> {
    match (shape, raw) {
        (Shape::Varint(kind), Raw::Varint(value)) => Ok(Raw::Varint(narrow(*kind, *value))),
        (Shape::Fixed32, Raw::Fixed32(_)) | (Shape::Fixed64, Raw::Fixed64(_)) => Ok(*raw),
        _ => Err(MinimiseError::WireType),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "protobuf cuts a varint to its type")]
fn narrow(kind: Varint, value: u64) -> u64 {
    match kind {
        Varint::Bool => u64::from(value != 0),
        Varint::Signed32 => i64::from(value as i32).cast_unsigned(),
        Varint::Unsigned32 => u64::from(value as u32),
        Varint::Wide => value,
    }
}

fn is_zero(value: &Raw<'_>) -> bool {
    match value {
        Raw::Varint(value) => *value == 0,
        Raw::Fixed32(bytes) => *bytes == [0; 4],
        Raw::Fixed64(bytes) => *bytes == [0; 8],
        Raw::Delimited(bytes) => bytes.is_empty(),
    }
}

const fn wire_type(value: &Raw<'_>) -> u32 {
    match value {
        Raw::Varint(_) => 0,
        Raw::Fixed64(_) => 1,
        Raw::Delimited(_) => 2,
        Raw::Fixed32(_) => 5,
    }
}

const fn delimited(raw: Raw<'_>) -> Result<&[u8], MinimiseError> {
    match raw {
        Raw::Delimited(bytes) => Ok(bytes),
        Raw::Varint(_) | Raw::Fixed32(_) | Raw::Fixed64(_) => Err(MinimiseError::WireType),
    }
}

fn read_field<'a>(input: &mut &'a [u8]) -> Result<(u32, Raw<'a>), MinimiseError> {
    let key = u32::try_from(read_varint(input)?).map_err(|_| MinimiseError::Malformed)?;
    let number = key >> 3;
    if number == 0 {
        return Err(MinimiseError::Malformed);
    }
    let raw = match key & 7 {
        0 => Raw::Varint(read_varint(input)?),
        1 => Raw::Fixed64(read_array(input)?),
        2 => {
            let length =
                usize::try_from(read_varint(input)?).map_err(|_| MinimiseError::Malformed)?;
            let (bytes, rest) = input.split_at_checked(length).ok_or(MinimiseError::Truncated)?;
            *input = rest;
            Raw::Delimited(bytes)
        }
        5 => Raw::Fixed32(read_array(input)?),
        _ => return Err(MinimiseError::Malformed), // Groups are not part of this contract.
    };
    Ok((number, raw))
}

fn read_packed<'a>(shape: &Shape, input: &mut &'a [u8]) -> Result<Raw<'a>, MinimiseError> {
    match shape {
        Shape::Varint(_) => Ok(Raw::Varint(read_varint(input)?)),
        Shape::Fixed32 => Ok(Raw::Fixed32(read_array(input)?)),
        Shape::Fixed64 => Ok(Raw::Fixed64(read_array(input)?)),
        Shape::Text | Shape::Bytes | Shape::Message(_) => Err(MinimiseError::WireType),
    }
}

fn read_array<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], MinimiseError> {
    let (bytes, rest) = input.split_first_chunk::<N>().ok_or(MinimiseError::Truncated)?;
    *input = rest;
    Ok(*bytes)
}

fn read_varint(input: &mut &[u8]) -> Result<u64, MinimiseError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = input.split_first().ok_or(MinimiseError::Truncated)?;
        *input = rest;
        if shift == 63 && *byte > 1 {
            return Err(MinimiseError::Malformed);
        }
        value |= u64::from(*byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(value);
        }
    }
    Err(MinimiseError::Malformed)
}

fn write_key(number: u32, wire_type: u32, out: &mut Vec<u8>) {
    write_varint(u64::from(number << 3 | wire_type), out);
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(seven_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(seven_bits(value));
}

const fn seven_bits(value: u64) -> u8 {
    (value & 0x7f) as u8
}

fn write_scalar(value: &Raw<'_>, out: &mut Vec<u8>) {
    match value {
        Raw::Varint(value) => write_varint(*value, out),
        Raw::Fixed32(bytes) => out.extend_from_slice(bytes),
        Raw::Fixed64(bytes) => out.extend_from_slice(bytes),
        Raw::Delimited(bytes) => out.extend_from_slice(bytes),
    }
}

#[cfg(test)]
mod tests;
