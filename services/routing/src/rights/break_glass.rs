//! The service `mash.sharing.v1.BreakGlassService`: life over policy, on record.
//!
//! Nothing here asks a rule or the bus. A record is read from this store, in the transaction in which it is written down
//! that somebody read it.

mod wire;

use std::{collections::BTreeSet, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use mash_chassis::{
    Caller, Clock,
    fault::{self, Violation},
};
use mash_domain::{
    organisation::{OrganisationId, OrganisationKind},
    rights::{
        break_glass::{Glass, Urgency, Verdict},
        looked::Look,
        subject_access::Because,
    },
};
use mash_ledger::Kind;
use mash_proto::{
    envelope::event_id,
    referral::v1::ItemKind,
    sharing::v1::{
        self as pb, BreakGlassVerdict, Effect, break_glass_service_server::BreakGlassService,
    },
};
use mash_store::{Store, StoreError, Tx};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use self::wire::{because, item_to_wire, named, page, refuse, to_wire};
use super::{FAULTY_GLASS as INVALID, NOT_AN_OFFICER, looks::looks, subject::Subject};
use crate::{
    once::{Begun, Call, failed, request_id},
    pseudonym::Pseudonymiser,
    store::{
        break_glass::{self as store, Concerned, Kept, Which},
        decisions,
        evidence::{self, Happening},
        items, rights,
        subjects::CaseChild,
    },
};

/// Raised when glass was broken, in this process.
const SIGNAL: &str = "routing/break-glass";
/// How soon a use is told that another process committed.
const FALLBACK: Duration = Duration::from_secs(1);
/// Uses that wait for a slow reader.
const AHEAD: usize = 16;
/// Uses told at a time.
const TOLD: i64 = 200;
/// Cases of one child.
const MOST_CASES: usize = 200;
/// Decisions that say who holds something.
const MOST_DECISIONS: i64 = 20_000;

/// Serves broken glass.
#[derive(Clone)]
pub struct BreakGlassApi {
    store: Store,
    clock: Arc<dyn Clock>,
    pseudonymiser: Pseudonymiser,
}

impl BreakGlassApi {
    /// Over this store.
    #[must_use]
    pub fn new((store, clock): (Store, Arc<dyn Clock>), pseudonymiser: Pseudonymiser) -> Self {
        Self { store, clock, pseudonymiser }
    }

    fn call<'a>(
        &'a self,
        caller: &Caller,
        method: &'static str,
        request_id: &'a str,
        request: &impl prost::Message,
    ) -> Call<'a> {
        Call::new((&self.store, &self.clock), caller, method, request_id, request)
    }

    /// Every case of the child, or that there is none.
    async fn children(&self, subject: &Subject) -> Result<BTreeSet<CaseChild>, Status> {
        let mut conn = self.store.read().await.map_err(|error| failed(&error))?;
        let children = subject.children(&mut conn).await.map_err(|error| failed(&error))?;
        // Whoever was named is a child only if the case has her: glass is not broken over a whole case.
        let mut found = BTreeSet::new();
        for child in children {
            if store::is_child(&mut conn, &child).await.map_err(|error| failed(&error))? {
                found.insert(child);
            }
            // No child has more. What is left out is in the lists of those who hold it.
            if found.len() == MOST_CASES {
                break;
            }
        }
        Ok(found)
    }

    /// Every use that an organisation has not heard of, the latest first.
    async fn unheard(&self, by: &OrganisationId) -> Result<Vec<(Kept, Vec<String>)>, StoreError> {
        let mut conn = self.store.read().await?;
        let mut all = Vec::new();
        let mut before = (i64::MAX, String::new());
        loop {
            let page = store::list(&mut conn, by, Which::Unheard, &before, TOLD).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            before = (last.glass.because.at.as_millisecond(), last.id.clone());
            all.extend(page);
        }
    }

    /// Sends uses that the watcher has not heard of, each once, until it goes.
    async fn follow(
        &self,
        organisation: &OrganisationId,
        watcher: &mpsc::Sender<Result<pb::WatchBreakGlassResponse, Status>>,
    ) -> Result<(), StoreError> {
        let mut broken = self.store.signal(SIGNAL);
        let mut sent = BTreeSet::new();
        loop {
            // What is committed from here on wakes us again, so nothing falls between the look and the wait.
            broken.clear();
            let uses = self.unheard(organisation).await?;
            for (kept, cases) in uses.into_iter().rev() {
                if !sent.insert(kept.id.clone()) {
                    continue;
                }
                let answer =
                    pb::WatchBreakGlassResponse { break_glass: Some(to_wire(&kept, cases)) };
                if watcher.send(Ok(answer)).await.is_err() {
                    return Ok(());
                }
            }
            tokio::select! {
                () = watcher.closed() => return Ok(()),
                _ = broken.wait(FALLBACK) => (),
            }
        }
    }
}

#[tonic::async_trait]
impl BreakGlassService for BreakGlassApi {
    type WatchBreakGlassStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchBreakGlassResponse, Status>> + Send>>;

    async fn break_glass(
        &self,
        request: Request<pb::BreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlassResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let subject = Subject::of(request.child.as_ref(), &self.pseudonymiser);
        let subject =
            subject.map_err(|violation| wrong.push(Violation { code: INVALID, ..violation })).ok();
        let because = because(&caller, &request.reason, self.clock.now(), &mut wrong);
        let (Some(subject), Some(because), true) = (subject, because, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        // The number is not kept, not even as a part of a hash that could be tried out.
        request.child = Some(pb::ChildSelector {
            child: Some(pb::child_selector::Child::Subject(subject.name())),
        });
        let call = self.call(&caller, "BreakGlass", &request.request_id, &request);
        let children = self.children(&subject).await?;
        if children.is_empty() {
            return Err(fault::not_found());
        }
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let urgency = if request.life_at_risk { Urgency::LifeAtRisk } else { Urgency::Pressing };
        let because = Because { at: now, ..because };
        let unreviewed = store::unreviewed(&mut tx, &caller.organisation).await;
        let unreviewed = unreviewed.map_err(|error| failed(&error))?;
        let glass = Glass::broken(caller.organisation.clone(), because, urgency, unreviewed);
        let glass = glass.map_err(refuse)?;
        let id = event_id(&["break-glass", &call.by, &request.request_id]).to_string();
        let kept = Kept { id, glass };
        let written = write(&mut tx, &kept, &children, now).await;
        let told = written.map_err(|error| failed(&error))?;
        // An alarm, not a note: whoever is on duty for the hub reads it too.
        tracing::warn!(
            break_glass.id = kept.id,
            organisation = %caller.organisation,
            life_at_risk = request.life_at_risk,
            told = told,
            "glass was broken"
        );
        let names = children.iter().map(CaseChild::name).collect();
        let break_glass = Some(to_wire(&kept, names));
        call.finish(tx, now, pb::BreakGlassResponse { break_glass }).await
    }

    async fn read_behind_glass(
        &self,
        request: Request<pb::ReadBehindGlassRequest>,
    ) -> Result<Response<pb::ReadBehindGlassResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = named(&request.name)?;
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let kept = store::hold(&mut tx, id, &caller.organisation).await;
        let kept = kept.map_err(|error| failed(&error))?;
        let hers = |kept: &Kept| caller.practitioner.as_ref() == Some(&kept.glass.because.by);
        let kept = kept.filter(hers).ok_or_else(fault::not_found)?;
        let now = self.clock.now();
        kept.glass.read(now).map_err(refuse)?;
        let answer = behind(&mut tx, id).await.map_err(|error| failed(&error))?;
        let children = store::children(&mut tx, id).await.map_err(|error| failed(&error))?;
        let children: Vec<CaseChild> = children.into_iter().collect();
        let looked = looks(&mut tx, &caller, Look::BehindGlass, &children, now).await;
        looked.map_err(|error| failed(&error))?;
        tx.commit().await.map_err(|error| failed(&error))?;
        Ok(Response::new(answer))
    }

    async fn review_break_glass(
        &self,
        request: Request<pb::ReviewBreakGlassRequest>,
    ) -> Result<Response<pb::ReviewBreakGlassResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let mut wrong = request_id(&request.request_id, INVALID);
        let verdict = match request.verdict() {
            BreakGlassVerdict::Justified => Some(Verdict::Justified),
            BreakGlassVerdict::NotJustified => Some(Verdict::NotJustified),
            BreakGlassVerdict::Unspecified => {
                wrong.push(Violation::new("verdict", INVALID, "must say what the review came to"));
                None
            }
        };
        let because = because(&caller, &request.reason, self.clock.now(), &mut wrong);
        let (Some(verdict), Some(because), true) = (verdict, because, wrong.is_empty()) else {
            return Err(fault::invalid(INVALID, wrong));
        };
        let id = named(&request.name)?;
        let call = self.call(&caller, "ReviewBreakGlass", &request.request_id, &request);
        let (mut tx, now) = match call.begin().await? {
            Begun::Fresh(tx, now) => (tx, now),
            Begun::Replay(answer) => return Ok(Response::new(answer)),
        };
        let officer = rights::is_officer(tx.conn(), &caller.organisation, &because.by).await;
        if !officer.map_err(|error| failed(&error))? {
            let text = "the practitioner is no data protection officer of the organisation";
            return Err(fault::permission_denied(NOT_AN_OFFICER, text));
        }
        let because = Because { at: now, ..because };
        let held = store::hold(&mut tx, id, &caller.organisation).await;
        let mut kept = held.map_err(|error| failed(&error))?.ok_or_else(fault::not_found)?;
        kept.glass.reviewed(verdict, because.clone()).map_err(refuse)?;
        let written = write_review(&mut tx, &kept, (verdict, &because)).await;
        let children = written.map_err(|error| failed(&error))?;
        let names = children.iter().map(CaseChild::name).collect();
        let break_glass = Some(to_wire(&kept, names));
        call.finish(tx, now, pb::ReviewBreakGlassResponse { break_glass }).await
    }

    async fn list_break_glass(
        &self,
        request: Request<pb::ListBreakGlassRequest>,
    ) -> Result<Response<pb::ListBreakGlassResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (before, size) = page(&request.into_inner())?;
        let mut conn = self.store.read().await.map_err(|error| failed(&error))?;
        let found =
            store::list(&mut conn, &caller.organisation, Which::All, &before, size + 1).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let next_page_token =
            found.last().filter(|_| more).map_or_else(String::new, |(last, _)| {
                format!("{}.{}", last.glass.because.at.as_millisecond(), last.id)
            });
        let break_glass = found.into_iter().map(|(kept, cases)| to_wire(&kept, cases)).collect();
        Ok(Response::new(pb::ListBreakGlassResponse { break_glass, next_page_token }))
    }

    async fn watch_break_glass(
        &self,
        request: Request<pb::WatchBreakGlassRequest>,
    ) -> Result<Response<Self::WatchBreakGlassStream>, Status> {
        let caller = Caller::of(&request)?;
        let (watcher, uses) = mpsc::channel(AHEAD);
        let api = self.clone();
        tokio::spawn(async move {
            if let Err(error) = api.follow(&caller.organisation, &watcher).await {
                // A watcher that is gone needs no answer.
                drop(watcher.send(Err(failed(&error))).await);
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(uses))))
    }

    async fn acknowledge_break_glass(
        &self,
        request: Request<pb::AcknowledgeBreakGlassRequest>,
    ) -> Result<Response<pb::AcknowledgeBreakGlassResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let id = named(&request.name)?;
        let mut tx = self.store.begin().await.map_err(|error| failed(&error))?;
        let heard = store::heard(&mut tx, id, &caller.organisation, self.clock.now()).await;
        if !heard.map_err(|error| failed(&error))? {
            return Err(fault::not_found());
        }
        tx.commit().await.map_err(|error| failed(&error))?;
        Ok(Response::new(pb::AcknowledgeBreakGlassResponse {}))
    }
}

/// Writes a use, tells everybody whom it concerns, and the ledger. How many are told.
async fn write(
    tx: &mut Tx,
    kept: &Kept,
    children: &BTreeSet<CaseChild>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut concerned = concerned(tx, children).await?;
    concerned.insert(kept.glass.organisation.clone(), children.clone());
    store::put(tx, kept, children, &concerned).await?;
    tell_the_ledger(tx, kept, children, ("", now)).await?;
    tx.signal_on_commit(SIGNAL);
    Ok(concerned.len() - 1)
}

/// Writes a review, and tells the ledger. The child of the use, in each of her cases.
async fn write_review(
    tx: &mut Tx,
    kept: &Kept,
    (verdict, because): (Verdict, &Because),
) -> Result<BTreeSet<CaseChild>, StoreError> {
    store::reviewed(tx, &kept.id, (verdict, because)).await?;
    let children = store::children(tx, &kept.id).await?;
    tell_the_ledger(tx, kept, &children, (verdict.word(), because.at)).await?;
    Ok(children)
}

/// An entry for each of the child's cases: that glass was broken, or what a review of it came to.
async fn tell_the_ledger(
    tx: &mut Tx,
    kept: &Kept,
    children: &BTreeSet<CaseChild>,
    (verdict, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    let names = children.iter().map(CaseChild::name).collect();
    let content = to_wire(kept, names).encode_to_vec();
    let cases: BTreeSet<&str> = children.iter().map(|child| child.case_id.as_str()).collect();
    let happenings: Vec<Happening> = cases
        .into_iter()
        .map(|case| Happening {
            kind: Kind::BrokeGlass,
            at,
            organisation: kept.glass.organisation.to_string(),
            case: case.to_owned(),
            subject: format!("breakGlass/{}", kept.id),
            ruleset: String::new(),
            nonce: [case, verdict].join("/"),
            content: content.clone(),
        })
        .collect();
    evidence::record(tx, &happenings).await
}

/// Whoever told something in these cases, or works one, with the cases in which it has a part.
async fn concerned(tx: &mut Tx, children: &BTreeSet<CaseChild>) -> Result<Concerned, StoreError> {
    let mut concerned = Concerned::new();
    let cases: Vec<String> = children.iter().map(|child| child.case_id.clone()).collect();
    let forces = rights::forces(tx.conn(), &cases).await?;
    let files = items::read(tx, &cases).await?;
    for child in children {
        let mut has_part = |organisation: OrganisationId| {
            concerned.entry(organisation).or_default().insert(child.clone());
        };
        if let Some(force) = forces.get(&child.case_id)
            && let Ok(force) = OrganisationId::new(OrganisationKind::PoliceForce, force.as_str())
        {
            has_part(force);
        }
        let Some(file) = files.get(&child.case_id) else { continue };
        for item in file.items() {
            has_part(item.from.clone());
        }
        let works = |kind: ItemKind| kind == ItemKind::Referral;
        for release in file.releases().filter(|release| works(release.kind)) {
            has_part(release.recipient.clone());
        }
    }
    Ok(concerned)
}

/// What is held about the child of a use.
async fn behind(tx: &mut Tx, id: &str) -> Result<pb::ReadBehindGlassResponse, StoreError> {
    let children = store::children(tx, id).await?;
    let cases: BTreeSet<String> = children.iter().map(|child| child.case_id.clone()).collect();
    let cases: Vec<String> = cases.into_iter().collect();
    let mut answer = pb::ReadBehindGlassResponse::default();
    for case in &cases {
        let (incident, items) = store::behind(tx, case).await?;
        let hers =
            |r#ref: &str| children.iter().any(|it| it.case_id == *case && it.child_ref == r#ref);
        answer.incidents.extend(incident.map(|mut incident| {
            // Other children's records are not what the glass was broken for.
            incident.children.retain(|child| hers(&child.r#ref));
            for adult in &mut incident.adults {
                adult.relationships.retain(|it| hers(&it.child_ref));
            }
            incident
        }));
        answer.items.extend(items.into_iter().map(item_to_wire));
    }
    let mut holders = concerned(tx, &children).await?.into_keys().collect::<BTreeSet<_>>();
    for recorded in decisions::of_cases(tx, &cases, MOST_DECISIONS).await? {
        let decision = recorded.decision;
        let about = children.iter().any(|child| {
            child.case_id == decision.case_id
                && (child.child_ref.is_empty() || child.child_ref == decision.child_ref)
        });
        if about && decision.effect() == Effect::Permit {
            let recipient = decision.recipient.and_then(|it| OrganisationId::try_from(it).ok());
            holders.extend(recipient);
        }
    }
    answer.holders = holders.iter().map(Into::into).collect();
    Ok(answer)
}
