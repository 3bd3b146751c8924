//! What must come out of the night, one expectation for each duty (incident, child, recipient).

mod table;

use jiff::Timestamp;
use mash_domain::data_class::ClassSet;
use mash_domain::data_class::DataClass;

pub(super) use table::expectations;

/// What one duty must end as.
pub struct Expectation {
    /// `I1` to `I12`.
    pub incident: &'static str,
    /// `C1` to `C15`.
    pub child: &'static str,
    /// The child's reference within the report, such as `c1`.
    pub child_ref: &'static str,
    /// The sort of duty.
    pub duty: Duty,
    /// Who answers for it in the end, such as `school/6722951`, `authority/672`, `police/52`.
    pub recipient: String,
    /// The desk, where the recipient is an authority: `education-duty` or `home-education`.
    pub desk: Option<&'static str>,
    /// The contact to whom the notice is addressed, where it is a school's.
    pub addressee: Option<&'static str>,
    /// Contacts at the recipient to whom the notice must not exist.
    pub hidden_from: Vec<&'static str>,
    /// Exactly the classes that the recipient has in the end; none where nothing was released.
    pub received: ClassSet,
    /// Classes that the report held and the recipient did not get, with the reason. Not all of them, the telling ones.
    pub withheld: Vec<(DataClass, Why)>,
    /// Texts that the recipient must read nowhere in the notice.
    pub must_not_read: Vec<&'static str>,
    /// Texts that the recipient must read.
    pub must_read: Vec<&'static str>,
    /// The revision of the notice in the end.
    pub revision: i32,
    /// By when it must be acknowledged; none for a desk, a force and where nothing was released.
    pub deliver_by: Option<Timestamp>,
    /// Why a desk has it, or a deputy: `no-contact`, `conflict`, `school-unknown`.
    pub diversion: Option<&'static str>,
    /// Whether the report and the roll disagreed.
    pub discrepancy: bool,
    /// Establishments that had the notice before and answered that the child is not theirs, such as `school/6722953`.
    pub rejected_by: Vec<String>,
    /// How it ends.
    pub ends: End,
}

/// The sorts of duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// To tell the child's school (R01).
    School,
    /// To tell the home education officer (R02).
    HomeEducation,
    /// To tell the authority, since no school is known (R03).
    SchoolUnknown,
    /// To hand over to the force of the area where the child lives (R04).
    HomeForce,
    /// To tell an early years setting (R05).
    EarlyYears,
}

impl Duty {
    /// The word that the contract uses for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::HomeEducation => "home-education",
            Self::SchoolUnknown => "school-unknown",
            Self::HomeForce => "home-force",
            Self::EarlyYears => "early-years",
        }
    }
}

/// Why a class was withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// This rule removed it, such as `R24`.
    Rule(&'static str),
    /// No rule permits it for this recipient under the force's profile.
    Profile,
}

/// How a duty ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A person acknowledged it.
    Acknowledged {
        /// When.
        at: Timestamp,
        /// Who, by contact id or collar number.
        by: &'static str,
    },
    /// A named officer of the authority has it.
    Escalated {
        /// Who, by contact id.
        to: &'static str,
    },
    /// Nothing was released.
    Refused {
        /// The rule that is off or forbids, such as `R05`.
        rule: &'static str,
    },
    /// It was released, and recalled because police withdrew the report.
    Recalled,
}

/// The closing line: accepted = acknowledged + escalated + withheld, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Duties that arose.
    pub accepted: u32,
    /// Acknowledged by a person.
    pub acknowledged: u32,
    /// With a named officer.
    pub escalated: u32,
    /// Lawfully withheld, recalled ones included.
    pub withheld: u32,
    /// Still on the way.
    pub pending: u32,
    /// Nowhere.
    pub lost: u32,
    /// After the deliver-by time.
    pub late: u32,
}

/// The closing line of the night.
pub const CLOSING: Closing = Closing {
    accepted: 16,
    acknowledged: 12,
    escalated: 2,
    withheld: 2,
    pending: 0,
    lost: 0,
    late: 0,
};
