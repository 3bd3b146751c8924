//! The service `mash.sharing.v1.RulesetService`, thin.

use std::{pin::Pin, sync::Arc};

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::{time_from_wire, time_to_wire},
    sharing::v1::{
        self as pb, ruleset_service_server::RulesetService, simulate_ruleset_response::News,
    },
};
use mash_store::Store;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    Proofs, Prover, Rulesets,
    app::{self, Actor, RulesetRefusal},
    files,
    simulate::Simulation,
};
use crate::{
    once::failed,
    store::{
        decisions::{self, After},
        rulesets::{self as store, StoredRuleset},
    },
};

/// The form of a request about rule sets is not valid.
pub const INVALID: &str = "MASH-R140";
const FAULTS: &str = "MASH-R141";
const UNPROVED: &str = "MASH-R142";
const OTHER_FILES: &str = "MASH-R143";
const OTHER_DIGEST: &str = "MASH-R144";
const SAME_PERSON: &str = "MASH-R145";
const RETIRED: &str = "MASH-R146";

/// Decisions that are read at a time.
const PAGE: i64 = 500;

/// Serves versions of the sharing rules.
#[derive(Clone)]
pub struct RulesetVersions {
    store: Store,
    clock: Arc<dyn Clock>,
    rulesets: Arc<Rulesets>,
    prover: Arc<dyn Prover>,
    proofs: Arc<Proofs>,
}

impl RulesetVersions {
    /// Over this store.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        rulesets: Arc<Rulesets>,
        prover: Arc<dyn Prover>,
    ) -> Self {
        Self { store, clock, rulesets, prover, proofs: Arc::default() }
    }

    async fn candidate(
        &self,
        request: &pb::SimulateRulesetRequest,
    ) -> Result<Arc<Ruleset>, Status> {
        if request.files.is_empty() {
            let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
            let ruleset = self.rulesets.in_force(&mut tx).await.map_err(|error| failed(&error))?;
            tx.rollback().await.map_err(|error| failed(&error))?;
            return Ok(ruleset);
        }
        let wrong = files::violations(&request.version, &request.files);
        if !wrong.is_empty() {
            return Err(fault::invalid(INVALID, wrong));
        }
        let files = files::in_order(request.files.clone());
        let loaded = files::load(&request.version, &files);
        let loaded = loaded.map_err(|error| RulesetRefusal::Faults(error.faults().to_vec()));
        Ok(Arc::new(loaded?))
    }
}

#[tonic::async_trait]
impl RulesetService for RulesetVersions {
    async fn propose_ruleset(
        &self,
        request: Request<pb::ProposeRulesetRequest>,
    ) -> Result<Response<pb::ProposeRulesetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::ProposeRulesetRequest { version, files } = request.into_inner();
        let wrong = files::violations(&version, &files);
        if !wrong.is_empty() {
            return Err(fault::invalid(INVALID, wrong));
        }
        let actor = actor(&caller, self.clock.now());
        let files = files::in_order(files);
        let proving = (self.proofs.as_ref(), &self.prover);
        let row = app::propose(&self.store, proving, &actor, (&version, files)).await?;
        Ok(Response::new(pb::ProposeRulesetResponse { ruleset: Some(to_wire(row)) }))
    }

    async fn approve_ruleset(
        &self,
        request: Request<pb::ApproveRulesetRequest>,
    ) -> Result<Response<pb::ApproveRulesetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::ApproveRulesetRequest { name, digest } = request.into_inner();
        let version = name.strip_prefix("rulesets/").ok_or_else(fault::not_found)?;
        let actor = actor(&caller, self.clock.now());
        let row = app::approve(&self.store, &actor, (version, &digest)).await?;
        Ok(Response::new(pb::ApproveRulesetResponse { ruleset: Some(to_wire(row)) }))
    }

    async fn get_active_ruleset(
        &self,
        _request: Request<pb::GetActiveRulesetRequest>,
    ) -> Result<Response<pb::GetActiveRulesetResponse>, Status> {
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let version = store::in_force(&mut read).await.map_err(|error| failed(&error))?;
        let version = version.ok_or_else(fault::not_found)?;
        let row = store::find(&mut read, &version).await.map_err(|error| failed(&error))?;
        let ruleset = Some(to_wire(row.ok_or_else(fault::not_found)?));
        Ok(Response::new(pb::GetActiveRulesetResponse { ruleset }))
    }

    async fn list_rulesets(
        &self,
        request: Request<pb::ListRulesetsRequest>,
    ) -> Result<Response<pb::ListRulesetsResponse>, Status> {
        let request = request.into_inner();
        let (size, before_ms, before) = page(&request)?;
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let rows = store::list(&mut read, (before_ms, before), size + 1).await;
        let mut rows = rows.map_err(|error| failed(&error))?;
        let kept = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > kept;
        rows.truncate(kept);
        let last = rows.last().filter(|_| more);
        let next_page_token = last.map_or(String::new(), |row| {
            format!("{}.{}", row.proposed.as_millisecond(), row.version)
        });
        let in_force = match store::in_force(&mut read).await.map_err(|error| failed(&error))? {
            Some(version) => self.rulesets.of_version(&mut read, &version).await,
            None => Ok(None),
        };
        let in_force = in_force.map_err(|error| failed(&error))?;
        let unknown = super::unknown_flows(in_force.as_deref());
        Ok(Response::new(pb::ListRulesetsResponse {
            rulesets: rows.into_iter().map(to_wire).collect(),
            next_page_token,
            carried_version: Ruleset::builtin_files().version.to_owned(),
            unknown_flows: unknown.iter().map(|flow| flow.word().to_owned()).collect(),
        }))
    }

    type SimulateRulesetStream =
        Pin<Box<dyn Stream<Item = Result<pb::SimulateRulesetResponse, Status>> + Send>>;

    async fn simulate_ruleset(
        &self,
        request: Request<pb::SimulateRulesetRequest>,
    ) -> Result<Response<Self::SimulateRulesetStream>, Status> {
        let request = request.into_inner();
        let since = request.since.as_ref().and_then(|time| time_from_wire(time).ok());
        let since = since.ok_or_else(|| {
            fault::invalid(INVALID, vec![Violation::new("since", INVALID, "must be an instant")])
        })?;
        let candidate = self.candidate(&request).await?;
        let (sender, receiver) = mpsc::channel(4);
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(status) = simulate(&store, &candidate, since, &sender).await {
                let _gone = sender.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Replays page by page. It ends when the caller has gone.
async fn simulate(
    store: &Store,
    candidate: &Ruleset,
    since: Timestamp,
    sender: &mpsc::Sender<Result<pb::SimulateRulesetResponse, Status>>,
) -> Result<(), Status> {
    let mut simulation = Simulation::default();
    let mut after = After { decided_ms: since.as_millisecond() - 1, name: "~".to_owned() };
    loop {
        let page = decisions::since(store, &after, PAGE).await.map_err(|error| failed(&error))?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (_, recorded) in &page {
            simulation.replay(recorded, candidate);
        }
        let news = Some(News::Replayed(simulation.replayed()));
        if sender.send(Ok(pb::SimulateRulesetResponse { news })).await.is_err() {
            return Ok(());
        }
    }
    let report = simulation.report(candidate.version().as_str());
    let news = Some(News::Report(report));
    let _gone = sender.send(Ok(pb::SimulateRulesetResponse { news })).await;
    Ok(())
}

fn actor(caller: &Caller, now: Timestamp) -> Actor<'_> {
    let practitioner = caller.practitioner.as_deref().unwrap_or_default();
    Actor { organisation: &caller.organisation, practitioner, now }
}

/// The size of a page, and what it comes after.
fn page(request: &pb::ListRulesetsRequest) -> Result<(i64, i64, &str), Status> {
    let size = match request.page_size {
        0 => Some(50),
        size @ 1..=500 => Some(i64::from(size)),
        _ => None,
    };
    let before = match request.page_token.split_once('.') {
        None if request.page_token.is_empty() => Some((i64::MAX, "")),
        Some((ms, version)) => ms.parse().ok().map(|ms| (ms, version)),
        None => None,
    };
    let mut wrong = Vec::new();
    if size.is_none() {
        wrong.push(Violation::new("page_size", INVALID, "must be 0 to 500"));
    }
    if before.is_none() {
        wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
    }
    match (size, before) {
        (Some(size), Some((ms, version))) => Ok((size, ms, version)),
        _ => Err(fault::invalid(INVALID, wrong)),
    }
}

fn to_wire(row: StoredRuleset) -> pb::Ruleset {
    let (approved_by, approver) = row.approved.unzip();
    pb::Ruleset {
        name: format!("rulesets/{}", row.version),
        digest: row.digest,
        state: row.state.into(),
        proposed_by: (!row.proposer.is_empty()).then(|| (&row.proposed_by).into()),
        proposer: row.proposer,
        propose_time: Some(time_to_wire(row.proposed)),
        approved_by: approved_by.map(|organisation| (&organisation).into()),
        approver: approver.unwrap_or_default(),
        activate_time: row.activated.map(time_to_wire),
    }
}

impl From<RulesetRefusal> for Status {
    fn from(refusal: RulesetRefusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            RulesetRefusal::Faults(faults) => {
                let violation = |found: mash_policy::Fault| {
                    let field = format!("{}:{}", found.file, found.line);
                    Violation::new(field, FAULTS, found.message)
                };
                fault::invalid(FAULTS, faults.into_iter().map(violation).collect())
            }
            RulesetRefusal::Unproved(lines) => {
                let violation = |line| Violation::new("files", UNPROVED, line);
                fault::invalid(UNPROVED, lines.into_iter().map(violation).collect())
            }
            RulesetRefusal::OtherFiles => fault::conflict(OTHER_FILES, &text),
            RulesetRefusal::NoSuchVersion => fault::not_found(),
            RulesetRefusal::OtherDigest => fault::failed_precondition(OTHER_DIGEST, &text),
            RulesetRefusal::SamePerson => fault::permission_denied(SAME_PERSON, &text),
            RulesetRefusal::Retired => fault::failed_precondition(RETIRED, &text),
            RulesetRefusal::Store(error) => failed(&error),
        }
    }
}
