//! What a hub keeps of a referral, both ways. The wire form is also how it is stored.

use mash_domain::referral::{
    enquiry::{Enquiry, EnquiryState},
    work::{
        Decision, FeedbackState, Grade, GradeEntry, HelpConsent, Outcome, Ruling, Step, Work,
        WorkState,
    },
};

use super::{ConvertError, time_from_wire, time_to_wire, word_from_wire};
use crate::{referral::v1::ReportKind, social_care::v1 as wire, r#type::v1::Answer};

words! {
    wire::ReferralState => WorkState {
        Received, Graded, Assigned, Checking, Decided, Informed, Closed, Passed, Transferred,
        Withdrawn,
    }
    wire::Grade => Grade { Red, Amber, Green, Blue }
    wire::Outcome => Outcome {
        StrategyDiscussion, Section47, Assessment, EarlyHelp, Advice, OtherAgency, NoFurtherAction,
        OpenCase, Transferred,
    }
    wire::HelpConsent => HelpConsent { Given, Refused }
    wire::FeedbackState => FeedbackState { Pending, Acknowledged, Escalated, Withheld }
    wire::StepDirection => Step { Up, Down }
    wire::HubEnquiryState => EnquiryState { Open, Answered, Refused, Closed }
}

/// The state machine of a referral that was stored.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn work_from_wire(referral: &wire::Referral) -> Result<Work, ConvertError> {
    let optional = |number: i32| (number != 0).then_some(number);
    let early_help =
        referral.report_kind() == ReportKind::EarlyHelp && referral.harm_suspected() != Answer::Yes;
    let feedback = optional(referral.feedback).map(word_from_wire::<wire::FeedbackState, _>);
    let consent = optional(referral.help_consent).map(word_from_wire::<wire::HelpConsent, _>);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Work {
        revision: count(referral.revision)?,
        state: word_from_wire::<wire::ReferralState, _>(referral.state)?,
        early_help,
        grades: referral.grades.iter().map(grade_from_wire).collect::<Result<_, _>>()?,
        worker: text(&referral.worker),
        asked: count(referral.asked)?,
        ended: count(referral.asked.saturating_sub(referral.unanswered))?,
        consent: consent.transpose()?,
        decisions: referral.decisions.iter().map(decision_from_wire).collect::<Result<_, _>>()?,
        feedback: feedback.transpose()?,
        acknowledged: referral.acknowledged,
        escalated_to: text(&referral.escalated_to),
    })
}

/// Writes the state machine into what is stored. Digests of snapshots stay where they are.
pub fn work_to_wire(work: &Work, referral: &mut wire::Referral) {
    let Work {
        revision,
        state,
        early_help: _,
        grades,
        worker,
        asked,
        ended: _,
        consent,
        decisions,
        feedback,
        acknowledged,
        escalated_to,
    } = work;
    referral.revision = number(*revision);
    referral.state = wire::ReferralState::from(*state).into();
    referral.grade = work.grade().map_or(0, |grade| wire::Grade::from(grade).into());
    referral.worker = worker.clone().unwrap_or_default();
    referral.asked = number(*asked);
    referral.unanswered = number(work.unanswered());
    referral.help_consent = consent.map_or(0, |consent| wire::HelpConsent::from(consent).into());
    referral.grades = grades.iter().map(grade_to_wire).collect();
    let mut digests: Vec<Vec<u8>> =
        referral.decisions.drain(..).map(|known| known.snapshot_digest).collect();
    digests.resize(decisions.len(), Vec::new());
    referral.decisions = decisions
        .iter()
        .zip(digests)
        .zip(1_i32..)
        .map(|((decision, digest), number)| decision_to_wire(decision, number, digest))
        .collect();
    referral.feedback = feedback.map_or(0, |feedback| wire::FeedbackState::from(feedback).into());
    referral.acknowledged = *acknowledged;
    referral.escalated_to = escalated_to.clone().unwrap_or_default();
}

/// The state machine of a question that was stored.
///
/// # Errors
///
/// [`ConvertError`] if something in it is not known.
pub fn enquiry_from_wire(enquiry: &wire::Enquiry) -> Result<Enquiry, ConvertError> {
    let time = |time: Option<&prost_types::Timestamp>| {
        time.ok_or(ConvertError::Time).and_then(time_from_wire)
    };
    Ok(Enquiry {
        revision: count(enquiry.revision)?,
        state: word_from_wire::<wire::HubEnquiryState, _>(enquiry.state)?,
        asked: time(enquiry.ask_time.as_ref())?,
        due: time(enquiry.due_time.as_ref())?,
        reminders: count(enquiry.reminders)?,
        undelivered: enquiry.undelivered,
        overdue: enquiry.overdue,
        ended: enquiry.answer_time.as_ref().map(time_from_wire).transpose()?,
    })
}

/// Writes the state machine into what is stored.
pub fn enquiry_to_wire(from: &Enquiry, enquiry: &mut wire::Enquiry) {
    let Enquiry { revision, state, asked, due, reminders, undelivered, overdue, ended } = from;
    enquiry.revision = number(*revision);
    enquiry.state = wire::HubEnquiryState::from(*state).into();
    enquiry.ask_time = Some(time_to_wire(*asked));
    enquiry.due_time = Some(time_to_wire(*due));
    enquiry.reminders = number(*reminders);
    enquiry.undelivered = *undelivered;
    enquiry.overdue = *overdue;
    enquiry.answer_time = ended.map(time_to_wire);
}

fn grade_from_wire(entry: &wire::GradeEntry) -> Result<GradeEntry, ConvertError> {
    let at = entry.grade_time.as_ref().ok_or(ConvertError::Time)?;
    Ok(GradeEntry {
        grade: word_from_wire::<wire::Grade, _>(entry.grade)?,
        by: entry.practitioner.clone(),
        at: time_from_wire(at)?,
        reason: entry.reason.clone(),
        unanswered: count(entry.unanswered)?,
    })
}

fn grade_to_wire(entry: &GradeEntry) -> wire::GradeEntry {
    let GradeEntry { grade, by, at, reason, unanswered } = entry;
    wire::GradeEntry {
        grade: wire::Grade::from(*grade).into(),
        practitioner: by.clone(),
        grade_time: Some(time_to_wire(*at)),
        reason: reason.clone(),
        unanswered: number(*unanswered),
    }
}

fn decision_from_wire(decision: &wire::Decision) -> Result<Decision, ConvertError> {
    let at = decision.decide_time.as_ref().ok_or(ConvertError::Time)?;
    let step = (decision.step != 0)
        .then(|| word_from_wire::<wire::StepDirection, _>(decision.step))
        .transpose()?;
    Ok(Decision {
        ruling: Ruling {
            outcome: word_from_wire::<wire::Outcome, _>(decision.outcome)?,
            reason: decision.reason.clone(),
            what_would_change_it: decision.what_would_change_it.clone(),
            next_step: decision.next_step.clone(),
        },
        by: decision.practitioner.clone(),
        at: time_from_wire(at)?,
        with_gaps: decision.with_gaps,
        step,
    })
}

fn decision_to_wire(decision: &Decision, number: i32, digest: Vec<u8>) -> wire::Decision {
    let Decision { ruling, by, at, with_gaps, step } = decision;
    let Ruling { outcome, reason, what_would_change_it, next_step } = ruling;
    wire::Decision {
        number,
        outcome: wire::Outcome::from(*outcome).into(),
        reason: reason.clone(),
        what_would_change_it: what_would_change_it.clone(),
        practitioner: by.clone(),
        decide_time: Some(time_to_wire(*at)),
        next_step: next_step.clone(),
        with_gaps: *with_gaps,
        snapshot_digest: digest,
        step: step.map_or(0, |step| wire::StepDirection::from(step).into()),
    }
}

fn count(number: i32) -> Result<u32, ConvertError> {
    u32::try_from(number).map_err(|_| ConvertError::Enum)
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mash_domain::referral::work::Command;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_referral_reads_back_as_written_and_keeps_its_digests() {
        let ruling = Ruling {
            outcome: Outcome::Advice,
            reason: "why".into(),
            what_would_change_it: "what".into(),
            next_step: "next".into(),
        };
        let by = || "worker-1".to_owned();
        let mut work = Work::received(true);
        let mut referral = wire::Referral {
            report_kind: ReportKind::EarlyHelp.into(),
            harm_suspected: Answer::No.into(),
            ..wire::Referral::default()
        };
        for command in [
            Command::Grade { by: by(), grade: Grade::Red, reason: String::new() },
            Command::Assign { to: "worker-2".into() },
            Command::Escalate { to: "manager".into() },
            Command::RecordConsent(HelpConsent::Given),
            Command::Ask { partners: 3 },
            Command::EndCheck,
            Command::Decide { by: by(), ruling: ruling.clone(), with_gaps: true },
            Command::EndFeedback(FeedbackState::Acknowledged),
            Command::Reopen { reason: "more".into() },
            Command::Decide { by: by(), ruling: ruling.clone(), with_gaps: true },
            Command::Step {
                by: by(),
                step: Step::Up,
                ruling: Ruling { outcome: Outcome::Section47, ..ruling },
            },
        ] {
            let events = work.apply(&command, at(5)).ok().unwrap();
            work = work.with_all(&events);
            work_to_wire(&work, &mut referral);
            assert!(work_from_wire(&referral).ok().unwrap() == work);
            if let Some(decision) = referral.decisions.first_mut() {
                decision.snapshot_digest = vec![7];
            }
        }
        assert_eq!(referral.decisions.first().map(|it| it.snapshot_digest.clone()), Some(vec![7]));
        assert_eq!((referral.asked, referral.unanswered), (3, 2));
    }

    #[test]
    fn a_question_reads_back_as_written() {
        let question = Enquiry {
            reminders: 2,
            overdue: true,
            ended: Some(at(9)),
            ..Enquiry::asked(at(1), at(5))
        };
        let mut enquiry = wire::Enquiry::default();
        enquiry_to_wire(&question, &mut enquiry);
        assert_eq!(enquiry_from_wire(&enquiry), Ok(question));
        assert_eq!(enquiry_from_wire(&wire::Enquiry::default()), Err(ConvertError::Enum));
    }
}
