//! Who does what, and when.

use jiff::Timestamp;
use mash_proto::police::v1::WithdrawalReason;

use super::{
    places::{BRIDGEND, E1, E2, E4, E6, E8},
    thursday, wednesday,
};
use crate::identifiers::request_id;

/// Something that happens at one moment of the night.
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
}

/// A call of a police force about one incident.
#[derive(Clone)]
pub struct Submission {
    /// `I1` to `I12`.
    pub incident: &'static str,
    /// The two-digit code of the force.
    pub force: &'static str,
    /// Who calls, by collar number.
    pub practitioner: &'static str,
    /// The id of the request, the same in every run.
    pub request_id: String,
}

/// An answer of a school or of a desk about one child.
#[derive(Clone)]
pub struct Answering {
    /// `C1` to `C15`.
    pub child: &'static str,
    /// The incident about which it is.
    pub incident: &'static str,
    /// The organisation, such as `school/6722951`.
    pub organisation: String,
    /// Who answers, by contact id.
    pub contact: &'static str,
    /// The id of the request, the same in every run.
    pub request_id: String,
}

/// What somebody, or the world, does.
pub enum Action {
    /// A force reports an incident.
    Report(Submission),
    /// The force sends the same report once more, with the same `request_id`.
    ReportAgain(Submission),
    /// The bus delivers the event of this incident a second time.
    DuplicateDelivery {
        /// `I8`.
        incident: &'static str,
    },
    /// A message that nobody can decode comes to stand before the next report.
    PoisonBeforeNext {
        /// Its bytes.
        payload: &'static [u8],
    },
    /// The force corrects an incident.
    Amend {
        /// Which, and by whom.
        submission: Submission,
        /// The revision that it corrects.
        expected_revision: i32,
    },
    /// The force withdraws an incident.
    Withdraw {
        /// Which, and by whom.
        submission: Submission,
        /// Why.
        reason: WithdrawalReason,
    },
    /// A person acknowledges a notice.
    Acknowledge(Answering),
    /// A school answers that the child is not on its roll.
    Reject(Answering),
    /// Another force accepts what was handed over.
    AcknowledgeHandover {
        /// The two-digit code of the accepting force.
        force: &'static str,
        /// Who accepts.
        practitioner: &'static str,
        /// The child.
        child: &'static str,
        /// The incident.
        incident: &'static str,
        /// The id of the request, the same in every run.
        request_id: String,
    },
}

/// What cannot be decoded: a wire type that does not exist.
const POISON: &[u8] = &[0x0f, 0xff, 0x00, 0xc3, 0x28];

const CONTROL_ROOM: &str = "swp-62-4471";
const PUBLIC_PROTECTION: &str = "swp-62-1180";

pub(super) fn steps() -> Vec<Step> {
    let mut steps = reports();
    steps.extend(answers());
    // Stable: what happens in the same minute stays in the order of the tables.
    steps.sort_by_key(|step| step.at);
    steps
}

fn reports() -> Vec<Step> {
    vec![
        step(wednesday(22, 20), Action::Report(submission("I12", "report"))),
        step(wednesday(23, 40), Action::Report(submission("I2", "report"))),
        step(thursday(0, 30), Action::Report(submission("I3", "report"))),
        step(thursday(1, 15), Action::Report(submission("I4", "report"))),
        step(thursday(2, 10), Action::Report(submission("I1", "report"))),
        step(thursday(2, 10), Action::ReportAgain(submission("I1", "report"))),
        step(thursday(2, 45), Action::Report(submission("I11", "report"))),
        step(thursday(3, 0), Action::Report(submission("I5", "report"))),
        step(thursday(4, 20), Action::Report(submission("I6", "report"))),
        step(thursday(5, 5), Action::Report(submission("I7", "report"))),
        step(thursday(6, 15), Action::Report(submission("I8", "report"))),
        step(thursday(6, 15), Action::DuplicateDelivery { incident: "I8" }),
        step(thursday(6, 40), Action::PoisonBeforeNext { payload: POISON }),
        step(thursday(6, 40), Action::Report(submission("I9", "report"))),
        step(
            thursday(6, 55),
            Action::Amend { submission: submission("I1", "amend"), expected_revision: 1 },
        ),
        step(thursday(7, 5), Action::Report(submission("I10", "report"))),
        step(
            thursday(7, 20),
            Action::Withdraw {
                submission: Submission {
                    practitioner: PUBLIC_PROTECTION,
                    ..submission("I10", "withdraw")
                },
                reason: WithdrawalReason::WrongChild,
            },
        ),
    ]
}

fn answers() -> Vec<Step> {
    let ack = |hour, minute, child, incident, organisation: String, contact| {
        let answer = answering(child, incident, organisation, contact, "acknowledge");
        step(thursday(hour, minute), Action::Acknowledge(answer))
    };
    vec![
        step(
            thursday(5, 30),
            Action::AcknowledgeHandover {
                force: "52",
                practitioner: "asp-52-0934",
                child: "C7",
                incident: "I6",
                request_id: request_id("night/I6/C7/acknowledge-handover"),
            },
        ),
        step(
            thursday(7, 30),
            Action::Reject(answering("C13", "I11", school(E8), "rhys-evans", "reject")),
        ),
        ack(7, 41, "C2", "I1", school(E2), "david-marsh"),
        ack(7, 50, "C1", "I1", school(E1), "mair-rees"),
        ack(7, 55, "C9", "I7", school(E1), "mair-rees"),
        ack(8, 0, "C14", "I12", school(E1), "mair-rees"),
        ack(8, 0, "C15", "I12", school(E8), "rhys-evans"),
        ack(8, 2, "C11", "I9", school(E2), "david-marsh"),
        ack(8, 5, "C4", "I3", school(E1), "owen-pugh"),
        ack(8, 10, "C7", "I6", school(E6), "tom-archer"),
        ack(8, 15, "C13", "I11", school(E1), "mair-rees"),
        ack(8, 20, "C5", "I4", format!("authority/{BRIDGEND}"), "nia-beynon"),
        ack(9, 12, "C10", "I8", school(E4), "amina-yusuf"),
    ]
}

fn step(at: Timestamp, action: Action) -> Step {
    Step { at, action }
}

fn submission(incident: &'static str, verb: &str) -> Submission {
    Submission {
        incident,
        force: "62",
        practitioner: CONTROL_ROOM,
        request_id: request_id(&format!("night/{incident}/{verb}")),
    }
}

fn answering(
    child: &'static str,
    incident: &'static str,
    organisation: String,
    contact: &'static str,
    verb: &str,
) -> Answering {
    let request_id = request_id(&format!("night/{incident}/{child}/{organisation}/{verb}"));
    Answering { child, incident, organisation, contact, request_id }
}

fn school(laestab: &str) -> String {
    format!("school/{laestab}")
}
