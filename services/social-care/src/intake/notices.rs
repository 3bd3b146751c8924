//! A notice of an incident whose school nobody knows (R03): somebody at the hub finds it.

use mash_bus::topics;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{
        Content, DisclosureRecalled, DisclosureReleased, ReceiptKind, ReceiptRecorded,
    },
    social_care::v1::NoticeToLocate,
};

use super::batch::Batch;
use crate::{effects::prompt, outgoing::message, store::notices::KeptNotice};

impl Batch<'_> {
    /// Takes a notice in. A named person has it at once.
    pub(super) fn notice(
        &mut self,
        authority: &str,
        notice: &DisclosureReleased,
        content: Content,
    ) {
        let revision = i64::from(notice.revision);
        let id = notice.disclosure_id.clone();
        if self.notices.get(&id).is_some_and(|known| known.revision >= revision) {
            return;
        }
        let manager = self.hub(authority).manager().to_owned();
        let raised = prompt((authority, "", ""), ("locate-school", &id), &manager, self.now);
        let kept = KeptNotice {
            authority: authority.to_owned(),
            case_id: notice.case_id.clone(),
            open: self.notices.get(&id).is_none_or(|known| known.open),
            receive_ms: self
                .notices
                .get(&id)
                .map_or(self.now.as_millisecond(), |known| known.receive_ms),
            revision,
            notice: NoticeToLocate {
                disclosure_id: id.clone(),
                prompt: raised.prompt.name.clone(),
                receive_time: Some(time_to_wire(self.now)),
                from_force_code: notice.from_force_code.clone(),
                content: Some(content),
                rule_ids: notice.rule_ids.clone(),
            },
        };
        self.effects.prompts.push(raised);
        self.effects.notices.insert(id.clone(), kept.clone());
        self.notices.insert(id, kept);
        for (kind, person, reason) in [
            (ReceiptKind::Delivered, "", ""),
            (ReceiptKind::Escalated, manager.as_str(), "school-unknown"),
        ] {
            let told = ReceiptRecorded {
                disclosure_id: notice.disclosure_id.clone(),
                duty_id: notice.duty_id.clone(),
                case_id: notice.case_id.clone(),
                recipient: notice.recipient.clone(),
                kind: kind.into(),
                receipt_time: Some(time_to_wire(self.now)),
                practitioner: person.to_owned(),
                reason_code: reason.to_owned(),
                late: false,
                revision: notice.revision,
                deliver_by_time: None,
                late_code: String::new(),
            };
            let revision = notice.revision.to_string();
            let identity = [
                "social-care",
                "notice-receipt",
                notice.disclosure_id.as_str(),
                kind.as_str_name(),
                &revision,
            ];
            let case_id = &notice.case_id;
            let receipt = message(topics::RECEIPTS, case_id, &told, &identity, self.now);
            self.effects.outbox.push(receipt);
        }
    }

    /// The school was found, or it was the wrong child: nothing is left to find, and nothing of it may be shown.
    pub(super) fn notice_recall(&mut self, recall: &DisclosureRecalled) {
        let Some(known) = self.notices.get_mut(&recall.disclosure_id) else { return };
        known.open = false;
        known.notice.content = None;
        self.effects.notices.insert(recall.disclosure_id.clone(), known.clone());
    }
}
