//! Taking in a submitted item: decide for each recipient, put that on record, and release what is news to it.

use std::collections::BTreeSet;

use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::{agreement::citation_to_wire, answer_to_wire, time_to_wire},
    disclosure::v1::Content,
    envelope::event_id,
    minimise::MinimiseError,
    referral::v1::{self as pb, ItemKind},
    sharing::v1 as sharing,
};
use prost::Message;

use super::{
    NOT_THE_SAME,
    deadline::acknowledge_by,
    facts::do_not_inform,
    file::{CaseFile, Item, Release, ReleaseState, release_id},
    plan::{Consulted, Outcome, Permitted, PlannedRelease, also_told, hand_over_reason, plan},
    submission::{Submission, kind_word},
    table::Refused,
    told::{non_delivery, told_mark},
};
use crate::{
    agreements::app::guard_of,
    app::{
        discharge::class_decisions,
        effects::{Cause, Effects, RestingItem},
    },
    pseudonym::Pseudonymiser,
};

/// A non-delivery report that says that the rules let nothing through.
pub const WITHHELD: &str = "withheld";
/// A non-delivery report about a recipient that nobody knows.
pub const UNKNOWN_RECIPIENT: &str = "unknown-recipient";
/// Why something is recalled that may not stay with its recipient.
const NO_LONGER_PERMITTED: &str = "no-longer-permitted";
/// Why everything is recalled.
const WITHDRAWN: &str = "withdrawn";

/// Why an item cannot be taken in. It becomes a dead letter with an owner, and the stream goes on.
#[derive(Debug, thiserror::Error)]
pub enum TakeInError {
    /// The item is known as another organisation's, or of another kind.
    #[error("the item is not the one that is known under its id")]
    NotTheSame,
    /// What it holds could not be minimised, and so does not leave.
    #[error("the content could not be minimised")]
    Minimise(#[from] MinimiseError),
}

impl TakeInError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotTheSame => NOT_THE_SAME,
            Self::Minimise(_) => super::NOT_MINIMISED,
        }
    }
}

/// What taking in an item changes besides the case: events and decisions, and guards to open and to close.
#[derive(Default)]
pub struct Changes {
    /// Decisions and events.
    pub effects: Effects,
    /// Guards to open before anything rests on them, and until when each holds.
    pub open: BTreeSet<(String, i64)>,
    /// Guards of consent as it was stated, which has ended.
    pub close: BTreeSet<String>,
}

/// What everything here is done with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// What a plan consults.
    pub consulted: Consulted<'a>,
    /// For commitments.
    pub pseudonymiser: &'a Pseudonymiser,
    /// The event and the time.
    pub cause: Cause<'a>,
}

/// Takes in a revision of an item. An older or repeated one changes nothing, and neither does one after a withdrawal.
///
/// # Errors
///
/// [`TakeInError`]; nothing has changed then.
pub fn take_in(
    item: &Submission,
    payload: &[u8],
    file: &mut CaseFile,
    tools: Tools<'_>,
    changes: &mut Changes,
) -> Result<(), TakeInError> {
    let known = file.item(&item.item_id);
    if let Some(known) = known {
        if known.from != item.from || known.kind != item.kind {
            return Err(TakeInError::NotTheSame);
        }
        if known.withdrawn || known.revision >= item.revision {
            return Ok(());
        }
    }
    let submitted_at = known.map_or(item.submitted_at, |known| known.submitted_at);
    // What rests on consent may have to go later, when consent is given; nothing else is kept.
    let kept = item.flow.asks_consent() && !item.withdrawn;
    let now_known = Item {
        id: item.item_id.clone(),
        revision: item.revision,
        kind: item.kind,
        flow: item.flow,
        from: item.from.clone(),
        reply_to: item.reply_to.clone(),
        reference: item.reference.clone(),
        submitted_at,
        withdrawn: item.withdrawn,
        facts: item.facts.clone(),
        payload: if kept { payload.to_vec() } else { Vec::new() },
    };
    decide(item, &now_known, file, tools, changes)?;
    file.put_item(now_known);
    Ok(())
}

/// Decides on an item as it stands, and follows that up for each recipient.
///
/// # Errors
///
/// [`TakeInError`]; nothing has changed then.
pub fn decide(
    item: &Submission,
    known: &Item,
    file: &mut CaseFile,
    tools: Tools<'_>,
    changes: &mut Changes,
) -> Result<(), TakeInError> {
    let plans = if item.withdrawn { Vec::new() } else { plan(item, file, tools.consulted)? };
    let mut own = Changes::default();
    let mut taking = Taking { item, known, file, tools, plans: &plans, changes: &mut own };
    taking.recall_the_rest();
    for plan in &plans {
        taking.one(plan);
    }
    own.effects.in_order_of_recipients();
    changes.effects.append(own.effects);
    changes.open.extend(own.open);
    changes.close.extend(own.close);
    Ok(())
}

struct Taking<'a> {
    item: &'a Submission,
    known: &'a Item,
    file: &'a mut CaseFile,
    tools: Tools<'a>,
    plans: &'a [PlannedRelease],
    changes: &'a mut Changes,
}

impl Taking<'_> {
    /// Recalls what went to recipients who are not meant any more.
    fn recall_the_rest(&mut self) {
        let meant: Vec<String> = self.plans.iter().map(|plan| self.release_id(plan)).collect();
        let rest: Vec<Release> = self
            .file
            .releases_of(&self.item.item_id)
            .filter(|release| !meant.contains(&release.id))
            .filter(|release| release.live || release.state != ReleaseState::Withheld)
            .cloned()
            .collect();
        let reason = if self.item.withdrawn { WITHDRAWN } else { NO_LONGER_PERMITTED };
        for mut release in rest {
            let decision = self.refusal(&release, vec![reason.to_owned()]);
            self.changes.effects.decide(decision, self.tools.cause);
            self.recall(&mut release, reason);
            release.set(ReleaseState::Withheld, reason, self.tools.cause.now);
            self.file.put_release(release);
        }
    }

    fn one(&mut self, plan: &PlannedRelease) {
        let id = self.release_id(plan);
        let mut release = self.file.release(&id).cloned().unwrap_or_else(|| {
            let recipient = plan.recipient.organisation.clone();
            Release::new(&self.item.item_id, self.item.kind, recipient, self.tools.cause.now)
        });
        release.flow = plan.recipient.flow;
        release.copy = plan.recipient.copy;
        // What guards have kept back was never there.
        release.live &= !release.sent.is_empty();
        match &plan.outcome {
            Outcome::Release(permitted) => self.release(plan, permitted, &mut release),
            Outcome::HandOver => self.hand_over(plan, &mut release),
            Outcome::Withhold { reasons, told, keeps } => {
                self.withhold(plan, reasons, *keeps, &mut release);
                if !*keeps || !release.live {
                    self.tell_sender(plan, reasons, told, &mut release);
                }
            }
        }
        self.file.put_release(release);
    }

    fn release(&mut self, plan: &PlannedRelease, permitted: &Permitted, release: &mut Release) {
        let mut event = self.released(plan, release);
        event.classes = permitted.classes.iter().map(|it| i32::from(it.number())).collect();
        event.content.clone_from(&permitted.content);
        event.consent_code = permitted.permit.consent_code().word().to_owned();
        let digest = self.tools.pseudonymiser.commitment("digest", &event.encode_to_vec());
        let known = release.live && release.digest == digest;
        let revision = release.revision + i32::from(!known);
        let decision_id = self.record(plan, (!known).then_some((&release.id, revision)), permitted);
        if known {
            return;
        }
        let permit = &permitted.permit;
        event.revision = revision;
        event.rule_ids = permit.rules().iter().map(ToString::to_string).collect();
        event.basis_codes = permit.basis().iter().map(|it| it.word().to_owned()).collect();
        event.ruleset = permit.ruleset().to_string();
        event.decision_id = decision_id;
        let guards = self.guards(permitted, release);
        let rests = !guards.is_empty();
        release.revision = revision;
        release.digest = digest;
        release.live = true;
        release.set(ReleaseState::Released, "", self.tools.cause.now);
        let event_id = self.changes.effects.release_item(&event, guards, self.tools.cause);
        if rests {
            let (release_id, case_id) = (release.id.clone(), event.case_id);
            let resting = RestingItem { event_id: event_id.clone(), release_id, case_id };
            self.changes.effects.resting_items.push(resting);
        } else {
            release.sent.clear(); // Nothing keeps this one back, so that the recipient has something.
        }
        release.sent.insert(event_id);
    }

    /// The guards on which the release rests: agreements, which are named, and consent, which is opened.
    fn guards(&mut self, permitted: &Permitted, release: &mut Release) -> Vec<String> {
        let mut names: BTreeSet<String> =
            permitted.citations.iter().map(|cited| guard_of(cited.agreement)).collect();
        for (guard, until) in &permitted.guards {
            names.insert(guard.clone());
            self.changes.open.insert((guard.clone(), *until));
        }
        if permitted.stated_consent {
            // The same for all that goes until it ends, so that nothing of it is forgotten then.
            if release.stated_guard.is_empty() {
                release.stated_guard = stated_guard(&release.id, self.item.revision);
            }
            self.changes.open.insert((release.stated_guard.clone(), mash_store::guards::FOR_EVER));
            names.insert(release.stated_guard.clone());
        }
        names.into_iter().collect()
    }

    /// Nobody knows which authority answers: the hub's operator is told that there is a referral, and its sender that
    /// nobody has it. What is in it goes to neither.
    fn hand_over(&mut self, plan: &PlannedRelease, release: &mut Release) {
        let reason = hand_over_reason();
        let mut event = self.released(plan, release);
        let digest = self.tools.pseudonymiser.commitment("digest", &event.encode_to_vec());
        let decision = self.refusal(release, vec![reason.to_owned()]);
        event.decision_id = decision.name.trim_start_matches("decisions/").to_owned();
        event.ruleset.clone_from(&decision.ruleset);
        self.changes.effects.decide(decision, self.tools.cause);
        if !release.live || release.digest != digest {
            release.revision += 1;
            event.revision = release.revision;
            release.digest = digest;
            release.live = true;
            let event_id = self.changes.effects.release_item(&event, Vec::new(), self.tools.cause);
            release.sent.insert(event_id);
            // A person has to find out who answers: it is with somebody, and it is not done.
            release.set(ReleaseState::Escalated, reason, self.tools.cause.now);
        }
        let codes = vec![reason.to_owned()];
        self.report(reason, &codes, release);
    }

    fn withhold(
        &mut self,
        plan: &PlannedRelease,
        reasons: &[String],
        keeps: bool,
        release: &mut Release,
    ) {
        let mut decision = self.refusal(release, reasons.to_vec());
        if let Some(decided) = &plan.decision {
            decision.classes = class_decisions(decided, false);
        }
        if let Some(facts) = plan.facts {
            self.changes.effects.facts.insert(decision.name.clone(), facts);
        }
        self.changes.effects.decide(decision, self.tools.cause);
        if keeps && release.live {
            return;
        }
        let first = reasons.first().map_or(NO_LONGER_PERMITTED, String::as_str);
        let why =
            if first.starts_with("consent-") { "consent-withdrawn" } else { NO_LONGER_PERMITTED };
        self.recall(release, why);
        release.set(ReleaseState::Withheld, first, self.tools.cause.now);
    }

    fn tell_sender(
        &mut self,
        plan: &PlannedRelease,
        reasons: &[String],
        told: &[String],
        release: &mut Release,
    ) {
        let refused = reasons.iter().find_map(|reason| Refused::of_reason(reason));
        if let Some(refused) = refused {
            tracing::warn!(
                code = refused.code(),
                item.id = self.item.item_id,
                item.kind = kind_word(self.item.kind),
                agency.sender = %self.item.from,
                agency.recipient = %release.recipient,
                reason = refused.reason(),
                "an item may not go from its sender to this recipient"
            );
        }
        let unknown = refused == Some(Refused::UnknownRecipient);
        let code = if unknown { UNKNOWN_RECIPIENT } else { WITHHELD };
        if !plan.recipient.copy {
            self.report(code, told, release);
        }
    }

    /// Tells the sender that a recipient does not have the item, once for each reason and revision.
    fn report(&mut self, code: &str, reasons: &[String], release: &mut Release) {
        let told = told_mark(code, reasons, self.known, release);
        if release.told == told {
            return;
        }
        let event = non_delivery(self.known, &self.item.case_id, release, code, reasons);
        self.changes.effects.release_item(&event, Vec::new(), self.tools.cause);
        release.told = told;
    }

    /// Recalls what the recipient has. Whoever was never reached hears of no recall.
    fn recall(&mut self, release: &mut Release, reason: &str) {
        if !release.stated_guard.is_empty() {
            self.changes.close.insert(std::mem::take(&mut release.stated_guard));
        }
        if release.live && !release.sent.is_empty() {
            let recalled = pb::ItemRecalled {
                release_id: release.id.clone(),
                item_id: release.item_id.clone(),
                case_id: self.item.case_id.clone(),
                recipient: Some((&release.recipient).into()),
                reason_code: reason.to_owned(),
            };
            let effects = &mut self.changes.effects;
            effects.recall_item(&recalled, (release.revision, &release.sent), self.tools.cause);
        }
        release.live = false;
        release.sent.clear();
    }

    fn release_id(&self, plan: &PlannedRelease) -> String {
        release_id(&self.item.item_id, &plan.recipient.organisation)
    }

    /// What a recipient is told besides the content. Nothing of it depends on what the recipient may not know, nor on how
    /// often the item was revised.
    fn released(&self, plan: &PlannedRelease, release: &Release) -> pb::ItemReleased {
        let Submission { kind, .. } = *self.item;
        let referral = kind == ItemKind::Referral;
        let content = match &plan.outcome {
            Outcome::Release(permitted) => Content::decode(permitted.content.as_slice()).ok(),
            Outcome::HandOver | Outcome::Withhold { .. } => None,
        };
        let (to, stated) = (&plan.recipient.organisation, self.item.acknowledge_by);
        let submitted = self.known.submitted_at;
        let by = acknowledge_by(kind, to, stated, &content.unwrap_or_default(), submitted);
        let answered = self.file.item(&self.item.reply_to).filter(|it| it.from == *to);
        pb::ItemReleased {
            release_id: release.id.clone(),
            item_id: self.item.item_id.clone(),
            case_id: self.item.case_id.clone(),
            kind: kind.into(),
            recipient: Some(to.into()),
            from: Some((&self.item.from).into()),
            flow: plan.recipient.flow.word().to_owned(),
            reply_to: self.item.reply_to.clone(),
            acknowledge_by_time: by.map(time_to_wire),
            submit_time: Some(time_to_wire(submitted)),
            reference: answered.map_or(&self.item.reference, |it| &it.reference).clone(),
            report_kind: if referral { self.item.report_kind } else { 0 },
            urgency: if referral { self.item.urgency } else { 0 },
            do_not_inform_parent: do_not_inform(self.item, self.file).is_yes(),
            also_told: also_told(self.plans, plan).iter().map(Into::into).collect(),
            harm_suspected: if referral {
                answer_to_wire(self.item.facts.harm_suspected)
            } else {
                0
            },
            ..pb::ItemReleased::default()
        }
    }

    /// Records a permit, class by class (R31). One that leads to a release is named after what is released, since the
    /// recipient reads the name.
    fn record(
        &mut self,
        plan: &PlannedRelease,
        news: Option<(&str, i32)>,
        permitted: &Permitted,
    ) -> String {
        let cause = self.tools.cause;
        let to = plan.recipient.organisation.to_string();
        let id = match news {
            Some((release, revision)) => event_id(&["decision", release, &revision.to_string()]),
            None => event_id(&["decision", &cause.event.id, &self.item.item_id, &to]),
        };
        let id = id.to_string();
        let permit = &permitted.permit;
        let pseudonymiser = self.tools.pseudonymiser;
        let decision = sharing::Decision {
            effect: sharing::Effect::Permit.into(),
            classes: plan
                .decision
                .as_ref()
                .map(|decided| class_decisions(decided, true))
                .unwrap_or_default(),
            commitment: pseudonymiser.commitment(&id, &permitted.content),
            disclosure_id: self.release_id(plan),
            basis_codes: permit.basis().iter().map(ToString::to_string).collect(),
            citations: permitted.citations.iter().map(citation_to_wire).collect(),
            masked_details: permit.masked().iter().map(|it| it.word().to_owned()).collect(),
            mask_rule_ids: permit.mask_rules().iter().map(ToString::to_string).collect(),
            degraded: permit.is_degraded(),
            ..self.decision(&id, &plan.recipient.organisation, plan.recipient.flow)
        };
        let decision = sharing::Decision { second_recipient: plan.recipient.copy, ..decision };
        if let Some(facts) = plan.facts {
            self.changes.effects.facts.insert(decision.name.clone(), facts);
        }
        self.changes.effects.decide(decision, cause);
        id
    }

    fn refusal(&self, release: &Release, reasons: Vec<String>) -> sharing::Decision {
        let (cause, to) = (self.tools.cause, release.recipient.to_string());
        let id = event_id(&["decision", &cause.event.id, &self.item.item_id, &to]).to_string();
        sharing::Decision {
            effect: sharing::Effect::Refuse.into(),
            reason_codes: reasons,
            second_recipient: release.copy,
            ..self.decision(&id, &release.recipient, release.flow)
        }
    }

    fn decision(
        &self,
        id: &str,
        to: &OrganisationId,
        flow: mash_domain::sharing::Flow,
    ) -> sharing::Decision {
        sharing::Decision {
            name: format!("decisions/{id}"),
            case_id: self.item.case_id.clone(),
            duty_id: release_id(&self.item.item_id, to),
            recipient: Some(to.into()),
            ruleset: self.tools.consulted.ruleset.version().to_string(),
            decide_time: Some(time_to_wire(self.tools.cause.now)),
            duty_kind: flow.word().to_owned(),
            purpose: flow.purpose().word().to_owned(),
            incident_revision: self.item.revision,
            item_id: self.item.item_id.clone(),
            ..sharing::Decision::default()
        }
    }
}

/// The guard that stands for consent as the sender stated it in a revision.
fn stated_guard(release_id: &str, revision: i32) -> String {
    format!("stated-consent/{}", event_id(&["stated-consent", release_id, &revision.to_string()]))
}
