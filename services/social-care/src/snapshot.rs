//! What was in front of whoever decided: frozen as bytes with a digest, and never changed (P08).

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mash_domain::referral::enquiry::EnquiryState;
use mash_proto::{
    convert::{clock::clock_to_wire, time_to_wire},
    social_care::v1 as wire,
    r#type::v1::Organisation,
};
use prost::Message as _;

use crate::{
    case::Case,
    marks,
    record::{Record, organisation},
    store::snapshots::Frozen,
};

/// Freezes what is known of a referral that has just been decided.
pub(crate) fn freeze(case: &Case, now: Timestamp) -> Frozen {
    let Case { record, items, enquiries, clocks, history, .. } = case;
    let decision = record.referral.decisions.last().cloned().unwrap_or_default();
    let in_state = |state: EnquiryState| -> Vec<wire::Enquiry> {
        let some = enquiries.iter().filter(|kept| kept.state.state == state);
        some.map(|kept| kept.enquiry.clone()).collect()
    };
    let mut withheld: Vec<i32> =
        items.iter().flat_map(|kept| kept.release.withheld_classes.iter().copied()).collect();
    withheld.sort_unstable();
    withheld.dedup();
    let snapshot = wire::Snapshot {
        name: format!("referrals/{}/snapshots/{}", record.case_id, decision.number),
        known: items.iter().map(crate::store::items::Kept::to_wire).collect(),
        unanswered: in_state(EnquiryState::Open),
        refused: in_state(EnquiryState::Refused),
        answered: in_state(EnquiryState::Answered),
        closed: in_state(EnquiryState::Closed),
        withheld_classes: withheld,
        grades: record.referral.grades.clone(),
        clocks: clocks.iter().map(|kept| clock_to_wire(&kept.clock, now)).collect(),
        history: history.clone(),
        authority: organisation(&record.authority).as_ref().map(Organisation::from),
        receive_time: Some(time_to_wire(record.received)),
        help_consent: record.referral.help_consent,
        decision: Some(decision.clone()),
    };
    let content = snapshot.encode_to_vec();
    Frozen {
        referral: record.id.clone(),
        number: i64::from(decision.number),
        authority: record.authority.clone(),
        decided: now,
        outcome: i64::from(decision.outcome),
        digest: digest(&SHA256, &content).as_ref().to_vec(),
        content,
    }
}

/// Another referral, as the history shows it.
pub(crate) fn linked(record: &Record, kinds: i64) -> wire::LinkedReferral {
    let referral = &record.referral;
    wire::LinkedReferral {
        referral: format!("referrals/{}", record.case_id),
        kinds: marks::kinds_of(kinds),
        receive_time: Some(time_to_wire(record.received)),
        from: referral.from.clone(),
        state: referral.state,
        grade: referral.grade,
        outcome: referral.decisions.last().map_or(0, |decision| decision.outcome),
        report_kind: referral.report_kind,
    }
}

/// What is missing, as codes (P08).
pub(crate) fn gaps(case: &Case) -> Vec<String> {
    let mut gaps = Vec::new();
    for kept in &case.enquiries {
        match kept.state.state {
            EnquiryState::Open => gaps.push(format!("unanswered:{}", kept.partner)),
            EnquiryState::Refused => gaps.push(format!("refused:{}", kept.partner)),
            EnquiryState::Answered | EnquiryState::Closed => (),
        }
    }
    let mut withheld: Vec<i32> =
        case.items.iter().flat_map(|kept| kept.release.withheld_classes.iter().copied()).collect();
    withheld.sort_unstable();
    withheld.dedup();
    gaps.extend(withheld.iter().map(|class| format!("withheld:F{class}")));
    let content = case.report().and_then(crate::store::items::Kept::content).unwrap_or_default();
    let spoken =
        content.voice.as_ref().is_some_and(|voice| voice.spoken_to == 1 || !voice.words.is_empty());
    let child = content.child.unwrap_or_default();
    for (missing, code) in [
        (!spoken, "voice-of-child"),
        (content.household.is_none_or(|household| household.people.is_empty()), "household"),
        (content.address.is_none(), "address"),
        (child.date_of_birth.is_none() && child.expected_birth.is_none(), "date-of-birth"),
    ] {
        if missing {
            gaps.push(code.to_owned());
        }
    }
    gaps
}
