//! Missing children: episodes are counted, exploitation is looked for (P06), and the return interview is on record (P26).

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

/// An episode that was read.
pub(super) struct Episode {
    reference: String,
    report: Report,
    expected_revision: i32,
    reported: Timestamp,
    returned: Option<Timestamp>,
    screened: bool,
    interview: Interview,
}

/// What became of the return interview.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interview {
    /// Nothing is settled yet.
    Open,
    /// Held, or the child refused it: at this time, if it was said.
    Over(Option<Timestamp>),
    /// It was not offered, for a reason.
    NotOffered,
}

impl Protection {
    /// Reads an episode, every fault at once.
    pub(super) async fn read_episode(
        &self,
        caller: &Caller,
        episode: Option<wire::MissingEpisode>,
        expected_revision: i32,
    ) -> Result<Episode, PartnerError> {
        let episode = episode.unwrap_or_default();
        let first = self.first_made(caller, &episode.reference, expected_revision).await?;
        let now = self.partner.now();
        let mut faults = Faults::of("episode");
        faults.reference(&episode.reference);
        let reported = faults.needed("report_time", episode.report_time, now);
        let returned = faults.time("return_time", episode.return_time, now);
        faults.order("return_time", reported, returned);
        let offer = episode.interview.unwrap_or_default();
        let interview = read_interview(&mut faults, &offer, (returned, now));
        let mut report = episode.report.unwrap_or_default();
        report.marks.get_or_insert_default().missing = Answer::Yes.into();
        if report.urgency == 0 {
            report.urgency = common::Urgency::SameDay.into();
        }
        let what =
            if returned.is_some() { "Was missing, and has come back." } else { "Is missing." };
        fact(&mut report, what.to_owned(), reported, "");
        if let Some(line) = told(&offer) {
            report.actions = [report.actions.as_str(), &line].join("\n").trim().to_owned();
        }
        let screened = episode.screened == i32::from(Answer::Yes);
        let report = faults.report(Some(report), common::ReportKind::Missing, first);
        let reference = episode.reference;
        let build = || {
            let (report, reported) = (report?, reported?);
            Some(Episode {
                reference,
                report,
                expected_revision,
                reported,
                returned,
                screened,
                interview,
            })
        };
        let episode = build();
        faults.finish(episode)
    }

    /// Records an episode, and keeps its clock.
    pub(super) async fn record_episode(
        &self,
        call: &mut Call,
        episode: Episode,
    ) -> Result<wire::RecordMissingEpisodeResponse, PartnerError> {
        let Episode { reference, report, expected_revision, .. } = &episode;
        let recorded = Recorded {
            reference: reference.clone(),
            report: report.clone(),
            expected_revision: *expected_revision,
        };
        let sent = self.submit(call, recorded).await?;
        let case_id = case_of("name", &sent.name)?;
        self.gaps(call, &sent.name, report).await?;
        let open = episode.returned.is_some() && !episode.screened;
        self.prompt(call, &sent.name, (prompts::SCREEN_EXPLOITATION, open)).await?;
        self.keep_interview_clock(call, &sent.name, &episode).await?;
        let organisation = call.organisation.to_string();
        let row = RecordRow {
            organisation: &organisation,
            case_id: &case_id.to_string(),
            kind: "missing",
            child_key: &self.child_key(report, &sent.name),
            started: episode.reported,
            ended: episode.returned,
        };
        let number = records::put(call.tx(), &row).await?;
        Ok(wire::RecordMissingEpisodeResponse {
            referral: Some(self.partner.told(call, case_id).await?),
            episode_number: i32::try_from(number).unwrap_or(i32::MAX),
        })
    }

    async fn keep_interview_clock(
        &self,
        call: &mut Call,
        subject: &str,
        episode: &Episode,
    ) -> Result<(), PartnerError> {
        let Some(returned) = episode.returned else { return Ok(()) };
        let nation = nation_of(&[episode.report.place_authority.as_ref()], &call.organisation);
        let clock = (subject, ids::RETURN_INTERVIEW, prompts::OFFER_INTERVIEW);
        self.partner.start_clock(call, clock, returned, nation).await?;
        match episode.interview {
            Interview::Open => (),
            Interview::Over(at) => {
                let at = at.unwrap_or(call.now);
                self.partner.meet_clock(call, subject, ids::RETURN_INTERVIEW, at).await?;
            }
            Interview::NotOffered => {
                self.partner.cancel_clock(call, subject, ids::RETURN_INTERVIEW).await?;
            }
        }
        Ok(())
    }
}

fn read_interview(
    faults: &mut Faults,
    offer: &wire::ReturnInterview,
    (returned, now): (Option<Timestamp>, Timestamp),
) -> Interview {
    use wire::InterviewState as S;
    let at = faults.time("interview.time", offer.time, now);
    faults.order("interview.time", returned, at);
    if offer.reason.chars().count() > 1_000 || offer.provider.chars().count() > 200 {
        faults.add("interview", NO_REASON, "a reason has at most 1,000 characters, a provider 200");
    }
    match S::try_from(offer.state) {
        Ok(S::Unspecified | S::Offered | S::Accepted) => Interview::Open,
        Ok(S::Refused | S::Held) => Interview::Over(at),
        Ok(S::NotOffered) => {
            if offer.reason.trim().is_empty() {
                let what = "say why no return interview was offered";
                faults.add("interview.reason", NO_REASON, what);
            }
            Interview::NotOffered
        }
        Err(_) => {
            faults.add("interview.state", NO_REASON, "is not one of the known answers");
            Interview::Open
        }
    }
}

/// What the authority reads about the return interview.
fn told(offer: &wire::ReturnInterview) -> Option<String> {
    use wire::InterviewState as S;
    let word = match S::try_from(offer.state).ok()? {
        S::Unspecified => return None,
        S::Offered => "offered",
        S::Accepted => "accepted",
        S::Refused => "refused by the child",
        S::NotOffered => "not offered",
        S::Held => "held",
    };
    let mut line = format!("Return interview: {word}.");
    for text in [offer.provider.trim(), offer.reason.trim()] {
        if !text.is_empty() {
            line.push(' ');
            line.push_str(text);
        }
    }
    Some(line)
}
