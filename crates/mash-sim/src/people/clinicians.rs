//! Clinicians: they refer children, born and unborn, and answer what hubs ask, by name.

use jiff::{SignedDuration, ToSpan as _};
use mash_chassis::Clock as _;
use mash_domain::calendar::london;
use mash_proto::{
    disclosure::v1::EvidenceClass,
    health::v1::{
        AnswerEnquiryRequest, Confidentiality, LabelledItem, ListEnquiriesRequest, Mother,
        Professional, ReferUnbornRequest, RefuseEnquiryRequest, Role, SubmitReferralRequest,
        health_service_client::HealthServiceClient,
    },
    referral::v1::{EnquiryState, Report},
    r#type::v1::{Answer, Date},
};

use super::{
    Act,
    partners::Does,
    reports::{Accepted, accepted},
};
use crate::{process::Kind, world::World};

/// A named nurse of the board.
const NURSE: &str = "named-nurse-1";

impl World {
    fn board(&self) -> String {
        format!("health-board/{}", self.settings.region.board)
    }

    pub(super) async fn clinician_refers(
        &mut self,
        reference: String,
        report: Report,
    ) -> anyhow::Result<Accepted> {
        let request = SubmitReferralRequest {
            request_id: self.people.request_id("clinical"),
            reference,
            report: Some(report),
            professional: Some(professional(Role::Nurse)),
            ..SubmitReferralRequest::default()
        };
        let board = self.board();
        let answer = self.must(Kind::Health, (&board, NURSE), request, |local, request| async {
            HealthServiceClient::new(local).submit_referral(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Health, (&board, NURSE), sent))
    }

    pub(super) async fn midwife_refers(
        &mut self,
        reference: String,
        report: Report,
    ) -> anyhow::Result<Accepted> {
        let today = self.clock.now().to_zoned(london().clone()).date();
        let expected = today.checked_add(i64::from(self.people.random.between(20, 200)).days())?;
        let mother = report.household.first().cloned().unwrap_or_default();
        let request = ReferUnbornRequest {
            request_id: self.people.request_id("unborn"),
            reference,
            expected_birth: Some(Date {
                year: expected.year().into(),
                month: expected.month().into(),
                day: expected.day().into(),
            }),
            mother: Some(Mother {
                given_names: mother.given_names,
                family_name: mother.family_name,
                date_of_birth: None,
                address: report.child.as_ref().and_then(|child| child.address.clone()),
            }),
            concerns: report.concerns,
            professional: Some(professional(Role::Midwife)),
            harm_suspected: Answer::Yes.into(),
            urgency: report.urgency,
            place_authority_code: report.place_authority_code,
            ..ReferUnbornRequest::default()
        };
        let board = self.board();
        let answer = self.must(Kind::Health, (&board, NURSE), request, |local, request| async {
            HealthServiceClient::new(local).refer_unborn(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Health, (&board, NURSE), sent))
    }

    /// A named nurse looks at what hubs ask.
    pub(super) async fn board_answers(&mut self, board: String) -> anyhow::Result<()> {
        self.people.expected.remove(&format!("enquiries/{board}"));
        let by = (board.as_str(), NURSE);
        let request =
            ListEnquiriesRequest { page_size: 100, open_only: true, ..Default::default() };
        let answer = self.must(Kind::Health, by, request, |local, request| async {
            HealthServiceClient::new(local).list_enquiries(request).await
        });
        let enquiries = answer.await?.map(|answer| answer.enquiries).unwrap_or_default();
        if enquiries.len() > 60 {
            let at = self.clock.now() + SignedDuration::from_hours(3);
            self.people.expected.insert(format!("enquiries/{board}"));
            self.later(at, Act::BoardAnswers { board: board.clone() });
        }
        for enquiry in enquiries.into_iter().filter_map(|one| one.enquiry) {
            if enquiry.state() != EnquiryState::Open {
                continue;
            }
            match self.does() {
                Does::Answers => {
                    let request = AnswerEnquiryRequest {
                        request_id: self.people.request_id("board-answer"),
                        name: enquiry.name,
                        professional: Some(professional(Role::NamedNurse)),
                        items: vec![LabelledItem {
                            text: "Immunisations are up to date.".to_owned(),
                            confidentiality: Confidentiality::Clinical.into(),
                            evidence: EvidenceClass::Fact.into(),
                        }],
                        ..AnswerEnquiryRequest::default()
                    };
                    self.must(Kind::Health, by, request, |local, request| async {
                        HealthServiceClient::new(local).answer_enquiry(request).await
                    })
                    .await?;
                    self.count("questions answered");
                }
                Does::Refuses => {
                    let request = RefuseEnquiryRequest {
                        request_id: self.people.request_id("board-refusal"),
                        name: enquiry.name,
                        professional: Some(professional(Role::NamedNurse)),
                        reason_code: "legal-advice".to_owned(),
                        reason: "Advice is awaited.".to_owned(),
                    };
                    self.must(Kind::Health, by, request, |local, request| async {
                        HealthServiceClient::new(local).refuse_enquiry(request).await
                    })
                    .await?;
                    self.count("questions refused");
                }
                Does::Waits => self.count("questions left waiting"),
            }
        }
        Ok(())
    }
}

fn professional(role: Role) -> Professional {
    Professional {
        name: "Invented Nurse".to_owned(),
        role: role.into(),
        telephone: "01632 960430".to_owned(),
        ..Professional::default()
    }
}
