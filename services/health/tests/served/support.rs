//! A hub with only the health service in it, a certificate authority of its own, and a clock that stands still.

use std::{sync::Arc, time::Duration};

use mash_bus::{Bus, BusMessage, testing::published, topics};
use mash_chassis::{CaseSecret, Clock as _, ManualClock, fault, testing::Edge};
use mash_domain::organisation::OrganisationId;
use mash_health::Health;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, EvidenceClass, Photograph, ProfessionalContact},
    envelope::{Attributes, event_id, wrap},
    health::v1::{self as wire, health_service_client::HealthServiceClient},
    referral::v1::{self as referral, ItemKind, ItemReleased, ItemSubmitted},
    r#type::v1::{Answer, Date, Organisation},
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use prost::{Message, Name};
use tonic::{Code, Request, Status, transport::Channel};

pub(crate) const BOARD: &str = "health-board/7A5";
pub(crate) const OTHER_BOARD: &str = "health-board/7A6";
pub(crate) const BRIDGEND: &str = "authority/672";
/// Thursday, 10:00 in Wales.
pub(crate) const START: &str = "2026-11-19T10:00:00Z";
pub(crate) const NUMBER: &str = "9434765919";
const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) health: Health,
    pub(crate) store: Store,
    bus: Arc<dyn Bus>,
    edge: Edge,
    _database: TestDatabase,
}

impl Hub {
    pub(crate) async fn start(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        bus.ensure_topics(&topics::all()).await.unwrap();
        let clock = ManualClock::new(START.parse().unwrap());
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let (time, on) = (Arc::new(clock.clone()), Arc::clone(&bus));
        let health = Health::start(store.clone(), on, time, secret).await.unwrap();
        let edge = Edge::serve("health", |server| server.add_service(health.service())).await;
        let (running, stop) = (health.clone(), edge.shutdown());
        tokio::spawn(async move { running.run(stop).await });
        Self { clock, health, store, bus, edge, _database: database }
    }

    pub(crate) fn later(&self, minutes: i64) {
        self.clock.advance(jiff::SignedDuration::from_mins(minutes));
    }

    pub(crate) fn client(&self, organisation: &str) -> HealthServiceClient<Channel> {
        HealthServiceClient::new(self.edge.channel(organisation))
    }

    /// Publishes to health boards, as routing does.
    pub(crate) async fn publish<M: Message + Name>(&self, nonce: &str, event: &M) {
        let id = event_id(&["test", nonce]);
        let attributes = Attributes {
            id,
            source: "mash/routing",
            subject: "case",
            time: self.clock.now(),
            cause: None,
        };
        let payload = wrap(event, &attributes).encode_to_vec();
        self.publish_bytes(id.to_string(), payload).await;
    }

    pub(crate) async fn publish_bytes(&self, event_id: String, payload: Vec<u8>) {
        let (topic, key) = (topics::DISCLOSED_HEALTH.to_owned(), BOARD.to_owned());
        let message = BusMessage { topic, key, event_id, payload: payload.into() };
        self.bus.publish(&[message]).await.unwrap();
    }

    /// The events of a topic, once there are at least this many, and one too many would have followed.
    pub(crate) async fn published<M: Message + Name + Default>(
        &self,
        topic: &'static str,
        at_least: usize,
    ) -> Vec<M> {
        published(self.bus.as_ref(), topic, at_least).await
    }

    pub(crate) async fn submitted(&self, at_least: usize) -> Vec<ItemSubmitted> {
        self.published(topics::SUBMITTED, at_least).await
    }

    /// Asks again and again until the answer is there.
    pub(crate) async fn until<T>(&self, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let asking = async {
            loop {
                if let Some(answer) = ask().await {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, asking).await.expect("it comes in time")
    }

    /// One team, whose lead is `lead` and whose member is the practitioner `nurse`.
    pub(crate) async fn team(&self, team: wire::Team) {
        let request = wire::SetTeamsRequest {
            request_id: id(),
            version: 0,
            inboxes: vec![inbox(team, &["nurse"])],
            thresholds: None,
        };
        self.client(BOARD).set_teams(by("manager", request)).await.unwrap();
    }

    /// What a practitioner of the board has to see to, on every page.
    pub(crate) async fn prompts(&self, practitioner: &str) -> Vec<wire::Prompt> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = wire::ListPromptsRequest { page_token, ..Default::default() };
            let listed = self.client(BOARD).list_prompts(by(practitioner, request)).await;
            let listed = listed.unwrap().into_inner();
            all.extend(listed.prompts);
            page_token = listed.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Changes one row behind the back of the service.
    pub(crate) async fn change(&self, sql: &'static str) {
        let mut tx = self.store.begin().await.unwrap();
        assert_eq!(sqlx::query(sql).execute(tx.conn()).await.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    /// An authority tells of a child, as routing brings it.
    pub(crate) async fn tell(&self, nonce: &str, item: &ItemReleased) {
        self.publish(nonce, item).await;
    }
}

pub(crate) fn inbox(team: wire::Team, members: &[&str]) -> wire::TeamInbox {
    wire::TeamInbox {
        team: team.into(),
        label: "Team".to_owned(),
        telephone: "01656 000000".to_owned(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        lead: "lead".to_owned(),
        lead_telephone: "01656 000001".to_owned(),
    }
}

pub(crate) fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

pub(crate) fn by<T>(practitioner: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", practitioner.parse().unwrap());
    request
}

pub(crate) fn professional(role: wire::Role) -> Option<wire::Professional> {
    Some(wire::Professional {
        name: "Eleri Prys".to_owned(),
        role: role.into(),
        telephone: "01656 000000".to_owned(),
        practitioner: String::new(),
    })
}

pub(crate) const fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

pub(crate) fn patient() -> Option<wire::Patient> {
    Some(wire::Patient {
        nhs_number: NUMBER.to_owned(),
        given_names: "Carys".to_owned(),
        family_name: "Made-up".to_owned(),
        date_of_birth: date(2019, 3, 4),
    })
}

pub(crate) fn photographs(count: u8) -> Vec<Photograph> {
    let one = |number: u8| Photograph {
        reference: format!("IMG-{number}"),
        media_type: "image/jpeg".to_owned(),
        digest: vec![number; 32],
        description: "left arm".to_owned(),
    };
    (0..count).map(one).collect()
}

/// An injury; explained or not.
pub(crate) fn injury(site: wire::BodySite, explained: Answer, photos: u8) -> wire::BodyMapEntry {
    wire::BodyMapEntry {
        site: site.into(),
        detail: String::new(),
        kind: wire::InjuryKind::Bruise.into(),
        description: "3 cm, blue".to_owned(),
        explanation: "said to be a fall".to_owned(),
        explained: explained.into(),
        photographs: photographs(photos),
    }
}

pub(crate) fn report(kind: referral::ReportKind) -> referral::Report {
    referral::Report {
        form_version: 1,
        kind: kind.into(),
        urgency: referral::Urgency::SameDay.into(),
        child: Some(referral::Subject {
            given_names: "Carys".to_owned(),
            family_name: "Made-up".to_owned(),
            date_of_birth: date(2019, 3, 4),
            nhs_number: NUMBER.to_owned(),
            ..referral::Subject::default()
        }),
        concerns: vec![concern()],
        harm_suspected: Answer::Yes.into(),
        place_authority_code: "672".to_owned(),
        ..referral::Report::default()
    }
}

pub(crate) fn concern() -> referral::Concern {
    referral::Concern {
        what: "bruises that nobody can explain".to_owned(),
        evidence: EvidenceClass::Observation.into(),
        ..referral::Concern::default()
    }
}

pub(crate) fn organisation(text: &str) -> Option<Organisation> {
    Some((&text.parse::<OrganisationId>().unwrap()).into())
}

/// An item of an authority for the board.
pub(crate) fn item(kind: ItemKind, item_id: &str, content: &Content) -> ItemReleased {
    ItemReleased {
        release_id: format!("release-{item_id}"),
        item_id: item_id.to_owned(),
        case_id: "case-1".to_owned(),
        kind: kind.into(),
        recipient: organisation(BOARD),
        from: organisation(BRIDGEND),
        revision: 1,
        content: content.encode_to_vec(),
        flow: "enquiry".to_owned(),
        rule_ids: vec!["R37".to_owned()],
        submit_time: Some(time_to_wire(START.parse().unwrap())),
        ..ItemReleased::default()
    }
}

pub(crate) fn child() -> Option<ChildIdentity> {
    Some(ChildIdentity {
        given_names: "Carys".to_owned(),
        family_name: "Made-up".to_owned(),
        date_of_birth: date(2019, 3, 4),
        nhs_number: NUMBER.to_owned(),
        ..ChildIdentity::default()
    })
}

pub(crate) fn social_worker() -> Option<ProfessionalContact> {
    Some(ProfessionalContact {
        name: "Siân Rees".to_owned(),
        role: "lead-social-worker".to_owned(),
        telephone: "01656 111111".to_owned(),
        ..ProfessionalContact::default()
    })
}

/// The gRPC code and the hub's code of a refusal.
pub(crate) fn refused<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("a refusal");
    (status.code(), fault::code_of(&status).unwrap_or_default())
}

/// The fields and codes of every fault of a refusal.
pub(crate) fn faults<T>(answer: Result<T, Status>) -> Vec<(String, String)> {
    use tonic_types::StatusExt as _;
    let status = answer.err().expect("a refusal");
    assert_eq!(fault::code_of(&status).as_deref(), Some("MASH-H001"), "{}", status.message());
    let details = status.get_error_details();
    let told = details.bad_request().unwrap().field_violations.iter();
    told.map(|fault| (fault.field.clone(), fault.reason.clone())).collect()
}

pub(crate) fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect()
}
