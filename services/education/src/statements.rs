//! The statements of school mornings that authorities read in the inbox. Routing makes and signs them; here they are
//! shown, and nothing is added.

use async_trait::async_trait;
use mash_bus::{HandleError, Handler, topics};
use mash_chassis::Caller;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::{
    envelope,
    event::v1::Envelope,
    sharing::v1::{SignedRecord, StatementMade},
};
use mash_store::Tx;

use crate::{
    Service,
    access::{Reader, View},
    error::Refusal,
    store::statements,
};

/// The event cannot be read.
const UNREADABLE: &str = "MASH-E041";
/// How many days are offered.
const DAYS: i64 = 31;

/// Takes in the statements of authorities.
pub(crate) struct StatementIntake;

#[async_trait]
impl Handler for StatementIntake {
    fn group(&self) -> &'static str {
        "education-statements"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::STATEMENTS]
    }

    fn owner(&self) -> &'static str {
        "education"
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let poison = || HandleError::Poison { code: UNREADABLE };
        for event in events {
            let made: StatementMade = envelope::unwrap(event).map_err(|_| poison())?;
            let owner = made.owner.and_then(|owner| OrganisationId::try_from(owner).ok());
            let owner = owner.ok_or_else(poison)?;
            if owner.kind() != OrganisationKind::LocalAuthority {
                continue;
            }
            let (_, day) = made.name.rsplit_once('/').ok_or_else(poison)?;
            let signed = made.signed.ok_or_else(poison)?;
            statements::put(tx, (owner.code(), day), &signed).await?;
        }
        Ok(())
    }
}

impl Service {
    /// The statement of a day of the caller's authority, or of the latest, and the days that there are; for its officers
    /// only.
    pub(crate) async fn statement(
        &self,
        caller: &Caller,
        day: Option<&str>,
    ) -> Result<(Option<SignedRecord>, Vec<String>), Refusal> {
        let mut conn = self.store.read().await?;
        let View { organisation, reader } = Self::view(&mut conn, caller).await?;
        match reader {
            Reader::Desks { desks } if !desks.is_empty() => (),
            Reader::Desks { .. } | Reader::School { .. } => return Err(Refusal::NotFound),
        }
        let days = statements::days(&mut conn, organisation.code(), DAYS).await?;
        let wanted = day.or_else(|| days.first().map(String::as_str));
        let signed = match wanted {
            Some(day) => statements::get(&mut conn, organisation.code(), day).await?,
            None => None,
        };
        if day.is_some() && signed.is_none() {
            return Err(Refusal::NotFound);
        }
        Ok((signed, days))
    }
}
