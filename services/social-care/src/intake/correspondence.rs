//! What partners say about discussions, conferences and decisions: kept with the referral, and handed on.

use mash_bus::HandleError;
use mash_proto::referral::v1::ItemKind;
use mash_store::Tx;

use super::{NO_REFERRAL, UNUSABLE, arrival::Item, batch::Batch};
use crate::{meetings, record::id_of};

impl Batch<'_> {
    /// Takes correspondence in.
    pub(super) async fn correspondence(
        &mut self,
        tx: &mut Tx,
        item: &Item,
    ) -> Result<(), HandleError> {
        let fits = matches!(
            item.kind,
            ItemKind::Response | ItemKind::Disagreement | ItemKind::Invitation | ItemKind::Feedback
        );
        if !fits {
            return Err(HandleError::Poison { code: UNUSABLE });
        }
        let mut id = id_of(&item.authority, &item.release.case_id);
        if item.kind == ItemKind::Feedback {
            // It answers a transfer, or a referral that this authority made to another one, which is kept elsewhere.
            match self.sent.get(&item.release.reply_to) {
                Some(sent) if self.cases.contains_key(&sent.referral) => {
                    id.clone_from(&sent.referral);
                }
                Some(_) | None => {
                    self.taken(item);
                    return Ok(());
                }
            }
        }
        let Some(mut case) = self.cases.remove(&id) else {
            return Err(HandleError::Poison { code: NO_REFERRAL });
        };
        let known =
            case.items.iter().find(|kept| kept.release.release_id == item.release.release_id);
        if known.is_none_or(|known| known.release.revision < item.release.revision) {
            let kept = self.kept(item, &id, !case.record.work.state.is_open());
            self.effects.items.insert(item.release.release_id.clone(), kept.clone());
            case.items.push(kept.clone());
            meetings::arrived(tx, &mut case, &mut self.effects, &kept, self.now).await?;
            self.effects.keep(&case.record);
            self.taken(item);
        }
        self.cases.insert(id, case);
        Ok(())
    }
}
