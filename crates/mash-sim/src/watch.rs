//! Who stands beside the log and looks at every message before it is on it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use mash_bus::BusMessage;
use mash_domain::data_class::DataClass;
use mash_proto::{
    disclosure::v1::DisclosureReleased,
    envelope::{EnvelopeError, holds, unwrap},
    event::v1::Envelope,
    minimise::classes_present,
    referral::v1::{ItemKind, ItemReleased},
    sharing::v1::{Decision, Effect},
    r#type::v1::Organisation,
};
use mash_routing::store::decisions;
use mash_store::Store;
use prost::Message as _;

/// Looks at messages.
#[async_trait]
pub trait Watch: Send + Sync {
    /// A batch is about to be published, and nobody has it yet.
    async fn about_to_be_published(&self, batch: &[BusMessage]);
}

/// What was found in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Promises that were broken, in words.
    pub broken: Vec<String>,
    /// Releases that were looked at.
    pub releases: u64,
    /// Of them, those that rested on a consent.
    pub on_consent: u64,
    /// Of them, those of items.
    pub items: u64,
}

/// Holds P2 and P6 against everything that routing publishes.
pub struct Guardian {
    /// Reads what routing has committed, and nothing else.
    routing: Store,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    findings: Findings,
    /// Children, by case and reference, whose consent was withdrawn, and the withdrawal has returned.
    withdrawn: BTreeSet<(String, String)>,
}

/// A release, whichever sort it is.
struct Release {
    what: &'static str,
    decision: String,
    case: String,
    recipient: Option<Organisation>,
    content: Vec<u8>,
    classes: Vec<i32>,
}

impl Guardian {
    /// Reads the decisions here.
    #[must_use]
    pub fn new(routing: Store) -> Self {
        Self { routing, state: Mutex::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A promise was broken.
    pub fn broken(&self, words: String) {
        self.with(|state| state.findings.broken.push(words));
    }

    /// A consent was withdrawn, and the call has returned.
    pub fn withdrawn(&self, case: &str, child_ref: &str) {
        self.with(|state| state.withdrawn.insert((case.to_owned(), child_ref.to_owned())));
    }

    /// A consent is about to be recorded.
    pub fn given(&self, case: &str, child_ref: &str) {
        self.with(|state| state.withdrawn.remove(&(case.to_owned(), child_ref.to_owned())));
    }

    /// What was found until now.
    #[must_use]
    pub fn findings(&self) -> Findings {
        self.with(|state| state.findings.clone())
    }

    async fn look(&self, message: &BusMessage) -> Result<(), String> {
        let unreadable = || "P2: something leaves that nobody can read".to_owned();
        let envelope = Envelope::decode(message.payload.clone()).map_err(|_| unreadable())?;
        let Some(release) = release(&envelope).map_err(|_| unreadable())? else { return Ok(()) };
        let name = format!("decisions/{}", release.decision.trim_start_matches("decisions/"));
        let decision = decisions::find(&self.routing, &name).await;
        let Ok(Some(recorded)) = decision else {
            return Err(format!(
                "P2: {} {} leaves, and its decision is not durable",
                release.what, envelope.id
            ));
        };
        let decision = recorded.decision;
        self.permitted(&release, &decision)?;
        self.rests_on_nothing_withdrawn(&release, &decision)
    }

    fn permitted(&self, release: &Release, decision: &Decision) -> Result<(), String> {
        let what = format!("P2: {} by {}", release.what, decision.name);
        self.with(|state| {
            state.findings.releases += 1;
            state.findings.items += u64::from(release.what == "an item");
        });
        if decision.effect() != Effect::Permit {
            return Err(format!("{what} leaves, and the decision refuses"));
        }
        if decision.recipient != release.recipient {
            return Err(format!("{what} goes to another recipient than was decided"));
        }
        let permitted: BTreeSet<i32> = decision
            .classes
            .iter()
            .filter(|class| class.effect() == Effect::Permit)
            .map(|class| class.data_class)
            .collect();
        let held = classes_present(&release.content)
            .map_err(|_| format!("{what} holds what cannot be read"))?;
        for class in DataClass::ALL {
            let number = i32::from(class.number());
            if held.contains(class) && !permitted.contains(&number) {
                return Err(format!("{what} holds F{number}, which is not permitted"));
            }
            if held.contains(class) && !release.classes.contains(&number) {
                return Err(format!("{what} holds F{number} and does not say so"));
            }
        }
        Ok(())
    }

    /// P6. The duties rest on no consent; what goes to a provider, and early help, does.
    fn rests_on_nothing_withdrawn(
        &self,
        release: &Release,
        decision: &Decision,
    ) -> Result<(), String> {
        if !["advocate", "early-help"].contains(&decision.duty_kind.as_str()) {
            return Ok(());
        }
        let key = (release.case.clone(), decision.child_ref.clone());
        let gone = self.with(|state| {
            state.findings.on_consent += 1;
            state.withdrawn.contains(&key)
        });
        if gone {
            return Err(format!(
                "P6: {} leaves after its consent was withdrawn, by {}",
                release.what, decision.name
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl Watch for Guardian {
    async fn about_to_be_published(&self, batch: &[BusMessage]) {
        for message in batch {
            if !message.topic.starts_with("mash.disclosed.") {
                continue;
            }
            let words = self.look(message).await;
            self.with(|state| {
                state.findings.broken.extend(words.err());
            });
        }
    }
}

/// Nothing where something was taken back, or a sender is told that something did not arrive.
fn release(envelope: &Envelope) -> Result<Option<Release>, EnvelopeError> {
    if holds::<DisclosureReleased>(envelope) {
        let it: DisclosureReleased = unwrap(envelope)?;
        return Ok(Some(Release {
            what: "a notice",
            decision: it.decision_id,
            case: it.case_id,
            recipient: it.recipient,
            content: it.content,
            classes: it.classes,
        }));
    }
    if holds::<ItemReleased>(envelope) {
        let it: ItemReleased = unwrap(envelope)?;
        // It says that something did not arrive, and nothing of what.
        if it.kind() == ItemKind::NonDelivery && it.content.is_empty() {
            return Ok(None);
        }
        return Ok(Some(Release {
            what: "an item",
            decision: it.decision_id,
            case: it.case_id,
            recipient: it.recipient,
            content: it.content,
            classes: it.classes,
        }));
    }
    Ok(None)
}
