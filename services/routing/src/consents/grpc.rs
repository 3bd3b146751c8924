//! The service `mash.sharing.v1.ConsentService`, thin.

use std::sync::Arc;

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_domain::{
    authority::Authorities,
    consent::{Command, ConsentError, ConsentId},
    incident::{CaseId, Reference, rules::day_of},
    organisation::OrganisationId,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::{
        self,
        consent::{
            codes, consent_to_wire, giver_from_wire, record_from_wire, view_from_wire, view_to_wire,
        },
    },
    envelope::event_id,
    sharing::v1::{self as pb, consent_service_server::ConsentService},
};
use mash_store::{Store, Tx, guards};
use prost::Message;
use tonic::{Request, Response, Status};

use super::{
    app::{self, Act, ConsentRefusal, Done, Subject},
    consent_guard, referral,
    sweep::caused,
};
use crate::{
    once::{self, Begun, Call, failed, request_id},
    pseudonym::Pseudonymiser,
    route::Means,
    rulesets::Rulesets,
    store::{
        consents::{self as store, ChildFile, ChildKey},
        load::{Needs, load},
    },
};

const TOO_MANY: &str = "MASH-R128";
const NOT_COMPETENT: &str = "MASH-R129";
const NEVER_GIVEN: &str = "MASH-R130";
const HAS_ENDED: &str = "MASH-R131";

/// Serves the register.
#[derive(Clone)]
pub struct Consents {
    store: Store,
    clock: Arc<dyn Clock>,
    rulesets: Arc<Rulesets>,
    pseudonymiser: Pseudonymiser,
}

impl Consents {
    /// Over this store.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        rulesets: Arc<Rulesets>,
        pseudonymiser: Pseudonymiser,
    ) -> Self {
        Self { store, clock, rulesets, pseudonymiser }
    }

    fn means<'a>(&'a self, ruleset: &'a Ruleset, now: Timestamp) -> Means<'a> {
        Means {
            authorities: Authorities::builtin(),
            ruleset,
            pseudonymiser: &self.pseudonymiser,
            today: day_of(now),
        }
    }

    /// The file of a child, for an organisation that keeps it.
    async fn file_for(&self, key: &ChildKey, caller: &OrganisationId) -> Result<ChildFile, Status> {
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let file = read_file(&mut tx, self, key, caller).await;
        tx.rollback().await.map_err(|error| failed(&error))?;
        file.map_err(refuse)
    }
}

async fn read_file(
    tx: &mut Tx,
    service: &Consents,
    key: &ChildKey,
    caller: &OrganisationId,
) -> Result<ChildFile, ConsentRefusal> {
    let case_id: CaseId = key.case_id.parse().map_err(|_| ConsentRefusal::NotFound)?;
    let needs = Needs { cases: [case_id].into(), ..Needs::default() };
    let world = load(tx, &needs, &service.pseudonymiser).await?;
    let keeps = match world.cases.get(&case_id) {
        Some(case) => app::keeps(case, key, caller),
        None => referral::keeps(&referral::find(tx, key).await?, caller),
    };
    let mut files = store::files(tx, std::slice::from_ref(&key.case_id)).await?;
    let file = files.remove(key).unwrap_or_default();
    let named = file.register.consents().iter().any(|consent| app::names(consent, caller));
    if keeps || named { Ok(file) } else { Err(ConsentRefusal::NotFound) }
}

#[tonic::async_trait]
impl ConsentService for Consents {
    async fn record_consent(
        &self,
        request: Request<pb::RecordConsentRequest>,
    ) -> Result<Response<pb::RecordConsentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let by = caller.practitioner.clone().unwrap_or_default();
        let id = event_id(&["consent", &caller.organisation.to_string(), &request.request_id]);
        let parsed = record_from_wire(&request, id, &by);
        let parts = [&request.request_id, &request.incident, &request.child_ref];
        let (key, command) = asked(parts, parsed)?;
        let call = Change::new(self, &caller, "RecordConsent", &request.request_id, &request);
        call.run(&key, command, |done, now| pb::RecordConsentResponse {
            consent: consent_of(&done, now),
        })
        .await
    }

    async fn withdraw_consent(
        &self,
        request: Request<pb::WithdrawConsentRequest>,
    ) -> Result<Response<pb::WithdrawConsentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = named(&request.name)?;
        let mut wrong = request_id(&request.request_id, codes::SHAPE);
        let by = giver_from_wire(request.giver).ok();
        if by.is_none() {
            let text = "must say in what role somebody withdraws it";
            wrong.push(Violation::new("giver", codes::GIVER, text));
        }
        let (Some(by), true) = (by, wrong.is_empty()) else {
            return Err(fault::invalid(codes::SHAPE, wrong));
        };
        let key = {
            let mut read = self.store.read().await.map_err(|error| failed(&error))?;
            let found = store::child_of(&mut read, id).await.map_err(|error| failed(&error))?;
            found.ok_or_else(fault::not_found)?
        };
        let call = Change::new(self, &caller, "WithdrawConsent", &request.request_id, &request);
        let command = Command::Withdraw { id, by };
        let answer = call
            .run(&key, command, |done, now| pb::WithdrawConsentResponse {
                consent: consent_of(&done, now),
                kept_back: i32::try_from(done.kept_back).unwrap_or(i32::MAX),
                stop_notices: done.stop_notices,
            })
            .await?;
        // A repeated call is answered from the record, while the first one may still be waiting.
        guards::settle(&self.store, &[consent_guard(id)]).await;
        tracing::info!(consent.id = %id, "a consent was withdrawn; nothing rests on it any more");
        Ok(answer)
    }

    async fn record_child_view(
        &self,
        request: Request<pb::RecordChildViewRequest>,
    ) -> Result<Response<pb::RecordChildViewResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let by = caller.practitioner.clone().unwrap_or_default();
        let parsed = view_from_wire(&request, &by, self.clock.now());
        let parts = [&request.request_id, &request.incident, &request.child_ref];
        let (key, command) = asked(parts, parsed)?;
        let call = Change::new(self, &caller, "RecordChildView", &request.request_id, &request);
        call.run(&key, command, |done, _| pb::RecordChildViewResponse {
            view: match &done.about {
                Subject::View(view) => Some(view_to_wire(view)),
                Subject::Consent(_) | Subject::Nothing => None,
            },
        })
        .await
    }

    async fn get_consent(
        &self,
        request: Request<pb::GetConsentRequest>,
    ) -> Result<Response<pb::GetConsentResponse>, Status> {
        let caller = Caller::of(&request)?.organisation.clone();
        let id = named(&request.into_inner().name)?;
        let key = {
            let mut read = self.store.read().await.map_err(|error| failed(&error))?;
            let found = store::child_of(&mut read, id).await.map_err(|error| failed(&error))?;
            found.ok_or_else(fault::not_found)?
        };
        let file = self.file_for(&key, &caller).await?;
        let found = file.register.consent(id).zip(file.about.get(&id));
        // A provider sees the record that names it, and not what others were told.
        let provider = caller.kind() == mash_domain::organisation::OrganisationKind::Provider;
        let found = found.filter(|(consent, _)| !provider || app::names(consent, &caller));
        let (consent, about) = found.ok_or_else(fault::not_found)?;
        let consent = Some(consent_to_wire(consent, about, self.clock.now()));
        Ok(Response::new(pb::GetConsentResponse { consent }))
    }

    async fn list_consents(
        &self,
        request: Request<pb::ListConsentsRequest>,
    ) -> Result<Response<pb::ListConsentsResponse>, Status> {
        let caller = Caller::of(&request)?.organisation.clone();
        let request = request.into_inner();
        let key = child(&request.incident, &request.child_ref).map_err(|_| fault::not_found())?;
        let file = self.file_for(&key, &caller).await?;
        let now = self.clock.now();
        let wire = |consent: &mash_domain::consent::Consent| {
            Some(consent_to_wire(consent, file.about.get(&consent.id)?, now))
        };
        let consents = file.register.consents().iter().filter_map(wire).collect();
        let views = file.register.views().iter().map(view_to_wire).collect();
        Ok(Response::new(pb::ListConsentsResponse { consents, views }))
    }
}

/// A change of the register of a child, asked for by somebody.
struct Change<'a> {
    service: &'a Consents,
    caller: &'a Caller,
    call: Call<'a>,
}

impl<'a> Change<'a> {
    fn new(
        service: &'a Consents,
        caller: &'a Caller,
        method: &'static str,
        request_id: &'a str,
        request: &impl Message,
    ) -> Self {
        let parts = (&service.store, &service.clock);
        Self { service, caller, call: Call::new(parts, caller, method, request_id, request) }
    }

    async fn run<R: Message + Default>(
        &self,
        key: &ChildKey,
        command: Command,
        answer: impl FnOnce(Done, Timestamp) -> R,
    ) -> Result<Response<R>, Status> {
        let Self { service, caller, call } = self;
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let by = format!("{}|{}", call.by, call.request_id);
        let cause = caused(call.method, &by, &key.case_id);
        let act = Act::Command(Box::new(command), caller.organisation.clone());
        // In this transaction, so that every replica decides by the same version.
        let ruleset = service.rulesets.in_force(&mut tx).await.map_err(|error| failed(&error))?;
        let done = app::act(&mut tx, service.means(&ruleset, now), key, act, (&cause, now)).await;
        call.finish(tx, now, answer(done.map_err(refuse)?, now)).await
    }
}

fn consent_of(done: &Done, now: Timestamp) -> Option<pb::Consent> {
    match &done.about {
        Subject::Consent(about) => Some(consent_to_wire(&about.0, &about.1, now)),
        Subject::View(_) | Subject::Nothing => None,
    }
}

/// The child and the command of a request, or everything that is wrong with it at once.
fn asked(
    [request, incident, child_ref]: [&String; 3],
    parsed: Result<Command, Vec<convert::Violation>>,
) -> Result<(ChildKey, Command), Status> {
    let mut wrong = request_id(request, codes::SHAPE);
    let key = child(incident, child_ref);
    if let Err(violations) = &key {
        wrong.extend(violations.iter().cloned());
    }
    match (key, parsed) {
        (Ok(key), Ok(command)) if wrong.is_empty() => return Ok((key, command)),
        (_, Ok(_)) => (),
        (_, Err(violations)) => {
            let violations = violations.into_iter();
            wrong.extend(violations.map(|it| Violation::new(it.field, it.code, it.description)));
        }
    }
    Err(fault::invalid(codes::SHAPE, wrong))
}

/// A consent is about a child of a case.
fn child(incident: &str, child_ref: &str) -> Result<ChildKey, Vec<Violation>> {
    let mut wrong = Vec::new();
    let case = match incident.strip_prefix("referrals/") {
        Some(id) => id.parse(),
        None => CaseId::from_name(incident),
    };
    if case.is_err() {
        let text = "must be `incidents/{id}` or `referrals/{id}`";
        wrong.push(Violation::new("incident", codes::SUBJECT, text));
    }
    let child_ref = child_ref.parse::<Reference>();
    if child_ref.is_err() {
        let text = "must be the reference of a child of the incident";
        wrong.push(Violation::new("child_ref", codes::SUBJECT, text));
    }
    match (case, child_ref) {
        (Ok(case), Ok(child_ref)) => {
            Ok(ChildKey { case_id: case.to_string(), child_ref: child_ref.to_string() })
        }
        _ => Err(wrong),
    }
}

fn named(name: &str) -> Result<ConsentId, Status> {
    let id = name.strip_prefix("consents/").and_then(|id| id.parse().ok());
    id.ok_or_else(fault::not_found)
}

fn refuse(refusal: ConsentRefusal) -> Status {
    let text = refusal.to_string();
    let field = |field: &str, code: &'static str| {
        fault::invalid(codes::SHAPE, vec![Violation::new(field, code, text.clone())])
    };
    match refusal {
        ConsentRefusal::NotFound => fault::not_found(),
        ConsentRefusal::TooMany => fault::failed_precondition(TOO_MANY, &text),
        ConsentRefusal::Store(error) => failed(&error),
        ConsentRefusal::Consent(error) => match error {
            ConsentError::Unknown => fault::not_found(),
            ConsentError::IdTaken => fault::conflict(once::REQUEST_ID_REUSED, &text),
            ConsentError::NeverGiven => fault::failed_precondition(NEVER_GIVEN, &text),
            ConsentError::HasEnded | ConsentError::NotYet => {
                fault::failed_precondition(HAS_ENDED, &text)
            }
            ConsentError::NotCompetent => fault::failed_precondition(NOT_COMPETENT, &text),
            ConsentError::EndsBeforeItBegins => field("until_time", codes::UNTIL),
            ConsentError::NoView => field("view", codes::VIEW),
            ConsentError::NoService | ConsentError::ServiceCannotReceive => {
                field("services", codes::SERVICE)
            }
            ConsentError::NoFlow | ConsentError::FlowAsksNone(_) => field("flows", codes::FLOW),
            ConsentError::NoOnesInformation => field("information", codes::GIVER),
            ConsentError::NobodySaidSo | ConsentError::NobodyWasAsked | ConsentError::NotTheirs => {
                field("giver", codes::GIVER)
            }
        },
    }
}
