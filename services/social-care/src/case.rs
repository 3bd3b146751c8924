//! A referral with everything that belongs to it, and what follows when something happens to it.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use mash_domain::{
    clock::ids,
    referral::work::{Command, Decision, Event, FeedbackState, Refusal},
};
use mash_proto::{
    disclosure::v1::{ChildIdentity, ReceiptKind},
    social_care::v1 as wire,
};
use mash_store::{StoreError, Tx};

use crate::{
    effects::Effects,
    outgoing,
    record::{KeptClock, Record, id_of},
    store::{
        Conn,
        around::{self, Around},
        enquiries::KeptEnquiry,
        hubs::Hub,
        items::{self, Kept},
        links::{self, Link},
        referrals,
    },
    timing,
};

/// A referral, what reached the hub about it, whom it asked, and which clocks run.
pub(crate) struct Case {
    pub(crate) record: Record,
    pub(crate) items: Vec<Kept>,
    pub(crate) enquiries: Vec<KeptEnquiry>,
    pub(crate) clocks: Vec<KeptClock>,
    /// As they were loaded, also those that were taken apart.
    pub(crate) links: Vec<Link>,
    pub(crate) history: Vec<wire::LinkedReferral>,
    pub(crate) hub: Hub,
}

impl Case {
    /// Loads a referral and keeps everybody else from changing it until the transaction ends.
    pub(crate) async fn lock(
        tx: &mut Tx,
        authority: &str,
        case_id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let id = id_of(authority, case_id);
        let Some(mut case) = Self::lock_many(tx, &[&id]).await?.remove(&id) else {
            return Ok(None);
        };
        case.history = history_of(tx, &case.links).await?;
        Ok(Some(case))
    }

    /// Loads referrals without their history, and keeps everybody else from changing them.
    pub(crate) async fn lock_many(
        tx: &mut Tx,
        ids: &[&str],
    ) -> Result<HashMap<String, Self>, StoreError> {
        Ok(Self::lock_with_hubs(tx, ids, &[]).await?.0)
    }

    /// As [`Case::lock_many`], and the people of these hubs besides.
    pub(crate) async fn lock_with_hubs(
        tx: &mut Tx,
        ids: &[&str],
        authorities: &[&str],
    ) -> Result<(HashMap<String, Self>, HashMap<String, Hub>), StoreError> {
        let records = referrals::lock(tx, ids).await?;
        Self::around(tx, records.into_values().collect(), authorities).await
    }

    /// One referral to read.
    pub(crate) async fn read(
        conn: &mut Conn,
        authority: &str,
        case_id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let id = id_of(authority, case_id);
        let Some(record) = referrals::get(conn, &id).await? else { return Ok(None) };
        let mut case = Self::around(conn, vec![record], &[]).await?.0.remove(&id);
        if let Some(case) = &mut case {
            case.history = history_of(conn, &case.links).await?;
        }
        Ok(case)
    }

    /// Several referrals to read, without their history.
    pub(crate) async fn read_many(
        conn: &mut Conn,
        ids: &[&str],
    ) -> Result<HashMap<String, Self>, StoreError> {
        let records = referrals::get_many(conn, ids).await?;
        Ok(Self::around(conn, records, &[]).await?.0)
    }

    /// Loads what belongs to referrals, and the people of their hubs and of these.
    async fn around(
        conn: &mut Conn,
        records: Vec<Record>,
        authorities: &[&str],
    ) -> Result<(HashMap<String, Self>, HashMap<String, Hub>), StoreError> {
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let theirs = records.iter().map(|record| record.authority.as_str());
        let authorities: BTreeSet<&str> = theirs.chain(authorities.iter().copied()).collect();
        let authorities: Vec<&str> = authorities.into_iter().collect();
        let Around { items, enquiries, clocks, links, hubs } =
            around::load(conn, &ids, &authorities).await?;
        let mut cases: HashMap<String, Self> = records
            .into_iter()
            .map(|record| {
                let hub = hubs.get(&record.authority).cloned().unwrap_or_default();
                (record.id.clone(), Self::new(record, hub))
            })
            .collect();
        for kept in items {
            if let Some(case) = cases.get_mut(&kept.referral) {
                case.items.push(kept);
            }
        }
        for kept in enquiries {
            if let Some(case) = cases.get_mut(&kept.referral) {
                case.enquiries.push(kept);
            }
        }
        for kept in clocks {
            if let Some(case) = cases.get_mut(&kept.referral) {
                case.clocks.push(kept);
            }
        }
        for link in links {
            if let Some(case) = cases.get_mut(&link.one) {
                case.links.push(link);
            }
        }
        Ok((cases, hubs))
    }

    /// A referral with nothing around it yet.
    pub(crate) fn new(record: Record, hub: Hub) -> Self {
        Self {
            record,
            hub,
            items: Vec::new(),
            enquiries: Vec::new(),
            clocks: Vec::new(),
            links: Vec::new(),
            history: Vec::new(),
        }
    }

    /// The item of the report.
    pub(crate) fn report(&self) -> Option<&Kept> {
        items::report(&self.items)
    }

    /// Who the child is, as the report says.
    pub(crate) fn child(&self) -> Option<ChildIdentity> {
        self.report()?.content()?.child
    }

    /// For the wire.
    pub(crate) fn to_wire(&self, now: Timestamp) -> wire::Referral {
        let mut referral = self.record.to_wire(&self.clocks, now);
        referral.linked = i32::try_from(self.history.len()).unwrap_or(i32::MAX);
        referral
    }

    /// Applies a command, with everything that follows.
    pub(crate) fn apply(
        &mut self,
        effects: &mut Effects,
        command: &Command,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<Event>, Refusal> {
        let events = self.record.apply(command, now)?;
        for event in &events {
            self.follow(effects, event, by, now);
        }
        if !events.is_empty() {
            self.record.order(&self.clocks, now);
            effects.keep(&self.record);
        }
        Ok(events)
    }

    fn follow(&mut self, effects: &mut Effects, event: &Event, by: &str, now: Timestamp) {
        match event {
            Event::Acknowledged => {
                let kind = ReceiptKind::Acknowledged;
                effects.outbox.extend(outgoing::receipts(&self.items, kind, (by, ""), now));
                self.meet(effects, &[ids::ACKNOWLEDGE_REFERRAL], now);
            }
            Event::Graded(entry) => {
                self.meet(effects, &[ids::GRADE_REFERRAL], now);
                let all = [ids::TRIAGE_RED, ids::TRIAGE_AMBER, ids::TRIAGE_GREEN];
                let rule = timing::triage(entry.grade);
                self.cancel(
                    effects,
                    |kept| all.contains(&kept.clock.rule()) && Some(kept.clock.rule()) != rule,
                    now,
                );
                // The clock counts from the arrival, whenever the grade is given.
                let from = self.record.received;
                if let Some(rule) = rule {
                    self.start(effects, rule, from);
                }
            }
            Event::Assigned(to) => {
                for kept in &mut self.clocks {
                    if kept.subject.is_empty() && !kept.clock.has_ended() {
                        kept.clock.hand_to(to.as_str());
                        effects.keep_clock(kept);
                    }
                }
            }
            Event::Decided(decision) | Event::Passed(decision) | Event::Transferred(decision) => {
                self.decided(effects, decision, by, now);
            }
            Event::Escalated(to) => {
                let kind = ReceiptKind::Escalated;
                let who = (to.as_str(), "not-decided-in-time");
                effects.outbox.extend(outgoing::receipts(&self.items, kind, who, now));
            }
            Event::Withdrawn => self.cancel(effects, |kept| !kept.clock.has_ended(), now),
            Event::Reopened(_) => self.start(effects, ids::DECIDE_REFERRAL, now),
            Event::Asked(_)
            | Event::CheckEnded
            | Event::ConsentRecorded(_)
            | Event::FeedbackEnded(_)
            | Event::Closed
            | Event::Revised => (),
        }
    }

    /// A decision freezes what was known, stops the clocks, and is told to whoever referred.
    fn decided(&mut self, effects: &mut Effects, decision: &Decision, by: &str, now: Timestamp) {
        let own: Vec<String> = self
            .clocks
            .iter()
            .filter(|kept| kept.subject.is_empty())
            .map(|kept| kept.clock.rule().to_owned())
            .collect();
        self.meet(effects, &own.iter().map(String::as_str).collect::<Vec<_>>(), now);
        crate::meetings::decided(self, effects, decision, now);
        let frozen = crate::snapshot::freeze(self, now);
        if let Some(last) = self.record.referral.decisions.last_mut() {
            last.snapshot_digest.clone_from(&frozen.digest);
        }
        let number = frozen.number.to_string();
        effects.snapshots.push(frozen);
        let report = self.report().map(|kept| kept.release.item_id.clone()).unwrap_or_default();
        let told = outgoing::feedback(
            (&self.record, &report),
            (outgoing::decided(decision), &number),
            (&self.hub, by),
            now,
        );
        match told {
            Some((message, sent)) => {
                effects.outbox.push(message);
                effects.sent.push(sent);
            }
            None => self.telephone(effects, &number, now),
        }
    }

    /// Somebody has to tell the referrer in person.
    pub(crate) fn telephone(&mut self, effects: &mut Effects, subject: &str, now: Timestamp) {
        let person = self.record.person(&self.hub.duty_manager);
        let ended = Command::EndFeedback(FeedbackState::Escalated);
        // Ended before: then somebody does already.
        if self.record.apply(&ended, now).is_ok_and(|events| !events.is_empty()) {
            self.record.referral.feedback_escalated_to.clone_from(&person);
            effects.prompt(&self.record, ("telephone-referrer", subject), &person, now);
            effects.keep(&self.record);
        }
    }

    /// Starts a clock of the referral itself.
    pub(crate) fn start(&mut self, effects: &mut Effects, rule: &str, at: Timestamp) {
        let person = self.record.person(&self.hub.duty_manager);
        let hub = timing::clocks_of(&self.record.authority);
        let Some(kept) = timing::start((&hub, rule), (&self.record.id, ""), &person, at) else {
            return;
        };
        self.clocks.retain(|known| !(known.subject.is_empty() && known.clock.rule() == rule));
        effects.keep_clock(&kept);
        self.clocks.push(kept);
    }

    /// What clocks of the referral itself were for has happened.
    pub(crate) fn meet(&mut self, effects: &mut Effects, rules: &[&str], now: Timestamp) {
        for kept in &mut self.clocks {
            let fits = kept.subject.is_empty() && rules.contains(&kept.clock.rule());
            if fits && !kept.clock.has_ended() {
                kept.clock.meet(now);
                effects.keep_clock(kept);
            }
        }
    }

    fn cancel(
        &mut self,
        effects: &mut Effects,
        which: impl Fn(&KeptClock) -> bool,
        now: Timestamp,
    ) {
        for kept in &mut self.clocks {
            if which(kept) && !kept.clock.has_ended() {
                kept.clock.cancel(now);
                effects.keep_clock(kept);
            }
        }
    }
}

/// What a referral is linked with, newest first.
pub(crate) async fn history(
    conn: &mut Conn,
    id: &str,
) -> Result<Vec<wire::LinkedReferral>, StoreError> {
    let links = links::of(conn, &[id]).await?;
    history_of(conn, &links).await
}

/// What these links of a referral lead to, newest first.
async fn history_of(
    conn: &mut Conn,
    links: &[Link],
) -> Result<Vec<wire::LinkedReferral>, StoreError> {
    let known: Vec<&Link> = links.iter().filter(|link| !link.apart).collect();
    let ids: Vec<&str> = known.iter().map(|link| link.other.as_str()).collect();
    let mut records = referrals::get_many(conn, &ids).await?;
    records.sort_by(|one, other| (other.received, &other.id).cmp(&(one.received, &one.id)));
    let linked = records.into_iter().filter_map(|record| {
        let link = known.iter().find(|link| link.other == record.id)?;
        Some(crate::snapshot::linked(&record, link.kinds))
    });
    Ok(linked.collect())
}
