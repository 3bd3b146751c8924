//! What is ordinary in each flow, and what can be out of the ordinary.

use jiff::civil::{Date, date};
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    nation::Nation,
    sharing::{AgreementState, ChildView, ConsentState, Flow, Ground, Purpose},
};

use crate::facts::{Conflict, Handling, Profile, RecipientFacts, RecipientKind};

/// What a situation changes.
pub(super) type Change = fn(&mut RecipientFacts);

/// The day before s.49A came into force.
const BEFORE_THE_DUTY: Date = date(2025, 11, 6);

/// Facts in which the flow has everything that it asks for, and every class is offered.
pub(super) fn ordinary(flow: Flow, recipient_kind: RecipientKind, day: Date) -> RecipientFacts {
    let enquiry = matches!(flow, Flow::Strategy | Flow::EnquiryAnswer);
    let harm = matches!(flow.purpose(), Purpose::ChildProtection | Purpose::Exploitation);
    let missing = flow == Flow::Missing;
    let all: ClassSet = DataClass::ALL.into_iter().collect();
    let power = flow.ground() == Ground::Power;
    RecipientFacts {
        profile: Profile::Full,
        early_years_opted_in: flow == Flow::EarlyYears,
        child_in_force_area: flow != Flow::HomeForce,
        conflict: Conflict::Clear,
        address_protect: Answer::No,
        collection_risk: Answer::No,
        harm_suspected: if harm { Answer::Yes } else { Answer::No },
        section_47: enquiry,
        invited: enquiry,
        consent: if flow.asks_consent() { ConsentState::Given } else { ConsentState::NotRequired },
        do_not_inform_parent: Answer::No,
        agreement: if power { AgreementState::Live } else { AgreementState::Absent },
        agreed: if power { all } else { ClassSet::EMPTY },
        intelligence: Handling::Permitted,
        source_identifiable: Answer::No,
        third_party_relevant: enquiry,
        exploitation_indicated: flow == Flow::ReferralMechanism,
        area_shares_missing: missing,
        debrief_accepted: missing,
        offered: all,
        ..RecipientFacts::cautious(flow, recipient_kind, Nation::Wales, day)
    }
}

/// What is out of the ordinary, one thing at a time and the pairs that matter.
pub(super) const SITUATIONS: [(&str, Change); 66] = [
    ("in England", |facts| facts.nation = Nation::England),
    ("before s.49A", |facts| facts.decided_on = BEFORE_THE_DUTY),
    ("before it, other area", |facts| {
        facts.decided_on = BEFORE_THE_DUTY;
        facts.child_in_force_area = !facts.child_in_force_area;
    }),
    ("address protected", |facts| facts.address_protect = Answer::Yes),
    ("address not known", |facts| facts.address_protect = Answer::Unknown),
    ("sexual offence", |facts| facts.sexual_offence_alleged = true),
    ("live investigation", |facts| facts.live_investigation = true),
    ("both of these", |facts| {
        facts.sexual_offence_alleged = true;
        facts.live_investigation = true;
    }),
    ("collection risk", |facts| facts.collection_risk = Answer::Yes),
    ("collection not known", |facts| facts.collection_risk = Answer::Unknown),
    ("risk, and live", |facts| {
        facts.collection_risk = Answer::Yes;
        facts.live_investigation = true;
    }),
    ("alternate only", |facts| facts.conflict = Conflict::AlternateOnly),
    ("conflict not known", |facts| facts.conflict = Conflict::Unknown),
    ("do not contact", |facts| facts.no_contact_requested = true),
    ("other force's area", |facts| facts.child_in_force_area = !facts.child_in_force_area),
    ("early years on or off", |facts| facts.early_years_opted_in = !facts.early_years_opted_in),
    ("18 or over", |facts| facts.child_under_18 = false),
    ("harm suspected", |facts| facts.harm_suspected = Answer::Yes),
    ("harm not known", |facts| facts.harm_suspected = Answer::Unknown),
    ("no harm suspected", |facts| facts.harm_suspected = Answer::No),
    ("England, harm not known", |facts| {
        facts.nation = Nation::England;
        facts.harm_suspected = Answer::Unknown;
    }),
    ("England, no harm", |facts| {
        facts.nation = Nation::England;
        facts.harm_suspected = Answer::No;
    }),
    ("enquiry or none", |facts| facts.section_47 = !facts.section_47),
    ("no enquiry, harm unknown", |facts| {
        facts.section_47 = false;
        facts.harm_suspected = Answer::Unknown;
    }),
    ("no enquiry, no harm", |facts| {
        facts.section_47 = false;
        facts.harm_suspected = Answer::No;
    }),
    ("invited or not", |facts| facts.invited = !facts.invited),
    ("case cited", |facts| facts.case_cited = true),
    ("cited, not invited", |facts| {
        facts.case_cited = true;
        facts.invited = false;
    }),
    ("cited, protected", |facts| {
        facts.case_cited = true;
        facts.address_protect = Answer::Yes;
    }),
    ("cited, collection", |facts| {
        facts.case_cited = true;
        facts.collection_risk = Answer::Yes;
    }),
    ("cited, code C", |facts| {
        facts.case_cited = true;
        facts.intelligence = Handling::Conditions;
    }),
    ("consent given", |facts| facts.consent = ConsentState::Given),
    ("consent refused", |facts| facts.consent = ConsentState::Refused),
    ("consent withdrawn", |facts| facts.consent = ConsentState::Withdrawn),
    ("consent expired", |facts| facts.consent = ConsentState::Expired),
    ("not safe to ask", |facts| facts.consent = ConsentState::NotSoughtUnsafe),
    ("consent not required", |facts| facts.consent = ConsentState::NotRequired),
    ("consent not recorded", |facts| facts.consent = ConsentState::NotRecorded),
    ("child agrees", |facts| facts.child_view = ChildView::Agrees),
    ("child objects", |facts| facts.child_view = ChildView::Objects),
    ("objects, and harm", |facts| {
        facts.child_view = ChildView::Objects;
        facts.harm_suspected = Answer::Yes;
    }),
    ("objects, in a plan", |facts| {
        facts.child_view = ChildView::Objects;
        facts.section_47 = true;
    }),
    ("agreement live", |facts| {
        facts.agreement = AgreementState::Live;
        facts.agreed = DataClass::ALL.into_iter().collect();
    }),
    ("agreement expired", |facts| facts.agreement = AgreementState::Expired),
    ("no agreement", |facts| facts.agreement = AgreementState::Absent),
    ("only F1 agreed", |facts| {
        facts.agreed = ClassSet::EMPTY.with(DataClass::ChildIdentity);
    }),
    ("England, only F1 agreed", |facts| {
        facts.nation = Nation::England;
        facts.agreed = ClassSet::EMPTY.with(DataClass::ChildIdentity);
    }),
    ("nothing agreed", |facts| facts.agreed = ClassSet::EMPTY),
    ("parent not to be told", |facts| facts.do_not_inform_parent = Answer::Yes),
    ("parent: not known", |facts| facts.do_not_inform_parent = Answer::Unknown),
    ("intelligence code C", |facts| facts.intelligence = Handling::Conditions),
    ("intelligence ungraded", |facts| facts.intelligence = Handling::Unknown),
    ("no intelligence", |facts| facts.intelligence = Handling::None),
    ("source identifiable", |facts| facts.source_identifiable = Answer::Yes),
    ("source not known", |facts| facts.source_identifiable = Answer::Unknown),
    ("third party relevant", |facts| facts.third_party_relevant = true),
    ("third party not", |facts| facts.third_party_relevant = false),
    ("order keeps F1 F3 F6", |facts| facts.kept_back_by_order = kept()),
    ("order keeps all", |facts| facts.kept_back_by_order = facts.offered),
    ("chair keeps F1 F3 F6", |facts| facts.kept_back_by_chair = kept()),
    ("exploited or not", |facts| facts.exploitation_indicated = !facts.exploitation_indicated),
    ("area shares or not", |facts| facts.area_shares_missing = !facts.area_shares_missing),
    ("interview or none", |facts| facts.debrief_accepted = !facts.debrief_accepted),
    ("address, and conflict", |facts| {
        facts.address_protect = Answer::Unknown;
        facts.conflict = Conflict::AlternateOnly;
    }),
    ("no answer, all else set", |facts| unknown_answers(facts)),
    ("everything not known", |facts| {
        *facts = RecipientFacts {
            offered: facts.offered,
            ..RecipientFacts::cautious(
                facts.flow,
                facts.recipient_kind,
                facts.nation,
                facts.decided_on,
            )
        };
    }),
];

fn kept() -> ClassSet {
    ClassSet::EMPTY
        .with(DataClass::ChildIdentity)
        .with(DataClass::Narrative)
        .with(DataClass::ChildAddress)
}

fn unknown_answers(facts: &mut RecipientFacts) {
    facts.address_protect = Answer::Unknown;
    facts.collection_risk = Answer::Unknown;
    facts.harm_suspected = Answer::Unknown;
    facts.do_not_inform_parent = Answer::Unknown;
    facts.source_identifiable = Answer::Unknown;
}
