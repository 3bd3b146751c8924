//! Establishments of every type, with the people who receive notices and the days on which they are open.

use mash_proto::education::v1::{Calendar, Contact, ContactRole, DateRange};

use super::{
    Scale,
    areas::Area,
    names::{self, Culture},
    random::Random,
};
use crate::night::places::date;

/// What an establishment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sector {
    /// A maintained nursery school.
    Nursery,
    /// Primary.
    Primary,
    /// From 3 to 16 or 18 under one roof.
    Middle,
    /// Secondary.
    Secondary,
    /// Special.
    Special,
    /// A pupil referral unit.
    PupilReferralUnit,
    /// Independent.
    Independent,
    /// A further education college.
    FurtherEducation,
    /// A playgroup or private nursery, which is not a school.
    EarlyYears,
}

impl Sector {
    /// Every sector.
    pub const ALL: [Self; 9] = [
        Self::Nursery,
        Self::Primary,
        Self::Middle,
        Self::Secondary,
        Self::Special,
        Self::PupilReferralUnit,
        Self::Independent,
        Self::FurtherEducation,
        Self::EarlyYears,
    ];

    /// The word in the `Sector` column of the Welsh list.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nursery => "Nursery",
            Self::Primary => "Primary",
            Self::Middle => "Middle",
            Self::Secondary => "Secondary",
            Self::Special => "Special",
            Self::PupilReferralUnit => "Pupil Referral Unit",
            Self::Independent => "Independent",
            Self::FurtherEducation => "Further Education",
            Self::EarlyYears => "Early Years",
        }
    }

    /// The first establishment number; above those in use, so that no number is that of a real school.
    const fn first_number(self) -> u32 {
        match self {
            Self::Nursery => 1_600,
            Self::Primary => 2_600,
            Self::Middle => 5_600,
            Self::Secondary => 4_600,
            Self::Special => 7_600,
            Self::PupilReferralUnit => 1_160,
            Self::Independent => 6_600,
            Self::FurtherEducation => 8_600,
            Self::EarlyYears => 9_600,
        }
    }

    /// Lowest and highest age.
    #[must_use]
    pub const fn ages(self) -> (u8, u8) {
        match self {
            Self::Nursery | Self::EarlyYears => (2, 4),
            Self::Primary => (3, 11),
            Self::Middle | Self::Special | Self::Independent => (3, 18),
            Self::Secondary => (11, 18),
            Self::PupilReferralUnit => (7, 16),
            Self::FurtherEducation => (16, 19),
        }
    }
}

/// An invented establishment.
#[derive(Clone)]
pub struct School {
    /// Seven digits.
    pub laestab: String,
    /// What it is called.
    pub display_name: String,
    /// What it is.
    pub sector: Sector,
    /// Whether it teaches in Welsh.
    pub welsh_medium: bool,
    /// Whether it boards pupils.
    pub boarding: bool,
    /// Street and place.
    pub address: [String; 2],
    /// Postcode.
    pub postcode: String,
    /// In order: key adult, deputy, second deputy. A few have nobody.
    pub contacts: Vec<Contact>,
    /// When it is open.
    pub calendar: Calendar,
}

/// The establishments of one authority.
pub(super) fn schools(random: &mut Random, area: &Area, scale: Scale) -> Vec<School> {
    let maintained = scale.of(area.schools).max(3);
    let secondary = (maintained * 12 / 100).max(1);
    let special = (maintained * 3 / 100).max(1);
    let middle = maintained * 2 / 100;
    let nursery = u32::from(maintained > 75);
    let counts = [
        (Sector::Nursery, nursery),
        (Sector::Primary, maintained - secondary - special - middle - nursery),
        (Sector::Middle, middle),
        (Sector::Secondary, secondary),
        (Sector::Special, special),
        (Sector::PupilReferralUnit, 1),
        (Sector::Independent, scale.of(4).max(1)),
        (Sector::FurtherEducation, u32::from(area.college)),
        (Sector::EarlyYears, scale.of(5).max(1)),
    ];
    let authority = authority_calendar(area);
    let first_place = random.below(names::PLACES);
    let mut schools = Vec::new();
    let mut place = first_place;
    for (sector, count) in counts {
        for serial in 0..count {
            let number = sector.first_number() + serial;
            schools.push(school(random, area, sector, (number, place % names::PLACES), &authority));
            place += 1;
        }
    }
    schools
}

fn school(
    random: &mut Random,
    area: &Area,
    sector: Sector,
    (number, place): (u32, u32),
    authority: &Calendar,
) -> School {
    let laestab = format!("{}{number:04}", area.code);
    let welsh_medium = random.chance(area.welsh + 60);
    let place = names::place(place);
    let calendar = calendar(random, sector, authority);
    School {
        display_name: display_name(random, sector, welsh_medium, &place),
        sector,
        welsh_medium,
        boarding: sector == Sector::Independent && random.chance(300),
        address: [names::street(random), place],
        postcode: postcode(random, area),
        contacts: contacts(random, &laestab, welsh_medium),
        calendar,
        laestab,
    }
}

fn display_name(random: &mut Random, sector: Sector, welsh: bool, place: &str) -> String {
    let (before, after) = match (sector, welsh) {
        (Sector::Nursery, true) => ("Ysgol Feithrin ", ""),
        (Sector::Nursery, false) => ("", " Nursery School"),
        (Sector::Primary, true) => {
            (random.word(&["Ysgol Gynradd ", "Ysgol Gymraeg ", "Ysgol "]), "")
        }
        (Sector::Primary, false) => (
            "",
            random.word(&[
                " Primary School",
                " Community Primary School",
                " Church in Wales Primary School",
                " Infants School",
                " R.C. Primary School",
            ]),
        ),
        (Sector::Middle, true) => ("Ysgol Bro ", ""),
        (Sector::Middle, false) => ("", " All-through School"),
        (Sector::Secondary, true) => ("Ysgol Gyfun ", ""),
        (Sector::Secondary, false) => ("", random.word(&[" Comprehensive School", " High School"])),
        (Sector::Special, true) => ("Ysgol Arbennig ", ""),
        (Sector::Special, false) => ("", " Special School"),
        (Sector::PupilReferralUnit, _) => ("", " Pupil Referral Unit"),
        (Sector::Independent, _) => ("", random.word(&[" School", " College School"])),
        (Sector::FurtherEducation, true) => ("Coleg ", ""),
        (Sector::FurtherEducation, false) => ("", " College"),
        (Sector::EarlyYears, true) => ("Cylch Meithrin ", ""),
        (Sector::EarlyYears, false) => ("", " Playgroup"),
    };
    format!("{before}{place}{after}")
}

/// Most have a key adult and a deputy. One in sixty has nobody, and one key adult in fifty has no training yet.
fn contacts(random: &mut Random, laestab: &str, welsh: bool) -> Vec<Contact> {
    let count = random.weighted(&[(17, 0), (120, 1), (600, 2), (263, 3)]).unwrap_or(2);
    let roles = [ContactRole::KeyAdult, ContactRole::Deputy, ContactRole::SecondDeputy];
    roles
        .into_iter()
        .take(count)
        .zip(1_u32..)
        .map(|(role, serial)| {
            let id = format!("k-{laestab}-{serial}");
            let trained = serial > 1 || !random.chance(20);
            let domain = format!("school-{laestab}");
            contact(random, (id, role), &domain, welsh, trained)
        })
        .collect()
}

/// The named officers of an authority's desk.
pub(super) fn officers(random: &mut Random, authority: &str, desk: &str) -> Vec<Contact> {
    (1..=2)
        .map(|serial| {
            let id = format!("d-{authority}-{desk}-{serial}");
            let domain = format!("authority-{authority}");
            contact(random, (id, ContactRole::DeskOfficer), &domain, false, true)
        })
        .collect()
}

fn contact(
    random: &mut Random,
    (id, role): (String, ContactRole),
    domain: &str,
    welsh: bool,
    trained: bool,
) -> Contact {
    let culture = if welsh || random.chance(300) { Culture::Welsh } else { Culture::English };
    let female = random.chance(720);
    let full_name =
        format!("{} {}", names::given(random, culture, female), names::family(random, culture));
    let month = i32::try_from(random.between(1, 8)).unwrap_or(1);
    Contact {
        // The id keeps two people of one name apart.
        email: format!(
            "{}.{}@{domain}.example",
            names::plain(&full_name).replace('-', "."),
            short(&id)
        ),
        full_name,
        role: role.into(),
        telephone: format!("01632 960{:03}", random.below(1_000)),
        training_date: trained.then(|| date((2026, month, 14))),
        confirmed_date: Some(date((2026, 9, 7))),
        absence: None,
        cover: String::new(),
        id,
    }
}

fn short(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or_default()
}

/// The calendar of an authority: terms shift by up to two days, half term by up to a week, training days differ.
pub(super) fn authority_calendar(area: &Area) -> Calendar {
    let shift = i32::from(area.code.bytes().last().unwrap_or(b'0') % 3);
    let half_term = if area.code < "670" { 26 } else { 19 + 7 * i32::from(area.wider < 100) };
    let range = |first: (i32, i32, i32), last: (i32, i32, i32)| DateRange {
        first: Some(date(first)),
        last: Some(date(last)),
    };
    Calendar {
        session_start_minutes: 9 * 60,
        terms: vec![
            range((2026, 9, 1 + shift), (2026, 12, 18)),
            range((2027, 1, 4), (2027, 3, 19)),
            range((2027, 4, 5), (2027, 7, 19 + shift)),
        ],
        holidays: vec![
            range((2026, 10, half_term), (2026, 10, half_term + 4)),
            range((2027, 2, 8), (2027, 2, 12)),
            range((2027, 5, 31), (2027, 6, 4)),
        ],
        training_days: vec![
            date((2026, 9, 1 + shift)),
            date((2026, 11, 2 + 7 * shift)),
            date((2027, 1, 4)),
        ],
        open_weekdays: Vec::new(),
    }
}

fn calendar(random: &mut Random, sector: Sector, authority: &Calendar) -> Calendar {
    let (first, steps) = match sector {
        Sector::Secondary | Sector::Middle => (8 * 60 + 20, 5),
        Sector::FurtherEducation => (9 * 60, 12),
        Sector::EarlyYears | Sector::Nursery => (9 * 60, 6),
        Sector::Primary | Sector::Special | Sector::PupilReferralUnit | Sector::Independent => {
            (8 * 60 + 40, 5)
        }
    };
    let minutes = i32::try_from(first + 5 * random.between(0, steps)).unwrap_or(9 * 60);
    Calendar { session_start_minutes: minutes, ..authority.clone() }
}

/// A postcode of the right shape: the outward part is of the area, the inward part is drawn.
pub(super) fn postcode(random: &mut Random, area: &Area) -> String {
    const LETTERS: [&str; 20] = [
        "A", "B", "D", "E", "F", "G", "H", "J", "L", "N", "P", "Q", "R", "S", "T", "U", "W", "X",
        "Y", "Z",
    ];
    let (digit, first, second) = (random.below(10), random.word(&LETTERS), random.word(&LETTERS));
    format!("{} {digit}{first}{second}", area.outward)
}
