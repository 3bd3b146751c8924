//! A partner answers, or says why not.

use mash_bus::HandleError;
use mash_domain::referral::{
    enquiry::{Command, Event},
    work::Command as WorkCommand,
};
use mash_proto::convert::time_from_wire;

use super::{NEVER_ASKED, arrival::Item, batch::Batch};

/// What is written where a refusal says nothing; partners' services let none of that through.
const UNSTATED: &str = "not-stated";

impl Batch<'_> {
    /// Takes an answer in. Nothing that a partner says is thrown away: what comes late is kept, shown, and prompts.
    pub(super) fn answer(&mut self, item: &Item) -> Result<(), HandleError> {
        let poison = HandleError::Poison { code: NEVER_ASKED };
        let question = item.release.reply_to.clone();
        let Some(id) = self.asked.get(&question).cloned() else { return Err(poison) };
        let Some(mut case) = self.cases.remove(&id) else { return Err(poison) };
        let decided = !case.record.work.state.is_open();
        let kept = self.kept(item, &id, decided);
        let asked = case.enquiries.iter_mut().find(|kept| kept.id == question);
        let from = item.release.from.as_ref();
        let asked = asked.filter(|asked| {
            asked.authority == item.authority && asked.enquiry.partner.as_ref() == from
        });
        let Some(asked) = asked else {
            self.cases.insert(id, case);
            return Err(poison);
        };
        let known = case.items.iter().find(|it| it.release.release_id == item.release.release_id);
        if known.is_some_and(|known| known.release.revision >= item.release.revision) {
            self.cases.insert(id, case);
            return Ok(());
        }
        let reply = item.content.reply.clone().unwrap_or_default();
        let stated = |text: &str| if text.trim().is_empty() { UNSTATED } else { text }.to_owned();
        let refuses = !reply.refusal_code.is_empty();
        let command = if refuses {
            let reason = stated(&reply.refusal_reason);
            Command::Refuse { code: reply.refusal_code.clone(), reason }
        } else {
            Command::Answer
        };
        // When the partner gave it, however long it was on its way: a bus that was away makes nobody late.
        let given = item.release.submit_time.as_ref().and_then(|time| time_from_wire(time).ok());
        let given = given.unwrap_or(self.now).min(self.now).max(asked.state.asked);
        // Every state takes an answer; see the machine.
        let event = asked.apply(&command, given).ok().flatten();
        match &event {
            Some(Event::Refused) => {
                asked.enquiry.refusal_code.clone_from(&reply.refusal_code);
                asked.enquiry.refusal_reason = stated(&reply.refusal_reason);
            }
            Some(_) if !refuses => {
                asked.enquiry.nothing_known = reply.nothing_known;
                asked.enquiry.answer.clone_from(&item.release.release_id);
            }
            Some(_) | None => (),
        }
        let asked = asked.clone();
        self.effects.enquiries.insert(question.clone(), asked);
        self.effects.items.insert(item.release.release_id.clone(), kept.clone());
        case.items.push(kept);
        let now = self.now;
        let person = case.record.person(&case.hub.duty_manager);
        let subject = format!("{}#{}", item.release.release_id, item.release.revision);
        if event.as_ref().is_some_and(Event::ends_check) {
            for kept in case.clocks.iter_mut().filter(|kept| kept.subject == question) {
                kept.clock.meet(given);
                self.effects.keep_clock(kept);
            }
            // It counts what is open; there is one at least, since this one was.
            drop(case.apply(&mut self.effects, &WorkCommand::EndCheck, "", now));
        }
        let code = match event {
            _ if decided => Some("late-answer"),
            Some(Event::CameLate) => Some("late-answer"),
            Some(Event::Refused) => Some("enquiry-refused"),
            Some(_) | None => None,
        };
        if let Some(code) = code {
            self.effects.prompt(&case.record, (code, &subject), &person, now);
        }
        self.effects.keep(&case.record);
        self.cases.insert(id, case);
        self.taken(item);
        Ok(())
    }
}
