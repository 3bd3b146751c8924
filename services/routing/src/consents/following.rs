//! What follows from the register of one child for the providers that it names: decide, minimise, release or stop.
//!
//! Pure, as `route::plan` is: it changes the file of the child and says what is to be done.

use std::collections::BTreeSet;

use mash_domain::{
    agreement::{Agreement, Citation, Cover, Question},
    consent::{Service, Standing},
    incident::{Child, Incident, rules::day_of},
    organisation::{OrganisationId, OrganisationKind},
    sharing::Flow,
};
use mash_policy::{Decision, Permit, RecipientDecision, RecipientFacts};
use mash_proto::{
    convert::{
        police::{Checks, incident_from_wire},
        time_to_wire,
    },
    disclosure::v1 as disclosure,
    envelope::event_id,
    minimise::{MinimiseError, classes_present},
    sharing::v1 as sharing,
};
use mash_store::guards::FOR_EVER;
use prost::Message;

use super::{consent_guard, view_guard};
use crate::{
    agreements::app::guard_of,
    app::{
        discharge::{class_decisions, what_may_go},
        effects::{Cause, Effects},
    },
    compose::candidate,
    route::{Consulted, Subject, facts_for_provider},
    store::consents::{ChildFile, ChildKey, Release},
    world::Case,
};

/// What the register of a child is followed up with.
pub struct Following<'a> {
    /// The child's case.
    pub case: &'a Case,
    /// What every decision consults.
    pub consulted: Consulted<'a>,
    /// The agreements of the force and of the providers.
    pub agreements: &'a [Agreement],
    /// The event and the time.
    pub cause: Cause<'a>,
}

/// What is to be done besides the effects.
#[derive(Default)]
pub struct Followed {
    /// Guards to open, and until when.
    pub guards: BTreeSet<(String, i64)>,
    /// The ids of the releases that have changed.
    pub changed: BTreeSet<String>,
    /// How many recipients are told to stop.
    pub stop_notices: i32,
}

/// The providers that the register of a child names, and those that were told before.
#[must_use]
pub fn providers(file: &ChildFile) -> BTreeSet<OrganisationId> {
    let scopes = file.register.consents().iter().map(|consent| &consent.scope);
    let named = scopes.filter(|scope| scope.flows.contains(&Flow::Advocate));
    let named = named.flat_map(|scope| &scope.services).filter_map(|service| match service {
        Service::One(one) if one.kind() == OrganisationKind::Provider => Some(one.clone()),
        Service::One(_) | Service::Kind(_) => None,
    });
    named.chain(file.releases.iter().map(|release| release.recipient.clone())).collect()
}

impl Following<'_> {
    /// Decides on every provider of the child anew.
    pub fn follow(&self, key: &ChildKey, file: &mut ChildFile, effects: &mut Effects) -> Followed {
        let mut followed = Followed::default();
        let incident = incident_from_wire(self.case.incident.clone(), &Checks::stored()).ok();
        let child = incident.as_ref().and_then(|incident| {
            let same = |child: &&Child| child.reference.as_str() == key.child_ref;
            Some((incident, incident.children.iter().find(same)?))
        });
        for recipient in providers(file) {
            let mut one = One { following: self, key, recipient, followed: &mut followed };
            match child {
                Some((incident, child)) if !self.case.withdrawn => {
                    one.decide(incident, child, file, effects);
                }
                Some(_) => one.refuse(None, vec!["withdrawn".to_owned()], file, effects),
                None => one.refuse(None, vec!["child-removed".to_owned()], file, effects),
            }
        }
        followed
    }
}

/// One provider.
struct One<'a> {
    following: &'a Following<'a>,
    key: &'a ChildKey,
    recipient: OrganisationId,
    followed: &'a mut Followed,
}

/// A decision, and what it rests on.
struct Decided {
    facts: RecipientFacts,
    decision: RecipientDecision,
}

/// What is to be released.
struct Content {
    bytes: Vec<u8>,
    classes: Vec<i32>,
    citations: Vec<Citation>,
}

impl One<'_> {
    fn decide(
        &mut self,
        incident: &Incident,
        child: &Child,
        file: &mut ChildFile,
        effects: &mut Effects,
    ) {
        let now = self.following.cause.now;
        let standing = file.register.state_for(Flow::Advocate, &self.recipient, now);
        let Ok(from) = OrganisationId::new(OrganisationKind::PoliceForce, incident.force.as_str())
        else {
            return self.refuse(None, vec!["not-a-recipient".to_owned()], file, effects);
        };
        let question = Question { flow: Flow::Advocate, from: &from, to: &self.recipient };
        let cover = Cover::of(self.following.agreements, question, day_of(now));
        let consulted = &self.following.consulted;
        // Which classes a report holds does not depend on the words in it.
        let whole = mash_domain::data_class::DataClass::ALL.into_iter().collect();
        let offered = classes_present(&candidate(incident, child, whole, &[]).encode_to_vec());
        let Ok(offered) = offered else {
            return self.refuse(None, vec!["rules-unavailable".to_owned()], file, effects);
        };
        let subject = Subject { incident, child, known: &[], offered };
        let facts = RecipientFacts {
            consent: standing.state,
            child_view: file.register.child_view(Flow::Advocate, &self.recipient),
            agreement: cover.state,
            agreed: cover.classes,
            ..facts_for_provider(&subject, consulted)
        };
        let decision = Decided { decision: consulted.means.ruleset.decide(&facts), facts };
        match &decision.decision.outcome {
            Decision::Refuse(refusal) => {
                let reasons = refusal.reasons().iter();
                let reasons = reasons.map(|reason| reason.word().to_owned()).collect();
                self.refuse(Some(&decision), reasons, file, effects);
            }
            Decision::Permit(permit) => match self.content(&subject, (&facts, permit), &cover) {
                Ok(Some(content)) => {
                    self.permit((&decision, permit), &content, &standing, file, effects);
                }
                // A power without a clause under it is no power.
                Ok(None) => {
                    let reasons = vec!["agreement-not-live".to_owned()];
                    self.refuse(Some(&decision), reasons, file, effects);
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "a disclosure could not be minimised and is withheld");
                    let reasons = vec!["rules-unavailable".to_owned()];
                    self.refuse(Some(&decision), reasons, file, effects);
                }
            },
        }
    }

    /// What the permit lets through, with the clauses that it rests on.
    fn content(
        &self,
        subject: &Subject<'_>,
        (facts, permit): (&RecipientFacts, &Permit),
        cover: &Cover,
    ) -> Result<Option<Content>, MinimiseError> {
        let who = (subject.incident, subject.child);
        let bytes = what_may_go(who, &self.following.consulted, facts, permit)?;
        let present = classes_present(&bytes)?;
        let classes = present.iter().map(|class| i32::from(class.number())).collect();
        Ok(cover.citing(present).map(|citations| Content { bytes, classes, citations }))
    }

    fn permit(
        &mut self,
        (decision, permit): (&Decided, &Permit),
        content: &Content,
        standing: &Standing,
        file: &mut ChildFile,
        effects: &mut Effects,
    ) {
        let id = self.disclosure_id();
        let pseudonymiser = self.following.consulted.means.pseudonymiser;
        let digest = pseudonymiser.commitment("digest", &content.bytes);
        let held = file.releases.iter().find(|held| held.id == id);
        let known = held.is_some_and(|held| held.live && held.digest == digest && held.is_sent());
        let revision = held.map_or(1, |held| held.revision + i32::from(!known));
        let decision_id = self.record(
            Recording {
                decision: Some(decision),
                permitted: Some((permit, content)),
                // Named after what is released, since the recipient reads the name.
                release: (!known).then(|| (id.clone(), revision)),
                reasons: Vec::new(),
            },
            effects,
        );
        if known {
            return;
        }
        let case = self.following.case;
        let released = disclosure::DisclosureReleased {
            disclosure_id: id.clone(),
            duty_id: self.duty_id(),
            case_id: self.key.case_id.clone(),
            recipient: Some((&self.recipient).into()),
            revision,
            classes: content.classes.clone(),
            rule_ids: permit.rules().iter().map(ToString::to_string).collect(),
            ruleset: permit.ruleset().to_string(),
            decision_id,
            duty_kind: Flow::Advocate.word().to_owned(),
            from_force_code: case.force.to_string(),
            accept_time: Some(time_to_wire(case.accepted_at)),
            content: content.bytes.clone(),
            ..disclosure::DisclosureReleased::default()
        };
        let guards = self.guards(standing, file);
        // The guard of an agreement is its own affair; here it is only named.
        let cited = content.citations.iter().map(|cited| guard_of(cited.agreement));
        let names: BTreeSet<String> =
            guards.iter().map(|(name, _)| name.clone()).chain(cited).collect();
        let names = names.into_iter().collect();
        let cause = self.following.cause;
        let event_id = effects.release_resting_on(names, &released, &self.recipient, cause);
        self.followed.guards.extend(guards);
        self.followed.changed.insert(id.clone());
        let mut sent = held.map_or_else(Vec::new, |held| held.sent.clone());
        sent.push(event_id.clone());
        let recipient = self.recipient.clone();
        file.releases.retain(|held| held.id != id);
        file.releases.push(Release { id, recipient, revision, digest, live: true, event_id, sent });
    }

    /// What the release rests on besides its agreements.
    fn guards(&self, standing: &Standing, file: &ChildFile) -> BTreeSet<(String, i64)> {
        let consents = standing.rests_on.iter().filter_map(|id| file.register.consent(*id));
        let consents = consents.map(|consent| {
            let until = consent.until().map_or(FOR_EVER, |until| until.as_millisecond());
            (consent_guard(consent.id), until)
        });
        let view = (view_guard(self.key, file.register.views()), FOR_EVER);
        consents.chain([view]).collect()
    }

    fn refuse(
        &mut self,
        decision: Option<&Decided>,
        reasons: Vec<String>,
        file: &mut ChildFile,
        effects: &mut Effects,
    ) {
        let reason = reasons.first().cloned().unwrap_or_else(|| "no-rule-permits".to_owned());
        self.record(Recording { decision, permitted: None, release: None, reasons }, effects);
        let id = self.disclosure_id();
        let Some(held) = file.releases.iter_mut().find(|held| held.id == id && held.live) else {
            return;
        };
        held.live = false;
        self.followed.changed.insert(id.clone());
        // Whoever received nothing since the last end hears nothing of this one.
        if held.sent.is_empty() {
            return;
        }
        held.sent.clear();
        self.followed.stop_notices += 1;
        let stopped = disclosure::ConsentStopped {
            disclosure_id: id,
            case_id: self.key.case_id.clone(),
            recipient: Some((&self.recipient).into()),
            reason_code: reason,
            stop_time: Some(time_to_wire(self.following.cause.now)),
        };
        effects.stop(&stopped, &self.recipient, held.revision, self.following.cause);
    }

    /// Records the decision, permit or refusal, class by class (R31), and returns its id.
    fn record(&self, recording: Recording<'_>, effects: &mut Effects) -> String {
        let Recording { decision, permitted, release, reasons } = recording;
        let Following { case, consulted, cause, .. } = self.following;
        let (duty_id, recipient) = (self.duty_id(), self.recipient.to_string());
        let id = match &release {
            Some((id, revision)) => event_id(&["decision", id, &revision.to_string()]),
            None => event_id(&["decision", &cause.event.id, &duty_id, &recipient]),
        };
        let id = id.to_string();
        let effect =
            if permitted.is_some() { sharing::Effect::Permit } else { sharing::Effect::Refuse };
        let basis = permitted.map(|(permit, _)| permit.basis()).unwrap_or_default();
        let citations = permitted.map(|(_, content)| content.citations.as_slice());
        let commitment = permitted
            .map(|(_, content)| consulted.means.pseudonymiser.commitment(&id, &content.bytes));
        let record = sharing::Decision {
            name: format!("decisions/{id}"),
            case_id: self.key.case_id.clone(),
            duty_id,
            recipient: Some((&self.recipient).into()),
            effect: effect.into(),
            classes: decision
                .map(|decided| class_decisions(&decided.decision, permitted.is_some()))
                .unwrap_or_default(),
            ruleset: consulted.means.ruleset.version().to_string(),
            decide_time: Some(time_to_wire(cause.now)),
            reason_codes: reasons,
            commitment: commitment.unwrap_or_default(),
            duty_kind: Flow::Advocate.word().to_owned(),
            purpose: Flow::Advocate.purpose().word().to_owned(),
            child_ref: self.key.child_ref.clone(),
            incident_revision: case.revision,
            disclosure_id: permitted.map_or_else(String::new, |_| self.disclosure_id()),
            // Beside the duties, and no part of what becomes of them.
            second_recipient: true,
            basis_codes: basis.iter().map(|basis| basis.word().to_owned()).collect(),
            citations: citations.unwrap_or_default().iter().map(cited).collect(),
            ..sharing::Decision::default()
        };
        if let Some(decided) = decision {
            effects.facts.insert(record.name.clone(), decided.facts);
        }
        effects.decide(record, *cause);
        id
    }

    fn duty_id(&self) -> String {
        let ChildKey { case_id, child_ref } = self.key;
        event_id(&["advocacy", case_id, child_ref, &self.recipient.to_string()]).to_string()
    }

    fn disclosure_id(&self) -> String {
        event_id(&["disclosure", &self.duty_id(), &self.recipient.to_string()]).to_string()
    }
}

/// What is put on record of a decision.
struct Recording<'a> {
    decision: Option<&'a Decided>,
    permitted: Option<(&'a Permit, &'a Content)>,
    release: Option<(String, i32)>,
    reasons: Vec<String>,
}

fn cited(citation: &Citation) -> sharing::Citation {
    sharing::Citation {
        agreement: citation.agreement.name(),
        clause: citation.clause.as_str().to_owned(),
        digest: citation.digest.as_bytes().to_vec(),
    }
}
