//! The people of each hub.

use mash_proto::disclosure::v1::ProfessionalContact;
use mash_store::{StoreError, Tx};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, around, corrupt,
    rows::{Known, Table},
};

const TABLE: Table =
    Table { name: "social_care_hubs", columns: &["authority", "duty_manager", "contact"], key: 1 };

/// The people of one hub.
#[derive(Clone, Default)]
pub(crate) struct Hub {
    /// The practitioner to whom breaches go; empty if nobody is named.
    pub(crate) duty_manager: String,
    /// Whom partners can ask.
    pub(crate) contact: Option<ProfessionalContact>,
}

impl Hub {
    /// The duty manager, or the desk of whoever has the duty.
    pub(crate) fn manager(&self) -> &str {
        if self.duty_manager.is_empty() { crate::record::DUTY_MANAGER } else { &self.duty_manager }
    }
}

/// Names people.
pub(crate) async fn put(tx: &mut Tx, authority: &str, hub: &Hub) -> Result<(), StoreError> {
    let contact = hub.contact.as_ref().map(|contact| contact.encode_to_vec()).unwrap_or_default();
    let row = vec![authority.into(), hub.duty_manager.as_str().into(), contact.into()];
    TABLE.put(tx, Known::Replaced, vec![row]).await
}

/// From the authority, its duty manager and the contact.
pub(super) fn hub(row: &AnyRow) -> Result<Hub, StoreError> {
    let contact: Vec<u8> = row.try_get(6)?;
    let contact = (!contact.is_empty())
        .then(|| ProfessionalContact::decode(contact.as_slice()))
        .transpose()
        .map_err(corrupt("a contact"))?;
    Ok(Hub { duty_manager: row.try_get(2)?, contact })
}

/// The people of one hub.
pub(crate) async fn of(conn: &mut Conn, authority: &str) -> Result<Hub, StoreError> {
    Ok(around::load(conn, &[], &[authority]).await?.hubs.remove(authority).unwrap_or_default())
}
