//! What can be done with the register, each within one transaction that holds the case.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_domain::{
    consent::{Command, Consent, ConsentError, ConsentId, Event, RecordedView},
    identifier::AuthorityCode,
    incident::{CaseId, Child, Incident},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_ledger::Kind;
use mash_proto::{
    convert::{
        consent::About,
        police::{Checks, incident_from_wire},
    },
    event::v1::Envelope,
};
use mash_store::{StoreError, Tx, guards};

use super::{
    consent_guard,
    following::{Following, providers},
    objects, referral, view_guard,
};
use crate::{
    app::effects::{Cause, Effects},
    route::{Consulted, Means},
    store::{
        agreements,
        consents::{self as store, ChildFile, ChildKey},
        evidence::{self, Happening},
        items,
        load::{Needs, load},
        save::save,
    },
    world::{Case, World},
};

/// How many records one child may have: more than any family is ever asked.
pub const MOST_RECORDS: usize = 200;

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum ConsentRefusal {
    /// There is no such record, case or child, or none that the caller may know of.
    #[error("there is no such thing")]
    NotFound,
    /// The child has as many records as it may have.
    #[error("there are as many records about this child as there may be")]
    TooMany,
    /// The register refuses.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The store fails.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What happens to the register of a child.
pub enum Act {
    /// Somebody says something.
    Command(Box<Command>, OrganisationId),
    /// The time of a consent has come.
    Expire(ConsentId),
    /// A relay has kept these events back.
    KeptBack(Vec<String>),
}

/// What came of it.
pub struct Done {
    /// The record or the view that it was about.
    pub about: Subject,
    /// How many messages waited and will never go.
    pub kept_back: usize,
    /// How many recipients are told to stop.
    pub stop_notices: i32,
}

/// What an act was about.
pub enum Subject {
    /// A record.
    Consent(Box<(Consent, About)>),
    /// A view.
    View(Box<RecordedView>),
    /// Neither.
    Nothing,
}

/// Acts on the register of a child, and follows it up for every provider that it names.
///
/// # Errors
///
/// [`ConsentRefusal`]; the transaction should be dropped then.
pub async fn act(
    tx: &mut Tx,
    means: Means<'_>,
    key: &ChildKey,
    act: Act,
    (event, now): (&Envelope, Timestamp),
) -> Result<Done, ConsentRefusal> {
    let case_id: CaseId = key.case_id.parse().map_err(|_| ConsentRefusal::NotFound)?;
    let only = BTreeSet::from([case_id]);
    let needs = Needs { cases: only.clone(), again: only, ..Needs::default() };
    let world = load(tx, &needs, means.pseudonymiser).await?;
    let Some(case) = world.cases.get(&case_id) else {
        // A case that is no incident's is a referral's.
        return Box::pin(referral::act(tx, means, key, act, (event, now))).await;
    };
    let mut files = store::files(tx, std::slice::from_ref(&key.case_id)).await?;
    let mut file = files.remove(key).unwrap_or_default();
    if let Act::Command(command, caller) = &act
        && !may_keep(case, key, caller, command, &file)
    {
        return Err(ConsentRefusal::NotFound);
    }
    let mut acting = Acting::new(tx, key, &mut file);
    let about = acting.act(act, now).await?;
    let kept_back = acting.kept_back();
    let cause = Cause { event, now };
    let consulted = Consulted { world: &world, means };
    let stop_notices = follow_up(tx, case, consulted, (key, &mut file), cause).await?;
    Ok(Done { about, kept_back, stop_notices })
}

/// A force has reported a case anew or withdrawn it: what rests on consent follows.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn follow_cases(
    tx: &mut Tx,
    world: &World,
    means: Means<'_>,
    events: &[Envelope],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<String> = world.changed_cases.iter().map(ToString::to_string).collect();
    let files = store::files(tx, &ids).await?;
    for (key, mut file) in files {
        let case = key.case_id.parse().ok().and_then(|id| world.cases.get(&id));
        let about = events.iter().rfind(|event| event.subject == key.case_id);
        let event = about.or_else(|| events.last());
        if let (Some(case), Some(event)) = (case, event) {
            let (cause, consulted) = (Cause { event, now }, Consulted { world, means });
            follow_up(tx, case, consulted, (&key, &mut file), cause).await?;
        }
    }
    Ok(())
}

async fn follow_up(
    tx: &mut Tx,
    case: &Case,
    consulted: Consulted<'_>,
    (key, file): (&ChildKey, &mut ChildFile),
    cause: Cause<'_>,
) -> Result<i32, StoreError> {
    // A clause binds those who have signed it, so that those of the providers are enough.
    let agreements = agreements::of_organisations(tx, &providers(file)).await?;
    let following = Following { case, consulted, agreements: &agreements, cause };
    let mut effects = Effects::default();
    let followed = following.follow(key, file, &mut effects);
    for (guard, until_ms) in &followed.guards {
        guards::open(tx, guard, *until_ms).await?;
    }
    for release in file.releases.iter().filter(|held| followed.changed.contains(&held.id)) {
        store::put_release(tx, key, release).await?;
    }
    save(tx, &World::default(), &effects).await?;
    Ok(followed.stop_notices)
}

/// Who keeps the register of a child: the force that reported the case and the authority that answers for the child.
/// A provider may take back a consent that names it.
fn may_keep(
    case: &Case,
    key: &ChildKey,
    caller: &OrganisationId,
    command: &Command,
    file: &ChildFile,
) -> bool {
    let withdrawn = match command {
        Command::Withdraw { id, .. } => file.register.consent(*id),
        Command::Record { .. } | Command::Expire { .. } | Command::View(_) => None,
    };
    keeps(case, key, caller) || withdrawn.is_some_and(|consent| names(consent, caller))
}

/// Whether the caller keeps the register of this child.
#[must_use]
pub fn keeps(case: &Case, key: &ChildKey, caller: &OrganisationId) -> bool {
    let Ok(incident) = incident_from_wire(case.incident.clone(), &Checks::stored()) else {
        return false;
    };
    let same = |child: &&Child| child.reference.as_str() == key.child_ref;
    let Some(child) = incident.children.iter().find(same) else { return false };
    match caller.kind() {
        OrganisationKind::PoliceForce => case.force.as_str() == caller.code(),
        OrganisationKind::LocalAuthority => {
            authority_of(&incident, child).is_some_and(|code| code.as_str() == caller.code())
        }
        OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => false,
    }
}

/// The authority that answers for the child: that of the address, else that of the place of the incident.
fn authority_of(incident: &Incident, child: &Child) -> Option<AuthorityCode> {
    let of_address = child.address.as_ref().and_then(|address| address.authority.clone());
    of_address.or_else(|| incident.place_authority.clone())
}

/// Whether a record names this organisation.
#[must_use]
pub fn names(consent: &Consent, organisation: &OrganisationId) -> bool {
    let one = mash_domain::consent::Service::One(organisation.clone());
    consent.scope.services.contains(&one)
}

/// A register that is being changed.
pub(super) struct Acting<'a> {
    tx: &'a mut Tx,
    key: &'a ChildKey,
    file: &'a mut ChildFile,
    kept_back: usize,
}

impl<'a> Acting<'a> {
    pub(super) const fn new(tx: &'a mut Tx, key: &'a ChildKey, file: &'a mut ChildFile) -> Self {
        Self { tx, key, file, kept_back: 0 }
    }

    /// How many messages waited and will never go.
    pub(super) const fn kept_back(&self) -> usize {
        self.kept_back
    }

    pub(super) async fn act(
        &mut self,
        act: Act,
        now: Timestamp,
    ) -> Result<Subject, ConsentRefusal> {
        match act {
            Act::Command(command, caller) => self.command(*command, Some(caller), now).await,
            Act::Expire(id) => self.command(Command::Expire { id }, None, now).await,
            Act::KeptBack(events) => {
                self.keep_back(&events).await?;
                Ok(Subject::Nothing)
            }
        }
    }

    async fn command(
        &mut self,
        command: Command,
        caller: Option<OrganisationId>,
        now: Timestamp,
    ) -> Result<Subject, ConsentRefusal> {
        let register = &self.file.register;
        if register.consents().len() + register.views().len() >= MOST_RECORDS
            && matches!(command, Command::Record { .. } | Command::View(_))
        {
            return Err(ConsentRefusal::TooMany);
        }
        let mut about = Subject::Nothing;
        for event in register.apply(command, now)? {
            let before = view_guard(self.key, self.file.register.views());
            self.file.register.happened(&event);
            self.tell_the_ledger(&event, caller.as_ref(), now).await?;
            match event {
                Event::Recorded(consent) => about = self.put(consent.id, caller.as_ref()).await?,
                Event::Ended { id, .. } => {
                    self.close(&consent_guard(id)).await?;
                    about = self.put(id, None).await?;
                }
                Event::Viewed(view) => {
                    if objects(&view) {
                        self.close(&before).await?;
                    }
                    let number = self.file.register.views().len();
                    store::add_view(self.tx, self.key, number, &view).await?;
                    about = Subject::View(view);
                }
            }
        }
        Ok(about)
    }

    /// That a consent, or what a child thinks of one, has changed; not what was said.
    async fn tell_the_ledger(
        &mut self,
        event: &Event,
        caller: Option<&OrganisationId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (what, subject) = match event {
            Event::Recorded(consent) => ("recorded", format!("consents/{}", consent.id)),
            Event::Ended { id, .. } => ("ended", format!("consents/{id}")),
            Event::Viewed(_) => ("viewed", format!("views/{}", self.file.register.views().len())),
        };
        let happening = Happening {
            kind: Kind::ConsentChanged,
            at: now,
            organisation: caller.map_or_else(String::new, ToString::to_string),
            case: self.key.case_id.clone(),
            nonce: format!("{what}/{}/{}", self.key.case_id, now.as_millisecond()),
            content: format!("{what}\n{subject}\n{}", self.key.child_ref).into_bytes(),
            subject,
            ruleset: String::new(),
        };
        evidence::record(self.tx, &[happening]).await
    }

    /// Closes a guard and remembers what will never go.
    async fn close(&mut self, guard: &str) -> Result<(), StoreError> {
        let closed = guards::close(self.tx, guard).await?;
        // What is in doubt counts as sent: its recipient may have it.
        self.keep_back(&closed.dropped).await
    }

    async fn keep_back(&mut self, events: &[String]) -> Result<(), StoreError> {
        store::keep_back(self.tx, events).await?;
        items::keep_back(self.tx, events).await?;
        for release in &mut self.file.releases {
            release.sent.retain(|event| !events.contains(event));
        }
        self.kept_back += events.len();
        Ok(())
    }

    /// Keeps a record as it now stands.
    async fn put(
        &mut self,
        id: ConsentId,
        caller: Option<&OrganisationId>,
    ) -> Result<Subject, StoreError> {
        let incident = format!("incidents/{}", self.key.case_id);
        if let Some(caller) = caller {
            let (child_ref, recorded_by) = (self.key.child_ref.clone(), caller.clone());
            self.file.about.insert(id, About { incident, child_ref, recorded_by });
        }
        let found = self.file.register.consent(id).zip(self.file.about.get(&id));
        let Some((consent, about)) = found else { return Ok(Subject::Nothing) };
        store::put_consent(self.tx, self.key, consent, about).await?;
        Ok(Subject::Consent(Box::new((consent.clone(), about.clone()))))
    }
}
