//! A child in police custody: the authority is told of every one (R16), and time is counted (P07).

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{clock::ids, referral::report::Report};
use mash_partner::{Call, PartnerError, case_of, nation_of};
use mash_proto::{police::v1 as wire, referral::v1 as common, r#type::v1::Answer};

use super::{
    NO_REASON, Protection, prompts,
    read::{Faults, fact},
    record::Recorded,
};
use crate::store::records::{self, RecordRow};

/// A custody that was read.
pub(super) struct Custody {
    reference: String,
    report: Report,
    expected_revision: i32,
    detained: Timestamp,
    asked: Option<Timestamp>,
    arrived: Option<Timestamp>,
    released: Option<Timestamp>,
}

impl Protection {
    /// Reads a custody, every fault at once.
    pub(super) async fn read_custody(
        &self,
        caller: &Caller,
        custody: Option<wire::CustodyRecord>,
        expected_revision: i32,
    ) -> Result<Custody, PartnerError> {
        let custody = custody.unwrap_or_default();
        let first = self.first_made(caller, &custody.reference, expected_revision).await?;
        let now = self.partner.now();
        let mut faults = Faults::of("custody");
        faults.reference(&custody.reference);
        let detained = faults.needed("detain_time", custody.detain_time, now);
        let asked = faults.time("adult_request_time", custody.adult_request_time, now);
        let arrived = faults.time("adult_arrive_time", custody.adult_arrive_time, now);
        let released = faults.time("release_time", custody.release_time, now);
        faults.order("adult_request_time", detained, asked);
        faults.order("adult_arrive_time", asked.or(detained), arrived);
        faults.order("release_time", detained, released);
        let moved =
            read_accommodation(&mut faults, custody.accommodation.as_ref(), (detained, now));
        let mut report = custody.report.unwrap_or_default();
        let marks = report.marks.get_or_insert_default();
        marks.in_custody = Answer::Yes.into();
        if report.urgency == 0 {
            report.urgency = common::Urgency::SameDay.into();
        }
        let offence = custody.arrest_offence.trim();
        if !offence.is_empty() {
            report.offences.insert(0, offence.to_owned());
        }
        fact(&mut report, "Detained in police custody.".to_owned(), detained, &custody.suite);
        for line in told(asked, arrived, &moved) {
            report.actions = [report.actions.as_str(), &line].join("\n").trim().to_owned();
        }
        let report = faults.report(Some(report), common::ReportKind::Custody, first);
        let reference = custody.reference;
        let build = || {
            let (report, detained) = (report?, detained?);
            Some(Custody {
                reference,
                report,
                expected_revision,
                detained,
                asked,
                arrived,
                released,
            })
        };
        let custody = build();
        faults.finish(custody)
    }

    /// Records a custody, and starts its clock.
    pub(super) async fn record_custody(
        &self,
        call: &mut Call,
        custody: Custody,
    ) -> Result<wire::RecordCustodyResponse, PartnerError> {
        let Custody { reference, report, expected_revision, detained, asked, arrived, released } =
            custody;
        let recorded = Recorded { reference, report: report.clone(), expected_revision };
        let sent = self.submit(call, recorded).await?;
        let case_id = case_of("name", &sent.name)?;
        let nation = nation_of(&[report.place_authority.as_ref()], &call.organisation);
        let clock = (sent.name.as_str(), ids::CUSTODY_REFERRAL, prompts::CUSTODY_NOT_TOLD);
        self.partner.start_clock(call, clock, detained, nation).await?;
        self.gaps(call, &sent.name, &report).await?;
        let organisation = call.organisation.to_string();
        let row = RecordRow {
            organisation: &organisation,
            case_id: &case_id.to_string(),
            kind: "custody",
            child_key: &self.child_key(&report, &sent.name),
            started: detained,
            ended: released,
        };
        records::put(call.tx(), &row).await?;
        let waited =
            asked.map_or(0, |asked| minutes(asked, arrived.or(released).unwrap_or(call.now)));
        Ok(wire::RecordCustodyResponse {
            minutes_detained: minutes(detained, released.unwrap_or(call.now)),
            minutes_waiting_for_adult: waited,
            referral: Some(self.partner.told(call, case_id).await?),
        })
    }
}

/// What became of the request for accommodation.
struct Moved {
    requested: Option<Timestamp>,
    answer: Option<&'static str>,
    reason: String,
    certificate: bool,
}

fn read_accommodation(
    faults: &mut Faults,
    wire: Option<&wire::AccommodationRequest>,
    (detained, now): (Option<Timestamp>, Timestamp),
) -> Moved {
    use wire::AccommodationAnswer as A;
    let Some(wire) = wire else {
        return Moved { requested: None, answer: None, reason: String::new(), certificate: false };
    };
    let requested = faults.needed("accommodation.request_time", wire.request_time, now);
    let answered = faults.time("accommodation.answer_time", wire.answer_time, now);
    faults.order("accommodation.request_time", detained, requested);
    faults.order("accommodation.answer_time", requested, answered);
    let answer = match A::try_from(wire.answer) {
        Ok(A::Provided) => Some("provided"),
        Ok(A::NoneAvailable) => Some("none available"),
        Ok(A::Refused) => Some("refused"),
        Ok(A::Impracticable) => Some("impracticable"),
        Ok(A::Unspecified) => None,
        Err(_) => {
            faults.add("accommodation.answer", NO_REASON, "is not one of the known answers");
            None
        }
    };
    let stayed = answer.is_some_and(|answer| answer != "provided");
    if stayed && wire.reason.trim().is_empty() {
        let what =
            "say why the child was not moved: it is counted, and a court asks for it (s.38(7))";
        faults.add("accommodation.reason", NO_REASON, what);
    }
    if wire.reason.chars().count() > 1_000 {
        faults.add("accommodation.reason", NO_REASON, "at most 1,000 characters");
    }
    let certificate = wire.certificate == i32::from(Answer::Yes);
    Moved { requested, answer, reason: wire.reason.trim().to_owned(), certificate }
}

/// What the authority reads about the adult and the bed.
fn told(asked: Option<Timestamp>, arrived: Option<Timestamp>, moved: &Moved) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(asked) = asked {
        let arrived = arrived.map_or_else(|| "not yet here".to_owned(), |at| format!("here {at}"));
        lines.push(format!("Appropriate adult asked for {asked}, {arrived}."));
    }
    if let Some(requested) = moved.requested {
        let answer = moved.answer.unwrap_or("not answered yet");
        let mut line = format!("Accommodation (PACE s.38(6)) asked for {requested}: {answer}.");
        if !moved.reason.is_empty() {
            line.push(' ');
            line.push_str(&moved.reason);
        }
        if moved.certificate {
            line.push_str(" A certificate was made (s.38(7)).");
        }
        lines.push(line);
    }
    lines
}

fn minutes(from: Timestamp, to: Timestamp) -> i32 {
    i32::try_from(to.duration_since(from).as_mins().max(0)).unwrap_or(i32::MAX)
}
