//! The children, as the rolls know them. Everybody is invented.

use mash_proto::{
    police::v1::{Address, Child},
    r#type::v1::{Answer, Sex},
};

use super::places::{BRIDGEND, BRISTOL, CARDIFF, E1, E2, E3, E4, E6, E7, E8, VALE, date};
use crate::identifiers;

/// A child of the night.
#[derive(Clone)]
pub struct Pupil {
    /// `C1` to `C15`; `D1` and up for those who only stand on a roll.
    pub key: &'static str,
    /// Given names.
    pub given_names: &'static str,
    /// Family name.
    pub family_name: &'static str,
    /// Year, month and day.
    pub date_of_birth: (i32, i32, i32),
    /// Sex.
    pub sex: Sex,
    /// NHS number, if the child has one that anybody holds.
    pub nhs_number: Option<String>,
    /// Unique pupil number, if the child has one.
    pub upn: Option<String>,
    /// Where the child lives.
    pub home: Home,
    /// What the roll says.
    pub roll: Roll,
}

/// A home.
#[derive(Clone, Copy)]
pub struct Home {
    /// Lines.
    pub lines: &'static [&'static str],
    /// Postcode.
    pub postcode: &'static str,
    /// Whether it must be protected.
    pub protect: bool,
    /// The three-digit code of the authority of the area.
    pub authority_code: &'static str,
}

/// What a roll says of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Roll {
    /// Enrolled at this establishment.
    At(&'static str),
    /// Educated at home, and known to the authority.
    HomeEducated,
    /// On no roll at all.
    Absent,
}

impl Pupil {
    /// As an officer reports this child, with every identifier that the child has.
    #[must_use]
    pub fn as_child(&self, child_ref: &str) -> Child {
        let (year, month, day) = self.date_of_birth;
        Child {
            r#ref: child_ref.to_owned(),
            given_names: self.given_names.to_owned(),
            family_name: self.family_name.to_owned(),
            date_of_birth: Some(date((year, month, day))),
            sex: self.sex.into(),
            nhs_number: self.nhs_number.clone().unwrap_or_default(),
            upn: self.upn.clone().unwrap_or_default(),
            address: Some(self.home.as_address()),
            present: Answer::Yes.into(),
            welfare_check: Answer::Yes.into(),
            ..Child::default()
        }
    }
}

impl Home {
    fn as_address(self) -> Address {
        Address {
            lines: self.lines.iter().map(|line| (*line).to_owned()).collect(),
            postcode: self.postcode.to_owned(),
            protect: if self.protect { Answer::Yes } else { Answer::No }.into(),
            authority_code: self.authority_code.to_owned(),
        }
    }
}

/// One row of the table below.
#[derive(Clone, Copy)]
struct Row {
    key: &'static str,
    name: (&'static str, &'static str),
    born: (i32, i32, i32),
    sex: Sex,
    home: Home,
    roll: Roll,
    /// The school that gave the pupil number, if one did.
    numbered_at: Option<&'static str>,
}

pub(super) fn pupils() -> Vec<Pupil> {
    let rows = first_half().into_iter().chain(second_half()).chain(on_a_roll_only());
    // From the top of the range, so that no number of the synthetic Wales is one of these.
    let numbers = identifiers::nhs_numbers(990_000);
    (1..).zip(rows).zip(numbers).map(|((serial, row), nhs)| pupil(serial, row, nhs)).collect()
}

fn pupil(serial: u32, row: Row, nhs: String) -> Pupil {
    let (year, _, _) = row.born;
    let first_year = i16::try_from(year + 4).unwrap_or_default();
    Pupil {
        key: row.key,
        given_names: row.name.0,
        family_name: row.name.1,
        date_of_birth: row.born,
        sex: row.sex,
        // C6 came to Wales a month ago: nobody holds a number.
        nhs_number: (row.key != "C6").then_some(nhs),
        upn: row.numbered_at.and_then(|laestab| identifiers::upn(laestab, first_year, serial)),
        home: row.home,
        roll: row.roll,
    }
}

const PROSSER: Home = open(&["14 Heol y Felin", "Pont-y-Bryn"], "CF32 9ZA", BRIDGEND);
const REFUGE: Home = Home {
    lines: &["Hafan Glyd", "22 Clos y Gerddi", "Bridgend"],
    postcode: "CF31 9ZR",
    protect: true,
    authority_code: BRIDGEND,
};
const REES: Home = open(&["3 Maes y Deri", "Bridgend"], "CF31 9ZB", BRIDGEND);
const LLEWELLYN: Home = open(&["Tŷ Isaf", "Nant-y-Cwm"], "CF32 9ZG", BRIDGEND);
const BRENNAN: Home = open(&["Flat 2, 61 Dock View", "Barry"], "CF63 9ZB", VALE);
const OKAFOR: Home = open(&["8 Severn Way", "Bristol"], "BS4 9ZW", BRISTOL);
const MORGAN: Home = open(&["27 Castle Street", "Bridgend"], "CF31 9ZJ", BRIDGEND);
const ABDI: Home = open(&["Flat 9, 40 Tiger Row", "Cardiff"], "CF10 9ZY", CARDIFF);
const TUDOR: Home = open(&["5 Ash Grove", "Bridgend"], "CF31 9ZT", BRIDGEND);
const PENHALE: Home = open(&["112 Heol-las Road", "Bridgend"], "CF31 9ZP", BRIDGEND);
const WATTS: Home = open(&["1 Bryn Terrace", "Pont-y-Bryn"], "CF32 9ZW", BRIDGEND);
const VAUGHAN: Home = open(&["19 Stryd y Capel", "Pont-y-Bryn"], "CF32 9ZU", BRIDGEND);

const fn open(
    lines: &'static [&'static str],
    postcode: &'static str,
    authority_code: &'static str,
) -> Home {
    Home { lines, postcode, protect: false, authority_code }
}

fn first_half() -> Vec<Row> {
    use Sex::{Female, Male};
    vec![
        row("C1", ("Gwen Alys", "Prosser"), (2018, 3, 14), Female, PROSSER, Roll::At(E1), Some(E1)),
        row("C2", ("Ioan", "Prosser"), (2013, 5, 2), Male, PROSSER, Roll::At(E2), Some(E1)),
        row("C3", ("Tomos Idris", "Bevan"), (2016, 2, 20), Male, REFUGE, Roll::At(E3), Some(E3)),
        row("C4", ("Elsi", "Rees"), (2020, 4, 11), Female, REES, Roll::At(E1), Some(E1)),
        row(
            "C5",
            ("Gethin", "Llewellyn-Price"),
            (2014, 8, 9),
            Male,
            LLEWELLYN,
            Roll::HomeEducated,
            None,
        ),
        row("C6", ("Kayleigh", "Brennan"), (2011, 7, 22), Female, BRENNAN, Roll::Absent, None),
        row("C7", ("Maisie", "Okafor"), (2017, 1, 30), Female, OKAFOR, Roll::At(E6), Some(E6)),
    ]
}

fn second_half() -> Vec<Row> {
    use Sex::{Female, Male};
    vec![
        row("C8", ("Mabli Haf", "Morgan"), (2023, 6, 30), Female, MORGAN, Roll::At(E7), None),
        row("C9", ("Siôn Wyn", "Morgan"), (2021, 1, 15), Male, MORGAN, Roll::At(E1), Some(E1)),
        row("C10", ("Layla", "Abdi"), (2009, 2, 3), Female, ABDI, Roll::At(E4), Some(E4)),
        row("C11", ("Nerys", "Tudor"), (2012, 6, 18), Female, TUDOR, Roll::At(E2), Some(E3)),
        row("C12", ("Jac", "Penhale"), (2015, 1, 10), Male, PENHALE, Roll::At(E2), Some(E3)),
        row("C13", ("Erin Fflur", "Watts"), (2019, 3, 3), Female, WATTS, Roll::At(E8), Some(E8)),
        row("C14", ("Carys", "Vaughan"), (2017, 2, 27), Female, VAUGHAN, Roll::At(E1), Some(E1)),
        row("C15", ("Cerys", "Vaughan"), (2017, 2, 27), Female, VAUGHAN, Roll::At(E8), Some(E8)),
    ]
}

/// Children to mistake somebody for: the same name elsewhere, the same street on another day.
fn on_a_roll_only() -> Vec<Row> {
    use Sex::{Female, Male};
    const ELSEWHERE: Home = open(&["70 Dock View", "Barry"], "CF63 9ZD", VALE);
    const NEXT_DOOR: Home = open(&["16 Heol y Felin", "Pont-y-Bryn"], "CF32 9ZA", BRIDGEND);
    vec![
        row(
            "D1",
            ("Kayleigh", "Brennan"),
            (2011, 7, 12),
            Female,
            ELSEWHERE,
            Roll::At(E2),
            Some(E2),
        ),
        row("D2", ("Kaylee", "Brennan"), (2011, 7, 22), Female, ELSEWHERE, Roll::At(E2), Some(E2)),
        row("D3", ("Gwen", "Prosser"), (2018, 4, 13), Female, NEXT_DOOR, Roll::At(E8), Some(E8)),
        row("D4", ("Jac", "Penhale"), (2015, 10, 1), Male, TUDOR, Roll::At(E3), Some(E3)),
    ]
}

fn row(
    key: &'static str,
    name: (&'static str, &'static str),
    born: (i32, i32, i32),
    sex: Sex,
    home: Home,
    roll: Roll,
    numbered_at: Option<&'static str>,
) -> Row {
    Row { key, name, born, sex, home, roll, numbered_at }
}
