//! What holds whatever the facts are.
//! `MASH_POLICY_ROUNDS=100000 cargo test --release -p mash-policy --test properties` looks longer.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{env, sync::Arc};

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
};
use mash_policy::{
    Conflict, Decision, Detail, Effect, Flow, Profile, RecipientDecision, RecipientFacts,
    RecipientKind, Ruleset, statutory_minimum,
};
use proptest::{prelude::*, sample::select};

fn rounds() -> ProptestConfig {
    let cases = env::var("MASH_POLICY_ROUNDS").ok().and_then(|text| text.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases.unwrap_or(400)) }
}

fn builtin() -> Arc<Ruleset> {
    Ruleset::builtin().unwrap()
}

fn permitted(decision: &RecipientDecision) -> ClassSet {
    match &decision.outcome {
        Decision::Permit(permit) => permit.classes(),
        Decision::Refuse(_) => ClassSet::EMPTY,
    }
}

fn masked(decision: &RecipientDecision) -> Vec<Detail> {
    match &decision.outcome {
        Decision::Permit(permit) => permit.masked().to_vec(),
        Decision::Refuse(_) => Detail::ALL.to_vec(),
    }
}

/// What is let through, details included.
fn narrower(one: &RecipientDecision, other: &RecipientDecision) -> bool {
    let known = |decision: &RecipientDecision, detail: Detail| {
        permitted(decision).contains(detail.class()) && !masked(decision).contains(&detail)
    };
    permitted(one).is_subset(permitted(other))
        && Detail::ALL.into_iter().all(|detail| !known(one, detail) || known(other, detail))
}

const DAYS: [Date; 5] = [
    date(2018, 5, 25),
    date(2025, 11, 6),
    date(2025, 11, 7),
    date(2026, 11, 19),
    date(2199, 12, 31),
];

prop_compose! {
    fn any_facts()(
        (duty, recipient_kind) in (select(&Flow::ALL[..]), select(&RecipientKind::ALL[..])),
        (nation, profile) in (select(&Nation::ALL[..]), select(&Profile::ALL[..])),
        (conflict, address_protect) in (select(&Conflict::ALL[..]), select(&Answer::ALL[..])),
        (collection_risk, decided_on) in (select(&Answer::ALL[..]), select(&DAYS[..])),
        flags in any::<[bool; 5]>(),
        // Mostly children, or little would be seen of the rest.
        child_under_18 in prop::bool::weighted(0.9),
        offered in 0..1_u32 << 18,
    ) -> RecipientFacts {
        let [early, area, sexual, live, no_contact] = flags;
        RecipientFacts {
            duty, recipient_kind, nation, profile,
            early_years_opted_in: early,
            child_under_18,
            child_in_force_area: area,
            conflict, address_protect,
            sexual_offence_alleged: sexual,
            live_investigation: live,
            collection_risk,
            no_contact_requested: no_contact,
            decided_on,
            offered: DataClass::ALL
                .into_iter()
                .filter(|class| class.number() <= 2 || offered >> (class.number() - 1) & 1 == 1)
                .collect(),
        }
    }
}

/// Facts of a recipient that can have the duty.
fn fitting_facts() -> impl Strategy<Value = RecipientFacts> {
    const FITTING: [(Flow, RecipientKind); 8] = [
        (Flow::School, RecipientKind::School),
        (Flow::School, RecipientKind::EducationDesk),
        (Flow::HomeEducation, RecipientKind::HomeEducationOfficer),
        (Flow::HomeEducation, RecipientKind::EducationDesk),
        (Flow::SchoolUnknown, RecipientKind::EducationDesk),
        (Flow::SchoolUnknown, RecipientKind::MashQueue),
        (Flow::HomeForce, RecipientKind::PoliceForce),
        (Flow::EarlyYears, RecipientKind::EarlyYearsLead),
    ];
    (any_facts(), select(&FITTING[..])).prop_map(|(facts, (duty, recipient_kind))| RecipientFacts {
        duty,
        recipient_kind,
        ..facts
    })
}

proptest! {
    #![proptest_config(rounds())]

    #[test]
    fn no_recipient_but_police_hears_an_address_that_may_be_protected(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        let protected = facts.address_protect != Answer::No;
        let police = facts.recipient_kind == RecipientKind::PoliceForce;
        if protected && !police {
            prop_assert!(!permitted(&decision).contains(DataClass::ChildAddress));
            prop_assert!(masked(&decision).contains(&Detail::Whereabouts)
                || !permitted(&decision).contains(DataClass::Narrative));
        }
        if facts.recipient_kind == RecipientKind::School {
            prop_assert!(!permitted(&decision).contains(DataClass::ChildAddress), "no school ever");
        }
    }

    #[test]
    fn an_unknown_never_lets_more_through(facts in fitting_facts()) {
        let ruleset = builtin();
        for known in [Answer::Yes, Answer::No] {
            let unknown = ruleset.decide(&RecipientFacts { address_protect: Answer::Unknown, ..facts });
            let address = ruleset.decide(&RecipientFacts { address_protect: known, ..facts });
            prop_assert!(narrower(&unknown, &address), "address {known}");
            let unknown = ruleset.decide(&RecipientFacts { collection_risk: Answer::Unknown, ..facts });
            let collection = ruleset.decide(&RecipientFacts { collection_risk: known, ..facts });
            prop_assert!(narrower(&unknown, &collection), "collection {known}");
        }
        let unknown = ruleset.decide(&RecipientFacts { conflict: Conflict::Unknown, ..facts });
        for conflict in [Conflict::Clear, Conflict::AlternateOnly] {
            let known = ruleset.decide(&RecipientFacts { conflict, ..facts });
            prop_assert!(narrower(&unknown, &known), "conflict {conflict:?}");
        }
    }

    #[test]
    fn a_reason_for_care_never_lets_more_through(facts in fitting_facts()) {
        let ruleset = builtin();
        let with = |change: &dyn Fn(&mut RecipientFacts)| {
            let mut facts = facts;
            change(&mut facts);
            ruleset.decide(&facts)
        };
        prop_assert!(narrower(&with(&|f| f.sexual_offence_alleged = true), &with(&|f| f.sexual_offence_alleged = false)));
        prop_assert!(narrower(&with(&|f| f.live_investigation = true), &with(&|f| f.live_investigation = false)));
        prop_assert!(narrower(&with(&|f| f.no_contact_requested = true), &with(&|f| f.no_contact_requested = false)));
        prop_assert!(narrower(&with(&|f| f.early_years_opted_in = false), &with(&|f| f.early_years_opted_in = true)));
        prop_assert!(narrower(&with(&|f| f.profile = Profile::Minimal), &with(&|f| f.profile = Profile::Middle)));
        prop_assert!(narrower(&with(&|f| f.profile = Profile::Middle), &with(&|f| f.profile = Profile::Full)));
    }

    #[test]
    fn a_duty_is_done_or_refused_with_a_reason(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        let minimum: ClassSet = [DataClass::ChildIdentity, DataClass::IncidentStub].into_iter().collect();
        match &decision.outcome {
            Decision::Permit(permit) => {
                prop_assert!(minimum.is_subset(permit.classes()), "a notice says whom and that");
                prop_assert!(!permit.rules().is_empty() && !permit.basis().is_empty());
                prop_assert!(!permit.is_degraded());
            }
            Decision::Refuse(refusal) => {
                prop_assert!(refusal.reasons().iter().all(|reason| reason.word() != "no-rule-permits"));
                prop_assert!(!refusal.rules().is_empty());
                let duty = facts.duty == Flow::School && facts.child_under_18;
                prop_assert!(!duty || refusal.diverts_to_desk(), "only R20 turns a school's notice away");
                prop_assert!(!duty || facts.recipient_kind == RecipientKind::School, "never the desk");
            }
        }
    }

    #[test]
    fn every_class_that_was_offered_is_answered_and_no_other(facts in any_facts()) {
        let decision = builtin().decide(&facts);
        let answered: Vec<DataClass> = decision.classes.iter().map(|entry| entry.class).collect();
        prop_assert_eq!(answered, facts.offered.iter().collect::<Vec<_>>());
        for entry in decision.classes.iter() {
            prop_assert_eq!(entry.effect == Effect::Permit, permitted(&decision).contains(entry.class));
            prop_assert!(entry.effect == Effect::Refuse || !entry.rules.is_empty(), "a permit names its rule");
        }
        let all = DataClass::ALL.into_iter().collect();
        let whole = builtin().decide(&RecipientFacts { offered: all, ..facts });
        prop_assert_eq!(permitted(&decision), permitted(&whole).intersection(facts.offered));
    }

    #[test]
    fn remembering_and_slicing_change_nothing(facts in prop_oneof![7 => fitting_facts(), 1 => any_facts()]) {
        let ruleset = builtin();
        let afresh = ruleset.decide_afresh(&facts);
        prop_assert_eq!(&ruleset.decide(&facts), &afresh, "first time");
        prop_assert_eq!(&ruleset.decide(&facts), &afresh, "second time");
        prop_assert_eq!(&ruleset.decide_unsliced(&facts), &afresh, "unsliced");
    }

    #[test]
    fn without_rules_only_less_goes(facts in prop_oneof![7 => fitting_facts(), 1 => any_facts()]) {
        let minimum = Ruleset::minimum_only().decide(&facts);
        prop_assert!(narrower(&minimum, &builtin().decide(&facts)));
        prop_assert!(permitted(&minimum).is_subset(statutory_minimum(facts.duty)));
        if let Decision::Permit(permit) = &minimum.outcome {
            prop_assert!(permit.is_degraded());
        } else if let Decision::Permit(permit) = builtin().decide(&facts).outcome {
            prop_assert_eq!(statutory_minimum(facts.duty), ClassSet::EMPTY, "a duty is still done: {:?}", permit);
        }
    }

    #[test]
    fn a_section_of_one_nation_is_not_cited_in_the_other(facts in fitting_facts()) {
        if let Decision::Permit(permit) = builtin().decide(&facts).outcome {
            let cites = |section: &str| permit.basis().iter().any(|basis| &**basis == section);
            prop_assert!(!cites("Children Act 2004 s.16LA"), "its commencement is not confirmed");
            prop_assert!(!cites("Children Act 2004 s.11") || facts.nation == Nation::England);
            prop_assert!(!cites("Children Act 2004 s.28") || facts.nation == Nation::Wales);
        }
    }
}
