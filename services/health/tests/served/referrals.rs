//! Referrals of clinicians and midwives, what comes back, and disagreeing with it.

use mash_proto::{
    disclosure::v1::{Content, Feedback},
    health::v1 as wire,
    referral::v1::{ItemKind, ItemReleased, ReportKind, SentReferral, SentState, Urgency},
    r#type::v1::Answer,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BOARD, Hub, NUMBER, OTHER_BOARD, by, concern, date, faults, id, item, organisation, pairs,
    professional, refused, report,
};

on_both!(
    a_clinician_refers_and_amends,
    third_party_data_stays_until_somebody_gives_her_word,
    an_unborn_child_has_no_number,
    bad_referrals_are_told_everything_at_once,
    feedback_is_read_and_a_decision_disagreed_with,
);

fn refer(report: mash_proto::referral::v1::Report) -> wire::SubmitReferralRequest {
    wire::SubmitReferralRequest {
        request_id: id(),
        reference: "REF/1".to_owned(),
        report: Some(report),
        professional: professional(wire::Role::Paramedic),
        third_party_bears: None,
        revision: 0,
    }
}

impl Hub {
    async fn refer(
        &self,
        request: wire::SubmitReferralRequest,
    ) -> Result<wire::SubmitReferralResponse, tonic::Status> {
        Ok(self.client(BOARD).submit_referral(by("nurse", request)).await?.into_inner())
    }

    async fn sent(&self, name: &str) -> SentReferral {
        let request = by("nurse", wire::GetReferralRequest { name: name.to_owned() });
        let answer = self.client(BOARD).get_referral(request).await.unwrap();
        answer.into_inner().referral.unwrap()
    }
}

async fn a_clinician_refers_and_amends(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = refer(report(ReportKind::Clinical));
    let first = hub.refer(request.clone()).await.unwrap().referral.unwrap();
    let again = hub.refer(request.clone()).await.unwrap().referral.unwrap();
    assert!(first.name == again.name && first.state == i32::from(SentState::Submitted));
    let twice = wire::SubmitReferralRequest { request_id: id(), ..request.clone() };
    let twice = refused(hub.refer(twice).await);
    assert_eq!(twice, (Code::AlreadyExists, "MASH-T004".to_owned()));
    let more = wire::SubmitReferralRequest { request_id: id(), revision: 1, ..request.clone() };
    assert_eq!(hub.refer(more).await.unwrap().referral.unwrap().revision, 2);
    let stale = wire::SubmitReferralRequest { request_id: id(), revision: 1, ..request };
    assert_eq!(refused(hub.refer(stale).await), (Code::Aborted, "MASH-T003".to_owned()));
    let items = hub.submitted(2).await;
    assert_eq!(items.len(), 2);
    let content = items[0].content.clone().unwrap();
    let who = content.officer.unwrap();
    assert_eq!((who.name.as_str(), who.role.as_str()), ("Eleri Prys", "paramedic"));
    let request = by("nurse", wire::ListReferralsRequest::default());
    let listed = hub.client(BOARD).list_referrals(request).await.unwrap().into_inner().referrals;
    assert!(listed.len() == 1 && listed[0].name == first.name);
    let request = by("nurse", wire::GetReferralRequest { name: first.name.clone() });
    assert_eq!(refused(hub.client(OTHER_BOARD).get_referral(request).await).0, Code::NotFound);
}

async fn third_party_data_stays_until_somebody_gives_her_word(dialect: Dialect) {
    const UNCLE: &str = "an entry of the uncle's";
    let hub = Hub::start(dialect).await;
    let mut told = report(ReportKind::Clinical);
    told.third_party = vec![UNCLE.to_owned()];
    let first = hub.refer(refer(told.clone())).await.unwrap();
    assert_eq!(first.held_back, 1);
    let name = first.referral.unwrap();
    assert_eq!(name.prompts, ["third-party-held"]);
    let word = Some(wire::BearsOnEnquiry {
        professional: professional(wire::Role::NamedNurse),
        reason: "he looks after the child".to_owned(),
    });
    let second =
        wire::SubmitReferralRequest { third_party_bears: word, revision: 1, ..refer(told) };
    let second = hub.refer(second).await.unwrap();
    assert_eq!(second.held_back, 0);
    assert!(second.referral.unwrap().prompts.is_empty());
    let items = hub.submitted(2).await;
    let third: Vec<_> = items.iter().map(|it| it.content.clone().unwrap().third_party).collect();
    assert_eq!(third, [vec![], vec![UNCLE.to_owned()]]);
    assert!(!items[0].facts.clone().unwrap().third_party_relevant);
    assert!(items[1].facts.clone().unwrap().third_party_relevant);
}

async fn an_unborn_child_has_no_number(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = wire::ReferUnbornRequest {
        request_id: id(),
        reference: "MID/1".to_owned(),
        expected_birth: date(2027, 2, 1),
        mother: Some(wire::Mother {
            given_names: "Nia".to_owned(),
            family_name: "Made-up".to_owned(),
            date_of_birth: date(2001, 4, 5),
            address: None,
        }),
        concerns: vec![concern()],
        professional: professional(wire::Role::Midwife),
        harm_suspected: Answer::Yes.into(),
        urgency: Urgency::Routine.into(),
        place_authority_code: "672".to_owned(),
        summary: "26 weeks".to_owned(),
        ..wire::ReferUnbornRequest::default()
    };
    let client = hub.client(BOARD);
    client.clone().refer_unborn(by("midwife", request.clone())).await.unwrap();
    client.clone().refer_unborn(by("midwife", request.clone())).await.unwrap();
    let items = hub.submitted(1).await;
    assert_eq!(items.len(), 1);
    let content = items[0].content.clone().unwrap();
    let child = content.child.unwrap();
    assert!(child.nhs_number.is_empty() && child.expected_birth == date(2027, 2, 1));
    let mother = &content.household.unwrap().people[0];
    assert_eq!((mother.relationship.as_str(), mother.given_names.as_str()), ("mother", "Nia"));
    assert_eq!(content.health.unwrap().summary, "26 weeks");

    let odd = wire::ReferUnbornRequest {
        request_id: id(),
        reference: String::new(),
        expected_birth: None,
        concerns: Vec::new(),
        professional: None,
        ..request
    };
    let told = faults(client.clone().refer_unborn(by("midwife", odd)).await);
    assert_eq!(
        pairs(&told),
        [
            ("reference", "MASH-H020"),
            ("expected_birth", "MASH-H010"),
            ("professional", "MASH-H010"),
            ("concerns", "MASH-T110"),
        ]
    );
    // In the other call the number has a field, and is refused.
    let mut told = report(ReportKind::Unborn);
    let child = told.child.as_mut().unwrap();
    (child.date_of_birth, child.expected_birth) = (None, date(2027, 2, 1));
    NUMBER.clone_into(&mut child.nhs_number);
    let told = faults(hub.refer(refer(told)).await);
    assert_eq!(pairs(&told), [("report.child.nhs_number", "MASH-H016")]);
}

async fn bad_referrals_are_told_everything_at_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut adult = report(ReportKind::Custody);
    adult.child.as_mut().unwrap().date_of_birth = date(1990, 1, 1);
    adult.concerns.clear();
    let request = wire::SubmitReferralRequest {
        request_id: "no".to_owned(),
        revision: -1,
        professional: professional(wire::Role::Administrator),
        ..refer(adult)
    };
    let told = faults(hub.refer(request).await);
    let told = pairs(&told);
    let expected = [
        ("request_id", "MASH-T021"),
        ("professional.role", "MASH-H018"),
        ("revision", "MASH-H029"),
        ("report.kind", "MASH-H022"),
    ];
    assert_eq!(told[..4], expected);
    assert!(told.iter().any(|(field, _)| *field == "report.child.date_of_birth"), "an adult");
    assert!(told.contains(&("report.concerns", "MASH-T110")));
}

async fn feedback_is_read_and_a_decision_disagreed_with(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let sent = hub.refer(refer(report(ReportKind::Clinical))).await.unwrap().referral.unwrap();
    let early = wire::RaiseDisagreementRequest {
        request_id: id(),
        name: sent.name.clone(),
        professional: professional(wire::Role::NamedDoctor),
        grounds: "the bruises were not looked at".to_owned(),
        sought: "a strategy discussion".to_owned(),
    };
    let early = refused(hub.client(BOARD).raise_disagreement(by("nurse", early)).await);
    assert_eq!(early, (Code::FailedPrecondition, "MASH-T009".to_owned()));
    let referral_item = hub.submitted(1).await.remove(0);
    let feedback = Feedback {
        stage: "decided".to_owned(),
        outcome: "no-further-action".to_owned(),
        reason: "below the threshold".to_owned(),
        what_would_change_it: "another injury".to_owned(),
        ..Feedback::default()
    };
    let content = Content { feedback: Some(feedback), ..Content::default() };
    let case_id = referral_item.case_id.clone();
    let told = ItemReleased {
        case_id,
        reply_to: referral_item.item_id,
        from: organisation("authority/672"),
        ..item(ItemKind::Feedback, "f1", &content)
    };
    hub.publish("f1", &told).await;
    let decided = hub
        .until(async || {
            Some(hub.sent(&sent.name).await)
                .filter(|referral| referral.state == i32::from(SentState::Decided))
        })
        .await;
    assert_eq!(
        decided.feedback[0].feedback.clone().unwrap().what_would_change_it,
        "another injury"
    );
    let acknowledge = |release_id: &str| wire::AcknowledgeFeedbackRequest {
        request_id: id(),
        name: sent.name.clone(),
        release_id: release_id.to_owned(),
    };
    let absent = hub.client(BOARD).acknowledge_feedback(by("nurse", acknowledge("nothing"))).await;
    assert_eq!(refused(absent).0, Code::NotFound);
    let read = hub.client(BOARD).acknowledge_feedback(by("nurse", acknowledge("release-f1"))).await;
    assert!(read.unwrap().into_inner().referral.unwrap().feedback[0].acknowledged);

    let raise = wire::RaiseDisagreementRequest {
        request_id: id(),
        name: sent.name.clone(),
        professional: professional(wire::Role::NamedDoctor),
        grounds: "the bruises were not looked at".to_owned(),
        sought: "a strategy discussion".to_owned(),
    };
    let raised =
        hub.client(BOARD).raise_disagreement(by("nurse", raise)).await.unwrap().into_inner();
    let further = wire::EscalateDisagreementRequest {
        request_id: id(),
        name: raised.name.clone(),
        professional: professional(wire::Role::NamedDoctor),
        grounds: "a week has passed".to_owned(),
        sought: String::new(),
    };
    let taken = hub.client(BOARD).escalate_disagreement(by("nurse", further)).await.unwrap();
    assert_eq!(taken.into_inner().stage, 2);
}
