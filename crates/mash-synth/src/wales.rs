//! A Wales of invented people: real codes of authorities, forces and health boards, and nobody real in it.
//!
//! The same seed and scale give the same bytes on every machine.

mod areas;
pub mod families;
pub mod files;
pub mod incidents;
mod names;
pub mod schools;

use std::collections::BTreeMap;

use jiff::Timestamp;
use mash_domain::authority::Authorities;
use mash_proto::{
    education::v1::{ReplaceCalendarRequest, ReplaceContactsRequest},
    sharing::v1::{ContentProfile, ForceProfile},
    r#type::v1::OrganisationKind,
};

use self::{
    families::{Family, Nursery, Pupil},
    incidents::{Incidents, SyntheticIncident},
    random::Random,
    schools::School,
};
use crate::{identifiers::request_id, random};

/// Children on Welsh rolls, at scale 1.
const CHILDREN: u32 = 470_000;
/// Maintained schools of Wales, January 2024.
const SCHOOLS: u32 = 1_460;
/// Attended incidents with a linked child in a week, at scale 1: 5% of 1.35 million a year, 40% of them child-linked.
const INCIDENTS: u32 = 540;

/// The desks of an authority.
const DESKS: [&str; 4] = ["education-duty", "home-education", "mash", "early-years"];

/// How large Wales is, as a part of the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u32); // INVARIANT: 1 to 1,000,000 millionths.

impl Scale {
    /// The real size.
    pub const WHOLE: Self = Self(1_000_000);

    /// A part of the whole: above 0, at most 1.
    #[must_use]
    pub fn new(part: f64) -> Option<Self> {
        if !(part > 0.0 && part <= 1.0) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "within 0 and a million")]
        #[expect(clippy::cast_sign_loss, reason = "checked to be positive")]
        let millionths = (part * 1_000_000.0).round() as u32;
        Some(Self(millionths.max(1)))
    }

    /// This part of a count, rounded.
    fn of(self, count: u32) -> u32 {
        let scaled = (u64::from(count) * u64::from(self.0) + 500_000) / 1_000_000;
        u32::try_from(scaled).unwrap_or(count)
    }
}

/// An invented Wales.
pub struct Wales {
    /// The seed that made it.
    pub seed: u64,
    /// Its size.
    pub scale: Scale,
    /// Every establishment, by authority.
    pub schools: Vec<School>,
    /// Every child, by authority.
    pub pupils: Vec<Pupil>,
    /// Every family, by authority.
    pub families: Vec<Family>,
    by_laestab: BTreeMap<String, usize>,
    forces: BTreeMap<&'static str, String>,
}

impl Wales {
    /// Makes Wales. The same seed and scale make the same one.
    #[must_use]
    pub fn generate(seed: u64, scale: Scale) -> Self {
        let random = Random::new(seed);
        let (mut schools, mut nursery) = (Vec::new(), Nursery::new());
        for area in &areas::AREAS {
            let mut of_schools = random.fork("schools").fork(area.code);
            let of_area = schools::schools(&mut of_schools, area, scale);
            let children = scale.of(CHILDREN / SCHOOLS * area.schools).max(30);
            let mut of_families = random.fork("families").fork(area.code);
            nursery.settle(
                &mut of_families,
                area,
                &of_area,
                usize::try_from(children).unwrap_or(30),
            );
            schools.extend(of_area);
        }
        let by_laestab = (0..)
            .zip(&schools)
            .map(|(position, school)| (school.laestab.clone(), position))
            .collect();
        Self {
            seed,
            scale,
            schools,
            pupils: nursery.pupils,
            families: nursery.families,
            by_laestab,
            forces: forces(),
        }
    }

    /// The codes of the authorities, in order.
    pub fn authorities(&self) -> impl Iterator<Item = &'static str> {
        areas::AREAS.iter().map(|area| area.code)
    }

    /// The two-digit code of the force for the area of an authority.
    #[must_use]
    pub fn force_of(&self, authority_code: &str) -> &str {
        self.forces.get(authority_code).map_or("62", String::as_str)
    }

    /// The establishment with this LAESTAB.
    #[must_use]
    pub fn school(&self, laestab: &str) -> Option<&School> {
        self.schools.get(*self.by_laestab.get(laestab)?)
    }

    /// The establishments of one authority.
    pub fn schools_of(&self, authority_code: &str) -> impl Iterator<Item = &School> {
        self.schools.iter().filter(move |school| school.laestab.starts_with(authority_code))
    }

    /// The incidents of the week from Monday 16 November 2026, as many as Wales's size says, in the order of reporting.
    #[must_use]
    pub fn incidents(&self) -> Vec<SyntheticIncident> {
        let count = usize::try_from(self.scale.of(INCIDENTS).max(40)).unwrap_or(40);
        let mut incidents: Vec<_> = Incidents::new(self, "week").take(count).collect();
        incidents.sort_by(|one, other| {
            (one.reported_at, &one.request.request_id)
                .cmp(&(other.reported_at, &other.request.request_id))
        });
        incidents
    }

    /// Incidents without end, for load; another label is another sequence with other occurrence numbers.
    #[must_use]
    pub fn incidents_without_end(&self, label: &str) -> Incidents<'_> {
        Incidents::new(self, label)
    }

    /// The contacts of every establishment and desk, ready to send.
    #[must_use]
    pub fn contacts(&self) -> Vec<ReplaceContactsRequest> {
        let mut requests: Vec<_> = self
            .schools
            .iter()
            .filter(|school| !school.contacts.is_empty())
            .map(|school| {
                contacts(format!("establishments/{}", school.laestab), school.contacts.clone())
            })
            .collect();
        for authority in self.authorities() {
            for desk in DESKS {
                let mut random = Random::new(self.seed).fork("desks").fork(authority).fork(desk);
                let officers = schools::officers(&mut random, authority, desk);
                requests.push(contacts(format!("authorities/{authority}/desks/{desk}"), officers));
            }
        }
        requests
    }

    /// The calendars of every authority and establishment, ready to send.
    #[must_use]
    pub fn calendars(&self) -> Vec<ReplaceCalendarRequest> {
        let authorities = areas::AREAS
            .iter()
            .map(|area| (format!("authorities/{}", area.code), schools::authority_calendar(area)));
        let establishments = self
            .schools
            .iter()
            .map(|school| (format!("establishments/{}", school.laestab), school.calendar.clone()));
        authorities
            .chain(establishments)
            .map(|(parent, calendar)| ReplaceCalendarRequest {
                request_id: request_id(&format!("calendar/{parent}")),
                parent,
                calendar: Some(calendar),
            })
            .collect()
    }

    /// What each Welsh force shares with schools: everything that its profile can hold.
    #[must_use]
    pub fn profiles(&self) -> Vec<ForceProfile> {
        ["60", "61", "62", "63"]
            .into_iter()
            .map(|force| ForceProfile {
                force_code: force.to_owned(),
                recipient_kind: OrganisationKind::School.into(),
                profile: ContentProfile::Full.into(),
                early_years: force == "61",
                version: 0,
            })
            .collect()
    }

    /// When the first week of incidents begins.
    #[must_use]
    pub const fn week() -> Timestamp {
        incidents::WEEK
    }
}

fn contacts(
    parent: String,
    contacts: Vec<mash_proto::education::v1::Contact>,
) -> ReplaceContactsRequest {
    ReplaceContactsRequest {
        request_id: request_id(&format!("contacts/{parent}")),
        parent,
        contacts,
    }
}

fn forces() -> BTreeMap<&'static str, String> {
    areas::AREAS
        .iter()
        .filter_map(|area| {
            let authority = Authorities::builtin().by_code(&area.code.parse().ok()?)?;
            Some((area.code, authority.force.as_str().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
