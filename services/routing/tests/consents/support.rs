//! Routing at work, with a case in it, an agreement with a provider, and somebody who reads what the provider gets.

use std::{sync::Arc, time::Duration};

use mash_bus::{Bus, BusMessage, topics};
use mash_chassis::{ManualClock, fault, testing::Edge};
use mash_domain::{incident::CaseId, organisation::OrganisationId};
use mash_policy::Ruleset;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ConsentStopped, Content, DisclosureReleased},
    envelope::{Attributes, event_id, holds, unwrap, wrap},
    event::v1::Envelope,
    police::v1::{Incident, IncidentReported},
    sharing::v1::{
        self as wire, agreement_service_client::AgreementServiceClient,
        consent_service_client::ConsentServiceClient, sharing_service_client::SharingServiceClient,
    },
    r#type::v1 as common,
};
use mash_routing::Routing;
use mash_store::{Dialect, Store, testing::TestDatabase};
use mash_synth::night::Night;
use prost::Message as _;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

pub(crate) const FORCE: &str = "police/62";
pub(crate) const BRIDGEND: &str = "authority/672";
pub(crate) const PROVIDER: &str = "provider/cerrig";

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    edge: Edge,
    pub(crate) database: TestDatabase,
    pub(crate) bus_url: String,
}

/// What a provider was sent.
pub(crate) enum Sent {
    Released(Box<DisclosureReleased>),
    Stopped(ConsentStopped),
}

impl Hub {
    /// On the morning after the night, over the embedded bus.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::start_on(dialect, "embedded").await
    }

    pub(crate) async fn start_on(dialect: Dialect, bus_url: &str) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect(bus_url, &store).await.unwrap();
        bus.ensure_topics(&topics::all()).await.unwrap();
        let clock = ManualClock::new("2026-11-19T08:00:00Z".parse().unwrap());
        let routing = routing(&store, &bus, &clock).await;
        let edge = Edge::serve("routing", |server| {
            server
                .add_service(routing.service())
                .add_service(routing.agreements())
                .add_service(routing.consents())
        })
        .await;
        let stop = edge.shutdown();
        tokio::spawn(async move { routing.run(stop).await });
        let bus_url = bus_url.to_owned();
        Self { clock, store, bus, edge, database, bus_url }
    }

    /// A second process of routing on the same store and bus.
    pub(crate) async fn start_another(&self) {
        let store = self.database.store().await;
        let bus = mash_bus::connect(&self.bus_url, &store).await.unwrap();
        let (routing, stop) = (routing(&store, &bus, &self.clock).await, self.edge.shutdown());
        tokio::spawn(async move { routing.run(stop).await });
    }

    pub(crate) fn at(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }

    fn channel(&self, organisation: &str) -> Channel {
        self.edge.channel(organisation)
    }

    /// Calls the register as this organisation.
    pub(crate) fn of(&self, organisation: &str) -> ConsentServiceClient<Channel> {
        ConsentServiceClient::new(self.channel(organisation))
    }

    /// The decisions about this provider, oldest first: the reasons of a refusal, none for a permit.
    pub(crate) async fn decisions(&self, case: CaseId) -> Vec<Vec<String>> {
        let request = wire::ListDecisionsRequest { incident: case.name(), ..Default::default() };
        let mut client = SharingServiceClient::new(self.channel(FORCE));
        let decisions = client.list_decisions(by("p1", request)).await.unwrap().into_inner();
        let about = decisions.decisions.into_iter().filter(|it| it.duty_kind == "advocate");
        about.map(|decision| decision.reason_codes).collect()
    }

    /// An agreement with the provider, signed by both, until the end of March.
    pub(crate) async fn agree(&self) {
        let draft = AgreementServiceClient::new(self.channel(FORCE))
            .propose_agreement(by(
                "p1",
                wire::ProposeAgreementRequest { request_id: id(), terms: Some(terms()) },
            ))
            .await
            .unwrap()
            .into_inner()
            .agreement
            .unwrap();
        for party in [FORCE, PROVIDER] {
            let request = wire::SignAgreementRequest {
                request_id: id(),
                name: draft.name.clone(),
                digest: draft.digest.clone(),
                role: wire::SignatoryRole::CaldicottGuardian.into(),
            };
            AgreementServiceClient::new(self.channel(party))
                .sign_agreement(by("p1", request))
                .await
                .unwrap();
        }
    }

    /// A force reports this revision of the case, and routing has taken it in.
    pub(crate) async fn report(&self, case: CaseId, revision: i32) {
        self.publish(case, incident(revision)).await;
        for _ in 0..2_000 {
            let mut conn = self.store.read().await.unwrap();
            let row = sqlx::query("SELECT revision FROM routing_cases WHERE case_id = $1")
                .bind(case.to_string())
                .fetch_optional(&mut *conn)
                .await
                .unwrap();
            if row.is_some_and(|row| sqlx::Row::get::<i64, _>(&row, 0) >= i64::from(revision)) {
                return;
            }
            drop(conn);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("routing does not take the report in");
    }

    pub(crate) async fn publish(&self, case: CaseId, incident: Incident) {
        let revision = incident.revision.to_string();
        let case_id = case.to_string();
        let event = IncidentReported { case_id: case_id.clone(), incident: Some(incident) };
        let id = event_id(&["incident-reported", &case_id, &revision]);
        let time = "2026-11-19T02:00:00Z".parse().unwrap();
        let attributes =
            Attributes { id, source: "mash/police", subject: &case_id, time, cause: None };
        let message = BusMessage {
            topic: topics::SUBMITTED.to_owned(),
            key: case_id.clone(),
            event_id: id.to_string(),
            payload: wrap(&event, &attributes).encode_to_vec().into(),
        };
        self.bus.publish(&[message]).await.unwrap();
    }

    /// What the provider was sent until the bus is quiet, with its position.
    pub(crate) async fn sent(&self) -> Vec<(i64, Sent)> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let group = format!("reader-{}", id());
        let topic = [topics::DISCLOSED_PROVIDER];
        let total = self.bus.lag(&group, &topic).await.unwrap();
        let mut reader = self.bus.subscribe(&group, &topic).await.unwrap();
        let mut sent = Vec::new();
        while u64::try_from(sent.len()).unwrap() < total {
            let batch = tokio::time::timeout(Duration::from_secs(20), reader.next_batch(500));
            for delivery in batch.await.unwrap().unwrap() {
                assert_eq!(delivery.key, PROVIDER);
                let envelope = Envelope::decode(delivery.payload).unwrap();
                let event = if holds::<DisclosureReleased>(&envelope) {
                    Sent::Released(Box::new(unwrap(&envelope).unwrap()))
                } else {
                    Sent::Stopped(unwrap(&envelope).unwrap())
                };
                sent.push((delivery.offset, event));
            }
        }
        reader.leave().await;
        sent
    }

    /// In words: what was sent, in order.
    pub(crate) async fn story(&self) -> Vec<String> {
        let told = |sent: &Sent| match sent {
            Sent::Released(released) => {
                let content = Content::decode(released.content.as_slice()).unwrap();
                assert!(content.child.is_some() && content.address.is_none());
                format!("revision {} {:?}", released.revision, released.classes)
            }
            Sent::Stopped(stopped) => format!("stop: {}", stopped.reason_code),
        };
        self.sent().await.iter().map(|(_, sent)| told(sent)).collect()
    }

    pub(crate) async fn record(
        &self,
        organisation: &str,
        request: wire::RecordConsentRequest,
    ) -> Result<wire::Consent, Status> {
        let answer = self.of(organisation).record_consent(by("p1", request)).await?;
        Ok(answer.into_inner().consent.unwrap())
    }

    pub(crate) async fn withdraw(
        &self,
        organisation: &str,
        consent: &wire::Consent,
    ) -> Result<wire::WithdrawConsentResponse, Status> {
        let request = withdrawal(consent);
        Ok(self.of(organisation).withdraw_consent(by("p1", request)).await?.into_inner())
    }
}

async fn routing(store: &Store, bus: &Arc<dyn Bus>, clock: &ManualClock) -> Routing {
    let ruleset = Ruleset::builtin().unwrap();
    let clock = Arc::new(clock.clone());
    Routing::start(store.clone(), Arc::clone(bus), clock, ruleset, &[7; 32]).await.unwrap()
}

pub(crate) fn case(number: u8) -> CaseId {
    CaseId::from_mac(&[number; 32])
}

/// The first incident of the night; each revision tells of other circumstances.
pub(crate) fn incident(revision: i32) -> Incident {
    let mut incident = Night::new().incident("I1").unwrap().first.clone();
    incident.revision = revision;
    incident.narrative = format!("{} Revision {revision}.", incident.narrative);
    incident
}

pub(crate) fn child_ref() -> String {
    incident(1).children[0].r#ref.clone()
}

pub(crate) fn withdrawal(consent: &wire::Consent) -> wire::WithdrawConsentRequest {
    wire::WithdrawConsentRequest {
        request_id: id(),
        name: consent.name.clone(),
        giver: wire::ConsentGiver::Parent.into(),
    }
}

/// A parent agrees to the provider, until the new year.
pub(crate) fn given(case: CaseId) -> wire::RecordConsentRequest {
    wire::RecordConsentRequest {
        request_id: id(),
        incident: case.name(),
        child_ref: child_ref(),
        outcome: wire::ConsentOutcome::Given.into(),
        giver: wire::ConsentGiver::Parent.into(),
        information: vec![wire::ConsentInformation::Child.into()],
        services: vec![service(PROVIDER)],
        flows: vec!["advocate".to_owned()],
        evidence: Some(evidence()),
        until_time: Some(time_to_wire("2027-01-01T00:00:00Z".parse().unwrap())),
        unsafe_reason: 0,
    }
}

pub(crate) fn refused_by_parent(case: CaseId) -> wire::RecordConsentRequest {
    let outcome = wire::ConsentOutcome::Refused.into();
    wire::RecordConsentRequest { outcome, until_time: None, ..given(case) }
}

pub(crate) fn view(case: CaseId, view: wire::ConsentView) -> wire::RecordChildViewRequest {
    wire::RecordChildViewRequest {
        request_id: id(),
        incident: case.name(),
        child_ref: child_ref(),
        view: view.into(),
        competent: common::Answer::Yes.into(),
        assessor: wire::CompetenceAssessor::SocialWorker.into(),
        services: vec![service(PROVIDER)],
        flows: vec!["advocate".to_owned()],
        evidence: Some(evidence()),
    }
}

pub(crate) fn service(organisation: &str) -> wire::ConsentedService {
    let organisation: OrganisationId = organisation.parse().unwrap();
    let service = wire::consented_service::Service::Organisation((&organisation).into());
    wire::ConsentedService { service: Some(service) }
}

pub(crate) fn evidence() -> wire::ConsentEvidence {
    wire::ConsentEvidence {
        kind: wire::EvidenceKind::SignedForm.into(),
        reference: "SW/2026/0042".to_owned(),
        taken_by: String::new(),
    }
}

fn terms() -> wire::AgreementTerms {
    let party = |organisation: &str, role: wire::AgreementPartyRole| {
        let organisation: OrganisationId = organisation.parse().unwrap();
        wire::AgreementParty { organisation: Some((&organisation).into()), role: role.into() }
    };
    let one = |organisation: &str| {
        let organisation: OrganisationId = organisation.parse().unwrap();
        let selector = wire::party_selector::Selector::Organisation((&organisation).into());
        wire::PartySelector { selector: Some(selector) }
    };
    let day = |year, month, day| Some(common::Date { year, month, day });
    wire::AgreementTerms {
        kind: wire::AgreementKind::InformationSharingProtocol.into(),
        title: "Advocacy for children".to_owned(),
        title_cy: "Eiriolaeth i blant".to_owned(),
        reference: "WASPI/2026/031".to_owned(),
        parties: vec![
            party(FORCE, wire::AgreementPartyRole::Discloser),
            party(PROVIDER, wire::AgreementPartyRole::Recipient),
        ],
        clauses: vec![wire::AgreementClause {
            id: "4.2".to_owned(),
            flow: "advocate".to_owned(),
            data_classes: vec![1, 3, 4, 17],
            frequency: wire::AgreementFrequency::PerEvent.into(),
            from: vec![one(FORCE)],
            to: vec![one(PROVIDER)],
            basis_codes: vec!["uk-gdpr-6-1-e".to_owned()],
            purpose: String::new(),
        }],
        valid_from: day(2026, 4, 1),
        valid_until: day(2027, 3, 31),
        supersedes: String::new(),
    }
}

pub(crate) fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// On behalf of a person.
pub(crate) fn by<T>(practitioner: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", practitioner.parse().unwrap());
    request
}

/// The code of a refusal, and the `MASH-` code in it.
pub(crate) fn refused<T>(outcome: Result<T, Status>) -> (Code, String) {
    let Err(status) = outcome else { panic!("it was not refused") };
    (status.code(), fault::code_of(&status).unwrap_or_default())
}

/// The fields that a refusal names, with their codes.
pub(crate) fn faults<T>(outcome: Result<T, Status>) -> Vec<(String, String)> {
    let Err(status) = outcome else { panic!("it was not refused") };
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|it| (it.field.clone(), it.reason.clone())).collect()
}
