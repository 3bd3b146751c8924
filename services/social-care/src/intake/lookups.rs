//! A health board has looked up whether a child is protected: her lead worker is told who looked.

use mash_proto::{convert::time_to_wire, social_care::v1::Lookup};

use super::{arrival::Item, batch::Batch};
use crate::{effects::prompt, store::lookups::KeptLookup};

impl Batch<'_> {
    /// Takes a look in.
    pub(super) fn lookup(&mut self, item: &Item) {
        let Item { authority, release, content, .. } = item;
        let key = (authority.clone(), release.case_id.clone());
        let child = self.child_of_case.get(&key);
        let lead = child.map(|child| child.lead.clone()).filter(|lead| !lead.is_empty());
        let told = lead.unwrap_or_else(|| self.hub(authority).manager().to_owned());
        let name = child.map(|child| format!("children/{}", child.id)).unwrap_or_default();
        self.effects.lookups.push(KeptLookup {
            release_id: release.release_id.clone(),
            authority: authority.clone(),
            child: name.clone(),
            at_ms: self.now.as_millisecond(),
            lookup: Lookup {
                name: format!("lookups/{}", release.release_id),
                child: name,
                from: release.from.clone(),
                lookup_time: Some(time_to_wire(self.now)),
                who: content.officer.clone(),
                told: told.clone(),
            },
        });
        let about = (authority.as_str(), "", "");
        let subject = ("looked-up", release.release_id.as_str());
        self.effects.prompts.push(prompt(about, subject, &told, self.now));
        self.taken(item);
    }
}
