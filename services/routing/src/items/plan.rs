//! Who may have an item, and what of it: the heart, and a pure function.

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    agreement::{Agreement, Citation, Cover},
    authority::Authorities,
    data_class::{ClassSet, DataClass},
    organisation::{OrganisationId, OrganisationKind},
    sharing::{Flow, Ground},
};
use mash_policy::{Decision, Permit, ReasonCode, RecipientDecision, RecipientFacts, Ruleset};
use mash_proto::{
    minimise::{MinimiseError, classes_present},
    referral::v1::ItemKind,
};
use mash_store::guards::FOR_EVER;
use prost::Message;

use super::{
    compose::what_may_go,
    facts::{Known, Registered, facts, question},
    file::CaseFile,
    recipients::{AUTHORITY_UNKNOWN, Recipient, recipients},
    submission::Submission,
    table::{self, Refused},
};
use crate::{
    consents::{consent_guard, view_guard},
    store::consents::{ChildFile, ChildKey},
};

/// The child of a referral, in the consent register: a referral is about one child.
pub const CHILD: &str = "child";

/// Everything that [`plan`] consults besides the item and its case.
#[derive(Clone, Copy)]
pub struct Consulted<'a> {
    /// Authorities, their forces and their health boards.
    pub authorities: &'a Authorities,
    /// The rules.
    pub ruleset: &'a Ruleset,
    /// The agreements of the organisations concerned.
    pub agreements: &'a [Agreement],
    /// The consent register of the child, if it holds anything.
    pub consents: Option<&'a ChildFile>,
    /// The time of the decision.
    pub now: Timestamp,
    /// Its day.
    pub today: Date,
}

/// What is to become of an item for one recipient.
pub struct PlannedRelease {
    /// Who.
    pub recipient: Recipient,
    /// What the rules were asked, if they were.
    pub facts: Option<RecipientFacts>,
    /// What they said.
    pub decision: Option<RecipientDecision>,
    /// What follows.
    pub outcome: Outcome,
}

/// What follows for one recipient.
pub enum Outcome {
    /// This may go.
    Release(Permitted),
    /// It goes to whoever runs the hub, without content: nobody knows which authority answers.
    HandOver,
    /// Nothing may go.
    Withhold {
        /// Why, as codes.
        reasons: Vec<String>,
        /// Of these, what the sender may know: what follows from its own words.
        told: Vec<String>,
        /// What the recipient has already may stay with it.
        keeps: bool,
    },
}

/// What may go.
pub struct Permitted {
    /// The permit.
    pub permit: Permit,
    /// What it lets through.
    pub content: Vec<u8>,
    /// The classes in it.
    pub classes: ClassSet,
    /// The clauses that a power rests on.
    pub citations: Vec<Citation>,
    /// The guards of consent, and until when each holds.
    pub guards: Vec<(String, i64)>,
    /// Whether consent is only what the sender says.
    pub stated_consent: bool,
}

/// What is to become of the item, for each of its recipients.
///
/// # Errors
///
/// [`MinimiseError`] if the content is not one; then nothing goes to anybody.
pub fn plan(
    item: &Submission,
    file: &CaseFile,
    consulted: Consulted<'_>,
) -> Result<Vec<PlannedRelease>, MinimiseError> {
    let offered = classes_present(&item.content.encode_to_vec())?;
    let planner = Planner { item, file, consulted, offered };
    recipients(item, consulted.authorities)
        .into_iter()
        .map(|recipient| planner.plan(recipient))
        .collect()
}

struct Planner<'a> {
    item: &'a Submission,
    file: &'a CaseFile,
    consulted: Consulted<'a>,
    offered: ClassSet,
}

impl Planner<'_> {
    fn plan(&self, recipient: Recipient) -> Result<PlannedRelease, MinimiseError> {
        if recipient.organisation.kind() == OrganisationKind::Operator
            && self.item.kind == ItemKind::Referral
        {
            return Ok(bare(recipient, Outcome::HandOver));
        }
        let entitled = if recipient.copy {
            Ok(()) // Found by routing itself.
        } else if recipient.unknown {
            Err(Refused::UnknownRecipient)
        } else {
            table::check(self.item, &recipient.organisation, self.file)
        };
        if let Err(refused) = entitled {
            let reasons = vec![refused.reason().to_owned()];
            let told = reasons.clone();
            return Ok(bare(recipient, Outcome::Withhold { reasons, told, keeps: false }));
        }
        self.decide(recipient)
    }

    fn decide(&self, recipient: Recipient) -> Result<PlannedRelease, MinimiseError> {
        let to = &recipient.organisation;
        let asked = question(recipient.flow, &self.item.from, to);
        let cover = Cover::of(self.consulted.agreements, asked, self.consulted.today);
        let registered = self.registered(recipient.flow, to);
        let known = Known {
            file: self.file,
            authorities: self.consulted.authorities,
            cover: &cover,
            registered: &registered,
            offered: self.offered,
            today: self.consulted.today,
        };
        let facts = facts(self.item, recipient.flow, to, &known);
        let decision = self.consulted.ruleset.decide(&facts);
        let outcome = match &decision.outcome {
            Decision::Refuse(refusal) => {
                let reasons = refusal.reasons();
                let keeps = reasons == [ReasonCode::AgreementNotLive];
                Outcome::Withhold {
                    told: self.told(&facts, reasons),
                    reasons: words(reasons),
                    keeps,
                }
            }
            Decision::Permit(permit) => {
                let content = what_may_go(&self.item.content, to, &facts, permit)?;
                let classes = classes_present(&content)?;
                match citations(&cover, permit, classes) {
                    Some(citations) => Outcome::Release(Permitted {
                        permit: permit.clone(),
                        content,
                        classes,
                        citations,
                        stated_consent: recipient.flow.asks_consent()
                            && registered.guards.is_empty(),
                        guards: registered.guards,
                    }),
                    // What rests on a power and can cite nothing does not leave, whatever the rules said.
                    None => {
                        let reasons = words(&[ReasonCode::AgreementNotLive]);
                        Outcome::Withhold { told: reasons.clone(), reasons, keeps: true }
                    }
                }
            }
        };
        Ok(PlannedRelease { recipient, facts: Some(facts), decision: Some(decision), outcome })
    }

    /// What the consent register says. It goes before what the sender heard.
    fn registered(&self, flow: Flow, to: &OrganisationId) -> Registered {
        let Some(file) = self.consulted.consents.filter(|_| flow.asks_consent()) else {
            return Registered::NOTHING;
        };
        let standing = file.register.state_for(flow, to, self.consulted.now);
        let consents = standing.rests_on.iter().filter_map(|id| file.register.consent(*id));
        let mut guards: Vec<(String, i64)> = consents
            .map(|consent| {
                let until = consent.until().map_or(FOR_EVER, |until| until.as_millisecond());
                (consent_guard(consent.id), until)
            })
            .collect();
        if !guards.is_empty() {
            let key = child_key(&self.item.case_id);
            guards.push((view_guard(&key, file.register.views()), FOR_EVER));
        }
        let child_view = file.register.child_view(flow, to);
        Registered { state: standing.state, child_view, guards }
    }

    /// The reasons that the sender may know: those that follow from its own words alone. What others have said of the
    /// case, or to the register, is not for it to learn from a refusal.
    fn told(&self, facts: &RecipientFacts, reasons: &[ReasonCode]) -> Vec<String> {
        let own = &self.item.facts;
        let alone = RecipientFacts {
            address_protect: own.address_protect,
            sexual_offence_alleged: own.sexual_offence_alleged,
            live_investigation: own.live_investigation,
            no_contact_requested: own.no_contact_requested,
            do_not_inform_parent: own.do_not_inform_parent,
            consent: own.consent,
            child_view: mash_domain::sharing::ChildView::NotKnown,
            ..*facts
        };
        let known = match &self.consulted.ruleset.decide(&alone).outcome {
            Decision::Refuse(refusal) => refusal.reasons().to_vec(),
            Decision::Permit(_) => Vec::new(),
        };
        words(&reasons.iter().copied().filter(|it| known.contains(it)).collect::<Vec<_>>())
    }
}

const fn bare(recipient: Recipient, outcome: Outcome) -> PlannedRelease {
    PlannedRelease { recipient, facts: None, decision: None, outcome }
}

/// The key of a referral's child in the consent register.
#[must_use]
pub fn child_key(case_id: &str) -> ChildKey {
    ChildKey { case_id: case_id.to_owned(), child_ref: CHILD.to_owned() }
}

/// What a permit rests on: nothing for a duty, live clauses for a power. `None` if a power has none.
fn citations(cover: &Cover, permit: &Permit, classes: ClassSet) -> Option<Vec<Citation>> {
    match permit.ground() {
        Ground::Duty => Some(Vec::new()),
        Ground::Power => cover.citing(classes),
    }
}

fn words(reasons: &[ReasonCode]) -> Vec<String> {
    reasons.iter().map(|reason| reason.word().to_owned()).collect()
}

/// The authorities that a recipient may know were told: each of them, unless its name tells where a child lives whose
/// address this recipient was not given (R21, R30).
#[must_use]
pub fn also_told(plans: &[PlannedRelease], to: &PlannedRelease) -> Vec<OrganisationId> {
    let entitled = match (&to.outcome, &to.facts) {
        (Outcome::Release(permitted), Some(facts)) => {
            permitted.classes.contains(DataClass::ChildAddress)
                || facts.address_protect == mash_domain::answer::Answer::No
        }
        _ => false,
    };
    let told = plans.iter().filter(|plan| {
        let other = plan.recipient.organisation != to.recipient.organisation;
        let may = entitled || !plan.recipient.tells_home;
        other && may && !plan.recipient.copy && matches!(plan.outcome, Outcome::Release(_))
    });
    told.map(|plan| plan.recipient.organisation.clone()).collect()
}

/// The reason under which a referral goes to whoever runs the hub.
#[must_use]
pub const fn hand_over_reason() -> &'static str {
    AUTHORITY_UNKNOWN
}
