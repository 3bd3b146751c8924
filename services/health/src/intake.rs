//! Takes in what routing has released for health boards, apart from what every partner of a hub receives: notices of
//! incidents (R18), and what authorities tell of protected children.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{ConsentStopped, DisclosureRecalled, DisclosureReleased},
    envelope,
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemRecalled, ItemReleased},
    r#type::v1::Organisation,
};
use mash_store::Tx;

use crate::{
    COMPONENT, Service,
    error::{POISON, Refusal},
};

/// The consumer of notices and of what is told of protected children.
pub(crate) struct HealthIntake(pub(crate) Arc<Service>);

pub(crate) const UNREADABLE: HandleError = HandleError::Poison { code: POISON };

#[async_trait]
impl Handler for HealthIntake {
    fn group(&self) -> &'static str {
        COMPONENT
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DISCLOSED_HEALTH]
    }

    fn owner(&self) -> &'static str {
        COMPONENT
    }

    // Items have a reader of their own, but for what is told of protected children.
    fn concerns(&self, event: &Envelope) -> bool {
        let of_protection = |item: ItemReleased| item.kind() == ItemKind::ProtectionStatus;
        if envelope::holds::<ItemReleased>(event) {
            return envelope::unwrap(event).map_or(true, of_protection);
        }
        !envelope::holds::<ConsentStopped>(event)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        for event in events {
            self.0.take(tx, event).await?;
        }
        Ok(())
    }
}

impl Service {
    async fn take(&self, tx: &mut Tx, event: &Envelope) -> Result<(), HandleError> {
        if envelope::holds::<ItemReleased>(event) {
            let item: ItemReleased = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
            return self.take_protection(tx, event, item).await;
        }
        if envelope::holds::<ItemRecalled>(event) {
            let recall: ItemRecalled = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
            return self.recall_protection(tx, event, recall).await;
        }
        if envelope::is_of_referral(event) {
            return Ok(());
        }
        if envelope::holds::<DisclosureReleased>(event) {
            let release: DisclosureReleased = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
            return self.take_notice(tx, event, release).await;
        }
        let recall: DisclosureRecalled = envelope::unwrap(event).map_err(|_| UNREADABLE)?;
        self.recall_notice(tx, event, recall).await
    }
}

/// The board to which something was sent.
pub(crate) fn board_of(wire: Option<Organisation>) -> Result<OrganisationId, HandleError> {
    let board = OrganisationId::try_from(wire.ok_or(UNREADABLE)?).map_err(|_| UNREADABLE)?;
    if board.kind() == OrganisationKind::HealthBoard { Ok(board) } else { Err(UNREADABLE) }
}

/// When something was sent.
pub(crate) fn sent_at(event: &Envelope) -> Result<Timestamp, HandleError> {
    event.time.as_ref().and_then(|time| time_from_wire(time).ok()).ok_or(UNREADABLE)
}

/// Ids of the hub are short and plain; anything else is no event of its own.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a use case refuses cannot be put right by trying again, unless it is the store.
pub(crate) fn poison(refusal: Refusal) -> HandleError {
    match refusal {
        Refusal::Store(error) => HandleError::from(error),
        Refusal::Partner(mash_partner::PartnerError::Store(error)) => HandleError::from(error),
        Refusal::Invalid(_)
        | Refusal::NotFound
        | Refusal::Injury(_)
        | Refusal::Notice(_)
        | Refusal::StaleTeams
        | Refusal::Trawling
        | Refusal::Partner(_) => UNREADABLE,
    }
}
