//! The morning after the night: three agencies each see a part of one child, and the hub puts them together.
//!
//! Every step is taken only if it was not taken before, and what is sent carries the same request id in every run: a
//! morning that was killed half-way goes on where it was.

use anyhow::{Context as _, ensure};
use mash_chassis::fault;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    education::v1 as education,
    health::v1::{self as health, InjuryPromptState, resolve_injury_prompt_request::Resolution},
    police::v1 as police,
    referral::v1::{EnquiryState, ReceivedEnquiry, SentReferral},
    social_care::v1::{
        self as care, AskPartnersRequest, ChaseEnquiryRequest, DecideReferralRequest, Grade,
        GradeReferralRequest, Referral, ReferralState, SetHubRequest,
    },
};
use mash_synth::{
    morning::{self, BOARD, FORCE, HUB, KEY_ADULT, NAMED_NURSE, NURSE, OFFICER, WORKER, at, step},
    night::{Night, people::Pupil},
};

use super::{
    ScriptedClock,
    play::{local, patiently},
};
use crate::people::{People, on_behalf};

mod count;
mod partners;
mod tell;

pub use count::Referrals;

/// How many referrals the morning makes.
const SUBMITTED: usize = 3;

/// The hub's name of each referral, by the organisation that made it.
pub struct Made {
    /// Of health.
    pub health: String,
    /// Of the school.
    pub school: String,
    /// Of police.
    pub police: String,
}

impl Made {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&str; SUBMITTED] {
        [&self.health, &self.school, &self.police]
    }
}

struct Player<'a> {
    people: &'a People,
    clock: &'a ScriptedClock,
    pupil: &'a Pupil,
}

/// Plays the morning and counts what became of it.
///
/// # Errors
///
/// If a call is refused that should not be, or something that must come does not come in time.
pub async fn play(
    night: &Night,
    people: &People,
    clock: &ScriptedClock,
) -> anyhow::Result<Referrals> {
    println!("\nThe morning after: one child, seen by three agencies.\n");
    let pupil = night.pupil(morning::CHILD).context("no such child")?;
    let player = Player { people, clock, pupil };
    player.hub_is_staffed().await?;
    let made = player.three_refer().await?;
    let queue = player.one_child(&made).await?;
    player.grade_and_ask(&queue).await?;
    let asked = &queue.first().context("an empty queue")?.name;
    player.partners_answer(asked).await?;
    let snapshot = player.decide(&queue).await?;
    player.snapshot(&snapshot).await?;
    player.referrers_hear(&made).await?;
    player.count().await
}

impl Player<'_> {
    fn said(&self, when: jiff::Timestamp, words: &str) {
        println!("  {}  {words}", local(when));
    }

    /// A named person is warned before a time limit is broken.
    async fn hub_is_staffed(&self) -> anyhow::Result<()> {
        let request = SetHubRequest {
            request_id: step("hub"),
            duty_manager: morning::MANAGER.to_owned(),
            contact: Some(morning::hub_contact()),
        };
        self.people.queue(HUB)?.set_hub(on_behalf(WORKER, request)?).await?;
        Ok(())
    }

    async fn three_refer(&self) -> anyhow::Result<Made> {
        let health = self.health_refers().await?;
        self.clock.move_to(at::SCHOOL_REFERS)?;
        let request = on_behalf(KEY_ADULT, morning::school_referral(self.pupil))?;
        let mut school = self.people.school_referrals(&morning::school())?;
        let answer = school.submit_referral(request).await?.into_inner();
        let school = answer.referral.context("no referral in the answer")?.name;
        self.said(
            at::SCHOOL_REFERS,
            "the school refers: tired and hungry on Mondays, and flinches",
        );
        self.clock.move_to(at::POLICE_NOTIFY)?;
        let request = on_behalf(OFFICER, morning::notice(self.pupil))?;
        let mut force = self.people.protection(FORCE)?;
        let answer = force.submit_protection_notice(request).await?.into_inner();
        let police = answer.referral.context("no referral in the answer")?.name;
        self.said(
            at::POLICE_NOTIFY,
            "police notify: a neighbour heard shouting, no number is known",
        );
        Ok(Made { health, school, police })
    }

    /// An injury that nobody explains raises a prompt, which cannot be passed over in silence (P04).
    async fn health_refers(&self) -> anyhow::Result<String> {
        self.clock.move_to(at::INJURIES)?;
        let request = on_behalf(NURSE, morning::injuries(self.pupil))?;
        let mut board = self.people.health(BOARD)?;
        let recorded = board.record_injuries(request).await?.into_inner();
        let raised = recorded.prompt.context("no prompt was raised")?;
        let grounds = raised.grounds.join(", ");
        self.said(
            at::INJURIES,
            &format!("a nurse records two bruises; the hub asks why: {grounds}"),
        );
        let empty = health::ResolveInjuryPromptRequest {
            request_id: step("injuries-closed-in-silence"),
            name: raised.name.clone(),
            revision: raised.revision,
            professional: Some(morning::nurse()),
            resolution: None,
        };
        let refused = board.resolve_injury_prompt(on_behalf(NURSE, empty)?).await;
        ensure!(refused.is_err(), "the prompt was closed without a reason");
        self.clock.move_to(at::HEALTH_REFERS)?;
        let listed = board
            .list_injury_prompts(on_behalf(NURSE, health::ListInjuryPromptsRequest::default())?)
            .await?
            .into_inner()
            .prompts;
        let prompt = listed.into_iter().find(|prompt| prompt.name == raised.name);
        let prompt = prompt.context("the prompt is gone")?;
        if prompt.state() == InjuryPromptState::Referred {
            return Ok(prompt.referral);
        }
        let request = health::ResolveInjuryPromptRequest {
            request_id: step("health-referral"),
            name: prompt.name,
            revision: prompt.revision,
            professional: Some(morning::nurse()),
            resolution: Some(Resolution::Referral(morning::health_referral(self.pupil))),
        };
        let answer = board.resolve_injury_prompt(on_behalf(NURSE, request)?).await?.into_inner();
        self.said(
            at::HEALTH_REFERS,
            "it cannot be closed without a reason; she refers, with the body map and its pictures",
        );
        Ok(answer.referral.context("no referral in the answer")?.name)
    }

    /// All three are in one queue, and are about one child.
    async fn one_child(&self, made: &Made) -> anyhow::Result<Vec<Referral>> {
        self.clock.move_to(at::GRADED)?;
        let found = patiently("three referrals in the queue", async || {
            let mut found = Vec::new();
            for name in made.all() {
                let request = care::GetReferralRequest { name: name.to_owned() };
                let mut queue = self.people.queue(HUB)?;
                let answer = queue.get_referral(on_behalf(WORKER, request)?).await;
                found.extend(answer.ok().and_then(|answer| answer.into_inner().referral));
            }
            Ok((found.len() == SUBMITTED).then_some(found))
        })
        .await?;
        let child = found.first().map(|referral| referral.child.clone()).unwrap_or_default();
        ensure!(found.iter().all(|referral| referral.child == child), "three children, not one");
        self.said(
            at::GRADED,
            "the hub sees three referrals, linked as one child; each referrer has heard so",
        );
        Ok(found)
    }

    async fn grade_and_ask(&self, queue: &[Referral]) -> anyhow::Result<()> {
        for (place, referral) in queue.iter().enumerate() {
            patiently("a grade", async || {
                let referral = self.referral(&referral.name).await?;
                if referral.state() != ReferralState::Received {
                    return Ok(Some(()));
                }
                let request = GradeReferralRequest {
                    request_id: step(&format!("grade-{place}")),
                    name: referral.name,
                    expected_revision: referral.revision,
                    grade: Grade::Red.into(),
                    reason: String::new(),
                };
                let mut hub = self.people.queue(HUB)?;
                unless_stale(hub.grade_referral(on_behalf(WORKER, request)?).await)
            })
            .await?;
        }
        let first = queue.first().context("an empty queue")?;
        patiently("the questions", async || {
            let referral = self.referral(&first.name).await?;
            if referral.state() != ReferralState::Graded {
                return Ok(Some(()));
            }
            let partners = [FORCE, BOARD, &morning::school()]
                .map(|partner| partner.parse::<OrganisationId>().map(|partner| (&partner).into()));
            let [force, board, school] = partners;
            let request = AskPartnersRequest {
                request_id: step("ask"),
                name: referral.name,
                expected_revision: referral.revision,
                questions: morning::questions([force?, board?, school?]),
            };
            let mut hub = self.people.queue(HUB)?;
            unless_stale(hub.ask_partners(on_behalf(WORKER, request)?).await)
        })
        .await?;
        self.said(
            at::GRADED,
            "graded RED; police, health and the school are asked at once, until 12:10",
        );
        Ok(())
    }

    async fn referral(&self, name: &str) -> anyhow::Result<Referral> {
        let request = care::GetReferralRequest { name: name.to_owned() };
        let answer = self.people.queue(HUB)?.get_referral(on_behalf(WORKER, request)?).await?;
        answer.into_inner().referral.context("no referral")
    }

    /// The decision on the first, which carries the others: each referrer is owed an answer of its own.
    async fn decide(&self, queue: &[Referral]) -> anyhow::Result<String> {
        self.clock.move_to(at::DECIDED)?;
        let (outcome, reason, what_would_change_it, next_step) = morning::DECISION;
        for (place, referral) in queue.iter().enumerate() {
            patiently("a decision", async || {
                let referral = self.referral(&referral.name).await?;
                if !referral.decisions.is_empty() {
                    return Ok(Some(()));
                }
                let request = DecideReferralRequest {
                    request_id: step(&format!("decide-{place}")),
                    name: referral.name,
                    expected_revision: referral.revision,
                    outcome: outcome.into(),
                    reason: reason.to_owned(),
                    what_would_change_it: what_would_change_it.to_owned(),
                    next_step: next_step.to_owned(),
                    decide_with_gaps: false,
                };
                let mut hub = self.people.queue(HUB)?;
                unless_stale(hub.decide_referral(on_behalf(WORKER, request)?).await)
            })
            .await?;
        }
        self.said(at::DECIDED, "decided: a strategy discussion, inside its clock, with what was known frozen beside it");
        let first = queue.first().context("an empty queue")?;
        Ok(format!("{}/snapshots/1", first.name))
    }

    /// Whoever referred hears the decision, the reason, and what would change it; and says that it was read.
    async fn referrers_hear(&self, made: &Made) -> anyhow::Result<()> {
        self.clock.move_to(at::HEARD)?;
        self.health_hears(&made.health).await?;
        self.school_hears(&made.school).await?;
        self.police_hear(&made.police).await?;
        Ok(())
    }
}

/// Nothing where an answer or a clock has changed the referral meanwhile: whoever acts on it reads it again.
fn unless_stale<T>(answer: Result<T, tonic::Status>) -> anyhow::Result<Option<()>> {
    match answer {
        Ok(_) => Ok(Some(())),
        Err(status) if fault::code_of(&status).as_deref() == Some("MASH-S005") => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// Whether the referrer has been told the decision.
fn decided(sent: &SentReferral) -> bool {
    sent.feedback
        .iter()
        .any(|one| one.feedback.as_ref().is_some_and(|told| told.stage == "decided"))
}

fn open(enquiry: &ReceivedEnquiry) -> bool {
    enquiry.state() == EnquiryState::Open
}
