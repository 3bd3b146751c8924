//! The items of one case, and where each stands for each recipient.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{organisation::OrganisationId, sharing::Flow};
use mash_proto::{envelope::event_id, referral::v1::ItemKind};

use super::facts::Stated;

/// An item, as it was submitted last. Not what is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Its opaque id.
    pub id: String,
    /// The revision that was taken in last.
    pub revision: i32,
    /// What it is.
    pub kind: ItemKind,
    /// The flow under which it goes.
    pub flow: Flow,
    /// Who sent it.
    pub from: OrganisationId,
    /// The item that it answers, or empty.
    pub reply_to: String,
    /// The sender's reference.
    pub reference: String,
    /// When the first revision was accepted. Later ones may be about what a recipient must not notice.
    pub submitted_at: Timestamp,
    /// Whether it is withdrawn.
    pub withdrawn: bool,
    /// What its sender states.
    pub facts: Stated,
    /// The submission, while it may have to be decided again without a new one; else empty.
    pub payload: Vec<u8>,
}

/// Where an item stands for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseState {
    /// Decided, and on its way.
    Released,
    /// With the recipient's system.
    Delivered,
    /// Not acknowledged in time, or with nobody to acknowledge it: somebody has to act, and was told.
    Escalated,
    /// Acknowledged.
    Acknowledged,
    /// Lawfully withheld, with a reason.
    Withheld,
}

impl ReleaseState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Released, Self::Delivered, Self::Escalated, Self::Acknowledged, Self::Withheld];

    /// The word that stands for it in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Delivered => "delivered",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Withheld => "withheld",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How far along it is. A receipt never moves a release back: receipts may overtake one another.
    const fn rank(self) -> u8 {
        match self {
            Self::Released => 0,
            Self::Delivered => 1,
            Self::Escalated => 2,
            Self::Acknowledged => 3,
            Self::Withheld => 4,
        }
    }
}

/// An item for one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Release {
    /// Its opaque id: the same for every revision to this recipient.
    pub id: String,
    /// The item.
    pub item_id: String,
    /// What the item is.
    pub kind: ItemKind,
    /// The flow under which it went.
    pub flow: Flow,
    /// Who receives.
    pub recipient: OrganisationId,
    /// How often what the recipient may know has changed, from 1; 0 while nothing ever went.
    pub revision: i32,
    /// A keyed digest of what the recipient was given.
    pub digest: Vec<u8>,
    /// A second recipient, which is not counted on its own.
    pub copy: bool,
    /// Whether the recipient has it: released, and not recalled.
    pub live: bool,
    /// Where it stands.
    pub state: ReleaseState,
    /// Since when.
    pub state_at: Timestamp,
    /// A coded reason for being withheld or escalated.
    pub reason: String,
    /// What the sender was told of it last: a code, and the revisions. So it is told once.
    pub told: String,
    /// The events of this release since it last began that are not known to have been kept back by a guard.
    pub sent: BTreeSet<String>,
    /// The guard that stands for consent as the sender stated it, or empty.
    pub stated_guard: String,
}

impl Release {
    /// A release that nothing has come of yet.
    #[must_use]
    pub fn new(item_id: &str, kind: ItemKind, recipient: OrganisationId, at: Timestamp) -> Self {
        Self {
            id: release_id(item_id, &recipient),
            item_id: item_id.to_owned(),
            kind,
            flow: Flow::Concern,
            recipient,
            revision: 0,
            digest: Vec::new(),
            copy: false,
            live: false,
            state: ReleaseState::Released,
            state_at: at,
            reason: String::new(),
            told: String::new(),
            sent: BTreeSet::new(),
            stated_guard: String::new(),
        }
    }

    /// Takes in that the recipient has got this far with a revision, 0 standing for whichever is current. `false` if it
    /// changes nothing: recalled, about an older revision, or overtaken.
    pub fn receive(&mut self, revision: i32, state: ReleaseState, at: Timestamp) -> bool {
        let current = revision == 0 || revision == self.revision;
        if !self.live || !current || state.rank() <= self.state.rank() {
            return false;
        }
        self.set(state, "", at);
        true
    }

    /// Puts it into a state, with a coded reason or none.
    pub fn set(&mut self, state: ReleaseState, reason: &str, at: Timestamp) {
        self.state = state;
        self.state_at = at;
        reason.clone_into(&mut self.reason);
    }
}

/// The id of a release: the same for every revision to this recipient.
#[must_use]
pub fn release_id(item_id: &str, recipient: &OrganisationId) -> String {
    event_id(&["item-release", item_id, &recipient.to_string()]).to_string()
}

/// The items of a case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CaseFile {
    items: BTreeMap<String, Item>,
    releases: BTreeMap<String, Release>,
    /// The items that have changed.
    pub changed_items: BTreeSet<String>,
    /// The releases that have changed.
    pub changed_releases: BTreeSet<String>,
}

impl CaseFile {
    /// As it was kept.
    #[must_use]
    pub fn restore(items: Vec<Item>, releases: Vec<Release>) -> Self {
        Self {
            items: items.into_iter().map(|item| (item.id.clone(), item)).collect(),
            releases: releases.into_iter().map(|it| (it.id.clone(), it)).collect(),
            ..Self::default()
        }
    }

    /// The item with this id.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.get(id)
    }

    /// Every item, in order of their ids.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// The release with this id.
    #[must_use]
    pub fn release(&self, id: &str) -> Option<&Release> {
        self.releases.get(id)
    }

    /// Every release.
    pub fn releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values()
    }

    /// The releases of an item.
    pub fn releases_of<'a>(&'a self, item_id: &'a str) -> impl Iterator<Item = &'a Release> {
        self.releases.values().filter(move |release| release.item_id == item_id)
    }

    /// Keeps an item as it now stands.
    pub fn put_item(&mut self, item: Item) {
        self.changed_items.insert(item.id.clone());
        self.items.insert(item.id.clone(), item);
    }

    /// Keeps a release as it now stands.
    pub fn put_release(&mut self, release: Release) {
        self.changed_releases.insert(release.id.clone());
        self.releases.insert(release.id.clone(), release);
    }

    /// Whether an item of this case was ever given to this organisation.
    #[must_use]
    pub fn was_given(&self, item_id: &str, organisation: &OrganisationId) -> bool {
        let id = release_id(item_id, organisation);
        self.releases.get(&id).is_some_and(|release| release.revision > 0)
    }

    /// Whether this organisation works the case: an authority to which its referral was given, or that took it itself.
    #[must_use]
    pub fn works_the_case(&self, organisation: &OrganisationId) -> bool {
        use mash_domain::organisation::OrganisationKind;
        organisation.kind() == OrganisationKind::LocalAuthority
            && self.items.values().filter(|item| item.kind == ItemKind::Referral).any(|referral| {
                let took_it = referral.from == *organisation
                    && self.releases_of(&referral.id).all(|it| it.recipient == *organisation);
                took_it || self.was_given(&referral.id, organisation)
            })
    }

    /// Whether this organisation has a part in the case: it referred the child, or was given anything of it.
    #[must_use]
    pub fn has_part(&self, organisation: &OrganisationId) -> bool {
        let refers = |item: &Item| item.kind == ItemKind::Referral && item.from == *organisation;
        let given = |it: &Release| it.recipient == *organisation && it.revision > 0;
        self.items.values().any(refers) || self.releases.values().any(given)
    }
}
