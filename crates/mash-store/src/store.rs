//! Connections and transactions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Instant,
};

use mash_keys::{DataKey, KeyStore};
use sqlx::AnyConnection;

use crate::{
    Dialect, Migration, Signal, StoreError,
    connections::Held,
    dialect::{Pools, WRITERS},
    keys::{Scope, Vault},
    migrate,
    signal::Signals,
};

/// A handle on the database. Cloning is cheap, and all clones share the connections.
///
/// Open one per process: on SQLite the writer is one connection, and signals reach only the clones of one store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dialect: Dialect,
    pools: Pools,
    signals: Signals,
    vault: Option<Vault>,
    #[cfg(feature = "testing")]
    fate: Option<Arc<dyn crate::fate::Fate>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address is left out: it may hold a password.
        formatter.debug_struct("Store").field("dialect", &self.0.dialect).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `sqlite:<path>` (the file and its folder are created) or `postgres://…`, and prepares the tables of this crate.
    /// Content is stored as it is: see [`Store::connect_sealed`].
    ///
    /// # Errors
    /// When the address is of another kind, or the database cannot be reached or prepared.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::open(url, None).await
    }

    /// As [`Store::connect`], for a store that seals content with data keys, which these keys wrap.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_sealed(url: &str, keys: Arc<dyn KeyStore>) -> Result<Self, StoreError> {
        Self::open(url, Some(Vault::new(keys))).await
    }

    async fn open(url: &str, vault: Option<Vault>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(url)?;
        let pools = dialect.pools(url).await?;
        let store = Self(Arc::new(Inner {
            dialect,
            pools,
            signals: Signals::default(),
            vault,
            #[cfg(feature = "testing")]
            fate: None,
        }));
        store.migrate("store", migrate::OWN).await?;
        Ok(store)
    }

    /// As [`Store::connect`], for a simulated process that may die at any step.
    ///
    /// # Errors
    /// As [`Store::connect`].
    #[cfg(feature = "testing")]
    pub async fn connect_mortal(
        url: &str,
        fate: Arc<dyn crate::fate::Fate>,
    ) -> Result<Self, StoreError> {
        let Inner { dialect, pools, .. } =
            Arc::into_inner(Self::connect(url).await?.0).ok_or_else(crate::fate::dead)?;
        let fate = Some(fate);
        Ok(Self(Arc::new(Inner { dialect, pools, signals: Signals::default(), vault: None, fate })))
    }

    #[cfg(feature = "testing")]
    fn live(&self, step: crate::fate::Step) -> Result<(), StoreError> {
        match &self.0.fate {
            Some(fate) if !fate.lives(step) => Err(crate::fate::dead()),
            Some(_) | None => Ok(()),
        }
    }

    /// Which database this is. Only for reports: statements are the same on both.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// Brings the tables of one component up to date. Each migration runs once, whoever else migrates at the same time.
    ///
    /// # Errors
    /// When a migration fails (nothing of this call is applied then) or an applied one was changed.
    pub async fn migrate(
        &self,
        component: &'static str,
        migrations: &'static [Migration],
    ) -> Result<(), StoreError> {
        migrate::run(self, component, migrations).await
    }

    /// Begins a write transaction. On SQLite there is one at a time, and callers queue for it in order.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        #[cfg(feature = "testing")]
        self.live(crate::fate::Step::Begin)?;
        let mut tries = 0;
        let held = loop {
            let error = match self.begun().await {
                Ok(held) => break held,
                Err(error) => error,
            };
            // A server that has gone away has broken every connection of the pool at once; each is found out once, and
            // nothing has been done on any of them. Where no connection is to be had, there is none to find out.
            tries += 1;
            let had_one = !matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed);
            let error = StoreError::from(error);
            if tries > WRITERS || !had_one || !error.is_transient() {
                return Err(error);
            }
        };
        Ok(Tx {
            held,
            store: self.clone(),
            signals: Vec::new(),
            closing: Vec::new(),
            made: BTreeMap::new(),
            touched: BTreeSet::new(),
            forgetting: false,
        })
    }

    async fn begun(&self) -> Result<Held, sqlx::Error> {
        let mut held = self.0.pools.writer.take().await?;
        held.begin(self.0.dialect.begin()).await?;
        Ok(held)
    }

    /// For one statement that is a transaction by itself: [`Single::done`] ends it.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub(crate) async fn single(&self) -> Result<Single, StoreError> {
        #[cfg(feature = "testing")]
        {
            self.live(crate::fate::Step::Begin)?;
            // What it writes is durable as soon as it has run.
            self.live(crate::fate::Step::Commit)?;
        }
        Ok(Single { held: self.0.pools.writer.take().await?, store: self.clone() })
    }

    /// A connection for reading, always on the primary.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn read(&self) -> Result<ReadConn, StoreError> {
        #[cfg(feature = "testing")]
        self.live(crate::fate::Step::Read)?;
        Ok(ReadConn { held: self.0.pools.reader.take().await?, store: self.clone() })
    }

    /// Whether content is sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.0.vault.is_some()
    }

    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.0.vault.as_ref()
    }

    /// The signal of this name; [`Tx::signal_on_commit`] raises it.
    #[must_use]
    pub fn signal(&self, name: &str) -> Signal {
        self.0.signals.subscribe(name)
    }

    /// Raised whenever a transaction that enqueued messages of this component has been committed.
    #[must_use]
    pub fn outbox_notify(&self, component: &str) -> Signal {
        self.signal(&crate::outbox::signal_name(component))
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.0.pools.reader.close().await;
        self.0.pools.writer.close().await;
    }
}

/// A write transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    held: Held,
    store: Store,
    signals: Vec<String>,
    /// Guards that this transaction closes.
    closing: Vec<String>,
    /// Data keys that this transaction makes. Nobody else may seal with one before it is committed: were it rolled back,
    /// what was sealed could never be opened.
    pub(crate) made: BTreeMap<Scope, Arc<DataKey>>,
    /// What this transaction has sealed for: whatever it answers tells of these.
    pub(crate) touched: BTreeSet<Scope>,
    /// It closes keys, which nobody here may remember afterwards.
    forgetting: bool,
}

impl fmt::Debug for Tx {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl Tx {
    /// The connection to run statements on. Bind `&str` or `String`, never `Arc<str>`, which sqlx's SQLite driver cannot take.
    pub fn conn(&mut self) -> &mut AnyConnection {
        &mut self.held
    }

    /// Raises the signal of this name once the transaction is committed, and never before.
    pub fn signal_on_commit(&mut self, name: &str) {
        if !self.signals.iter().any(|known| known == name) {
            self.signals.push(name.to_owned());
        }
    }

    /// Commits, then wakes whoever waits for what was written.
    ///
    /// When the transaction closed guards, it returns only once nothing that rests on them is being published any more.
    ///
    /// # Errors
    /// When the commit failed, or when its outcome is unknown because the connection broke.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        #[cfg(feature = "testing")]
        self.store.live(crate::fate::Step::Commit)?;
        let begun = Instant::now();
        self.held.commit().await?;
        self.held.keep();
        if let Some(vault) = self.store.vault() {
            vault.keep(&self.made, begun);
            if self.forgetting {
                vault.forget_all();
            }
        }
        #[cfg(feature = "testing")]
        self.store.live(crate::fate::Step::Committed)?;
        for name in &self.signals {
            self.store.0.signals.raise(name);
        }
        if !self.closing.is_empty() {
            crate::guards::settle(&self.store, &self.closing).await;
        }
        Ok(())
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// When the connection broke; the transaction is undone then too.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        self.held.rollback().await?;
        self.held.keep();
        Ok(())
    }

    /// What ends a `SELECT` so that nobody else changes its rows until the transaction ends. SQLite needs nothing: it has
    /// one writer, and that is this transaction.
    #[must_use]
    pub fn for_update(&self) -> &'static str {
        self.dialect().update_lock()
    }

    /// Whether this transaction writes through the connections of that store.
    #[must_use]
    pub fn is_of(&self, store: &Store) -> bool {
        Arc::ptr_eq(&self.store.0, &store.0)
    }

    /// Makes [`Tx::commit`] wait for what rests on this guard and is being published.
    pub(crate) fn settle_on_commit(&mut self, guard: &str) {
        self.closing.push(guard.to_owned());
    }

    /// Makes [`Tx::commit`] forget every key that this process remembers.
    pub(crate) const fn forget_keys_on_commit(&mut self) {
        self.forgetting = true;
    }

    pub(crate) fn of(&self) -> &Store {
        &self.store
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.store.0.dialect
    }
}

/// A connection on which one statement runs, and is a transaction by itself.
pub(crate) struct Single {
    held: Held,
    store: Store,
}

impl Single {
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.held
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.store.0.dialect
    }

    /// The statement has run.
    pub(crate) fn done(self) -> Result<(), StoreError> {
        self.held.keep();
        #[cfg(feature = "testing")]
        self.store.live(crate::fate::Step::Committed)?;
        Ok(())
    }
}

/// A connection for reading, returned to its pool when dropped.
pub struct ReadConn {
    held: Held,
    store: Store,
}

impl ReadConn {
    pub(crate) fn of(&self) -> &Store {
        &self.store
    }

    /// Leaves the connection at hand for whoever reads next: everything that was read came, to its end. Just dropped, it
    /// is asked first whether it is still there, which is a journey more.
    pub fn done(self) {
        self.held.keep();
    }
}

impl fmt::Debug for ReadConn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReadConn").finish_non_exhaustive()
    }
}

impl Deref for ReadConn {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.held
    }
}

impl DerefMut for ReadConn {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.held
    }
}
