//! Everybody who calls: officers, key adults, and whoever else there is. What they do follows from the seed and from
//! what they see, never from how a service does its work.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use mash_chassis::Clock as _;
use mash_domain::calendar::london;
use mash_proto::{
    police::v1::{Incident, ReportDomesticAbuseIncidentRequest},
    referral::v1::Report,
};
use mash_synth::{
    months::{Arrival, arrivals},
    random::Random,
    wales::{Scale, Wales},
};
use uuid::Uuid;

use crate::{
    process::Kind,
    world::{Settings, World},
};

mod changes;
mod clinicians;
mod consents;
mod officers;
mod partners;
mod prepare;
mod reports;
mod schools;
mod workers;

/// The provider of advocates of the simulated region.
pub(crate) const PROVIDER: &str = "provider/cerrig";
/// The practitioner of a force.
const OFFICER: &str = "pc-4711";
/// A social worker of a hub.
pub(crate) const WORKER: &str = "sw-1";

/// Something that somebody does.
#[derive(Clone)]
pub(crate) enum Act {
    Report(Box<ReportDomesticAbuseIncidentRequest>),
    Correct(Box<Incident>),
    Withdraw(String),
    GiveConsent { incident: String, child_ref: String, withdraws_after: Option<i64> },
    WithdrawConsent { name: String, incident: String, child_ref: String },
    OpenInbox { organisation: String },
    OpenHandovers,
    Refer(Arrival),
    TellMore { name: String, reference: String, report: Box<Report> },
    TakeBack(String),
    WorkQueue { authority: String },
    ForceAnswers { force: String },
    SchoolAnswers { school: String },
    BoardAnswers { board: String },
    Fetch { organisation: String },
}

/// Who sent a referral.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) kind: Kind,
    pub(crate) organisation: String,
    pub(crate) practitioner: String,
    /// The revision that was accepted last.
    pub(crate) revision: i32,
    /// How soon somebody has to look, if it was told once more.
    pub(crate) urgency: Option<i32>,
    pub(crate) withdrawn: bool,
}

/// Who lives in the region, and what they have in mind.
pub(crate) struct People {
    pub(crate) wales: Wales,
    random: Random,
    /// Contacts by organisation, in order.
    contacts: BTreeMap<String, Vec<String>>,
    /// Inboxes that somebody will open anyway.
    expected: BTreeSet<String>,
    /// Every referral that a service accepted, by its name, and who sent it.
    pub(crate) accepted: BTreeMap<String, Sender>,
    /// Families that somebody referred, as often as somebody did.
    referred: Vec<usize>,
    /// Up to which question the force has looked.
    force_page: String,
    references: u64,
    serial: u64,
}

impl People {
    pub(crate) fn new(settings: &Settings, random: &Random) -> Self {
        let scale = Scale::new(0.05).unwrap_or(Scale::WHOLE);
        let wales = Wales::generate(settings.seed, scale);
        let mut contacts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for school in &wales.schools {
            let ids = school.contacts.iter().map(|contact| contact.id.clone()).collect();
            contacts.insert(format!("school/{}", school.laestab), ids);
        }
        for officers in wales.contacts() {
            // Every desk of an authority, as one: whoever looks first.
            let Some(desk) = officers.parent.strip_prefix("authorities/") else { continue };
            let authority = desk.split('/').next().unwrap_or_default();
            let all = contacts.entry(format!("authority/{authority}")).or_default();
            all.extend(officers.contacts.into_iter().map(|contact| contact.id));
        }
        let random = random.fork("people");
        Self {
            wales,
            random,
            contacts,
            expected: BTreeSet::new(),
            accepted: BTreeMap::new(),
            referred: Vec::new(),
            force_page: String::new(),
            references: 0,
            serial: 0,
        }
    }

    /// What comes by itself, at its time.
    pub(crate) fn arrivals(&self, settings: &Settings) -> Vec<(Timestamp, Act)> {
        let Settings { seed, region, first, days, share, .. } = settings;
        let mut incidents = self
            .wales
            .incidents_without_end("months")
            .filter(|incident| region.authorities.contains(&incident.authority_code));
        let mut random = self.random.fork("arrivals");
        let mut acts = Vec::new();
        for (at, arrival) in arrivals(*seed, region, *first, *days, *share) {
            match arrival {
                Arrival::Incident => {
                    let Some(mut incident) = incidents.next() else { continue };
                    let sent = at + SignedDuration::from_mins(i64::from(random.between(20, 110)));
                    if let Some(told) = incident.request.incident.as_mut() {
                        told.attended_time =
                            Some(prost_types::Timestamp { seconds: at.as_second(), nanos: 0 });
                    }
                    acts.push((sent, Act::Report(Box::new(incident.request))));
                }
                Arrival::Notification
                | Arrival::Missing
                | Arrival::Custody
                | Arrival::School
                | Arrival::Clinical
                | Arrival::Unborn
                | Arrival::Public
                | Arrival::EarlyHelp => acts.push((at, Act::Refer(arrival))),
            }
        }
        acts
    }

    /// An id of a request: the same in every run of a seed.
    fn request_id(&mut self, what: &str) -> String {
        self.serial += 1;
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{what}/{}", self.serial).as_bytes()).to_string()
    }
}

impl World {
    pub(crate) async fn act(&mut self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Report(request) => self.report(*request).await,
            Act::Correct(incident) => self.correct(*incident).await,
            Act::Withdraw(name) => self.withdraw(name).await,
            Act::GiveConsent { incident, child_ref, withdraws_after } => {
                self.give_consent(incident, child_ref, withdraws_after).await
            }
            Act::WithdrawConsent { name, incident, child_ref } => {
                self.withdraw_consent(name, incident, child_ref).await
            }
            Act::OpenInbox { organisation } => self.open_inbox(organisation).await,
            Act::OpenHandovers => self.open_handovers().await,
            Act::TellMore { name, reference, report } => {
                Box::pin(self.tell_more(name, reference, *report)).await
            }
            Act::TakeBack(name) => Box::pin(self.take_back(name)).await,
            Act::Refer(arrival) => Box::pin(self.refer(arrival)).await,
            Act::WorkQueue { authority } => Box::pin(self.work_the_queue(authority)).await,
            Act::ForceAnswers { force } => Box::pin(self.force_answers(force)).await,
            Act::SchoolAnswers { school } => Box::pin(self.school_answers(school)).await,
            Act::BoardAnswers { board } => Box::pin(self.board_answers(board)).await,
            Act::Fetch { organisation } => Box::pin(self.fetch(organisation)).await,
        }
    }

    /// Something was put on a topic for somebody.
    pub(crate) fn arrived(&mut self, topic: &str, key: &str) {
        let now = self.clock.now();
        if !topic.starts_with("mash.disclosed.") {
            return;
        }
        if !key.starts_with("operator/") {
            self.expect(format!("mailbox/{key}"), 240, Act::Fetch { organisation: key.to_owned() });
        }
        if key.starts_with("police/") {
            self.expect(
                format!("enquiries/{key}"),
                400,
                Act::ForceAnswers { force: key.to_owned() },
            );
        }
        if key.starts_with("health-board/") {
            let act = Act::BoardAnswers { board: key.to_owned() };
            self.expect(format!("enquiries/{key}"), 600, act);
        }
        if key.starts_with("school/") {
            let act = Act::SchoolAnswers { school: key.to_owned() };
            self.expect(format!("enquiries/{key}"), 900, act);
        }
        match topic {
            mash_bus::topics::DISCLOSED_EDUCATION
                if self.people.expected.insert(key.to_owned()) =>
            {
                let at = self.next_morning(now);
                self.later(at, Act::OpenInbox { organisation: key.to_owned() });
            }
            mash_bus::topics::DISCLOSED_POLICE if self.people.expected.insert(topic.to_owned()) => {
                let minutes = i64::from(self.people.random.between(10, 600));
                self.later(now + SignedDuration::from_mins(minutes), Act::OpenHandovers);
            }
            _ => (),
        }
    }

    /// Somebody will look within so many minutes, unless somebody will anyway.
    fn expect(&mut self, what: String, minutes: u32, act: Act) {
        if self.people.expected.insert(what) {
            let minutes = i64::from(self.people.random.between(5, minutes));
            self.later(self.clock.now() + SignedDuration::from_mins(minutes), act);
        }
    }

    /// Between 07:15 and 08:45 of the next working morning; or soon, by day.
    fn next_morning(&mut self, now: Timestamp) -> Timestamp {
        let local = now.to_zoned(london().clone());
        if (8..15).contains(&local.hour()) && local.weekday().to_monday_zero_offset() < 5 {
            return now + SignedDuration::from_mins(i64::from(self.people.random.between(5, 90)));
        }
        let mut day = local.date();
        if local.hour() >= 7 {
            day = day.checked_add(1.day()).unwrap_or(day);
        }
        while day.weekday().to_monday_zero_offset() >= 5 {
            day = day.checked_add(1.day()).unwrap_or(day);
        }
        let minutes = i64::from(self.people.random.between(7 * 60 + 15, 8 * 60 + 45));
        let opens = day.to_zoned(london().clone()).map_or(now, |midnight| midnight.timestamp());
        opens + SignedDuration::from_mins(minutes)
    }
}
