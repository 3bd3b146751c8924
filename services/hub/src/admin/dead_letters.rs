//! `mash dead-letters`: what could not be processed, its owner, and another try.

use clap::Subcommand;
use mash_store::{Store, dead_letters};

use crate::{cli::Place, data::Data};

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List the open ones: owner, cause and place on the bus, never the content.
    List {
        #[command(flatten)]
        place: Place,
        /// The re-driven ones too.
        #[arg(long)]
        all: bool,
    },
    /// Publish one again to its topic, after the cause was mended.
    Redrive {
        #[command(flatten)]
        place: Place,
        /// Its id, from the list.
        id: String,
    },
}

impl DeadLettersCommand {
    /// Does it, on the database itself, so that it works when services are down.
    ///
    /// # Errors
    ///
    /// If the database or the bus cannot be reached, or there is no such letter.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { place, all } => list(&open(&place).await?, all).await,
            Self::Redrive { place, id } => {
                let store = open(&place).await?;
                let bus = mash_bus::connect(&place.bus, &store).await?;
                mash_bus::redrive(&store, &bus, &id).await?;
                println!("{id} was published again");
                Ok(())
            }
        }
    }
}

async fn open(place: &Place) -> anyhow::Result<Store> {
    place.store(&Data::open(&place.data)?).await
}

async fn list(store: &Store, all: bool) -> anyhow::Result<()> {
    let letters = dead_letters::list(store, None, 1_000).await?;
    let shown = letters.iter().filter(|letter| all || letter.state == dead_letters::State::Open);
    let mut count = 0;
    for letter in shown {
        count += 1;
        println!(
            "{}  owner {}  {}  {}[{}]@{}  {:?}",
            letter.id,
            letter.owner,
            letter.code,
            letter.topic,
            letter.partition,
            letter.offset,
            letter.state
        );
    }
    println!("{count} dead letter(s)");
    Ok(())
}
