use jiff::civil::date;
use mash_domain::{
    answer::Answer,
    nation::Nation,
    sharing::{AgreementState, ConsentState, Ground},
};

use super::*;
use crate::{
    decision::ReasonCode,
    facts::{Conflict, RecipientKind},
    ruleset::tests::facts,
};

fn record<'a>(facts: &'a RecipientFacts, reasons: &'a [String], permitted: bool) -> OnRecord<'a> {
    OnRecord {
        recipient: "school/6722301",
        day: date(2026, 11, 19),
        ruleset: "2026-11-23",
        flow: Some(facts.flow),
        permitted,
        degraded: false,
        reasons,
        citations: &[],
        facts: Some(facts),
        to_recipient: false,
    }
}

fn told(record: &OnRecord<'_>, language: Language) -> String {
    let ruleset = Ruleset::builtin().unwrap();
    explain(record, Some(&ruleset), language).unwrap().to_string()
}

#[test]
fn a_permit_says_what_went_what_stayed_and_by_which_clause() {
    let facts = RecipientFacts { address_protect: Answer::Unknown, ..facts() };
    let english = told(&record(&facts, &[], true), Language::English);
    assert!(english.contains("who the child is (F1): under R01 (statutory)"), "{english}");
    assert!(english.contains("the child’s address (F6): because of R21 (address)"), "{english}");
    assert!(english.contains("where in the place the child was"), "{english}");
    assert!(english.contains("Domestic Abuse Act 2021 s.49A"), "{english}");
    let welsh = told(&record(&facts, &[], true), Language::Welsh);
    assert!(welsh.contains("pwy yw'r plentyn (F1): o dan R01 (statutory)"), "{welsh}");
    assert!(welsh.contains("Deddf Cam-drin Domestig 2021 a.49A"), "{welsh}");
}

#[test]
fn a_refusal_says_why_in_both_languages() {
    let facts = RecipientFacts { conflict: Conflict::Unknown, ..facts() };
    let reasons = ["conflict-unknown".to_owned()];
    let english = told(&record(&facts, &reasons, false), Language::English);
    assert!(english.starts_with("Why school/6722301 was told nothing"), "{english}");
    assert!(english.contains("Nobody could check whether the person"), "{english}");
    assert!(english.contains("R20"), "{english}");
    let welsh = told(&record(&facts, &reasons, false), Language::Welsh);
    assert!(welsh.contains("Ni allai neb wirio"), "{welsh}");
}

#[test]
fn a_decision_without_facts_says_so_and_still_gives_its_reasons() {
    let reasons = ["withdrawn".to_owned(), "something-new".to_owned()];
    let held = facts();
    let record = OnRecord { facts: None, flow: None, ..record(&held, &reasons, false) };
    let text = told(&record, Language::English);
    assert!(text.contains("The sender withdrew the report."), "{text}");
    assert!(text.contains("Another reason: something-new."), "{text}");
    assert!(text.contains("not on record"), "{text}");
}

#[test]
fn every_code_has_its_words_in_both_languages() {
    for language in Language::ALL {
        let words = Words::of_codes(language).unwrap();
        let has =
            |name: String| assert!(words.find(&name).unwrap().is_some(), "{name} {language:?}");
        ReasonCode::ALL.iter().for_each(|code| has(format!("reason-{}", code.word())));
        ConsentCode::ALL.iter().for_each(|code| has(format!("consent-{}", code.word())));
        Flow::ALL.iter().for_each(|flow| has(format!("flow-{}", flow.word())));
        RecipientKind::ALL.iter().for_each(|kind| has(format!("kind-{}", kind.word())));
        Detail::ALL.iter().for_each(|detail| has(format!("detail-{}", detail.word())));
        DataClass::ALL.iter().for_each(|class| has(format!("class-{}", class.number())));
    }
}

#[test]
fn the_two_languages_have_the_same_texts() {
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with(['#', ' ', '*', '}']));
        lines.filter_map(|line| line.split_once(" =")).map(|(name, _)| name.to_owned()).collect()
    };
    let english = names(include_str!("../../locales/en/explain.ftl"));
    assert_eq!(english, names(include_str!("../../locales/cy/explain.ftl")));
    assert!(english.len() > 80);
}

#[test]
fn no_decision_of_the_matrix_lacks_words() {
    let ruleset = Ruleset::builtin().unwrap();
    for flow in Flow::ALL {
        for kind in crate::minimum::recipients(flow) {
            for nation in Nation::ALL {
                let cautious = RecipientFacts::cautious(flow, *kind, nation, date(2026, 11, 19));
                let facts =
                    RecipientFacts { offered: DataClass::ALL.into_iter().collect(), ..cautious };
                for language in Language::ALL {
                    let record = record(&facts, &[], true);
                    assert!(explain(&record, Some(&ruleset), language).is_ok(), "{flow} {kind:?}");
                }
            }
        }
    }
}

#[test]
fn the_recipient_hears_what_it_got_and_nothing_of_what_there_is_besides() {
    let held = RecipientFacts { address_protect: Answer::Unknown, ..facts() };
    let record = OnRecord { to_recipient: true, ..record(&held, &[], true) };
    let text = told(&record, Language::English);
    assert!(text.contains("who the child is (F1): under R01 (statutory)"), "{text}");
    for hidden in ["(F6)", "(F8)", "R21", "where in the place"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn p03_every_duty_says_why_no_consent_is_needed() {
    let ruleset = Ruleset::builtin().unwrap();
    let duties = Flow::ALL.into_iter().filter(|flow| flow.ground() == Ground::Duty);
    let mut told = 0;
    for flow in duties {
        for kind in crate::minimum::recipients(flow) {
            let facts = RecipientFacts {
                harm_suspected: Answer::Yes,
                section_47: true,
                invited: true,
                exploitation_indicated: true,
                area_shares_missing: true,
                early_years_opted_in: true,
                child_in_force_area: flow != Flow::HomeForce,
                do_not_inform_parent: Answer::No,
                consent: ConsentState::Refused,
                flow,
                recipient_kind: *kind,
                ..facts()
            };
            let Decision::Permit(permit) = ruleset.decide(&facts).outcome else { continue };
            assert_eq!(permit.consent_code(), ConsentCode::Duty, "{flow}");
            let english = consent_line(permit.consent_code(), Language::English).unwrap();
            assert!(english.starts_with("Consent is not needed, because"), "{flow}: {english}");
            let welsh = consent_line(permit.consent_code(), Language::Welsh).unwrap();
            assert!(welsh.starts_with("Nid oes angen cydsyniad, oherwydd"), "{flow}: {welsh}");
            told += 1;
        }
    }
    assert!(told >= 20, "only {told} duties let anything through");
}

#[test]
fn consent_is_said_to_be_given_only_where_it_was_and_counts() {
    let ruleset = Ruleset::builtin().unwrap();
    let code = |change: &dyn Fn(&mut RecipientFacts)| {
        let mut facts = RecipientFacts {
            flow: Flow::Advocate,
            recipient_kind: RecipientKind::Provider,
            consent: ConsentState::Given,
            agreement: AgreementState::Live,
            agreed: DataClass::ALL.into_iter().collect(),
            harm_suspected: Answer::No,
            ..facts()
        };
        change(&mut facts);
        match ruleset.decide(&facts).outcome {
            Decision::Permit(permit) => permit.consent_code(),
            Decision::Refuse(refusal) => panic!("{refusal:?}"),
        }
    };
    assert_eq!(code(&|_| ()), ConsentCode::ConsentGiven);
    let without = code(&|facts| {
        facts.consent = ConsentState::Refused;
        facts.section_47 = true;
    });
    assert_eq!(without, ConsentCode::Power, "within a plan it does not rest on consent");
    let notice = code(&|facts| {
        facts.flow = Flow::HealthNotice;
        facts.recipient_kind = RecipientKind::Health;
    });
    assert_eq!(notice, ConsentCode::Power, "it asks for none, whatever is on record");
    for code in ConsentCode::ALL {
        assert_eq!(ConsentCode::from_word(code.word()), Some(code));
    }
}
