//! Sealing what is stored: one data key for each case and kind of record, kept wrapped beside what it seals.
//!
//! A store that was opened with keys ([`Store::connect_sealed`]) seals; one without passes content through, which is for
//! tests and tools that keep nothing. Services seal columns of their own tables by [`columns`]. What is sealed and what is not are told apart by their first byte, so rows of before
//! stay readable.
//!
//! Keys are remembered for [`REMEMBER`] and no longer. That is what makes erasure safe without asking every process: a key
//! is closed first, from then on nobody who looks finds it, and it is destroyed when everybody has looked.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mash_keys::{DataKey, KeyError, KeyId, KeyStore, Wrapped, content};
use sqlx::AnyConnection;

use crate::{ReadConn, Store, StoreError, Tx};

pub mod columns;
pub mod recipients;
pub mod rotation;
mod table;

/// The wrapping key of data keys.
pub const CASES: &str = "cases";
/// The kind of record of what tells of a case and is on its way or waits to be read.
pub const PAYLOAD: &str = "payload";
/// The wrapping key of recipients' private keys.
pub const BUS: &str = "bus";
/// How long a process remembers a data key.
pub const REMEMBER: Duration = Duration::from_secs(5);
/// Keys that a process remembers.
const REMEMBERED: usize = 10_000;

/// What content belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The kind of record, by which it is kept: a row of `reference/retention.toml`.
    pub record: &'static str,
    /// The case, or whatever else is erased at once: an opaque id.
    pub case: String,
}

impl Scope {
    /// A scope.
    #[must_use]
    pub fn new(record: &'static str, case: impl Into<String>) -> Self {
        Self { record, case: case.into() }
    }

    /// What tells of a case and is on its way or waits to be read.
    #[must_use]
    pub fn payload(case: &str) -> Self {
        Self::new(PAYLOAD, case)
    }
}

/// The keys of a store.
pub(crate) struct Vault {
    pub(crate) wrapping: Arc<dyn KeyStore>,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    open: HashMap<KeyId, (Arc<DataKey>, Instant)>,
    seal: HashMap<Scope, (Arc<DataKey>, Instant)>,
}

impl Vault {
    pub(crate) fn new(wrapping: Arc<dyn KeyStore>) -> Self {
        Self { wrapping, remembered: Mutex::default() }
    }

    fn to_open(&self, id: KeyId) -> Option<Arc<DataKey>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = remembered.open.get(&id)?;
        (since.elapsed() < REMEMBER).then(|| Arc::clone(key))
    }

    fn to_seal(&self, scope: &Scope) -> Option<Arc<DataKey>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = remembered.seal.get(scope)?;
        (since.elapsed() < REMEMBER).then(|| Arc::clone(key))
    }

    /// `since` is when the row was asked for, not when it came: nobody may remember longer than the rule says.
    fn remember(&self, key: &Arc<DataKey>, scope: Option<&Scope>, since: Instant) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.open.len() >= REMEMBERED || remembered.seal.len() >= REMEMBERED {
            remembered.open.clear();
            remembered.seal.clear();
        }
        remembered.open.insert(key.id(), (Arc::clone(key), since));
        if let Some(scope) = scope {
            remembered.seal.insert(scope.clone(), (Arc::clone(key), since));
        }
    }

    pub(crate) fn forget_all(&self) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = Remembered::default();
    }

    /// Keeps what a transaction has made, once it is committed.
    pub(crate) fn keep(&self, made: &BTreeMap<Scope, Arc<DataKey>>, since: Instant) {
        for (scope, key) in made {
            self.remember(key, Some(scope), since);
        }
    }

    async fn unwrap(&self, row: &table::Row) -> Result<Arc<DataKey>, KeyError> {
        let wrapped = Wrapped::parse(&row.wrapped)?;
        let bound = bound(row.id, &row.record, &row.case);
        let bytes = self.wrapping.unwrap(CASES, &wrapped, &bound).await?;
        Ok(Arc::new(DataKey::of(row.id, bytes)?))
    }
}

/// A wrapped key cannot be moved to another row: its name, kind and case are bound.
fn bound(id: KeyId, record: &str, case: &str) -> Vec<u8> {
    [&id.0[..], record.as_bytes(), b"\0", case.as_bytes()].concat()
}

/// Keys to seal with, in one transaction.
pub struct Sealing(Option<HashMap<Scope, Arc<DataKey>>>);

impl Sealing {
    /// Whether it seals, or passes content through.
    pub(crate) const fn seals(&self) -> bool {
        self.0.is_some()
    }

    /// Seals content for its place, such as a column and the id of a record.
    ///
    /// # Errors
    /// When it is too long, or its scope was not asked for.
    pub fn seal(&self, scope: &Scope, place: &str, content: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Some(keys) = &self.0 else { return Ok(content.to_vec()) };
        let key = keys.get(scope).ok_or(StoreError::Corrupt("a key that was not asked for"))?;
        Ok(content::seal(key, place, content)?)
    }
}

/// The keys for these scopes; those that are not there yet are made in this transaction.
///
/// # Errors
/// When the store or the key store fails; the transaction should be dropped then.
pub async fn to_seal(
    tx: &mut Tx,
    scopes: impl IntoIterator<Item = &Scope>,
) -> Result<Sealing, StoreError> {
    let store = tx.of().clone();
    let Some(vault) = store.vault() else { return Ok(Sealing(None)) };
    let wanted: BTreeSet<&Scope> = scopes.into_iter().collect();
    tx.touched.extend(wanted.iter().copied().cloned());
    let mut keys = HashMap::new();
    let mut missing = Vec::new();
    for scope in wanted {
        match tx.made.get(scope).cloned().or_else(|| vault.to_seal(scope)) {
            Some(key) => drop(keys.insert(scope.clone(), key)),
            None => missing.push(scope),
        }
    }
    // In the order of their names, so that two transactions that make the same keys wait for each other in no circle.
    for _ in 0..ATTEMPTS {
        if missing.is_empty() {
            return Ok(Sealing(Some(keys)));
        }
        let since = Instant::now();
        let found = table::live(tx, &missing).await?;
        table::touch(tx, &found).await?;
        for row in found {
            let key = vault.unwrap(&row).await?;
            let scope = missing.iter().find(|scope| row.is_of(scope));
            if let Some(scope) = scope.copied() {
                vault.remember(&key, Some(scope), since);
                keys.insert(scope.clone(), key);
            }
        }
        missing.retain(|scope| !keys.contains_key(*scope));
        let mut fresh = Vec::with_capacity(missing.len());
        let mut made = Vec::with_capacity(missing.len());
        for scope in &missing {
            let key = Arc::new(DataKey::fresh()?);
            let bound = bound(key.id(), scope.record, &scope.case);
            let wrapped = vault.wrapping.wrap(CASES, key.bytes(), &bound).await?;
            fresh.push(table::Fresh { scope, id: key.id(), wrapped });
            made.push((*scope, key));
        }
        // Refused where another transaction was faster; the next round finds what it made.
        let kept = table::insert(tx, &fresh).await?;
        for (scope, key) in made.into_iter().filter(|(_, key)| kept.contains(&key.id().to_string()))
        {
            tx.made.insert(scope.clone(), Arc::clone(&key));
            keys.insert(scope.clone(), key);
        }
        missing.retain(|scope| !keys.contains_key(*scope));
    }
    Err(StoreError::Corrupt("a key that is neither there nor can be made"))
}

const ATTEMPTS: u32 = 4;

/// Seals one piece of content; see [`to_seal`] for many.
///
/// # Errors
/// As [`to_seal`].
pub async fn seal(
    tx: &mut Tx,
    scope: &Scope,
    place: &str,
    content: &[u8],
) -> Result<Vec<u8>, StoreError> {
    to_seal(tx, [scope]).await?.seal(scope, place, content)
}

/// What can be looked at: a connection for reading, or a transaction.
pub trait Look: Send {
    /// The connection.
    fn conn(&mut self) -> &mut AnyConnection;
    /// The store it belongs to.
    fn store(&self) -> Store;
    /// A key that this transaction has made.
    fn made(&self, id: KeyId) -> Option<Arc<DataKey>>;
}

impl Look for Tx {
    fn conn(&mut self) -> &mut AnyConnection {
        Tx::conn(self)
    }

    fn store(&self) -> Store {
        self.of().clone()
    }

    fn made(&self, id: KeyId) -> Option<Arc<DataKey>> {
        self.made.values().find(|key| key.id() == id).cloned()
    }
}

impl Look for ReadConn {
    fn conn(&mut self) -> &mut AnyConnection {
        self
    }

    fn store(&self) -> Store {
        self.of().clone()
    }

    fn made(&self, _id: KeyId) -> Option<Arc<DataKey>> {
        None
    }
}

/// Whether stored bytes are sealed content.
#[must_use]
pub fn is_sealed(stored: &[u8]) -> bool {
    content::is_sealed(stored)
}

/// Keys to open with.
#[derive(Default)]
pub struct Opening(HashMap<KeyId, Found>);

enum Found {
    Key(Arc<DataKey>),
    Erased,
    /// It cannot be unwrapped any more. That is the trouble of what it sealed, and of nothing beside it.
    Lost(KeyError),
}

impl Opening {
    /// Opens content; what was never sealed comes back as it is.
    ///
    /// # Errors
    /// [`StoreError::Erased`] when its key was closed or destroyed, [`StoreError::Sealed`] when the seal does not hold or
    /// its key is not known.
    pub fn open(&self, place: &str, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        if !content::is_sealed(&stored) {
            return Ok(stored);
        }
        let id = content::key_of(&stored)?;
        match self.0.get(&id) {
            Some(Found::Key(key)) => Ok(content::open(key, place, &stored)?),
            Some(Found::Erased) => Err(StoreError::Erased),
            Some(Found::Lost(error)) => Err(error.clone().into()),
            None => Err(KeyError::Unknown(id.to_string()).into()),
        }
    }
}

/// The keys that these pieces of content need.
///
/// # Errors
/// When the store or the key store fails.
pub async fn to_open<'a>(
    at: &mut dyn Look,
    stored: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Opening, StoreError> {
    let store = at.store();
    let Some(vault) = store.vault() else { return Ok(Opening::default()) };
    let (mut opening, missing) = remembered(vault, stored, |id| at.made(id));
    if !missing.is_empty() {
        fetch(vault, at.conn(), &missing, &mut opening).await?;
    }
    Ok(opening)
}

/// As [`to_open`], outside a transaction. Where this process remembers every key, nothing is read.
///
/// # Errors
/// As [`to_open`].
pub async fn to_open_here<'a>(
    store: &Store,
    stored: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Opening, StoreError> {
    let Some(vault) = store.vault() else { return Ok(Opening::default()) };
    let (mut opening, missing) = remembered(vault, stored, |_| None);
    if !missing.is_empty() {
        let mut conn = store.read().await?;
        fetch(vault, &mut conn, &missing, &mut opening).await?;
        conn.done();
    }
    Ok(opening)
}

/// What is known already of the keys that these pieces need, and the names of the others.
fn remembered<'a>(
    vault: &Vault,
    stored: impl IntoIterator<Item = &'a [u8]>,
    made: impl Fn(KeyId) -> Option<Arc<DataKey>>,
) -> (Opening, Vec<KeyId>) {
    let ids: BTreeSet<KeyId> = stored
        .into_iter()
        .filter(|bytes| content::is_sealed(bytes))
        .filter_map(|bytes| content::key_of(bytes).ok())
        .collect();
    let mut found = HashMap::new();
    let mut missing = Vec::new();
    for id in ids {
        match made(id).or_else(|| vault.to_open(id)) {
            Some(key) => drop(found.insert(id, Found::Key(key))),
            None => missing.push(id),
        }
    }
    (Opening(found), missing)
}

async fn fetch(
    vault: &Vault,
    conn: &mut AnyConnection,
    missing: &[KeyId],
    opening: &mut Opening,
) -> Result<(), StoreError> {
    let since = Instant::now();
    for row in table::named(conn, missing).await? {
        let key = if row.closed {
            Found::Erased
        } else {
            match vault.unwrap(&row).await {
                Ok(key) => {
                    vault.remember(&key, None, since);
                    Found::Key(key)
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => Found::Lost(error),
            }
        };
        opening.0.insert(row.id, key);
    }
    Ok(())
}

/// Opens one piece of content; see [`to_open`] for many.
///
/// # Errors
/// As [`to_open`] and [`Opening::open`].
pub async fn open(at: &mut dyn Look, place: &str, stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    to_open(at, [stored.as_slice()]).await?.open(place, stored)
}
