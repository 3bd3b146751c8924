//! What happens in the year whatever system carries it: reports, children who moved, snow, outages. From one seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday, date},
};
use mash_domain::calendar::london;
use mash_proto::police::v1::{Child, ReportDomesticAbuseIncidentRequest, StatedEstablishment};
use mash_synth::{
    months::{Region, arrivals},
    random::Random,
    wales::{Scale, Wales, schools::School},
};

use super::calendar::{SchoolYear, instant};

/// Of a thousand children, those whom the roll has at a school that they have left.
const MOVED: u32 = 50;
/// Of a thousand schools of an authority that has snow, those that close.
const SNOWED: u32 = 600;
/// How long an outage takes.
pub const OUTAGE: SignedDuration = SignedDuration::from_hours(1);

/// How large a year is.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// One seed is one year.
    pub seed: u64,
    /// The first day.
    pub first: Date,
    /// How many days.
    pub days: u32,
    /// Wales's size.
    pub scale: Scale,
    /// The part of the real volume, of a thousand.
    pub share: u32,
    /// Outages of each sort, half of them at any hour, half of them on mornings.
    pub outages: u32,
    /// Mornings with snow.
    pub snow: u32,
}

/// A report and the truth about its children.
#[derive(Clone)]
pub struct Reported {
    /// When the force hands it in.
    pub at: Timestamp,
    /// What it hands in.
    pub request: ReportDomesticAbuseIncidentRequest,
    /// Where each child learns according to the roll; nothing if that is nowhere or at home.
    pub rolls: Vec<Option<String>>,
}

/// Who a child is, as far as a school sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Given names.
    pub given: String,
    /// Family name.
    pub family: String,
    /// Date of birth, as year, month and day.
    pub born: (i32, i32, i32),
}

impl Identity {
    /// Of a child in a report.
    #[must_use]
    pub fn of(child: &Child) -> Self {
        let born = child.date_of_birth.unwrap_or_default();
        Self {
            given: child.given_names.clone(),
            family: child.family_name.clone(),
            born: (born.year, born.month, born.day),
        }
    }
}

/// What breaks down for an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breaks {
    /// Nothing is published or taken in.
    Bus,
    /// No service can read or write.
    Database,
    /// No mail server takes mail.
    Mail,
}

impl Breaks {
    /// Every sort.
    pub const ALL: [Self; 3] = [Self::Bus, Self::Database, Self::Mail];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bus => "bus",
            Self::Database => "database",
            Self::Mail => "mail server",
        }
    }
}

/// An outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Of what.
    pub breaks: Breaks,
    /// From when on; [`OUTAGE`] later it is over.
    pub from: Timestamp,
}

impl Outage {
    /// When it is over.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.from + OUTAGE
    }

    /// Whether it lasts at an instant.
    #[must_use]
    pub fn lasts(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until()
    }
}

/// The year of one region.
pub struct Trace {
    /// Where.
    pub region: Region,
    /// How large.
    pub extent: Extent,
    /// The invented Wales, with the families that matter.
    pub wales: Arc<Wales>,
    /// The calendars of its establishments, as they stood on the first day.
    pub years: BTreeMap<String, SchoolYear>,
    /// What is reported, in order.
    pub reports: Vec<Reported>,
    /// Where children really learn.
    pub truth: BTreeMap<Identity, BTreeSet<String>>,
    /// Establishments that close at 06:30 of a day.
    pub snow: Vec<(Date, Vec<String>)>,
    /// What breaks down, in order; never two at a time.
    pub outages: Vec<Outage>,
}

/// The years of these regions, of one Wales.
#[must_use]
pub fn traces(regions: &[Region], extent: Extent) -> Vec<Trace> {
    let mut wales = Wales::generate(extent.seed, extent.scale);
    let reports: Vec<Vec<Reported>> =
        regions.iter().map(|region| reports(&wales, region, extent)).collect();
    keep_who_matters(&mut wales, &reports);
    let wales = Arc::new(wales);
    let outages = outages(extent);
    let mut traces = Vec::new();
    for (region, mut reports) in regions.iter().zip(reports) {
        let schools = || region.authorities.iter().flat_map(|code| wales.schools_of(code));
        let years: BTreeMap<String, SchoolYear> = schools()
            .map(|school| (school.laestab.clone(), SchoolYear::of(extent.seed, school)))
            .collect();
        let truth = truth(&wales, extent.seed, &mut reports);
        traces.push(Trace {
            region: *region,
            extent,
            wales: Arc::clone(&wales),
            snow: snow(&years, region, extent),
            years,
            reports,
            truth,
            outages: outages.clone(),
        });
    }
    traces
}

fn reports(wales: &Wales, region: &Region, extent: Extent) -> Vec<Reported> {
    let mut random = Random::new(extent.seed).fork("year").fork(region.name);
    let mut incidents = wales
        .incidents_without_end(region.name)
        .filter(|incident| region.authorities.contains(&incident.authority_code));
    let mut reported = Vec::new();
    for (at, _) in arrivals(extent.seed, region, extent.first, extent.days, extent.share) {
        let day = at.to_zoned(london().clone()).date();
        for copy in 0..how_often(&mut random, day) {
            let Some(incident) = incidents.next() else { continue };
            let attended = at + SignedDuration::from_secs(i64::from(copy * 431));
            if incident
                .request
                .incident
                .iter()
                .flat_map(|it| &it.children)
                .any(|child| is_grown_up(child, day))
            {
                continue;
            }
            let mut request = incident.request;
            if let Some(told) = request.incident.as_mut() {
                let seconds = attended.as_second();
                told.attended_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
            }
            let at = attended + SignedDuration::from_mins(i64::from(random.between(20, 110)));
            reported.push(Reported { at, request, rolls: incident.schools });
        }
    }
    reported.sort_by(|one, other| {
        (one.at, &one.request.request_id).cmp(&(other.at, &other.request.request_id))
    });
    reported
}

/// Whether somebody who was a child when the school year began is none any more: a force reports no adult as a child.
fn is_grown_up(child: &Child, day: Date) -> bool {
    let born = child.date_of_birth.unwrap_or_default();
    let tomorrow = day + 1.day();
    (born.year + 18, born.month, born.day)
        <= (tomorrow.year().into(), tomorrow.month().into(), tomorrow.day().into())
}

/// New Year's Day has three times the usual, Christmas half as much again, and so have the Saturdays of the Six Nations.
fn how_often(random: &mut Random, day: Date) -> u32 {
    let christmas = date(2026, 12, 24) <= day && day <= date(2026, 12, 31);
    let rugby =
        day.weekday() == Weekday::Saturday && date(2027, 2, 1) <= day && day <= date(2027, 3, 20);
    let half_more = u32::from(random.chance(500));
    match day == date(2027, 1, 1) {
        true => 3,
        false if christmas || rugby => 1 + half_more,
        false => 1,
    }
}

/// Rolls hold the families that are reported in the year, and one in twenty of the others.
fn keep_who_matters(wales: &mut Wales, reports: &[Vec<Reported>]) {
    let children = reports.iter().flatten().filter_map(|report| report.request.incident.as_ref());
    let known: BTreeSet<Identity> =
        children.flat_map(|incident| incident.children.iter().map(Identity::of)).collect();
    let mut random = Random::new(wales.seed).fork("rolls");
    let pupils = std::mem::take(&mut wales.pupils);
    wales.families.retain(|family| {
        let other = random.chance(50);
        other
            || family.children.iter().filter_map(|at| pupils.get(*at)).any(|pupil| {
                let born = pupil.date_of_birth;
                known.contains(&Identity {
                    given: pupil.given_names.clone().into_owned(),
                    family: pupil.family_name.clone().into_owned(),
                    born: (born.year().into(), born.month().into(), born.day().into()),
                })
            })
    });
    wales.pupils = pupils;
}

/// Where each child really learns: where the roll says, but for those who moved. An officer has heard of it from most.
fn truth(
    wales: &Wales,
    seed: u64,
    reports: &mut [Reported],
) -> BTreeMap<Identity, BTreeSet<String>> {
    let mut truth: BTreeMap<Identity, BTreeSet<String>> = BTreeMap::new();
    let rolls = enrolments(wales);
    for report in reports {
        let children = report.request.incident.iter_mut().flat_map(|it| it.children.iter_mut());
        for (child, roll) in children.zip(&report.rolls) {
            let identity = Identity::of(child);
            let words = format!("{}/{}/{:?}", identity.given, identity.family, identity.born);
            let mut random = Random::new(seed).fork("moved").fork(&words);
            let from = roll.as_deref().and_then(|laestab| wales.school(laestab));
            let to = from
                .filter(|_| random.chance(MOVED))
                .and_then(|from| another(wales, &mut random, from));
            let Some(to) = to else {
                let places = rolls.get(&identity).cloned().unwrap_or_default();
                truth.entry(identity).or_default().extend(places);
                continue;
            };
            truth.insert(identity, BTreeSet::from([to.laestab.clone()]));
            if random.chance(600) {
                child.stated_establishment = Some(StatedEstablishment {
                    stated_name: to.display_name.clone(),
                    laestab: to.laestab.clone(),
                });
            }
        }
    }
    truth
}

/// Every place where the rolls have a child in the course of the year: some children have two, and some change.
fn enrolments(wales: &Wales) -> BTreeMap<Identity, BTreeSet<String>> {
    let mut all: BTreeMap<Identity, BTreeSet<String>> = BTreeMap::new();
    for pupil in &wales.pupils {
        let born = pupil.date_of_birth;
        let identity = Identity {
            given: pupil.given_names.clone().into_owned(),
            family: pupil.family_name.clone().into_owned(),
            born: (born.year().into(), born.month().into(), born.day().into()),
        };
        let places = pupil.enrolments.iter().map(|place| place.laestab.clone());
        all.entry(identity).or_default().extend(places.filter(|laestab| !laestab.is_empty()));
    }
    all
}

fn another<'a>(wales: &'a Wales, random: &mut Random, from: &School) -> Option<&'a School> {
    let authority = from.laestab.get(..3)?;
    let others: Vec<&School> = wales
        .schools_of(authority)
        .filter(|school| school.sector == from.sector && school.laestab != from.laestab)
        .collect();
    random.pick(&others).copied()
}

fn snow(
    years: &BTreeMap<String, SchoolYear>,
    region: &Region,
    extent: Extent,
) -> Vec<(Date, Vec<String>)> {
    let mut random = Random::new(extent.seed).fork("snow");
    let winter = (date(2026, 12, 1), date(2027, 3, 10));
    let last = extent.first + i64::from(extent.days).days();
    let days: Vec<Date> = extent
        .first
        .series(1.day())
        .take_while(|day| *day < last)
        .filter(|day| (winter.0 <= *day && *day <= winter.1) || extent.days < 100)
        .filter(|day| day.weekday().to_monday_zero_offset() < 5)
        .collect();
    let mut snow = Vec::new();
    for _ in 0..extent.snow {
        let Some(day) = random.pick(&days).copied() else { continue };
        let mut schools = random.fork(region.name);
        let closed = years
            .iter()
            .filter(|(_, year)| year.is_open(day))
            .map(|(laestab, _)| laestab.clone())
            .filter(|_| schools.chance(SNOWED))
            .collect();
        if snow.iter().all(|(other, _)| *other != day) {
            snow.push((day, closed));
        }
    }
    snow.sort();
    snow
}

/// Half of them at any hour of the year, half of them begin between 05:30 and 09:00 of a weekday. Never two at a time.
fn outages(extent: Extent) -> Vec<Outage> {
    let mut random = Random::new(extent.seed).fork("outages");
    let mut all: Vec<Outage> = Vec::new();
    for breaks in Breaks::ALL {
        let mut left = extent.outages;
        // Bounded, since a short time has no room for many.
        for _ in 0..extent.outages * 20 {
            let day = extent.first + i64::from(random.below(extent.days)).days();
            let morning = left.is_multiple_of(2);
            let minute =
                i64::from(if morning { random.between(330, 540) } else { random.below(1_440) });
            let Some(from) = instant(day, Time::midnight()) else { continue };
            let from = from + SignedDuration::from_mins(minute);
            let weekend = day.weekday().to_monday_zero_offset() > 4;
            let alone = all.iter().all(|other| {
                other.from.duration_since(from).unsigned_abs()
                    >= std::time::Duration::from_secs(2 * 3_600)
            });
            if left == 0 || (morning && weekend) || !alone {
                continue;
            }
            all.push(Outage { breaks, from });
            left -= 1;
        }
    }
    all.sort_by_key(|outage| outage.from);
    all
}
