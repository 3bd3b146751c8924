//! Discharging the duties towards one child: plan, decide, minimise, and release what has changed.

use std::collections::BTreeSet;

use mash_domain::{
    agreement::Citation,
    answer::Answer,
    data_class::{ClassSet, DataClass},
    incident::Child,
    sharing::Ground,
};
use mash_policy::{
    Decision, Detail, Effect, Permit, ReasonCode, RecipientDecision, RecipientFacts,
};
use mash_proto::{
    convert::{agreement::citation_to_wire, time_to_wire},
    disclosure::v1 as disclosure,
    envelope::event_id,
    minimise::{MinimiseError, classes_present, minimise},
    sharing::v1 as sharing,
};
use prost::Message;

use super::{
    effects::{Cause, Effects, Recall, desk_to_wire, desk_word},
    kept_back::Resting,
    take_in_withdrawal::{Withdrawal, withdraw},
};
use crate::{
    agreements::app::guard_of,
    compose::{candidate, mask},
    duty::{Disclosure, Duty, Slot},
    route::{Consulted, Plan, Subject, plan},
    siblings::other_schools,
    world::{Case, World, duty_id},
};

/// Why an event cannot be taken in. It becomes a dead letter with an owner, and the stream goes on.
#[derive(Debug, thiserror::Error)]
pub enum DischargeError {
    /// The incident that the event carries does not hold together.
    #[error("the incident does not hold together")]
    Incident,
    /// Reference data names an organisation that cannot be.
    #[error("reference data names an organisation that cannot be")]
    Organisation(#[from] mash_domain::organisation::OrganisationError),
    /// What was composed could not be minimised, and so does not leave.
    #[error("the content could not be minimised")]
    Minimise(#[from] MinimiseError),
}

/// One child of a case, and why her duties are looked at.
pub struct Occasion<'a> {
    /// The case.
    pub case: &'a Case,
    /// The incident, as parsed.
    pub incident: &'a mash_domain::incident::Incident,
    /// The child.
    pub child: &'a Child,
    /// Only this duty, or all of the child's.
    pub only: Option<Slot>,
    /// A reason that every decision taken now carries, such as `re-routed`.
    pub reason: Option<&'a str>,
    /// The event and the time.
    pub cause: Cause<'a>,
}

/// The classes that a report holds about a child, whoever reads.
fn offered(content: &disclosure::Content) -> Result<ClassSet, MinimiseError> {
    classes_present(&content.encode_to_vec())
}

/// Plans and discharges the child's duties.
///
/// # Errors
///
/// [`DischargeError`]; the world and the effects are then to be thrown away.
pub fn discharge(
    occasion: &Occasion<'_>,
    consulted: Consulted<'_>,
    changes: &mut Changes,
) -> Result<(), DischargeError> {
    let Occasion { case, incident, child, .. } = *occasion;
    let child_ref = child.reference.as_str();
    let known: Vec<&Duty> =
        consulted.world.duties_of(case.id).filter(|duty| duty.child_ref == child_ref).collect();
    // Which classes a report holds does not depend on the words in it.
    let whole = candidate(incident, child, DataClass::ALL.into_iter().collect(), &[]);
    let subject = Subject { incident, child, known: &known, offered: offered(&whole)? };
    let plans = plan(&subject, &consulted)?;
    for slot in Slot::ALL {
        let of_slot: Vec<&Plan> = plans.iter().filter(|plan| plan.slot == slot).collect();
        let known = known.iter().find(|duty| duty.slot == slot).copied();
        // What one duty loses may be another's to tell, if that one is not being discharged.
        let takes_over =
            || !of_slot.is_empty() && known.is_none_or(|duty| duty.current().is_none());
        if occasion.only.is_some_and(|only| only != slot && !takes_over()) {
            continue;
        }
        if let Some(duty) =
            Discharging::start(occasion, consulted, slot, known, changes).finish(&of_slot)?
        {
            changes.duties.push(duty);
        }
    }
    Ok(())
}

/// What discharging changes: applied to the world by the caller, once nothing has failed.
#[derive(Default)]
pub struct Changes {
    /// Duties as they now stand.
    pub duties: Vec<Duty>,
    /// Decisions and events.
    pub effects: Effects,
}

impl Changes {
    /// Puts the duties into the world and hands on the effects.
    pub fn apply(mut self, world: &mut World, effects: &mut Effects) {
        self.effects.in_order_of_recipients();
        for duty in self.duties {
            world.put_duty(duty);
        }
        effects.append(self.effects);
    }
}

struct Discharging<'a> {
    occasion: &'a Occasion<'a>,
    consulted: Consulted<'a>,
    slot: Slot,
    duty: Option<Duty>,
    changes: &'a mut Changes,
}

impl<'a> Discharging<'a> {
    fn start(
        occasion: &'a Occasion<'a>,
        consulted: Consulted<'a>,
        slot: Slot,
        known: Option<&Duty>,
        changes: &'a mut Changes,
    ) -> Self {
        Self { occasion, consulted, slot, duty: known.cloned(), changes }
    }

    fn finish(mut self, plans: &[&Plan]) -> Result<Option<Duty>, DischargeError> {
        let (case, now) = (self.occasion.case, self.occasion.cause.now);
        let Some(first) = plans.iter().find(|plan| !plan.copy) else {
            self.no_longer_applies();
            return Ok(None);
        };
        let child_ref = self.occasion.child.reference.as_str();
        let mut duty = self.duty.take().unwrap_or_else(|| {
            let id = duty_id(case.id, child_ref, self.slot);
            Duty::new(id, case.id.to_string(), child_ref.to_owned(), self.slot, now)
        });
        first.kind.word().clone_into(&mut duty.kind);
        // A recipient who is refused now may not keep what an earlier revision released.
        let keeping = plans.iter().filter(|plan| keeps(plan));
        let keeping: Vec<String> = keeping.map(|plan| disclosure_id(&duty.id, plan)).collect();
        self.recall_others(&mut duty, &keeping);
        for plan in plans {
            self.discharge_one(&mut duty, plan)?;
        }
        Ok(Some(duty))
    }

    /// A duty that this revision does not give rise to, or that was sent back while another recipient knows: withheld
    /// from here on, and on record.
    fn no_longer_applies(&mut self) {
        let Occasion { case, cause, .. } = *self.occasion;
        if let Some(duty) = self.duty.take() {
            let ruleset = self.consulted.means.ruleset;
            let sent_back = self.occasion.only.is_some();
            let reason = if sent_back { "told-elsewhere" } else { "no-longer-applies" };
            let withdrawal = Withdrawal { ruleset, reason, detail: "", cause };
            withdraw(vec![duty], case, &withdrawal, self.changes);
        }
    }

    /// Recalls what went to recipients who may not keep it.
    fn recall_others(&mut self, duty: &mut Duty, keeping: &[String]) {
        let (case_id, duty_id) = (duty.case_id.clone(), duty.id.clone());
        for disclosure in duty.disclosures.iter_mut().filter(|held| held.live) {
            if keeping.contains(&disclosure.id) {
                continue;
            }
            disclosure.live = false;
            let reason = self.occasion.reason.unwrap_or("amended");
            let recall = Recall { disclosure, duty_id: &duty_id, case_id: &case_id, reason };
            self.changes.effects.recall(&recall, self.occasion.cause);
        }
    }

    fn discharge_one(&mut self, duty: &mut Duty, plan: &Plan) -> Result<(), DischargeError> {
        let permit = match &plan.decision.outcome {
            Decision::Permit(permit) => permit.clone(),
            Decision::Refuse(refusal) => {
                self.refuse(duty, plan, refusal.reasons());
                return Ok(());
            }
        };
        // What rests on a power and can cite nothing does not leave, whatever the rules said.
        let Some(citations) = citations(plan, &permit) else {
            self.refuse(duty, plan, &[ReasonCode::AgreementNotLive]);
            return Ok(());
        };
        let content = self.minimised(&plan.facts, &permit)?;
        let news = self.news(duty, plan, &content);
        let decision_id = self.record(duty, plan, Vec::new(), Some((&content, news.as_ref())));
        match news {
            Some(news) => {
                let minimised = Minimised { content, decision_id, news, citations };
                self.release(duty, plan, &permit, minimised)
            }
            None => Ok(()),
        }
    }

    fn refuse(&mut self, duty: &mut Duty, plan: &Plan, reasons: &[ReasonCode]) {
        let codes = reasons.iter().map(|reason| reason.word().to_owned()).collect();
        self.record(duty, plan, codes, None);
        if !plan.copy {
            let reason = reasons.first().map_or("no-rule-permits", |reason| reason.word());
            duty.withhold(reason, self.occasion.cause.now);
        }
    }

    /// What the permit lets through, and nothing else.
    fn minimised(
        &self,
        facts: &RecipientFacts,
        permit: &Permit,
    ) -> Result<Vec<u8>, DischargeError> {
        let Occasion { incident, child, .. } = *self.occasion;
        Ok(what_may_go((incident, child), &self.consulted, facts, permit)?)
    }

    /// What this recipient has not been told yet, if anything. Where the recipient knows it all already, there is
    /// nothing to tell, and no trace of it.
    fn news(&self, duty: &Duty, plan: &Plan, content: &[u8]) -> Option<News> {
        let id = disclosure_id(&duty.id, plan);
        let digest = self.digest(plan, content);
        let held = duty.disclosures.iter().find(|held| held.id == id);
        match held {
            Some(held) if held.live && held.digest == digest => None,
            Some(held) => Some(News { id, digest, revision: held.revision + 1 }),
            None => Some(News { id, digest, revision: 1 }),
        }
    }

    fn release(
        &mut self,
        duty: &mut Duty,
        plan: &Plan,
        permit: &Permit,
        minimised: Minimised,
    ) -> Result<(), DischargeError> {
        let News { id, digest, revision } = minimised.news;
        let before = duty.disclosures.iter().position(|held| held.id == id);
        let was_live = before.and_then(|at| duty.disclosures.get(at)).is_some_and(|held| held.live);
        let disclosure = Disclosure {
            id: id.clone(),
            recipient: plan.recipient.clone(),
            desk: desk_word(plan.desk).to_owned(),
            revision,
            digest,
            copy: plan.copy,
            live: true,
        };
        match before.and_then(|at| duty.disclosures.get_mut(at)) {
            Some(held) => *held = disclosure,
            None => duty.disclosures.push(disclosure),
        }
        if !was_live && !plan.copy {
            let reason = plan.diversion.map_or("", |diversion| diversion.code());
            duty.set_out(reason, self.occasion.cause.now);
        }
        let Case { force, accepted_at, .. } = self.occasion.case;
        let released = disclosure::DisclosureReleased {
            disclosure_id: id,
            duty_id: duty.id.clone(),
            case_id: duty.case_id.clone(),
            recipient: Some((&plan.recipient).into()),
            desk: desk_to_wire(plan.desk).into(),
            addressees: plan.addressees.clone(),
            revision,
            classes: permitted_numbers(&minimised.content)?,
            content: minimised.content,
            rule_ids: permit.rules().iter().map(ToString::to_string).collect(),
            ruleset: permit.ruleset().to_string(),
            decision_id: minimised.decision_id,
            duty_kind: plan.kind.word().to_owned(),
            from_force_code: force.to_string(),
            accept_time: Some(time_to_wire(*accepted_at)),
            diversion_code: plan
                .diversion
                .map_or(String::new(), |diversion| diversion.code().to_owned()),
            conflict_divert: plan.conflict_divert,
        };
        let agreements: BTreeSet<_> =
            minimised.citations.iter().map(|citation| citation.agreement).collect();
        let guards: Vec<String> = agreements.into_iter().map(guard_of).collect();
        let (to, cause, rests) = (&plan.recipient, self.occasion.cause, !guards.is_empty());
        let event_id = self.changes.effects.release_resting_on(guards, &released, to, cause);
        if rests {
            self.changes.effects.resting.push(Resting {
                event_id,
                case_id: released.case_id,
                duty_id: released.duty_id,
                disclosure_id: released.disclosure_id,
                flow: released.duty_kind,
            });
        }
        Ok(())
    }

    /// A keyed digest of everything that the recipient is given: the content, and who may see it.
    fn digest(&self, plan: &Plan, content: &[u8]) -> Vec<u8> {
        let mut given = content.to_vec();
        for addressee in &plan.addressees {
            given.extend_from_slice(b"\x1f");
            given.extend_from_slice(addressee.as_bytes());
        }
        self.consulted.means.pseudonymiser.commitment("digest", &given)
    }

    /// Records the decision, permit or refusal, class by class (R31).
    ///
    /// A decision that leads to a release is named after what is released, since the recipient reads the name: named
    /// after the report's revision, it would tell how many there were.
    fn record(
        &mut self,
        duty: &Duty,
        plan: &Plan,
        codes: Vec<String>,
        permitted: Option<(&[u8], Option<&News>)>,
    ) -> String {
        let Occasion { case, child, cause, .. } = *self.occasion;
        let content = permitted.map(|(content, _)| content);
        let id = match permitted.and_then(|(_, news)| news) {
            Some(news) => event_id(&["decision", &news.id, &news.revision.to_string()]),
            None => {
                let (recipient, desk) = (plan.recipient.to_string(), desk_word(plan.desk));
                event_id(&["decision", &cause.event.id, &duty.id, &recipient, desk])
            }
        };
        let id = id.to_string();
        let mut reason_codes = codes;
        reason_codes.extend(self.occasion.reason.map(str::to_owned));
        reason_codes.extend(plan.diversion.map(|diversion| diversion.code().to_owned()));
        let commitment = content
            .map(|content| self.consulted.means.pseudonymiser.commitment(&id, content))
            .unwrap_or_default();
        let permit = match &plan.decision.outcome {
            Decision::Permit(permit) => Some(permit).filter(|_| content.is_some()),
            Decision::Refuse(_) => None,
        };
        let effect =
            |permitted| if permitted { sharing::Effect::Permit } else { sharing::Effect::Refuse };
        let decision = sharing::Decision {
            name: format!("decisions/{id}"),
            case_id: duty.case_id.clone(),
            duty_id: duty.id.clone(),
            recipient: Some((&plan.recipient).into()),
            effect: effect(content.is_some()).into(),
            classes: class_decisions(&plan.decision, content.is_some()),
            ruleset: plan.decision.ruleset.to_string(),
            decide_time: Some(time_to_wire(cause.now)),
            reason_codes,
            commitment,
            duty_kind: plan.kind.word().to_owned(),
            second_recipient: plan.copy,
            purpose: plan.kind.purpose().word().to_owned(),
            profile_version: plan.profile_version,
            child_ref: child.reference.as_str().to_owned(),
            incident_revision: case.revision,
            discrepancy_code: plan
                .discrepancy
                .map_or(String::new(), |found| found.code().to_owned()),
            disclosure_id: content.map_or(String::new(), |_| disclosure_id(&duty.id, plan)),
            basis_codes: permit.map_or(Vec::new(), |permit| words(permit.basis())),
            masked_details: permit.map_or(Vec::new(), |permit| {
                permit.masked().iter().map(|detail| detail.word().to_owned()).collect()
            }),
            mask_rule_ids: permit.map_or(Vec::new(), |permit| words(permit.mask_rules())),
            degraded: permit.is_some_and(Permit::is_degraded),
            item_id: String::new(),
            citations: permit.map_or(Vec::new(), |permit| {
                citations(plan, permit).iter().flatten().map(citation_to_wire).collect()
            }),
        };
        self.changes.effects.facts.insert(decision.name.clone(), plan.facts);
        self.changes.effects.decide(decision, cause);
        id
    }
}

/// What a permit lets through of what a report holds about a child, and nothing else.
///
/// # Errors
///
/// [`MinimiseError`]; then nothing goes.
pub(crate) fn what_may_go(
    (incident, child): (&mash_domain::incident::Incident, &Child),
    consulted: &Consulted<'_>,
    facts: &RecipientFacts,
    permit: &Permit,
) -> Result<Vec<u8>, MinimiseError> {
    let schools = other_schools(incident, child, consulted);
    let mut content = candidate(incident, child, permit.classes(), &schools);
    for detail in permit.masked() {
        mask(&mut content, *detail);
    }
    // The detail is a part of the narrative. Other free text may go without it, and tells as much.
    let asked = permit.classes().contains(Detail::PlaceNames.class());
    if !asked && facts.address_protect != Answer::No {
        mask(&mut content, Detail::PlaceNames);
    }
    minimise(&content.encode_to_vec(), permit.classes())
}

struct Minimised {
    content: Vec<u8>,
    decision_id: String,
    news: News,
    citations: Vec<Citation>,
}

/// A revision of a disclosure that the recipient does not have yet.
struct News {
    id: String,
    digest: Vec<u8>,
    revision: i32,
}

/// What a permit rests on: nothing for a duty, live clauses for a power. `None` if a power has none: it must not leave.
fn citations(plan: &Plan, permit: &Permit) -> Option<Vec<Citation>> {
    match permit.ground() {
        Ground::Duty => Some(Vec::new()),
        Ground::Power => plan.cover.citing(permit.classes()),
    }
}

/// Whether the recipient may keep what it was given under an earlier revision. What went under an agreement while that was
/// live stays; the recipient is only told nothing more.
fn keeps(plan: &Plan) -> bool {
    match &plan.decision.outcome {
        Decision::Permit(_) => true,
        Decision::Refuse(refusal) => refusal.reasons() == [ReasonCode::AgreementNotLive],
    }
}

fn words<T: ToString>(of: &[T]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

/// A decision class by class, as it is recorded; `released` tells whether what it permits went.
#[must_use]
pub fn class_decisions(
    decision: &RecipientDecision,
    released: bool,
) -> Vec<sharing::ClassDecision> {
    let of = |effect| match effect {
        Effect::Permit if released => sharing::Effect::Permit,
        Effect::Permit | Effect::Refuse => sharing::Effect::Refuse,
    };
    decision
        .classes
        .iter()
        .map(|decided| sharing::ClassDecision {
            data_class: i32::from(decided.class.number()),
            effect: of(decided.effect).into(),
            rule_ids: decided.rules.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

fn permitted_numbers(content: &[u8]) -> Result<Vec<i32>, MinimiseError> {
    Ok(classes_present(content)?.iter().map(|class| i32::from(class.number())).collect())
}

/// The id of a disclosure: the same for every revision to this recipient under this duty.
fn disclosure_id(duty_id: &str, plan: &Plan) -> String {
    event_id(&["disclosure", duty_id, &plan.recipient.to_string(), desk_word(plan.desk)])
        .to_string()
}
