//! What hubs ask, and what may leave in answer.

use mash_proto::{
    disclosure::v1::{Content, EvidenceClass, Meeting, Question},
    health::v1 as wire,
    referral::v1::{EnquiryState, ItemKind},
    r#type::v1::Answer,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BOARD, Hub, OTHER_BOARD, by, child, faults, id, injury, item, pairs, professional, refused,
    social_worker,
};

on_both!(
    an_answer_is_a_doctors_or_nurses_and_says_how_confidential_it_is,
    third_party_data_never_leaves_without_a_word,
    a_refusal_has_a_reason_and_a_name,
    an_answer_to_nothing_is_refused,
    an_invitation_is_answered,
);

fn answer(items: Vec<wire::LabelledItem>) -> wire::AnswerEnquiryRequest {
    wire::AnswerEnquiryRequest {
        request_id: id(),
        name: "enquiries/e1".to_owned(),
        professional: professional(wire::Role::HealthVisitor),
        items,
        ..wire::AnswerEnquiryRequest::default()
    }
}

fn piece(text: &str, confidentiality: wire::Confidentiality) -> wire::LabelledItem {
    wire::LabelledItem {
        text: text.to_owned(),
        confidentiality: confidentiality.into(),
        evidence: EvidenceClass::Observation.into(),
    }
}

impl Hub {
    async fn asked(&self) -> wire::HealthEnquiry {
        self.team(wire::Team::SchoolNursing).await;
        let question = Question { text: "what is known?".to_owned(), ..Question::default() };
        let content = Content {
            child: child(),
            officer: social_worker(),
            question: Some(question),
            ..Content::default()
        };
        self.publish("e1", &item(ItemKind::Enquiry, "e1", &content)).await;
        self.until(async || {
            let request = by("nurse", wire::ListEnquiriesRequest::default());
            let answer = self.client(BOARD).list_enquiries(request).await.unwrap().into_inner();
            answer.enquiries.into_iter().next()
        })
        .await
    }

    async fn answer(
        &self,
        request: wire::AnswerEnquiryRequest,
    ) -> Result<wire::AnswerEnquiryResponse, tonic::Status> {
        let answer = self.client(BOARD).answer_enquiry(by("nurse", request)).await?;
        Ok(answer.into_inner())
    }
}

async fn an_answer_is_a_doctors_or_nurses_and_says_how_confidential_it_is(dialect: Dialect) {
    use wire::Confidentiality::{ChildVoice, Clinical, Observation};
    let hub = Hub::start(dialect).await;
    let asked = hub.asked().await;
    assert!(asked.team == i32::from(wire::Team::SchoolNursing));
    assert_eq!(asked.enquiry.unwrap().name, "enquiries/e1");
    let request = wire::AnswerEnquiryRequest {
        injuries: vec![injury(wire::BodySite::Arm, Answer::No, 3)],
        ..answer(vec![
            piece("came alone to the clinic", Observation),
            piece("two missed appointments", Clinical),
            piece("I don't like it at home", ChildVoice),
        ])
    };
    let done = hub.answer(request.clone()).await.unwrap();
    assert_eq!(done.held_back, 0);
    hub.answer(request).await.unwrap();
    let sent = hub.submitted(1).await;
    assert_eq!(sent.len(), 1, "a repeat has one effect");
    assert!(sent[0].kind() == ItemKind::Answer && sent[0].reply_to == "e1");
    let content = sent[0].content.clone().unwrap();
    assert_eq!(content.narrative.unwrap().concerns[0].what, "came alone to the clinic");
    assert_eq!(content.voice.unwrap().words, "I don't like it at home");
    let health = content.health.unwrap();
    assert_eq!((health.summary.as_str(), health.photographs.len()), ("two missed appointments", 3));
    let who = content.officer.unwrap();
    assert_eq!((who.name.as_str(), who.role.as_str()), ("Eleri Prys", "health-visitor"));

    let odd = wire::AnswerEnquiryRequest {
        professional: professional(wire::Role::Paramedic),
        nothing_known: true,
        ..answer(vec![wire::LabelledItem { evidence: 0, ..piece(" ", Observation) }])
    };
    let told = faults(hub.answer(odd).await);
    assert_eq!(
        pairs(&told),
        [
            ("professional.role", "MASH-H017"),
            ("items", "MASH-H026"),
            ("items[0].text", "MASH-H010"),
            ("items[0].evidence", "MASH-H011"),
        ]
    );
}

async fn third_party_data_never_leaves_without_a_word(dialect: Dialect) {
    use wire::Confidentiality::{Clinical, Restricted, ThirdParty};
    const UNCLE: &str = "the uncle was treated for an overdose";
    let hub = Hub::start(dialect).await;
    hub.asked().await;
    let alone = faults(hub.answer(answer(vec![piece(UNCLE, ThirdParty)])).await);
    assert_eq!(pairs(&alone), [("items", "MASH-H026")]);
    let pieces = || {
        vec![piece(UNCLE, ThirdParty), piece("fertility", Restricted), piece("asthma", Clinical)]
    };
    let done = hub.answer(answer(pieces())).await.unwrap();
    assert_eq!(done.held_back, 2, "the rest goes without them");
    let word = |role| {
        Some(wire::BearsOnEnquiry {
            professional: professional(role),
            reason: "he lives with the child and looks after her".to_owned(),
        })
    };
    let paramedic = wire::AnswerEnquiryRequest {
        third_party_bears: word(wire::Role::Paramedic),
        ..answer(pieces())
    };
    let told = faults(hub.answer(paramedic).await);
    assert_eq!(pairs(&told), [("third_party_bears.professional.role", "MASH-H017")]);
    let request = by("nurse", wire::ListPromptsRequest::default());
    let prompts = hub.client(BOARD).list_prompts(request).await.unwrap().into_inner().prompts;
    assert!(prompts.iter().any(|prompt| prompt.code == "third-party-held"));
    let doctor = wire::AnswerEnquiryRequest {
        third_party_bears: word(wire::Role::NamedDoctor),
        ..answer(pieces())
    };
    assert_eq!(hub.answer(doctor).await.unwrap().held_back, 1, "what statute restricts stays");

    let sent = hub.submitted(2).await;
    assert_eq!(sent.len(), 2);
    let third: Vec<_> = sent.iter().map(|item| item.content.clone().unwrap().third_party).collect();
    assert_eq!(third, [vec![], vec![UNCLE.to_owned()]]);
    let stated: Vec<bool> =
        sent.iter().map(|item| item.facts.clone().unwrap().third_party_relevant).collect();
    assert_eq!(stated, [false, true]);
}

async fn a_refusal_has_a_reason_and_a_name(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.asked().await;
    let refusal = wire::RefuseEnquiryRequest {
        request_id: id(),
        name: "enquiries/e1".to_owned(),
        professional: professional(wire::Role::AlliedProfessional),
        reason_code: "legal-advice".to_owned(),
        reason: "the solicitor answers tomorrow".to_owned(),
    };
    let told = faults(hub.client(BOARD).refuse_enquiry(by("nurse", refusal.clone())).await);
    assert_eq!(pairs(&told), [("professional.role", "MASH-H017")]);
    let silent = wire::RefuseEnquiryRequest {
        request_id: id(),
        professional: professional(wire::Role::Doctor),
        reason: String::new(),
        ..refusal.clone()
    };
    let silent = refused(hub.client(BOARD).refuse_enquiry(by("nurse", silent)).await);
    assert_eq!(silent, (Code::InvalidArgument, "MASH-T001".to_owned()));
    let done = wire::RefuseEnquiryRequest {
        request_id: id(),
        professional: professional(wire::Role::Doctor),
        ..refusal
    };
    let done = hub.client(BOARD).refuse_enquiry(by("nurse", done)).await.unwrap().into_inner();
    let enquiry = done.enquiry.unwrap().enquiry.unwrap();
    assert!(enquiry.state == i32::from(EnquiryState::Refused));
    let reply = hub.submitted(1).await.remove(0).content.unwrap().reply.unwrap();
    assert_eq!(reply.refusal_code, "legal-advice");
}

async fn an_answer_to_nothing_is_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.asked().await;
    let given = || vec![piece("asthma", wire::Confidentiality::Clinical)];
    let unasked = wire::AnswerEnquiryRequest { name: "enquiries/e9".to_owned(), ..answer(given()) };
    assert_eq!(refused(hub.answer(unasked).await).0, Code::NotFound);
    let elsewhere = hub.client(OTHER_BOARD).answer_enquiry(by("nurse", answer(given()))).await;
    assert_eq!(refused(elsewhere).0, Code::NotFound);
}

async fn an_invitation_is_answered(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let meeting = Meeting {
        kind: "strategy-discussion".to_owned(),
        standing: "invited".to_owned(),
        ..Meeting::default()
    };
    let content = Content { child: child(), meeting: Some(meeting), ..Content::default() };
    hub.publish("m1", &item(ItemKind::Invitation, "m1", &content)).await;
    hub.until(async || {
        let request = by("nurse", wire::ListInvitationsRequest::default());
        let answer = hub.client(BOARD).list_invitations(request).await.unwrap().into_inner();
        answer.invitations.into_iter().next()
    })
    .await;
    let respond = |standing: &str, reason: &str| wire::RespondToInvitationRequest {
        request_id: id(),
        name: "invitations/m1".to_owned(),
        standing: standing.to_owned(),
        professional: professional(wire::Role::NamedNurse),
        reason: reason.to_owned(),
    };
    let silent =
        hub.client(BOARD).respond_to_invitation(by("nurse", respond("declines", ""))).await;
    assert_eq!(refused(silent).0, Code::InvalidArgument);
    hub.client(BOARD).respond_to_invitation(by("nurse", respond("accepts", ""))).await.unwrap();
    let sent = hub.submitted(1).await.remove(0);
    assert!(sent.kind() == ItemKind::Response && sent.reply_to == "m1");
    assert_eq!(sent.content.unwrap().officer.unwrap().role, "named-nurse");
}
