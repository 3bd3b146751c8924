//! How long a subject access takes for a child with many events: decisions with their facts, receipts and proofs, in a
//! ledger that has many other entries, on the embedded store.
//!
//! ```sh
//! cargo run --release -p mash-routing --example subject_access -- 1000 100000
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that reports, and may fail loudly"
)]

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_audit::{Audit, LedgerGrpc, Signer};
use mash_chassis::{Caller, ManualClock};
use mash_domain::{incident::CaseId, nation::Nation, organisation::OrganisationId};
use mash_ledger::{Entry, Kind, SigningKey, Use, hash};
use mash_policy::{Flow, RecipientFacts, RecipientKind, Ruleset};
use mash_proto::{
    audit::v1::{ProveCasesRequest, ProveCasesResponse, ledger_service_server::LedgerService as _},
    convert::time_to_wire,
    sharing::v1::{
        AssembleSubjectAccessRequest, ChildSelector, ClassDecision, Decision, Effect,
        GetSubjectAccessRequest, RequestSubjectAccessRequest, SetOfficerRequest,
        child_selector::Child, rights_service_server::RightsService as _,
    },
};
use mash_routing::{
    app::effects::Effects,
    pseudonym::Pseudonymiser,
    rights::{CaseProofs, grpc::Rights},
    rulesets::{Rulesets, app},
    store::{self, save::save, subjects},
    world::{Case, World},
};
use mash_store::{Store, evidence};
use prost::Message as _;
use tonic::{Request, Status};
use uuid::Uuid;

const NUMBER: &str = "9990000018";
const SECRET: [u8; 32] = [7; 32];

struct Proofs(LedgerGrpc);

#[async_trait]
impl CaseProofs for Proofs {
    async fn prove(&self, case_ids: Vec<String>) -> Result<ProveCasesResponse, Status> {
        let request = Request::new(ProveCasesRequest { case_ids });
        Ok(self.0.prove_cases(request).await?.into_inner())
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let (events, others) = (arguments.next().unwrap_or(1_000), arguments.next().unwrap_or(100_000));
    let folder = std::env::temp_dir().join(format!("mash-subject-access-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("hub.db").display());
    let store = Store::connect(&url).await.unwrap();
    let clock = Arc::new(ManualClock::new("2026-11-20T09:00:00Z".parse().unwrap()));
    let bus = mash_bus::connect("embedded", &store).await.unwrap();
    let key = SigningKey::from_seed("ledger.example/bench", Use::Note, [1; 32]).unwrap();
    let signer = Signer::new(vec![key], Vec::new()).unwrap();
    let audit = Audit::start(store.clone(), bus, clock.clone(), signer).await.unwrap();
    store.migrate(store::COMPONENT, store::MIGRATIONS).await.unwrap();
    let ruleset = Ruleset::builtin().unwrap();
    app::start(&store, &ruleset, Timestamp::UNIX_EPOCH).await.unwrap();
    fill(&store, &audit, (events, others)).await;

    let proofs: Arc<dyn CaseProofs> = Arc::new(Proofs(audit.grpc()));
    let rulesets = Arc::new(Rulesets::default());
    let keys = Pseudonymiser::new(&SECRET);
    let rights = Rights::new((store.clone(), clock), rulesets, keys, Some(proofs));
    let (request_id, practitioner) = (Uuid::new_v4().to_string(), "dpo-1".to_owned());
    let officer = SetOfficerRequest { request_id, practitioner, appointed: true };
    rights.set_officer(by("head-1", officer)).await.unwrap();

    for round in 1..=5 {
        let begun = Instant::now();
        let child = Some(ChildSelector { child: Some(Child::NhsNumber(NUMBER.to_owned())) });
        let request_id = Uuid::new_v4().to_string();
        let asked = RequestSubjectAccessRequest { request_id, child, received_date: None };
        let asked = rights.request_subject_access(by("dpo-1", asked)).await.unwrap().into_inner();
        let name = asked.subject_access.unwrap().name;
        let requested = begun.elapsed();
        let request_id = Uuid::new_v4().to_string();
        let put = AssembleSubjectAccessRequest { request_id, name: name.clone() };
        rights.assemble_subject_access(by("dpo-1", put)).await.unwrap();
        let assembled = begun.elapsed();
        let shown = GetSubjectAccessRequest { name };
        let shown = rights.get_subject_access(by("dpo-1", shown)).await.unwrap().into_inner();
        let record = shown.record.unwrap();
        let proved = record.lines.iter().filter(|line| line.proof.is_some()).count();
        println!(
            "{round}: {} lines, {proved} proved, {} clauses, {} KiB, ledger {}; requested {:.0} ms, assembled {:.0} ms, shown {:.0} ms",
            record.lines.len(),
            record.clauses.len(),
            record.encoded_len() / 1_024,
            record.ledger_size,
            requested.as_secs_f64() * 1_000.0,
            assembled.as_secs_f64() * 1_000.0,
            begun.elapsed().as_secs_f64() * 1_000.0,
        );
    }
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

fn by<T>(practitioner: &str, message: T) -> Request<T> {
    let organisation: OrganisationId = "police/62".parse().unwrap();
    let mut request = Request::new(message);
    request
        .extensions_mut()
        .insert(Caller { organisation, practitioner: Some(practitioner.to_owned()) });
    request
}

fn entry(number: u64, case: &str, kind: Kind, subject: String) -> Vec<u8> {
    let entry = Entry {
        id: Entry::id_of(&["bench", &number.to_string(), &subject]),
        kind,
        at_ms: 1_760_000_000_000 + number,
        late: false,
        organisation: "school/6722951".to_owned(),
        case: case.to_owned(),
        subject,
        ruleset: String::new(),
        commitment: hash::plain(&number.to_be_bytes()),
    };
    entry.encode().unwrap()
}

/// So many decisions on a child of the case.
fn decisions(case: CaseId, decided: u64) -> Effects {
    let school: OrganisationId = "school/6722951".parse().unwrap();
    let day = jiff::civil::date(2026, 11, 19);
    let mut effects = Effects::default();
    for number in 0..decided {
        let at = Timestamp::from_second(1_760_000_000 + i64::try_from(number).unwrap()).unwrap();
        let class = |data_class: i32| ClassDecision {
            data_class,
            effect: Effect::Permit.into(),
            rule_ids: vec!["R01".to_owned()],
        };
        let decision = Decision {
            name: format!("decisions/{number}"),
            case_id: case.to_string(),
            recipient: Some((&school).into()),
            effect: Effect::Permit.into(),
            classes: (1..=12).map(class).collect(),
            ruleset: Ruleset::builtin().unwrap().version().to_string(),
            decide_time: Some(time_to_wire(at)),
            duty_kind: "school".to_owned(),
            child_ref: "c1".to_owned(),
            disclosure_id: format!("disclosure-{number}"),
            basis_codes: vec!["daa-2021-s49a".to_owned()],
            ..Decision::default()
        };
        // Thirty kinds of situation, as a year has.
        let facts =
            RecipientFacts::cautious(Flow::School, RecipientKind::School, Nation::Wales, day);
        let day = day.saturating_sub(jiff::Span::new().days(i64::try_from(number % 30).unwrap()));
        let facts = RecipientFacts { decided_on: day, ..facts };
        effects.facts.insert(decision.name.clone(), facts);
        effects.decisions.push(decision);
    }
    effects
}

/// A child with so many events: two thirds decisions, one third acknowledgements, among the entries of others.
async fn fill(store: &Store, audit: &Audit, (events, others): (u64, u64)) {
    let case = CaseId::from_mac(&[7; 32]);
    let (decided, receipts) = (events - events / 3, events / 3);
    let mut world = World::default();
    world.put_case(Case {
        id: case,
        force: "62".parse().unwrap(),
        revision: 1,
        accepted_at: Timestamp::UNIX_EPOCH,
        withdrawn: false,
        incident: mash_proto::police::v1::Incident::default(),
    });
    let effects = decisions(case, decided);
    let mut tx = store.begin().await.unwrap();
    save(&mut tx, &world, &effects).await.unwrap();
    let key = Pseudonymiser::new(&SECRET).nhs_number(&NUMBER.parse().unwrap());
    let child = subjects::CaseChild { case_id: case.to_string(), child_ref: "c1".to_owned() };
    let known = subjects::Known { key: key.as_str().to_owned(), child };
    subjects::put(&mut tx, &[known].into_iter().collect()).await.unwrap();
    tx.commit().await.unwrap();
    append(store, audit, (decided, others)).await;
    let receipt = |number: u64| {
        let subject = format!("disclosures/disclosure-{number}");
        entry(number, &case.to_string(), Kind::Acknowledged, subject)
    };
    audit.ledger().append((0..receipts).map(receipt).collect()).await.unwrap();
}

/// What the relay does, with the entries of others in between.
async fn append(store: &Store, audit: &Audit, (decided, others): (u64, u64)) {
    let ledger = audit.ledger();
    let mut number = 0;
    loop {
        let waiting = evidence::take(store, store::COMPONENT, 100).await.unwrap();
        if waiting.is_empty() {
            break;
        }
        let ours: Vec<Vec<u8>> = waiting.iter().map(|it| it.entry.clone()).collect();
        ledger.append(ours).await.unwrap();
        let seqs: Vec<i64> = waiting.iter().map(|it| it.seq).collect();
        evidence::delete(store, &seqs).await.unwrap();
        let until = number + others * 100 / decided.max(1);
        while number < until.min(others) {
            let end = until.min(others).min(number + 1_000);
            let of = |number| {
                entry(
                    number,
                    &format!("{number:032x}"),
                    Kind::Permitted,
                    format!("decisions/o{number}"),
                )
            };
            ledger.append((number..end).map(of).collect()).await.unwrap();
            number = end;
        }
    }
}
