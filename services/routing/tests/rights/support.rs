//! A hub with routing and a ledger, into which one incident of two children was reported.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_audit::{Audit, LedgerGrpc, Signer};
use mash_bus::Handler as _;
use mash_chassis::{ManualClock, fault, testing::Edge};
use mash_domain::incident::CaseId;
use mash_ledger::{Checkpoint, Entry, Hash, Note, SigningKey, Use, hash, proof};
use mash_policy::Ruleset;
use mash_proto::{
    audit::v1::{ProveCasesRequest, ProveCasesResponse, ledger_service_server::LedgerService as _},
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, Narrative, ProfessionalContact},
    envelope::{Attributes, event_id, wrap},
    police::v1::IncidentReported,
    referral::v1::{ItemKind, ItemSubmitted, StatedFacts},
    sharing::v1::{
        self as wire, ChildSelector, Decision, HarmOutcome,
        break_glass_service_client::BreakGlassServiceClient, child_selector::Child,
        rights_service_client::RightsServiceClient, sharing_service_client::SharingServiceClient,
    },
    r#type::v1::Answer,
};
use mash_routing::{
    Routing,
    app::effects::Effects,
    events::Cases,
    items::handler::Items,
    pseudonym::Pseudonymiser,
    rights::CaseProofs,
    rulesets::Rulesets,
    store::{save::save, subjects},
    world::World,
};
use mash_store::{Dialect, Store, evidence, testing::TestDatabase};
use mash_synth::night::Night;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

pub(crate) const FORCE: &str = "police/62";
pub(crate) const OTHER_FORCE: &str = "police/61";
pub(crate) const AUTHORITY: &str = "authority/672";
pub(crate) const BOARD: &str = "health-board/7A5";
pub(crate) const SCHOOL: &str = "school/6722951";
pub(crate) const OFFICER: &str = "dpo-1";
const ORIGIN: &str = "ledger.example/tests";
const SECRET: [u8; 32] = [7; 32];

pub(crate) type Client = RightsServiceClient<Channel>;

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) case: CaseId,
    /// The NHS numbers of the two children.
    pub(crate) numbers: [String; 2],
    edge: Edge,
    database: TestDatabase,
}

struct LedgerProofs(LedgerGrpc);

#[async_trait]
impl CaseProofs for LedgerProofs {
    async fn prove(&self, case_ids: Vec<String>) -> Result<ProveCasesResponse, Status> {
        let request = Request::new(ProveCasesRequest { case_ids });
        Ok(self.0.prove_cases(request).await?.into_inner())
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, Use::Note, [1; 32]).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Hub {
    /// On the morning after the night, with an officer at the force.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.sealed_store().await;
        let clock = ManualClock::new(at("2026-11-20T09:00:00Z"));
        let edge = serve(&store, &clock).await;
        let case = CaseId::from_mac(&[7; 32]);
        let numbers = [String::new(), String::new()];
        let mut hub = Self { clock, store, case, numbers, edge, database };
        hub.report().await;
        hub.appoint(FORCE).await;
        hub
    }

    /// The process is gone without a word, and another one stands on what it has left.
    pub(crate) async fn restart(&mut self) {
        self.store = self.database.sealed_store().await;
        self.edge = serve(&self.store, &self.clock).await;
    }

    /// Another process beside it, over the same database.
    pub(crate) async fn replica(&self) -> Edge {
        serve(&self.database.sealed_store().await, &self.clock).await
    }

    /// A child with this number is referred by a health board. The name of the referral.
    pub(crate) async fn refer(&self, number: &str) -> String {
        self.submit(number, 8, "concern").await
    }

    /// A health board asks for help for a child with this number, which nobody has agreed to yet: routing keeps what it
    /// may have to release later.
    pub(crate) async fn ask_for_help(&self, number: &str) -> String {
        self.submit(number, 9, "early-help").await
    }

    async fn submit(&self, number: &str, seed: u8, flow: &str) -> String {
        let mut mac = [seed; 32];
        mac[..number.len()].copy_from_slice(number.as_bytes());
        let case = CaseId::from_mac(&mac).to_string();
        let harm = if flow == "concern" { Answer::Yes } else { Answer::No };
        let from: mash_domain::organisation::OrganisationId = BOARD.parse().unwrap();
        let item = ItemSubmitted {
            case_id: case.clone(),
            item_id: event_id(&["item", &case]).to_string(),
            revision: 1,
            kind: ItemKind::Referral.into(),
            flow: flow.to_owned(),
            from: Some((&from).into()),
            place_authority_code: "672".to_owned(),
            home_authority_code: "672".to_owned(),
            content: Some(Content {
                child: Some(ChildIdentity {
                    given_names: "Cadi".to_owned(),
                    nhs_number: number.to_owned(),
                    ..ChildIdentity::default()
                }),
                narrative: Some(Narrative {
                    circumstances: format!("Bruises on {number}."),
                    ..Narrative::default()
                }),
                officer: Some(ProfessionalContact::default()),
                ..Content::default()
            }),
            facts: Some(StatedFacts {
                child_under_18: true,
                harm_suspected: harm.into(),
                ..StatedFacts::default()
            }),
            submit_time: Some(time_to_wire(at("2026-11-19T08:00:00Z"))),
            ..ItemSubmitted::default()
        };
        let id = event_id(&["submitted", &case]);
        let time = at("2026-11-19T08:00:00Z");
        let attributes = Attributes { id, source: "mash/tests", subject: &case, time, cause: None };
        let items = Items {
            pseudonymiser: Pseudonymiser::new(&SECRET),
            rulesets: Arc::new(Rulesets::default()),
            clock: Arc::new(ManualClock::new(time)),
        };
        let mut tx = self.store.begin().await.unwrap();
        items.handle(&mut tx, &[wrap(&item, &attributes)]).await.unwrap();
        tx.commit().await.unwrap();
        format!("referrals/{case}")
    }

    /// An incident with two children of known numbers, taken in as the bus brings it.
    async fn report(&mut self) {
        let mut incident = Night::new()
            .incidents
            .iter()
            .map(|incident| incident.first.clone())
            .find(|incident| {
                let known = incident.children.iter().filter(|child| !child.nhs_number.is_empty());
                incident.force_code == "62" && known.count() >= 2
            })
            .unwrap();
        incident.children.retain(|child| !child.nhs_number.is_empty());
        incident.children.truncate(2);
        let kept: Vec<String> = incident.children.iter().map(|it| it.r#ref.clone()).collect();
        for adult in &mut incident.adults {
            adult.relationships.retain(|it| kept.contains(&it.child_ref));
        }
        self.numbers = [0, 1].map(|place| incident.children[place].nhs_number.clone());
        incident.revision = 1;
        incident.reported_time = Some(time_to_wire(at("2026-11-19T02:10:00Z")));
        let case = self.case.to_string();
        let event = IncidentReported { case_id: case.clone(), incident: Some(incident) };
        self.take_in(&event, "reported").await;
    }

    /// Takes in an event about the case, as the bus brings it.
    pub(crate) async fn take_in<M: prost::Message + prost::Name>(&self, event: &M, nonce: &str) {
        let case = self.case.to_string();
        let id = event_id(&[nonce, &case]);
        let time = at("2026-11-19T02:10:00Z");
        let attributes = Attributes { id, source: "mash/tests", subject: &case, time, cause: None };
        let cases = Cases {
            pseudonymiser: Pseudonymiser::new(&SECRET),
            rulesets: Arc::new(Rulesets::default()),
            clock: Arc::new(ManualClock::new(time)),
        };
        let mut tx = self.store.begin().await.unwrap();
        cases.handle(&mut tx, &[wrap(event, &attributes)]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Puts decisions on record, as routing does.
    pub(crate) async fn decide(&self, decisions: Vec<Decision>) {
        let mut effects = Effects::default();
        effects.decisions = decisions;
        let mut tx = self.store.begin().await.unwrap();
        save(&mut tx, &World::default(), &effects).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Another child of another force, known by this number.
    pub(crate) async fn elsewhere(&self, number: &str) {
        let keys = Pseudonymiser::new(&SECRET);
        let child = subjects::CaseChild {
            case_id: CaseId::from_mac(&[9; 32]).to_string(),
            child_ref: "c1".to_owned(),
        };
        let key = keys.nhs_number(&number.parse().unwrap()).as_str().to_owned();
        let mut tx = self.store.begin().await.unwrap();
        let known = [subjects::Known { key, child }].into_iter().collect();
        subjects::put(&mut tx, &known).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn of(&self, organisation: &str) -> Client {
        RightsServiceClient::new(self.edge.channel(organisation))
            .max_decoding_message_size(64 << 20)
    }

    pub(crate) fn glass(&self, organisation: &str) -> BreakGlassServiceClient<Channel> {
        BreakGlassServiceClient::new(self.edge.channel(organisation))
    }

    pub(crate) fn decisions(&self, organisation: &str) -> SharingServiceClient<Channel> {
        SharingServiceClient::new(self.edge.channel(organisation))
    }

    pub(crate) async fn appoint(&self, organisation: &str) {
        let request = wire::SetOfficerRequest {
            request_id: id(),
            practitioner: OFFICER.to_owned(),
            appointed: true,
        };
        self.of(organisation).set_officer(by("head-1", request)).await.unwrap();
    }

    /// Until the ledger has everything that was written.
    pub(crate) async fn settled(&self) {
        for _ in 0..600 {
            if evidence::take(&self.store, "routing", 1).await.unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the ledger did not take what was written");
    }

    pub(crate) async fn ask(
        &self,
        organisation: &str,
        child: Child,
    ) -> Result<wire::SubjectAccess, Status> {
        let request = wire::RequestSubjectAccessRequest {
            request_id: id(),
            child: Some(ChildSelector { child: Some(child) }),
            received_date: None,
        };
        let answer = self.of(organisation).request_subject_access(by(OFFICER, request)).await?;
        Ok(answer.into_inner().subject_access.unwrap())
    }

    pub(crate) async fn assemble(
        &self,
        organisation: &str,
        name: &str,
    ) -> Result<wire::SubjectAccess, Status> {
        self.settled().await;
        let request =
            wire::AssembleSubjectAccessRequest { request_id: id(), name: name.to_owned() };
        let answer = self.of(organisation).assemble_subject_access(by(OFFICER, request)).await?;
        Ok(answer.into_inner().subject_access.unwrap())
    }

    pub(crate) async fn test(
        &self,
        organisation: &str,
        (name, line): (&str, i32),
        outcome: HarmOutcome,
    ) -> Result<wire::SubjectAccess, Status> {
        let request = wire::ApplyHarmTestRequest {
            request_id: id(),
            name: name.to_owned(),
            line,
            outcome: outcome.into(),
            reason: "Read with the social worker who knows her.".to_owned(),
        };
        let answer = self.of(organisation).apply_harm_test(by(OFFICER, request)).await?;
        Ok(answer.into_inner().subject_access.unwrap())
    }

    pub(crate) async fn release(
        &self,
        organisation: &str,
        name: &str,
    ) -> Result<wire::SubjectAccess, Status> {
        let request = wire::ReleaseSubjectAccessRequest { request_id: id(), name: name.to_owned() };
        let answer = self.of(organisation).release_subject_access(by(OFFICER, request)).await?;
        Ok(answer.into_inner().subject_access.unwrap())
    }

    pub(crate) async fn get(
        &self,
        organisation: &str,
        name: &str,
    ) -> Result<wire::GetSubjectAccessResponse, Status> {
        let request = wire::GetSubjectAccessRequest { name: name.to_owned() };
        let answer = self.of(organisation).get_subject_access(by(OFFICER, request)).await?;
        Ok(answer.into_inner())
    }

    /// Asked for and put together, with its record.
    pub(crate) async fn assembled(
        &self,
        organisation: &str,
        child: Child,
    ) -> (String, wire::AccessRecord) {
        let name = self.ask(organisation, child).await.unwrap().name;
        self.assemble(organisation, &name).await.unwrap();
        let record = self.get(organisation, &name).await.unwrap().record.unwrap();
        (name, record)
    }
}

/// Serves routing, with a ledger in the same database.
async fn serve(store: &Store, clock: &ManualClock) -> Edge {
    let bus = mash_bus::connect("embedded", store).await.unwrap();
    bus.ensure_topics(&mash_bus::topics::all()).await.unwrap();
    let now = || Arc::new(clock.clone());
    let signer = Signer::new(vec![key()], Vec::new()).unwrap();
    let audit = Audit::start(store.clone(), bus.clone(), now(), signer).await.unwrap();
    let ruleset = Ruleset::builtin().unwrap();
    let routing = Routing::start(store.clone(), bus, now(), ruleset, &SECRET).await.unwrap();
    let routing = routing
        .with_ledger(audit.ledger(), Duration::from_secs(600))
        .with_proofs(Arc::new(LedgerProofs(audit.grpc())));
    let edge = Edge::serve("routing", |server| {
        server
            .add_service(routing.service())
            .add_service(routing.rights())
            .add_service(routing.break_glass())
    })
    .await;
    let stop = edge.shutdown();
    tokio::spawn(async move { routing.run(stop).await });
    edge
}

/// Checks the proof of a line against the record's checkpoint, as somebody does who has nothing but the ledger's key.
pub(crate) fn proved(record: &wire::AccessRecord, line: &wire::AccessLine) -> Entry {
    let keys = [key().verifier().clone()];
    let note = Note::parse(&record.checkpoint).unwrap();
    let says = Checkpoint::verified(&note, ORIGIN, &keys).unwrap();
    let found = line.proof.as_ref().unwrap();
    let path: Vec<Hash> = found.hashes.iter().map(|it| Hash::from_slice(it).unwrap()).collect();
    let leaf = hash::leaf(&found.entry);
    let index = u64::try_from(found.index).unwrap();
    assert_eq!(says.size, u64::try_from(record.ledger_size).unwrap());
    proof::inclusion(index, says.size, &leaf, &path, &says.root).unwrap();
    Entry::decode(&found.entry).unwrap()
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

/// The code of a refusal, the `MASH-` code in it, and its text.
pub(crate) fn refused<T>(outcome: Result<T, Status>) -> (Code, String, String) {
    let Err(status) = outcome else { panic!("it was not refused") };
    let code = fault::code_of(&status).unwrap_or_default();
    (status.code(), code, status.message().to_owned())
}

/// Each field at fault, with its code.
pub(crate) fn faults<T>(outcome: Result<T, Status>) -> Vec<(String, String)> {
    let Err(status) = outcome else { panic!("it was not refused") };
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.clone();
    violations.into_iter().map(|it| (it.field, it.reason)).collect()
}
