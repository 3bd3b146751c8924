//! A request for subject access on the wire and in the store.

use std::collections::BTreeMap;

use jiff::civil::Date;
use mash_domain::{
    bank_holidays::BankHolidays,
    rights::subject_access::{
        Because, Exemption, Extension, HarmTest, Outcome, Reason, Refusal, RefusalGround, State,
        SubjectAccess,
    },
};
use mash_proto::{
    convert::{time_from_wire, time_to_wire},
    sharing::v1::{
        self as pb, HarmOutcome, SubjectAccessRefusalGround as Ground, SubjectAccessState,
    },
};

use crate::store::rights::Kept;

/// A request, as its organisation sees it on this day.
#[must_use]
pub fn to_wire(of: &Kept, today: Date) -> pb::SubjectAccess {
    let due = of.request.due_on(BankHolidays::builtin());
    pb::SubjectAccess {
        name: format!("subjectAccess/{}", of.id),
        organisation: Some((&of.organisation).into()),
        subject: of.subject.clone(),
        due_date: Some(due.into()),
        overdue: !of.request.state.is_final() && due < today,
        untested: i32::try_from(of.request.untested()).unwrap_or(i32::MAX),
        assemble_time: of.assembled_at.map(time_to_wire),
        ..kept(&of.request)
    }
}

/// A request, as it is kept.
#[must_use]
pub fn kept(of: &SubjectAccess) -> pb::SubjectAccess {
    let whole = of.whole.iter().map(|test| (0, test));
    let tests = whole.chain(of.by_line.iter().map(|(line, test)| (*line, test)));
    pb::SubjectAccess {
        state: state_to_wire(of.state).into(),
        received_date: Some(of.received_on.into()),
        lines: i32::try_from(of.lines).unwrap_or(i32::MAX),
        tests: tests.map(|(line, test)| test_to_wire(line, test)).collect(),
        extension: of.extension.as_ref().map(|extension| pb::SubjectAccessExtension {
            months: extension.months.into(),
            because: Some(because_to_wire(&extension.because)),
        }),
        refusal: of.refusal.as_ref().map(|refusal| pb::SubjectAccessRefusal {
            ground: ground_to_wire(refusal.ground).into(),
            because: Some(because_to_wire(&refusal.because)),
        }),
        release_time: of.released.as_ref().map(|(_, at)| time_to_wire(*at)),
        released_by: of.released.as_ref().map(|(by, _)| by.clone()).unwrap_or_default(),
        ..pb::SubjectAccess::default()
    }
}

/// Every reason in it: the words of people.
pub fn reasons(of: &mut pb::SubjectAccess) -> impl Iterator<Item = &mut String> {
    let tests = of.tests.iter_mut().flat_map(|test| &mut test.because);
    let extension = of.extension.iter_mut().flat_map(|extension| &mut extension.because);
    let refusal = of.refusal.iter_mut().flat_map(|refusal| &mut refusal.because);
    tests.chain(extension).chain(refusal).map(|because| &mut because.reason)
}

/// A request, as it was kept; `None` if it does not read back.
#[must_use]
pub fn request(wire: &pb::SubjectAccess) -> Option<SubjectAccess> {
    let mut tests = BTreeMap::new();
    for test in &wire.tests {
        let outcome = outcome(test.outcome())?;
        let because = because(test.because.as_ref()?)?;
        tests.insert(u32::try_from(test.line).ok()?, HarmTest { outcome, because });
    }
    let released = match &wire.release_time {
        Some(at) => Some((wire.released_by.clone(), time_from_wire(at).ok()?)),
        None => None,
    };
    let extension = match &wire.extension {
        Some(extension) => Some(Extension {
            months: u8::try_from(extension.months).ok()?,
            because: because(extension.because.as_ref()?)?,
        }),
        None => None,
    };
    let refusal = match &wire.refusal {
        Some(refusal) => Some(Refusal {
            ground: ground(refusal.ground())?,
            because: because(refusal.because.as_ref()?)?,
        }),
        None => None,
    };
    Some(SubjectAccess {
        received_on: Date::try_from(wire.received_date?).ok()?,
        state: state(wire.state())?,
        lines: u32::try_from(wire.lines).ok()?,
        whole: tests.remove(&0),
        by_line: tests,
        extension,
        refusal,
        released,
    })
}

fn test_to_wire(line: u32, test: &HarmTest) -> pb::HarmTest {
    pb::HarmTest {
        line: i32::try_from(line).unwrap_or(i32::MAX),
        outcome: outcome_to_wire(test.outcome).into(),
        because: Some(because_to_wire(&test.because)),
    }
}

/// Who decided, when and why, for the wire.
#[must_use]
pub fn because_to_wire(of: &Because) -> pb::Because {
    pb::Because {
        practitioner: of.by.clone(),
        decide_time: Some(time_to_wire(of.at)),
        reason: of.reason.as_str().to_owned(),
    }
}

fn because(of: &pb::Because) -> Option<Because> {
    let at = time_from_wire(of.decide_time.as_ref()?).ok()?;
    Some(Because { by: of.practitioner.clone(), at, reason: Reason::new(&of.reason)? })
}

const fn state_to_wire(of: State) -> SubjectAccessState {
    match of {
        State::Requested => SubjectAccessState::Requested,
        State::Assembled => SubjectAccessState::Assembled,
        State::Tested => SubjectAccessState::Tested,
        State::Released => SubjectAccessState::Released,
        State::Refused => SubjectAccessState::Refused,
    }
}

const fn state(of: SubjectAccessState) -> Option<State> {
    Some(match of {
        SubjectAccessState::Unspecified => return None,
        SubjectAccessState::Requested => State::Requested,
        SubjectAccessState::Assembled => State::Assembled,
        SubjectAccessState::Tested => State::Tested,
        SubjectAccessState::Released => State::Released,
        SubjectAccessState::Refused => State::Refused,
    })
}

/// What a test came to, for the wire.
#[must_use]
pub const fn outcome_to_wire(of: Outcome) -> HarmOutcome {
    match of {
        Outcome::HandOver => HarmOutcome::HandOver,
        Outcome::Withhold(Exemption::SeriousHarm) => HarmOutcome::SeriousHarm,
        Outcome::Withhold(Exemption::ChildAbuseData) => HarmOutcome::ChildAbuseData,
        Outcome::Withhold(Exemption::Crime) => HarmOutcome::Crime,
        Outcome::Withhold(Exemption::ThirdParty) => HarmOutcome::ThirdParty,
    }
}

/// What a test came to; `None` if it is not said.
#[must_use]
pub const fn outcome(of: HarmOutcome) -> Option<Outcome> {
    Some(match of {
        HarmOutcome::Unspecified => return None,
        HarmOutcome::HandOver => Outcome::HandOver,
        HarmOutcome::SeriousHarm => Outcome::Withhold(Exemption::SeriousHarm),
        HarmOutcome::ChildAbuseData => Outcome::Withhold(Exemption::ChildAbuseData),
        HarmOutcome::Crime => Outcome::Withhold(Exemption::Crime),
        HarmOutcome::ThirdParty => Outcome::Withhold(Exemption::ThirdParty),
    })
}

const fn ground_to_wire(of: RefusalGround) -> Ground {
    match of {
        RefusalGround::IdentityNotShown => Ground::IdentityNotShown,
        RefusalGround::ManifestlyUnfounded => Ground::ManifestlyUnfounded,
        RefusalGround::ManifestlyExcessive => Ground::ManifestlyExcessive,
        RefusalGround::Exempt => Ground::Exempt,
    }
}

/// On what ground; `None` if it is not said.
#[must_use]
pub const fn ground(of: Ground) -> Option<RefusalGround> {
    Some(match of {
        Ground::Unspecified => return None,
        Ground::IdentityNotShown => RefusalGround::IdentityNotShown,
        Ground::ManifestlyUnfounded => RefusalGround::ManifestlyUnfounded,
        Ground::ManifestlyExcessive => RefusalGround::ManifestlyExcessive,
        Ground::Exempt => RefusalGround::Exempt,
    })
}
