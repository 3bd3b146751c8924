//! Connections at hand.
//!
//! The driver's pool asks each connection that comes back to it whether it is still there, and each one that it hands out
//! too: for a transaction of three statements that is a journey more, for a look two. A connection that has just
//! answered need not be asked, so what comes back sound stays at hand for whoever is next, for a moment. Everything else
//! goes to the pool and is asked: what nobody wanted for a moment, what was dropped half-way, what has been out for long.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Any, AnyConnection, AnyPool, any::AnyTransactionManager, pool::PoolConnection};
use sqlx_core::transaction::TransactionManager;
use tokio::{
    runtime::Handle,
    sync::{Mutex as Lock, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
};

/// A connection that was used so short a time ago is still there. Where that is wrong, what is done on it fails as it does
/// when a server goes away half-way.
const FRESH: Duration = Duration::from_secs(1);
/// After so long a connection is given to the pool once, which ends those that are too old.
const LONGEST: Duration = Duration::from_secs(60);

/// One connection. Whoever uses it has it locked.
type Slot = Arc<Lock<PoolConnection<Any>>>;

/// Connections of one pool that are at hand.
pub(crate) struct Hand {
    pool: AnyPool,
    keeps: bool,
    /// One for each connection of the pool: who waits here waits in order, and finds one at hand or in the pool.
    places: Arc<Semaphore>,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    slot: Slot,
    used: Instant,
    taken: Instant,
}

impl Hand {
    /// Hands out connections of this pool, and keeps at hand what comes back, or lets the pool have it.
    pub(crate) fn of(pool: AnyPool, keeps: bool) -> Arc<Self> {
        let places = usize::try_from(pool.options().get_max_connections()).unwrap_or(1);
        let places = Arc::new(Semaphore::new(places));
        Arc::new(Self { pool, keeps, places, kept: Mutex::default() })
    }

    /// A connection: one at hand, or one that the pool has asked.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Held, sqlx::Error> {
        let patience = self.pool.options().get_acquire_timeout();
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(patience, place)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let (slot, taken) = match self.at_hand() {
            Some(Kept { slot, taken, .. }) => (slot, taken),
            None => (Arc::new(Lock::new(self.pool.acquire().await?)), Instant::now()),
        };
        let conn = Arc::clone(&slot).lock_owned().await;
        Ok(Held { open: false, conn, slot, taken, hand: Arc::clone(self), _place: place })
    }

    fn at_hand(&self) -> Option<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.pop()?;
        if last.used.elapsed() < FRESH {
            return Some(last);
        }
        // The others were put down before it.
        kept.clear();
        None
    }

    /// Closes all connections, waiting for those in use.
    pub(crate) async fn close(&self) {
        self.places.close();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.pool.close().await;
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if Handle::try_current().is_ok() {
            return;
        }
        // Without a runtime a connection cannot go back to its pool, and the pool goes too.
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        let slots = kept.drain(..).filter_map(|kept| Arc::into_inner(kept.slot));
        slots.for_each(|slot| drop(slot.into_inner().detach()));
    }
}

/// A connection in use. Dropped, it goes back to the pool, which undoes what is open on it and asks whether it is still
/// there.
pub(crate) struct Held {
    /// A transaction is open.
    open: bool,
    conn: OwnedMutexGuard<PoolConnection<Any>>,
    slot: Slot,
    taken: Instant,
    hand: Arc<Hand>,
    // After the connection, so that whoever gets the place finds it free.
    _place: OwnedSemaphorePermit,
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").finish_non_exhaustive()
    }
}

impl Held {
    /// Begins a transaction with this statement.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let statement = sqlx::SqlSafeStr::into_sql_str(statement);
        AnyTransactionManager::begin(&mut self.conn, Some(statement)).await?;
        self.open = true;
        Ok(())
    }

    /// Commits the transaction.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        AnyTransactionManager::commit(&mut self.conn).await?;
        self.open = false;
        Ok(())
    }

    /// Undoes the transaction.
    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        AnyTransactionManager::rollback(&mut self.conn).await?;
        self.open = false;
        Ok(())
    }

    /// Leaves the connection at hand: it has just answered, and nothing is open on it.
    pub(crate) fn keep(self) {
        let worn = self.taken.elapsed() >= LONGEST || self.hand.pool.is_closed();
        if self.open || worn || !self.hand.keeps {
            return;
        }
        let kept = Kept { slot: Arc::clone(&self.slot), used: Instant::now(), taken: self.taken };
        self.hand.kept.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }
}

impl Deref for Held {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.conn
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.conn
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.open {
            // It is sent before anything else is.
            AnyTransactionManager::start_rollback(&mut self.conn);
        }
    }
}
