//! What became of what a hub sent.

use mash_domain::referral::{
    enquiry,
    work::{Command, FeedbackState},
};
use mash_proto::{
    disclosure::v1::ReceiptKind,
    referral::v1::{ItemKind, ItemReceiptRecorded},
};

use super::{
    arrival::Item,
    batch::{Batch, ends},
};
use crate::{effects::prompt, outgoing, record::id_of, store::sent::Sent};

impl Batch<'_> {
    /// A recipient did something with an item of this hub. The first one that ends it wins.
    pub(super) fn receipt(&mut self, receipt: &ItemReceiptRecorded) {
        let Some(sent) = self.sent.get_mut(&receipt.item_id) else { return };
        let state = match receipt.kind() {
            ReceiptKind::Delivered => "delivered",
            ReceiptKind::Acknowledged | ReceiptKind::Escalated => "acknowledged",
            ReceiptKind::Undelivered => "undelivered",
            ReceiptKind::Unspecified
            | ReceiptKind::Opened
            | ReceiptKind::Rejected
            | ReceiptKind::Deleted => return,
        };
        let open = matches!(sent.state.as_str(), "sent" | "delivered");
        if !open || sent.state == state {
            return;
        }
        state.clone_into(&mut sent.state);
        let sent = sent.clone();
        self.effects.told.insert(sent.item_id.clone(), sent.clone());
        if ends(receipt) && is_feedback(&sent) {
            self.end_feedback(&sent, FeedbackState::Acknowledged);
        }
    }

    /// Nobody has an item of this hub, or the rules let nothing of it through.
    pub(super) fn non_delivery(&mut self, item: &Item) {
        let release = &item.release;
        let ids = [&release.reply_to, &release.item_id];
        let found = ids.iter().find_map(|id| self.sent.get(*id).cloned());
        self.taken(item);
        let Some(mut sent) = found else { return self.own_report(item) };
        let withheld = release.non_delivery_code == "withheld";
        let state = if withheld { "withheld" } else { "undelivered" };
        state.clone_into(&mut sent.state);
        self.sent.insert(sent.item_id.clone(), sent.clone());
        self.effects.told.insert(sent.item_id.clone(), sent.clone());
        match ItemKind::try_from(i32::try_from(sent.kind).unwrap_or_default()) {
            Ok(ItemKind::Feedback) if withheld => {
                self.end_feedback(&sent, FeedbackState::Withheld);
            }
            Ok(ItemKind::Feedback) => self.telephone(&sent),
            Ok(ItemKind::Enquiry) => self.unanswered(&sent),
            Ok(_) | Err(_) => {
                let Some(case) = self.cases.get(&sent.referral) else { return };
                let person = case.record.person(&case.hub.duty_manager);
                let about = ("item-undelivered", sent.item_id.as_str());
                self.effects.prompt(&case.record, about, &person, self.now);
            }
        }
    }

    /// A report of the public or of a family that moves in is not in the queue that it was
    /// meant for. Whoever took it thinks that it is, and nobody else would miss it.
    fn own_report(&mut self, item: &Item) {
        let Item { authority, release, .. } = item;
        let manager = self.hub(authority).manager().to_owned();
        let referral = id_of(authority, &release.case_id);
        let about = (authority.as_str(), referral.as_str(), release.case_id.as_str());
        let what = ("item-undelivered", release.reply_to.as_str());
        self.effects.prompts.push(prompt(about, what, &manager, self.now));
    }

    fn end_feedback(&mut self, sent: &Sent, state: FeedbackState) {
        let Some(case) = self.cases.get_mut(&sent.referral) else { return };
        // Feedback on an earlier decision says nothing of the last one.
        if sent.subject != case.record.work.decisions.len().to_string() {
            return;
        }
        // Nothing is decided any more, if it was opened again meanwhile.
        drop(case.apply(&mut self.effects, &Command::EndFeedback(state), "", self.now));
        if state == FeedbackState::Withheld {
            let person = case.record.person(&case.hub.duty_manager);
            let about = ("feedback-withheld", sent.item_id.as_str());
            self.effects.prompt(&case.record, about, &person, self.now);
        }
    }

    fn telephone(&mut self, sent: &Sent) {
        let Some(case) = self.cases.get_mut(&sent.referral) else { return };
        if sent.subject == case.record.work.decisions.len().to_string() {
            case.telephone(&mut self.effects, &sent.subject, self.now);
        } else {
            let person = case.record.person(&case.hub.duty_manager);
            let about = ("telephone-referrer", sent.subject.as_str());
            self.effects.prompt(&case.record, about, &person, self.now);
        }
    }

    /// A question that nobody has: a person is told, and the partner is reminded once.
    fn unanswered(&mut self, sent: &Sent) {
        let now = self.now;
        let Some(case) = self.cases.get_mut(&sent.referral) else { return };
        let child = case.child();
        let Some(kept) = case.enquiries.iter_mut().find(|kept| kept.id == sent.item_id) else {
            return;
        };
        let Ok(Some(_)) = kept.apply(&enquiry::Command::Undelivered, now) else { return };
        if let Ok(Some(_)) = kept.apply(&enquiry::Command::Chase { due: None }, now) {
            let about = (&case.record, child.as_ref());
            self.effects.outbox.push(outgoing::enquiry(about, kept, &case.hub, now));
        }
        self.effects.enquiries.insert(kept.id.clone(), kept.clone());
        let person = case.record.person(&case.hub.duty_manager);
        let about = ("enquiry-undelivered", sent.item_id.as_str());
        self.effects.prompt(&case.record, about, &person, now);
    }
}

pub(super) fn is_feedback(sent: &Sent) -> bool {
    sent.kind == i64::from(i32::from(ItemKind::Feedback))
}
