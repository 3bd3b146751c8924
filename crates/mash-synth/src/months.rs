//! Months of arrivals with the volumes and the hours of South Wales and Gwent. Figures and sources: the load tables of
//! the field, per day and area; schools and health stand to police as 21 and 15 to 28.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::random::Random;

/// A part of the country that is simulated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: &'static str,
    /// The two-digit code of its force.
    pub force: &'static str,
    /// The code of its health board.
    pub board: &'static str,
    /// The three-digit codes of its authorities.
    pub authorities: &'static [&'static str],
    /// Public protection notifications in ten days.
    pub notices: u32,
    /// Operation Encompass incidents in ten days.
    pub incidents: u32,
    /// Missing episodes in ten days.
    pub missing: u32,
}

/// South Wales (66 notifications and 22 incidents a day) and Gwent (46, 9.5, and 10 missing episodes a day), by
/// population, the largest first.
pub const REGIONS: [Region; 6] = [
    region(
        "Caerphilly, Blaenau Gwent, Torfaen",
        ("61", "7A6"),
        &["676", "677", "678"],
        (262, 54, 57),
    ),
    region("Newport, Monmouthshire", ("61", "7A6"), &["680", "679"], (198, 41, 43)),
    region("Swansea, Neath Port Talbot", ("62", "7A3"), &["670", "671"], (191, 64, 47)),
    region("Cardiff", ("62", "7A4"), &["681"], (181, 60, 45)),
    region("Rhondda Cynon Taf, Merthyr Tydfil", ("62", "7A5"), &["674", "675"], (149, 50, 36)),
    region("Bridgend, Vale of Glamorgan", ("62", "7A5"), &["672", "673"], (139, 46, 34)),
];

const fn region(
    name: &'static str,
    (force, board): (&'static str, &'static str),
    authorities: &'static [&'static str],
    (notices, incidents, missing): (u32, u32, u32),
) -> Region {
    Region { name, force, board, authorities, notices, incidents, missing }
}

/// What arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrival {
    /// A domestic abuse incident with children in the household.
    Incident,
    /// A public protection notification.
    Notification,
    /// A missing child.
    Missing,
    /// A child in custody.
    Custody,
    /// A school's referral.
    School,
    /// A clinician's referral.
    Clinical,
    /// A midwife's referral.
    Unborn,
    /// The public telephones the hub.
    Public,
    /// Help is sought, and no harm is suspected.
    EarlyHelp,
}

/// Hours of the day, of a thousand: 45.6% between 21:00 and 03:00.
const NIGHT: [u32; 24] = [
    70, 62, 54, 30, 20, 14, 14, 16, 18, 18, 20, 22, 24, 26, 28, 32, 36, 42, 52, 62, 70, 78, 90, 102,
];
/// A school's day.
const SCHOOL: [u32; 24] =
    [0, 0, 0, 0, 0, 0, 0, 20, 90, 160, 140, 110, 90, 100, 120, 110, 50, 10, 0, 0, 0, 0, 0, 0];
/// A hospital's day.
const HEALTH: [u32; 24] = [
    20, 15, 12, 10, 10, 12, 15, 25, 60, 75, 80, 75, 65, 65, 70, 75, 65, 55, 45, 40, 36, 30, 25, 20,
];
/// Days of the week from Monday, of a thousand.
const WEEK: [u32; 7] = [125, 110, 110, 116, 155, 214, 170];
const EVEN: [u32; 7] = [143; 7];

impl Arrival {
    const ALL: [Self; 9] = [
        Self::Incident,
        Self::Notification,
        Self::Missing,
        Self::Custody,
        Self::School,
        Self::Clinical,
        Self::Unborn,
        Self::Public,
        Self::EarlyHelp,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Notification => "notification",
            Self::Missing => "missing",
            Self::Custody => "custody",
            Self::School => "school",
            Self::Clinical => "clinical",
            Self::Unborn => "unborn",
            Self::Public => "public",
            Self::EarlyHelp => "early-help",
        }
    }

    /// How many come in ten days.
    const fn in_ten_days(self, region: &Region) -> u32 {
        match self {
            Self::Incident => region.incidents,
            Self::Notification => region.notices,
            Self::Missing => region.missing,
            Self::Custody => region.notices / 40,
            Self::School => region.notices * 21 / 28,
            Self::Clinical => region.notices * 13 / 28,
            Self::Unborn => region.notices * 2 / 28,
            Self::Public => region.notices * 5 / 28,
            Self::EarlyHelp => region.notices * 3 / 28,
        }
    }

    const fn hours(self) -> &'static [u32; 24] {
        match self {
            Self::Incident | Self::Notification | Self::Missing | Self::Custody => &NIGHT,
            Self::School | Self::EarlyHelp => &SCHOOL,
            Self::Clinical | Self::Unborn | Self::Public => &HEALTH,
        }
    }

    const fn days(self) -> &'static [u32; 7] {
        match self {
            Self::Incident | Self::Notification => &WEEK,
            Self::School | Self::EarlyHelp => &[220, 190, 190, 190, 210, 0, 0],
            Self::Missing | Self::Custody | Self::Clinical | Self::Unborn | Self::Public => &EVEN,
        }
    }
}

/// What arrives in a region from this day on, in the order of time. `share` is the part of the real volume, of a
/// thousand.
#[must_use]
pub fn arrivals(
    seed: u64,
    region: &Region,
    first: Date,
    days: u32,
    share: u32,
) -> Vec<(Timestamp, Arrival)> {
    let mut all = Vec::new();
    for arrival in Arrival::ALL {
        let mut random = Random::new(seed).fork(region.name).fork(arrival.label());
        for day in 0..days {
            let Ok(date) = first.checked_add(i64::from(day).days()) else { continue };
            for _ in 0..count(&mut random, arrival, region, date.weekday(), share) {
                all.extend(instant(&mut random, arrival, date).map(|at| (at, arrival)));
            }
        }
    }
    all.sort_unstable();
    all
}

/// As many as come on such a day: the mean, and what is left of it by chance, spread by a third either way.
fn count(
    random: &mut Random,
    arrival: Arrival,
    region: &Region,
    weekday: Weekday,
    share: u32,
) -> u32 {
    let place = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
    let of_week = arrival.days().get(place).copied().unwrap_or(143);
    // In millionths: ten days, seven days in a week, shares of a thousand twice.
    let mean = u64::from(arrival.in_ten_days(region)) * 7 * u64::from(of_week) * u64::from(share);
    let spread = u64::from(random.between(667, 1_333));
    let millionths = mean * spread / 10_000;
    let whole = u32::try_from(millionths / 1_000_000).unwrap_or(0);
    let rest = u32::try_from(millionths % 1_000_000).unwrap_or(0);
    whole + u32::from(random.below(1_000_000) < rest)
}

fn instant(random: &mut Random, arrival: Arrival, date: Date) -> Option<Timestamp> {
    let hours: Vec<(u32, i8)> = arrival.hours().iter().copied().zip(0..).collect();
    let hour = random.weighted(&hours)?;
    let (minute, second) = (random.below(60), random.below(60));
    let at = date.at(hour, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0);
    // An hour that a clock change leaves out moves on, one that comes twice is its first.
    Some(TimeZone::get("Europe/London").ok()?.to_ambiguous_zoned(at).compatible().ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_months_hold_what_the_tables_of_the_field_say() {
        let first = jiff::civil::date(2026, 9, 7);
        let count = |arrival| -> usize {
            REGIONS
                .iter()
                .map(|region| {
                    let all = arrivals(7, region, first, 91, 1_000);
                    all.iter().filter(|(_, one)| *one == arrival).count()
                })
                .sum()
        };
        // 112 a day, and 31.5 a day.
        assert!((9_700..=10_700).contains(&count(Arrival::Notification)));
        assert!((2_650..=3_100).contains(&count(Arrival::Incident)));
        assert!((7_100..=8_100).contains(&count(Arrival::School)));
    }

    #[test]
    fn the_same_seed_gives_the_same_months_and_half_the_share_half_of_them() {
        let [region, ..] = REGIONS;
        let first = jiff::civil::date(2026, 9, 7);
        let whole = arrivals(7, &region, first, 28, 1_000);
        assert!(whole == arrivals(7, &region, first, 28, 1_000));
        assert!(whole != arrivals(8, &region, first, 28, 1_000));
        let half = arrivals(7, &region, first, 28, 500).len();
        assert!((whole.len() * 2 / 5..whole.len() * 3 / 5).contains(&half));
        assert!(whole.is_sorted());
    }

    #[test]
    fn nights_are_full_of_incidents_and_schools_write_by_day() {
        let [region, ..] = REGIONS;
        let all = arrivals(7, &region, jiff::civil::date(2026, 9, 7), 91, 1_000);
        let london = TimeZone::get("Europe/London").unwrap();
        let hour = |at: &Timestamp| at.to_zoned(london.clone()).hour();
        let share = |arrival, hours: fn(i8) -> bool| {
            let of: Vec<_> = all.iter().filter(|(_, one)| *one == arrival).collect();
            of.iter().filter(|(at, _)| hours(hour(at))).count() * 100 / of.len()
        };
        assert!((40..=52).contains(&share(Arrival::Incident, |hour| !(3..21).contains(&hour))));
        assert_eq!(share(Arrival::School, |hour| (7..18).contains(&hour)), 100);
    }
}
