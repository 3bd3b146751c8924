//! Rule sets and explanations from outside: who may change the rules, and who may ask why.

use std::{fs, path::Path};

use mash_chassis::fault;
use mash_proto::sharing::v1::{self as wire, RulesetFile, RulesetState};
use mash_routing::rulesets::files;
use mash_store::Dialect;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    releases::{decided, report},
    support::{BOARD, BRIDGEND, FORCE, Hub, OPERATOR, by},
};

on_both!(
    a_candidate_is_in_force_when_another_organisation_approves_it,
    a_candidate_with_a_fault_is_refused_whole_and_the_old_one_stays,
    a_decision_is_explained_to_those_who_answer_for_it_and_to_nobody_else,
    what_the_rules_in_force_do_not_know_is_listed,
);

/// The built-in files under another version, with one text replaced.
fn candidate(version: &str, from: &str, to: &str) -> Vec<RulesetFile> {
    let mut files = files::builtin().files;
    let hit = files.iter().filter(|file| file.text.contains(from)).count();
    assert!(hit > 0, "nothing says `{from}`");
    for file in &mut files {
        file.text = file.text.replace(from, to);
        if file.name == "manifest.toml" {
            file.text = file.text.replace("\"2026-11-23\"", &format!("\"{version}\""));
        }
    }
    files
}

async fn propose(
    hub: &Hub,
    organisation: &str,
    files: Vec<RulesetFile>,
) -> Result<wire::Ruleset, Status> {
    let request = wire::ProposeRulesetRequest { version: "2027-01-04".to_owned(), files };
    let answer = hub.rules(organisation).propose_ruleset(by("p1", request)).await?;
    Ok(answer.into_inner().ruleset.unwrap())
}

async fn approve(
    hub: &Hub,
    (organisation, practitioner): (&str, &str),
    ruleset: &wire::Ruleset,
) -> Result<wire::Ruleset, Status> {
    let (name, digest) = (ruleset.name.clone(), ruleset.digest.clone());
    let request = wire::ApproveRulesetRequest { name, digest };
    let answer = hub.rules(organisation).approve_ruleset(by(practitioner, request)).await?;
    Ok(answer.into_inner().ruleset.unwrap())
}

async fn active(hub: &Hub) -> String {
    let request = by("p1", wire::GetActiveRulesetRequest {});
    let answer = hub.rules(OPERATOR).get_active_ruleset(request).await.unwrap();
    answer.into_inner().ruleset.unwrap().name
}

async fn a_candidate_is_in_force_when_another_organisation_approves_it(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let before = decided(&hub, report(&hub, 1).await).await;
    assert!(before.iter().all(|decision| decision.ruleset == "2026-11-23"));
    let files = candidate("2027-01-04", "golden rule 5", "golden rule five");
    let proposed = propose(&hub, FORCE, files.clone()).await.unwrap();
    assert!(proposed.state() == RulesetState::Proposed);
    assert_eq!(active(&hub).await, "rulesets/2026-11-23", "a proposal changes nothing");
    assert_eq!(propose(&hub, FORCE, files).await.unwrap().digest, proposed.digest, "once");
    let other = propose(&hub, FORCE, candidate("2027-01-04", "golden rule 5", "rule 5")).await;
    assert_eq!(fault::code_of(&other.err().unwrap()).as_deref(), Some("MASH-R143"), "immutable");
    let same = approve(&hub, (FORCE, "p2"), &proposed).await.err().unwrap();
    assert_eq!(fault::code_of(&same).as_deref(), Some("MASH-R145"), "another organisation");
    let same = approve(&hub, (BOARD, "p1"), &proposed).await.err().unwrap();
    assert_eq!(fault::code_of(&same).as_deref(), Some("MASH-R145"), "another person");
    let unread = wire::Ruleset { digest: vec![0; 32], ..proposed.clone() };
    assert!(approve(&hub, (BOARD, "p2"), &unread).await.is_err(), "only what was read");
    let in_force = approve(&hub, (BOARD, "p2"), &proposed).await.unwrap();
    assert!(in_force.state() == RulesetState::Active);
    assert_eq!(active(&hub).await, "rulesets/2027-01-04");
    let after = decided(&hub, report(&hub, 2).await).await;
    assert!(after.iter().all(|decision| decision.ruleset == "2027-01-04"), "from now on");
}

async fn a_candidate_with_a_fault_is_refused_whole_and_the_old_one_stays(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let slips = [
        ("context.address_protect", "context.adress", "R21.cedar:"),
        ("@title(\"A protected address stays protected\")\n", "", "R21.cedar:"),
        ("permit (", "permit [", "R01.cedar:"),
    ];
    for (from, to, place) in slips {
        let refused = propose(&hub, FORCE, candidate("2027-01-04", from, to)).await.err().unwrap();
        assert_eq!(fault::code_of(&refused).as_deref(), Some("MASH-R141"), "{refused:?}");
        let told = format!("{:?}", refused.get_error_details());
        assert!(told.contains(place), "{from}: {told}");
    }
    assert_eq!(active(&hub).await, "rulesets/2026-11-23");
    let hub = Hub::start(dialect).await; // It has no prover.
    let files = candidate("2027-01-04", "golden rule 5", "golden rule five");
    let refused = propose(&hub, FORCE, files).await.err().unwrap();
    assert_eq!(fault::code_of(&refused).as_deref(), Some("MASH-R142"), "{refused:?}");
    assert_eq!(active(&hub).await, "rulesets/2026-11-23");
}

async fn a_decision_is_explained_to_those_who_answer_for_it_and_to_nobody_else(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let decisions = decided(&hub, report(&hub, 1).await).await;
    let name = decisions[0].name.clone();
    let explain = async |organisation: &str, name: &str| {
        let request =
            wire::ExplainDecisionRequest { name: name.to_owned(), language: String::new() };
        let answer = hub.decisions(organisation).explain_decision(by("p1", request)).await;
        answer.map(|answer| answer.into_inner().explanations)
    };
    for organisation in [FORCE, OPERATOR] {
        let told = explain(organisation, &name).await.unwrap();
        let languages: Vec<&str> = told.iter().map(|one| one.language.as_str()).collect();
        assert_eq!(languages, ["en", "cy"], "{organisation}");
        assert!(told.iter().all(|one| one.sections.len() > 2));
    }
    let recipient = decisions[0].recipient.as_ref().unwrap();
    assert_eq!(format!("authority/{}", recipient.code), BRIDGEND, "the desk was told");
    assert!(explain(BRIDGEND, &name).await.is_ok(), "the recipient");
    for organisation in ["police/52", BOARD, "authority/681", "school/6722301"] {
        let refused = explain(organisation, &name).await.err().unwrap();
        assert_eq!(refused.code(), Code::NotFound, "{organisation}");
    }
    let nothing = explain(FORCE, "decisions/00000000-0000-0000-0000-000000000000").await;
    assert_eq!(nothing.err().unwrap().code(), Code::NotFound, "as if it were somebody else's");
}

async fn what_the_rules_in_force_do_not_know_is_listed(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let listed = async || {
        let request = by("p1", wire::ListRulesetsRequest::default());
        hub.rules(OPERATOR).list_rulesets(request).await.unwrap().into_inner()
    };
    let now = listed().await;
    assert_eq!(now.carried_version, "2026-11-23");
    assert!(now.unknown_flows.is_empty(), "{:?}", now.unknown_flows);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets/2026-11-22");
    let files = fs::read_dir(root).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        RulesetFile { name, text: fs::read_to_string(file.path()).unwrap() }
    });
    let request =
        wire::ProposeRulesetRequest { version: "2026-11-22".to_owned(), files: files.collect() };
    let proposed = hub.rules(FORCE).propose_ruleset(by("p1", request)).await.unwrap();
    approve(&hub, (BOARD, "p2"), &proposed.into_inner().ruleset.unwrap()).await.unwrap();
    let older = listed().await;
    assert_eq!(older.carried_version, "2026-11-23");
    assert!(older.unknown_flows.contains(&"enquiry".to_owned()), "{:?}", older.unknown_flows);
    let after = decided(&hub, report(&hub, 1).await).await;
    assert!(after.iter().all(|decision| decision.ruleset == "2026-11-22"), "the rest goes on");
}
