//! After an erasure a scanner takes everything that is left, live and in backups, tries every key that is left on it, and
//! looks for what was erased. It must find it where erasure was broken on purpose.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Mutex, OnceLock},
};

use mash_bus::{BusMessage, topics};
use mash_keys::{
    DataKey, FileKeys, KeyId, KeyStore as _, Wrapped, content,
    wire::{Opener, PublicKey, RecipientKey},
};
use mash_store::{
    Dialect, Store, erasure,
    keys::{BUS, CASES, rotation},
};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _};

use crate::fixture::{Fixture, TOPIC, envelope, eventually, message, read};
use crate::ledger::{Behaviour, Ledger, Running, effects, enqueue};

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        conformance!(@on embedded_on_sqlite, EmbeddedSqlite, $($name),*);
        conformance!(@on kafka_with_postgres, KafkaPostgres, $($name),*);
    };
    (@on $module:ident, $pair:ident, $($name:ident),*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::fixture::Fixture::new(crate::fixture::Pair::$pair).await).await;
            })*
        }
    };
}

conformance![
    nothing_that_was_erased_is_found_with_any_key_that_is_left,
    the_scanner_finds_what_a_broken_erasure_leaves,
];

/// Everything of one moment that holds bytes.
#[derive(Clone, Default)]
struct Snapshot {
    /// (what is bound to it, bytes): messages with topic and key, columns with nothing.
    pieces: Vec<(Vec<u8>, Vec<u8>)>,
    /// (name, kind, case, wrapped).
    data_keys: Vec<(KeyId, String, String, Vec<u8>)>,
    /// (name, recipient, public half, wrapped).
    recipient_keys: Vec<(KeyId, String, Vec<u8>, Vec<u8>)>,
}

/// What every process of this test has logged.
pub(crate) fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    struct Keep;
    impl io::Write for Keep {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOG.get_or_init(Mutex::default).lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(|| Keep).init();
    });
    LOG.get_or_init(Mutex::default)
}

async fn snapshot(on: &Fixture) -> Snapshot {
    let mut all = Snapshot::default();
    for (table, column, is_bytes) in columns(&on.store).await {
        for bytes in values(&on.store, &table, &column, is_bytes).await {
            all.pieces.push((Vec::new(), bytes));
        }
    }
    let bare = on.bare_bus().await;
    for topic in [TOPIC, topics::DEAD_LETTERS] {
        let group = format!("scanner-{}", uuid::Uuid::new_v4().simple());
        let held = bare.lag(&group, &[topic]).await.unwrap();
        let mut subscription = bare.subscribe(&group, &[topic]).await.unwrap();
        for it in read(subscription.as_mut(), usize::try_from(held).unwrap()).await {
            let bound = [topic.as_bytes(), b"\0", it.key.as_bytes()].concat();
            all.pieces.push((bound, it.payload.to_vec()));
        }
    }
    let mut conn = on.store.read().await.unwrap();
    for row in sqlx::query("SELECT key_id, record, case_id, wrapped FROM data_keys")
        .fetch_all(&mut *conn)
        .await
        .unwrap()
    {
        let id = KeyId::parse(&row.get::<String, _>(0)).unwrap();
        all.data_keys.push((id, row.get(1), row.get(2), row.get(3)));
    }
    for row in sqlx::query("SELECT key_id, recipient, public_key, wrapped FROM recipient_keys")
        .fetch_all(&mut *conn)
        .await
        .unwrap()
    {
        let id = KeyId::parse(&row.get::<String, _>(0)).unwrap();
        all.recipient_keys.push((id, row.get(1), row.get(2), row.get(3)));
    }
    all
}

/// Every column that can hold content.
async fn columns(store: &Store) -> Vec<(String, String, bool)> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "SELECT m.name, c.name, c.type = 'BYTEA' FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.type IN ('BYTEA', 'TEXT')"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type = 'bytea' AS INT)
             FROM information_schema.columns
             WHERE table_schema = 'public' AND data_type IN ('bytea', 'text')"
        }
    };
    let mut conn = store.read().await.unwrap();
    let rows = sqlx::query(sql).fetch_all(&mut *conn).await.unwrap();
    let number = |row: &sqlx::any::AnyRow| {
        row.try_get::<i64, _>(2).or_else(|_| row.try_get::<i32, _>(2).map(i64::from)).unwrap()
    };
    rows.iter().map(|row| (row.get(0), row.get(1), number(row) == 1)).collect()
}

async fn values(store: &Store, table: &str, column: &str, is_bytes: bool) -> Vec<Vec<u8>> {
    let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
    let mut conn = store.read().await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.unwrap();
    rows.iter()
        .map(|row| if is_bytes { row.get(0) } else { row.get::<String, _>(0).into_bytes() })
        .collect()
}

/// Where the text is found with every wrapping key that is left in this folder.
async fn scan(all: &[Snapshot], keys: &Path, text: &str) -> Vec<String> {
    let left = FileKeys::open(keys).unwrap();
    let mut found = Vec::new();
    let opener = Opener::default();
    let mut data_keys = BTreeMap::new();
    for snapshot in all {
        for (id, recipient, public, wrapped) in &snapshot.recipient_keys {
            let bound = [&id.0[..], recipient.as_bytes(), b"\0"].concat();
            let Ok(wrapped) = Wrapped::parse(wrapped) else { continue };
            if let Ok(private) = left.unwrap(BUS, &wrapped, &bound).await {
                let public = PublicKey(public.clone().try_into().unwrap());
                opener.add(RecipientKey::of(public, &private));
            }
        }
        for (id, record, case, wrapped) in &snapshot.data_keys {
            let bound = [&id.0[..], record.as_bytes(), b"\0", case.as_bytes()].concat();
            let Ok(wrapped) = Wrapped::parse(wrapped) else { continue };
            if let Ok(bytes) = left.unwrap(CASES, &wrapped, &bound).await {
                data_keys.insert(*id, DataKey::of(*id, bytes).unwrap());
            }
        }
    }
    for (bound, bytes) in all.iter().flat_map(|snapshot| &snapshot.pieces) {
        let mut layers = vec![("in the clear", bytes.clone())];
        if let Ok(inner) = opener.open(bound, bytes) {
            layers.push(("under a recipient's key", inner));
        }
        for (_, sealed) in layers.clone() {
            for key in data_keys.values() {
                for place in [TOPIC, topics::DEAD_LETTERS] {
                    if let Ok(inner) = content::open(key, place, &sealed) {
                        layers.push(("under a data key", inner));
                    }
                }
            }
        }
        for (how, bytes) in layers {
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(how.to_owned());
            }
        }
    }
    found
}

/// Bytes of the files of a database on this machine, pages that are free included.
fn files(on: &Fixture) -> Vec<u8> {
    let Some(path) = on.database.url.strip_prefix("sqlite:") else { return Vec::new() };
    let folder = Path::new(path).parent().unwrap();
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

fn shows(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Plants content of two cases on the way, in an outbox and as dead letters; returns the canary of each.
async fn plant(on: &Fixture) -> [String; 2] {
    log();
    let ledger = Ledger::new(&on.store, "g").await;
    let canaries = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(|id| id.simple().to_string());
    let event = |number: usize| {
        let plain = message(number, 2);
        let mut envelope = envelope(&plain.event_id, &plain.key);
        envelope.data = canaries[number % 2].clone().into_bytes();
        BusMessage { payload: envelope.encode_to_vec().into(), ..plain }
    };
    for number in [2, 3] {
        ledger.set(&format!("event-{number:06}"), Behaviour::Poison);
    }
    enqueue(&on.store, &(0..4).map(event).collect::<Vec<_>>()).await;
    let running = Running::both(on, &ledger);
    eventually("two have their effect and two are dead", || async {
        let letters = mash_store::dead_letters::list(&on.store, None, 9).await.unwrap();
        effects(&on.store).await.len() == 2 && letters.len() == 2
    })
    .await;
    running.stop().await;
    // What nobody has published yet.
    enqueue(&on.store, &[event(4), event(5)]).await;
    canaries
}

const LATER: i64 = erasure::GRACE_MS + 1;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn nothing_that_was_erased_is_found_with_any_key_that_is_left(on: Fixture) {
    let [erased, kept] = plant(&on).await;
    let keys = on.database.keys.clone();
    let backup = snapshot(&on).await;
    let found = scan(std::slice::from_ref(&backup), &keys, &erased).await;
    assert!(found.len() >= 3, "on the bus, in the outbox, as a dead letter: {found:?}");
    assert!(!found.contains(&"in the clear".to_owned()));

    erasure::erase(&on.store, "key-0", "a test", "operator", now()).await.unwrap();
    let swept = erasure::sweep(&on.store, &[], now() + LATER).await.unwrap();
    assert_eq!(swept.destroyed, 1);
    rotation::rotate(&on.store, now()).await.unwrap();
    rotation::rewrap(&on.store, 100).await.unwrap();
    rotation::retire(&on.store, CASES, 1, now()).await.unwrap();
    rotation::retire(&on.store, BUS, 1, now()).await.unwrap();

    let after = [backup, snapshot(&on).await];
    assert_eq!(scan(&after, &keys, &erased).await, Vec::<String>::new());
    assert!(!shows(&files(&on), &erased), "nor in the clear in any file");
    assert!(!shows(&log().lock().unwrap(), &erased), "nor in a log");
    assert!(!scan(&after, &keys, &kept).await.is_empty(), "what was not erased is there");
    let certificates = erasure::certificates(&on.store, 0, 9).await.unwrap();
    assert_eq!(certificates.len(), 1);
    assert!(certificates[0].final_ms > 0);
}

async fn the_scanner_finds_what_a_broken_erasure_leaves(on: Fixture) {
    let [erased, _] = plant(&on).await;
    let keys = on.database.keys.clone();
    let backup = snapshot(&on).await;
    // Closed and never destroyed.
    erasure::erase(&on.store, "key-0", "a test", "operator", now()).await.unwrap();
    let closed = snapshot(&on).await;
    assert!(!scan(&[closed], &keys, &erased).await.is_empty());
    // Destroyed, and the wrapping key of the backup not retired.
    erasure::sweep(&on.store, &[], now() + LATER).await.unwrap();
    let live = snapshot(&on).await;
    assert!(scan(std::slice::from_ref(&live), &keys, &erased).await.is_empty());
    assert!(!scan(&[backup, live], &keys, &erased).await.is_empty());
    let certificates = erasure::certificates(&on.store, 0, 9).await.unwrap();
    assert_eq!(certificates[0].final_ms, 0, "and the certificate does not claim it");
    // Content that somebody stored in the clear.
    let mut tx = on.store.begin().await.unwrap();
    sqlx::query("INSERT INTO holds (case_id, reason, place_by, place_ms) VALUES ('x', $1, '', 0)")
        .bind(&erased)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let live = snapshot(&on).await;
    assert_eq!(scan(&[live], &keys, &erased).await, ["in the clear"]);
}
