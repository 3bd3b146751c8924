//! The service `mash.sharing.v1.SharingService`, thin.

use mash_chassis::{
    Caller,
    fault::{self, Violation},
};
use mash_domain::{
    identifier::ForceCode,
    incident::CaseId,
    organisation::{OrganisationId, OrganisationKind},
    rights::looked::Look,
};
use mash_policy::{Language, Profile};
use mash_proto::{
    sharing::v1::{self as pb, Decision, sharing_service_server::SharingService},
    r#type::v1::OrganisationKind as WireKind,
};
use mash_store::{Store, StoreError, requests};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{
    explain::{Reader, explained},
    once::{REQUEST_ID_REUSED, STORE, failed, request_id},
    rights::looks::looks,
    rulesets::Rulesets,
    store::{
        decisions::{self, After},
        items, profiles,
        subjects::CaseChild,
    },
};

const INVALID: &str = "MASH-R010";

/// Serves decisions, profiles and the count.
#[derive(Clone)]
pub struct Sharing {
    store: Store,
    clock: std::sync::Arc<dyn mash_chassis::Clock>,
    rulesets: std::sync::Arc<Rulesets>,
}

impl Sharing {
    /// Over this store.
    #[must_use]
    pub fn new(
        store: Store,
        clock: std::sync::Arc<dyn mash_chassis::Clock>,
        rulesets: std::sync::Arc<Rulesets>,
    ) -> Self {
        Self { store, clock, rulesets }
    }

    /// Who is accountable for what a decision is about: whoever sent the item, or the force that reported.
    async fn sender_of(&self, decision: &Decision) -> Result<Option<OrganisationId>, StoreError> {
        if !decision.item_id.is_empty() {
            return decisions::sender_of(&self.store, &decision.item_id).await;
        }
        let Ok(case) = decision.case_id.parse::<CaseId>() else { return Ok(None) };
        let force = decisions::force_of(&self.store, case).await?;
        let code = force.as_ref().map(ForceCode::as_str);
        Ok(code.and_then(|code| OrganisationId::new(OrganisationKind::PoliceForce, code).ok()))
    }

    /// Puts on record that somebody is shown decisions about a child. What cannot be put on record is not shown.
    async fn looked(&self, caller: &Caller, child: CaseChild) -> Result<(), Status> {
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let now = self.clock.now();
        let looked = looks(&mut tx, caller, Look::Explanation, &[child], now).await;
        looked.map_err(|error| failed(&error))?;
        tx.commit().await.map_err(|error| failed(&error))
    }

    /// A page and one more: the decisions on an incident, for the force that reported it and the operator.
    async fn of_incident(
        &self,
        page: &Page,
        caller: &OrganisationId,
    ) -> Result<Vec<(After, Decision)>, Status> {
        let force = decisions::force_of(&self.store, page.case).await;
        let force = force.map_err(|error| failed(&error))?;
        let entitled = force.is_some_and(|force| match caller.kind() {
            OrganisationKind::Operator => true,
            OrganisationKind::PoliceForce => force.as_str() == caller.code(),
            OrganisationKind::School
            | OrganisationKind::LocalAuthority
            | OrganisationKind::HealthBoard
            | OrganisationKind::Provider => false,
        });
        if !entitled {
            return Err(fault::not_found());
        }
        let rows = decisions::list(&self.store, page.case, &page.after, page.size + 1).await;
        rows.map_err(|error| failed(&error))
    }

    /// A page and one more: the decisions on what travels about a referral, as far as the caller sent or received it.
    async fn of_referral(
        &self,
        page: &Page,
        caller: &OrganisationId,
    ) -> Result<Vec<(After, Decision)>, Status> {
        let case = page.case.to_string();
        let file = {
            let mut read = self.store.read().await.map_err(|error| failed(&error))?;
            let files = items::read(&mut read, std::slice::from_ref(&case)).await;
            files.map_err(|error| failed(&error))?.remove(&case).unwrap_or_default()
        };
        let may_ask = caller.kind() == OrganisationKind::Operator
            || file.has_part(caller)
            || file.items().any(|item| item.from == *caller);
        if file.items().next().is_none() || !may_ask {
            return Err(fault::not_found());
        }
        let mut found = Vec::new();
        let mut after = page.after.clone();
        let wanted = usize::try_from(page.size + 1).unwrap_or(usize::MAX);
        while found.len() < wanted {
            let rows = decisions::list(&self.store, page.case, &after, page.size + 1).await;
            let rows = rows.map_err(|error| failed(&error))?;
            let Some((last, _)) = rows.last() else { break };
            after = last.clone();
            found.extend(rows.into_iter().filter_map(|(at, decision)| {
                let sender = file.item(&decision.item_id).map(|item| &item.from);
                let reader = Reader::of(caller, sender, &decision)?;
                Some((at, reader.shown(decision)))
            }));
        }
        found.truncate(wanted);
        Ok(found)
    }
}

#[tonic::async_trait]
impl SharingService for Sharing {
    async fn list_decisions(
        &self,
        request: Request<pb::ListDecisionsRequest>,
    ) -> Result<Response<pb::ListDecisionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let page = Page::of(&request)?;
        let found = match page.about {
            About::Incident => self.of_incident(&page, &caller.organisation).await?,
            About::Referral => self.of_referral(&page, &caller.organisation).await?,
        };
        let child = CaseChild { case_id: page.case.to_string(), child_ref: String::new() };
        self.looked(&caller, child).await?;
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        let kept: Vec<_> = found.into_iter().take(size).collect();
        let last = kept.last().filter(|_| more);
        let next_page_token =
            last.map_or(String::new(), |(after, _)| format!("{}.{}", after.decided_ms, after.name));
        let decisions = kept.into_iter().map(|(_, decision)| decision).collect();
        Ok(Response::new(pb::ListDecisionsResponse { decisions, next_page_token }))
    }

    async fn explain_decision(
        &self,
        request: Request<pb::ExplainDecisionRequest>,
    ) -> Result<Response<pb::ExplainDecisionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let pb::ExplainDecisionRequest { name, language } = request.into_inner();
        let languages = match (language.as_str(), Language::from_tag(&language)) {
            ("", _) => Language::ALL.to_vec(),
            (_, Some(language)) => vec![language],
            (_, None) => {
                let wrong = Violation::new("language", INVALID, "must be `en` or `cy`, or empty");
                return Err(fault::invalid(INVALID, vec![wrong]));
            }
        };
        let found = decisions::find(&self.store, &name).await.map_err(|error| failed(&error))?;
        let recorded = found.ok_or_else(fault::not_found)?;
        let sender = self.sender_of(&recorded.decision).await.map_err(|error| failed(&error))?;
        let reader = Reader::of(&caller.organisation, sender.as_ref(), &recorded.decision)
            .ok_or_else(fault::not_found)?;
        let version = &recorded.decision.ruleset;
        let mut read = self.store.read().await.map_err(|error| failed(&error))?;
        let ruleset = self.rulesets.of_version(&mut read, version).await;
        let ruleset = ruleset.map_err(|error| failed(&error))?;
        drop(read);
        let child = CaseChild {
            case_id: recorded.decision.case_id.clone(),
            child_ref: recorded.decision.child_ref.clone(),
        };
        let answer = explained(recorded, ruleset.as_deref(), reader, &languages);
        let answer = answer.map_err(|_| fault::internal(STORE))?;
        self.looked(&caller, child).await?;
        Ok(Response::new(answer))
    }

    async fn set_force_profile(
        &self,
        request: Request<pb::SetForceProfileRequest>,
    ) -> Result<Response<pb::SetForceProfileResponse>, Status> {
        let caller = Caller::of(&request)?.organisation.to_string();
        let request = request.into_inner();
        let wanted = Wanted::of(&request)?;
        let content = wanted.content();
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let method = "SetForceProfile";
        let prior = requests::check(&mut tx, &caller, &request.request_id, method, &content).await;
        let profile = match prior.map_err(|error| failed(&error))? {
            requests::Prior::Replay(first) => {
                pb::ForceProfile::decode(first.as_slice()).map_err(|_| fault::internal(STORE))?
            }
            requests::Prior::Conflict => {
                let text = "request id was already used for different content";
                return Err(fault::conflict(REQUEST_ID_REUSED, text));
            }
            requests::Prior::Fresh => {
                let version =
                    profiles::put(&mut tx, &wanted.force, wanted.profile, wanted.early_years).await;
                let profile = wanted.into_wire(version.map_err(|error| failed(&error))?);
                let (answer, at_ms) = (profile.encode_to_vec(), self.clock.now().as_millisecond());
                let id = &request.request_id;
                let kept =
                    requests::record(&mut tx, &caller, id, method, &content, &answer, at_ms).await;
                kept.map_err(|error| failed(&error))?;
                profile
            }
        };
        tx.commit().await.map_err(|error| failed(&error))?;
        Ok(Response::new(pb::SetForceProfileResponse { profile: Some(profile) }))
    }

    async fn list_force_profiles(
        &self,
        _request: Request<pb::ListForceProfilesRequest>,
    ) -> Result<Response<pb::ListForceProfilesResponse>, Status> {
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let agreed = profiles::all(&mut tx).await.map_err(|error| failed(&error))?;
        tx.rollback().await.map_err(|error| failed(&error))?;
        let profiles = agreed.into_iter().map(|(force, agreed)| pb::ForceProfile {
            force_code: force.to_string(),
            recipient_kind: WireKind::School.into(),
            profile: profile_to_wire(agreed.profile).into(),
            early_years: agreed.early_years,
            version: agreed.version,
        });
        Ok(Response::new(pb::ListForceProfilesResponse { profiles: profiles.collect() }))
    }

    async fn get_conservation(
        &self,
        _request: Request<pb::GetConservationRequest>,
    ) -> Result<Response<pb::GetConservationResponse>, Status> {
        Ok(Response::new(decisions::count(&self.store).await.map_err(|error| failed(&error))?))
    }
}

/// What a page of decisions is about.
enum About {
    Incident,
    Referral,
}

/// A page of decisions that was asked for.
struct Page {
    about: About,
    case: CaseId,
    after: After,
    size: i64,
}

impl Page {
    fn of(request: &pb::ListDecisionsRequest) -> Result<Self, Status> {
        let (about, case) = match request.incident.strip_prefix("referrals/") {
            Some(id) => (About::Referral, id.parse().ok()),
            None => (About::Incident, CaseId::from_name(&request.incident).ok()),
        };
        let case = case.ok_or_else(fault::not_found)?;
        let mut wrong = Vec::new();
        let size = match request.page_size {
            0 => 50,
            size @ 1..=500 => i64::from(size),
            _ => {
                wrong.push(Violation::new("page_size", INVALID, "must be 0 to 500"));
                0
            }
        };
        let after = match request.page_token.split_once('.') {
            None if request.page_token.is_empty() => After::default(),
            Some((ms, name)) if ms.parse::<i64>().is_ok() => {
                After { decided_ms: ms.parse().unwrap_or_default(), name: name.to_owned() }
            }
            _ => {
                wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
                After::default()
            }
        };
        if wrong.is_empty() {
            Ok(Self { about, case, after, size })
        } else {
            Err(fault::invalid(INVALID, wrong))
        }
    }
}

/// A profile that was asked for.
struct Wanted {
    force: ForceCode,
    profile: Profile,
    early_years: bool,
}

impl Wanted {
    fn of(request: &pb::SetForceProfileRequest) -> Result<Self, Status> {
        let mut wrong = request_id(&request.request_id, INVALID);
        let wire = request.profile.clone().unwrap_or_default();
        let force = wire.force_code.parse::<ForceCode>();
        if force.is_err() {
            wrong.push(Violation::new(
                "profile.force_code",
                INVALID,
                "must be one of the 43 forces",
            ));
        }
        if wire.recipient_kind() != WireKind::School {
            wrong.push(Violation::new(
                "profile.recipient_kind",
                INVALID,
                "only schools have profiles",
            ));
        }
        let profile = match wire.profile() {
            pb::ContentProfile::Unspecified => {
                wrong.push(Violation::new(
                    "profile.profile",
                    INVALID,
                    "must be MINIMAL, MIDDLE or FULL",
                ));
                None
            }
            pb::ContentProfile::Minimal => Some(Profile::Minimal),
            pb::ContentProfile::Middle => Some(Profile::Middle),
            pb::ContentProfile::Full => Some(Profile::Full),
        };
        match (force, profile) {
            (Ok(force), Some(profile)) if wrong.is_empty() => {
                Ok(Self { force, profile, early_years: wire.early_years })
            }
            _ => Err(fault::invalid(INVALID, wrong)),
        }
    }

    fn content(&self) -> Vec<u8> {
        format!("{}|{}|{}", self.force, self.profile.word(), self.early_years).into_bytes()
    }

    fn into_wire(self, version: i32) -> pb::ForceProfile {
        pb::ForceProfile {
            force_code: self.force.to_string(),
            recipient_kind: WireKind::School.into(),
            profile: profile_to_wire(self.profile).into(),
            early_years: self.early_years,
            version,
        }
    }
}

const fn profile_to_wire(profile: Profile) -> pb::ContentProfile {
    match profile {
        Profile::Minimal => pb::ContentProfile::Minimal,
        Profile::Middle => pb::ContentProfile::Middle,
        Profile::Full => pb::ContentProfile::Full,
    }
}
