//! What waits, in figures: what somebody needs to know who has to call schools because the hub is down.

use jiff::Timestamp;
use mash_proto::disclosure::v1::Desk;
use mash_store::StoreError;

use crate::{
    Education,
    access::desk_word,
    store::{directory, notices},
};

/// What waits at the schools of one authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The three digits of the authority.
    pub authority: String,
    /// How many notices nobody has acknowledged.
    pub waiting: u64,
    /// The earliest bell of them.
    pub bell: Timestamp,
    /// The mailboxes of its duty desk, in order.
    pub desk: Vec<String>,
}

impl Education {
    /// What waits, by authority; nothing of an authority where nothing waits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn outlook(&self) -> Result<Vec<Outlook>, StoreError> {
        let mut conn = self.0.store.read().await?;
        let mut outlook = Vec::new();
        for (authority, (waiting, bell)) in notices::outlook(&mut conn).await? {
            let mut desks = directory::desks(&mut conn, &authority).await?;
            let officers = desks.remove(desk_word(Desk::EducationDuty)).unwrap_or_default().1;
            let desk = officers.into_iter().map(|officer| officer.email).collect();
            let bell = Timestamp::from_millisecond(bell)
                .map_err(|_| StoreError::Corrupt("the bell of a notice"))?;
            outlook.push(Outlook { authority, waiting, bell, desk });
        }
        Ok(outlook)
    }
}
