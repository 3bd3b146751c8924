//! Whether a child is protected: an emergency department at 03:00 depends on nobody, and the lead social worker is told.

use mash_bus::topics;
use mash_proto::{
    disclosure::v1::{Content, ProtectionStatus},
    health::v1 as wire,
    referral::v1::{ItemKind, ItemRecalled, ItemReceiptRecorded, ItemReleased},
};
use mash_store::Dialect;
use tonic::Code;

use crate::support::{
    BOARD, BRIDGEND, Hub, NUMBER, OTHER_BOARD, by, child, date, faults, id, item, organisation,
    pairs, professional, refused, social_worker,
};

on_both!(
    an_emergency_department_knows_and_the_social_worker_is_told,
    silence_is_not_read_as_not_on_file,
    what_is_taken_back_is_gone_and_old_news_stays_away,
    nobody_trawls,
    the_number_is_kept_nowhere,
    who_looks_says_who_she_is_and_why,
);

fn status(release: &str, revision: i32, protection: ProtectionStatus) -> ItemReleased {
    let content = Content {
        child: child(),
        officer: social_worker(),
        protection: Some(protection),
        ..Content::default()
    };
    ItemReleased { revision, ..item(ItemKind::ProtectionStatus, release, &content) }
}

fn plan() -> ProtectionStatus {
    ProtectionStatus { plan: true, since: date(2026, 5, 1), ..ProtectionStatus::default() }
}

fn look(number: &str) -> wire::CheckProtectionRequest {
    wire::CheckProtectionRequest {
        request_id: id(),
        nhs_number: number.to_owned(),
        professional: professional(wire::Role::Doctor),
        setting: wire::CareSetting::EmergencyDepartment.into(),
        reason: "head injury, third attendance this year".to_owned(),
    }
}

impl Hub {
    async fn look(&self, number: &str) -> wire::CheckProtectionResponse {
        let request = by("doctor", look(number));
        self.client(BOARD).check_protection(request).await.unwrap().into_inner()
    }

    async fn answers(&self, number: &str) -> Vec<&'static str> {
        let found = self.look(number).await.protection.unwrap();
        found.answers().map(|answer| answer.as_str_name()).collect()
    }

    /// Tells, and waits until the index has heard so many items.
    async fn told(&self, nonce: &str, item: &ItemReleased, receipts: usize) {
        self.tell(nonce, item).await;
        let _: Vec<ItemReceiptRecorded> = self.published(topics::RECEIPTS, receipts).await;
    }
}

const PLAN: &str = "PROTECTION_ANSWER_PLAN";
const LOOKED_AFTER: &str = "PROTECTION_ANSWER_LOOKED_AFTER";
const UNBORN_PLAN: &str = "PROTECTION_ANSWER_UNBORN_PLAN";
const NOT_ON_FILE: &str = "PROTECTION_ANSWER_NOT_ON_FILE";
const CANNOT_SAY: &str = "PROTECTION_ANSWER_CANNOT_SAY";
const NOBODY: &str = "9990000018";

async fn an_emergency_department_knows_and_the_social_worker_is_told(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.told("s1", &status("i1", 1, plan()), 2).await;
    let request = look(NUMBER);
    let first = hub.client(BOARD).check_protection(by("doctor", request.clone())).await.unwrap();
    let found = first.into_inner();
    let protection = found.protection.unwrap();
    assert!(protection.answers().eq([wire::ProtectionAnswer::Plan]));
    assert_eq!(protection.entries[0].contacts[0].name, "Siân Rees");
    assert!(protection.entries[0].authority == organisation(BRIDGEND));
    let again = hub.client(BOARD).check_protection(by("doctor", request)).await.unwrap();
    assert!(again.into_inner().lookup == found.lookup, "a repeat is one look");

    let told = hub.submitted(1).await;
    assert_eq!(told.len(), 1);
    let item = &told[0];
    assert!(item.kind() == ItemKind::Lookup && item.flow == "lookup");
    assert_eq!((item.reply_to.as_str(), item.case_id.as_str()), ("i1", "case-1"));
    assert!(item.to == [organisation(BRIDGEND).unwrap()]);
    let content = item.content.clone().unwrap();
    let looked = content.officer.clone().unwrap();
    assert_eq!(looked.role, "doctor, emergency-department");
    assert_eq!(looked.name, "Eleri Prys");
    let only = Content { officer: content.officer.clone(), ..Content::default() };
    assert!(content == only, "who looked, and nothing of the child");

    assert_eq!(hub.answers(NOBODY).await, [NOT_ON_FILE]);
    assert_eq!(hub.submitted(1).await.len(), 1, "there is nobody to tell");
    let request = by("manager", wire::ListLookupsRequest::default());
    let looks = hub.client(BOARD).list_lookups(request).await.unwrap().into_inner().lookups;
    assert_eq!(looks.len(), 2);
    assert_eq!((looks[1].practitioner.as_str(), looks[1].told.len()), ("doctor", 1));
    let request = by("manager", wire::ListLookupsRequest::default());
    let others = hub.client(OTHER_BOARD).list_lookups(request).await.unwrap().into_inner();
    assert!(others.lookups.is_empty());
}

async fn silence_is_not_read_as_not_on_file(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    assert_eq!(hub.answers(NOBODY).await, [CANNOT_SAY], "nobody has ever told anything");
    hub.told("s1", &status("i1", 1, plan()), 2).await;
    assert_eq!(hub.answers(NOBODY).await, [NOT_ON_FILE]);
    hub.later(72 * 60 + 1);
    assert_eq!(hub.answers(NOBODY).await, [CANNOT_SAY]);
    assert_eq!(hub.answers(NUMBER).await, [PLAN], "a plan is never forgotten");
}

async fn what_is_taken_back_is_gone_and_old_news_stays_away(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.told("s2", &status("i1", 2, ProtectionStatus { looked_after: true, ..plan() }), 2).await;
    hub.tell("s1", &status("i1", 1, ProtectionStatus { ended: true, ..plan() })).await;
    let unborn = ProtectionStatus { unborn: true, ..plan() };
    hub.told("s3", &status("i2", 1, unborn), 4).await;
    let found = hub.answers(NUMBER).await;
    assert_eq!(found, [PLAN, LOOKED_AFTER, UNBORN_PLAN]);
    for release in ["i1", "i2"] {
        let recall = ItemRecalled {
            release_id: format!("release-{release}"),
            item_id: release.to_owned(),
            case_id: "case-1".to_owned(),
            recipient: organisation(BOARD),
            reason_code: "withdrawn".to_owned(),
        };
        hub.publish(&format!("recall-{release}"), &recall).await;
    }
    let _: Vec<ItemReceiptRecorded> = hub.published(topics::RECEIPTS, 6).await;
    assert_eq!(hub.answers(NUMBER).await, [NOT_ON_FILE]);
}

async fn nobody_trawls(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let client = hub.client(BOARD);
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let mut client = client.clone();
        looks.spawn(async move { client.check_protection(by("trawler", look(NOBODY))).await });
    }
    let (mut allowed, mut refusals) = (0, 0);
    while let Some(answer) = looks.join_next().await {
        match answer.unwrap() {
            Ok(_) => allowed += 1,
            answer @ Err(_) => {
                assert_eq!(refused(answer), (Code::ResourceExhausted, "MASH-H005".to_owned()));
                refusals += 1;
            }
        }
    }
    assert_eq!((allowed, refusals), (10, 6), "ten in a minute, also when they come together");
    hub.look(NOBODY).await;
    hub.later(1);
    client.clone().check_protection(by("trawler", look(NOBODY))).await.unwrap();
}

async fn the_number_is_kept_nowhere(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.told("s1", &status("i1", 1, plan()), 2).await;
    hub.look(NUMBER).await;
    let mut conn = hub.store.read().await.unwrap();
    for (table, columns) in [
        ("health_protection", ["number_hash", "entry"]),
        ("health_lookups", ["number_hash", "lookup"]),
        ("requests", ["content_hash", "response"]),
    ] {
        for column in columns {
            let sql = format!("SELECT {column} FROM {table}");
            let rows = sqlx::query_scalar::<_, Vec<u8>>(sqlx::AssertSqlSafe(sql));
            let rows = rows.fetch_all(&mut *conn).await.unwrap();
            assert!(!rows.is_empty(), "{table}");
            let holds = |row: &Vec<u8>| row.windows(10).any(|part| part == NUMBER.as_bytes());
            assert!(!rows.iter().any(holds), "{table}.{column}");
        }
    }
}

async fn who_looks_says_who_she_is_and_why(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let odd = wire::CheckProtectionRequest {
        nhs_number: "123".to_owned(),
        professional: professional(wire::Role::Administrator),
        setting: 0,
        reason: "ok".to_owned(),
        ..look(NUMBER)
    };
    let told = faults(hub.client(BOARD).check_protection(by("clerk", odd)).await);
    assert_eq!(
        pairs(&told),
        [
            ("nhs_number", "MASH-H015"),
            ("professional.role", "MASH-H018"),
            ("setting", "MASH-H011"),
            ("reason", "MASH-H019"),
        ]
    );
    let nobody = hub.client(BOARD).check_protection(look(NUMBER)).await;
    assert_eq!(refused(nobody).1, "MASH-C003", "a practitioner must be named");
    let police = hub.client("police/62").check_protection(by("pc", look(NUMBER))).await;
    assert_eq!(refused(police), (Code::PermissionDenied, "MASH-C002".to_owned()));
}
