//! Local authorities, with the force and the health board that serve each. The rows are in `reference/authorities.csv`.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{
    identifier::{AuthorityCode, ForceCode},
    nation::Nation,
};

const ROWS: &str = include_str!("../../../reference/authorities.csv");

/// A local authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its three-digit education code.
    pub code: AuthorityCode,
    /// Its name.
    pub name: String,
    /// Its code in the register of the Office for National Statistics.
    pub ons: String,
    /// The nation whose law it is under.
    pub nation: Nation,
    /// The police force for its area.
    pub force: ForceCode,
    /// The ODS code of its local health board; Wales only.
    pub health_board: Option<String>,
}

/// The authorities that this hub knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities(BTreeMap<AuthorityCode, Authority>);

impl Authorities {
    /// The project's own list: all of Wales, and the neighbours in England.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Authorities> = LazyLock::new(|| {
            // A row that cannot be read is left out; a test holds that there is none.
            Authorities(
                rows(ROWS).filter_map(authority).map(|row| (row.code.clone(), row)).collect(),
            )
        });
        &BUILTIN
    }

    /// The authority of this code, if it is known.
    #[must_use]
    pub fn by_code(&self, code: &AuthorityCode) -> Option<&Authority> {
        self.0.get(code)
    }

    /// The authorities in the area of a force, by code.
    pub fn of_force<'a>(&'a self, force: &'a ForceCode) -> impl Iterator<Item = &'a Authority> {
        self.iter().filter(move |authority| authority.force == *force)
    }

    /// Every authority, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.0.values()
    }
}

fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

fn authority(row: &str) -> Option<Authority> {
    let mut cells = row.split(',');
    let mut cell = || cells.next();
    let (code, name, ons) = (cell()?.parse().ok()?, cell()?.to_owned(), cell()?.to_owned());
    let nation = match cell()? {
        "wales" => Nation::Wales,
        "england" => Nation::England,
        _ => return None,
    };
    let force = cell()?.parse().ok()?;
    let health_board = Some(cell()?).filter(|board| !board.is_empty()).map(str::to_owned);
    Some(Authority { code, name, ons, nation, force, health_board })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_read() {
        let read = Authorities::builtin().iter().count();
        assert_eq!(read, rows(ROWS).count(), "a row is unreadable or a code appears twice");
        let ons: BTreeSet<_> = Authorities::builtin().iter().map(|row| row.ons.as_str()).collect();
        assert_eq!(ons.len(), read, "an ONS code appears twice");
    }

    #[test]
    fn wales_is_complete() {
        let wales: Vec<_> =
            Authorities::builtin().iter().filter(|row| row.nation == Nation::Wales).collect();
        assert_eq!(wales.len(), 22);
        assert!(wales.iter().all(|row| row.health_board.is_some() && row.ons.starts_with("W06")));
        let boards: BTreeSet<_> =
            wales.iter().filter_map(|row| row.health_board.as_deref()).collect();
        assert_eq!(boards.len(), 7);
        for (force, count) in [("60", 6), ("61", 5), ("62", 7), ("63", 4)] {
            let force = force.parse().unwrap();
            assert_eq!(Authorities::builtin().of_force(&force).count(), count, "force {force}");
        }
    }

    #[test]
    fn an_authority_is_found_by_its_code() {
        let table = [
            ("672", Some(("Bridgend", "62", "W06000013", Some("7A5")))),
            ("681", Some(("Cardiff", "62", "W06000015", Some("7A4")))),
            ("801", Some(("Bristol", "52", "E06000023", None))),
            ("999", None),
        ];
        for (code, expected) in table {
            let found = Authorities::builtin().by_code(&code.parse().unwrap());
            let found = found.map(|row| {
                (
                    row.name.as_str(),
                    row.force.as_str(),
                    row.ons.as_str(),
                    row.health_board.as_deref(),
                )
            });
            assert_eq!(found, expected, "{code}");
        }
    }
}
