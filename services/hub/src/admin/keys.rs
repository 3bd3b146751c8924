//! `mash keys`: the keys that wrap the keys of content.

use clap::Subcommand;
use mash_chassis::{Clock as _, SystemClock};
use mash_store::{
    Store,
    keys::{BUS, CASES, rotation},
};

use crate::{cli::Place, data::Data};

/// What can be done with wrapping keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the versions of the wrapping keys and how many keys are under each.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make the next version of each wrapping key. Services go on without a pause.
    Rotate {
        #[command(flatten)]
        place: Place,
    },
    /// Wrap everything anew that is under an older version, now instead of by and by.
    Rewrap {
        #[command(flatten)]
        place: Place,
    },
    /// Destroy a version under which nothing is left. Backups of its time cannot be opened any more.
    Retire {
        #[command(flatten)]
        place: Place,
        /// The wrapping key: `cases` or `bus`.
        name: String,
        /// Its version.
        version: u32,
    },
}

fn now() -> i64 {
    SystemClock.now().as_millisecond()
}

async fn store(place: &Place) -> anyhow::Result<Store> {
    place.store(&Data::open(&place.data)?).await
}

impl KeysCommand {
    /// Does it, beside services that are up.
    ///
    /// # Errors
    ///
    /// If the database or the keys cannot be opened, or the version is in use or gone.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { place } => list(&store(&place).await?).await,
            Self::Rotate { place } => {
                let store = store(&place).await?;
                rotation::rotate(&store, now()).await?;
                list(&store).await
            }
            Self::Rewrap { place } => {
                let store = store(&place).await?;
                let mut keys = 0;
                loop {
                    let done = rotation::rewrap(&store, 1_000).await?;
                    keys += done.keys;
                    if done.keys == 0 {
                        println!("{keys} keys were wrapped anew; {} could not be", done.lost);
                        return Ok(());
                    }
                }
            }
            Self::Retire { place, name, version } => {
                let name = [CASES, BUS].into_iter().find(|known| *known == name);
                let name =
                    name.ok_or_else(|| anyhow::anyhow!("a wrapping key is `cases` or `bus`"))?;
                let store = store(&place).await?;
                rotation::retire(&store, name, version, now()).await.map_err(told)?;
                println!("version {version} of `{name}` is gone");
                Ok(())
            }
        }
    }
}

/// Errors of keys are told with their code, which has a page.
fn told(error: mash_store::StoreError) -> anyhow::Error {
    if let mash_store::StoreError::Sealed(cause) = &error {
        return anyhow::anyhow!("{}: {cause}", cause.code());
    }
    error.into()
}

async fn list(store: &Store) -> anyhow::Result<()> {
    for standing in rotation::standing(store).await? {
        let wraps = if standing.newest { "wraps" } else { "unwraps only" };
        println!(
            "{}  version {}  {wraps}  {} keys",
            standing.name, standing.version, standing.keys
        );
    }
    Ok(())
}
