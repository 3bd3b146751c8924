//! What one transaction changes, written at its end: however many referrals it is about, with a handful of statements.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_proto::{convert::time_to_wire, envelope::event_id, social_care::v1 as wire};
use mash_store::{
    StoreError, Tx,
    outbox::{self, OutboxMessage},
};

use crate::{
    COMPONENT,
    record::{KeptClock, Record},
    store::{
        children::{self, Child},
        clocks,
        enquiries::{self, KeptEnquiry},
        items::{self, Kept},
        links::{self, Link, Mark},
        lookups::{self, KeptLookup},
        notices::{self, KeptNotice},
        prompts::{self, KeptPrompt},
        referrals,
        sent::{self, Sent},
        snapshots::{self, Frozen},
    },
};

/// What is to be written.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) items: BTreeMap<String, Kept>,
    pub(crate) enquiries: BTreeMap<String, KeptEnquiry>,
    pub(crate) clocks: BTreeMap<(String, String, String), KeptClock>,
    pub(crate) prompts: Vec<KeptPrompt>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) told: BTreeMap<String, Sent>,
    pub(crate) marks: BTreeSet<Mark>,
    pub(crate) links: BTreeMap<(String, String), Link>,
    pub(crate) children: BTreeMap<(String, String), Child>,
    pub(crate) child_marks: BTreeSet<(String, String, String)>,
    pub(crate) lookups: Vec<KeptLookup>,
    pub(crate) notices: BTreeMap<String, KeptNotice>,
    pub(crate) snapshots: Vec<Frozen>,
    pub(crate) outbox: Vec<OutboxMessage>,
}

impl Effects {
    /// Writes everything.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        referrals::put(tx, &self.records.values().collect::<Vec<_>>()).await?;
        items::put(tx, &self.items.values().collect::<Vec<_>>()).await?;
        enquiries::put(tx, &self.enquiries.values().collect::<Vec<_>>()).await?;
        clocks::put(tx, &self.clocks.values().collect::<Vec<_>>()).await?;
        prompts::raise(tx, &self.prompts).await?;
        sent::keep(tx, &self.sent).await?;
        sent::put(tx, &self.told.values().collect::<Vec<_>>()).await?;
        links::mark(tx, &self.marks.into_iter().collect::<Vec<_>>()).await?;
        links::put(tx, &self.links.into_values().collect::<Vec<_>>()).await?;
        children::put(tx, &self.children.values().collect::<Vec<_>>()).await?;
        children::mark(tx, &self.child_marks.into_iter().collect::<Vec<_>>()).await?;
        lookups::keep(tx, &self.lookups).await?;
        notices::put(tx, &self.notices.values().collect::<Vec<_>>()).await?;
        snapshots::freeze(tx, &self.snapshots).await?;
        outbox::enqueue(tx, COMPONENT, &self.outbox).await
    }

    /// Keeps a referral as it now stands.
    pub(crate) fn keep(&mut self, record: &Record) {
        self.records.insert(record.id.clone(), record.clone());
    }

    /// Keeps a clock as it now stands.
    pub(crate) fn keep_clock(&mut self, kept: &KeptClock) {
        let key = (kept.referral.clone(), kept.clock.rule().to_owned(), kept.subject.clone());
        self.clocks.insert(key, kept.clone());
    }

    /// Asks a person to see to something. The same thing about the same subject is asked once.
    pub(crate) fn prompt(
        &mut self,
        record: &Record,
        (code, subject): (&str, &str),
        person: &str,
        now: Timestamp,
    ) {
        let about = (record.authority.as_str(), record.id.as_str(), record.case_id.as_str());
        self.prompts.push(prompt(about, (code, subject), person, now));
    }

    /// Links two referrals for a further reason. What a worker took apart stays apart.
    pub(crate) fn link(&mut self, known: &[Link], one: &str, other: &str, kind: i64) {
        let (one, other) = if one < other { (one, other) } else { (other, one) };
        if one == other {
            return;
        }
        let key = (one.to_owned(), other.to_owned());
        let link = self.links.entry(key).or_insert_with(|| {
            let same = |link: &&Link| {
                (link.one == one && link.other == other) || (link.one == other && link.other == one)
            };
            known.iter().find(same).cloned().unwrap_or_else(|| Link {
                one: one.to_owned(),
                other: other.to_owned(),
                kinds: 0,
                apart: false,
                reason: String::new(),
            })
        });
        link.kinds |= kind;
    }
}

/// A prompt about a referral, given by its authority, its id and its case; the last two may be empty.
pub(crate) fn prompt(
    (authority, referral, case_id): (&str, &str, &str),
    (code, subject): (&str, &str),
    person: &str,
    now: Timestamp,
) -> KeptPrompt {
    let id = event_id(&["social-care", "prompt", authority, referral, code, subject]).to_string();
    let name = if case_id.is_empty() { String::new() } else { format!("referrals/{case_id}") };
    KeptPrompt {
        authority: authority.to_owned(),
        referral: referral.to_owned(),
        create_ms: now.as_millisecond(),
        prompt: wire::Prompt {
            name: format!("prompts/{id}"),
            code: code.to_owned(),
            referral: name,
            to: person.to_owned(),
            create_time: Some(time_to_wire(now)),
            subject: subject.to_owned(),
            open: true,
            ..wire::Prompt::default()
        },
        id,
    }
}
