//! Families and their children: together, blended, of one parent, with two homes, moved, in a refuge, with twins.

mod enrolment;

use std::{borrow::Cow, collections::BTreeMap};

use jiff::{Span, civil::Date};
use mash_proto::r#type::v1::Sex;

use super::{
    areas::Area,
    names::{self, Culture},
    random::Random,
    schools::{self, School},
};
use crate::identifiers;

/// Ages count on this day, the first of the school year.
pub(super) const SCHOOL_YEAR: Date = jiff::civil::date(2026, 9, 1);

/// An invented family.
#[derive(Clone)]
pub struct Family {
    /// The three-digit code of the authority where it lives.
    pub authority_code: &'static str,
    /// How it lives.
    pub kind: FamilyKind,
    /// The first home.
    pub home: Home,
    /// The second home of children whose parents share their care.
    pub second_home: Option<Home>,
    /// The parents and partners, the one who stays with the children first.
    pub adults: Vec<Parent>,
    /// The children, as positions in the list of pupils.
    pub children: Vec<usize>,
}

/// How a family lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FamilyKind {
    /// Both parents.
    Together,
    /// One parent; the other lives elsewhere.
    OneParent,
    /// A parent, a partner, and children of both.
    Blended,
    /// Two homes, and the children live in both.
    SharedCustody,
    /// A parent and children in a refuge; the address is protected.
    Refuge,
}

/// A home.
#[derive(Clone)]
pub struct Home {
    /// Lines.
    pub lines: Vec<String>,
    /// Postcode.
    pub postcode: String,
    /// Whether it must be protected.
    pub protect: bool,
}

/// A parent or a parent's partner.
#[derive(Clone)]
pub struct Parent {
    /// Given names.
    pub given_names: Cow<'static, str>,
    /// Family name.
    pub family_name: Cow<'static, str>,
    /// Whether a mother or a father of the children; a partner otherwise.
    pub parent: bool,
    /// Sex.
    pub female: bool,
}

/// An invented child.
#[derive(Clone)]
pub struct Pupil {
    /// The authority's own id.
    pub local_id: String,
    /// Given names.
    pub given_names: Cow<'static, str>,
    /// Family name.
    pub family_name: Cow<'static, str>,
    /// Date of birth.
    pub date_of_birth: Date,
    /// Sex.
    pub sex: Sex,
    /// NHS number from the 999 range.
    pub nhs_number: Option<String>,
    /// Unique pupil number.
    pub upn: Option<String>,
    /// Where the child learns, latest first; empty for a child on the books without a place.
    pub enrolments: Vec<Enrolment>,
}

/// A place at an establishment, or home education.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolment {
    /// The sort.
    pub kind: EnrolmentKind,
    /// The establishment, as seven digits; empty for home education.
    pub laestab: String,
    /// From.
    pub start: Date,
    /// Until, where it has ended.
    pub end: Option<Date>,
}

/// The sorts of enrolment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum EnrolmentKind {
    /// The main, or only, one.
    Main,
    /// The second one of a dually registered pupil.
    Subsidiary,
    /// Educated at home.
    HomeEducated,
}

impl EnrolmentKind {
    /// The word in the `Enrolment` column of a roll.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Subsidiary => "subsidiary",
            Self::HomeEducated => "home-educated",
        }
    }
}

impl Pupil {
    /// The establishment where the child is today, if there is one.
    #[must_use]
    pub fn school(&self) -> Option<&str> {
        let today = self.enrolments.iter().find(|place| place.end.is_none())?;
        (!today.laestab.is_empty()).then_some(today.laestab.as_str())
    }
}

/// What grows while Wales is generated.
pub(super) struct Nursery {
    pub(super) pupils: Vec<Pupil>,
    pub(super) families: Vec<Family>,
    nhs_body: u32,
    upn_serials: BTreeMap<(String, i16), u32>,
}

impl Nursery {
    pub(super) const fn new() -> Self {
        Self { pupils: Vec::new(), families: Vec::new(), nhs_body: 0, upn_serials: BTreeMap::new() }
    }

    /// Adds families of one authority until it has this many children.
    pub(super) fn settle(
        &mut self,
        random: &mut Random,
        area: &Area,
        schools: &[School],
        children: usize,
    ) {
        let first = self.pupils.len();
        while self.pupils.len() < first + children {
            self.family(random, area, schools, first);
        }
    }

    fn family(&mut self, random: &mut Random, area: &Area, schools: &[School], first: usize) {
        let culture = culture(random, area);
        let kind = random
            .weighted(&[
                (597, FamilyKind::Together),
                (240, FamilyKind::OneParent),
                (100, FamilyKind::Blended),
                (60, FamilyKind::SharedCustody),
                (3, FamilyKind::Refuge),
            ])
            .unwrap_or(FamilyKind::Together);
        let adults = parents(random, culture, kind);
        let speaks_welsh = culture == Culture::Welsh && random.chance(area.welsh + 300);
        let moved = kind == FamilyKind::Refuge || random.chance(40);
        // One primary and one secondary for the family, as is usual; exceptions come with each child.
        let usual = enrolment::Usual::draw(random, schools, speaks_welsh, moved);
        let mut children = Vec::new();
        for (born, twin) in birthdays(random) {
            let position = self.pupils.len();
            let serial = position - first + 1;
            let pupil =
                self.child(random, area, (culture, kind), &adults, (born, twin, serial), &usual);
            self.pupils.push(pupil);
            children.push(position);
        }
        self.families.push(Family {
            authority_code: area.code,
            kind,
            home: home(random, area, kind == FamilyKind::Refuge),
            second_home: (kind == FamilyKind::SharedCustody).then(|| home(random, area, false)),
            adults,
            children,
        });
    }

    fn child(
        &mut self,
        random: &mut Random,
        area: &Area,
        (culture, kind): (Culture, FamilyKind),
        adults: &[Parent],
        (born, twin, serial): (Date, Option<&str>, usize),
        usual: &enrolment::Usual<'_>,
    ) -> Pupil {
        let female = match twin {
            Some(name) => !matches!(name, "Ioan" | "Iwan"),
            None => random.chance(490),
        };
        let enrolments = enrolment::draw(random, born, usual);
        // In a blended family some children bear the other family name.
        let by = usize::from(kind == FamilyKind::Blended && random.chance(450));
        let family_name = adults
            .get(by)
            .or_else(|| adults.first())
            .map_or(Cow::Borrowed("Jones"), |adult| adult.family_name.clone());
        let given_names = twin_name(twin).unwrap_or_else(|| names::given(random, culture, female));
        Pupil {
            local_id: format!("{}-{serial:06}", area.code),
            given_names,
            family_name,
            date_of_birth: born,
            sex: if female { Sex::Female } else { Sex::Male },
            nhs_number: self.nhs_number(),
            upn: self.upn(&enrolments, born),
            enrolments,
        }
    }

    fn nhs_number(&mut self) -> Option<String> {
        loop {
            // The top of the range belongs to the scenario.
            if self.nhs_body >= 990_000 {
                return None;
            }
            self.nhs_body += 1;
            if let Some(number) = identifiers::nhs_number(self.nhs_body) {
                return Some(number);
            }
        }
    }

    /// Numbered by the school of the earliest enrolment, in the year when the child turned five.
    fn upn(&mut self, enrolments: &[Enrolment], born: Date) -> Option<String> {
        let first = enrolments.last()?;
        let setting = first.laestab.get(3..4).is_none_or(|digit| digit == "9");
        if setting {
            return None;
        }
        let year = (born.year() + 4).min(2026);
        let serial = self.upn_serials.entry((first.laestab.clone(), year)).or_insert(0);
        *serial += 1;
        identifiers::upn(&first.laestab, year, *serial)
    }
}

fn culture(random: &mut Random, area: &Area) -> Culture {
    if random.chance(area.wider) {
        Culture::Wider
    } else if random.chance((area.welsh + 400).min(900)) {
        Culture::Welsh
    } else {
        Culture::English
    }
}

fn parents(random: &mut Random, culture: Culture, kind: FamilyKind) -> Vec<Parent> {
    let shared_name = names::family(random, culture);
    let mut parent = |female: bool, parent: bool, same_name: bool| Parent {
        given_names: names::given(random, culture, female),
        family_name: if same_name { shared_name.clone() } else { names::family(random, culture) },
        parent,
        female,
    };
    let together = matches!(kind, FamilyKind::Together | FamilyKind::SharedCustody);
    vec![parent(true, true, true), parent(false, kind != FamilyKind::Blended, together)]
}

/// Dates of birth, the eldest first; a twin carries the name of the pair's first.
fn birthdays(random: &mut Random) -> Vec<(Date, Option<&'static str>)> {
    let count = random.weighted(&[(400, 1), (380, 2), (160, 3), (60, 4)]).unwrap_or(1);
    let mut days = i64::from(random.between(2 * 365 + 30, 17 * 365 + 250));
    let mut birthdays = Vec::new();
    for _ in 0..count {
        // The youngest is two: younger children stand on no roll.
        if days < 2 * 365 {
            break;
        }
        let born = SCHOOL_YEAR.saturating_sub(Span::new().days(days));
        if random.chance(16) {
            let (one, other) = TWINS
                .get(usize::try_from(random.below(4)).unwrap_or(0))
                .copied()
                .unwrap_or(("Carys", "Cerys"));
            birthdays.extend([(born, Some(one)), (born, Some(other))]);
        } else {
            birthdays.push((born, None));
        }
        days -= i64::from(random.between(340, 1_600));
    }
    birthdays
}

/// Pairs that one letter tells apart, as parents like them.
const TWINS: [(&str, &str); 4] =
    [("Carys", "Cerys"), ("Ioan", "Iwan"), ("Nia", "Mia"), ("Elin", "Erin")];

fn twin_name(twin: Option<&str>) -> Option<Cow<'static, str>> {
    let twin = twin?;
    TWINS
        .into_iter()
        .flat_map(|(one, other)| [one, other])
        .find(|name| *name == twin)
        .map(Cow::Borrowed)
}

fn home(random: &mut Random, area: &Area, refuge: bool) -> Home {
    let mut lines = vec![names::street(random), names::place(random.below(names::PLACES))];
    if refuge {
        lines.insert(
            0,
            random.word(&["Hafan Glyd", "Tŷ Gobaith", "The Haven", "Noddfa"]).to_owned(),
        );
    }
    Home { lines, postcode: schools::postcode(random, area), protect: refuge }
}
