//! R18: a release by power rests on a live clause of an agreement, or there is none.

use jiff::civil::Date;
use mash_bus::topics;
use mash_domain::{
    agreement::{
        Agreement, AgreementId, AgreementKind, BasisCode, Clause, ClauseId, Command, Draft,
        Frequency, Party, PartyRole, Selector, SignatoryRole, Supersession, TerminationReason,
        Terms,
    },
    data_class::DataClass,
    organisation::OrganisationId,
    sharing::Flow,
};
use mash_proto::{disclosure::v1::DisclosureReleased, envelope::unwrap};
use mash_store::outbox::OutboxMessage;
use prost::Message as _;

use super::*;
use crate::agreements::digest_of;

const FORCE: &str = "police/62";
const BOARD: &str = "health-board/7A5";

fn organisation(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn clause(id: &str, numbers: &[u8]) -> Clause {
    Clause {
        id: ClauseId::parse(id).unwrap(),
        flow: Flow::HealthNotice,
        classes: numbers.iter().filter_map(|number| DataClass::from_number(*number)).collect(),
        frequency: Frequency::PerEvent,
        from: vec![Selector::One(organisation(FORCE))],
        to: vec![Selector::One(organisation(BOARD))],
        bases: vec![BasisCode::from_word("uk-gdpr-9-2-h").unwrap()],
    }
}

fn agreement(signatories: &[&str], clauses: Vec<Clause>, valid_until: Date) -> Agreement {
    let party = |text, role| Party { organisation: organisation(text), role };
    let terms = Terms::new(Draft {
        kind: AgreementKind::InformationSharingProtocol,
        title: "Notices".to_owned(),
        title_cy: String::new(),
        reference: "1".to_owned(),
        parties: vec![party(FORCE, PartyRole::Discloser), party(BOARD, PartyRole::Recipient)],
        clauses,
        valid_from: date(2026, 4, 1),
        valid_until,
        supersedes: None,
    });
    let terms = terms.unwrap();
    let (digest, now) = (digest_of(&terms), "2026-04-01T10:00:00Z".parse().unwrap());
    let id = AgreementId::new(uuid::Uuid::from_u128(1));
    let mut agreement = Agreement::propose(id, (terms, digest), organisation(FORCE), now);
    for party in signatories {
        let party = organisation(party);
        let (practitioner, role) = ("p1".to_owned(), SignatoryRole::CaldicottGuardian);
        agreement.apply(Command::Sign { party, practitioner, role, digest }, now).unwrap();
    }
    agreement
}

fn everything() -> Vec<Clause> {
    vec![clause("4.1", &[1, 2, 3, 5]), clause("4.2", &[12])]
}

pub(super) fn live() -> Agreement {
    agreement(&[FORCE, BOARD], everything(), date(2027, 3, 31))
}

/// A child of Bridgend, whose health board is 7A5.
fn of_bridgend(revision: i32) -> pb::Incident {
    let mut incident = incident(revision);
    for child in &mut incident.children {
        child.address.as_mut().unwrap().authority_code = "672".to_owned();
    }
    incident
}

fn under(agreements: Vec<Agreement>) -> (World, Effects) {
    let mut world = world(&of_bridgend(1), &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    world.agreements = agreements;
    let effects = report(&mut world, of_bridgend(1));
    (world, effects)
}

fn to_health(effects: &Effects) -> Vec<&Decision> {
    effects.decisions.iter().filter(|decision| recipient(decision) == BOARD).collect()
}

fn sent(effects: &Effects) -> Vec<&OutboxMessage> {
    effects.messages.iter().filter(|message| message.topic == topics::DISCLOSED_HEALTH).collect()
}

#[test]
fn without_a_signed_agreement_nothing_is_planned() {
    let until = date(2027, 3, 31);
    let others = || {
        let mut clause = clause("4.1", &[1, 2]);
        clause.flow = Flow::EarlyHelp;
        vec![clause]
    };
    let table = [
        ("none", vec![]),
        ("a draft", vec![agreement(&[], everything(), until)]),
        ("signed by the force alone", vec![agreement(&[FORCE], everything(), until)]),
        ("signed by the board alone", vec![agreement(&[BOARD], everything(), until)]),
        ("about something else", vec![agreement(&[FORCE, BOARD], others(), until)]),
    ];
    for (why, agreements) in table {
        let (_, effects) = under(agreements);
        assert_eq!(effects.decisions.len(), 1, "{why}: the school alone");
        assert!(sent(&effects).is_empty(), "{why}");
    }
}

#[test]
fn a_live_clause_is_cited_and_nothing_beyond_it_goes() {
    let (world, effects) = under(vec![live()]);
    let [decision] = to_health(&effects)[..] else { panic!("one decision") };
    assert!(decision.effect() == Effect::Permit);
    assert!(decision.second_recipient, "it is not counted");
    assert_eq!(decision.duty_kind, "health-notice");
    let cited: Vec<&str> = decision.citations.iter().map(|one| one.clause.as_str()).collect();
    assert_eq!(cited, ["4.1", "4.2"]);
    assert_eq!(decision.citations[0].agreement, live().id.name());
    assert_eq!(decision.citations[0].digest, live().digest.as_bytes());
    assert!(decision.basis_codes.contains(&"uk-gdpr-9-2-h".to_owned()));
    let [message] = sent(&effects)[..] else { panic!("one message") };
    assert_eq!(message.key, BOARD);
    assert_eq!(message.guards, [format!("agreement/{}", live().id)]);
    let envelope = Envelope::decode(message.payload.as_slice()).unwrap();
    let released: DisclosureReleased = unwrap(&envelope).ok().unwrap();
    assert!(!released.classes.is_empty());
    assert!(released.classes.iter().all(|class| [1, 2, 3, 5, 12].contains(class)));
    assert_eq!(world.duties.len(), 1, "a copy is no duty of its own");

    let narrow = agreement(&[FORCE, BOARD], vec![clause("7", &[1, 2])], date(2027, 3, 31));
    let (_, effects) = under(vec![narrow]);
    let envelope = Envelope::decode(sent(&effects)[0].payload.as_slice()).unwrap();
    let released: DisclosureReleased = unwrap(&envelope).ok().unwrap();
    assert_eq!(released.classes, [1, 2], "what the clause names and no more");
    let decision = to_health(&effects)[0];
    assert_eq!(decision.citations.len(), 1);
}

#[test]
fn duties_cite_nothing() {
    let (_, effects) = under(vec![live()]);
    let school = effects.decisions.iter().find(|one| recipient(one) != BOARD).unwrap();
    assert!(school.citations.is_empty());
    let guarded = effects.messages.iter().filter(|message| !message.guards.is_empty()).count();
    assert_eq!(guarded, 1, "no agreement can stop a duty");
}

#[test]
fn an_ended_agreement_refuses_on_record() {
    let now = "2026-11-01T10:00:00Z".parse().unwrap();
    let mut terminated = live();
    let reason = TerminationReason::PartyWithdraws;
    terminated.apply(Command::Terminate { party: organisation(BOARD), reason }, now).unwrap();
    let mut superseded = live();
    let by = AgreementId::new(uuid::Uuid::from_u128(2));
    let from = date(2026, 11, 19);
    superseded.apply(Command::Supersede(Supersession { by, from }), now).unwrap();
    // The night is that of 19 November.
    let table =
        [agreement(&[FORCE, BOARD], everything(), date(2026, 11, 18)), terminated, superseded];
    for ended in table {
        let (_, effects) = under(vec![ended]);
        let [decision] = to_health(&effects)[..] else { panic!("one decision") };
        assert!(decision.effect() == Effect::Refuse);
        assert_eq!(decision.reason_codes, ["agreement-not-live"]);
        assert!(decision.citations.is_empty() && decision.second_recipient);
        assert!(sent(&effects).is_empty());
        assert_eq!(effects.decisions.len(), 2, "the school is told all the same");
    }
    let (_, effects) = under(vec![agreement(&[FORCE, BOARD], everything(), date(2026, 11, 19))]);
    assert!(to_health(&effects)[0].effect() == Effect::Permit, "its last day counts");
}

#[test]
fn what_went_while_it_was_live_is_kept_and_nothing_more_comes() {
    let (mut world, _) = under(vec![live()]);
    world.agreements = vec![agreement(&[FORCE, BOARD], everything(), date(2026, 11, 18))];
    let mut second = of_bridgend(2);
    second.narrative = "Another account.".to_owned();
    let effects = report(&mut world, second);
    assert!(to_health(&effects)[0].effect() == Effect::Refuse);
    assert!(sent(&effects).is_empty(), "neither more nor a recall");
}

#[test]
fn a_child_of_an_unknown_authority_is_no_business_of_any_board() {
    let mut incident = incident(1);
    for child in &mut incident.children {
        child.address.as_mut().unwrap().authority_code.clear();
    }
    let mut world = world(&incident, &[PlaceKind::Main(at(HERE))], vec![school(HERE)]);
    world.agreements = vec![live()];
    let effects = report(&mut world, incident);
    assert!(to_health(&effects).is_empty());
}
