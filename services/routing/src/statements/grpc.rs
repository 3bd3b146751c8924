//! The service `mash.sharing.v1.StatementService`, thin.

use jiff::civil::Date;
use mash_chassis::{
    Caller,
    fault::{self, Violation},
};
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::sharing::v1::{
    self as pb, PublicFigures, SignedRecord, Statement, StatementSummary,
    statement_service_server::StatementService,
};
use mash_store::Store;
use prost::Message as _;
use tonic::{Request, Response, Status};

use crate::{
    once::{STORE, failed},
    store::statements::{self as store, Kept},
};

const INVALID: &str = "MASH-E040";
/// After every day that can be written.
const END: &str = "9999-12-31";

/// Serves statements.
#[derive(Clone)]
pub struct StatementsApi {
    store: Store,
}

impl StatementsApi {
    /// Over this store.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[tonic::async_trait]
impl StatementService for StatementsApi {
    async fn get_statement(
        &self,
        request: Request<pb::GetStatementRequest>,
    ) -> Result<Response<pb::GetStatementResponse>, Status> {
        let caller = Caller::of(&request)?.organisation;
        let (owner, day) = asked(&request.into_inner().name)?;
        if !may_read(&caller, &owner) {
            return Err(fault::not_found());
        }
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let found = if day == "latest" {
            let latest = store::before(&mut read, &owner, END, 1).await;
            latest.map(|found| found.into_iter().next())
        } else {
            store::of_day(&mut read, &owner, &day).await
        };
        let kept = found.map_err(|error| failed(&error))?.ok_or_else(fault::not_found)?;
        let statement = Some(read_back(&kept.signed)?);
        Ok(Response::new(pb::GetStatementResponse { statement, signed: Some(kept.signed) }))
    }

    async fn list_statements(
        &self,
        request: Request<pb::ListStatementsRequest>,
    ) -> Result<Response<pb::ListStatementsResponse>, Status> {
        let caller = Caller::of(&request)?.organisation;
        let Page { owner, before, size } = Page::of(request.into_inner(), &caller)?;
        if !may_read(&caller, &owner) {
            return Err(fault::not_found());
        }
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let found = store::before(&mut read, &owner, &before, size + 1).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| last.day.to_string()).unwrap_or_default();
        let statements = found.iter().map(summary).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListStatementsResponse { statements, next_page_token }))
    }

    async fn get_public_figures(
        &self,
        request: Request<pb::GetPublicFiguresRequest>,
    ) -> Result<Response<pb::GetPublicFiguresResponse>, Status> {
        let name = request.into_inner().name;
        let month = name.strip_prefix("publicFigures/").filter(|month| month.len() == 7);
        let day = month.and_then(|month| format!("{month}-01").parse::<Date>().ok());
        let (Some(month), Some(_)) = (month, day) else {
            let text = "`publicFigures/` and a month, such as `publicFigures/2026-11`";
            return Err(fault::invalid(INVALID, vec![Violation::new("name", INVALID, text)]));
        };
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let found = store::public(&mut read, month).await.map_err(|error| failed(&error))?;
        let signed = found.ok_or_else(fault::not_found)?;
        let figures = PublicFigures::decode(signed.record.as_slice());
        let figures = Some(figures.map_err(|_| fault::internal(STORE))?);
        Ok(Response::new(pb::GetPublicFiguresResponse { figures, signed: Some(signed) }))
    }
}

/// A force its own, an authority its own, the operator every one.
fn may_read(caller: &OrganisationId, owner: &OrganisationId) -> bool {
    caller.kind() == OrganisationKind::Operator || caller == owner
}

/// Whose, and of which day.
fn asked(name: &str) -> Result<(OrganisationId, String), Status> {
    let read = || {
        let (owner, day) = name.strip_prefix("statements/")?.rsplit_once('/')?;
        let owner: OrganisationId = owner.parse().ok()?;
        let day =
            if day == "latest" { day.to_owned() } else { day.parse::<Date>().ok()?.to_string() };
        Some((owner, day))
    };
    read().ok_or_else(|| {
        let text = "`statements/`, whose, and the day or `latest`, such as `statements/police/62/2026-11-20`";
        fault::invalid(INVALID, vec![Violation::new("name", INVALID, text)])
    })
}

/// A page that was asked for.
struct Page {
    owner: OrganisationId,
    before: String,
    size: i64,
}

impl Page {
    fn of(request: pb::ListStatementsRequest, caller: &OrganisationId) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        let pb::ListStatementsRequest { owner, page_size, page_token } = request;
        let owner = match owner {
            None if caller.kind() == OrganisationKind::Operator => None,
            None => Some(caller.clone()),
            Some(owner) => OrganisationId::try_from(owner).ok(),
        };
        if owner.is_none() {
            wrong.push(Violation::new("owner", INVALID, "a force or an authority"));
        }
        let size = match page_size {
            0 => 31,
            size @ 1..=366 => i64::from(size),
            _ => {
                wrong.push(Violation::new("page_size", INVALID, "must be 0 to 366"));
                0
            }
        };
        let before = match page_token.as_str() {
            "" => END.to_owned(),
            token if token.parse::<Date>().is_ok() => token.to_owned(),
            _ => {
                wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
                String::new()
            }
        };
        match owner {
            Some(owner) if wrong.is_empty() => Ok(Self { owner, before, size }),
            Some(_) | None => Err(fault::invalid(INVALID, wrong)),
        }
    }
}

fn read_back(signed: &SignedRecord) -> Result<Statement, Status> {
    Statement::decode(signed.record.as_slice()).map_err(|_| fault::internal(STORE))
}

fn summary(kept: &Kept) -> Result<StatementSummary, Status> {
    let Statement { name, day, balanced, total, .. } = read_back(&kept.signed)?;
    Ok(StatementSummary { name, day, balanced, total })
}
