//! Bank holidays of England and Wales: the project's own dated file, and the JSON that GOV.UK publishes.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::civil::Date;

const ROWS: &str = include_str!("../../../reference/bank-holidays-england-and-wales.csv");

/// The largest document that is read, in bytes.
pub const DOCUMENT_LIMIT: usize = 1 << 20;

/// The bank holidays of England and Wales between a first and a last known day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankHolidays {
    days: BTreeSet<Date>, // INVARIANT: not empty once it came from a document.
}

/// Why a document is not a list of bank holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BankHolidaysError {
    /// More than [`DOCUMENT_LIMIT`] bytes.
    #[error("the document is larger than 1 MiB")]
    TooLarge,
    /// Not JSON in UTF-8.
    #[error("the document is not JSON")]
    Json,
    /// No `england-and-wales` division with events, or an event without a date.
    #[error("the document has no `england-and-wales` events with a date each")]
    Layout,
    /// A date that does not exist or lies outside 1900 to 2200.
    #[error("event {index} has no valid date")]
    Date {
        /// Which event, the first being 0.
        index: usize,
    },
}

impl BankHolidays {
    /// The project's own file.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<BankHolidays> = LazyLock::new(|| {
            // A row that cannot be read is left out; a test holds that there is none.
            rows(ROWS).filter_map(|row| row.split(',').next()?.parse().ok()).collect()
        });
        &BUILTIN
    }

    /// The `england-and-wales` division of the document that GOV.UK publishes.
    ///
    /// # Errors
    ///
    /// [`BankHolidaysError`] if the document is too large, is not that JSON, or holds a bad date.
    pub fn from_gov_uk_json(document: &[u8]) -> Result<Self, BankHolidaysError> {
        if document.len() > DOCUMENT_LIMIT {
            return Err(BankHolidaysError::TooLarge);
        }
        let document: serde_json::Value =
            serde_json::from_slice(document).map_err(|_| BankHolidaysError::Json)?;
        let events = document
            .get("england-and-wales")
            .and_then(|division| division.get("events"))
            .and_then(|events| events.as_array())
            .filter(|events| !events.is_empty())
            .ok_or(BankHolidaysError::Layout)?;
        events.iter().enumerate().map(|(index, event)| day(index, event)).collect()
    }

    /// Whether the day is a bank holiday.
    #[must_use]
    pub fn contains(&self, day: Date) -> bool {
        self.days.contains(&day)
    }

    /// Whether the list reaches this day, so that its silence means something.
    #[must_use]
    pub fn reaches(&self, day: Date) -> bool {
        self.first().is_some_and(|first| first <= day)
            && self.last().is_some_and(|last| day <= last)
    }

    /// The first known.
    #[must_use]
    pub fn first(&self) -> Option<Date> {
        self.days.first().copied()
    }

    /// The last known.
    #[must_use]
    pub fn last(&self) -> Option<Date> {
        self.days.last().copied()
    }

    /// The days, in order.
    pub fn iter(&self) -> impl Iterator<Item = Date> {
        self.days.iter().copied()
    }
}

impl FromIterator<Date> for BankHolidays {
    fn from_iter<I: IntoIterator<Item = Date>>(days: I) -> Self {
        Self { days: days.into_iter().collect() }
    }
}

fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

fn day(index: usize, event: &serde_json::Value) -> Result<Date, BankHolidaysError> {
    let text = event.get("date").and_then(|date| date.as_str()).ok_or(BankHolidaysError::Layout)?;
    let well_formed =
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse::<Date>()
        .ok()
        .filter(|date| well_formed && (1900..=2200).contains(&date.year()))
        .ok_or(BankHolidaysError::Date { index })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// GOV.UK's own list is not ours to commit: it lies in the folder `shared` beside the checkout, or where
    /// `MASH_SHARED` says. Without it this test fails, since an unchecked list must not pass for a checked one.
    fn official() -> Vec<u8> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut folders = vec![root.join("../shared"), root.join("../../shared")];
        folders.extend(std::env::var_os("MASH_SHARED").map(PathBuf::from));
        let path = folders
            .iter()
            .rev()
            .map(|folder| folder.join("data/bank-holidays.json"))
            .find(|path| path.exists());
        std::fs::read(path.expect("bank-holidays.json beside the checkout, or under MASH_SHARED"))
            .unwrap()
    }

    #[test]
    fn own_file_agrees_with_the_official_list() {
        let official = BankHolidays::from_gov_uk_json(&official()).unwrap();
        assert_eq!(*BankHolidays::builtin(), official);
        assert_eq!(
            official.iter().count(),
            rows(ROWS).count(),
            "a row is unreadable or appears twice"
        );
    }

    #[test]
    fn one_off_days_are_known() {
        let table = [
            ("2020-05-04", false, "the early May day was moved"),
            ("2020-05-08", true, "to VE Day"),
            ("2022-05-30", false, "the spring day was moved"),
            ("2022-06-02", true, "to the Platinum Jubilee"),
            ("2022-06-03", true, "which had a day of its own"),
            ("2022-09-19", true, "state funeral"),
            ("2023-05-08", true, "coronation"),
            ("2026-12-28", true, "Boxing Day on a Saturday"),
            ("2026-12-26", false, "itself no bank holiday then"),
        ];
        for (day, expected, why) in table {
            assert_eq!(
                BankHolidays::builtin().contains(day.parse().unwrap()),
                expected,
                "{day}: {why}"
            );
        }
    }

    #[test]
    fn odd_documents_are_refused() {
        let table: [(&str, BankHolidaysError); 7] = [
            ("", BankHolidaysError::Json),
            ("[", BankHolidaysError::Json),
            ("{}", BankHolidaysError::Layout),
            (r#"{"england-and-wales":{"events":[]}}"#, BankHolidaysError::Layout),
            (r#"{"england-and-wales":{"events":[{"title":"x"}]}}"#, BankHolidaysError::Layout),
            (
                r#"{"england-and-wales":{"events":[{"date":"2026-02-30"}]}}"#,
                BankHolidaysError::Date { index: 0 },
            ),
            (
                r#"{"england-and-wales":{"events":[{"date":"9999-01-01"}]}}"#,
                BankHolidaysError::Date { index: 0 },
            ),
        ];
        for (document, expected) in table {
            assert_eq!(
                BankHolidays::from_gov_uk_json(document.as_bytes()),
                Err(expected),
                "{document}"
            );
        }
        let large = vec![b' '; DOCUMENT_LIMIT + 1];
        assert_eq!(BankHolidays::from_gov_uk_json(&large), Err(BankHolidaysError::TooLarge));
        assert_eq!(BankHolidays::from_gov_uk_json(b"\xff\xfe"), Err(BankHolidaysError::Json));
    }

    #[test]
    fn silence_counts_only_within_reach() {
        let list = BankHolidays::builtin();
        assert!(list.reaches("2026-11-19".parse().unwrap()));
        assert!(!list.reaches("2028-01-03".parse().unwrap()));
        assert!(!list.reaches("2018-12-31".parse().unwrap()));
    }
}
