//! What somebody wrote about a child, and what was put together about her, goes with the cases that it was about.

use mash_proto::{
    police::v1::{IncidentWithdrawn, WithdrawalReason},
    sharing::v1::{
        AccessRecord, HarmOutcome, ListMisdirectionsRequest, MisdirectionRuling,
        RuleOnMisdirectionRequest, child_selector::Child,
    },
};
use mash_store::{Dialect, erasure, testing::scan::Scan};

use crate::{
    broken::WHY,
    support::{AUTHORITY, BOARD, FORCE, Hub, OFFICER, at, by, id, proved},
};

on_both!(
    the_reason_for_broken_glass_goes_with_the_first_of_her_cases,
    words_of_a_subject_access_go_with_the_first_of_her_cases_and_lines_with_their_own,
    the_reason_of_a_ruling_goes_with_the_case,
);

const ERASED: &str = "(erased)";

impl Hub {
    /// What of this text somebody reads who has the database and no key.
    async fn clear(&self, text: &str) -> Vec<String> {
        let all = Scan::of(&self.store).await;
        let nowhere = std::env::temp_dir().join(format!("mash-no-keys-{}", uuid::Uuid::new_v4()));
        let found = Scan::find(&[all], &nowhere, text, &[]).await;
        std::fs::remove_dir_all(nowhere).unwrap();
        found.in_the_clear().into_iter().map(str::to_owned).collect()
    }

    async fn erase(&self, case: &str) {
        let now = at("2026-11-20T09:20:00Z").as_millisecond();
        erasure::erase(&self.store, case, "a court order", "dpo-1", now).await.unwrap();
    }
}

async fn the_reason_for_broken_glass_goes_with_the_first_of_her_cases(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let referral = hub.ask_for_help(&hub.numbers[0]).await;
    hub.appoint(BOARD).await;
    let name = hub.broken((BOARD, "dr-1"), 0, true).await.unwrap().name;
    let other = hub.broken((BOARD, "dr-1"), 1, true).await.unwrap().name;
    hub.reviewed((BOARD, OFFICER), &name).await.unwrap();
    hub.settled().await;
    for words in [WHY, "I heard the call."] {
        assert!(hub.clear(words).await.is_empty(), "{words}");
    }
    let behind = hub.behind((BOARD, "dr-1"), &name).await.unwrap();
    let held = (behind.incidents.len(), behind.items.len());
    hub.erase(referral.trim_start_matches("referrals/")).await;
    let reasons = async |organisation: &str| {
        let uses = hub.uses(organisation).await;
        let reason = |name: &str| uses.iter().find(|it| it.name == name).unwrap().reason.clone();
        (reason(&name), reason(&other))
    };
    let expected = (ERASED.to_owned(), WHY.to_owned());
    assert_eq!(reasons(BOARD).await, expected);
    assert_eq!(reasons(FORCE).await, expected, "whoever has a part in another of her cases too");
    // The use stands, and opens what is left.
    assert_eq!(held, (1, 1));
    let behind = hub.behind((BOARD, "dr-1"), &name).await.unwrap();
    assert_eq!((behind.incidents.len(), behind.items.len()), (1, 0));
    hub.erase(&hub.case.to_string()).await;
    let behind = hub.behind((BOARD, "dr-1"), &name).await.unwrap();
    assert_eq!((behind.incidents.len(), behind.items.len()), (0, 0));
    assert!(behind.holders.iter().any(|holder| holder.code == "62"), "whom to ring is left");
    // And whose content is gone altogether can still be asked for: somebody may hold it.
    hub.broken((AUTHORITY, "sw-1"), 0, true).await.unwrap();
}

async fn words_of_a_subject_access_go_with_the_first_of_her_cases_and_lines_with_their_own(
    dialect: Dialect,
) {
    const WORDS: &str = "Read with the social worker who knows her.";
    let hub = Hub::start(dialect).await;
    let referral = hub.refer(&hub.numbers[0]).await;
    let help = hub.ask_for_help(&hub.numbers[0]).await;
    hub.appoint(BOARD).await;
    let child = || Child::NhsNumber(hub.numbers[0].clone());
    let (of_board, record) = hub.assembled(BOARD, child()).await;
    let about = |record: &AccessRecord, name: &str| {
        let case = name.trim_start_matches("referrals/");
        let entries = record.lines.iter().map(|line| proved(record, line));
        entries.filter(|entry| entry.case == case).count()
    };
    assert!(about(&record, &referral) > 0 && about(&record, &help) > 0);
    let (of_force, whole) = hub.assembled(FORCE, child()).await;
    for (organisation, name) in [(BOARD, &of_board), (FORCE, &of_force)] {
        hub.test(organisation, (name, 1), HarmOutcome::SeriousHarm).await.unwrap();
        hub.test(organisation, (name, 0), HarmOutcome::HandOver).await.unwrap();
    }
    let reasons = async |organisation: &str, name: &str| {
        let got = hub.get(organisation, name).await.unwrap();
        let tests = got.subject_access.unwrap().tests.into_iter();
        let said: Vec<String> = tests.map(|it| it.because.unwrap().reason).collect();
        (said, got.record.unwrap())
    };
    assert_eq!(reasons(BOARD, &of_board).await.0, [WORDS, WORDS]);
    assert!(hub.clear(WORDS).await.is_empty());

    hub.erase(help.trim_start_matches("referrals/")).await;
    let (said, left) = reasons(BOARD, &of_board).await;
    assert_eq!(said, [ERASED, ERASED], "nobody can tell which case they were about");
    assert_eq!(about(&left, &help), 0);
    assert_eq!(about(&left, &referral), about(&record, &referral), "nor does another case suffer");
    assert!(left.clauses.len() <= record.clauses.len() && !left.lines.is_empty());
    // What the force has put together is about the incident alone.
    let (said, left) = reasons(FORCE, &of_force).await;
    assert_eq!((said, left.lines.len()), (vec![WORDS.to_owned(); 2], whole.lines.len()));
    // A request goes on whatever was erased: it can be decided and ended.
    hub.test(BOARD, (&of_board, 0), HarmOutcome::HandOver).await.unwrap();
    hub.release(BOARD, &of_board).await.unwrap();
}

async fn the_reason_of_a_ruling_goes_with_the_case(dialect: Dialect) {
    const WORDS: &str = "Told by telephone, reference 1.";
    let hub = Hub::start(dialect).await;
    let withdrawn = IncidentWithdrawn {
        case_id: hub.case.to_string(),
        revision: 2,
        reason: WithdrawalReason::Misdirected.into(),
        ..IncidentWithdrawn::default()
    };
    hub.take_in(&withdrawn, "withdrawn").await;
    let request = RuleOnMisdirectionRequest {
        request_id: id(),
        name: format!("misdirections/{}", hub.case),
        ruling: MisdirectionRuling::Told.into(),
        reason: WORDS.to_owned(),
    };
    hub.of(FORCE).rule_on_misdirection(by(OFFICER, request)).await.unwrap();
    assert!(hub.clear(WORDS).await.is_empty());
    let reason = async || {
        let request = by(OFFICER, ListMisdirectionsRequest::default());
        let listed = hub.of(FORCE).list_misdirections(request).await.unwrap().into_inner();
        let [found] = &listed.misdirections[..] else { panic!("one misdirection") };
        assert!(found.ruling() == MisdirectionRuling::Told);
        found.because.clone().unwrap().reason
    };
    assert_eq!(reason().await, WORDS);
    hub.erase(&hub.case.to_string()).await;
    assert_eq!(reason().await, ERASED);
}
