//! A hub of one service, and what tests say to it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mash_bus::{Bus, BusMessage, topics};
use mash_chassis::{CaseSecret, Clock, ManualClock, fault, testing::Edge};
use mash_police::{Police, PoliceConfig};
use mash_proto::{
    convert::time_to_wire,
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    police::v1::{self as wire, police_service_client::PoliceServiceClient},
    r#type::v1 as common,
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::{Message, Name};
use tokio::time::Instant;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

pub(crate) type Client = PoliceServiceClient<Channel>;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) police: Arc<Police>,
    edge: Edge,
    database: Arc<TestDatabase>,
}

impl Hub {
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::start_with(dialect, 4_096).await
    }

    pub(crate) async fn start_with(dialect: Dialect, queue: usize) -> Self {
        Self::on(Arc::new(TestDatabase::create(dialect).await), queue).await
    }

    /// Another process of the same service on the same database.
    pub(crate) async fn replica(&self) -> Self {
        Self::on(Arc::clone(&self.database), 4_096).await
    }

    async fn on(database: Arc<TestDatabase>, queue: usize) -> Self {
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        bus.ensure_topics(&topics::all()).await.unwrap();
        let clock = ManualClock::new("2026-11-18T02:30:00Z".parse().unwrap());
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let config = PoliceConfig { queue, ..PoliceConfig::new(secret) };
        let police =
            Police::start(store.clone(), Arc::clone(&bus), Arc::new(clock.clone()), config);
        let police = Arc::new(police.await.unwrap());
        let edge = Edge::serve("police", |server| {
            server.add_service(police.service()).add_service(police.protection())
        })
        .await;
        let (runner, stop) = (Arc::clone(&police), edge.shutdown());
        tokio::spawn(async move { runner.run(stop).await });
        Self { clock, store, bus, police, edge, database }
    }

    /// A client of this organisation, with a certificate of its own.
    pub(crate) fn client(&self, organisation: &str) -> Client {
        PoliceServiceClient::new(self.channel(organisation))
    }

    /// A connection of this organisation, with a certificate of its own.
    pub(crate) fn channel(&self, organisation: &str) -> Channel {
        self.edge.channel(organisation)
    }

    /// Publishes an event as another service would.
    pub(crate) async fn publish<M: Message + Name>(
        &self,
        topic: &str,
        key: &str,
        identity: &str,
        event: &M,
    ) {
        let id = event_id(&[identity]);
        let attributes = Attributes {
            id,
            source: "mash/test",
            subject: key,
            time: self.clock.now(),
            cause: None,
        };
        let payload = wrap(event, &attributes).encode_to_vec().into();
        let message = BusMessage {
            topic: topic.to_owned(),
            key: key.to_owned(),
            event_id: id.to_string(),
            payload,
        };
        self.bus.publish(&[message]).await.unwrap();
    }

    /// The events on a topic once there are at least so many, by their type.
    pub(crate) async fn events(&self, topic: &'static str, count: usize) -> Vec<Envelope> {
        let group = format!("test-{}", uuid::Uuid::new_v4());
        let mut subscription = self.bus.subscribe(&group, &[topic]).await.unwrap();
        let mut events = Vec::new();
        // A little longer than it takes, so that one too many is seen as well.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let wait = if events.len() < count {
                deadline
            } else {
                Instant::now() + Duration::from_millis(300)
            };
            match tokio::time::timeout_at(wait, subscription.next_batch(500)).await {
                Ok(batch) => events.extend(
                    batch
                        .unwrap()
                        .into_iter()
                        .map(|delivery| Envelope::decode(delivery.payload).unwrap()),
                ),
                Err(_) => return events,
            }
        }
    }

    /// Everything that is known of the caller's reports: child and kind of duty, against what became of it.
    pub(crate) async fn outcomes(&self, client: &mut Client) -> BTreeMap<String, wire::Outcome> {
        let request = wire::WatchOutcomesRequest { incident: String::new(), snapshot_only: true };
        let mut stream = client.watch_outcomes(by(request)).await.unwrap().into_inner();
        let mut outcomes = BTreeMap::new();
        while let Some(response) = stream.message().await.unwrap() {
            let outcome = response.outcome.unwrap();
            outcomes.insert(outcome.duty.clone(), outcome);
        }
        outcomes
    }

    /// Waits until this duty stands where it should.
    pub(crate) async fn until(
        &self,
        client: &mut Client,
        duty: &str,
        state: &str,
    ) -> wire::Outcome {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = self.outcomes(client).await.remove(duty);
            let now = outcome.as_ref().map(|outcome| outcome.state().as_str_name());
            if now == Some(state) {
                return outcome.unwrap();
            }
            assert!(Instant::now() < deadline, "{duty} is {now:?} and not {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A request on behalf of a practitioner.
pub(crate) fn by<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", "PC-4711".parse().unwrap());
    request
}

pub(crate) fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn time(text: &str) -> Option<prost_types::Timestamp> {
    Some(time_to_wire(text.parse().unwrap()))
}

pub(crate) fn child(reference: &str, given_names: &str) -> wire::Child {
    wire::Child {
        r#ref: reference.into(),
        given_names: given_names.into(),
        family_name: "Morgan".into(),
        date_of_birth: Some(common::Date { year: 2018, month: 3, day: 4 }),
        present: common::Answer::Yes.into(),
        welfare_check: common::Answer::Yes.into(),
        voice: Some(wire::Voice {
            spoken_to: common::Answer::No.into(),
            alone: common::Answer::Unknown.into(),
            not_spoken_to_reason: "asleep".into(),
            ..wire::Voice::default()
        }),
        ..wire::Child::default()
    }
}

/// A valid incident of South Wales with two children.
pub(crate) fn incident(occurrence_number: &str) -> wire::Incident {
    wire::Incident {
        occurrence_number: occurrence_number.into(),
        force_code: "62".into(),
        attended_time: time("2026-11-18T02:10:00Z"),
        adults: vec![wire::Adult {
            r#ref: "a1".into(),
            family_name: "Morgan".into(),
            role: wire::AdultRole::Suspect.into(),
            ..wire::Adult::default()
        }],
        children: vec![child("c1", "Carys"), child("c2", "Cerys")],
        dash_risk: wire::DashRisk::Medium.into(),
        r#type: wire::IncidentType::Verbal.into(),
        narrative: "An argument.".into(),
        parent_contact_advice: wire::ParentContactAdvice::None.into(),
        collection_risk: common::Answer::No.into(),
        ..wire::Incident::default()
    }
}

pub(crate) fn report(
    request_id: &str,
    incident: wire::Incident,
) -> Request<wire::ReportDomesticAbuseIncidentRequest> {
    let (request_id, incident) = (request_id.to_owned(), Some(incident));
    by(wire::ReportDomesticAbuseIncidentRequest { request_id, incident })
}

/// Reports the incident and returns it as stored.
pub(crate) async fn reported(client: &mut Client, incident: wire::Incident) -> wire::Incident {
    let response = client.report_domestic_abuse_incident(report(&id(), incident)).await.unwrap();
    response.into_inner().incident.unwrap()
}

/// The opaque id in the name of an incident.
pub(crate) fn case_of(incident: &wire::Incident) -> String {
    incident.name.strip_prefix("incidents/").unwrap().to_owned()
}

/// The code and reason of a refusal.
pub(crate) fn told<T>(result: Result<T, Status>) -> (Code, String) {
    let status = result.err().unwrap();
    (status.code(), fault::code_of(&status).unwrap_or_default())
}

/// The field and code of every violation.
pub(crate) fn violations<T>(result: Result<T, Status>) -> Vec<(String, String)> {
    let status = result.err().unwrap();
    assert_eq!(status.code(), Code::InvalidArgument, "{}", status.message());
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|one| (one.field.clone(), one.reason.clone())).collect()
}
