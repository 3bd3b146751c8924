//! Clocks of a health board.

use mash_proto::{
    convert::time_to_wire,
    health::v1 as health,
    police::v1 as police,
    referral::v1::ReportKind,
    sharing::v1 as sharing,
    r#type::v1::{Answer, Date},
};
use mash_synth::night::Night;
use mash_tests::hub::{BOARD, FORCE, Hub, NURSE, OFFICER, by, id, organisation, until};

use super::{
    TEN,
    course::{Course, Place, Times, Told, instant},
};

/// The lead of the board's teams.
pub(crate) const LEAD: &str = "lead-1";

/// The lead is warned, and told when nobody has seen to it.
fn passes(rule: &'static str, name: &str, place: Place) -> Course {
    let times = Times { started: TEN, warned: "2026-11-19T13:00:00Z", due: "2026-11-19T14:00:00Z" };
    let told = |code| Told { code, about: name.to_owned(), to: LEAD };
    let course = Course::new(rule, place, times, ("team-lead", LEAD));
    course.passes(Some(&told("clock-warning")), &told("escalated"))
}

/// Teams with a lead, for children of every age. Whoever comes second finds them set.
async fn staffed(hub: &Hub) {
    let inbox = |team: health::Team| health::TeamInbox {
        team: team.into(),
        label: "An invented team".to_owned(),
        telephone: "01656 000000".to_owned(),
        members: vec![NURSE.to_owned()],
        lead: LEAD.to_owned(),
        lead_telephone: "01656 000001".to_owned(),
    };
    let teams =
        [health::Team::Midwifery, health::Team::HealthVisiting, health::Team::SchoolNursing];
    let request = health::SetTeamsRequest {
        request_id: id(),
        version: 0,
        inboxes: teams.map(inbox).to_vec(),
        thresholds: None,
    };
    drop(hub.people.health(BOARD).unwrap().set_teams(by(LEAD, request)).await);
}

/// Four hours of the day or the night: the child goes home at night.
pub(crate) async fn injury_prompt_passes_where_nobody_refers(hub: &Hub) -> Course {
    staffed(hub).await;
    let child = hub.report(ReportKind::Clinical).child.unwrap();
    let request = health::RecordInjuriesRequest {
        request_id: id(),
        reference: hub.reference(),
        patient: Some(health::Patient {
            nhs_number: child.nhs_number,
            given_names: child.given_names,
            family_name: child.family_name,
            date_of_birth: child.date_of_birth,
        }),
        mobile: Answer::Yes.into(),
        injuries: vec![health::BodyMapEntry {
            site: health::BodySite::Ear.into(),
            kind: health::InjuryKind::Bruise.into(),
            description: "a bruise".to_owned(),
            explained: Answer::No.into(),
            ..health::BodyMapEntry::default()
        }],
        examine_time: Some(time_to_wire(instant("2026-11-19T09:30:00Z"))),
        professional: Some(health::Professional {
            name: "Invented Nurse".to_owned(),
            role: health::Role::Nurse.into(),
            ..health::Professional::default()
        }),
    };
    let mut board = hub.people.health(BOARD).unwrap();
    let answer = board.record_injuries(by(NURSE, request)).await.unwrap().into_inner();
    let name = answer.prompt.unwrap().name;
    passes("injury-prompt", &name, Place::Injury(name.clone()))
}

/// A force and the board agree that the board hears of incidents; without that it hears nothing.
async fn agreed(hub: &Hub) {
    let party = |name: &str, role: sharing::AgreementPartyRole| sharing::AgreementParty {
        organisation: Some(organisation(name)),
        role: role.into(),
    };
    let one = |name: &str| sharing::PartySelector {
        selector: Some(sharing::party_selector::Selector::Organisation(organisation(name))),
    };
    let terms = sharing::AgreementTerms {
        kind: sharing::AgreementKind::InformationSharingProtocol.into(),
        title: "Notices of incidents (invented)".to_owned(),
        title_cy: "Hysbysiadau am ddigwyddiadau (enghraifft)".to_owned(),
        reference: "SCENARIO/2026/001".to_owned(),
        parties: vec![
            party(FORCE, sharing::AgreementPartyRole::Discloser),
            party(BOARD, sharing::AgreementPartyRole::Recipient),
        ],
        clauses: vec![sharing::AgreementClause {
            id: "4.1".to_owned(),
            flow: "health-notice".to_owned(),
            data_classes: vec![1, 2, 3, 5],
            frequency: sharing::AgreementFrequency::PerEvent.into(),
            from: vec![one(FORCE)],
            to: vec![one(BOARD)],
            basis_codes: ["uk-gdpr-6-1-e", "uk-gdpr-9-2-h", "dpa-2018-sch-1-para-2", "caldicott"]
                .map(str::to_owned)
                .to_vec(),
            purpose: String::new(),
        }],
        valid_from: Some(Date { year: 2026, month: 11, day: 1 }),
        valid_until: Some(Date { year: 2027, month: 10, day: 31 }),
        supersedes: String::new(),
    };
    let request = sharing::ProposeAgreementRequest { request_id: id(), terms: Some(terms) };
    let mut force = hub.people.agreements(FORCE).unwrap();
    let proposed = force.propose_agreement(by(OFFICER, request)).await.unwrap().into_inner();
    let proposed = proposed.agreement.unwrap();
    for (party, person, role) in [
        (FORCE, "chief-1", sharing::SignatoryRole::ChiefOfficer),
        (BOARD, "guardian-1", sharing::SignatoryRole::CaldicottGuardian),
    ] {
        let request = sharing::SignAgreementRequest {
            request_id: id(),
            name: proposed.name.clone(),
            digest: proposed.digest.clone(),
            role: role.into(),
        };
        let mut signs = hub.people.agreements(party).unwrap();
        signs.sign_agreement(by(person, request)).await.unwrap();
    }
}

/// Four hub hours from when the notice reached the team of the child.
pub(crate) async fn clinical_acknowledgement_passes_where_nobody_acknowledges(hub: &Hub) -> Course {
    staffed(hub).await;
    agreed(hub).await;
    let incident = Night::new().incident("I1").unwrap().first.clone();
    let request =
        police::ReportDomesticAbuseIncidentRequest { request_id: id(), incident: Some(incident) };
    let mut force = hub.people.police(FORCE).unwrap();
    force.report_domestic_abuse_incident(by(OFFICER, request)).await.unwrap();
    let notice = until("the notice at the board", async || {
        let request = health::ListNoticesRequest { page_size: 200, ..Default::default() };
        let mut board = hub.people.health(BOARD).unwrap();
        let listed = board.list_notices(by(LEAD, request)).await.ok()?.into_inner();
        listed.notices.into_iter().next()
    })
    .await;
    let name = notice.name;
    passes("clinical-acknowledgement", &name, Place::Notice(name.clone()))
}
