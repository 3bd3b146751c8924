//! The service `mash.sharing.v1.RightsService`, thin.

mod asked;
mod leads;
mod shown;

use std::sync::Arc;

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_domain::{
    bank_holidays::BankHolidays,
    incident::rules::day_of,
    organisation::OrganisationKind,
    rights::{
        looked::Look,
        subject_access::{Command, Extension, HarmTest, Part, Refusal, SubjectAccess},
    },
};
use mash_proto::{
    convert::time_to_wire,
    envelope::event_id,
    sharing::v1::{self as pb, rights_service_server::RightsService},
};
use mash_store::{Store, Tx};
use tonic::{Request, Response, Status};

use self::{
    asked::{because, check, looks_page, misdirections_page, named, page, received, refuse},
    leads::leads,
    shown::shown,
};
use super::{
    CaseProofs, Desk, INVALID, NOT_AN_OFFICER, ONESELF, RULED_BEFORE,
    assemble::{Endangered, assemble, may_tell, see},
    looks::{looks, to_wire as look_to_wire},
    misdirections::{ruled, ruling, to_wire as misdirection_to_wire},
    subject::Subject,
    wire,
};
use crate::{
    once::{Begun, Call, failed, request_id},
    pseudonym::Pseudonymiser,
    rulesets::Rulesets,
    store::{
        decisions, misdirections,
        rights::{self as store, Kept},
        subjects::CaseChild,
    },
};

/// Serves the rights of those whose data is shared.
#[derive(Clone)]
pub struct Rights(Desk);

impl Rights {
    /// Over this store; without proofs no line has one.
    #[must_use]
    pub fn new(
        (store, clock): (Store, Arc<dyn Clock>),
        rulesets: Arc<Rulesets>,
        pseudonymiser: Pseudonymiser,
        proofs: Option<Arc<dyn CaseProofs>>,
    ) -> Self {
        Self(Desk { store, clock, rulesets, pseudonymiser, proofs })
    }

    /// Whoever calls, if she was appointed to answer for her organisation.
    async fn officer<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = Caller::of(request)?;
        let practitioner = caller.practitioner.as_deref().unwrap_or_default();
        let mut conn = self.0.store.read().await.map_err(|error| failed(&error))?;
        let officer = store::is_officer(&mut conn, &caller.organisation, practitioner).await;
        if officer.map_err(|error| failed(&error))? {
            Ok(caller)
        } else {
            let text = "the practitioner is no data protection officer of the organisation";
            Err(fault::permission_denied(NOT_AN_OFFICER, text))
        }
    }

    fn call<'a>(
        &'a self,
        caller: &Caller,
        method: &'static str,
        request_id: &'a str,
        request: &impl prost::Message,
    ) -> Call<'a> {
        Call::new((&self.0.store, &self.0.clock), caller, method, request_id, request)
    }

    /// Obeys a command on a request of the caller's organisation, and returns it as it then stands.
    async fn obey(
        &self,
        (tx, now): (&mut Tx, Timestamp),
        caller: &Caller,
        id: &str,
        command: Command,
    ) -> Result<(Kept, pb::SubjectAccess), Status> {
        let held = store::hold(tx, id, &caller.organisation).await;
        let mut kept = held.map_err(|error| failed(&error))?.ok_or_else(fault::not_found)?;
        let (today, holidays) = (day_of(now), BankHolidays::builtin());
        if matches!(command, Command::Assemble { .. }) {
            kept.assembled_at = Some(now);
        }
        kept.request.obey(command, today, holidays).map_err(refuse)?;
        let due = kept.request.due_on(holidays).to_string();
        store::put(tx, &kept, &due).await.map_err(|error| failed(&error))?;
        tracing::info!(
            subject_access.id = id,
            subject_access.state = kept.request.state.word(),
            organisation = %caller.organisation,
            "a subject access has gone on"
        );
        let answer = wire::to_wire(&kept, today);
        Ok((kept, answer))
    }
}

#[tonic::async_trait]
impl RightsService for Rights {
    async fn set_officer(
        &self,
        request: Request<pb::SetOfficerRequest>,
    ) -> Result<Response<pb::SetOfficerResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let named = &request.practitioner;
        let fits = (1..=64).contains(&named.len())
            && named.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !fits {
            let text = "must be 1 to 64 of `0-9 A-Z a-z . _ -`";
            wrong.push(Violation::new("practitioner", INVALID, text));
        }
        if request.appointed && caller.practitioner.as_ref() == Some(named) {
            let text = "must be somebody else than who appoints";
            wrong.push(Violation::new("practitioner", ONESELF, text));
        }
        check(wrong)?;
        let call = self.call(&caller, "SetOfficer", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let by = caller.practitioner.clone().unwrap_or_default();
        let appointed = request.appointed.then_some((by.as_str(), now));
        let done = store::set_officer(&mut tx, &caller.organisation, named, appointed).await;
        done.map_err(|error| failed(&error))?;
        tracing::info!(organisation = %caller.organisation, appointed = request.appointed, "an officer was set");
        call.finish(tx, now, pb::SetOfficerResponse {}).await
    }

    async fn request_subject_access(
        &self,
        request: Request<pb::RequestSubjectAccessRequest>,
    ) -> Result<Response<pb::RequestSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let mut request = request.into_inner();
        let today = day_of(self.0.clock.now());
        let mut wrong = request_id(&request.request_id, INVALID);
        let received_on = received(request.received_date, today, &mut wrong);
        let subject = Subject::of(request.child.as_ref(), &self.0.pseudonymiser);
        let subject = subject.map_err(|violation| wrong.push(violation)).ok();
        let (Some(subject), true) = (subject, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        // The number is not kept, not even as a part of a hash that could be tried out.
        request.child = Some(pb::ChildSelector {
            child: Some(pb::child_selector::Child::Subject(subject.name())),
        });
        let call = self.call(&caller, "RequestSubjectAccess", &request.request_id, &request);
        let seen = see(&self.0, &subject, &caller.organisation).await?;
        let seen = seen.ok_or_else(fault::not_found)?;
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let id = event_id(&["subject-access", &call.by, &request.request_id]).to_string();
        let kept = Kept {
            id,
            organisation: caller.organisation.clone(),
            subject: subject.name(),
            made_at: now,
            assembled_at: None,
            request: SubjectAccess::received(received_on),
        };
        let due = kept.request.due_on(BankHolidays::builtin()).to_string();
        let children: Vec<CaseChild> = seen.children.into_iter().collect();
        put_cases(&mut tx, &kept.id, &children).await?;
        store::put(&mut tx, &kept, &due).await.map_err(|error| failed(&error))?;
        let looked = looks(&mut tx, &caller, Look::SubjectAccess, &children, now).await;
        looked.map_err(|error| failed(&error))?;
        let subject_access = Some(wire::to_wire(&kept, today));
        call.finish(tx, now, pb::RequestSubjectAccessResponse { subject_access }).await
    }

    async fn assemble_subject_access(
        &self,
        request: Request<pb::AssembleSubjectAccessRequest>,
    ) -> Result<Response<pb::AssembleSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        check(request_id(&request.request_id, INVALID))?;
        let id = named(&request.name)?;
        let call = self.call(&caller, "AssembleSubjectAccess", &request.request_id, &request);
        match call.begin().await? {
            // The ledger signs in a transaction of its own, so none may be open meanwhile.
            Begun::Fresh(tx, _) => tx.rollback().await.map_err(|error| failed(&error))?,
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        }
        let kept = self.kept(&caller, id).await?.0;
        let subject = Subject::of_name(&kept.subject).ok_or_else(fault::not_found)?;
        let assembled = assemble(&self.0, &subject, &caller.organisation).await?;
        let assembled = assembled.ok_or_else(fault::not_found)?;
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        put_cases(&mut tx, id, &assembled.children).await?;
        let command = Command::Assemble { lines: assembled.lines };
        let (kept, subject_access) = self.obey((&mut tx, now), &caller, id, command).await?;
        let head = pb::AccessRecord {
            name: request.name.clone(),
            organisation: Some((&kept.organisation).into()),
            received_date: Some(kept.request.received_on.into()),
            assemble_time: Some(time_to_wire(now)),
            checkpoint: assembled.checkpoint,
            ledger_size: assembled.size,
            ..pb::AccessRecord::default()
        };
        let put = store::put_record(&mut tx, id, &head, &assembled.parts).await;
        put.map_err(|error| failed(&error))?;
        let looked = looks(&mut tx, &caller, Look::SubjectAccess, &assembled.children, now).await;
        looked.map_err(|error| failed(&error))?;
        let subject_access = Some(subject_access);
        call.finish(tx, now, pb::AssembleSubjectAccessResponse { subject_access }).await
    }

    async fn apply_harm_test(
        &self,
        request: Request<pb::ApplyHarmTestRequest>,
    ) -> Result<Response<pb::ApplyHarmTestResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let outcome = wire::outcome(request.outcome());
        if outcome.is_none() {
            wrong.push(Violation::new("outcome", INVALID, "must say what the test came to"));
        }
        let part = match u32::try_from(request.line) {
            Ok(0) => Some(Part::Whole),
            Ok(line) => Some(Part::Line(line)),
            Err(_) => {
                wrong.push(Violation::new("line", INVALID, "must be a line, or 0 for the whole"));
                None
            }
        };
        let because = because(&caller, &request.reason, self.0.clock.now(), &mut wrong);
        let id = named(&request.name)?;
        let (Some(outcome), Some(part), Some(because), true) =
            (outcome, part, because, wrong.is_empty())
        else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let call = self.call(&caller, "ApplyHarmTest", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let command = Command::Test { part, test: HarmTest { outcome, because } };
        let (_, answer) = self.obey((&mut tx, now), &caller, id, command).await?;
        let subject_access = Some(answer);
        call.finish(tx, now, pb::ApplyHarmTestResponse { subject_access }).await
    }

    async fn extend_subject_access(
        &self,
        request: Request<pb::ExtendSubjectAccessRequest>,
    ) -> Result<Response<pb::ExtendSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let because = because(&caller, &request.reason, self.0.clock.now(), &mut wrong);
        let months = u8::try_from(request.months).unwrap_or_default();
        let id = named(&request.name)?;
        let (Some(because), true) = (because, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let call = self.call(&caller, "ExtendSubjectAccess", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let command = Command::Extend(Extension { months, because });
        let (_, answer) = self.obey((&mut tx, now), &caller, id, command).await?;
        let subject_access = Some(answer);
        call.finish(tx, now, pb::ExtendSubjectAccessResponse { subject_access }).await
    }

    async fn release_subject_access(
        &self,
        request: Request<pb::ReleaseSubjectAccessRequest>,
    ) -> Result<Response<pb::ReleaseSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        check(request_id(&request.request_id, INVALID))?;
        let id = named(&request.name)?;
        let call = self.call(&caller, "ReleaseSubjectAccess", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let by = caller.practitioner.clone().unwrap_or_default();
        let command = Command::Release { by, at: now };
        let (_, answer) = self.obey((&mut tx, now), &caller, id, command).await?;
        let subject_access = Some(answer);
        call.finish(tx, now, pb::ReleaseSubjectAccessResponse { subject_access }).await
    }

    async fn refuse_subject_access(
        &self,
        request: Request<pb::RefuseSubjectAccessRequest>,
    ) -> Result<Response<pb::RefuseSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let ground = wire::ground(request.ground());
        if ground.is_none() {
            wrong.push(Violation::new("ground", INVALID, "must be one of the grounds"));
        }
        let because = because(&caller, &request.reason, self.0.clock.now(), &mut wrong);
        let id = named(&request.name)?;
        let (Some(ground), Some(because), true) = (ground, because, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let call = self.call(&caller, "RefuseSubjectAccess", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let command = Command::Refuse(Refusal { ground, because });
        let (_, answer) = self.obey((&mut tx, now), &caller, id, command).await?;
        let subject_access = Some(answer);
        call.finish(tx, now, pb::RefuseSubjectAccessResponse { subject_access }).await
    }

    async fn get_subject_access(
        &self,
        request: Request<pb::GetSubjectAccessRequest>,
    ) -> Result<Response<pb::GetSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        let (kept, record) = self.kept(&caller, named(&request.name)?).await?;
        let today = day_of(self.0.clock.now());
        Ok(Response::new(pb::GetSubjectAccessResponse {
            subject_access: Some(wire::to_wire(&kept, today)),
            record: shown(&kept.request, record),
        }))
    }

    async fn list_subject_access(
        &self,
        request: Request<pb::ListSubjectAccessRequest>,
    ) -> Result<Response<pb::ListSubjectAccessResponse>, Status> {
        let caller = self.officer(&request).await?;
        let (after, size) = page(&request.into_inner())?;
        let mut conn = self.0.store.read().await.map_err(|error| failed(&error))?;
        let found = store::list(&mut conn, &caller.organisation, &after, size + 1).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let today = day_of(self.0.clock.now());
        let next_page_token = found.last().filter(|_| more).map_or_else(String::new, |last| {
            let over = i64::from(last.request.state.is_final());
            format!("{over}.{}.{}", last.request.due_on(BankHolidays::builtin()), last.id)
        });
        let subject_access = found.iter().map(|kept| wire::to_wire(kept, today)).collect();
        Ok(Response::new(pb::ListSubjectAccessResponse { subject_access, next_page_token }))
    }

    async fn list_misdirections(
        &self,
        request: Request<pb::ListMisdirectionsRequest>,
    ) -> Result<Response<pb::ListMisdirectionsResponse>, Status> {
        let caller = self.officer(&request).await?;
        let (after, size) = misdirections_page(&request.into_inner())?;
        let mut conn = self.0.store.read().await.map_err(|error| failed(&error))?;
        let found = misdirections::list(&mut conn, &caller.organisation, &after, size + 1).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let next_page_token = found.last().filter(|_| more).map_or_else(String::new, |last| {
            format!("{}.{}", last.found.aware_at.as_millisecond(), last.case_id)
        });
        let now = self.0.clock.now();
        let shown = found.iter().map(|kept| misdirection_to_wire(kept, &caller.organisation, now));
        let misdirections = shown.collect();
        Ok(Response::new(pb::ListMisdirectionsResponse { misdirections, next_page_token }))
    }

    async fn rule_on_misdirection(
        &self,
        request: Request<pb::RuleOnMisdirectionRequest>,
    ) -> Result<Response<pb::RuleOnMisdirectionResponse>, Status> {
        let caller = self.officer(&request).await?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let ruling = ruling(request.ruling());
        if ruling.is_none() {
            wrong.push(Violation::new("ruling", INVALID, "must say what was decided"));
        }
        let because = because(&caller, &request.reason, self.0.clock.now(), &mut wrong);
        let case = request.name.strip_prefix("misdirections/").ok_or_else(fault::not_found)?;
        let (Some(ruling), Some(because), true) = (ruling, because, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let call = self.call(&caller, "RuleOnMisdirection", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let held = misdirections::hold(&mut tx, case, &caller.organisation).await;
        let mut kept = held.map_err(|error| failed(&error))?.ok_or_else(fault::not_found)?;
        kept.found.decide(ruling, because.clone()).map_err(|_| {
            fault::failed_precondition(RULED_BEFORE, "it was decided before, and stays so")
        })?;
        let done = misdirections::rule(&mut tx, case, (ruling, &because)).await;
        done.map_err(|error| failed(&error))?;
        ruled(&mut tx, &kept).await.map_err(|error| failed(&error))?;
        let misdirection = Some(misdirection_to_wire(&kept, &caller.organisation, now));
        call.finish(tx, now, pb::RuleOnMisdirectionResponse { misdirection }).await
    }

    async fn list_looks(
        &self,
        request: Request<pb::ListLooksRequest>,
    ) -> Result<Response<pb::ListLooksResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (case, before, size) = looks_page(&request)?;
        let mut conn = self.0.store.read().await.map_err(|error| failed(&error))?;
        leads(&mut conn, &caller.organisation, &case).await?;
        let cases = [case];
        let [case] = &cases;
        let recorded = decisions::of_cases(&mut conn, &cases, 1_000).await;
        let endangered = Endangered::of(recorded.map_err(|error| failed(&error))?.iter());
        let operator = caller.organisation.kind() == OrganisationKind::Operator;
        let tells =
            |look: &store::LookRow| operator || may_tell(look, &caller.organisation, endangered);
        // What is not told is not counted either: a page is full of what is.
        let (mut found, mut from) = (Vec::new(), before);
        while found.len() <= size {
            let rows = store::looks(&mut conn, case, &from, 500).await;
            let rows = rows.map_err(|error| failed(&error))?;
            let Some(last) = rows.last() else { break };
            from = (last.at.as_millisecond(), last.id.clone());
            found.extend(rows.into_iter().filter(tells));
        }
        let more = found.len() > size;
        found.truncate(size);
        let next_page_token = found
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |last| format!("{}.{}", last.at.as_millisecond(), last.id));
        let looks = found.iter().map(look_to_wire).collect();
        Ok(Response::new(pb::ListLooksResponse { looks, next_page_token }))
    }
}

impl Rights {
    async fn kept(&self, caller: &Caller, id: &str) -> Result<(Kept, pb::AccessRecord), Status> {
        let mut conn = self.0.store.read().await.map_err(|error| failed(&error))?;
        let found = store::get(&mut conn, id, &caller.organisation).await;
        found.map_err(|error| failed(&error))?.ok_or_else(fault::not_found)
    }
}

/// Keeps which cases a request is about.
async fn put_cases(tx: &mut Tx, id: &str, children: &[CaseChild]) -> Result<(), Status> {
    let cases = children.iter().map(|child| child.case_id.clone()).collect();
    store::put_cases(tx, id, &cases).await.map_err(|error| failed(&error))
}
