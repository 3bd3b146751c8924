//! Partners of a hub: they answer, refuse with a reason, are late or silent; and their systems fetch what is there, or
//! sleep.

use jiff::SignedDuration;
use mash_chassis::Clock as _;
use mash_proto::{
    delivery::v1::{
        AcknowledgeItemsRequest, Open, ReceiveRequest,
        delivery_service_client::DeliveryServiceClient, receive_request::Say,
    },
    education::v1::{
        self as education, SchoolAnswer, referral_service_client::ReferralServiceClient,
    },
    police::v1::{
        self as police, PoliceAnswer, protection_service_client::ProtectionServiceClient,
    },
    referral::v1::{EnquiryState, ReceivedEnquiry},
};
use tokio_stream::StreamExt as _;
use tonic::Request;

use super::{Act, OFFICER};
use crate::{process::Kind, world::World};

/// What a partner does with a question.
pub(super) enum Does {
    Answers,
    Refuses,
    Waits,
}

impl World {
    pub(super) fn does(&mut self) -> Does {
        match self.people.random.below(1_000) {
            _ if self.is_resting() => Does::Answers,
            0..720 => Does::Answers,
            720..800 => Does::Refuses,
            _ => Does::Waits,
        }
    }

    /// Somebody at a force looks at what hubs ask.
    pub(super) async fn force_answers(&mut self, force: String) -> anyhow::Result<()> {
        self.people.expected.remove(&format!("enquiries/{force}"));
        let by = (force.as_str(), OFFICER);
        let mut page_token = std::mem::take(&mut self.people.force_page);
        let request = police::ListEnquiriesRequest {
            page_size: 100,
            page_token: page_token.clone(),
            open_only: true,
        };
        let answer = self.must(Kind::Police, by, request, |local, request| async {
            ProtectionServiceClient::new(local).list_enquiries(request).await
        });
        let Some(answer) = answer.await? else { return Ok(()) };
        if !answer.next_page_token.is_empty() {
            page_token = answer.next_page_token;
            let at = self.clock.now() + SignedDuration::from_mins(20);
            self.people.expected.insert(format!("enquiries/{force}"));
            self.later(at, Act::ForceAnswers { force: force.clone() });
        }
        self.people.force_page = page_token;
        for enquiry in answer.enquiries.into_iter().filter(is_open) {
            match self.does() {
                Does::Answers => {
                    let request = police::AnswerEnquiryRequest {
                        request_id: self.people.request_id("force-answer"),
                        name: enquiry.name,
                        answer: Some(PoliceAnswer {
                            nothing_known: self.people.random.chance(400),
                            ..PoliceAnswer::default()
                        }),
                    };
                    let request = with_something(request);
                    self.must(Kind::Police, by, request, |local, request| async {
                        ProtectionServiceClient::new(local).answer_enquiry(request).await
                    })
                    .await?;
                    self.count("questions answered");
                }
                Does::Refuses => {
                    let request = police::RefuseEnquiryRequest {
                        request_id: self.people.request_id("force-refusal"),
                        name: enquiry.name,
                        code: "live-investigation".to_owned(),
                        reason: "A live investigation would be tipped off.".to_owned(),
                        by: None,
                    };
                    self.must(Kind::Police, by, request, |local, request| async {
                        ProtectionServiceClient::new(local).refuse_enquiry(request).await
                    })
                    .await?;
                    self.count("questions refused");
                }
                Does::Waits => self.count("questions left waiting"),
            }
        }
        Ok(())
    }

    /// Somebody at a school does.
    pub(super) async fn school_answers(&mut self, school: String) -> anyhow::Result<()> {
        self.people.expected.remove(&format!("enquiries/{school}"));
        let contact = self.people.contacts.get(&school).and_then(|all| all.first()).cloned();
        let Some(contact) = contact else { return Ok(()) };
        let by = (school.as_str(), contact.as_str());
        let request = education::ListEnquiriesRequest {
            page_size: 200,
            open_only: true,
            ..Default::default()
        };
        let answer = self.must(Kind::Education, by, request, |local, request| async {
            ReferralServiceClient::new(local).list_enquiries(request).await
        });
        let enquiries = answer.await?.map(|answer| answer.enquiries).unwrap_or_default();
        for enquiry in enquiries.into_iter().filter(is_open) {
            match self.does() {
                Does::Answers => {
                    let request = education::AnswerEnquiryRequest {
                        request_id: self.people.request_id("school-answer"),
                        name: enquiry.name,
                        answer: Some(SchoolAnswer { nothing_known: true, ..Default::default() }),
                    };
                    self.must(Kind::Education, by, request, |local, request| async {
                        ReferralServiceClient::new(local).answer_enquiry(request).await
                    })
                    .await?;
                    self.count("questions answered");
                }
                Does::Refuses => {
                    let request = education::RefuseEnquiryRequest {
                        request_id: self.people.request_id("school-refusal"),
                        name: enquiry.name,
                        code: "not-ours-to-share".to_owned(),
                        reason: "The file is another school's.".to_owned(),
                        by: None,
                    };
                    self.must(Kind::Education, by, request, |local, request| async {
                        ReferralServiceClient::new(local).refuse_enquiry(request).await
                    })
                    .await?;
                    self.count("questions refused");
                }
                Does::Waits => self.count("questions left waiting"),
            }
        }
        Ok(())
    }

    /// An organisation's system fetches what waits for it and says that it has it.
    pub(super) async fn fetch(&mut self, organisation: String) -> anyhow::Result<()> {
        self.people.expected.remove(&format!("mailbox/{organisation}"));
        if self.people.random.chance(60) {
            self.count("mailboxes left unfetched");
            return Ok(());
        }
        let open = Open { window: 500, until_empty: true };
        let say = ReceiveRequest { say: Some(Say::Open(open)) };
        let mut names = Vec::new();
        let local = self.local(Kind::Delivery, &organisation)?;
        let requests = Request::new(tokio_stream::once(say));
        if let Ok(answer) = DeliveryServiceClient::new(local).receive(requests).await {
            let mut items = answer.into_inner();
            while let Some(Ok(item)) = items.next().await {
                names.push(item.name);
            }
        }
        self.stir(Kind::Delivery).await?;
        for names in names.chunks(200) {
            let request = AcknowledgeItemsRequest { names: names.to_vec() };
            let by = (organisation.as_str(), "");
            // How many were new differs between a call and its repeat; that they are acknowledged does not.
            self.call(Kind::Delivery, by, request, |local, request| async {
                let answer = DeliveryServiceClient::new(local).acknowledge_items(request).await;
                answer.map(|_| tonic::Response::new(()))
            })
            .await?
            .ok();
            *self.counts.entry("items fetched").or_default() +=
                u64::try_from(names.len()).unwrap_or(0);
        }
        Ok(())
    }
}

fn is_open(enquiry: &ReceivedEnquiry) -> bool {
    enquiry.state() == EnquiryState::Open
}

/// Who knows something says what.
fn with_something(mut request: police::AnswerEnquiryRequest) -> police::AnswerEnquiryRequest {
    if let Some(answer) = request.answer.as_mut().filter(|answer| !answer.nothing_known) {
        answer.history = "Two calls to the address this year.".to_owned();
        answer.risk_grade = "standard".to_owned();
    }
    request
}
