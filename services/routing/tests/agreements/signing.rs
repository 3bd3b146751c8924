//! Proposing, signing and ending, and who sees what.

use mash_chassis::fault;
use mash_proto::sharing::v1::{self as wire, AgreementState};
use mash_store::Dialect;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{
    BOARD, BRIDGEND, FORCE, Hub, OPERATOR, by, day, id, party, refused, signing, terms,
};

on_both!(
    two_parties_sign_and_it_is_live,
    bad_proposals_name_every_field,
    what_cannot_be_signed_is_refused,
    others_do_not_learn_that_it_exists,
    a_repeated_call_has_one_effect,
    signatures_that_race_are_counted_once,
    a_signatory_ends_it_and_nobody_else,
    a_successor_takes_its_place_when_all_have_signed,
    lists_come_in_pages,
);

async fn two_parties_sign_and_it_is_live(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    assert!(draft.state() == AgreementState::Draft);
    assert_eq!(draft.digest.len(), 32);
    let half = hub.sign(BOARD, &draft).await.unwrap();
    assert!(half.state() == AgreementState::PartlySigned);
    let live = hub.sign(FORCE, &draft).await.unwrap();
    assert!(live.state() == AgreementState::Live);
    let seen = hub.get(BOARD, &draft).await.unwrap();
    assert!(seen == live, "what is read is what was answered");
    assert_eq!(seen.digest, draft.digest);
    assert_eq!(seen.terms.unwrap().clauses[0].purpose, "operation-encompass");

    let mut later = terms();
    later.valid_from = day(2026, 6, 1);
    assert!(hub.live(later).await.state() == AgreementState::Agreed);
}

async fn bad_proposals_name_every_field(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut bad = terms();
    bad.clauses[0].flow = "gossip".to_owned();
    bad.clauses[0].purpose = "marketing".to_owned();
    bad.clauses[0].data_classes.push(19);
    bad.clauses[0].basis_codes = vec!["because".to_owned()];
    std::mem::swap(&mut bad.valid_from, &mut bad.valid_until);
    let Err(status) = hub.propose(FORCE, bad).await else { panic!("it was accepted") };
    assert_eq!(fault::code_of(&status).as_deref(), Some("MASH-R100"));
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    let mut found: Vec<_> =
        violations.iter().map(|it| (it.field.as_str(), it.reason.as_str())).collect();
    found.sort_unstable();
    let expected = [
        ("terms.clauses[0].basis_codes[0]", "MASH-R104"),
        ("terms.clauses[0].data_classes[5]", "MASH-R103"),
        ("terms.clauses[0].flow", "MASH-R102"),
        ("terms.clauses[0].purpose", "MASH-R102"),
        ("terms.valid_until", "MASH-R105"),
    ];
    assert_eq!(found, expected);

    type Edit = fn(&mut wire::AgreementTerms);
    let table: &[(&str, Edit, &str, &str)] = &[
        (FORCE, |it| it.parties.truncate(1), "terms.parties", "MASH-R101"),
        (BRIDGEND, |_| (), "terms.parties", "MASH-R101"),
        (FORCE, |it| it.clauses.clear(), "terms.clauses", "MASH-R106"),
        (FORCE, |it| it.title.clear(), "terms.title", "MASH-R107"),
        (
            FORCE,
            |it| (it.valid_from, it.valid_until) = (day(2020, 1, 1), day(2026, 4, 30)),
            "terms.valid_until",
            "MASH-R105",
        ),
        (
            FORCE,
            |it| it.supersedes = "agreements/7f7a3c52-2f0f-5f59-9d0a-000000000001".to_owned(),
            "terms.supersedes",
            "MASH-R112",
        ),
    ];
    for (caller, edit, field, code) in table {
        let mut bad = terms();
        edit(&mut bad);
        let Err(status) = hub.propose(caller, bad).await else { panic!("{field} was accepted") };
        let details = status.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        let named = violations.iter().any(|it| it.field == *field && it.reason == *code);
        assert!(named, "{field}: {violations:?}");
    }
    assert!(hub.list(OPERATOR).await.is_empty(), "nothing was kept");
}

async fn what_cannot_be_signed_is_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    let other = wire::Agreement { digest: vec![0; 32], ..draft.clone() };
    assert_eq!(refused(hub.sign(BOARD, &other).await), (Code::Aborted, "MASH-R108".to_owned()));
    let short = wire::Agreement { digest: vec![0; 31], ..draft.clone() };
    let (code, _) = refused(hub.sign(BOARD, &short).await);
    assert_eq!(code, Code::InvalidArgument);
    hub.sign(FORCE, &draft).await.unwrap();
    let again = refused(hub.sign(FORCE, &draft).await);
    assert_eq!(again, (Code::FailedPrecondition, "MASH-R109".to_owned()));
    let half = hub.get(FORCE, &draft).await.unwrap();
    assert!(half.state() == AgreementState::PartlySigned, "one party is one signature");

    let nobody = hub.of(BOARD).sign_agreement(signing(&draft)).await;
    assert_eq!(refused(nobody).1, "MASH-C003", "without a person");
    let operator = hub.of(OPERATOR).sign_agreement(by("admin", signing(&draft))).await;
    assert_eq!(refused(operator).0, Code::PermissionDenied);

    hub.at("2027-03-31T23:00:00Z");
    let late = refused(hub.sign(BOARD, &draft).await);
    assert_eq!(late, (Code::FailedPrecondition, "MASH-R110".to_owned()));
}

async fn others_do_not_learn_that_it_exists(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    let stranger = "police/61";
    let absent = wire::Agreement {
        name: "agreements/7f7a3c52-2f0f-5f59-9d0a-000000000001".to_owned(),
        ..draft.clone()
    };
    for one in [&draft, &absent] {
        let not_found = (Code::NotFound, "MASH-C009".to_owned());
        assert_eq!(refused(hub.get(stranger, one).await), not_found);
        assert_eq!(refused(hub.sign(stranger, one).await), not_found);
        assert_eq!(refused(hub.terminate(stranger, one).await), not_found);
    }
    assert!(hub.list(stranger).await.is_empty());
    for entitled in [FORCE, BOARD, OPERATOR] {
        assert_eq!(hub.list(entitled).await, [draft.name.as_str()], "{entitled}");
        assert!(hub.get(entitled, &draft).await.is_ok());
    }
}

async fn a_repeated_call_has_one_effect(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = wire::ProposeAgreementRequest { request_id: id(), terms: Some(terms()) };
    let first = hub.of(FORCE).propose_agreement(by("p1", request.clone())).await.unwrap();
    let again = hub.of(FORCE).propose_agreement(by("p1", request.clone())).await.unwrap();
    let (first, again) = (first.into_inner(), again.into_inner());
    assert!(first == again);
    assert_eq!(hub.list(OPERATOR).await.len(), 1);
    let mut other = request;
    other.terms.as_mut().unwrap().title.push('x');
    let reused = hub.of(FORCE).propose_agreement(by("p1", other)).await;
    assert_eq!(refused(reused), (Code::AlreadyExists, "MASH-R011".to_owned()));

    let request = signing(&first.agreement.unwrap());
    let first = hub.of(BOARD).sign_agreement(by("p1", request.clone())).await.unwrap();
    let again = hub.of(BOARD).sign_agreement(by("p1", request)).await.unwrap();
    assert!(first.into_inner() == again.into_inner());
}

async fn signatures_that_race_are_counted_once(dialect: Dialect) {
    let hub = std::sync::Arc::new(Hub::start(dialect).await);
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for organisation in [FORCE, BOARD, FORCE, BOARD, FORCE, BOARD] {
        let (hub, draft) = (hub.clone(), draft.clone());
        racing.spawn(async move { hub.sign(organisation, &draft).await.map(|_| ()) });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
    let live = hub.get(FORCE, &draft).await.unwrap();
    assert!(live.state() == AgreementState::Live);
    assert_eq!(live.signatures.len(), 2);
}

async fn a_signatory_ends_it_and_nobody_else(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    let early = refused(hub.terminate(BOARD, &draft).await);
    assert_eq!(early, (Code::PermissionDenied, "MASH-R111".to_owned()));
    let withdrawn = hub.terminate(FORCE, &draft).await.unwrap();
    assert!(withdrawn.state() == AgreementState::Terminated);
    assert_eq!(refused(hub.sign(BOARD, &draft).await).1, "MASH-R110");

    let live = hub.live(terms()).await;
    let ended = hub.terminate(BOARD, &live).await.unwrap();
    assert!(ended.state() == AgreementState::Terminated);
    assert!(ended.termination.as_ref().unwrap().reason() == wire::TerminationReason::LawChanged);
    assert_eq!(refused(hub.terminate(FORCE, &live).await).1, "MASH-R110");
}

async fn a_successor_takes_its_place_when_all_have_signed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let old = hub.live(terms()).await;
    let mut next = terms();
    next.supersedes = old.name.clone();
    next.valid_from = day(2026, 7, 1);
    next.parties.push(party(BRIDGEND, wire::AgreementPartyRole::Both));
    let next = hub.propose(FORCE, next).await.unwrap();
    hub.sign(FORCE, &next).await.unwrap();
    hub.sign(BRIDGEND, &next).await.unwrap();
    let untouched = hub.get(BOARD, &old).await.unwrap();
    assert!(untouched.superseded_by.is_empty(), "the board has not agreed to lose it");
    hub.sign(BOARD, &next).await.unwrap();
    let followed = hub.get(BOARD, &old).await.unwrap();
    assert_eq!(followed.superseded_by, next.name);
    assert!(followed.state() == AgreementState::Live, "until the first day of the other");
    hub.at("2026-06-30T23:00:00Z");
    assert!(hub.get(BOARD, &old).await.unwrap().state() == AgreementState::Superseded);
    assert!(hub.get(BOARD, &next).await.unwrap().state() == AgreementState::Live);

    let mut fewer = terms();
    fewer.supersedes = next.name;
    assert_eq!(refused(hub.propose(FORCE, fewer).await).1, "MASH-R100", "a party is missing");
}

async fn lists_come_in_pages(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut names = Vec::new();
    for _ in 0..5 {
        names.push(hub.propose(FORCE, terms()).await.unwrap().name);
    }
    names.sort_unstable();
    let mut found = Vec::new();
    let mut request = wire::ListAgreementsRequest { page_size: 2, ..Default::default() };
    loop {
        let answer = hub.of(BOARD).list_agreements(request.clone()).await.unwrap().into_inner();
        found.extend(answer.agreements.into_iter().map(|it| it.name));
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    assert_eq!(found, names);
    for bad in [
        wire::ListAgreementsRequest { page_size: 201, ..Default::default() },
        wire::ListAgreementsRequest { page_token: "x".to_owned(), ..Default::default() },
        wire::ListAgreementsRequest { state: 99, ..Default::default() },
        wire::ListAgreementsRequest { ends_within_days: -1, ..Default::default() },
    ] {
        assert_eq!(refused(hub.of(FORCE).list_agreements(bad).await).1, "MASH-R100");
    }
    let mut filter = wire::ListAgreementsRequest { ends_within_days: 400, ..Default::default() };
    let live = hub.live(terms()).await;
    let answer = hub.of(FORCE).list_agreements(filter.clone()).await.unwrap().into_inner();
    assert_eq!(answer.agreements.iter().map(|it| &it.name).collect::<Vec<_>>(), [&live.name]);
    filter.ends_within_days = 30;
    let answer = hub.of(FORCE).list_agreements(filter).await.unwrap().into_inner();
    assert!(answer.agreements.is_empty());
}
