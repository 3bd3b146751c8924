//! Two children whom a hub knows are one. Never with herself, and never against somebody who has said that they are two.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;

use crate::{
    Service, access,
    call::fresh,
    error::Refusal,
    store::{children, referrals},
};

impl Service {
    pub(crate) async fn merge_children(
        &self,
        caller: &Caller,
        request: wire::MergeChildrenRequest,
    ) -> Result<wire::MergeChildrenResponse, Refusal> {
        let keep = access::id("keep", "children", &request.keep)?;
        let merge = access::id("merge", "children", &request.merge)?;
        if keep == merge {
            return Err(Refusal::Herself);
        }
        let mut texts = access::Texts::default();
        texts.required("reason", &request.reason, 400);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("MergeChildren", &request.request_id), &request).await?);
        let authority = call.authority.clone();
        let mut known = children::get(&mut call.tx, &authority, &[keep, merge]).await?;
        let (Some(mut kept), Some(mut merged)) = (known.remove(keep), known.remove(merge)) else {
            return Err(Refusal::NotFound);
        };
        // Merged before: then the two are one already, one of them under another name.
        if kept.merged_into == merged.id || merged.merged_into == kept.id {
            return Err(Refusal::Herself);
        }
        if children::are_strangers(&mut call.tx, &authority, keep, merge).await? {
            return Err(Refusal::Strangers);
        }
        merged.merged_into.clone_from(&kept.id);
        // An open case and a plan go with the child.
        for (mine, hers) in [(&mut kept.worker, &merged.worker), (&mut kept.lead, &merged.lead)] {
            if mine.is_empty() {
                mine.clone_from(hers);
            }
        }
        children::move_marks(&mut call.tx, &authority, merge, keep).await?;
        let (of_kept, of_merged) = (format!("children/{keep}"), format!("children/{merge}"));
        let ids = referrals::of_child(&mut call.tx, &authority, &of_merged).await?;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for (_, mut record) in referrals::lock(&mut call.tx, &ids).await? {
            record.referral.child.clone_from(&of_kept);
            call.effects.keep(&record);
        }
        let before = referrals::of_child(&mut call.tx, &authority, &of_kept).await?;
        for child in [kept, merged] {
            call.effects.children.insert((authority.clone(), child.id.clone()), child);
        }
        let referrals = i32::try_from(before.len() + ids.len()).unwrap_or(i32::MAX);
        call.finish(wire::MergeChildrenResponse { child: of_kept, referrals }).await
    }
}
