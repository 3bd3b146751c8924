//! What holds whatever the facts are, in every flow.
//! `MASH_POLICY_ROUNDS=100000 cargo test --release -p mash-policy --test properties` looks longer.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{env, sync::Arc};

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState},
};
use mash_policy::{
    Conflict, Decision, Detail, Effect, Flow, Ground, Handling, LawfulBasis, Profile, Purpose,
    ReasonCode, RecipientDecision, RecipientFacts, RecipientKind, Ruleset, recipients,
    statutory_minimum,
};
use proptest::{prelude::*, sample::select};

fn rounds() -> ProptestConfig {
    let cases = env::var("MASH_POLICY_ROUNDS").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(2_000))
    }
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

fn known(decision: &RecipientDecision, detail: Detail) -> bool {
    permitted(decision).contains(detail.class()) && !masked(decision).contains(&detail)
}

/// What is let through, details included.
fn narrower(one: &RecipientDecision, other: &RecipientDecision) -> bool {
    permitted(one).is_subset(permitted(other))
        && Detail::ALL.into_iter().all(|detail| !known(one, detail) || known(other, detail))
}

const DAYS: [Date; 5] = [
    date(2018, 5, 25),
    date(2025, 11, 6),
    date(2025, 11, 7),
    date(2026, 11, 22),
    date(2199, 12, 31),
];

fn set(bits: u32) -> ClassSet {
    DataClass::ALL.into_iter().filter(|class| bits >> (class.number() - 1) & 1 == 1).collect()
}

/// A few classes, and as often as not none.
fn few_classes() -> impl Strategy<Value = ClassSet> {
    prop_oneof![
        2 => Just(ClassSet::EMPTY),
        1 => (0..1_u32 << 18, 0..1_u32 << 18).prop_map(|(one, other)| set(one & other)),
        1 => (0..1_u32 << 18).prop_map(set),
    ]
}

prop_compose! {
    /// The facts that Operation Encompass rests on.
    fn incident()(
        (flow, recipient_kind) in (select(&Flow::ALL[..]), select(&RecipientKind::ALL[..])),
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
            profile,
            early_years_opted_in: early,
            child_under_18,
            child_in_force_area: area,
            conflict, address_protect,
            sexual_offence_alleged: sexual,
            live_investigation: live,
            collection_risk,
            no_contact_requested: no_contact,
            // What some flow cannot do without.
            offered: set(offered | 0b11_0000_0000_0000_0011),
            ..RecipientFacts::cautious(flow, recipient_kind, nation, decided_on)
        }
    }
}

prop_compose! {
    /// Anything at all, whether the recipient fits the flow or not.
    fn any_facts()(
        facts in incident(),
        answers in (select(&Answer::ALL[..]), select(&Answer::ALL[..]), select(&Answer::ALL[..])),
        consent in select(&ConsentState::ALL[..]),
        child_view in select(&ChildView::ALL[..]),
        (agreement, agreed) in (select(&AgreementState::ALL[..]), few_classes()),
        intelligence in select(&Handling::ALL[..]),
        flags in any::<[bool; 7]>(),
        (by_order, by_chair) in (few_classes(), few_classes()),
    ) -> RecipientFacts {
        let (harm_suspected, do_not_inform_parent, source_identifiable) = answers;
        let [enquiry, invited, cited, relevant, exploited, shares, debrief] = flags;
        RecipientFacts {
            harm_suspected, do_not_inform_parent, source_identifiable,
            consent, child_view, agreement, agreed, intelligence,
            section_47: enquiry,
            invited,
            case_cited: cited,
            third_party_relevant: relevant,
            exploitation_indicated: exploited,
            area_shares_missing: shares,
            debrief_accepted: debrief,
            kept_back_by_order: by_order,
            kept_back_by_chair: by_chair,
            ..facts
        }
    }
}

/// What most flows ask for, so that more than refusals is seen: all in order, but for one thing left to chance.
fn in_order(facts: RecipientFacts, but: u8) -> RecipientFacts {
    let early_help = facts.flow.purpose() == Purpose::EarlyHelp;
    let mut ordered = RecipientFacts {
        child_under_18: true,
        early_years_opted_in: true,
        child_in_force_area: facts.flow != Flow::HomeForce,
        conflict: Conflict::Clear,
        sexual_offence_alleged: false,
        live_investigation: false,
        harm_suspected: if early_help { Answer::No } else { Answer::Yes },
        section_47: !early_help,
        invited: true,
        case_cited: true,
        third_party_relevant: true,
        consent: ConsentState::Given,
        child_view: ChildView::NotKnown,
        agreement: AgreementState::Live,
        agreed: set(u32::MAX),
        do_not_inform_parent: Answer::No,
        exploitation_indicated: true,
        area_shares_missing: true,
        debrief_accepted: true,
        kept_back_by_order: ClassSet::EMPTY,
        kept_back_by_chair: ClassSet::EMPTY,
        offered: set(u32::MAX),
        ..facts
    };
    match but {
        0 => ordered.conflict = facts.conflict,
        1 => (ordered.consent, ordered.section_47) = (facts.consent, facts.section_47),
        2 => ordered.agreement = facts.agreement,
        3 => ordered.agreed = facts.agreed,
        4 => ordered.harm_suspected = facts.harm_suspected,
        5 => (ordered.invited, ordered.case_cited) = (facts.invited, facts.case_cited),
        6 => ordered.kept_back_by_order = facts.kept_back_by_order,
        7 => ordered.child_view = facts.child_view,
        8 => ordered.live_investigation = facts.live_investigation,
        _ => ordered.sexual_offence_alleged = facts.sexual_offence_alleged,
    }
    ordered
}

/// Facts of a recipient that can be told within the flow.
fn fitting_facts() -> impl Strategy<Value = RecipientFacts> {
    let order = prop_oneof![1 => Just(None), 3 => (0..12_u8).prop_map(Some)];
    (any_facts(), any::<prop::sample::Index>(), order).prop_map(|(facts, index, order)| {
        let recipient_kind = *index.get(recipients(facts.flow));
        let facts = RecipientFacts { recipient_kind, ..facts };
        order.map_or(facts, |but| in_order(facts, but))
    })
}

const ENCOMPASS: [Flow; 5] =
    [Flow::School, Flow::HomeEducation, Flow::SchoolUnknown, Flow::HomeForce, Flow::EarlyYears];

proptest! {
    #![proptest_config(rounds())]

    #[test]
    fn a_place_that_may_be_protected_goes_to_police_and_social_care_only(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        let trusted = matches!(facts.recipient_kind, RecipientKind::PoliceForce | RecipientKind::SocialCare);
        if facts.address_protect != Answer::No && !trusted {
            prop_assert!(!permitted(&decision).contains(DataClass::ChildAddress));
            for place in [Detail::Whereabouts, Detail::SiblingSchool, Detail::PlaceNames] {
                prop_assert!(!known(&decision, place), "{place:?}");
            }
        }
    }

    #[test]
    fn no_school_ever_holds_what_is_not_for_schools(facts in fitting_facts()) {
        let facts = RecipientFacts { recipient_kind: RecipientKind::School, ..facts };
        let classes = permitted(&builtin().decide(&facts));
        for number in [10, 11, 13, 14, 15, 16] {
            prop_assert!(!classes.contains(DataClass::from_number(number).unwrap()), "F{number}");
        }
        prop_assert!(!classes.contains(DataClass::Perpetrator) || facts.collection_risk == Answer::Yes);
        let wide = facts.section_47 && facts.invited && facts.case_cited;
        let asked = if facts.flow == Flow::Enquiry { 0b11_0000_0000_1001_1111 } else { 0b1001_1111 };
        prop_assert!(wide || classes.is_subset(set(asked)), "R34: {classes:?}");
    }

    #[test]
    fn some_classes_go_to_few(facts in fitting_facts()) {
        use RecipientKind as Kind;
        let classes = permitted(&builtin().decide(&facts));
        let told = |class: DataClass, kinds: &[Kind]| {
            !classes.contains(class) || kinds.contains(&facts.recipient_kind)
        };
        prop_assert!(told(DataClass::SexualOffence, &[Kind::PoliceForce, Kind::SocialCare]));
        prop_assert!(told(DataClass::ThirdParty, &[Kind::SocialCare, Kind::Health]));
        prop_assert!(told(DataClass::Intelligence, &[Kind::PoliceForce, Kind::SocialCare]));
        prop_assert!(told(DataClass::Immigration, &[Kind::PoliceForce, Kind::SocialCare, Kind::HomeOffice]));
        prop_assert!(told(DataClass::Adoption, &[Kind::AdoptionTeam]));
        if classes.contains(DataClass::Intelligence) {
            prop_assert_eq!((facts.intelligence, facts.source_identifiable), (Handling::Permitted, Answer::No));
        }
        prop_assert!(classes.intersection(facts.kept_back_by_order).is_empty(), "R28");
        if facts.flow == Flow::Strategy {
            prop_assert!(classes.intersection(facts.kept_back_by_chair).is_empty(), "R08");
        }
        prop_assert!(facts.recipient_kind != Kind::Audit || classes.is_empty(), "R31");
    }

    #[test]
    fn a_duty_asks_neither_consent_nor_agreement(facts in fitting_facts(), other in any_facts()) {
        let changed = RecipientFacts {
            consent: other.consent,
            child_view: other.child_view,
            agreement: other.agreement,
            agreed: other.agreed,
            ..facts
        };
        let ruleset = builtin();
        if facts.flow.ground() == Ground::Duty {
            prop_assert_eq!(ruleset.decide(&facts), ruleset.decide(&changed));
        }
        if !facts.flow.asks_consent() {
            let asked = RecipientFacts { consent: other.consent, child_view: other.child_view, ..facts };
            prop_assert_eq!(ruleset.decide(&facts), ruleset.decide(&asked));
        }
    }

    #[test]
    fn a_power_needs_an_agreement_that_names_the_class(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        if facts.flow.ground() == Ground::Power {
            prop_assert!(permitted(&decision).is_subset(facts.agreed));
            prop_assert!(facts.agreement == AgreementState::Live || permitted(&decision).is_empty());
        }
        if let Decision::Permit(permit) = &decision.outcome {
            prop_assert_eq!(permit.ground(), facts.flow.ground());
        }
    }

    #[test]
    fn without_consent_nothing_goes_that_rests_on_it(facts in fitting_facts()) {
        let gone = !permitted(&builtin().decide(&facts)).is_empty();
        let plan = facts.flow == Flow::Advocate && facts.section_47;
        if gone && facts.flow.asks_consent() && !plan {
            let answered = facts.flow == Flow::EarlyHelpFeedback && facts.consent == ConsentState::Refused;
            prop_assert!(facts.consent == ConsentState::Given || answered, "{}", facts.consent.word());
            let objects = facts.child_view == ChildView::Objects && facts.harm_suspected != Answer::Yes;
            prop_assert!(!objects || facts.section_47, "R13");
        }
    }

    #[test]
    fn an_unknown_never_lets_more_through(facts in fitting_facts()) {
        let ruleset = builtin();
        let with = |change: &dyn Fn(&mut RecipientFacts)| {
            let mut facts = facts;
            change(&mut facts);
            ruleset.decide(&facts)
        };
        for answer in [Answer::Yes, Answer::No] {
            prop_assert!(narrower(&with(&|f| f.address_protect = Answer::Unknown), &with(&|f| f.address_protect = answer)));
            prop_assert!(narrower(&with(&|f| f.collection_risk = Answer::Unknown), &with(&|f| f.collection_risk = answer)));
            prop_assert!(narrower(&with(&|f| f.source_identifiable = Answer::Unknown), &with(&|f| f.source_identifiable = answer)));
            prop_assert!(narrower(&with(&|f| f.do_not_inform_parent = Answer::Unknown), &with(&|f| f.do_not_inform_parent = answer)));
        }
        // Suspected harm opens one flow and closes another, so not known is within the answer that opens.
        let on_harm = matches!(facts.flow, Flow::Concern | Flow::Enquiry | Flow::EnquiryAnswer);
        let opens = if on_harm { Answer::Yes } else { Answer::No };
        prop_assert!(narrower(&with(&|f| f.harm_suspected = Answer::Unknown), &with(&|f| f.harm_suspected = opens)));
        prop_assert!(narrower(&with(&|f| f.intelligence = Handling::Unknown), &with(&|f| f.intelligence = Handling::Permitted)));
        prop_assert!(narrower(&with(&|f| f.consent = ConsentState::NotRecorded), &with(&|f| f.consent = ConsentState::Given)));
        for conflict in [Conflict::Clear, Conflict::AlternateOnly] {
            prop_assert!(narrower(&with(&|f| f.conflict = Conflict::Unknown), &with(&|f| f.conflict = conflict)));
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
        prop_assert!(narrower(&with(&|f| f.section_47 = false), &with(&|f| f.section_47 = true)));
        prop_assert!(narrower(&with(&|f| f.invited = false), &with(&|f| f.invited = true)));
        prop_assert!(narrower(&with(&|f| f.case_cited = false), &with(&|f| f.case_cited = true)));
        prop_assert!(narrower(&with(&|f| f.third_party_relevant = false), &with(&|f| f.third_party_relevant = true)));
        prop_assert!(narrower(&facts_kept(&ruleset, &facts), &ruleset.decide(&facts)));
    }

    #[test]
    fn a_duty_is_done_or_refused_with_a_reason(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        match &decision.outcome {
            Decision::Permit(permit) => {
                prop_assert!(!permit.rules().is_empty() && !permit.basis().is_empty());
                prop_assert!(!permit.is_degraded());
            }
            Decision::Refuse(refusal) => {
                // A live agreement whose clause names none of the classes of the rule: silence is the reason.
                let silent = refusal.reasons() == [ReasonCode::NoRulePermits];
                // And what an alternate may hear is nothing of a letter that says neither F1 nor F2 (R20).
                let letter = matches!(facts.flow, Flow::Correspondence | Flow::Lookup);
                let alternate = letter && facts.conflict != Conflict::Clear;
                let power = facts.flow.ground() == Ground::Power;
                prop_assert!(!silent || power || alternate, "{:?}", refusal);
                prop_assert!(silent || !refusal.rules().is_empty());
            }
        }
        if ENCOMPASS.contains(&facts.flow) {
            let whole = RecipientFacts { kept_back_by_order: ClassSet::EMPTY, ..facts };
            let decision = builtin().decide(&whole);
            let refused_as_ever = [
                ReasonCode::NotUnder18,
                ReasonCode::ConflictUnknown,
                ReasonCode::ForceNotOptedIn,
                ReasonCode::LivesInForceArea,
            ];
            match &decision.outcome {
                Decision::Permit(permit) => prop_assert!(set(0b11).is_subset(permit.classes())),
                Decision::Refuse(refusal) => {
                    prop_assert!(refusal.reasons().iter().any(|it| refused_as_ever.contains(it)));
                    let desk = facts.recipient_kind == RecipientKind::EducationDesk;
                    prop_assert!(!desk || !facts.child_under_18, "the desk is always told of a child");
                }
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
        let whole = builtin().decide(&RecipientFacts { offered: set(u32::MAX), ..facts });
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
        prop_assert!(permitted(&minimum).is_subset(statutory_minimum(facts.flow)));
        if let Decision::Permit(permit) = &minimum.outcome {
            prop_assert!(permit.is_degraded());
        } else if let Decision::Permit(permit) = builtin().decide(&facts).outcome {
            let done = ENCOMPASS.contains(&facts.flow) && facts.flow != Flow::EarlyYears;
            let kept = statutory_minimum(facts.flow).is_subset(facts.kept_back_by_order);
            prop_assert!(!done || kept, "a duty is still done: {permit:?}");
        }
    }

    #[test]
    fn the_flows_of_a_referral_carry_what_they_are_for_and_no_more(facts in fitting_facts()) {
        let decision = builtin().decide(&facts);
        let ceilings = [
            (Flow::Enquiry, 0b11_0000_0000_0000_0101),
            (Flow::Feedback, 0b11_0000_0000_0000_0000),
            (Flow::Correspondence, 0b11_0000_0000_0000_0000),
            (Flow::ProtectionStatus, 0b11_0000_0000_0000_0001),
            (Flow::Lookup, 0b01_0000_0000_0000_0000),
        ];
        let ceiling = ceilings.into_iter().find(|(flow, _)| *flow == facts.flow);
        let most = ceiling.map_or(u32::MAX, |(_, most)| most);
        prop_assert!(permitted(&decision).is_subset(set(most)), "{:?}", permitted(&decision));
        if most != u32::MAX {
            prop_assert!(Detail::ALL.into_iter().all(|detail| !known(&decision, detail)));
        }
        if facts.harm_suspected != Answer::Yes && !facts.section_47 {
            let told = permitted(&decision).contains(DataClass::Narrative);
            prop_assert!(!told || !matches!(facts.flow, Flow::Enquiry | Flow::EnquiryAnswer));
        }
    }

    #[test]
    fn a_section_of_one_nation_is_not_cited_in_the_other(facts in fitting_facts()) {
        use LawfulBasis as Law;
        if let Decision::Permit(permit) = builtin().decide(&facts).outcome {
            let cites = |law: Law| permit.basis().contains(&law);
            prop_assert!(!cites(Law::Ca2004S16la), "its commencement is not confirmed");
            for english in [Law::Ca2004S11, Law::Ca2004S10, Law::Ca1989S17, Law::Ca1989S21, Law::Ca1989S27] {
                prop_assert!(!cites(english) || facts.nation == Nation::England, "{english}");
            }
            for welsh in [Law::Ca2004S25, Law::Ca2004S28, Law::Sswba2014S130, Law::Sswba2014S164] {
                prop_assert!(!cites(welsh) || facts.nation == Nation::Wales, "{welsh}");
            }
        }
    }
}

/// The same with one class more kept back by an order.
fn facts_kept(ruleset: &Ruleset, facts: &RecipientFacts) -> RecipientDecision {
    let kept_back_by_order = facts.kept_back_by_order.with(DataClass::Narrative);
    ruleset.decide(&RecipientFacts { kept_back_by_order, ..*facts })
}
