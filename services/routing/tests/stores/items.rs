//! Items on a real store: one effect, decisions with the releases, and nothing after a withdrawal.

use std::sync::Arc;

use jiff::Timestamp;
use mash_bus::Handler;
use mash_chassis::ManualClock;
use mash_domain::{
    agreement::{AgreementId, Command, SignatoryRole},
    authority::Authorities,
    incident::{CaseId, rules::day_of},
    organisation::OrganisationId,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::{agreement::terms_from_wire, consent::record_from_wire, time_to_wire},
    disclosure::v1::{ChildIdentity, Content, Narrative, ProfessionalContact, ReceiptKind},
    envelope::{Attributes, event_id, holds, unwrap, wrap},
    event::v1::Envelope,
    referral::v1::{
        ItemKind, ItemRecalled, ItemReceiptRecorded, ItemReleased, ItemSubmitted, StatedFacts,
    },
    sharing::v1 as wire,
    r#type::v1 as common,
};
use mash_routing::{
    agreements,
    consents::{self, app::Act},
    items::{
        file::release_id,
        handler::{ItemReceipts, Items},
        plan::child_key,
    },
    pseudonym::Pseudonymiser,
    route::Means,
    rulesets::{Rulesets, app},
    store,
};
use mash_store::{Dialect, Store, outbox, testing::TestDatabase};
use prost::Message as _;

on_both!(
    an_item_that_is_handled_twice_has_one_effect,
    what_is_kept_reads_back,
    a_batch_takes_as_many_statements_as_one_event,
    nothing_goes_once_consent_is_withdrawn,
    what_never_left_is_not_recalled,
    consent_that_comes_later_lets_the_referral_go,
);

const SCHOOL: &str = "school/6722951";
const BRIDGEND: &str = "authority/672";

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn case(number: u8) -> String {
    CaseId::from_mac(&[number; 32]).to_string()
}

struct Hub {
    store: Store,
    items: Items,
    clock: ManualClock,
    pseudonymiser: Pseudonymiser,
    _database: TestDatabase,
}

impl Hub {
    async fn new(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        store.migrate(store::COMPONENT, store::MIGRATIONS).await.unwrap();
        let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        app::start(&store, &Ruleset::builtin().unwrap(), start).await.unwrap();
        let clock = ManualClock::new(start);
        let pseudonymiser = Pseudonymiser::new(&[7; 32]);
        let items = Items {
            pseudonymiser: pseudonymiser.clone(),
            rulesets: Arc::new(Rulesets::default()),
            clock: Arc::new(clock.clone()),
        };
        Self { store, items, clock, pseudonymiser, _database: database }
    }

    fn now(&self) -> Timestamp {
        use mash_chassis::Clock as _;
        self.clock.now()
    }

    /// Handles a batch and commits it.
    async fn take(&self, events: &[Envelope]) {
        self.handle(&self.items, events).await;
    }

    /// A recipient tells of an item.
    async fn hear(&self, receipt: Envelope) {
        let receipts = ItemReceipts { clock: Arc::new(self.clock.clone()) };
        self.handle(&receipts, &[receipt]).await;
    }

    async fn handle(&self, handler: &dyn Handler, events: &[Envelope]) {
        let mut tx = self.store.begin().await.unwrap();
        handler.handle(&mut tx, events).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What waits for the relay.
    async fn waiting(&self) -> Vec<Envelope> {
        let rows = outbox::take(&self.store, store::COMPONENT, 10_000).await.unwrap();
        let disclosed = rows.into_iter().filter(|row| row.topic.starts_with("mash.disclosed."));
        disclosed.map(|row| Envelope::decode(row.payload.as_slice()).unwrap()).collect()
    }

    /// A relay has published everything that waits.
    async fn publish(&self) {
        let rows = outbox::take(&self.store, store::COMPONENT, 10_000).await.unwrap();
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        outbox::delete(&self.store, &seqs).await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut read = self.store.read().await.unwrap();
        sqlx::Row::get(&sqlx::query(sql).fetch_one(&mut *read).await.unwrap(), 0)
    }

    async fn state(&self, item: &ItemSubmitted, to: &str) -> (String, String) {
        let mut read = self.store.read().await.unwrap();
        let sql = "SELECT state, reason FROM routing_item_releases WHERE release_id = $1";
        let row = sqlx::query(sql).bind(release_id(&item.item_id, &id(to)));
        let row = row.fetch_one(&mut *read).await.unwrap();
        (sqlx::Row::get(&row, 0), sqlx::Row::get(&row, 1))
    }

    async fn act(&self, case_id: &str, request: Request) -> consents::app::Done {
        let key = child_key(case_id);
        let ruleset = Ruleset::builtin().unwrap();
        let means = Means {
            authorities: Authorities::builtin(),
            ruleset: &ruleset,
            pseudonymiser: &self.pseudonymiser,
            today: day_of(self.now()),
        };
        let command = match request {
            Request::Record(record) => {
                record_from_wire(&record, event_id(&[&record.request_id]), "p-1").ok().unwrap()
            }
            Request::Withdraw(name) => mash_domain::consent::Command::Withdraw {
                id: event_id(&[&name]),
                by: mash_domain::consent::Giver::Parent,
            },
        };
        let by = event_id(&["call", &self.now().to_string()]).to_string();
        let cause = consents::sweep::caused("test", &by, case_id);
        let mut tx = self.store.begin().await.unwrap();
        let act = Act::Command(Box::new(command), id(SCHOOL));
        let done = consents::app::act(&mut tx, means, &key, act, (&cause, self.now())).await;
        let done = done.ok().unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// The school and the authority agree on early help.
    async fn agree(&self) {
        let agreement = AgreementId::new(event_id(&["agreement"]));
        let terms = terms_from_wire(terms()).ok().unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let by = (&id(SCHOOL), self.now());
        let proposed = agreements::app::propose(&mut tx, agreement, terms, by).await.ok().unwrap();
        for party in [SCHOOL, BRIDGEND] {
            let command = Command::Sign {
                party: id(party),
                practitioner: "p-1".to_owned(),
                role: SignatoryRole::CaldicottGuardian,
                digest: proposed.digest,
            };
            let by = (&id(party), self.now());
            agreements::app::command(&mut tx, agreement, command, by).await.ok().unwrap();
        }
        tx.commit().await.unwrap();
    }
}

enum Request {
    Record(Box<wire::RecordConsentRequest>),
    Withdraw(String),
}

fn terms() -> wire::AgreementTerms {
    let wired = |text: &str| -> common::Organisation { (&id(text)).into() };
    let party = |text: &str, role: wire::AgreementPartyRole| wire::AgreementParty {
        organisation: Some(wired(text)),
        role: role.into(),
    };
    let one = |text: &str| wire::PartySelector {
        selector: Some(wire::party_selector::Selector::Organisation(wired(text))),
    };
    let day = |year, month, day| Some(common::Date { year, month, day });
    wire::AgreementTerms {
        kind: wire::AgreementKind::InformationSharingProtocol.into(),
        title: "Early help".to_owned(),
        reference: "WASPI/2026/032".to_owned(),
        parties: vec![
            party(SCHOOL, wire::AgreementPartyRole::Discloser),
            party(BRIDGEND, wire::AgreementPartyRole::Recipient),
        ],
        clauses: vec![wire::AgreementClause {
            id: "1".to_owned(),
            flow: "early-help".to_owned(),
            data_classes: vec![1, 3, 12, 17],
            frequency: wire::AgreementFrequency::PerEvent.into(),
            from: vec![one(SCHOOL)],
            to: vec![one(BRIDGEND)],
            basis_codes: vec!["uk-gdpr-6-1-e".to_owned()],
            purpose: String::new(),
        }],
        valid_from: day(2026, 4, 1),
        valid_until: day(2027, 3, 31),
        ..wire::AgreementTerms::default()
    }
}

fn given(case_id: &str, name: &str) -> wire::RecordConsentRequest {
    let organisation = wire::consented_service::Service::Organisation((&id(BRIDGEND)).into());
    wire::RecordConsentRequest {
        request_id: name.to_owned(),
        incident: format!("referrals/{case_id}"),
        child_ref: "child".to_owned(),
        outcome: wire::ConsentOutcome::Given.into(),
        giver: wire::ConsentGiver::Parent.into(),
        information: vec![wire::ConsentInformation::Child.into()],
        services: vec![wire::ConsentedService { service: Some(organisation) }],
        flows: vec!["early-help".to_owned()],
        evidence: Some(wire::ConsentEvidence {
            kind: wire::EvidenceKind::SignedForm.into(),
            reference: "SW/2026/0042".to_owned(),
            taken_by: String::new(),
        }),
        until_time: Some(time_to_wire("2027-01-01T00:00:00Z".parse().unwrap())),
        unsafe_reason: 0,
    }
}

fn referral(case_id: &str) -> ItemSubmitted {
    ItemSubmitted {
        case_id: case_id.to_owned(),
        item_id: event_id(&["item", case_id]).to_string(),
        revision: 1,
        kind: ItemKind::Referral.into(),
        flow: "concern".to_owned(),
        from: Some((&id(SCHOOL)).into()),
        place_authority_code: "672".to_owned(),
        home_authority_code: "681".to_owned(),
        content: Some(Content {
            child: Some(ChildIdentity {
                given_names: "Cadi".to_owned(),
                ..ChildIdentity::default()
            }),
            narrative: Some(Narrative {
                circumstances: "She is hungry.".to_owned(),
                ..Narrative::default()
            }),
            officer: Some(ProfessionalContact::default()),
            ..Content::default()
        }),
        facts: Some(StatedFacts {
            child_under_18: true,
            harm_suspected: common::Answer::Yes.into(),
            ..StatedFacts::default()
        }),
        submit_time: Some(time_to_wire("2026-11-23T10:00:00Z".parse().unwrap())),
        ..ItemSubmitted::default()
    }
}

/// Help is sought, and the school has heard this of consent.
fn help(case_id: &str, consent: &str) -> ItemSubmitted {
    let referral = referral(case_id);
    let facts = StatedFacts {
        harm_suspected: common::Answer::No.into(),
        consent: consent.to_owned(),
        ..referral.facts.clone().unwrap()
    };
    ItemSubmitted {
        flow: "early-help".to_owned(),
        home_authority_code: String::new(),
        facts: Some(facts),
        ..referral
    }
}

fn submitted(item: &ItemSubmitted) -> Envelope {
    let revision = item.revision.to_string();
    let attributes = Attributes {
        id: event_id(&["submitted", &item.item_id, &revision]),
        source: "mash/education",
        subject: &item.case_id,
        time: "2026-11-23T10:00:00Z".parse().unwrap(),
        cause: None,
    };
    wrap(item, &attributes)
}

fn receipt(item: &ItemSubmitted, to: &str, kind: ReceiptKind) -> Envelope {
    let event = ItemReceiptRecorded {
        release_id: release_id(&item.item_id, &id(to)),
        item_id: item.item_id.clone(),
        case_id: item.case_id.clone(),
        recipient: Some((&id(to)).into()),
        kind: kind.into(),
        ..ItemReceiptRecorded::default()
    };
    let attributes = Attributes {
        id: event_id(&["receipt", &event.release_id, kind.as_str_name()]),
        source: "mash/social-care",
        subject: &item.case_id,
        time: "2026-11-23T10:05:00Z".parse().unwrap(),
        cause: None,
    };
    wrap(&event, &attributes)
}

/// In words: what waits for recipients.
fn story(waiting: &[Envelope]) -> Vec<String> {
    let told = |envelope: &Envelope| {
        if holds::<ItemReleased>(envelope) {
            let event: ItemReleased = unwrap(envelope).unwrap();
            let to = event.recipient.unwrap().code;
            format!("{to} revision {} {}", event.revision, event.non_delivery_code)
        } else {
            let event: ItemRecalled = unwrap(envelope).unwrap();
            format!("{} recall {}", event.recipient.unwrap().code, event.reason_code)
        }
    };
    waiting.iter().map(|envelope| told(envelope).trim().to_owned()).collect()
}

async fn an_item_that_is_handled_twice_has_one_effect(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let item = referral(&case(1));
    let batch = [submitted(&item), submitted(&item)];
    // A crash before the commit: nothing has happened.
    let mut tx = hub.store.begin().await.unwrap();
    hub.items.handle(&mut tx, &batch).await.unwrap();
    drop(tx);
    assert_eq!(hub.count("SELECT CAST(COUNT(*) AS BIGINT) FROM routing_decisions").await, 0);
    // A crash after it, and before the offset: the batch comes again.
    for _ in 0..3 {
        hub.take(&batch).await;
        hub.hear(receipt(&item, BRIDGEND, ReceiptKind::Acknowledged)).await;
    }
    assert_eq!(story(&hub.waiting().await), ["672 revision 1", "681 revision 1"]);
    assert_eq!(hub.count("SELECT CAST(COUNT(*) AS BIGINT) FROM routing_decisions").await, 2);
    assert_eq!(hub.state(&item, BRIDGEND).await.0, "acknowledged");
}

async fn what_is_kept_reads_back(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let item = referral(&case(1));
    hub.take(&[submitted(&item)]).await;
    let read = || async {
        let mut conn = hub.store.read().await.unwrap();
        store::items::read(&mut conn, &[case(1)]).await.unwrap().remove(&case(1)).unwrap()
    };
    let file = read().await;
    let kept = file.item(&item.item_id).unwrap();
    assert_eq!(kept.facts.to_wire().encode_to_vec(), stated(&item));
    assert!(kept.payload.is_empty(), "the content of a concern is not kept");
    assert_eq!(file.releases_of(&item.item_id).count(), 2);
    assert!(file.works_the_case(&id(BRIDGEND)));
    let counts = store::decisions::count(&hub.store).await.unwrap();
    let [count] = counts.items.as_slice() else { panic!("one kind") };
    assert_eq!((count.items, count.accepted, count.pending), (1, 2, 2));
    hub.hear(receipt(&item, BRIDGEND, ReceiptKind::Undelivered)).await;
    let counts = store::decisions::count(&hub.store).await.unwrap();
    assert_eq!((counts.items[0].escalated, counts.items[0].pending), (1, 1));
    assert_eq!(
        story(&hub.waiting().await)[2],
        "6722951 revision 1 not-acknowledged-in-time",
        "the sender hears it"
    );
}

/// The facts as they are kept: what was left out is not known.
fn stated(item: &ItemSubmitted) -> Vec<u8> {
    let unknown = common::Answer::Unknown.into();
    StatedFacts {
        do_not_inform_parent: unknown,
        address_protect: unknown,
        collection_risk: unknown,
        source_identifiable: unknown,
        intelligence: "unknown".to_owned(),
        ..item.facts.clone().unwrap()
    }
    .encode_to_vec()
}

/// Fifty cases in a batch are one load and one save.
async fn a_batch_takes_as_many_statements_as_one_event(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let batch: Vec<Envelope> = (0..50).map(|number| submitted(&referral(&case(number)))).collect();
    let started = std::time::Instant::now();
    hub.take(&batch).await;
    let each = started.elapsed() / 100;
    println!("{dialect:?}: {} µs for each item and recipient", each.as_micros());
    assert_eq!(hub.waiting().await.len(), 100);
}

async fn nothing_goes_once_consent_is_withdrawn(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    hub.agree().await;
    let item = help(&case(1), "");
    hub.take(&[submitted(&item)]).await;
    assert_eq!(hub.state(&item, BRIDGEND).await.1, "consent-missing");
    hub.act(&case(1), Request::Record(Box::new(given(&case(1), "first")))).await;
    let told = story(&hub.waiting().await);
    assert_eq!(told, ["6722951 revision 1 withheld", "672 revision 1"]);
    assert_eq!(hub.state(&item, BRIDGEND).await.0, "released");
    hub.publish().await;
    let done = hub.act(&case(1), Request::Withdraw("first".to_owned())).await;
    assert_eq!(done.stop_notices, 1);
    let told = story(&hub.waiting().await);
    assert_eq!(told, ["672 recall consent-withdrawn", "6722951 revision 1 withheld"]);
    assert_eq!(
        hub.state(&item, BRIDGEND).await,
        ("withheld".to_owned(), "consent-withdrawn".to_owned())
    );
}

async fn what_never_left_is_not_recalled(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    hub.agree().await;
    // The school has heard that consent is given, and hears soon after that it is not any more.
    let item = help(&case(1), "given");
    hub.take(&[submitted(&item)]).await;
    assert_eq!(story(&hub.waiting().await), ["672 revision 1"]);
    let refused = ItemSubmitted { revision: 2, ..help(&case(1), "refused") };
    hub.take(&[submitted(&refused)]).await;
    assert_eq!(
        story(&hub.waiting().await),
        ["6722951 revision 1 withheld"],
        "what waited never goes, and nothing tells that it was there"
    );
    // Both in one batch come to the same.
    let item = help(&case(2), "given");
    let refused = ItemSubmitted { revision: 2, ..help(&case(2), "refused") };
    hub.publish().await;
    hub.take(&[submitted(&item), submitted(&refused)]).await;
    assert_eq!(story(&hub.waiting().await), ["6722951 revision 1 withheld"]);
    // Had it left, it would be recalled.
    let item = help(&case(3), "given");
    hub.take(&[submitted(&item)]).await;
    hub.publish().await;
    let refused = ItemSubmitted { revision: 2, ..help(&case(3), "refused") };
    hub.take(&[submitted(&refused)]).await;
    let told = story(&hub.waiting().await);
    assert_eq!(told, ["672 recall consent-withdrawn", "6722951 revision 1 withheld"]);
}

async fn consent_that_comes_later_lets_the_referral_go(dialect: Dialect) {
    let hub = Hub::new(dialect).await;
    let item = help(&case(1), "given");
    hub.take(&[submitted(&item)]).await;
    assert_eq!(hub.state(&item, BRIDGEND).await.1, "agreement-not-live");
    hub.agree().await;
    hub.act(&case(1), Request::Record(Box::new(given(&case(1), "first")))).await;
    assert_eq!(story(&hub.waiting().await)[1], "672 revision 1");
}
