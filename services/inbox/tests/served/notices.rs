//! One morning of a key adult: what is sealed, what opens, what is kept, and what never becomes code.

use mash_store::Dialect;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};
use sqlx::Row as _;

use crate::{
    on_both_stores,
    support::{Hub, SCHOOL},
};

on_both_stores!(
    what_police_say_opens_when_the_roll_is_confirmed,
    a_child_who_is_not_on_the_roll_is_gone_from_the_page,
    free_text_is_never_code,
    no_field_that_anybody_fills_in_is_code,
    a_repeated_form_has_one_effect,
    downloads_hold_what_was_told_and_no_formula,
    what_was_shown_is_recorded,
    what_waits_comes_before_years_of_what_was_dealt_with,
);

const SECRET_WORDS: &str = "the kitchen door was broken";

async fn what_police_say_opens_when_the_roll_is_confirmed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), SECRET_WORDS).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let list = browser.get("/notices").await;
    assert!(!list.body.contains("Carys"), "nobody has looked yet: {}", list.body);
    let sealed = browser.get("/notices/n-1").await;
    assert!(sealed.body.contains("Carys Example") && sealed.body.contains("4 March 2018"));
    for word in [SECRET_WORDS, "SWP-1", "A123456789012"] {
        assert!(!sealed.body.contains(word), "{word} is sealed");
    }
    for kept in ["/why", "/print", "/notice.csv", "/notice.json"] {
        assert_eq!(browser.get(&format!("/notices/n-1{kept}")).await.status, 404, "{kept}");
    }
    let page = browser.submit(&sealed, "/notices/n-1/acknowledge", &[("revision", "1")]).await;
    assert_eq!(page.status, 303);
    assert!(browser.get("/notices/n-1").await.body.contains("Opened"), "not acknowledged unseen");

    let answer = browser.submit(&sealed, "/notices/n-1/roll", &[]).await;
    assert_eq!((answer.status, answer.to()), (303, "/notices/n-1"));
    let open = browser.get("/notices/n-1").await;
    assert!(open.body.contains(SECRET_WORDS) && open.body.contains("SWP-1"));
    assert!(open.body.contains("confirmed that the child is on your roll"));
    assert!(!browser.get("/notices/n-1").await.body.contains("You have confirmed"), "said once");

    let fields = [("revision", "1"), ("note", "I will see her at nine.")];
    let done = browser.submit(&open, "/notices/n-1/acknowledge", &fields).await;
    assert_eq!(done.status, 303);
    let page = browser.get("/notices/n-1").await;
    assert!(page.body.contains("Acknowledged by Person mair, today at 7:45am"), "{}", page.body);
    assert!(page.body.contains("I will see her at nine."));
    let support = [("support", "talked"), ("support", "adjusted"), ("note", "uniform lent")];
    let saved = browser.submit(&page, "/notices/n-1/support", &support).await;
    assert_eq!(saved.status, 303);
    let page = browser.get("/notices/n-1").await;
    assert!(page.body.contains("Talked with the child") && page.body.contains("uniform lent"));
    assert!(browser.get("/notices").await.body.contains("Carys Example"), "now the list names her");
}

async fn a_child_who_is_not_on_the_roll_is_gone_from_the_page(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), SECRET_WORDS).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    browser.get("/notices/n-1").await;
    let asks = browser.get("/notices/n-1/not-ours").await;
    assert!(asks.body.contains("Carys Example") && !asks.body.contains(SECRET_WORDS));
    assert_eq!(browser.submit(&asks, "/notices/n-1/reject", &[]).await.status, 303);
    let page = browser.get("/notices/n-1").await;
    assert!(!page.body.contains("Carys") && page.body.contains("not on your roll"));
    assert_eq!(browser.get("/notices/n-1/not-ours").await.status, 404);
}

async fn free_text_is_never_code(dialect: Dialect) {
    let script = "<script>alert(1)</script>";
    let quote = "\"><img src=x onerror=alert(1)>{{7*7}}";
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", (script, quote), &format!("{script}{quote}")).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    browser.submit(&page, "/notices/n-1/roll", &[]).await;
    let page = browser.get("/notices/n-1").await;
    let fields = [("revision", "1"), ("note", script)];
    assert_eq!(browser.submit(&page, "/notices/n-1/acknowledge", &fields).await.status, 303);
    let support = [("support", "other"), ("note", quote)];
    browser.submit(&page, "/notices/n-1/support", &support).await;
    for path in ["/notices", "/notices/n-1", "/notices/n-1/print", "/notices/n-1/why"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{path}");
        assert!(
            path.ends_with("why") || page.body.contains("alert(1)"),
            "{path}: it is shown as text"
        );
    }
    let odd = browser.get("/nowhere?%3Cscript%3E=%22%3E%3Cimg%20src=x%3E").await;
    assert!(!odd.body.contains("<script") && !odd.body.contains("<img"));
}

const SCRIPT: &str = "<script>alert('\"&')</script>";

/// A message in which every text is a script.
fn all_script(kind: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    for field in kind.fields() {
        let value = if field.kind() == Kind::String {
            Value::String(SCRIPT.to_owned())
        } else if let Some(inner) = field.kind().as_message() {
            if inner.full_name() == "mash.type.v1.Date" {
                let mut date = DynamicMessage::new(inner.clone());
                for (name, part) in [("year", 2018), ("month", 3), ("day", 4)] {
                    date.set_field_by_name(name, Value::I32(part));
                }
                Value::Message(date)
            } else if depth > 0 && !inner.full_name().starts_with("google.") {
                Value::Message(all_script(inner, depth - 1))
            } else {
                continue;
            }
        } else if field.kind().as_enum().is_some() {
            Value::EnumNumber(1)
        } else {
            continue;
        };
        let value = if field.is_list() { Value::List(vec![value]) } else { value };
        message.set_field(&field, value);
    }
    message
}

async fn no_field_that_anybody_fills_in_is_code(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let pool = DescriptorPool::decode(mash_proto::DESCRIPTORS).unwrap();
    let content = pool.get_message_by_name("mash.disclosure.v1.Content").unwrap();
    hub.told("n-1", all_script(&content, 4).encode_to_vec()).await;
    hub.is_called("6722301", SCRIPT).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    assert!(page.body.contains("alert("), "it is shown, as text");
    browser.submit(&page, "/notices/n-1/roll", &[]).await;
    let page = browser.get("/notices/n-1").await;
    assert!(page.body.matches("alert(").count() > 10, "{}", page.body);
    let fields = [("revision", "1"), ("note", SCRIPT)];
    assert_eq!(browser.submit(&page, "/notices/n-1/acknowledge", &fields).await.status, 303);
    browser.submit(&page, "/notices/n-1/support", &[("support", "other"), ("note", SCRIPT)]).await;
    let paths = ["", "/print", "/why", "/not-ours"].map(|path| format!("/notices/n-1{path}"));
    let others = ["/notices", "/contacts", "/account", "/sign-in"].map(str::to_owned);
    for path in paths.iter().chain(&others) {
        let page = browser.get(path).await;
        let own = page.body.matches("<script src=\"/assets/passkey-").count();
        assert_eq!(page.body.matches("<script").count(), own, "{path}: {}", page.body);
        assert!(!page.body.contains("alert('\""), "{path}: no quote ends an attribute");
    }
    assert!(browser.get("/contacts").await.body.contains("alert("), "the names of contacts too");
}

async fn a_repeated_form_has_one_effect(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), SECRET_WORDS).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    browser.submit(&page, "/notices/n-1/roll", &[]).await;
    let page = browser.get("/notices/n-1").await;
    browser.submit(&page, "/notices/n-1/acknowledge", &[("revision", "1")]).await;
    let page = browser.get("/notices/n-1").await;
    for _ in 0..3 {
        let fields = [("support", "talked"), ("note", "only once")];
        assert_eq!(browser.submit(&page, "/notices/n-1/support", &fields).await.status, 303);
    }
    let shown = browser.get("/notices/n-1").await.body;
    assert_eq!(shown.matches("only once").count(), 1);
}

async fn downloads_hold_what_was_told_and_no_formula(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("=HYPERLINK(\"x\")", "Example"), "@SUM(1)").await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices/n-1").await;
    browser.submit(&page, "/notices/n-1/roll", &[]).await;
    let table = browser.get("/notices/n-1/notice.csv").await;
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"notice.csv\"");
    let mut reader = csv::Reader::from_reader(table.body.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| row.get(headers.iter().position(|it| it == name).unwrap()).unwrap();
    assert_eq!(cell("child_given_names"), "'=HYPERLINK(\"x\")");
    assert_eq!(cell("circumstances"), "'@SUM(1)");
    assert_eq!((cell("child_date_of_birth"), cell("police_reference")), ("2018-03-04", "SWP-1"));
    let object = browser.get("/notices/n-1/notice.json").await;
    let object: serde_json::Value = serde_json::from_str(&object.body).unwrap();
    assert_eq!(object["child_given_names"], "=HYPERLINK(\"x\")", "a program reads what was told");
    assert_eq!(object["notice"], "notices/n-1");
}

async fn what_was_shown_is_recorded(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.notice("n-1", ("Carys", "Example"), SECRET_WORDS).await;
    hub.notice("n-2", ("Ann", "Example"), SECRET_WORDS).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let other = browser.get("/notices/n-2").await;
    browser.submit(&other, "/notices/n-2/roll", &[]).await;
    let of_ann = accesses(&hub, "n-2").await;
    let page = browser.get("/notices/n-1").await;
    browser.submit(&page, "/notices/n-1/roll", &[]).await;
    browser.get("/notices/n-1/notice.csv").await;
    let row = |sealed| (SCHOOL.to_owned(), "mair".to_owned(), sealed);
    let told = accesses(&hub, "n-1").await;
    assert_eq!(told, [row(0), row(1)], "who the child is, and then what was told");
    browser.get("/notices/n-1").await;
    assert_eq!(accesses(&hub, "n-2").await, of_ann, "a page about Carys shows nothing of Ann");
}

/// Who was shown a notice, and whether it was sealed then.
async fn accesses(hub: &Hub, notice: &str) -> Vec<(String, String, i64)> {
    let mut conn = hub.store.read().await.unwrap();
    let rows = sqlx::query(
        "SELECT organisation, practitioner, sealed FROM education_notice_accesses WHERE notice = $1 ORDER BY sealed",
    )
    .bind(notice)
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn what_waits_comes_before_years_of_what_was_dealt_with(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    for number in 0..70 {
        hub.notice(&format!("old-{number}"), ("Ann", "Example"), SECRET_WORDS).await;
    }
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::query(
        "UPDATE education_notices SET state = 'acknowledged', acknowledged_by = 'mair', acknowledge_ms = 1,
         acknowledged_revision = 1, roll_confirmed_by = 'mair', roll_confirm_ms = 1,
         sort_ms = sort_ms - 100000000, deliver_by_ms = deliver_by_ms - 100000000",
    )
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    hub.notice("new", ("Carys", "Example"), SECRET_WORDS).await;
    let mut browser = hub.signed_in(SCHOOL, "mair").await;
    let page = browser.get("/notices").await.body;
    assert!(page.contains("1 notice waits for you") && page.contains("/notices/new\""), "{page}");
    let mut seen = page.matches("/notices/old-").count();
    let mut next = page;
    for _ in 0..10 {
        let Some(to) = next.split("href=\"/notices?").nth(1) else { break };
        let to = format!("/notices?{}", to.split('"').next().unwrap());
        next = browser.get(&to).await.body;
        assert!(!next.contains("/notices/new\""), "it is told once");
        seen += next.matches("/notices/old-").count();
    }
    assert_eq!(seen, 70, "each is told once");
}
