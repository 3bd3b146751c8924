//! What is stale in a directory is told before it hurts.

use mash_proto::education::v1 as wire;
use mash_store::Dialect;
use tonic::{Code, Status};

use crate::support::{BRIDGEND, E1, Hub, OPERATOR, by, contact, id, refused, to_school, wales_row};

on_both!(
    what_is_stale_is_told_with_the_most_pressing_first,
    pages_of_findings_leave_nothing_out,
    only_its_own_officers_and_the_operator_are_told,
);

async fn page(
    hub: &Hub,
    (organisation, practitioner): (&str, &str),
    (authority_code, page_size, page_token): (&str, i32, &str),
) -> Result<wire::ListDirectoryFindingsResponse, Status> {
    let request = wire::ListDirectoryFindingsRequest {
        authority_code: authority_code.to_owned(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let mut directory = hub.directory(organisation);
    let answer = directory.list_directory_findings(by(practitioner, request)).await;
    answer.map(tonic::Response::into_inner)
}

fn words(findings: &[wire::DirectoryFinding]) -> Vec<String> {
    let word = |it: &wire::DirectoryFinding| {
        let school = it.establishment.trim_start_matches("establishments/");
        format!("{} {school} {}", it.finding_code, it.contact).trim().to_owned()
    };
    findings.iter().map(word).collect()
}

/// E1 with two contacts, one that is closed, one that has nobody.
async fn bridgend(dialect: Dialect) -> Hub {
    let hub = Hub::with_school(dialect).await;
    hub.officers("education-duty", &["nia"]).await;
    let closed = "672,2303,Ysgol Gaeedig,Primary,CF31 1AA,Closed,2026-08-31\n";
    let report = hub.import_wales(&(wales_row("2302", "Ysgol Newydd") + closed)).await;
    assert_eq!(report.problems_total, 0, "{:?}", report.problems.first().map(|it| it.code.clone()));
    let day = |day| Some(jiff::civil::date(2026, 11, day).into());
    let mair = wire::Contact {
        confirmed_date: day(18),
        absence: Some(wire::DateRange { first: day(19), last: day(20) }),
        ..contact("mair", wire::ContactRole::KeyAdult)
    };
    let owen = contact("owen", wire::ContactRole::Deputy);
    let request = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722301".into(),
        contacts: vec![mair, owen],
    };
    hub.directory(E1).replace_contacts(by("head", request)).await.unwrap();
    hub
}

async fn what_is_stale_is_told_with_the_most_pressing_first(dialect: Dialect) {
    let hub = bridgend(dialect).await;
    let answer = page(&hub, (BRIDGEND, "nia"), ("672", 0, "")).await.unwrap();
    assert_eq!(
        words(&answer.findings),
        [
            "no-contacts 6722302",
            "away-no-cover 6722301 mair",
            "closed 6722303",
            "unconfirmed 6722301 owen",
            "never-told 6722301",
            "never-told 6722302",
        ]
    );
    let away = &answer.findings[1];
    assert_eq!(away.contact_name, "Person MAIR");
    assert_eq!(away.display_name, "Ysgol Gynradd Pont-y-Bryn");
    assert!(away.since_date == Some(jiff::civil::date(2026, 11, 19).into()));
    assert!(answer.findings.iter().all(|it| it.owner == "authorities/672/desks/education-duty"));
    let counts: Vec<_> =
        answer.counts.iter().map(|it| (it.finding_code.as_str(), it.count)).collect();
    assert_eq!(counts.last(), Some(&("never-told", 2)));

    hub.release(&to_school("n1", &["mair"])).await;
    hub.until(E1, "mair", |notices| notices.len() == 1).await;
    let answer = page(&hub, (BRIDGEND, "nia"), ("672", 0, "")).await.unwrap();
    assert!(!words(&answer.findings).contains(&"never-told 6722301".to_owned()));
}

async fn pages_of_findings_leave_nothing_out(dialect: Dialect) {
    let hub = bridgend(dialect).await;
    let all = page(&hub, (OPERATOR, "op"), ("672", 500, "")).await.unwrap();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let answer = page(&hub, (OPERATOR, "op"), ("672", 1, &token)).await.unwrap();
        assert_eq!(answer.findings.len(), 1);
        assert!(answer.counts == all.counts, "counts are of all pages");
        seen.extend(words(&answer.findings));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, words(&all.findings));
    for (size, token) in [(501, ""), (-1, ""), (0, "x"), (0, "bounced"), (0, "odd/6722301/mair")] {
        let answer = page(&hub, (OPERATOR, "op"), ("672", size, token)).await;
        assert_eq!(refused(answer).0, Code::InvalidArgument, "{size} {token}");
    }
}

async fn only_its_own_officers_and_the_operator_are_told(dialect: Dialect) {
    let hub = bridgend(dialect).await;
    for who in [(BRIDGEND, "stranger"), ("authority/673", "nia")] {
        let answer = page(&hub, who, ("672", 0, "")).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{who:?}");
    }
    assert_eq!(refused(page(&hub, (E1, "mair"), ("672", 0, "")).await).1, "MASH-C002");
    assert_eq!(refused(page(&hub, (OPERATOR, "op"), ("", 0, "")).await).0, Code::InvalidArgument);
    assert!(page(&hub, (OPERATOR, "op"), ("672", 0, "")).await.is_ok());
}
