//! A hub of social care alone: routing and the partners are played by the test.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_bus::{Bus, BusMessage, Handler, Intake, testing::published, topics};
use mash_chassis::{CaseSecret, Clock, ManualClock, fault, testing::Edge};
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{
        ChildAddress, ChildIdentity, Content, Household, HouseholdPerson, ReceiptKind, Reply,
    },
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemReceiptRecorded, ItemReleased, ItemSubmitted, ReportKind},
    social_care::v1::{
        self as wire, meeting_service_client::MeetingServiceClient,
        queue_service_client::QueueServiceClient,
    },
    r#type::v1::{Answer, Date, Organisation},
};
use mash_social_care::SocialCare;
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::{Message, Name};
use tonic::{Code, Request, Status, transport::Channel};

const SOON: Duration = Duration::from_secs(30);
pub(crate) const BRIDGEND: &str = "authority/672";
pub(crate) const POLICE: &str = "police/62";
pub(crate) const SCHOOL: &str = "school/6722301";
pub(crate) const HEALTH: &str = "health-board/7A5";

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) care: SocialCare,
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    edge: Edge,
    _database: TestDatabase,
}

impl Hub {
    /// A hub on a Wednesday morning. Clocks are looked at when a test says so.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        bus.ensure_topics(&topics::all()).await.unwrap();
        let clock = ManualClock::new("2026-11-18T10:00:00Z".parse().unwrap());
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let timed: Arc<dyn Clock> = Arc::new(clock.clone());
        let care = SocialCare::start(store.clone(), Arc::clone(&bus), timed, secret).await.unwrap();
        let edge = Edge::serve("social-care", |server| {
            server.add_service(care.services()).add_service(care.meetings())
        })
        .await;
        for handler in care.handlers() {
            let intake = Intake::new(store.clone(), Arc::clone(&bus), handler);
            tokio::spawn(intake.run(edge.shutdown()));
        }
        tokio::spawn(care.relay().run(edge.shutdown()));
        Self { clock, care, store, bus, edge, _database: database }
    }

    pub(crate) fn client(&self, organisation: &str) -> QueueServiceClient<Channel> {
        QueueServiceClient::new(self.channel(organisation))
    }

    /// The meetings of an authority.
    pub(crate) fn meetings(&self, organisation: &str) -> MeetingServiceClient<Channel> {
        MeetingServiceClient::new(self.channel(organisation))
    }

    fn channel(&self, organisation: &str) -> Channel {
        self.edge.channel(organisation)
    }

    pub(crate) fn queue(&self) -> QueueServiceClient<Channel> {
        self.client(BRIDGEND)
    }

    pub(crate) fn at(&self, time: &str) {
        self.clock.set(time.parse().unwrap());
    }

    /// Publishes as routing or a partner does.
    pub(crate) async fn publish<M: Message + Name>(&self, topic: &str, nonce: &str, event: &M) {
        let id = event_id(&["test", nonce]);
        let time = self.clock.now();
        let attributes =
            Attributes { id, source: "mash/routing", subject: "case", time, cause: None };
        let payload = wrap(event, &attributes).encode_to_vec();
        let message = BusMessage {
            topic: topic.to_owned(),
            key: BRIDGEND.to_owned(),
            event_id: id.to_string(),
            payload: payload.into(),
        };
        self.bus.publish(&[message]).await.unwrap();
    }

    pub(crate) async fn release(&self, release: &ItemReleased) {
        let nonce = format!("{}-{}", release.release_id, release.revision);
        self.publish(topics::DISCLOSED_SOCIAL_CARE, &nonce, release).await;
    }

    /// A referral that has arrived.
    pub(crate) async fn referred(&self, case: &str, from: &str, content: Content) -> String {
        self.release(&referral(case, from, content)).await;
        self.until(case, |_| true).await;
        format!("referrals/{case}")
    }

    /// Waits until the referral looks as it should.
    pub(crate) async fn until(
        &self,
        case: &str,
        fits: impl Fn(&wire::GetReferralResponse) -> bool,
    ) -> wire::GetReferralResponse {
        let mut client = self.queue();
        let waiting = async {
            loop {
                let name = format!("referrals/{case}");
                let request = by("reader", wire::GetReferralRequest { name });
                if let Ok(answer) = client.get_referral(request).await {
                    let answer = answer.into_inner();
                    if fits(&answer) {
                        return answer;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the referral looks as it should in time")
    }

    pub(crate) async fn revision(&self, name: &str) -> i32 {
        let case = name.trim_start_matches("referrals/");
        self.until(case, |_| true).await.referral.unwrap().revision
    }

    pub(crate) async fn grade(
        &self,
        name: &str,
        grade: wire::Grade,
        reason: &str,
    ) -> Result<wire::GradeReferralResponse, Status> {
        let request = wire::GradeReferralRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: self.revision(name).await,
            grade: grade.into(),
            reason: reason.to_owned(),
        };
        Ok(self.queue().grade_referral(by("worker-1", request)).await?.into_inner())
    }

    pub(crate) async fn ask(
        &self,
        name: &str,
        partners: &[&str],
    ) -> Result<wire::AskPartnersResponse, Status> {
        let question = |partner: &&str| wire::PartnerQuestion {
            partner: Some(organisation(partner)),
            topics: vec!["household".to_owned()],
            text: "What is known?".to_owned(),
            due_time: None,
        };
        let request = wire::AskPartnersRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: self.revision(name).await,
            questions: partners.iter().map(question).collect(),
        };
        Ok(self.queue().ask_partners(by("worker-1", request)).await?.into_inner())
    }

    pub(crate) async fn decision(
        &self,
        name: &str,
        outcome: wire::Outcome,
    ) -> wire::DecideReferralRequest {
        wire::DecideReferralRequest {
            request_id: id(),
            name: name.to_owned(),
            expected_revision: self.revision(name).await,
            outcome: outcome.into(),
            reason: "the threshold is met".to_owned(),
            what_would_change_it: "a full explanation".to_owned(),
            next_step: "keep in touch".to_owned(),
            decide_with_gaps: false,
        }
    }

    pub(crate) async fn decide(
        &self,
        request: wire::DecideReferralRequest,
    ) -> Result<wire::DecideReferralResponse, Status> {
        Ok(self.queue().decide_referral(by("worker-1", request)).await?.into_inner())
    }

    pub(crate) async fn prompts(&self, code: &str) -> Vec<wire::Prompt> {
        let request = wire::ListPromptsRequest {
            code: code.to_owned(),
            ..wire::ListPromptsRequest::default()
        };
        self.queue().list_prompts(by("manager", request)).await.unwrap().into_inner().prompts
    }

    pub(crate) async fn until_prompt(&self, code: &str) -> wire::Prompt {
        let waiting = async {
            loop {
                if let Some(prompt) = self.prompts(code).await.pop() {
                    return prompt;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the prompt comes in time")
    }

    pub(crate) async fn conservation(&self) -> wire::GetReferralConservationResponse {
        let request = wire::GetReferralConservationRequest {};
        let answer = self.queue().get_referral_conservation(by("manager", request)).await;
        answer.unwrap().into_inner()
    }

    /// The events of a topic, once there are at least this many.
    pub(crate) async fn published<M: Message + Name + Default>(
        &self,
        topic: &'static str,
        at_least: usize,
    ) -> Vec<M> {
        published(self.bus.as_ref(), topic, at_least).await
    }

    /// Receipts as `KIND practitioner reason`.
    pub(crate) async fn receipts(&self, at_least: usize) -> Vec<String> {
        let receipts = self.receipts_of(|kind| kind != ReceiptKind::Opened, at_least).await;
        let text = |receipt: ItemReceiptRecorded| {
            let kind = receipt.kind().as_str_name().trim_start_matches("RECEIPT_KIND_").to_owned();
            format!("{kind} {} {}", receipt.practitioner, receipt.reason_code).trim().to_owned()
        };
        receipts.into_iter().map(text).collect()
    }

    /// Receipts of these kinds, once there are this many. Whoever waits for a referral opens it.
    pub(crate) async fn receipts_of(
        &self,
        of: impl Fn(ReceiptKind) -> bool,
        at_least: usize,
    ) -> Vec<ItemReceiptRecorded> {
        let waiting = async {
            loop {
                let all: Vec<ItemReceiptRecorded> = self.published(topics::RECEIPTS, 0).await;
                let some: Vec<_> = all.into_iter().filter(|it| of(it.kind())).collect();
                if some.len() >= at_least {
                    return some;
                }
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the receipts come in time")
    }

    /// What was sent of this kind, once there are this many.
    pub(crate) async fn sent(&self, kind: ItemKind, at_least: usize) -> Vec<ItemSubmitted> {
        let waiting = async {
            loop {
                let all: Vec<ItemSubmitted> = self.published(topics::SUBMITTED, 0).await;
                let some: Vec<_> = all.into_iter().filter(|item| item.kind() == kind).collect();
                if some.len() >= at_least {
                    return some;
                }
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the items come in time")
    }

    /// What the referrer was told, as stages.
    pub(crate) async fn stages(&self, at_least: usize) -> Vec<String> {
        let items = self.sent(ItemKind::Feedback, at_least).await;
        items.into_iter().map(|item| item.content.unwrap().feedback.unwrap().stage).collect()
    }

    /// An answer as routing releases it.
    pub(crate) async fn answer(&self, enquiry: &wire::Enquiry, reply: Reply, nonce: &str) {
        self.answer_given(enquiry, reply, (nonce, None)).await;
    }

    /// A partner answers, and its own service says when.
    pub(crate) async fn answer_given(
        &self,
        enquiry: &wire::Enquiry,
        reply: Reply,
        (nonce, given): (&str, Option<jiff::Timestamp>),
    ) {
        let question = enquiry.name.trim_start_matches("enquiries/").to_owned();
        let case_id = enquiry.referral.trim_start_matches("referrals/").to_owned();
        let content = Content {
            reply: Some(reply),
            actions: "seen last week".to_owned(),
            ..Content::default()
        };
        self.release(&ItemReleased {
            release_id: format!("answer-{nonce}"),
            item_id: format!("answer-item-{nonce}"),
            case_id,
            kind: ItemKind::Answer.into(),
            recipient: Some(organisation(BRIDGEND)),
            from: enquiry.partner.clone(),
            revision: 1,
            content: content.encode_to_vec(),
            classes: vec![18],
            rule_ids: vec!["R09".to_owned()],
            flow: "enquiry-answer".to_owned(),
            reply_to: question,
            submit_time: given.map(time_to_wire),
            ..ItemReleased::default()
        })
        .await;
    }

    /// The referrer acknowledges feedback.
    pub(crate) async fn acknowledged(&self, item: &ItemSubmitted) {
        let receipt = ItemReceiptRecorded {
            release_id: format!("release-of-{}", item.item_id),
            item_id: item.item_id.clone(),
            case_id: item.case_id.clone(),
            recipient: item.to.first().cloned(),
            kind: ReceiptKind::Acknowledged.into(),
            receipt_time: Some(time_to_wire(self.clock.now())),
            revision: 1,
            ..ItemReceiptRecorded::default()
        };
        self.publish(topics::RECEIPTS, &format!("ack-{}", item.item_id), &receipt).await;
    }

    /// Nobody acknowledged it in time, or the rules let nothing through.
    pub(crate) async fn not_delivered(&self, item: &ItemSubmitted, code: &str) {
        let id = format!("non-delivery-{}", item.item_id);
        self.release(&ItemReleased {
            release_id: id.clone(),
            item_id: id,
            case_id: item.case_id.clone(),
            kind: ItemKind::NonDelivery.into(),
            recipient: Some(organisation(BRIDGEND)),
            revision: 1,
            reply_to: item.item_id.clone(),
            undelivered_to: item.to.first().cloned(),
            non_delivery_code: code.to_owned(),
            ..ItemReleased::default()
        })
        .await;
    }

    /// How many dead letters there are of this code.
    pub(crate) async fn dead_letters(&self, code: &str) -> usize {
        let waiting = async {
            loop {
                let mut conn = self.store.read().await.unwrap();
                let rows = sqlx::query("SELECT id FROM dead_letters WHERE code = $1")
                    .bind(code)
                    .fetch_all(&mut *conn)
                    .await
                    .unwrap();
                if !rows.is_empty() {
                    return rows.len();
                }
                drop(conn);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("the dead letter comes in time")
    }

    /// Changes rows of something behind the back of the service.
    pub(crate) async fn change(&self, sql: &'static str, id: &str) {
        let mut tx = self.store.begin().await.unwrap();
        let done = sqlx::query(sql).bind(id).execute(tx.conn()).await.unwrap();
        assert!(done.rows_affected() > 0);
        tx.commit().await.unwrap();
    }

    /// Gives events to the intake directly, as after a crash between commit and offset.
    pub(crate) async fn hand(&self, envelopes: &[Envelope], commit: bool) {
        let handler: Arc<dyn Handler> = self.care.handlers().remove(0);
        let mut tx = self.store.begin().await.unwrap();
        handler.handle(&mut tx, envelopes).await.unwrap();
        if commit { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
    }
}

pub(crate) fn organisation(text: &str) -> Organisation {
    (&text.parse::<OrganisationId>().unwrap()).into()
}

pub(crate) fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn by<T>(practitioner: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", practitioner.parse().unwrap());
    request
}

/// A child with a household and an address.
pub(crate) fn child(given: &str, nhs: &str) -> Content {
    let born = |year| Some(Date { year, month: 3, day: 4 });
    Content {
        child: Some(ChildIdentity {
            given_names: given.to_owned(),
            family_name: "Evans".to_owned(),
            date_of_birth: born(2018),
            nhs_number: nhs.to_owned(),
            ..ChildIdentity::default()
        }),
        address: Some(ChildAddress {
            lines: vec!["1 Stryd Fawr".to_owned()],
            postcode: "CF31 1AA".to_owned(),
            ..ChildAddress::default()
        }),
        household: Some(Household {
            people: vec![HouseholdPerson {
                given_names: "Mam".to_owned(),
                family_name: "Evans".to_owned(),
                date_of_birth: born(1990),
                relationship: "mother".to_owned(),
                ..HouseholdPerson::default()
            }],
            ..Household::default()
        }),
        ..Content::default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every content is made where it is given")]
pub(crate) fn referral(case: &str, from: &str, content: Content) -> ItemReleased {
    ItemReleased {
        release_id: format!("release-{case}"),
        item_id: format!("item-{case}"),
        case_id: case.to_owned(),
        kind: ItemKind::Referral.into(),
        recipient: Some(organisation(BRIDGEND)),
        from: Some(organisation(from)),
        revision: 1,
        content: content.encode_to_vec(),
        classes: vec![1, 6, 12],
        withheld_classes: vec![13],
        rule_ids: vec!["R06".to_owned()],
        basis_codes: vec!["sswba-130".to_owned()],
        consent_code: "duty".to_owned(),
        ruleset: "2026-11".to_owned(),
        flow: "concern".to_owned(),
        reference: format!("REF-{case}"),
        report_kind: ReportKind::School.into(),
        urgency: 2,
        harm_suspected: Answer::Yes.into(),
        ..ItemReleased::default()
    }
}

/// The gRPC code and the hub's code of a refusal.
pub(crate) fn refused<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), fault::code_of(&status).unwrap_or_default())
}

/// An event in its envelope, with the id that it always has.
pub(crate) fn envelope<M: Message + Name>(nonce: &str, event: &M, time: Timestamp) -> Envelope {
    let id = event_id(&["test", nonce]);
    wrap(event, &Attributes { id, source: "mash/routing", subject: "case", time, cause: None })
}
