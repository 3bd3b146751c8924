//! What the partners do: one refuses, one answers, one is late and is chased; and each reads what was decided.

use super::*;

impl Player<'_> {
    /// What each says is with the hub before the next one speaks: the clock of the script does not wait for the bus.
    pub(super) async fn partners_answer(&self, asked: &str) -> anyhow::Result<()> {
        let police = self.police_refuse().await?;
        self.hub_has(asked, &police).await?;
        let school = self.school_answers().await?;
        self.hub_has(asked, &school).await?;
        let health = self.health_is_late().await?;
        self.hub_has(asked, &health).await
    }

    /// Waits until a question of this referral is no longer open at the hub.
    async fn hub_has(&self, asked: &str, enquiry: &str) -> anyhow::Result<()> {
        patiently("an answer at the hub", async || {
            let request = care::GetReferralRequest { name: asked.to_owned() };
            let answer = self.people.queue(HUB)?.get_referral(on_behalf(WORKER, request)?).await?;
            let enquiries = answer.into_inner().enquiries;
            let ended = |one: &care::Enquiry| {
                one.name == enquiry && one.state() != care::HubEnquiryState::Open
            };
            Ok(enquiries.iter().any(ended).then_some(()))
        })
        .await
    }

    async fn police_refuse(&self) -> anyhow::Result<String> {
        self.clock.move_to(at::POLICE_REFUSE)?;
        let enquiry = patiently("the question to police", async || {
            let request = on_behalf(OFFICER, police::ListEnquiriesRequest::default())?;
            let answer = self.people.protection(FORCE)?.list_enquiries(request).await?;
            Ok(answer.into_inner().enquiries.into_iter().next())
        })
        .await?;
        let (code, reason) = morning::REFUSAL;
        if open(&enquiry) {
            let request = police::RefuseEnquiryRequest {
                request_id: step("police-refuse"),
                name: enquiry.name.clone(),
                code: code.to_owned(),
                reason: reason.to_owned(),
                by: None,
            };
            self.people.protection(FORCE)?.refuse_enquiry(on_behalf(OFFICER, request)?).await?;
        }
        self.said(at::POLICE_REFUSE, &format!("police refuse, with a reason on record: {code}"));
        Ok(enquiry.name)
    }

    async fn school_answers(&self) -> anyhow::Result<String> {
        self.clock.move_to(at::SCHOOL_ANSWERS)?;
        let school = morning::school();
        let enquiry = patiently("the question to the school", async || {
            let request = on_behalf(KEY_ADULT, education::ListEnquiriesRequest::default())?;
            let answer = self.people.school_referrals(&school)?.list_enquiries(request).await?;
            Ok(answer.into_inner().enquiries.into_iter().next())
        })
        .await?;
        if open(&enquiry) {
            let request = education::AnswerEnquiryRequest {
                request_id: step("school-answer"),
                name: enquiry.name.clone(),
                answer: Some(morning::school_answer()),
            };
            let mut client = self.people.school_referrals(&school)?;
            client.answer_enquiry(on_behalf(KEY_ADULT, request)?).await?;
        }
        self.said(
            at::SCHOOL_ANSWERS,
            "the school answers: 81 of 100 sessions, and the pattern is Mondays",
        );
        Ok(enquiry.name)
    }

    /// Nothing has come from health by the time it was asked for: the hub reminds, and the answer comes.
    async fn health_is_late(&self) -> anyhow::Result<String> {
        self.clock.move_to(at::CHASED)?;
        let mine = self.health_enquiry().await?;
        if open(&mine) && mine.reminders == 0 {
            let item = mine.name.rsplit('/').next().unwrap_or_default();
            let request = ChaseEnquiryRequest {
                request_id: step("chase"),
                name: format!("enquiries/{item}"),
                due_time: None,
            };
            self.people.queue(HUB)?.chase_enquiry(on_behalf(WORKER, request)?).await?;
        }
        self.said(at::CHASED, "health is late, and is chased");
        self.clock.move_to(at::HEALTH_ANSWERS)?;
        let mine = self.health_enquiry().await?;
        let mut held_back = 1;
        if open(&mine) {
            let request = health::AnswerEnquiryRequest {
                request_id: step("health-answer"),
                name: mine.name.clone(),
                professional: Some(morning::named_nurse()),
                nothing_known: false,
                items: morning::health_answer(),
                injuries: morning::body_map(),
                third_party_bears: None,
            };
            let mut board = self.people.health(BOARD)?;
            let answer = board.answer_enquiry(on_behalf(NAMED_NURSE, request)?).await?;
            held_back = answer.into_inner().held_back;
        }
        self.said(
            at::HEALTH_ANSWERS,
            &format!("the named nurse answers; {held_back} item told in confidence by a third party stays (R25)"),
        );
        Ok(mine.name)
    }

    async fn health_enquiry(&self) -> anyhow::Result<ReceivedEnquiry> {
        patiently("the question to health", async || {
            let request = on_behalf(NAMED_NURSE, health::ListEnquiriesRequest::default())?;
            let answer = self.people.health(BOARD)?.list_enquiries(request).await?;
            let first = answer.into_inner().enquiries.into_iter().next();
            Ok(first.and_then(|one| one.enquiry))
        })
        .await
    }

    pub(super) async fn health_hears(&self, name: &str) -> anyhow::Result<()> {
        let sent = patiently("feedback to health", async || {
            let request = health::GetReferralRequest { name: name.to_owned() };
            let answer =
                self.people.health(BOARD)?.get_referral(on_behalf(NURSE, request)?).await?;
            Ok(answer.into_inner().referral.filter(decided))
        })
        .await?;
        for feedback in sent.feedback.iter().filter(|one| !one.acknowledged) {
            let request = health::AcknowledgeFeedbackRequest {
                request_id: step(&format!("heard-{}", feedback.release_id)),
                name: name.to_owned(),
                release_id: feedback.release_id.clone(),
            };
            self.people.health(BOARD)?.acknowledge_feedback(on_behalf(NURSE, request)?).await?;
        }
        self.told("health", &sent);
        Ok(())
    }

    pub(super) async fn school_hears(&self, name: &str) -> anyhow::Result<()> {
        let school = morning::school();
        let sent = patiently("feedback to the school", async || {
            let request = education::GetReferralRequest { name: name.to_owned() };
            let mut client = self.people.school_referrals(&school)?;
            let answer = client.get_referral(on_behalf(KEY_ADULT, request)?).await?;
            Ok(answer.into_inner().referral.filter(decided))
        })
        .await?;
        for feedback in sent.feedback.iter().filter(|one| !one.acknowledged) {
            let request = education::AcknowledgeFeedbackRequest {
                request_id: step(&format!("heard-{}", feedback.release_id)),
                release_id: feedback.release_id.clone(),
            };
            let mut client = self.people.school_referrals(&school)?;
            client.acknowledge_feedback(on_behalf(KEY_ADULT, request)?).await?;
        }
        self.told("the school", &sent);
        Ok(())
    }

    pub(super) async fn police_hear(&self, name: &str) -> anyhow::Result<()> {
        let sent = patiently("feedback to police", async || {
            let request = police::GetReferralRequest { name: name.to_owned() };
            let mut client = self.people.protection(FORCE)?;
            let answer = client.get_referral(on_behalf(OFFICER, request)?).await?;
            Ok(answer.into_inner().referral.filter(decided))
        })
        .await?;
        for feedback in sent.feedback.iter().filter(|one| !one.acknowledged) {
            let request = police::AcknowledgeFeedbackRequest {
                request_id: step(&format!("heard-{}", feedback.release_id)),
                release_id: feedback.release_id.clone(),
            };
            let mut client = self.people.protection(FORCE)?;
            client.acknowledge_feedback(on_behalf(OFFICER, request)?).await?;
        }
        self.told("police", &sent);
        Ok(())
    }
}
