//! The morning after the night: Thursday 19 November 2026, from 10:35. A health injury, a school's worry and a notice of
//! police are about one child, whom no agency sees whole. Everybody is invented.
//!
//! The child is `D3` of the night: her namesake next door is in one of the incidents, and must not be taken for her.

use jiff::Timestamp;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Attendance, EvidenceClass, Photograph, ProfessionalContact},
    education::v1::{SchoolAnswer, SubmitReferralRequest},
    health::v1::{
        BodyMapEntry, BodySite, Confidentiality, InjuryKind, InjuryReferral, LabelledItem, Patient,
        Professional, RecordInjuriesRequest, Role,
    },
    police::v1::{NoticeGrade, ProtectionNotice, SubmitProtectionNoticeRequest},
    referral::v1::{
        Address, Concern, HouseholdMember, Referrer, Report, ReportKind, Subject, Urgency, Voice,
    },
    social_care::v1::{Outcome, PartnerQuestion},
    r#type::v1::{Answer, Organisation},
};

use crate::{
    identifiers::request_id,
    night::{
        people::Pupil,
        places::{BRIDGEND, E8, date},
        thursday,
    },
};

/// The key of the child in the night's list.
pub const CHILD: &str = "D3";
/// The health board of Bridgend.
pub const BOARD: &str = "health-board/7A5";
/// The nurse who sees the child.
pub const NURSE: &str = "nurse-4410";
/// The named nurse of the board, who answers the hub.
pub const NAMED_NURSE: &str = "named-nurse-0007";
/// The force.
pub const FORCE: &str = "police/62";
/// The officer who writes the notice.
pub const OFFICER: &str = "swp-62-1180";
/// The authority.
pub const HUB: &str = "authority/672";
/// The social worker of the hub.
pub const WORKER: &str = "sw-672-0031";
/// The manager of the hub, who is warned of clocks.
pub const MANAGER: &str = "mash-672-0001";
/// The key adult of the child's school.
pub const KEY_ADULT: &str = "rhys-evans";

/// When everything of the morning happens.
pub mod at {
    use super::{Timestamp, thursday};

    /// The nurse writes down what she sees.
    pub const INJURIES: Timestamp = thursday(10, 35);
    /// She refers.
    pub const HEALTH_REFERS: Timestamp = thursday(10, 40);
    /// The school refers.
    pub const SCHOOL_REFERS: Timestamp = thursday(10, 50);
    /// Police notify.
    pub const POLICE_NOTIFY: Timestamp = thursday(11, 5);
    /// The hub grades, and asks all partners at once.
    pub const GRADED: Timestamp = thursday(11, 10);
    /// Police refuse, with a reason.
    pub const POLICE_REFUSE: Timestamp = thursday(11, 25);
    /// The school answers.
    pub const SCHOOL_ANSWERS: Timestamp = thursday(11, 40);
    /// By when the partners were asked to answer.
    pub const ANSWERS_DUE: Timestamp = thursday(12, 10);
    /// Health has not answered, and is reminded.
    pub const CHASED: Timestamp = thursday(12, 15);
    /// Health answers.
    pub const HEALTH_ANSWERS: Timestamp = thursday(12, 35);
    /// The hub decides.
    pub const DECIDED: Timestamp = thursday(12, 50);
    /// Whoever referred reads what was decided.
    pub const HEARD: Timestamp = thursday(13, 5);
}

/// The school.
#[must_use]
pub fn school() -> String {
    format!("school/{E8}")
}

/// An id for a step, the same in every run.
#[must_use]
pub fn step(what: &str) -> String {
    request_id(&format!("morning/{what}"))
}

fn subject(pupil: &Pupil, with_numbers: bool) -> Subject {
    let known = |number: &Option<String>| number.clone().filter(|_| with_numbers);
    Subject {
        given_names: pupil.given_names.to_owned(),
        family_name: pupil.family_name.to_owned(),
        date_of_birth: Some(date(pupil.date_of_birth)),
        sex: pupil.sex.into(),
        nhs_number: known(&pupil.nhs_number).unwrap_or_default(),
        upn: String::new(),
        address: Some(Address {
            lines: pupil.home.lines.iter().map(|line| (*line).to_owned()).collect(),
            postcode: pupil.home.postcode.to_owned(),
            protect: Answer::No.into(),
            authority_code: pupil.home.authority_code.to_owned(),
        }),
        ..Subject::default()
    }
}

fn report(kind: ReportKind, child: Subject, (what, evidence): (&str, EvidenceClass)) -> Report {
    Report {
        form_version: 1,
        kind: kind.into(),
        urgency: Urgency::SameDay.into(),
        child: Some(child),
        household: vec![HouseholdMember {
            given_names: "Lowri".to_owned(),
            family_name: "Prosser".to_owned(),
            relationship: "mother".to_owned(),
            parental_responsibility: Answer::Yes.into(),
            in_household: Answer::Yes.into(),
            ..HouseholdMember::default()
        }],
        concerns: vec![Concern {
            what: what.to_owned(),
            when: "this week".to_owned(),
            r#where: String::new(),
            evidence: evidence.into(),
        }],
        voice: Some(Voice {
            spoken_to: Answer::Yes.into(),
            words: "I don't know how it happened.".to_owned(),
            alone: Answer::Yes.into(),
            not_spoken_to_reason: String::new(),
        }),
        harm_suspected: Answer::Yes.into(),
        parent_informed: Answer::No.into(),
        parent_not_informed_reason: "Asking could raise the risk to the child.".to_owned(),
        do_not_inform_parent: true,
        place_authority_code: BRIDGEND.to_owned(),
        ..Report::default()
    }
}

fn referrer(name: &str, role: &str) -> Option<Referrer> {
    Some(Referrer {
        name: name.to_owned(),
        role: role.to_owned(),
        telephone: "01632 960420".to_owned(),
        protect_identity: false,
    })
}

/// The nurse, as she signs.
#[must_use]
pub fn nurse() -> Professional {
    professional("Carys Nurse", Role::Nurse)
}

/// The named nurse, as she signs.
#[must_use]
pub fn named_nurse() -> Professional {
    professional("Menna Named", Role::NamedNurse)
}

fn professional(name: &str, role: Role) -> Professional {
    Professional {
        name: name.to_owned(),
        role: role.into(),
        telephone: "01632 960421".to_owned(),
        ..Professional::default()
    }
}

/// What the nurse saw: two bruises where accidents seldom reach, and nobody who can say how.
#[must_use]
pub fn injuries(pupil: &Pupil) -> RecordInjuriesRequest {
    RecordInjuriesRequest {
        request_id: step("injuries"),
        reference: "ED-26-11-19-0412".to_owned(),
        patient: Some(Patient {
            nhs_number: pupil.nhs_number.clone().unwrap_or_default(),
            given_names: pupil.given_names.to_owned(),
            family_name: pupil.family_name.to_owned(),
            date_of_birth: Some(date(pupil.date_of_birth)),
        }),
        mobile: Answer::Yes.into(),
        injuries: body_map(),
        examine_time: Some(time_to_wire(thursday(10, 20))),
        professional: Some(nurse()),
    }
}

/// The body map.
#[must_use]
pub fn body_map() -> Vec<BodyMapEntry> {
    let entry = |site: BodySite, description: &str, serial: u8| BodyMapEntry {
        site: site.into(),
        detail: "left".to_owned(),
        kind: InjuryKind::Bruise.into(),
        description: description.to_owned(),
        explanation: String::new(),
        explained: Answer::No.into(),
        photographs: vec![Photograph {
            reference: format!("ED-26-11-19-0412-{serial}"),
            media_type: "image/jpeg".to_owned(),
            digest: vec![serial; 32],
            description: "the bruise with a scale".to_owned(),
        }],
    };
    vec![
        entry(BodySite::Ear, "a bruise behind the ear, some days old", 1),
        entry(BodySite::Back, "a bruise in the shape of a strap", 2),
    ]
}

/// The referral that answers the prompt.
#[must_use]
pub fn health_referral(pupil: &Pupil) -> InjuryReferral {
    let said = ("Two bruises that the child cannot explain.", EvidenceClass::Observation);
    let mut report = report(ReportKind::Clinical, subject(pupil, true), said);
    report.urgency = Urgency::Immediate.into();
    report.referrer = referrer("Carys Nurse", "emergency nurse");
    InjuryReferral { reference: "ED-26-11-19-0412-R".to_owned(), report: Some(report) }
}

/// What worries the school.
#[must_use]
pub fn school_referral(pupil: &Pupil) -> SubmitReferralRequest {
    let said = ("Tired and hungry on Mondays, and flinches.", EvidenceClass::Observation);
    let mut report = report(ReportKind::School, subject(pupil, true), said);
    report.referrer = referrer("Rhys Evans", "designated safeguarding person");
    SubmitReferralRequest {
        request_id: step("school-referral"),
        reference: "SCH-26-0077".to_owned(),
        report: Some(report),
    }
}

/// The notice of police: without any number, for officers seldom have one.
#[must_use]
pub fn notice(pupil: &Pupil) -> SubmitProtectionNoticeRequest {
    let said = ("A neighbour heard shouting and a child crying.", EvidenceClass::Hearsay);
    let mut report = report(ReportKind::PoliceNotice, subject(pupil, false), said);
    report.referrer = referrer("PC Invented", "officer");
    SubmitProtectionNoticeRequest {
        request_id: step("notice"),
        notice: Some(ProtectionNotice {
            reference: "2600004711".to_owned(),
            report: Some(report),
            grade: NoticeGrade::Amber.into(),
            ..ProtectionNotice::default()
        }),
    }
}

/// What the hub asks, of all partners at once.
#[must_use]
pub fn questions(partners: [Organisation; 3]) -> Vec<PartnerQuestion> {
    let topics = [["police-history"], ["injuries"], ["attendance"]];
    partners
        .into_iter()
        .zip(topics)
        .map(|(partner, topics)| PartnerQuestion {
            partner: Some(partner),
            topics: topics.map(str::to_owned).to_vec(),
            text: "What do you know of this child and her home?".to_owned(),
            due_time: Some(time_to_wire(at::ANSWERS_DUE)),
        })
        .collect()
}

/// Why police do not answer.
pub const REFUSAL: (&str, &str) =
    ("live-investigation", "An arrest is planned; an answer now could tip off a suspect.");

/// What the school knows.
#[must_use]
pub fn school_answer() -> SchoolAnswer {
    SchoolAnswer {
        attendance: Some(Attendance {
            first_date: Some(date((2026, 9, 2))),
            last_date: Some(date((2026, 11, 18))),
            sessions_possible: 100,
            sessions_attended: 81,
            sessions_unauthorised: 12,
            last_seen_date: Some(date((2026, 11, 18))),
            pattern: "Mondays".to_owned(),
        }),
        presentation: "Quieter since half-term.".to_owned(),
        by: Some(ProfessionalContact {
            reference: KEY_ADULT.to_owned(),
            telephone: "01632 960422".to_owned(),
            name: "Rhys Evans".to_owned(),
            role: "designated safeguarding person".to_owned(),
            organisation: "Nant-y-Cwm Primary School".to_owned(),
            ..ProfessionalContact::default()
        }),
        ..SchoolAnswer::default()
    }
}

/// Whom partners of the hub can ask.
#[must_use]
pub fn hub_contact() -> ProfessionalContact {
    ProfessionalContact {
        reference: WORKER.to_owned(),
        telephone: "01632 960423".to_owned(),
        name: "Delyth Owen".to_owned(),
        role: "social worker of the hub".to_owned(),
        organisation: "Bridgend MASH".to_owned(),
        ..ProfessionalContact::default()
    }
}

/// What health knows. The last item was told by somebody else in confidence, and stays.
#[must_use]
pub fn health_answer() -> Vec<LabelledItem> {
    let item =
        |text: &str, confidentiality: Confidentiality, evidence: EvidenceClass| LabelledItem {
            text: text.to_owned(),
            confidentiality: confidentiality.into(),
            evidence: evidence.into(),
        };
    vec![
        item("Seen twice this year for falls.", Confidentiality::Clinical, EvidenceClass::Fact),
        item(
            "An aunt says that the mother drinks.",
            Confidentiality::ThirdParty,
            EvidenceClass::Hearsay,
        ),
    ]
}

/// The decision: what, why, and what would change it.
pub const DECISION: (Outcome, &str, &str, &str) = (
    Outcome::StrategyDiscussion,
    "Bruises without an explanation, seen by a nurse; absence on Mondays; shouting heard by a neighbour.",
    "An explanation of the bruises that a paediatrician accepts.",
    "Please keep the child in sight today, and call at any change.",
);
