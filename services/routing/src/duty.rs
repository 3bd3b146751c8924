//! A duty to tell one recipient about one child, and where it stands.
//!
//! Every accepted report gives at least one duty for each child, and every duty ends acknowledged, escalated or
//! withheld (P1). A duty outlives its recipient: when a school answers that the child is not on its roll, the same duty
//! moves on to the next recipient.

use jiff::Timestamp;
use mash_domain::{identifier::Laestab, organisation::OrganisationId};

/// Which of a child's duties. It is stable over revisions and re-routing, and so part of the duty's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The establishment, or whoever stands in where there is none.
    School,
    /// The second establishment of a dually registered child.
    SecondSchool,
    /// The force of the area where the child lives.
    HomeForce,
}

impl Slot {
    /// Every slot.
    pub const ALL: [Self; 3] = [Self::School, Self::SecondSchool, Self::HomeForce];

    /// The word that stands for it in ids and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::SecondSchool => "second-school",
            Self::HomeForce => "home-force",
        }
    }

    /// The slot with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.word() == word)
    }
}

/// Where a duty stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DutyState {
    /// Decided, and on its way.
    Released,
    /// With the recipient.
    Delivered,
    /// Opened by a person.
    Opened,
    /// With a named person of the authority.
    Escalated,
    /// Acknowledged by a person.
    Acknowledged,
    /// Lawfully withheld, with a reason.
    Withheld,
}

impl DutyState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Released,
        Self::Delivered,
        Self::Opened,
        Self::Escalated,
        Self::Acknowledged,
        Self::Withheld,
    ];

    /// The word that stands for it in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Withheld => "withheld",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How far along it is. A receipt never moves a duty back: receipts may overtake one another.
    const fn rank(self) -> u8 {
        match self {
            Self::Released => 0,
            Self::Delivered => 1,
            Self::Opened => 2,
            Self::Escalated => 3,
            Self::Acknowledged => 4,
            Self::Withheld => 5,
        }
    }
}

/// What a recipient reported of a disclosure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is in the recipient's service.
    Delivered,
    /// A person opened it.
    Opened,
    /// It was given to a named person of the authority.
    Escalated,
    /// A person acknowledged it.
    Acknowledged,
}

impl Receipt {
    const fn state(self) -> DutyState {
        match self {
            Self::Delivered => DutyState::Delivered,
            Self::Opened => DutyState::Opened,
            Self::Escalated => DutyState::Escalated,
            Self::Acknowledged => DutyState::Acknowledged,
        }
    }
}

/// A disclosure made under a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Its opaque id: the same for every revision to this recipient.
    pub id: String,
    /// Who receives.
    pub recipient: OrganisationId,
    /// The word of the desk, or empty.
    pub desk: String,
    /// How often what the recipient may know has changed, from 1.
    pub revision: i32,
    /// A keyed digest of what the recipient was given, to tell whether anything has changed.
    pub digest: Vec<u8>,
    /// A second recipient of the same duty, which is not counted on its own.
    pub copy: bool,
    /// Whether the recipient still has it: not recalled, and not refused as not theirs.
    pub live: bool,
}

/// A duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Its opaque id.
    pub id: String,
    /// The case.
    pub case_id: String,
    /// The child's reference within the report.
    pub child_ref: String,
    /// Which of the child's duties.
    pub slot: Slot,
    /// The kind, as a word: `school`, `home-education`, `school-unknown`, `home-force`, `early-years`.
    pub kind: String,
    /// The disclosures made under it, the recalled ones too.
    pub disclosures: Vec<Disclosure>,
    /// Where it stands.
    pub state: DutyState,
    /// Since when.
    pub state_at: Timestamp,
    /// A coded reason for being withheld or escalated.
    pub reason: String,
    /// Whether it ended after its deliver-by time.
    pub late: bool,
    /// Establishments that have said that the child is not theirs.
    pub rejected_by: Vec<Laestab>,
    /// By when the recipient must have acknowledged it, as the recipient's service says.
    pub bell: Option<Timestamp>,
    /// The officer of the authority who has it, by contact id; empty if nobody has.
    pub escalated_to: String,
    /// Why it was late, a code; empty if it was not.
    pub late_cause: String,
}

impl Duty {
    /// A duty that has just arisen.
    #[must_use]
    pub const fn new(
        id: String,
        case_id: String,
        child_ref: String,
        slot: Slot,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            case_id,
            child_ref,
            slot,
            kind: String::new(),
            disclosures: Vec::new(),
            state: DutyState::Released,
            state_at: at,
            reason: String::new(),
            late: false,
            rejected_by: Vec::new(),
            bell: None,
            escalated_to: String::new(),
            late_cause: String::new(),
        }
    }

    /// The disclosure by which it is being discharged, unless everything was withheld.
    #[must_use]
    pub fn current(&self) -> Option<&Disclosure> {
        self.disclosures.iter().find(|disclosure| disclosure.live && !disclosure.copy)
    }

    /// Takes in a receipt. `false` if it changes nothing: another disclosure's, or overtaken by a later one.
    pub fn receive(
        &mut self,
        disclosure_id: &str,
        receipt: Receipt,
        at: Timestamp,
        late: bool,
    ) -> bool {
        let ours = self.current().is_some_and(|current| current.id == disclosure_id);
        let state = receipt.state();
        if !ours || state.rank() <= self.state.rank() {
            return false;
        }
        self.state = state;
        self.state_at = at;
        self.late |= late;
        true
    }

    /// Takes in by when the recipient must have acknowledged it. `false` if it is another disclosure's, or known.
    pub fn ring_at(&mut self, disclosure_id: &str, bell: Option<Timestamp>) -> bool {
        let ours = self.current().is_some_and(|current| current.id == disclosure_id);
        if !ours || bell.is_none() || self.bell == bell {
            return false;
        }
        self.bell = bell;
        true
    }

    /// A disclosure to another recipient is on its way; the reason tells why it is not the usual one.
    pub fn set_out(&mut self, reason: &str, at: Timestamp) {
        self.state = DutyState::Released;
        self.state_at = at;
        self.bell = None;
        self.escalated_to.clear();
        self.late_cause.clear();
        reason.clone_into(&mut self.reason);
    }

    /// Withholds what is left of the duty, for a coded reason. Final.
    pub fn withhold(&mut self, reason: &str, at: Timestamp) {
        self.state = DutyState::Withheld;
        self.state_at = at;
        reason.clone_into(&mut self.reason);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn duty() -> Duty {
        let mut duty =
            Duty::new("d".into(), "c".into(), "c1".into(), Slot::School, Timestamp::UNIX_EPOCH);
        duty.disclosures.push(Disclosure {
            id: "x".into(),
            recipient: "school/6722301".parse().unwrap(),
            desk: String::new(),
            revision: 1,
            digest: vec![],
            copy: false,
            live: true,
        });
        duty
    }

    #[test]
    fn another_disclosures_receipt_changes_nothing() {
        let mut duty = duty();
        assert!(!duty.receive("y", Receipt::Acknowledged, Timestamp::UNIX_EPOCH, false));
        assert_eq!(duty.state, DutyState::Released);
    }

    #[test]
    fn withheld_is_final() {
        let mut duty = duty();
        duty.withhold("withdrawn", Timestamp::UNIX_EPOCH);
        assert!(!duty.receive("x", Receipt::Acknowledged, Timestamp::UNIX_EPOCH, false));
    }

    proptest! {
        /// Receipts travel on a topic of their own and may overtake one another.
        #[test]
        fn the_order_of_receipts_does_not_matter(order in Just(vec![
            Receipt::Delivered, Receipt::Opened, Receipt::Escalated, Receipt::Acknowledged,
        ]).prop_shuffle()) {
            let mut duty = duty();
            for receipt in order {
                duty.receive("x", receipt, Timestamp::UNIX_EPOCH, false);
            }
            prop_assert_eq!(duty.state, DutyState::Acknowledged);
        }
    }
}
