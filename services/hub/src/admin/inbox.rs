//! `mash inbox`: who may sign in to the inbox.

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use mash_chassis::SystemClock;
use mash_domain::organisation::OrganisationId;
use mash_inbox::Accounts;

use crate::{cli::Place, data::Data};

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    /// Invite a contact of a school or an officer of a desk, whom the directory has; again after her address has changed.
    Invite(Who),
    /// Print a link that signs her in once, within the hour.
    Link {
        #[command(flatten)]
        who: Who,
        /// The address of the inbox.
        #[arg(long, default_value = "http://localhost:7480")]
        origin: String,
    },
    /// End all of her sessions.
    EndSessions(Who),
    /// Remove all of her passkeys, as when a device is lost.
    RemovePasskeys(Who),
}

/// A person.
#[derive(Debug, Args)]
pub struct Who {
    #[command(flatten)]
    place: Place,
    /// `school/6722951` or `authority/672`.
    organisation: OrganisationId,
    /// The id of the contact or officer in the directory.
    practitioner: String,
}

impl InboxCommand {
    /// Does it, on the database itself.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached, or there is no such contact or account.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Invite(who) => {
                who.accounts().await?.invite(&who.organisation, &who.practitioner).await?;
                println!("{} at {} may sign in", who.practitioner, who.organisation);
            }
            Self::Link { who, origin } => {
                let (accounts, lasts) = (who.accounts().await?, SignedDuration::from_hours(1));
                let link = accounts.link(&who.organisation, &who.practitioner, lasts).await?;
                println!("{}{link}", origin.trim_end_matches('/'));
            }
            Self::RemovePasskeys(who) => {
                let accounts = who.accounts().await?;
                let removed =
                    accounts.remove_passkeys(&who.organisation, &who.practitioner).await?;
                println!("{removed} passkeys were removed");
            }
            Self::EndSessions(who) => {
                let accounts = who.accounts().await?;
                let ended = accounts.end_sessions(&who.organisation, &who.practitioner).await?;
                println!("{ended} sessions were ended");
            }
        }
        Ok(())
    }
}

impl Who {
    async fn accounts(&self) -> anyhow::Result<Accounts<SystemClock>> {
        let data = Data::open(&self.place.data)?;
        let store = self.place.store(&data).await?;
        Ok(Accounts::open(store, SystemClock, &data.secret()?).await?)
    }
}
