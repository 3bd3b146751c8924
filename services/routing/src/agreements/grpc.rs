//! The service `mash.sharing.v1.AgreementService`, thin.

use std::sync::Arc;

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_domain::{
    agreement::{
        Agreement, AgreementError, AgreementId, Command, Digest, Lifecycle, SignatoryRole,
        TerminationReason, Terms,
    },
    incident::rules::day_of,
    organisation::OrganisationKind,
};
use mash_proto::{
    convert::{
        agreement::{agreement_to_wire, codes, terms_from_wire},
        word_from_wire,
    },
    envelope::event_id,
    sharing::v1::{self as pb, agreement_service_server::AgreementService},
};
use mash_store::{Store, guards};
use tonic::{Request, Response, Status};

use super::app::{self, AgreementRefusal};
use crate::{
    once::{Begun, Call, failed, request_id},
    store::agreements::{self as store, After},
};

const INVALID: &str = codes::MISSING;
const OTHER_DIGEST: &str = "MASH-R108";
const SIGNED_ALREADY: &str = "MASH-R109";
const ENDED: &str = "MASH-R110";
const NOT_A_SIGNATORY: &str = "MASH-R111";
const CANNOT_SUPERSEDE: &str = "MASH-R112";

/// Serves agreements.
#[derive(Clone)]
pub struct Agreements {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Agreements {
    /// Over this store.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[tonic::async_trait]
impl AgreementService for Agreements {
    async fn propose_agreement(
        &self,
        request: Request<pb::ProposeAgreementRequest>,
    ) -> Result<Response<pb::ProposeAgreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let terms = proposed(&request)?;
        let call = Call::new(
            (&self.store, &self.clock),
            &caller,
            "ProposeAgreement",
            &request.request_id,
            &request,
        );
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let organisation = &caller.organisation;
        let id = event_id(&["agreement", &organisation.to_string(), &request.request_id]);
        let made = app::propose(&mut tx, AgreementId::new(id), terms, (organisation, now)).await;
        let agreement = Some(agreement_to_wire(&made.map_err(refuse)?, now));
        call.finish(tx, now, pb::ProposeAgreementResponse { agreement }).await
    }

    async fn sign_agreement(
        &self,
        request: Request<pb::SignAgreementRequest>,
    ) -> Result<Response<pb::SignAgreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let Signing { id, digest, role } = Signing::of(&request)?;
        let call = Call::new(
            (&self.store, &self.clock),
            &caller,
            "SignAgreement",
            &request.request_id,
            &request,
        );
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let party = caller.organisation.clone();
        let practitioner = caller.practitioner.clone().unwrap_or_default();
        let command = Command::Sign { party, practitioner, role, digest };
        let done = app::command(&mut tx, id, command, (&caller.organisation, now)).await;
        let agreement = done.map_err(refuse)?;
        tracing::info!(agreement.id = %agreement.id, party = %caller.organisation, "an agreement was signed");
        let agreement = Some(agreement_to_wire(&agreement, now));
        call.finish(tx, now, pb::SignAgreementResponse { agreement }).await
    }

    async fn terminate_agreement(
        &self,
        request: Request<pb::TerminateAgreementRequest>,
    ) -> Result<Response<pb::TerminateAgreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let reason: Option<TerminationReason> =
            word_from_wire::<pb::TerminationReason, _>(request.reason).ok();
        if reason.is_none() {
            wrong.push(Violation::new("reason", INVALID, "must be one of the reasons"));
        }
        let (id, Some(reason), true) = (named(&request.name)?, reason, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let call = Call::new(
            (&self.store, &self.clock),
            &caller,
            "TerminateAgreement",
            &request.request_id,
            &request,
        );
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => {
                // The first answer may still be waiting for what was being published.
                guards::settle(&self.store, &[app::guard_of(id)]).await;
                return Ok(Response::new(answer));
            }
        };
        let command = Command::Terminate { party: caller.organisation.clone(), reason };
        let done = app::command(&mut tx, id, command, (&caller.organisation, now)).await;
        let agreement = Some(agreement_to_wire(&done.map_err(refuse)?, now));
        call.finish(tx, now, pb::TerminateAgreementResponse { agreement }).await
    }

    async fn get_agreement(
        &self,
        request: Request<pb::GetAgreementRequest>,
    ) -> Result<Response<pb::GetAgreementResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = named(&request.into_inner().name)?;
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let found = store::get(&mut read, id).await.map_err(|error| failed(&error))?;
        let found = found.filter(|agreement| sees(&caller, agreement));
        let agreement = found.ok_or_else(fault::not_found)?;
        let agreement = Some(agreement_to_wire(&agreement, self.clock.now()));
        Ok(Response::new(pb::GetAgreementResponse { agreement }))
    }

    async fn list_agreements(
        &self,
        request: Request<pb::ListAgreementsRequest>,
    ) -> Result<Response<pb::ListAgreementsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = Page::of(&request.into_inner())?;
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let all = caller.organisation.kind() == OrganisationKind::Operator;
        let party = (!all).then_some(&caller.organisation);
        let found = store::list(&mut read, party, &page.after, page.size + 1).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map_or(String::new(), |agreement| {
            format!("{}.{}", agreement.proposed_at.as_millisecond(), agreement.id)
        });
        let now = self.clock.now();
        let kept = found.iter().filter(|agreement| page.keeps(agreement, now));
        let agreements = kept.map(|agreement| agreement_to_wire(agreement, now)).collect();
        Ok(Response::new(pb::ListAgreementsResponse { agreements, next_page_token }))
    }
}

/// A party sees its own; the operator sees all.
fn sees(caller: &Caller, agreement: &Agreement) -> bool {
    caller.organisation.kind() == OrganisationKind::Operator
        || agreement.has_party(&caller.organisation)
}

fn proposed(request: &pb::ProposeAgreementRequest) -> Result<Terms, Status> {
    let mut wrong = request_id(&request.request_id, INVALID);
    match request.terms.clone().map(terms_from_wire) {
        Some(Ok(terms)) if wrong.is_empty() => return Ok(terms),
        Some(Ok(_)) => {}
        Some(Err(violations)) => {
            let violations = violations.into_iter();
            wrong.extend(violations.map(|it| Violation::new(it.field, it.code, it.description)));
        }
        None => wrong.push(Violation::new("terms", INVALID, "must be there")),
    }
    Err(fault::invalid(INVALID, wrong))
}

/// A signature that was asked for.
struct Signing {
    id: AgreementId,
    digest: Digest,
    role: SignatoryRole,
}

impl Signing {
    fn of(request: &pb::SignAgreementRequest) -> Result<Self, Status> {
        let id = named(&request.name)?;
        let mut wrong = request_id(&request.request_id, INVALID);
        let digest = Digest::from_slice(&request.digest);
        if digest.is_none() {
            wrong.push(Violation::new("digest", INVALID, "must be the 32 bytes of the agreement"));
        }
        let role = word_from_wire::<pb::SignatoryRole, SignatoryRole>(request.role).ok();
        if role.is_none() {
            wrong.push(Violation::new("role", INVALID, "must be the office of the signatory"));
        }
        match (digest, role) {
            (Some(digest), Some(role)) if wrong.is_empty() => Ok(Self { id, digest, role }),
            _ => Err(fault::invalid(INVALID, wrong)),
        }
    }
}

/// A page of agreements that was asked for.
struct Page {
    after: After,
    size: i64,
    state: Option<Lifecycle>,
    within: Option<i32>,
}

impl Page {
    fn of(request: &pb::ListAgreementsRequest) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        let size = match request.page_size {
            0 => 50,
            size @ 1..=200 => i64::from(size),
            _ => {
                wrong.push(Violation::new("page_size", INVALID, "must be 0 to 200"));
                0
            }
        };
        let token = request.page_token.split_once('.');
        let token = token.and_then(|(ms, id)| {
            let id = id.parse::<AgreementId>().ok()?;
            Some(After { proposed_ms: ms.parse().ok()?, id: id.to_string() })
        });
        if token.is_none() && !request.page_token.is_empty() {
            wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
        }
        let state = match request.state {
            0 => None,
            number => {
                let state = word_from_wire::<pb::AgreementState, Lifecycle>(number).ok();
                if state.is_none() {
                    wrong.push(Violation::new("state", INVALID, "must be one of the states"));
                }
                state
            }
        };
        let within = request.ends_within_days;
        if within < 0 {
            wrong.push(Violation::new("ends_within_days", INVALID, "must not be negative"));
        }
        if !wrong.is_empty() {
            return Err(fault::invalid(INVALID, wrong));
        }
        let within = (within > 0).then_some(within);
        // Before the first of all, whatever its time.
        let first = After { proposed_ms: i64::MIN, id: String::new() };
        Ok(Self { after: token.unwrap_or(first), size, state, within })
    }

    fn keeps(&self, agreement: &Agreement, now: Timestamp) -> bool {
        let today = day_of(now);
        let state = agreement.state_on(today);
        let ends = |days| state == Lifecycle::Live && agreement.days_left(today) <= days;
        self.state.is_none_or(|wanted| wanted == state) && self.within.is_none_or(ends)
    }
}

/// Whether the request id is one.
fn named(name: &str) -> Result<AgreementId, Status> {
    AgreementId::from_name(name).map_err(|_| fault::not_found())
}

fn refuse(refusal: AgreementRefusal) -> Status {
    let text = refusal.to_string();
    let field = |field: &str, code: &'static str| {
        fault::invalid(INVALID, vec![Violation::new(field, code, text.clone())])
    };
    match refusal {
        AgreementRefusal::NotFound | AgreementRefusal::Agreement(AgreementError::NotAParty) => {
            fault::not_found()
        }
        AgreementRefusal::NotOurs => field("terms.parties", codes::PARTIES),
        AgreementRefusal::Past => field("terms.valid_until", codes::DAYS),
        AgreementRefusal::CannotSupersede => field("terms.supersedes", CANNOT_SUPERSEDE),
        AgreementRefusal::Agreement(error) => match error {
            AgreementError::SignedAlready => fault::failed_precondition(SIGNED_ALREADY, &text),
            AgreementError::OtherDigest => fault::aborted(OTHER_DIGEST, &text),
            AgreementError::Ended | AgreementError::NotAgreed | AgreementError::NotAParty => {
                fault::failed_precondition(ENDED, &text)
            }
            AgreementError::NotASignatory => fault::permission_denied(NOT_A_SIGNATORY, &text),
        },
        AgreementRefusal::Store(error) => failed(&error),
    }
}
