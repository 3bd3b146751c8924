//! A hub with only routing in it, a certificate authority of its own, and a clock that stands still.

use std::sync::Arc;

use mash_bus::Bus;
use mash_chassis::{ManualClock, fault, testing::Edge};
use mash_domain::organisation::OrganisationId;
use mash_policy::Ruleset;
use mash_proto::{
    sharing::v1::{
        self as wire, agreement_service_client::AgreementServiceClient,
        ruleset_service_client::RulesetServiceClient, sharing_service_client::SharingServiceClient,
    },
    r#type::v1 as common,
};
use mash_routing::{
    Routing,
    rulesets::{Prover, Unproved},
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use tonic::{Code, Request, Status, transport::Channel};

pub(crate) const FORCE: &str = "police/62";
pub(crate) const BOARD: &str = "health-board/7A5";
pub(crate) const BRIDGEND: &str = "authority/672";
pub(crate) const OPERATOR: &str = "operator/hub";

pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    edge: Edge,
    _database: TestDatabase,
}

/// Takes every promise for kept: what is proved is shown elsewhere.
struct Willing;

#[async_trait::async_trait]
impl Prover for Willing {
    async fn prove(&self, _ruleset: Arc<Ruleset>) -> Result<(), Unproved> {
        Ok(())
    }
}

impl Hub {
    /// On the first of May, at noon.
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::with(dialect, false).await
    }

    /// As [`Hub::start`], taking in and publishing, with a prover that takes every promise for kept.
    pub(crate) async fn running(dialect: Dialect) -> Self {
        Self::with(dialect, true).await
    }

    async fn with(dialect: Dialect, runs: bool) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        bus.ensure_topics(&mash_bus::topics::all()).await.unwrap();
        let clock = ManualClock::new("2026-05-01T11:00:00Z".parse().unwrap());
        let ruleset = Ruleset::builtin().unwrap();
        let now = Arc::new(clock.clone());
        let routing = Routing::start(store.clone(), bus.clone(), now, ruleset, &[7; 32]).await;
        let mut routing = routing.unwrap();
        if runs {
            routing = routing.with_prover(Arc::new(Willing));
        }
        let edge = Edge::serve("routing", |server| {
            server
                .add_service(routing.service())
                .add_service(routing.ruleset_versions())
                .add_service(routing.agreements())
        })
        .await;
        let stop = edge.shutdown();
        if runs {
            tokio::spawn(async move { routing.run(stop).await });
        }
        Self { clock, store, bus, edge, _database: database }
    }

    pub(crate) fn at(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }

    /// Calls as this organisation.
    pub(crate) fn of(&self, organisation: &str) -> AgreementServiceClient<Channel> {
        AgreementServiceClient::new(self.channel(organisation))
    }

    /// Asks about the rules as this organisation.
    pub(crate) fn rules(&self, organisation: &str) -> RulesetServiceClient<Channel> {
        RulesetServiceClient::new(self.channel(organisation))
    }

    /// Asks for decisions as this organisation.
    pub(crate) fn decisions(&self, organisation: &str) -> SharingServiceClient<Channel> {
        SharingServiceClient::new(self.channel(organisation))
    }

    fn channel(&self, organisation: &str) -> Channel {
        self.edge.channel(organisation)
    }

    pub(crate) async fn propose(
        &self,
        organisation: &str,
        terms: wire::AgreementTerms,
    ) -> Result<wire::Agreement, Status> {
        let request = wire::ProposeAgreementRequest { request_id: id(), terms: Some(terms) };
        let answer = self.of(organisation).propose_agreement(by("p1", request)).await?;
        Ok(answer.into_inner().agreement.unwrap())
    }

    pub(crate) async fn sign(
        &self,
        organisation: &str,
        agreement: &wire::Agreement,
    ) -> Result<wire::Agreement, Status> {
        let request = signing(agreement);
        let answer = self.of(organisation).sign_agreement(by("p1", request)).await?;
        Ok(answer.into_inner().agreement.unwrap())
    }

    pub(crate) async fn terminate(
        &self,
        organisation: &str,
        agreement: &wire::Agreement,
    ) -> Result<wire::Agreement, Status> {
        let request = wire::TerminateAgreementRequest {
            request_id: id(),
            name: agreement.name.clone(),
            reason: wire::TerminationReason::LawChanged.into(),
        };
        let answer = self.of(organisation).terminate_agreement(by("p1", request)).await?;
        Ok(answer.into_inner().agreement.unwrap())
    }

    pub(crate) async fn get(
        &self,
        organisation: &str,
        agreement: &wire::Agreement,
    ) -> Result<wire::Agreement, Status> {
        let request = wire::GetAgreementRequest { name: agreement.name.clone() };
        let answer = self.of(organisation).get_agreement(request).await?;
        Ok(answer.into_inner().agreement.unwrap())
    }

    pub(crate) async fn list(&self, organisation: &str) -> Vec<String> {
        let request = wire::ListAgreementsRequest::default();
        let answer = self.of(organisation).list_agreements(request).await.unwrap();
        answer.into_inner().agreements.into_iter().map(|agreement| agreement.name).collect()
    }

    /// An agreement that both have signed.
    pub(crate) async fn live(&self, terms: wire::AgreementTerms) -> wire::Agreement {
        let draft = self.propose(FORCE, terms).await.unwrap();
        self.sign(FORCE, &draft).await.unwrap();
        self.sign(BOARD, &draft).await.unwrap()
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

pub(crate) fn signing(agreement: &wire::Agreement) -> wire::SignAgreementRequest {
    wire::SignAgreementRequest {
        request_id: id(),
        name: agreement.name.clone(),
        digest: agreement.digest.clone(),
        role: wire::SignatoryRole::CaldicottGuardian.into(),
    }
}

pub(crate) fn day(year: i32, month: i32, day: i32) -> Option<common::Date> {
    Some(common::Date { year, month, day })
}

pub(crate) fn party(organisation: &str, role: wire::AgreementPartyRole) -> wire::AgreementParty {
    let organisation: OrganisationId = organisation.parse().unwrap();
    wire::AgreementParty { organisation: Some((&organisation).into()), role: role.into() }
}

/// Notices of South Wales Police to a health board, until the end of March.
pub(crate) fn terms() -> wire::AgreementTerms {
    let one = |organisation: &str| {
        let organisation: OrganisationId = organisation.parse().unwrap();
        let selector = wire::party_selector::Selector::Organisation((&organisation).into());
        wire::PartySelector { selector: Some(selector) }
    };
    wire::AgreementTerms {
        kind: wire::AgreementKind::InformationSharingProtocol.into(),
        title: "Notices to health".to_owned(),
        title_cy: "Hysbysiadau i iechyd".to_owned(),
        reference: "WASPI/2026/014".to_owned(),
        parties: vec![
            party(FORCE, wire::AgreementPartyRole::Discloser),
            party(BOARD, wire::AgreementPartyRole::Recipient),
        ],
        clauses: vec![wire::AgreementClause {
            id: "4.2".to_owned(),
            flow: "health-notice".to_owned(),
            data_classes: vec![1, 2, 3, 5, 12],
            frequency: wire::AgreementFrequency::PerEvent.into(),
            from: vec![one(FORCE)],
            to: vec![one(BOARD)],
            basis_codes: vec!["uk-gdpr-9-2-h".to_owned(), "caldicott".to_owned()],
            purpose: String::new(),
        }],
        valid_from: day(2026, 4, 1),
        valid_until: day(2027, 3, 31),
        supersedes: String::new(),
    }
}

/// The code of a refusal, and the `MASH-` code in it.
pub(crate) fn refused<T>(outcome: Result<T, Status>) -> (Code, String) {
    let Err(status) = outcome else { panic!("it was not refused") };
    (status.code(), fault::code_of(&status).unwrap_or_default())
}
