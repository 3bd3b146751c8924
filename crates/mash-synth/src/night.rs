//! The night of Wednesday 18 to Thursday 19 November 2026, which the demonstration plays and the tests assert.
//!
//! It is the scenario `one-night` as data: the places ([`places`]), the people ([`people`]), what police report
//! ([`incidents`]), who does what and when ([`timeline`]), and what must come out ([`expected`]). Texts of incidents
//! hold traps on purpose, such as a sibling's name and school: each expectation lists what its recipient must not read.

pub mod expected;
pub mod files;
pub mod incidents;
pub mod people;
pub mod places;
pub mod timeline;

use jiff::Timestamp;
use mash_proto::{
    police::v1::{Incident, ReportDomesticAbuseIncidentRequest},
    sharing::v1::{ContentProfile, ForceProfile},
    r#type::v1::OrganisationKind,
};

use self::{
    expected::{Closing, Expectation},
    incidents::IncidentReport,
    people::Pupil,
    places::{AuthorityCalendar, Desk, Establishment},
    timeline::{Step, Submission},
};

/// 00:00 on Wednesday 18 November 2026. London keeps UTC in November.
const WEDNESDAY: i64 = 1_794_960_000;

/// The whole night.
pub struct Night {
    /// Schools, a college and a playgroup.
    pub establishments: Vec<Establishment>,
    /// The desks of the authorities, with their officers.
    pub desks: Vec<Desk>,
    /// The calendars that the authorities give to their schools.
    pub calendars: Vec<AuthorityCalendar>,
    /// The children of the night, and a few who only stand on a roll.
    pub pupils: Vec<Pupil>,
    /// What each force has agreed to share.
    pub profiles: Vec<ForceProfile>,
    /// What police report.
    pub incidents: Vec<IncidentReport>,
    /// Who does what, in time order.
    pub steps: Vec<Step>,
    /// What must come out, one for each duty.
    pub expected: Vec<Expectation>,
    /// The closing line.
    pub closing: Closing,
}

impl Night {
    /// The night, the same in every run.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a scenario is not a default of anything")]
    pub fn new() -> Self {
        Self {
            establishments: places::establishments(),
            desks: places::desks(),
            calendars: places::calendars(),
            pupils: people::pupils(),
            profiles: profiles(),
            incidents: incidents::incidents(),
            steps: timeline::steps(),
            expected: expected::expectations(),
            closing: expected::CLOSING,
        }
    }

    /// Where the clock stands before the first step: Wednesday 22:00.
    #[must_use]
    pub const fn starts_at() -> Timestamp {
        wednesday(22, 0)
    }

    /// When the statement of the morning is made: Thursday 08:30.
    #[must_use]
    pub const fn statement_at() -> Timestamp {
        thursday(8, 30)
    }

    /// The morning: Thursday 19 November 2026.
    #[must_use]
    pub const fn morning() -> jiff::civil::Date {
        jiff::civil::Date::constant(2026, 11, 19)
    }

    /// When everything has ended: Thursday 10:30.
    #[must_use]
    pub const fn ends_at() -> Timestamp {
        thursday(10, 30)
    }

    /// The establishment with this key, such as `E1`.
    #[must_use]
    pub fn establishment(&self, key: &str) -> Option<&Establishment> {
        self.establishments.iter().find(|place| place.key == key)
    }

    /// The pupil with this key, such as `C1`.
    #[must_use]
    pub fn pupil(&self, key: &str) -> Option<&Pupil> {
        self.pupils.iter().find(|pupil| pupil.key == key)
    }

    /// The incident with this key, such as `I1`.
    #[must_use]
    pub fn incident(&self, key: &str) -> Option<&IncidentReport> {
        self.incidents.iter().find(|report| report.key == key)
    }

    /// The request for a submission.
    #[must_use]
    pub fn report_request(
        &self,
        submission: &Submission,
    ) -> Option<ReportDomesticAbuseIncidentRequest> {
        let incident = self.incident(submission.incident)?.first.clone();
        Some(ReportDomesticAbuseIncidentRequest {
            request_id: submission.request_id.clone(),
            incident: Some(incident),
        })
    }

    /// The content of the amendment of this incident, if it is amended, with `name` filled in.
    #[must_use]
    pub fn amended(&self, incident: &str, name: &str) -> Option<Incident> {
        let amended = self.incident(incident)?.amended.clone()?;
        Some(Incident { name: name.to_owned(), ..amended })
    }
}

fn profiles() -> Vec<ForceProfile> {
    let profile = |force: &str, profile: ContentProfile| ForceProfile {
        force_code: force.to_owned(),
        recipient_kind: OrganisationKind::School.into(),
        profile: profile.into(),
        early_years: false,
        version: 0,
    };
    vec![profile("62", ContentProfile::Full), profile("52", ContentProfile::Minimal)]
}

/// An instant on Wednesday evening.
pub(crate) const fn wednesday(hour: i64, minute: i64) -> Timestamp {
    Timestamp::constant(WEDNESDAY + hour * 3_600 + minute * 60, 0)
}

/// An instant on Thursday morning.
pub(crate) const fn thursday(hour: i64, minute: i64) -> Timestamp {
    wednesday(hour + 24, minute)
}

#[cfg(test)]
mod tests;
