//! A referral arrives, or more of it, or it is taken back.

use mash_domain::{
    clock::ids,
    referral::work::{Command, Work, WorkState},
};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::ReceiptKind,
    referral::v1::{ItemKind, ItemRecalled, ReportKind},
    social_care::v1 as wire,
    r#type::v1::Answer,
};
use mash_store::{StoreError, Tx};

use super::{
    arrival::Item,
    batch::{Batch, child_marks},
};
use crate::{
    case::Case,
    effects::prompt,
    marks::{self, Marker},
    meetings, outgoing,
    record::{Record, id_of},
    store::{children::Child, links::Mark},
};

/// What is linked with more than this is shown with the newest of it: an address of many families links nothing.
const LINKS: usize = 50;

impl Batch<'_> {
    /// Takes a referral in.
    pub(super) async fn referral(&mut self, tx: &mut Tx, item: &Item) -> Result<(), StoreError> {
        let id = id_of(&item.authority, &item.release.case_id);
        let case = match self.cases.remove(&id) {
            Some(case) => self.more(case, item),
            None => {
                let mut case = self.first(tx, &id, item).await?;
                let (effects, now) = (&mut self.effects, self.now);
                meetings::offered(tx, &mut case, effects, (&item.release, &item.content), now)
                    .await?;
                case
            }
        };
        self.cases.insert(id, case);
        Ok(())
    }

    /// Nobody knows which authority answers. Routing has told the sender and counts it as being with a person; what it
    /// says goes to nobody, and that it is there is noted here.
    pub(super) fn nobody_answers(&mut self, item: &Item) {
        let about = (crate::OPERATOR, "", "");
        let subject = ("no-authority", item.release.release_id.as_str());
        self.effects.prompts.push(prompt(about, subject, crate::OPERATOR, self.now));
        tracing::warn!(item.id = item.release.item_id, "nobody knows which authority answers");
    }

    async fn first(&mut self, tx: &mut Tx, id: &str, item: &Item) -> Result<Case, StoreError> {
        let Item { authority, release, .. } = item;
        let now = self.now;
        let early_help = release.report_kind == i32::from(ReportKind::EarlyHelp)
            && release.harm_suspected() != Answer::Yes;
        let work = Work::received(early_help);
        let referral = wire::Referral {
            name: format!("referrals/{}", release.case_id),
            receive_time: Some(time_to_wire(now)),
            from: release.from.clone(),
            ..wire::Referral::default()
        };
        let record = Record {
            id: id.to_owned(),
            authority: authority.clone(),
            case_id: release.case_id.clone(),
            referral,
            work,
            due: now,
            received: now,
        };
        let mut case = Case::new(record, self.hub(authority));
        self.describe(&mut case, item);
        for rule in [ids::ACKNOWLEDGE_REFERRAL, ids::GRADE_REFERRAL, ids::DECIDE_REFERRAL] {
            case.start(&mut self.effects, rule, now);
        }
        case.record.order(&case.clocks, now);
        mash_proto::convert::social_care::work_to_wire(
            &case.record.work,
            &mut case.record.referral,
        );
        let delivered = outgoing::receipt(release, ReceiptKind::Delivered, ("", ""), now);
        self.effects.outbox.push(delivered);
        self.acknowledge(&mut case, item);
        let worker = self.allocated(&case);
        if !worker.is_empty() {
            // What was linked just now is not in the store yet; what was there before is what the worker can read.
            case.history = crate::case::history(tx, id).await?;
            let pass = Command::Pass { to: worker.clone() };
            if case.apply(&mut self.effects, &pass, &worker, now).is_ok() {
                self.effects.prompt(&case.record, ("open-case", "passed"), &worker, now);
            }
        }
        self.effects.keep(&case.record);
        Ok(case)
    }

    /// More of a referral that is here: another revision, or a copy that came by another rule.
    fn more(&mut self, mut case: Case, item: &Item) -> Case {
        let release = &item.release;
        let known = case.items.iter().find(|kept| kept.release.release_id == release.release_id);
        if known.is_some_and(|kept| kept.release.revision >= release.revision) {
            return case;
        }
        let revised = known.is_some();
        let now = self.now;
        let who = (case.record.work.worker.clone().unwrap_or_default(), String::new());
        let delivered = outgoing::receipt(release, ReceiptKind::Delivered, ("", ""), now);
        self.effects.outbox.push(delivered);
        if case.record.work.acknowledged {
            let kind = ReceiptKind::Acknowledged;
            self.effects.outbox.push(outgoing::receipt(release, kind, (&who.0, &who.1), now));
        }
        self.describe(&mut case, item);
        if revised && case.record.work.state != WorkState::Withdrawn {
            // It cannot be refused: only what was taken back cannot be revised.
            drop(case.apply(&mut self.effects, &Command::Revise, "", now));
            if case.record.work.state != WorkState::Received {
                let subject = format!("{}#{}", release.release_id, release.revision);
                let person = case.record.person(&case.hub.duty_manager);
                self.effects.prompt(&case.record, ("report-revised", &subject), &person, now);
            }
        }
        self.effects.keep(&case.record);
        case
    }

    /// Writes what the report says into what is kept, finds the child, and links.
    fn describe(&mut self, case: &mut Case, item: &Item) {
        let Item { authority, release, content, .. } = item;
        let decided = !case.record.work.state.is_open();
        let kept = self.kept(item, &case.record.id, decided);
        self.effects.items.insert(release.release_id.clone(), kept.clone());
        case.items.retain(|known| known.release.release_id != release.release_id);
        case.items.push(kept);
        let referral = &mut case.record.referral;
        referral.report_kind = release.report_kind;
        referral.urgency = release.urgency;
        referral.harm_suspected = release.harm_suspected;
        referral.do_not_inform_parent |= release.do_not_inform_parent;
        referral.reference.clone_from(&release.reference);
        referral.also_told.clone_from(&release.also_told);
        referral.report_revision = referral.report_revision.max(release.revision);
        let marker = Marker { secret: &self.service.secret, authority };
        let found = marker.of_report(content);
        let of_child = child_marks(&found);
        if referral.child.is_empty() {
            let child = self.find_child(authority, &of_child, &case.record.id);
            case.record.referral.child = format!("children/{child}");
        }
        self.link(&case.record, &found);
    }

    /// The child with the surest of these marks, or a new one. Two NHS numbers are two children, whatever their names.
    fn find_child(&mut self, authority: &str, marks: &[String], referral: &str) -> String {
        let key = |text: &str| (authority.to_owned(), text.to_owned());
        let nhs = marks.iter().find(|mac| mac.starts_with(marks::NHS));
        let stranger = |child: &String| {
            let known = self.nhs_of.get(&key(child));
            nhs.is_some_and(|nhs| known.is_some_and(|known| !known.contains(nhs)))
        };
        let mut known = marks.iter().filter_map(|mac| self.child_of.get(&key(mac)));
        let found = known.find(|child| !stranger(child)).cloned();
        let marker = Marker { secret: &self.service.secret, authority };
        let id = found.unwrap_or_else(|| marker.new_child(marks, referral));
        let id = self.herself(authority, id);
        if !self.children.contains_key(&key(&id)) {
            let child =
                Child { authority: authority.to_owned(), id: id.clone(), ..Child::default() };
            self.effects.children.insert(key(&id), child.clone());
            self.children.insert(key(&id), child);
        }
        for mac in marks {
            // A mark stays with the child who had it first.
            self.child_of.entry(key(mac)).or_insert_with(|| id.clone());
            if mac.starts_with(marks::NHS) {
                self.nhs_of.entry(key(&id)).or_default().insert(mac.clone());
            }
            self.effects.child_marks.insert((authority.to_owned(), mac.clone(), id.clone()));
        }
        id
    }

    /// Who a child turned out to be.
    fn herself(&self, authority: &str, mut id: String) -> String {
        // Merging moves marks, so one step is the rule; a ring cannot be, but would not hold us up.
        for _ in 0..8 {
            match self.children.get(&(authority.to_owned(), id.clone())) {
                Some(child) if !child.merged_into.is_empty() => id.clone_from(&child.merged_into),
                Some(_) | None => break,
            }
        }
        id
    }

    /// Links with everything of this hub that shares a mark.
    fn link(&mut self, record: &Record, found: &[(String, i64)]) {
        let at_ms = record.received.as_millisecond();
        for (mac, kind) in found {
            let key = (record.authority.clone(), mac.clone());
            let places = self.places.entry(key).or_default();
            for (other, of_other) in places.iter().take(LINKS) {
                let kind = marks::link_kind(mac, *kind, *of_other);
                self.effects.link(&self.links, &record.id, other, kind);
            }
            if !places.iter().any(|(known, _)| *known == record.id) {
                places.insert(0, (record.id.clone(), *kind));
            }
            self.effects.marks.insert(Mark {
                authority: record.authority.clone(),
                mac: mac.clone(),
                referral: record.id.clone(),
                kind: *kind,
                at_ms,
            });
        }
    }

    /// The allocated worker of the child's open case; empty if there is none.
    fn allocated(&self, case: &Case) -> String {
        let child = case.record.referral.child.trim_start_matches("children/").to_owned();
        let known = self.children.get(&(case.record.authority.clone(), child));
        known.map(|child| child.worker.clone()).unwrap_or_default()
    }

    /// Tells the referrer within seconds that it is here, and by when it will be decided (P19).
    fn acknowledge(&mut self, case: &mut Case, item: &Item) {
        let decide = case.clocks.iter().find(|kept| kept.clock.rule() == ids::DECIDE_REFERRAL);
        let feedback = outgoing::received(decide.map(|kept| kept.clock.due()), self.now);
        let report = (&case.record, item.release.item_id.as_str());
        let told = outgoing::feedback(report, (feedback, "received"), (&case.hub, ""), self.now);
        if let Some((message, sent)) = told {
            self.effects.outbox.push(message);
            self.effects.sent.push(sent);
            case.meet(&mut self.effects, &[ids::ACKNOWLEDGE_REFERRAL], self.now);
        }
    }

    /// Something is taken back. Of a decided referral it is kept on record that it was, and somebody is told.
    pub(super) async fn recall(
        &mut self,
        tx: &mut Tx,
        authority: &str,
        recall: &ItemRecalled,
    ) -> Result<(), StoreError> {
        let id = id_of(authority, &recall.case_id);
        // Recalled before it arrived, as when a dead letter is sent round again: routing does not release it again.
        let Some(case) = self.cases.get_mut(&id) else { return Ok(()) };
        let now = self.now;
        let Some(kept) =
            case.items.iter_mut().find(|kept| kept.release.release_id == recall.release_id)
        else {
            return Ok(());
        };
        kept.recall_code.clone_from(&recall.reason_code);
        kept.content.clear();
        let kind = kept.release.kind();
        self.effects.items.insert(kept.release.release_id.clone(), kept.clone());
        let deleted = outgoing::receipt(&kept.release, ReceiptKind::Deleted, ("", ""), now);
        self.effects.outbox.push(deleted);
        let left = case.report().is_some();
        if kind == ItemKind::Referral && !left {
            let withdrawn = case.apply(&mut self.effects, &Command::Withdraw, "", now);
            let code = if withdrawn.is_ok() { "report-withdrawn" } else { "decided-on-recalled" };
            let person = case.record.person(&case.hub.duty_manager);
            self.effects.prompt(&case.record, (code, &recall.release_id), &person, now);
        }
        self.effects.keep(&case.record);
        meetings::recalled(tx, case, &mut self.effects, &recall.item_id, now).await
    }
}
