//! Workers of a hub: they grade, ask partners, decide in time or late, and never forget a child for good.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_from_wire,
    social_care::v1::{
        AskPartnersRequest, AssignReferralRequest, DecideReferralRequest, Grade,
        GradeReferralRequest, HelpConsent, ListReferralsRequest, Outcome, PartnerQuestion,
        RecordHelpConsentRequest, Referral, ReferralState,
        queue_service_client::QueueServiceClient,
    },
};

use super::{Act, WORKER};
use crate::{process::Kind, world::World};

/// A hub that has more open referrals than this looks at the rest an hour later.
const PAGE: i32 = 200;

impl World {
    /// An hour of a hub.
    pub(super) async fn work_the_queue(&mut self, authority: String) -> anyhow::Result<()> {
        let by = (authority.as_str(), WORKER);
        let request = ListReferralsRequest { page_size: PAGE, ..ListReferralsRequest::default() };
        let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).list_referrals(request).await
        });
        for referral in answer.await?.map(|answer| answer.referrals).unwrap_or_default() {
            // Some wait until the next hour, or the one after it.
            if self.is_resting() || !self.people.random.chance(350) {
                self.work_on(by, referral).await?;
            }
        }
        let hours = if self.is_resting() { 4 } else { self.hours_until_the_next_look() };
        let at = self.clock.now() + SignedDuration::from_mins(hours * 60 + 7);
        self.later(at, Act::WorkQueue { authority });
        Ok(())
    }

    /// Nine to five on working days; at night and at the weekend the duty team looks now and then.
    fn hours_until_the_next_look(&self) -> i64 {
        let local = self.clock.now().to_zoned(mash_domain::calendar::london().clone());
        let weekday = local.weekday().to_monday_zero_offset() < 5;
        if weekday && (8..18).contains(&local.hour()) { 1 } else { 4 }
    }

    async fn work_on(&mut self, by: (&str, &str), referral: Referral) -> anyhow::Result<()> {
        let graded = [ReferralState::Graded, ReferralState::Assigned, ReferralState::Checking];
        if graded.contains(&referral.state()) && !self.is_resting() && self.people.random.chance(40)
        {
            self.count("grades looked at again");
            return self.grade(by, &referral).await;
        }
        match referral.state() {
            ReferralState::Received => self.grade(by, &referral).await,
            ReferralState::Graded => {
                if self.people.random.chance(600) {
                    self.ask(by, &referral).await
                } else {
                    self.assign(by, &referral).await
                }
            }
            ReferralState::Assigned => {
                if self.people.random.chance(300) {
                    self.ask(by, &referral).await
                } else {
                    self.decide(by, &referral).await
                }
            }
            ReferralState::Checking => {
                let age = referral
                    .receive_time
                    .as_ref()
                    .and_then(|time| time_from_wire(time).ok())
                    .map_or(SignedDuration::ZERO, |time| self.clock.now().duration_since(time));
                let waits = referral.unanswered > 0 && age < SignedDuration::from_hours(20);
                if waits && !self.is_resting() {
                    return Ok(());
                }
                self.decide(by, &referral).await
            }
            ReferralState::Unspecified
            | ReferralState::Decided
            | ReferralState::Informed
            | ReferralState::Closed
            | ReferralState::Passed
            | ReferralState::Transferred
            | ReferralState::Withdrawn => Ok(()),
        }
    }

    async fn grade(&mut self, by: (&str, &str), referral: &Referral) -> anyhow::Result<()> {
        let grade = self.people.random.weighted(&[
            (110, Grade::Red),
            (330, Grade::Amber),
            (450, Grade::Green),
            (110, Grade::Blue),
        ]);
        let request = GradeReferralRequest {
            request_id: self.people.request_id("grade"),
            name: referral.name.clone(),
            expected_revision: referral.revision,
            grade: grade.unwrap_or(Grade::Green).into(),
            reason: "As it looks now.".to_owned(),
        };
        let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).grade_referral(request).await
        });
        if answer.await?.is_some() {
            self.count("referrals graded");
        }
        Ok(())
    }

    async fn assign(&mut self, by: (&str, &str), referral: &Referral) -> anyhow::Result<()> {
        let request = AssignReferralRequest {
            request_id: self.people.request_id("assign"),
            name: referral.name.clone(),
            expected_revision: referral.revision,
            worker: "sw-2".to_owned(),
        };
        self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).assign_referral(request).await
        })
        .await?;
        Ok(())
    }

    async fn ask(&mut self, by: (&str, &str), referral: &Referral) -> anyhow::Result<()> {
        let region = self.settings.region;
        let mut partners = vec![format!("police/{}", region.force)];
        if self.people.random.chance(700) {
            partners.push(format!("health-board/{}", region.board));
        }
        let ours = |school: &&String| {
            region.authorities.iter().any(|code| school.starts_with(&format!("school/{code}")))
        };
        let schools: Vec<String> = self.people.contacts.keys().filter(ours).cloned().collect();
        if self.people.random.chance(600) {
            partners.extend(self.people.random.pick(&schools).cloned());
        }
        let mut questions = Vec::new();
        for partner in partners {
            let partner: OrganisationId = partner.parse()?;
            questions.push(PartnerQuestion {
                partner: Some((&partner).into()),
                topics: vec!["what-is-known".to_owned()],
                text: "What do you know of this child?".to_owned(),
                due_time: None,
            });
        }
        let asked = questions.len();
        let request = AskPartnersRequest {
            request_id: self.people.request_id("ask"),
            name: referral.name.clone(),
            expected_revision: referral.revision,
            questions,
        };
        let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).ask_partners(request).await
        });
        if answer.await?.is_some() {
            *self.counts.entry("partners asked").or_default() += u64::try_from(asked).unwrap_or(0);
        }
        Ok(())
    }

    async fn decide(&mut self, by: (&str, &str), referral: &Referral) -> anyhow::Result<()> {
        let outcome = self
            .people
            .random
            .weighted(&[
                (350, Outcome::NoFurtherAction),
                (200, Outcome::Advice),
                (120, Outcome::OtherAgency),
                (150, Outcome::Assessment),
                (80, Outcome::EarlyHelp),
                (40, Outcome::Section47),
                (60, Outcome::StrategyDiscussion),
            ])
            .unwrap_or(Outcome::Advice);
        let mut revision = referral.revision;
        if outcome == Outcome::EarlyHelp && referral.help_consent() != HelpConsent::Given {
            let request = RecordHelpConsentRequest {
                request_id: self.people.request_id("help-consent"),
                name: referral.name.clone(),
                expected_revision: revision,
                answer: HelpConsent::Given.into(),
                of: "mother".to_owned(),
                covers: "a family worker".to_owned(),
            };
            let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
                QueueServiceClient::new(local).record_help_consent(request).await
            });
            let Some(now) = answer.await?.and_then(|answer| answer.referral) else {
                return Ok(());
            };
            revision = now.revision;
        }
        let request = DecideReferralRequest {
            request_id: self.people.request_id("decide"),
            name: referral.name.clone(),
            expected_revision: revision,
            outcome: outcome.into(),
            reason: "Weighed against the threshold. Invented for a simulation.".to_owned(),
            what_would_change_it: "A second report of the same kind.".to_owned(),
            next_step: String::new(),
            decide_with_gaps: true,
        };
        let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).decide_referral(request).await
        });
        if answer.await?.is_some() {
            self.count("referrals decided");
        }
        Ok(())
    }
}
