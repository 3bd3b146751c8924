//! Reading files of rows that other bodies keep: either every row is good, or the file is refused with every bad row listed.
//!
//! A problem names line, column and code, never the content, since a row may be a child.

use std::borrow::Cow;

use jiff::civil::Date;

/// The most problems that are listed; all are counted.
pub const LISTED: usize = 1_000;

/// How large a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The file, in bytes.
    pub bytes: usize,
    /// Rows, without the header.
    pub rows: usize,
    /// One cell, in characters.
    pub cell: usize,
}

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252, in some cells at least.
    Windows1252,
}

impl Encoding {
    /// The word that stands for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// One thing that is wrong with one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, the header being 1.
    pub line: u64,
    /// The column; empty if it is about the row or the file.
    pub column: &'static str,
    /// A code with a page in `docs/errors`.
    pub code: &'static str,
    /// What is wrong, without the content.
    pub description: &'static str,
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported<T> {
    /// How many rows were read.
    pub rows: usize,
    /// How the text was written.
    pub encoding: Encoding,
    /// What the rows say.
    pub records: Vec<T>,
}

/// A file that was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How many rows were read.
    pub rows: usize,
    /// How the text was written, as far as it was read.
    pub encoding: Encoding,
    /// The first [`LISTED`] problems.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub total: usize,
}

/// A column that a layout knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
}

pub(crate) const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

pub(crate) const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// One row: the cells of the columns that the layout knows, trimmed.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: Vec<(&'static str, String)>,
}

impl Row {
    /// The text in this column; empty if the file has no such column.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text)
    }
}

/// The problems of a file, the first of them in full.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub(crate) listed: Vec<Problem>,
    pub(crate) total: usize,
}

impl Problems {
    pub(crate) fn push(
        &mut self,
        line: u64,
        column: &'static str,
        code: &'static str,
        description: &'static str,
    ) {
        self.total += 1;
        if self.listed.len() < LISTED {
            self.listed.push(Problem { line, column, code, description });
        }
    }

    /// A cell that must not be empty.
    pub(crate) fn present<'row>(
        &mut self,
        row: &'row Row,
        column: &'static str,
    ) -> Option<&'row str> {
        let text = row.text(column);
        if text.is_empty() {
            self.push(row.line, column, "MASH-E009", "a value is needed here");
            return None;
        }
        Some(text)
    }

    /// A cell that is empty or a date. The outer `None` means that it was neither.
    #[expect(clippy::option_option, reason = "bad, absent and present are three answers")]
    pub(crate) fn date(&mut self, row: &Row, column: &'static str) -> Option<Option<Date>> {
        let text = row.text(column);
        if text.is_empty() {
            return Some(None);
        }
        let date = date(text);
        if date.is_none() {
            self.push(
                row.line,
                column,
                "MASH-E005",
                "not a date that exists: YYYY-MM-DD or DD/MM/YYYY",
            );
        }
        date.map(Some)
    }

    /// The end of an import: the records, if nothing was wrong.
    pub(crate) fn finish<T>(self, read: Read<T>) -> Result<Imported<T>, Refused> {
        let Read { rows, encoding, records } = read;
        if self.total == 0 {
            return Ok(Imported { rows, encoding, records });
        }
        Err(Refused { rows, encoding, problems: self.listed, total: self.total })
    }
}

/// What was read of a file, good or bad.
#[derive(Debug)]
pub(crate) struct Read<T> {
    pub(crate) rows: usize,
    pub(crate) encoding: Encoding,
    pub(crate) records: Vec<T>,
}

/// Reads a file row by row. `record` turns a row into a record, or notes its problems.
pub(crate) fn read<T>(
    file: &[u8],
    limits: Limits,
    columns: &[Column],
    problems: &mut Problems,
    mut record: impl FnMut(&Row, &mut Problems) -> Option<T>,
) -> Read<T> {
    let mut read = Read { rows: 0, encoding: Encoding::Utf8, records: Vec::new() };
    if file.len() > limits.bytes {
        problems.push(0, "", "MASH-E007", "the file is too large");
        return read;
    }
    let (file, marked) =
        file.strip_prefix(b"\xef\xbb\xbf").map_or((file, false), |rest| (rest, true));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let mut bytes = csv::ByteRecord::new();
    let Some(width) = next(&mut reader, &mut bytes, problems) else {
        problems.push(1, "", "MASH-E001", "the file has no header");
        return read;
    };
    let Some(places) = header(&bytes, columns, problems) else { return read };
    let mut lines = Lines { file, at: 0, line: 1 };
    while let Some(found) = next(&mut reader, &mut bytes, problems) {
        read.rows += 1;
        let line = lines.line_of(&bytes);
        if read.rows > limits.rows {
            problems.push(line, "", "MASH-E007", "the file has too many rows");
            return read;
        }
        if found != width {
            problems.push(line, "", "MASH-E008", "the row has more or fewer cells than the header");
            continue;
        }
        let mut cells = Cells { line, limits, marked, encoding: &mut read.encoding, problems };
        let Some(row) = cells.row(&bytes, &places) else { continue };
        read.records.extend(record(&row, problems));
    }
    read
}

fn next(
    reader: &mut csv::Reader<&[u8]>,
    bytes: &mut csv::ByteRecord,
    problems: &mut Problems,
) -> Option<usize> {
    match reader.read_byte_record(bytes) {
        Ok(true) => Some(bytes.len()),
        Ok(false) => None,
        Err(_) => {
            problems.push(0, "", "MASH-E008", "the file is not comma-separated values");
            None
        }
    }
}

// The reader's own count stands before blank lines and before the second half of a CRLF.
struct Lines<'a> {
    file: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn line_of(&mut self, record: &csv::ByteRecord) -> u64 {
        let offset = record
            .position()
            .and_then(|position| usize::try_from(position.byte()).ok())
            .unwrap_or(self.at);
        let rest = self.file.get(offset..).unwrap_or_default();
        let start = offset + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self
            .file
            .get(self.at..start)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.line += u64::try_from(passed).unwrap_or_default();
        self.at = start;
        self.line
    }
}

fn header(
    bytes: &csv::ByteRecord,
    columns: &[Column],
    problems: &mut Problems,
) -> Option<Vec<(usize, &'static str)>> {
    let before = problems.total;
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let is_it = |cell: &[u8]| cell.trim_ascii().eq_ignore_ascii_case(column.name.as_bytes());
        let mut found =
            bytes.iter().enumerate().filter(|(_, cell)| is_it(cell)).map(|(place, _)| place);
        match (found.next(), found.next()) {
            (Some(place), None) => places.push((place, column.name)),
            (Some(_), Some(_)) => {
                problems.push(1, column.name, "MASH-E001", "the column appears twice")
            }
            (None, _) if column.required => {
                problems.push(1, column.name, "MASH-E001", "the column is missing")
            }
            (None, _) => (),
        }
    }
    (problems.total == before).then_some(places)
}

struct Cells<'a> {
    line: u64,
    limits: Limits,
    marked: bool,
    encoding: &'a mut Encoding,
    problems: &'a mut Problems,
}

impl Cells<'_> {
    fn row(&mut self, bytes: &csv::ByteRecord, places: &[(usize, &'static str)]) -> Option<Row> {
        let mut cells = Vec::with_capacity(places.len());
        for (place, column) in places {
            if let Some(text) = self.cell(bytes.get(*place).unwrap_or_default(), column) {
                cells.push((*column, text));
            }
        }
        (cells.len() == places.len()).then_some(Row { line: self.line, cells })
    }

    fn cell(&mut self, bytes: &[u8], column: &'static str) -> Option<String> {
        let Some(text) = self.decode(bytes) else {
            self.problems.push(self.line, column, "MASH-E006", "neither UTF-8 nor Windows-1252");
            return None;
        };
        let text = text.trim();
        if text.chars().count() > self.limits.cell {
            self.problems.push(self.line, column, "MASH-E007", "the value is too long");
            return None;
        }
        if text.chars().any(char::is_control) {
            self.problems.push(
                self.line,
                column,
                "MASH-E006",
                "control characters or line breaks in the value",
            );
            return None;
        }
        Some(text.to_owned())
    }

    // England's register is UTF-8 with Windows-1252 in places, so each cell is judged by itself. A cell that mixes both,
    // or an odd byte in a file that is marked as UTF-8, is a mistake that nobody should guess about.
    fn decode<'b>(&mut self, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Some(Cow::Borrowed(text));
        }
        let mixed = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
        let undefined = bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
        if self.marked || mixed || undefined {
            return None;
        }
        *self.encoding = Encoding::Windows1252;
        Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0)
    }
}

/// A date as registers write it: `2026-09-01`, `01/09/2026` or `01-09-2026`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let &[first, second, third] = parts.as_slice() else { return None };
    if !(digits(first) && digits(second) && digits(third)) {
        return None;
    }
    let (year, month, day) = match (first.len(), second.len(), third.len()) {
        (4, 2, 2) => (first, second, third),
        (2, 2, 4) => (third, second, first),
        _ => return None,
    };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        .ok()
        .filter(|date| (1900..=2200).contains(&date.year()))
}

/// A postcode in capitals with its one space, if it has the shape of one.
#[must_use]
pub fn postcode(text: &str) -> Option<String> {
    let packed: String =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    if !(5..=7).contains(&packed.len()) || !packed.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return None;
    }
    let (outward, inward) = packed.split_at_checked(packed.len() - 3)?;
    let shape = |text: &str| -> String {
        text.bytes().map(|byte| if byte.is_ascii_digit() { '9' } else { 'A' }).collect()
    };
    let outward_fits =
        matches!(shape(outward).as_str(), "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A");
    (outward_fits && shape(inward) == "9AA").then(|| format!("{outward} {inward}"))
}

#[cfg(test)]
mod tests;
