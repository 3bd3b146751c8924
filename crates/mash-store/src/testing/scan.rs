//! Looks for a text in everything that a store holds, with every key that is left: what somebody could who has the
//! database, its backups, the topics and the wrapping keys of today.

use std::{collections::BTreeMap, path::Path};

use mash_keys::{
    DataKey, FileKeys, KeyId, KeyStore as _, Wrapped, content,
    wire::{self, Opener, PublicKey, RecipientKey},
};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use crate::{
    Dialect, Store,
    keys::{BUS, CASES},
};

/// Everything of one moment that holds bytes.
#[derive(Clone, Default)]
pub struct Scan {
    pieces: Vec<Piece>,
    /// (name, kind, case, wrapped).
    data_keys: Vec<(KeyId, String, String, Vec<u8>)>,
    /// (name, recipient, public half, wrapped).
    recipient_keys: Vec<(KeyId, String, Vec<u8>, Vec<u8>)>,
}

#[derive(Clone)]
struct Piece {
    /// Table and column, or a topic.
    at: String,
    /// What it may be bound to: topic and key, and the texts of its row.
    bound: Vec<Vec<u8>>,
    places: Vec<String>,
    bytes: Vec<u8>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Where the text is, and how it can be read.
    pub text: Vec<(String, &'static str)>,
    /// Where content is under a key that is left, and the scanner does not know what it is bound to: it sees nothing there.
    pub blind: Vec<String>,
}

impl Found {
    /// Whether it was found in this table or topic.
    #[must_use]
    pub fn in_table(&self, table: &str) -> bool {
        self.text.iter().any(|(at, _)| at.split('.').next() == Some(table) || at == table)
    }

    /// Whether it is anywhere without a seal.
    #[must_use]
    pub fn in_the_clear(&self) -> Vec<&str> {
        let clear = self.text.iter().filter(|(_, how)| *how == CLEAR);
        clear.map(|(at, _)| at.as_str()).collect()
    }
}

const CLEAR: &str = "in the clear";

impl Scan {
    /// Every column of every table that can hold text or bytes.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn of(store: &Store) -> Self {
        let mut scan = Self::default();
        let mut tables: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
        for (table, column, is_bytes) in columns(store).await {
            tables.entry(table).or_default().push((column, is_bytes));
        }
        for (table, columns) in tables {
            scan.table(store, &table, &columns).await;
        }
        let mut conn = store.read().await.expect("a connection");
        let sql = "SELECT key_id, record, case_id, wrapped FROM data_keys";
        for row in sqlx::query(sql).fetch_all(&mut *conn).await.expect("the data keys") {
            let key = KeyId::parse(&row.get::<String, _>(0)).expect("the name of a key");
            scan.data_keys.push((key, row.get(1), row.get(2), row.get(3)));
        }
        let sql = "SELECT key_id, recipient, public_key, wrapped FROM recipient_keys";
        for row in sqlx::query(sql).fetch_all(&mut *conn).await.expect("the recipient keys") {
            let key = KeyId::parse(&row.get::<String, _>(0)).expect("the name of a key");
            scan.recipient_keys.push((key, row.get(1), row.get(2), row.get(3)));
        }
        scan
    }

    async fn table(&mut self, store: &Store, table: &str, columns: &[(String, bool)]) {
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let sql = format!("SELECT {} FROM \"{table}\"", names.join(", "));
        let mut conn = store.read().await.expect("a connection");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.expect("the rows");
        for row in rows {
            let texts = texts(&row, columns);
            let pairs = texts.iter().flat_map(|one| {
                texts.iter().map(move |other| [one.as_bytes(), b"\0", other.as_bytes()].concat())
            });
            let bound: Vec<Vec<u8>> = pairs.collect();
            for (at, (column, is_bytes)) in columns.iter().enumerate() {
                let name = format!("{table}.{column}");
                let bytes = if *is_bytes {
                    row.get::<Option<Vec<u8>>, _>(at).unwrap_or_default()
                } else {
                    row.get::<Option<String>, _>(at).unwrap_or_default().into_bytes()
                };
                if bytes.is_empty() {
                    continue;
                }
                let mut places: Vec<String> =
                    texts.iter().map(|text| format!("{name}/{text}")).collect();
                places.push(name.clone());
                places.extend(texts.iter().cloned());
                self.pieces.push(Piece { at: name, bound: bound.clone(), places, bytes });
            }
        }
    }

    /// Adds a message as whoever runs the broker has it.
    pub fn add_message(&mut self, topic: &str, key: &str, bytes: Vec<u8>) {
        let bound = vec![[topic.as_bytes(), b"\0", key.as_bytes()].concat()];
        let at = format!("topic {topic}");
        self.pieces.push(Piece { at, bound, places: vec![topic.to_owned()], bytes });
    }

    /// Adds a file or log.
    pub fn add_bytes(&mut self, at: &str, bytes: Vec<u8>) {
        self.pieces.push(Piece { at: at.to_owned(), bound: vec![], places: vec![], bytes });
    }

    /// Where the text is found in any of these moments, with the wrapping keys that are in this folder now and the keys of
    /// all of the moments. Content of other cases has other places; `topics` are places everywhere.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub async fn find(all: &[Self], folder: &Path, text: &str, topics: &[&str]) -> Found {
        let left = FileKeys::open(folder).expect("the folder of keys");
        let (opener, data_keys) = keys(all, &left).await;
        let mut found = Found::default();
        for piece in all.iter().flat_map(|scan| &scan.pieces) {
            look(piece, &opener, &data_keys, (text, topics), &mut found);
        }
        found.text.sort();
        found.text.dedup();
        found.blind.sort();
        found.blind.dedup();
        found
    }
}

/// Every key that the wrapping keys that are left still open.
async fn keys(all: &[Scan], left: &FileKeys) -> (Opener, BTreeMap<KeyId, DataKey>) {
    let opener = Opener::default();
    let mut data_keys = BTreeMap::new();
    for scan in all {
        for (id, recipient, public, wrapped) in &scan.recipient_keys {
            let bound = [&id.0[..], recipient.as_bytes(), b"\0"].concat();
            let Ok(wrapped) = Wrapped::parse(wrapped) else { continue };
            if let Ok(private) = left.unwrap(BUS, &wrapped, &bound).await {
                let public = PublicKey(public.clone().try_into().expect("a public key"));
                opener.add(RecipientKey::of(public, &private));
            }
        }
        for (id, record, case, wrapped) in &scan.data_keys {
            let bound = [&id.0[..], record.as_bytes(), b"\0", case.as_bytes()].concat();
            let Ok(wrapped) = Wrapped::parse(wrapped) else { continue };
            if let Ok(bytes) = left.unwrap(CASES, &wrapped, &bound).await {
                data_keys.insert(*id, DataKey::of(*id, bytes).expect("a key"));
            }
        }
    }
    (opener, data_keys)
}

/// Takes one seal off after the other.
fn look(
    piece: &Piece,
    opener: &Opener,
    data_keys: &BTreeMap<KeyId, DataKey>,
    (text, topics): (&str, &[&str]),
    found: &mut Found,
) {
    let (mut bytes, mut how) = (piece.bytes.clone(), CLEAR);
    for _ in 0..6 {
        if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
            found.text.push((piece.at.clone(), how));
        }
        let as_text = std::str::from_utf8(&bytes).ok().and_then(crate::keys::columns::of_text);
        let inner = as_text.unwrap_or_else(|| bytes.clone());
        if wire::is_sealed(&inner) {
            let open = piece.bound.iter().find_map(|bound| opener.open(bound, &inner).ok());
            let Some(opened) = open else { return };
            (bytes, how) = (opened, "under a recipient's key");
            continue;
        }
        let Some(key) = content::key_of(&inner).ok().and_then(|id| data_keys.get(&id)) else {
            return;
        };
        let places = piece.places.iter().map(String::as_str).chain(topics.iter().copied());
        let open = places.filter_map(|place| content::open(key, place, &inner).ok()).next();
        let Some(opened) = open else {
            found.blind.push(piece.at.clone());
            return;
        };
        (bytes, how) = (opened, "under a data key");
    }
}

fn texts(row: &AnyRow, columns: &[(String, bool)]) -> Vec<String> {
    let texts = columns.iter().enumerate().filter(|(_, (_, is_bytes))| !is_bytes);
    let texts = texts.filter_map(|(at, _)| row.get::<Option<String>, _>(at));
    texts.filter(|text| !text.is_empty() && text.len() < 200).collect()
}

/// (table, column, whether it holds bytes).
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
    let mut conn = store.read().await.expect("a connection");
    let rows = sqlx::query(sql).fetch_all(&mut *conn).await.expect("the columns");
    let number = |row: &AnyRow| {
        row.try_get::<i64, _>(2).or_else(|_| row.try_get::<i32, _>(2).map(i64::from))
    };
    let bytes = |row: &AnyRow| number(row).expect("yes or no") == 1;
    rows.iter().map(|row| (row.get(0), row.get(1), bytes(row))).collect()
}
