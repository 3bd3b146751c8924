use mash_domain::agreement::{Digest, SignatoryRole};

use super::*;

fn organisation(kind: common::OrganisationKind, code: &str) -> common::Organisation {
    common::Organisation { kind: kind.into(), code: code.to_owned() }
}

fn selector(kind: common::OrganisationKind) -> wire::PartySelector {
    let selector = Some(wire::party_selector::Selector::Kind(kind.into()));
    wire::PartySelector { selector }
}

fn terms() -> wire::AgreementTerms {
    use common::OrganisationKind::{HealthBoard, PoliceForce};
    let party = |kind, code, role: wire::AgreementPartyRole| wire::AgreementParty {
        organisation: Some(organisation(kind, code)),
        role: role.into(),
    };
    let day = |year, month, day| Some(common::Date { year, month, day });
    wire::AgreementTerms {
        kind: wire::AgreementKind::InformationSharingProtocol.into(),
        title: "Notices to health".to_owned(),
        title_cy: "Hysbysiadau i iechyd".to_owned(),
        reference: "WASPI/1".to_owned(),
        parties: vec![
            party(HealthBoard, "7A5", wire::AgreementPartyRole::Recipient),
            party(PoliceForce, "62", wire::AgreementPartyRole::Discloser),
        ],
        clauses: vec![wire::AgreementClause {
            id: "4.2".to_owned(),
            flow: "health-notice".to_owned(),
            data_classes: vec![1, 2],
            frequency: wire::AgreementFrequency::PerEvent.into(),
            from: vec![selector(PoliceForce)],
            to: vec![selector(HealthBoard)],
            basis_codes: vec!["uk-gdpr-9-2-h".to_owned()],
            purpose: String::new(),
        }],
        valid_from: day(2026, 4, 1),
        valid_until: day(2027, 3, 31),
        supersedes: String::new(),
    }
}

#[test]
fn terms_read_back_as_they_were_written() {
    let read = terms_from_wire(terms()).ok().unwrap();
    let again = terms_from_wire(terms_to_wire(&read)).ok().unwrap();
    assert_eq!(read, again);
    assert_eq!(read.canonical(), again.canonical());
    assert_eq!(terms_to_wire(&read).clauses[0].purpose, "operation-encompass");
}

#[test]
fn what_does_not_belong_is_named_by_its_field() {
    type Edit = fn(&mut wire::AgreementTerms);
    let table: &[(Edit, &str, &str)] = &[
        (|it| it.kind = 0, "terms.kind", codes::TEXT),
        (|it| it.title.clear(), "terms.title", codes::TEXT),
        (|it| it.reference = "a\nb".into(), "terms.reference", codes::TEXT),
        (|it| it.supersedes = "x".into(), "terms.supersedes", codes::TEXT),
        (|it| it.parties.truncate(1), "terms.parties", codes::PARTIES),
        (|it| it.parties[0].role = 9, "terms.parties[0].role", codes::PARTIES),
        (|it| it.parties[0].organisation = None, "terms.parties[0].organisation", codes::PARTIES),
        (|it| it.clauses.clear(), "terms.clauses", codes::CLAUSE),
        (|it| it.clauses[0].id = "four".into(), "terms.clauses[0].id", codes::CLAUSE),
        (|it| it.clauses[0].flow = "gossip".into(), "terms.clauses[0].flow", codes::FLOW),
        (|it| it.clauses[0].purpose = "marketing".into(), "terms.clauses[0].purpose", codes::FLOW),
        (|it| it.clauses[0].purpose = "early-help".into(), "terms.clauses[0].purpose", codes::FLOW),
        (
            |it| it.clauses[0].data_classes = vec![1, 19],
            "terms.clauses[0].data_classes[1]",
            codes::CLASS,
        ),
        (
            |it| it.clauses[0].data_classes = vec![-1],
            "terms.clauses[0].data_classes[0]",
            codes::CLASS,
        ),
        (|it| it.clauses[0].data_classes.clear(), "terms.clauses[0].data_classes", codes::CLASS),
        (|it| it.clauses[0].frequency = 0, "terms.clauses[0].frequency", codes::CLAUSE),
        (|it| it.clauses[0].from[0].selector = None, "terms.clauses[0].from[0]", codes::CLAUSE),
        (|it| it.clauses[0].to.clear(), "terms.clauses[0].to", codes::CLAUSE),
        (
            |it| it.clauses[0].basis_codes = vec!["because".into()],
            "terms.clauses[0].basis_codes[0]",
            codes::BASIS,
        ),
        (|it| it.clauses[0].basis_codes.clear(), "terms.clauses[0].basis_codes", codes::BASIS),
        (
            |it| it.valid_until = it.valid_from.map(|day| common::Date { day: 0, ..day }),
            "terms.valid_until",
            codes::DAYS,
        ),
        (|it| it.valid_from = None, "terms.valid_from", codes::DAYS),
        (
            |it| std::mem::swap(&mut it.valid_from, &mut it.valid_until),
            "terms.valid_until",
            codes::DAYS,
        ),
    ];
    for (edit, field, code) in table {
        let mut bad = terms();
        edit(&mut bad);
        let Err(violations) = terms_from_wire(bad) else { panic!("{field} was accepted") };
        let found: Vec<_> = violations.iter().map(|it| (it.field.as_str(), it.code)).collect();
        let expected = (*field, *code);
        assert!(found.contains(&expected), "{field}: {found:?}");
        // An organisation that cannot be read is no health board any more, and the clause says so too.
        assert!(found.len() <= 2, "{field}: {found:?}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let mut bad = terms();
    bad.title.clear();
    bad.clauses[0].flow = "gossip".into();
    bad.clauses[0].data_classes = vec![77];
    std::mem::swap(&mut bad.valid_from, &mut bad.valid_until);
    let Err(violations) = terms_from_wire(bad) else { panic!("it was accepted") };
    assert_eq!(violations.len(), 4);
    assert!(violations.iter().all(|it| !it.description.contains("gossip")));
}

#[test]
fn an_agreement_shows_where_it_stands() {
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    let terms = terms_from_wire(terms()).ok().unwrap();
    let (force, board): (OrganisationId, OrganisationId) =
        ("police/62".parse().unwrap(), "health-board/7A5".parse().unwrap());
    let digest = Digest::new([3; 32]);
    let id: AgreementId = "7f7a3c52-2f0f-5f59-9d0a-000000000001".parse().unwrap();
    let mut agreement = Agreement::propose(id, (terms, digest), force.clone(), now);
    for party in [force, board] {
        let role = SignatoryRole::ChiefOfficer;
        let practitioner = "p1".to_owned();
        agreement.apply(domain::Command::Sign { party, practitioner, role, digest }, now).unwrap();
    }
    let wire = agreement_to_wire(&agreement, now);
    assert!(wire.state() == wire::AgreementState::Live);
    assert_eq!((wire.signatures.len(), wire.days_left), (2, 334));
    assert_eq!(AgreementId::from_name(&wire.name), Ok(id));
}
