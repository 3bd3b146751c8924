//! Pain point P04: injuries were photographed in a health assessment, and nobody was told.

use mash_bus::topics;
use mash_proto::{
    health::v1::{self as wire, resolve_injury_prompt_request::Resolution},
    referral::v1::{ItemSubmitted, ReportKind},
    r#type::v1::Answer,
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BOARD, Hub, OTHER_BOARD, by, faults, id, injury, pairs, patient, professional, refused, report,
};

on_both!(
    p04_an_injury_cannot_be_passed_over_in_silence,
    p04_thirty_one_photographs_reach_the_authority,
    p04_a_reason_has_words_and_a_name,
    of_a_baby_a_nurse_alone_gives_no_reason,
    a_prompt_that_nobody_answers_goes_to_the_lead,
    a_record_that_cannot_be_read_stops_no_other_clock,
    what_was_seen_since_has_to_be_read_first,
    a_repeat_has_one_effect,
    everything_that_is_wrong_is_told_at_once,
    another_board_sees_nothing,
);

fn record(injuries: Vec<wire::BodyMapEntry>, mobile: Answer) -> wire::RecordInjuriesRequest {
    wire::RecordInjuriesRequest {
        request_id: id(),
        reference: "EXAM/1".to_owned(),
        patient: patient(),
        mobile: mobile.into(),
        injuries,
        examine_time: Some(prost_types::Timestamp { seconds: 1_795_082_000, nanos: 0 }),
        professional: professional(wire::Role::Nurse),
    }
}

fn unexplained(photographs: u8) -> wire::BodyMapEntry {
    injury(wire::BodySite::Face, Answer::No, photographs)
}

fn reason(
    prompt: &wire::InjuryPrompt,
    role: wire::Role,
    text: &str,
) -> wire::ResolveInjuryPromptRequest {
    wire::ResolveInjuryPromptRequest {
        request_id: id(),
        name: prompt.name.clone(),
        revision: prompt.revision,
        professional: professional(role),
        resolution: Some(Resolution::Reason(wire::InjuryReason {
            code: "accident-witnessed".to_owned(),
            text: text.to_owned(),
        })),
    }
}

const WORDS: &str = "the teacher saw her fall from the climbing frame";

impl Hub {
    async fn record(&self, request: wire::RecordInjuriesRequest) -> wire::RecordInjuriesResponse {
        self.client(BOARD).record_injuries(by("nurse", request)).await.unwrap().into_inner()
    }

    async fn resolve(
        &self,
        request: wire::ResolveInjuryPromptRequest,
    ) -> Result<wire::ResolveInjuryPromptResponse, tonic::Status> {
        let answer = self.client(BOARD).resolve_injury_prompt(by("nurse", request)).await?;
        Ok(answer.into_inner())
    }

    async fn open(&self, board: &str) -> Vec<wire::InjuryPrompt> {
        let request = wire::ListInjuryPromptsRequest {
            open_only: true,
            ..wire::ListInjuryPromptsRequest::default()
        };
        let answer = self.client(board).list_injury_prompts(by("nurse", request)).await;
        answer.unwrap().into_inner().prompts
    }
}

async fn p04_an_injury_cannot_be_passed_over_in_silence(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let graze = injury(wire::BodySite::Leg, Answer::Yes, 0);
    let harmless = hub.record(record(vec![graze], Answer::Yes)).await;
    assert!(harmless.prompt.is_none(), "one graze that is explained asks for nothing");

    let prompt = hub.record(record(vec![unexplained(1)], Answer::Yes)).await.prompt.unwrap();
    assert!(prompt.state == i32::from(wire::InjuryPromptState::Open));
    assert_eq!(prompt.grounds, ["not-explained", "multiple"]);
    assert!(prompt.clock.is_some());
    // Neither nothing, nor a full stop, nor recording it again closes it.
    let nothing = wire::ResolveInjuryPromptRequest {
        resolution: None,
        ..reason(&prompt, wire::Role::Nurse, "")
    };
    let told = faults(hub.resolve(nothing).await);
    assert_eq!(pairs(&told), [("resolution", "MASH-H025")]);
    let told = faults(hub.resolve(reason(&prompt, wire::Role::Nurse, ".")).await);
    assert_eq!(pairs(&told), [("reason.text", "MASH-H019")]);
    let again = hub.record(record(vec![unexplained(1)], Answer::Yes)).await.prompt.unwrap();
    assert!(again.state == i32::from(wire::InjuryPromptState::Open));
    assert_eq!(hub.open(BOARD).await.len(), 1);

    let done =
        hub.resolve(reason(&prompt, wire::Role::Nurse, WORDS)).await.unwrap().prompt.unwrap();
    assert!(done.state == i32::from(wire::InjuryPromptState::Reasoned));
    let who = done.resolved_by.unwrap();
    assert_eq!((who.name.as_str(), who.practitioner.as_str()), ("Eleri Prys", "nurse"));
    assert!(hub.open(BOARD).await.is_empty());
    let twice = refused(hub.resolve(reason(&prompt, wire::Role::Nurse, WORDS)).await);
    assert_eq!(twice, (Code::FailedPrecondition, "MASH-H002".to_owned()));
    // Something new opens it again.
    let bite = injury(wire::BodySite::Ear, Answer::Yes, 0);
    hub.record(record(vec![bite], Answer::Yes)).await;
    assert_eq!(hub.open(BOARD).await.len(), 1);
}

async fn p04_thirty_one_photographs_reach_the_authority(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let prompt = hub.record(record(vec![unexplained(31)], Answer::Yes)).await.prompt.unwrap();
    let mut told = report(ReportKind::Clinical);
    told.child = None;
    let refer = wire::ResolveInjuryPromptRequest {
        resolution: Some(Resolution::Referral(wire::InjuryReferral {
            reference: "REF/1".to_owned(),
            report: Some(told),
        })),
        ..reason(&prompt, wire::Role::Nurse, "")
    };
    let done = hub.resolve(refer.clone()).await.unwrap();
    let referral = done.referral.unwrap();
    assert_eq!(done.prompt.unwrap().referral, referral.name);
    assert!(hub.resolve(refer).await.unwrap().referral.unwrap().name == referral.name, "a repeat");

    let items: Vec<ItemSubmitted> = hub.published(topics::SUBMITTED, 1).await;
    assert_eq!(items.len(), 1);
    let content = items[0].content.clone().unwrap();
    let health = content.health.unwrap();
    assert_eq!((health.injuries.len(), health.photographs.len()), (1, 31), "none is lost");
    assert_eq!(health.photographs[30].digest, vec![30; 32]);
    assert_eq!(content.child.unwrap().nhs_number, crate::support::NUMBER, "the patient");
    assert_eq!(items[0].flow, "concern");

    // What cannot be carried is refused as a whole, and said.
    let bad = faults(
        hub.client(BOARD)
            .record_injuries(by("nurse", record(vec![unexplained(41)], Answer::Yes)))
            .await,
    );
    assert_eq!(pairs(&bad), [("injuries", "MASH-H012")]);
    let more = vec![injury(wire::BodySite::Back, Answer::No, 10)];
    let full = hub.client(BOARD).record_injuries(by("nurse", record(more, Answer::Yes))).await;
    assert_eq!(refused(full), (Code::FailedPrecondition, "MASH-H007".to_owned()));
}

async fn p04_a_reason_has_words_and_a_name(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let prompt = hub.record(record(vec![unexplained(0)], Answer::Yes)).await.prompt.unwrap();
    let nameless = wire::ResolveInjuryPromptRequest {
        professional: Some(wire::Professional {
            name: " ".to_owned(),
            ..professional(wire::Role::Administrator).unwrap()
        }),
        revision: 0,
        resolution: Some(Resolution::Reason(wire::InjuryReason {
            code: "because".to_owned(),
            text: String::new(),
        })),
        name: "prompts/1".to_owned(),
        request_id: "7".to_owned(),
    };
    let told = faults(hub.resolve(nameless).await);
    assert_eq!(
        pairs(&told),
        [
            ("request_id", "MASH-T021"),
            ("name", "MASH-H021"),
            ("revision", "MASH-H029"),
            ("professional.name", "MASH-H010"),
            ("professional.role", "MASH-H018"),
            ("reason.code", "MASH-H011"),
            ("reason.text", "MASH-H019"),
        ]
    );
    let absent = wire::ResolveInjuryPromptRequest {
        name: "injury-prompts/nothing".to_owned(),
        ..reason(&prompt, wire::Role::Nurse, WORDS)
    };
    assert_eq!(refused(hub.resolve(absent).await).0, Code::NotFound);
}

async fn of_a_baby_a_nurse_alone_gives_no_reason(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let graze = injury(wire::BodySite::Leg, Answer::Yes, 0);
    let prompt = hub.record(record(vec![graze], Answer::No)).await.prompt.unwrap();
    assert_eq!(prompt.grounds, ["not-mobile"]);
    let nurse = refused(hub.resolve(reason(&prompt, wire::Role::Nurse, WORDS)).await);
    assert_eq!(nurse, (Code::PermissionDenied, "MASH-H004".to_owned()));
    hub.resolve(reason(&prompt, wire::Role::NamedNurse, WORDS)).await.unwrap();
}

async fn a_prompt_that_nobody_answers_goes_to_the_lead(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    let prompt = hub.record(record(vec![unexplained(0)], Answer::Yes)).await.prompt.unwrap();
    assert!(prompt.team == i32::from(wire::Team::SchoolNursing));
    hub.later(3 * 60 + 59);
    hub.health.tick().await.unwrap();
    assert!(!hub.open(BOARD).await[0].escalated);
    let prompts = hub.prompts("lead").await;
    let warnings: Vec<_> = prompts.iter().filter(|one| one.code == "clock-warning").collect();
    assert_eq!(warnings.len(), 1, "an hour before, and once");
    assert_eq!((warnings[0].subject.as_str(), &*warnings[0].practitioner), (&*prompt.name, "lead"));
    hub.later(1);
    hub.health.tick().await.unwrap();
    hub.health.tick().await.unwrap();
    let late = hub.open(BOARD).await.remove(0);
    assert!(late.escalated && late.escalated_to == "lead", "told, and still open");
    let prompts = hub.prompts("nurse").await;
    assert_eq!(prompts.len(), 2);
    assert_eq!((prompts[0].code.as_str(), prompts[0].escalated_to.as_str()), ("injury", "lead"));
    hub.resolve(reason(&late, wire::Role::Doctor, WORDS)).await.unwrap();
    assert!(hub.prompts("lead").await.is_empty(), "the warning has gone with what it was about");
}

async fn a_record_that_cannot_be_read_stops_no_other_clock(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::SchoolNursing).await;
    let first = record(vec![unexplained(0)], Answer::Yes);
    let second = wire::RecordInjuriesRequest { reference: "EXAM/2".to_owned(), ..first.clone() };
    let second = wire::RecordInjuriesRequest { request_id: id(), ..second };
    hub.record(first).await;
    hub.later(1);
    let second = hub.record(second).await.prompt.unwrap();
    hub.change("UPDATE health_injuries SET clock = '?' || clock WHERE seq = (SELECT MIN(seq) FROM health_injuries)")
        .await;
    hub.later(4 * 60);
    for _ in 0..2 {
        hub.health.tick().await.unwrap();
    }
    hub.change("UPDATE health_injuries SET clock = substr(clock, 2) WHERE clock LIKE '?%'").await;
    let escalated = |prompts: Vec<wire::InjuryPrompt>| -> Vec<String> {
        prompts.into_iter().filter(|one| one.escalated).map(|one| one.name).collect()
    };
    assert_eq!(escalated(hub.open(BOARD).await), [second.name], "the other one goes on");
    let prompts = hub.prompts("nurse").await;
    assert_eq!(prompts.iter().filter(|one| one.code == "unreadable").count(), 1, "told once");
    hub.later(5);
    hub.health.tick().await.unwrap();
    assert_eq!(escalated(hub.open(BOARD).await).len(), 2, "mended, it rings, if late");
}

async fn what_was_seen_since_has_to_be_read_first(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let prompt = hub.record(record(vec![unexplained(0)], Answer::Yes)).await.prompt.unwrap();
    hub.record(record(vec![injury(wire::BodySite::Neck, Answer::No, 0)], Answer::Yes)).await;
    let stale = refused(hub.resolve(reason(&prompt, wire::Role::Doctor, WORDS)).await);
    assert_eq!(stale, (Code::Aborted, "MASH-H003".to_owned()));
}

async fn a_repeat_has_one_effect(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = record(vec![unexplained(2)], Answer::Yes);
    let client = hub.client(BOARD);
    let copies: Vec<_> = (0..8)
        .map(|_| {
            let (mut client, request) = (client.clone(), request.clone());
            tokio::spawn(async move { client.record_injuries(by("nurse", request)).await })
        })
        .collect();
    for copy in copies {
        let record = copy.await.unwrap().unwrap().into_inner().record.unwrap();
        assert_eq!((record.revision, record.injuries.len()), (1, 1));
    }
    let other = wire::RecordInjuriesRequest { mobile: Answer::No.into(), ..request };
    let reused = refused(hub.client(BOARD).record_injuries(by("nurse", other)).await);
    assert_eq!(reused, (Code::AlreadyExists, "MASH-T002".to_owned()));
}

async fn everything_that_is_wrong_is_told_at_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = wire::RecordInjuriesRequest {
        reference: "Carys Made-up".to_owned(),
        patient: Some(wire::Patient {
            nhs_number: "9434765918".to_owned(),
            date_of_birth: crate::support::date(2031, 1, 1),
            ..wire::Patient::default()
        }),
        mobile: 9,
        injuries: vec![wire::BodyMapEntry { site: 0, kind: 77, ..unexplained(0) }],
        examine_time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
        professional: None,
        ..record(Vec::new(), Answer::Yes)
    };
    let told = faults(hub.client(BOARD).record_injuries(by("nurse", request)).await);
    assert_eq!(
        pairs(&told),
        [
            ("reference", "MASH-H020"),
            ("patient.date_of_birth", "MASH-H014"),
            ("patient.nhs_number", "MASH-H015"),
            ("mobile", "MASH-H011"),
            ("injuries[0].site", "MASH-H011"),
            ("injuries[0].kind", "MASH-H011"),
            ("examine_time", "MASH-H014"),
            ("professional", "MASH-H010"),
        ]
    );
}

async fn another_board_sees_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let prompt = hub.record(record(vec![unexplained(0)], Answer::Yes)).await.prompt.unwrap();
    assert!(hub.open(OTHER_BOARD).await.is_empty());
    let request = by("nurse", reason(&prompt, wire::Role::Doctor, WORDS));
    let hidden = hub.client(OTHER_BOARD).resolve_injury_prompt(request).await;
    assert_eq!(refused(hidden).0, Code::NotFound);
    for organisation in ["police/62", "school/6722301", "authority/672"] {
        let request = by("nurse", wire::ListInjuryPromptsRequest::default());
        let answer = hub.client(organisation).list_injury_prompts(request).await;
        assert_eq!(refused(answer), (Code::PermissionDenied, "MASH-C002".to_owned()));
    }
}
