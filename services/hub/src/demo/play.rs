//! The night, step by step.

use std::{collections::BTreeMap, future::Future, time::Duration};

use anyhow::{Context as _, ensure};
use jiff::{Timestamp, tz::TimeZone};
use mash_bus::Bus;
use mash_chassis::CaseSecret;
use mash_domain::{incident::CaseId, organisation::OrganisationId};
use mash_proto::{
    disclosure::v1::{Content, DutyState},
    education::v1::{
        AcknowledgeNoticeRequest, ConfirmRollRequest, GetNoticeRequest, ListNoticesRequest, Notice,
        NoticeState, RejectNoticeRequest,
    },
    police::v1::{
        AcknowledgeHandoverRequest, AmendIncidentRequest, ListHandoversRequest, Outcome,
        WatchOutcomesRequest, WithdrawIncidentRequest,
    },
};
use mash_synth::night::{
    Night,
    people::Pupil,
    timeline::{Action, Answering, Submission},
};
use uuid::Uuid;

use super::{ScriptedClock, faults, statement};
use crate::{
    data::Data,
    people::{People, on_behalf},
};

/// How long a person of the script waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The hub's name of each incident, by its key in the scenario.
pub type Names = BTreeMap<&'static str, String>;

struct Player<'a> {
    night: &'a Night,
    people: &'a People,
    bus: Option<&'a dyn Bus>,
    data: &'a Data,
    names: Names,
}

/// Plays every step at its time.
///
/// # Errors
///
/// If a call is refused that should not be, or something that must come does not come in time.
pub async fn night(
    night: &Night,
    people: &People,
    clock: &ScriptedClock,
    bus: Option<&dyn Bus>,
    data: &Data,
) -> anyhow::Result<Names> {
    let mut player = Player { night, people, bus, data, names: Names::new() };
    let mut steps = night.steps.iter().peekable();
    let (mut stated, mut answered) = (false, 0);
    while let Some(step) = steps.next() {
        if !stated && step.at > Night::statement_at() {
            let said = statement::made(people, clock, answered).await?;
            println!("  {}  {said}", local(Night::statement_at()));
            stated = true;
        }
        answered += usize::from(matches!(
            step.action,
            Action::Acknowledge(_) | Action::AcknowledgeHandover { .. }
        ));
        clock.move_to(step.at)?;
        let next = steps.peek().map(|step| &step.action);
        let said = player.act(&step.action, next).await;
        let said = said.with_context(|| format!("at {}", local(step.at)))?;
        println!("  {}  {said}", local(step.at));
    }
    Ok(player.names)
}

impl Player<'_> {
    async fn act(&mut self, action: &Action, next: Option<&Action>) -> anyhow::Result<String> {
        match action {
            Action::Report(submission) => self.report(submission, false).await,
            Action::ReportAgain(submission) => self.report(submission, true).await,
            Action::DuplicateDelivery { incident } => self.deliver_again(incident).await,
            Action::PoisonBeforeNext { payload } => self.poison(payload, next).await,
            Action::Amend { submission, expected_revision } => {
                self.amend(submission, *expected_revision).await
            }
            Action::Withdraw { submission, reason } => {
                let request = WithdrawIncidentRequest {
                    request_id: submission.request_id.clone(),
                    name: self.name(submission.incident)?,
                    reason: (*reason).into(),
                };
                let mut police = self.people.police(&force(submission.force))?;
                police.withdraw_incident(on_behalf(submission.practitioner, request)?).await?;
                self.settled(submission).await?;
                Ok(format!(
                    "police/{} withdraw {}: recalled",
                    submission.force, submission.incident
                ))
            }
            Action::Acknowledge(answering) => self.acknowledge(answering).await,
            Action::Reject(answering) => self.reject(answering).await,
            Action::AcknowledgeHandover { force, practitioner, child, request_id, .. } => {
                self.accept_handover(&self::force(force), practitioner, child, request_id).await
            }
        }
    }

    async fn report(&mut self, submission: &Submission, again: bool) -> anyhow::Result<String> {
        let request = self.night.report_request(submission).context("no such incident")?;
        let mut police = self.people.police(&force(submission.force))?;
        let answer = police
            .report_domestic_abuse_incident(on_behalf(submission.practitioner, request)?)
            .await?;
        let name = answer.into_inner().incident.context("no incident in the answer")?.name;
        let known = self.names.insert(submission.incident, name.clone());
        ensure!(known.is_none_or(|known| known == name), "the same request made a second incident");
        let became = self.settled(submission).await?;
        let (force, incident) = (submission.force, submission.incident);
        Ok(if again {
            format!("police/{force} send {incident} once more: one effect")
        } else {
            format!("police/{force} report {incident}: {became}")
        })
    }

    async fn amend(
        &self,
        submission: &Submission,
        expected_revision: i32,
    ) -> anyhow::Result<String> {
        let name = self.name(submission.incident)?;
        let amended = self.night.amended(submission.incident, &name).context("nothing to amend")?;
        let request = AmendIncidentRequest {
            request_id: submission.request_id.clone(),
            incident: Some(amended),
            expected_revision,
        };
        let mut police = self.people.police(&force(submission.force))?;
        police.amend_incident(on_behalf(submission.practitioner, request)?).await?;
        Ok(format!(
            "police/{} correct {}: revision {}",
            submission.force,
            submission.incident,
            expected_revision + 1
        ))
    }

    async fn deliver_again(&self, incident: &str) -> anyhow::Result<String> {
        let Some(bus) = self.bus else {
            return Ok(format!(
                "(not played: {incident} delivered twice needs the bus, see --bus)"
            ));
        };
        let name = self.name(incident)?;
        let case_id = name.strip_prefix("incidents/").unwrap_or(&name);
        faults::deliver_again(bus, case_id).await?;
        Ok(format!("the bus delivers {incident} twice"))
    }

    async fn poison(
        &self,
        payload: &'static [u8],
        next: Option<&Action>,
    ) -> anyhow::Result<String> {
        let Some(bus) = self.bus else {
            return Ok(
                "(not played: a message that nobody can read needs the bus, see --bus)".to_owned()
            );
        };
        let Some(Action::Report(submission)) = next else {
            anyhow::bail!("the script has no report after the poison");
        };
        let incident = self.night.incident(submission.incident).context("no such incident")?;
        let secret = CaseSecret::new(&self.data.secret()?)?;
        let (force, occurrence) =
            (incident.first.force_code.parse()?, incident.first.occurrence_number.parse()?);
        let id = secret.case_id(&[&CaseId::subject(&force, &occurrence)]);
        faults::poison(bus, &id.to_string(), payload).await?;
        let incident = submission.incident;
        Ok(format!(
            "a message that nobody can read stands in front of {incident}; the hub logs a dead letter"
        ))
    }

    async fn acknowledge(&self, answering: &Answering) -> anyhow::Result<String> {
        let notice = self.notice(answering).await?;
        let request = AcknowledgeNoticeRequest {
            request_id: answering.request_id.clone(),
            name: notice.name.clone(),
            revision: notice.revision,
            ..AcknowledgeNoticeRequest::default()
        };
        let mut notices = self.people.notices(&answering.organisation)?;
        if notice.sealed {
            // The roll is in front of her; what the notice says opens when she has looked.
            let request_id = Uuid::new_v5(&Uuid::NAMESPACE_URL, answering.request_id.as_bytes());
            let confirm =
                ConfirmRollRequest { request_id: request_id.to_string(), name: notice.name };
            notices.confirm_roll(on_behalf(answering.contact, confirm)?).await?;
        }
        notices.acknowledge_notice(on_behalf(answering.contact, request)?).await?;
        let (who, child) = (answering.contact, answering.child);
        Ok(format!("{who} at {} acknowledges {child}", answering.organisation))
    }

    async fn reject(&self, answering: &Answering) -> anyhow::Result<String> {
        let name = match self.rejected_before(answering).await? {
            Some(name) => name,
            None => self.notice(answering).await?.name,
        };
        let request = RejectNoticeRequest { request_id: answering.request_id.clone(), name };
        let mut notices = self.people.notices(&answering.organisation)?;
        notices.reject_notice(on_behalf(answering.contact, request)?).await?;
        let (who, child) = (answering.contact, answering.child);
        Ok(format!("{who} at {}: {child} is not on our roll", answering.organisation))
    }

    /// The notice that was rejected in an earlier run: its content is gone, so the child cannot be recognised.
    async fn rejected_before(&self, answering: &Answering) -> anyhow::Result<Option<String>> {
        let notices = list(self.people, &answering.organisation, answering.contact).await?;
        let rejected = notices.into_iter().find(|notice| notice.state() == NoticeState::Rejected);
        Ok(rejected.map(|notice| notice.name))
    }

    async fn accept_handover(
        &self,
        force: &str,
        practitioner: &str,
        child: &str,
        request_id: &str,
    ) -> anyhow::Result<String> {
        let pupil = self.night.pupil(child).context("no such child")?;
        let handover = patiently("the hand-over", async || {
            let request = on_behalf(practitioner, ListHandoversRequest::default())?;
            let answer = self.people.police(force)?.list_handovers(request).await?.into_inner();
            Ok(answer.handovers.into_iter().find(|found| is_about(found.content.as_ref(), pupil)))
        });
        let name = handover.await?.name;
        let request = AcknowledgeHandoverRequest { request_id: request_id.to_owned(), name };
        self.people.police(force)?.acknowledge_handover(on_behalf(practitioner, request)?).await?;
        Ok(format!("{force} accepts the hand-over of {child}"))
    }

    /// The notice about this child, opened as the practitioner opens it: one after the other.
    async fn notice(&self, answering: &Answering) -> anyhow::Result<Notice> {
        let pupil = self.night.pupil(answering.child).context("no such child")?;
        let (organisation, contact) = (answering.organisation.as_str(), answering.contact);
        let what = format!("the notice about {}", answering.child);
        patiently(&what, async || find_notice(self.people, organisation, contact, pupil).await)
            .await
    }

    /// Waits until every child of the incident has an outcome, and none is still on its way. Says what they are.
    async fn settled(&self, submission: &Submission) -> anyhow::Result<String> {
        let name = self.name(submission.incident)?;
        let children =
            self.night.incident(submission.incident).map_or(0, |incident| incident.children.len());
        let what = format!("an outcome for every child of {}", submission.incident);
        patiently(&what, async || {
            let organisation = force(submission.force);
            let found =
                outcomes(self.people, &organisation, submission.practitioner, &name).await?;
            let told: std::collections::BTreeSet<&str> =
                found.iter().map(|outcome| outcome.child_ref.as_str()).collect();
            let moving = found.iter().any(|outcome| {
                matches!(
                    outcome.state(),
                    DutyState::Unspecified | DutyState::Released | DutyState::Rerouting
                )
            });
            Ok((told.len() == children && !moving).then(|| said(&found)))
        })
        .await
    }

    fn name(&self, incident: &str) -> anyhow::Result<String> {
        self.names.get(incident).cloned().with_context(|| format!("{incident} was not reported"))
    }
}

/// What became of each child, as police see it.
fn said(outcomes: &[Outcome]) -> String {
    let one = |outcome: &Outcome| {
        let state = outcome.state().as_str_name().trim_start_matches("DUTY_STATE_").to_lowercase();
        let recipient =
            outcome.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
        let recipient = recipient.map_or(String::new(), |recipient| recipient.to_string());
        let reason = match outcome.reason_code.as_str() {
            "" => String::new(),
            code => format!(" ({code})"),
        };
        format!("{} {state}, {recipient}{reason}", outcome.child_ref)
    };
    outcomes.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Everything that a force knows of one incident, or of all of its own.
///
/// # Errors
///
/// If the call is refused.
pub async fn outcomes(
    people: &People,
    organisation: &str,
    practitioner: &str,
    incident: &str,
) -> anyhow::Result<Vec<Outcome>> {
    let request = WatchOutcomesRequest { incident: incident.to_owned(), snapshot_only: true };
    let mut police = people.police(organisation)?;
    let mut stream = police.watch_outcomes(on_behalf(practitioner, request)?).await?.into_inner();
    let mut found = Vec::new();
    while let Some(answer) = stream.message().await? {
        found.extend(answer.outcome);
    }
    Ok(found)
}

/// Every notice that the practitioner may see, without content.
///
/// # Errors
///
/// If the call is refused.
pub async fn list(
    people: &People,
    organisation: &str,
    contact: &str,
) -> anyhow::Result<Vec<Notice>> {
    let request = ListNoticesRequest { page_size: 500, ..ListNoticesRequest::default() };
    let answer = people.notices(organisation)?.list_notices(on_behalf(contact, request)?).await?;
    Ok(answer.into_inner().notices)
}

/// The notice about this child, with its content, if it has come.
///
/// # Errors
///
/// If a call is refused.
pub async fn find_notice(
    people: &People,
    organisation: &str,
    contact: &str,
    pupil: &Pupil,
) -> anyhow::Result<Option<Notice>> {
    for listed in list(people, organisation, contact).await? {
        let request = on_behalf(contact, GetNoticeRequest { name: listed.name })?;
        let notice = people.notices(organisation)?.get_notice(request).await?.into_inner().notice;
        let notice = notice.context("no notice in the answer")?;
        if is_about(notice.content.as_ref(), pupil) {
            return Ok(Some(notice));
        }
    }
    Ok(None)
}

fn is_about(content: Option<&Content>, pupil: &Pupil) -> bool {
    content.and_then(|content| content.child.as_ref()).is_some_and(|child| {
        child.given_names == pupil.given_names && child.family_name == pupil.family_name
    })
}

/// Asks again until there is something, for half a minute.
///
/// # Errors
///
/// If a call fails, or nothing comes.
pub(super) async fn patiently<T, F: Future<Output = anyhow::Result<Option<T>>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let searching = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, searching).await;
    found.with_context(|| format!("{what} did not come within {} s", PATIENCE.as_secs()))?
}

fn force(code: &str) -> String {
    format!("police/{code}")
}

/// As a clock on the wall shows it.
#[must_use]
pub fn local(instant: Timestamp) -> String {
    let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    instant.to_zoned(london).strftime("%a %H:%M").to_string()
}
