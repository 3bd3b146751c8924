//! Notices of incidents (R18): to the team by age, acknowledged in the clinical window, recalled.

use mash_bus::topics;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{
        ChildIdentity, Content, DisclosureRecalled, DisclosureReleased, ReceiptRecorded,
    },
    health::v1 as wire,
    r#type::v1::Date,
};
use mash_store::{Dialect, dead_letters};
use prost::Message as _;
use tonic::Code;

use crate::support::{
    BOARD, Hub, OTHER_BOARD, START, by, date, faults, id, inbox, organisation, pairs, professional,
    refused,
};

on_both!(
    a_notice_goes_to_the_team_by_age_and_is_acknowledged_once,
    only_the_team_sees_it_and_without_a_team_everybody,
    nobody_acknowledged_it_and_the_lead_is_told,
    a_row_that_cannot_be_read_stops_no_other_clock,
    a_recall_wipes_it_and_asks_only_who_has_seen_it,
    what_is_no_notice_becomes_a_dead_letter,
);

fn release(notice: &str, born: Option<Date>) -> DisclosureReleased {
    let child = ChildIdentity {
        given_names: "Carys".to_owned(),
        date_of_birth: born,
        ..ChildIdentity::default()
    };
    DisclosureReleased {
        disclosure_id: notice.to_owned(),
        duty_id: format!("duty-{notice}"),
        case_id: format!("case-{notice}"),
        recipient: organisation(BOARD),
        revision: 1,
        content: Content { child: Some(child), ..Content::default() }.encode_to_vec(),
        rule_ids: vec!["R18".to_owned()],
        accept_time: Some(time_to_wire(START.parse().unwrap())),
        ..DisclosureReleased::default()
    }
}

impl Hub {
    async fn release(&self, release: &DisclosureReleased) {
        let nonce = format!("{}-{}", release.disclosure_id, release.revision);
        self.publish(&nonce, release).await;
    }

    async fn recall(&self, release: &DisclosureReleased) {
        let recall = DisclosureRecalled {
            disclosure_id: release.disclosure_id.clone(),
            duty_id: release.duty_id.clone(),
            case_id: release.case_id.clone(),
            recipient: release.recipient.clone(),
            reason_code: "wrong-child".to_owned(),
            recall_time: None,
        };
        self.publish(&format!("{}-recall", release.disclosure_id), &recall).await;
    }

    async fn list(&self, board: &str, practitioner: &str) -> Vec<wire::HealthNotice> {
        let request = by(practitioner, wire::ListNoticesRequest::default());
        self.client(board).list_notices(request).await.unwrap().into_inner().notices
    }

    async fn wait(&self, practitioner: &str, count: usize) -> Vec<wire::HealthNotice> {
        self.until(async || {
            Some(self.list(BOARD, practitioner).await).filter(|notices| notices.len() == count)
        })
        .await
    }

    async fn get(
        &self,
        practitioner: &str,
        notice: &str,
    ) -> Result<wire::HealthNotice, tonic::Status> {
        let request = wire::GetNoticeRequest { name: format!("notices/{notice}") };
        let answer = self.client(BOARD).get_notice(by(practitioner, request)).await?;
        Ok(answer.into_inner().notice.unwrap())
    }

    async fn acknowledge(
        &self,
        practitioner: &str,
        notice: &str,
        revision: i32,
    ) -> Result<wire::HealthNotice, tonic::Status> {
        let request = wire::AcknowledgeNoticeRequest {
            request_id: id(),
            name: format!("notices/{notice}"),
            revision,
            professional: professional(wire::Role::SchoolNurse),
        };
        let answer = self.client(BOARD).acknowledge_notice(by(practitioner, request)).await?;
        Ok(answer.into_inner().notice.unwrap())
    }

    async fn receipts(&self, at_least: usize) -> Vec<String> {
        let receipts: Vec<ReceiptRecorded> = self.published(topics::RECEIPTS, at_least).await;
        let text = |receipt: ReceiptRecorded| {
            let kind = receipt.kind().as_str_name().trim_start_matches("RECEIPT_KIND_").to_owned();
            let late = if receipt.late { " late" } else { "" };
            format!("{kind} {} r{}{late}", receipt.practitioner, receipt.revision)
        };
        receipts.into_iter().map(text).collect()
    }
}

async fn a_notice_goes_to_the_team_by_age_and_is_acknowledged_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    let notice = release("n1", date(2019, 3, 4));
    hub.release(&notice).await;
    let listed = hub.wait("nurse", 1).await.remove(0);
    assert!(listed.team == i32::from(wire::Team::SchoolNursing));
    assert_eq!(listed.team_reason, "by-age");
    assert!(listed.content.is_none() && listed.clock.unwrap().warns == "lead");
    let read = hub.get("nurse", "n1").await.unwrap();
    assert_eq!(read.content.unwrap().child.unwrap().given_names, "Carys");
    let stale = refused(hub.acknowledge("nurse", "n1", 2).await);
    assert_eq!(stale, (Code::Aborted, "MASH-H003".to_owned()));
    let done = hub.acknowledge("nurse", "n1", 1).await.unwrap();
    assert_eq!(done.acknowledged_by.unwrap().practitioner, "nurse");
    hub.acknowledge("lead", "n1", 1).await.unwrap();
    hub.release(&notice).await;
    assert_eq!(
        hub.receipts(3).await,
        ["DELIVERED  r1", "OPENED nurse r1", "ACKNOWLEDGED nurse r1"]
    );
    // A newer revision waits again: what she acted on is not what is there now.
    hub.later(1);
    hub.release(&DisclosureReleased { revision: 2, ..notice }).await;
    let waiting = i32::from(wire::HealthNoticeState::Waiting);
    let again = hub
        .until(async || hub.list(BOARD, "nurse").await.into_iter().find(|it| it.state == waiting))
        .await;
    assert_eq!((again.revision, again.acknowledged_revision), (2, 1));
}

async fn only_the_team_sees_it_and_without_a_team_everybody(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.release(&release("n1", date(2026, 11, 12))).await;
    let orphan = hub.wait("anybody", 1).await.remove(0);
    assert_eq!(orphan.team_reason, "no-team");
    let request = by("anybody", wire::ListPromptsRequest::default());
    let prompts = hub.client(BOARD).list_prompts(request).await.unwrap().into_inner().prompts;
    assert_eq!(prompts[0].code, "no-team");
    // A week old: the midwives have it from now on.
    let request = wire::SetTeamsRequest {
        request_id: id(),
        version: 0,
        inboxes: vec![
            inbox(wire::Team::Midwifery, &["midwife"]),
            wire::TeamInbox { lead: "gp".to_owned(), ..inbox(wire::Team::GeneralPractice, &[]) },
        ],
        thresholds: None,
    };
    hub.client(BOARD).set_teams(by("manager", request)).await.unwrap();
    assert_eq!(hub.wait("midwife", 1).await[0].team_reason, "by-age");
    hub.release(&release("n2", None)).await;
    assert_eq!(hub.wait("gp", 1).await[0].team_reason, "age-unknown");
    for (board, practitioner) in [(BOARD, "anybody"), (BOARD, "gpx"), (OTHER_BOARD, "midwife")] {
        assert!(hub.list(board, practitioner).await.is_empty(), "{board} {practitioner}");
    }
    let hidden = refused(hub.get("anybody", "n1").await);
    assert_eq!(
        hidden,
        refused(hub.get("anybody", "nothing").await),
        "hidden and absent look alike"
    );
    assert_eq!(refused(hub.acknowledge("gp", "n1", 1).await).0, Code::NotFound);
    let odd = wire::AcknowledgeNoticeRequest {
        request_id: id(),
        name: "notices/".to_owned(),
        revision: 0,
        professional: professional(wire::Role::Administrator),
    };
    let told = faults(hub.client(BOARD).acknowledge_notice(by("gp", odd)).await);
    assert_eq!(
        pairs(&told),
        [("name", "MASH-H021"), ("revision", "MASH-H029"), ("professional.role", "MASH-H018")]
    );
    let odd = wire::ListNoticesRequest {
        page_size: 201,
        page_token: "x".to_owned(),
        ..wire::ListNoticesRequest::default()
    };
    let told = faults(hub.client(BOARD).list_notices(by("gp", odd)).await);
    assert_eq!(pairs(&told), [("page_size", "MASH-H028"), ("page_token", "MASH-H028")]);
}

async fn nobody_acknowledged_it_and_the_lead_is_told(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    hub.release(&release("n1", date(2019, 3, 4))).await;
    hub.wait("nurse", 1).await;
    hub.later(4 * 60 - 1);
    hub.health.tick().await.unwrap();
    assert!(hub.wait("nurse", 1).await[0].state == i32::from(wire::HealthNoticeState::Waiting));
    let warned = |prompts: Vec<wire::Prompt>| {
        let warnings = prompts.into_iter().filter(|one| one.code == "clock-warning");
        warnings.map(|one| one.practitioner).collect::<Vec<_>>()
    };
    assert_eq!(warned(hub.prompts("lead").await), ["lead"], "an hour before");
    hub.later(2);
    hub.health.tick().await.unwrap();
    hub.health.tick().await.unwrap();
    let late = hub.wait("lead", 1).await.remove(0);
    assert!(late.state == i32::from(wire::HealthNoticeState::Escalated));
    assert_eq!(late.escalated_to, "lead");
    assert_eq!(hub.receipts(2).await, ["DELIVERED  r1", "ESCALATED lead r1 late"]);
    hub.acknowledge("lead", "n1", 1).await.unwrap();
    assert!(warned(hub.prompts("lead").await).is_empty(), "it is with a named person");
}

async fn a_row_that_cannot_be_read_stops_no_other_clock(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    hub.release(&release("n1", date(2019, 3, 4))).await;
    hub.wait("nurse", 1).await;
    hub.release(&release("n2", date(2019, 3, 4))).await;
    hub.wait("nurse", 2).await;
    hub.change("UPDATE health_notices SET clock = '?' || clock WHERE id = 'n1'").await;
    hub.later(4 * 60);
    for _ in 0..2 {
        hub.health.tick().await.unwrap();
    }
    let escalated = i32::from(wire::HealthNoticeState::Escalated);
    assert!(hub.get("nurse", "n2").await.unwrap().state == escalated, "the other one goes on");
    hub.change("UPDATE health_notices SET clock = substr(clock, 2) WHERE id = 'n1'").await;
    let unreadable = |prompts: Vec<wire::Prompt>| -> Vec<String> {
        let told = prompts.into_iter().filter(|one| one.code == "unreadable");
        told.map(|one| one.subject).collect()
    };
    assert_eq!(unreadable(hub.prompts("nurse").await), ["notices/n1"], "told once");
    hub.later(5);
    hub.health.tick().await.unwrap();
    assert!(hub.get("nurse", "n1").await.unwrap().state == escalated, "mended, it rings, if late");
}

async fn a_recall_wipes_it_and_asks_only_who_has_seen_it(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    let (unseen, seen) = (release("n1", date(2019, 3, 4)), release("n2", date(2019, 3, 4)));
    hub.release(&unseen).await;
    hub.release(&seen).await;
    hub.wait("nurse", 2).await;
    hub.get("nurse", "n2").await.unwrap();
    hub.later(1);
    hub.recall(&unseen).await;
    hub.recall(&seen).await;
    let recalled = i32::from(wire::HealthNoticeState::Recalled);
    hub.until(async || {
        hub.list(BOARD, "nurse").await.into_iter().find(|notice| notice.state == recalled)
    })
    .await;
    assert!(hub.get("nurse", "n2").await.unwrap().content.is_none());
    let gone = hub.get("nurse", "n1").await.unwrap();
    assert!(gone.state == i32::from(wire::HealthNoticeState::Deleted) && gone.content.is_none());
    assert_eq!(
        refused(hub.acknowledge("nurse", "n2", 1).await),
        (Code::FailedPrecondition, "MASH-H006".to_owned())
    );
    let request =
        wire::ConfirmNoticeDeletionRequest { request_id: id(), name: "notices/n2".to_owned() };
    for _ in 0..2 {
        hub.client(BOARD).confirm_notice_deletion(by("nurse", request.clone())).await.unwrap();
    }
    let mut receipts = hub.receipts(5).await;
    receipts.sort_unstable();
    assert_eq!(
        receipts,
        ["DELETED  r1", "DELETED nurse r1", "DELIVERED  r1", "DELIVERED  r1", "OPENED nurse r1"]
    );
}

async fn what_is_no_notice_becomes_a_dead_letter(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    let good = release("n1", date(2019, 3, 4));
    let bad = [
        DisclosureReleased {
            content: vec![0xff; 9],
            disclosure_id: "b1".to_owned(),
            ..good.clone()
        },
        DisclosureReleased { revision: 0, disclosure_id: "b2".to_owned(), ..good.clone() },
        DisclosureReleased { disclosure_id: String::new(), ..good.clone() },
        DisclosureReleased { recipient: organisation("school/6722301"), ..good.clone() },
    ];
    for release in &bad {
        hub.release(release).await;
    }
    hub.later(1);
    hub.publish("good", &good).await;
    hub.wait("nurse", 1).await;
    let letters = dead_letters::list(&hub.store, None, 100).await.unwrap();
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter.code == "MASH-H009" && letter.owner == "health"));
}
