//! Takes in questions of hubs: however many came together, with a handful of statements.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mash_bus::HandleError;
use mash_proto::{convert::time_from_wire, disclosure::v1::ReceiptKind};
use mash_store::Tx;

use super::{Arrival, Taking};
use crate::{
    Partner,
    prompts::{kinds, prompt},
    store::{
        enquiries::{self, EnquiryRow},
        prompts,
    },
};

/// How long a partner has for an answer when the question does not say.
const USUAL_TIME: SignedDuration = SignedDuration::from_hours(24);

impl Partner {
    /// Writes the questions that were gathered, no two of them of one item.
    pub(super) async fn take_questions(
        &self,
        tx: &mut Tx,
        taking: &mut Taking<'_>,
    ) -> Result<(), HandleError> {
        let arrived = std::mem::take(&mut taking.questions);
        let which: BTreeSet<(&str, &str)> = arrived
            .iter()
            .map(|(_, it)| (it.organisation.as_str(), it.item.item_id.as_str()))
            .collect();
        if which.is_empty() {
            return Ok(());
        }
        let agency = self.agency.component;
        let mut known = enquiries::lock_many(tx, agency, &which).await?;
        let (mut rows, mut asked) = (Vec::with_capacity(arrived.len()), Vec::new());
        for (event, arrival) in &arrived {
            let key = (arrival.organisation.clone(), arrival.item.item_id.clone());
            let known = known.remove(&key);
            if known.as_ref().is_some_and(|known| arrival.revision <= known.revision) {
                continue; // Old news, or a repeat of what was recalled since.
            }
            let row = row_of(arrival, known.as_ref());
            if row.answered == 0 {
                let subject = format!("enquiries/{}", row.item_id);
                let what = (subject.as_str(), kinds::ANSWER_ENQUIRY);
                let told = ("", arrival.now, Some(row.due));
                asked.push((arrival.organisation.as_str(), prompt(what, told)));
            }
            rows.push(row);
            taking.receipts.push(self.receipt(event, arrival, ReceiptKind::Delivered));
        }
        enquiries::put_many(tx, agency, &rows).await?;
        Ok(prompts::raise(tx, agency, &asked).await?)
    }
}

/// A question as it now stands.
fn row_of(arrival: &Arrival, known: Option<&EnquiryRow>) -> EnquiryRow {
    let Arrival { item, organisation, now, .. } = arrival;
    let asked = arrival.content.question.as_ref().and_then(|question| question.due_time);
    let asked = asked.and_then(|time| time_from_wire(&time).ok());
    let usual = now.saturating_add(USUAL_TIME).unwrap_or(*now);
    let due = asked.or_else(|| known.map(|known| known.due)).unwrap_or(usual);
    let answered = known.map_or(0, |known| known.answered);
    EnquiryRow {
        seq: 0,
        organisation: organisation.clone(),
        item_id: item.item_id.clone(),
        release_id: item.release_id.clone(),
        case_id: item.case_id.clone(),
        from: arrival.from.clone(),
        revision: arrival.revision,
        answered,
        refused: known.is_some_and(|known| known.refused),
        closed: None,
        content: item.content.clone(),
        rule_ids: item.rule_ids.clone(),
        reference: item.reference.clone(),
        received: known.map_or(*now, |known| known.received),
        due,
        next: (answered == 0).then_some(due),
    }
}
