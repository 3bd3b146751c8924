//! Putting together what is on record about a child, as far as it is for this organisation to answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use mash_chassis::fault;
use mash_domain::{
    data_class::{ClassSet, DataClass},
    organisation::{OrganisationId, OrganisationKind},
    rights::{
        looked::{self, Look},
        redaction,
    },
};
use mash_ledger::{Entry, Kind};
use mash_policy::{RecipientFacts, Ruleset};
use mash_proto::{
    audit::v1::{ProveCasesResponse, ProvedEntry},
    convert::time_to_wire,
    sharing::v1::{
        AccessClass, AccessClause, AccessEvent, AccessLine, AccessRecord, AccessRedaction,
        Decision, Effect, LedgerProof,
    },
};
use tonic::Status;

use super::{Desk, NO_PROOFS, TOO_MUCH, clauses::Clauses, looks, subject::Subject};
use crate::{
    explain::Reader,
    facts,
    items::file::CaseFile,
    once::failed,
    rulesets::simulate::Recorded,
    store::{
        decisions, items,
        rights::{self as store, LookRow},
        subjects::CaseChild,
    },
};

/// Decisions that one answer holds at most.
const MOST_DECISIONS: i64 = 20_000;
/// Cases that one answer is about at most.
const MOST_CHILDREN: usize = 200;
/// Looks of one case that one answer holds at most.
const MOST_LOOKS: i64 = 5_000;

/// What is on record.
pub(super) struct Assembled {
    /// How many lines.
    pub(super) lines: u32,
    /// By case: its lines, numbered from 1 in order of time over all cases, and the clauses that decided on them.
    pub(super) parts: BTreeMap<String, AccessRecord>,
    /// The checkpoint to which every proof leads; empty if there is no ledger.
    pub(super) checkpoint: String,
    /// The size of the ledger then.
    pub(super) size: i64,
    /// The children in whose cases the organisation has a part.
    pub(super) children: Vec<CaseChild>,
}

/// What this organisation may see of a child's cases.
pub(super) struct Seen {
    /// The children in whose cases it has a part. Nobody may learn of others.
    pub(super) children: BTreeSet<CaseChild>,
    decisions: Vec<Visible>,
    looks: Vec<LookRow>,
}

/// A decision that it may see.
struct Visible {
    decision: Decision,
    facts: Option<RecipientFacts>,
    sender: Option<OrganisationId>,
}

/// What decisions of a case say that bears on who is told who looked. Where nothing is on record it protects.
#[derive(Clone, Copy)]
pub(super) struct Endangered {
    pub(super) live_investigation: bool,
    pub(super) hidden_address: bool,
}

impl Endangered {
    pub(super) fn of<'a>(recorded: impl Iterator<Item = &'a Recorded>) -> Self {
        let facts: Vec<_> = recorded.filter_map(|it| it.facts.as_ref()).collect();
        Self {
            live_investigation: facts.is_empty() || facts.iter().any(|it| it.live_investigation),
            hidden_address: facts.is_empty() || facts.iter().any(|it| it.address_protect != "no"),
        }
    }
}

/// What this organisation may see of this child, without proofs. `None` if it has no part in any case of hers, or nobody
/// knows her: nobody can tell which.
pub(super) async fn see(
    desk: &Desk,
    subject: &Subject,
    controller: &OrganisationId,
) -> Result<Option<Seen>, Status> {
    let mut conn = desk.store.read().await.map_err(|error| failed(&error))?;
    let children = subject.children(&mut conn).await.map_err(|error| failed(&error))?;
    if children.is_empty() {
        return Ok(None);
    }
    if children.len() > MOST_CHILDREN {
        return Err(fault::exhausted(TOO_MUCH, "the child is in more than 200 cases"));
    }
    let cases: BTreeSet<String> = children.iter().map(|child| child.case_id.clone()).collect();
    let cases: Vec<String> = cases.into_iter().collect();
    let forces = store::forces(&mut conn, &cases).await.map_err(|error| failed(&error))?;
    let files = items::read(&mut conn, &cases).await.map_err(|error| failed(&error))?;
    let decisions = decisions::of_cases(&mut conn, &cases, MOST_DECISIONS + 1).await;
    let decisions = decisions.map_err(|error| failed(&error))?;
    if decisions.len() > usize::try_from(MOST_DECISIONS).unwrap_or(usize::MAX) {
        return Err(fault::exhausted(TOO_MUCH, "more than 20,000 decisions are about the child"));
    }
    let mut by_case: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
    for recorded in &decisions {
        by_case.entry(recorded.decision.case_id.as_str()).or_default().push(recorded);
    }
    let mut seen = Seen { children: BTreeSet::new(), decisions: Vec::new(), looks: Vec::new() };
    for child in children {
        let force = forces.get(&child.case_id).and_then(|force| {
            OrganisationId::new(OrganisationKind::PoliceForce, force.as_str()).ok()
        });
        let file = files.get(&child.case_id);
        let recorded = by_case.get(child.case_id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let visible = visible(&child, force.as_ref(), file, recorded, controller);
        let leads = force.as_ref() == Some(controller)
            || file.is_some_and(|file| file.works_the_case(controller));
        let has_part = leads || file.is_some_and(|file| part_of(file, controller));
        if !has_part && visible.is_empty() {
            continue;
        }
        if leads {
            let endangered = Endangered::of(recorded.iter().copied());
            let before = (i64::MAX, String::new());
            let found = store::looks(&mut conn, &child.case_id, &before, MOST_LOOKS).await;
            let found = found.map_err(|error| failed(&error))?;
            // That a notice was opened is a line of its own already: the receipt.
            let hers = |look: &LookRow| {
                let child = look.child_ref.is_empty() || look.child_ref == child.child_ref;
                child && look.look != Look::Notice && look.look != Look::Item
            };
            let told = found
                .into_iter()
                .filter(|look| hers(look) && may_tell(look, controller, endangered));
            seen.looks.extend(told);
        }
        seen.decisions.extend(visible);
        seen.children.insert(child);
    }
    Ok((!seen.children.is_empty()).then_some(seen))
}

fn part_of(file: &CaseFile, controller: &OrganisationId) -> bool {
    file.has_part(controller) || file.items().any(|item| item.from == *controller)
}

/// Whether this organisation, which leads the case, is told of a look.
pub(super) fn may_tell(look: &LookRow, told: &OrganisationId, endangered: Endangered) -> bool {
    let Endangered { live_investigation, hidden_address } = endangered;
    let looked = &look.organisation;
    looked::untold(&looked::Facts { looked, told, live_investigation, hidden_address }).is_none()
}

/// The decisions on this child that this organisation may see, as far as it may see them.
fn visible(
    child: &CaseChild,
    force: Option<&OrganisationId>,
    file: Option<&CaseFile>,
    recorded: &[&Recorded],
    controller: &OrganisationId,
) -> Vec<Visible> {
    let mut visible = Vec::new();
    for Recorded { decision, facts } in recorded {
        let of_item = !decision.item_id.is_empty();
        if !of_item && decision.child_ref != child.child_ref {
            continue;
        }
        let sender = if of_item {
            file.and_then(|file| file.item(&decision.item_id)).map(|item| item.from.clone())
        } else {
            force.cloned()
        };
        let Some(reader) = Reader::of(controller, sender.as_ref(), decision) else { continue };
        let facts = facts.as_ref().and_then(|wire| facts::from_wire(wire).ok());
        visible.push(Visible {
            decision: reader.shown(decision.clone()),
            // What others have said of consent is not for whoever only sent something.
            facts: facts.filter(|_| reader != Reader::Sender),
            sender,
        });
    }
    visible
}

/// Puts it together, with proofs.
pub(super) async fn assemble(
    desk: &Desk,
    subject: &Subject,
    controller: &OrganisationId,
) -> Result<Option<Assembled>, Status> {
    let Some(Seen { children, decisions, looks }) = see(desk, subject, controller).await? else {
        return Ok(None);
    };
    let proved = prove(desk, &children).await?;
    let proofs = Proofs::of(&proved.entries);
    let mut clauses = Clauses::default();
    let mut lines = Vec::new();
    let mut conn = desk.store.read().await.map_err(|error| failed(&error))?;
    let mut released = BTreeMap::new();
    for visible in &decisions {
        let ruleset = desk.rulesets.of_version(&mut conn, &visible.decision.ruleset).await;
        let ruleset = ruleset.map_err(|error| failed(&error))?;
        let line = decision_line(visible, ruleset.as_ref(), controller, &mut clauses, &proofs);
        if !visible.decision.disclosure_id.is_empty() {
            released.insert(visible.decision.disclosure_id.as_str(), visible);
        }
        lines.push((visible.decision.case_id.clone(), line));
    }
    for (entry, proof) in &proofs.receipts {
        let id = entry.subject.split_once('/').map_or("", |(_, id)| id);
        if let Some(visible) = released.get(id) {
            let line = receipt_line(entry, proof, visible, controller);
            lines.extend(line.map(|line| (visible.decision.case_id.clone(), line)));
        }
    }
    lines.extend(looks.iter().map(|look| (look.case_id.clone(), look_line(look, &proofs))));
    lines.sort_by_key(|(_, line)| {
        let at = line.time.as_ref().map_or((0, 0), |time| (time.seconds, time.nanos));
        (at, line.event)
    });
    for (number, (_, line)) in (1..).zip(&mut lines) {
        line.number = number;
    }
    let ProveCasesResponse { size, checkpoint, .. } = proved;
    let children = children.into_iter().collect();
    let number = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let parts = by_case(lines, &clauses.into_words());
    Ok(Some(Assembled { lines: number, parts, checkpoint, size, children }))
}

/// Each case's part of a record, which is kept under its own key.
fn by_case(
    lines: Vec<(String, AccessLine)>,
    clauses: &[AccessClause],
) -> BTreeMap<String, AccessRecord> {
    let mut parts: BTreeMap<String, AccessRecord> = BTreeMap::new();
    for (case, line) in lines {
        parts.entry(case).or_default().lines.push(line);
    }
    for part in parts.values_mut() {
        part.clauses = clauses.to_vec();
        keep_cited(part);
    }
    parts
}

/// Leaves the clauses that its lines name.
pub(super) fn keep_cited(record: &mut AccessRecord) {
    let cited: BTreeSet<(&str, &str)> = record
        .lines
        .iter()
        .flat_map(|line| {
            let clauses = line.classes.iter().flat_map(|class| &class.clauses);
            clauses.map(|clause| (line.ruleset.as_str(), clause.as_str()))
        })
        .collect();
    record.clauses.retain(|it| cited.contains(&(it.ruleset.as_str(), it.clause.as_str())));
}

async fn prove(desk: &Desk, children: &BTreeSet<CaseChild>) -> Result<ProveCasesResponse, Status> {
    let Some(proofs) = &desk.proofs else { return Ok(ProveCasesResponse::default()) };
    let cases: BTreeSet<String> = children.iter().map(|child| child.case_id.clone()).collect();
    proofs.prove(cases.into_iter().collect()).await.map_err(|status| {
        tracing::error!(%status, "the ledger did not prove the entries about a case");
        fault::unavailable(NO_PROOFS, "the ledger cannot be asked for proofs, try again")
    })
}

/// The entries about the cases, by what they are about.
struct Proofs<'a> {
    by_subject: BTreeMap<String, &'a ProvedEntry>,
    receipts: Vec<(Entry, &'a ProvedEntry)>,
}

impl<'a> Proofs<'a> {
    fn of(entries: &'a [ProvedEntry]) -> Self {
        let mut proofs = Self { by_subject: BTreeMap::new(), receipts: Vec::new() };
        for proved in entries {
            let Ok(entry) = Entry::decode(&proved.entry) else { continue };
            match entry.kind {
                Kind::Permitted | Kind::Refused | Kind::Accessed | Kind::BrokeGlass => {
                    proofs.by_subject.insert(entry.subject, proved);
                }
                Kind::Delivered
                | Kind::Opened
                | Kind::Acknowledged
                | Kind::Escalated
                | Kind::Recalled => proofs.receipts.push((entry, proved)),
                Kind::ConsentChanged
                | Kind::AgreementChanged
                | Kind::RulesetActivated
                | Kind::Erased
                | Kind::KeyAdded
                | Kind::KeyRetired
                | Kind::Interrupted => {}
            }
        }
        proofs
    }

    fn find(&self, subject: &str) -> Option<LedgerProof> {
        self.by_subject.get(subject).map(|proved| proof(proved))
    }
}

fn proof(proved: &ProvedEntry) -> LedgerProof {
    LedgerProof { entry: proved.entry.clone(), index: proved.index, hashes: proved.hashes.clone() }
}

fn decision_line(
    visible: &Visible,
    ruleset: Option<&Arc<Ruleset>>,
    controller: &OrganisationId,
    clauses: &mut Clauses,
    proofs: &Proofs<'_>,
) -> AccessLine {
    let Visible { decision, facts, sender } = visible;
    let released = decision.effect == i32::from(Effect::Permit);
    let taken_out = taken_out(decision, sender.as_ref(), controller);
    let kept = decision.classes.iter().filter(|class| {
        taken_out.as_ref().is_none_or(|it| !it.data_classes.contains(&class.data_class))
    });
    let classes = kept.map(|class| AccessClass {
        data_class: class.data_class,
        released: released && class.effect == i32::from(Effect::Permit),
        clauses: match ruleset {
            Some(ruleset) => clauses.of(class, facts.as_ref(), ruleset),
            None => class.rule_ids.clone(),
        },
    });
    AccessLine {
        event: (if released { AccessEvent::Released } else { AccessEvent::Refused }).into(),
        time: decision.decide_time,
        recipient: decision.recipient.clone(),
        sender: shown_sender(sender.as_ref(), taken_out.as_ref()),
        flow: decision.duty_kind.clone(),
        purpose: decision.purpose.clone(),
        classes: classes.collect(),
        reason_codes: decision.reason_codes.clone(),
        basis_codes: decision.basis_codes.clone(),
        citations: decision.citations.clone(),
        masked_details: decision.masked_details.clone(),
        ruleset: decision.ruleset.clone(),
        redaction: taken_out,
        proof: proofs.find(&decision.name),
        ..AccessLine::default()
    }
}

fn taken_out(
    decision: &Decision,
    sender: Option<&OrganisationId>,
    controller: &OrganisationId,
) -> Option<AccessRedaction> {
    let number = |number: i32| u8::try_from(number).ok().and_then(DataClass::from_number);
    let classes: ClassSet =
        decision.classes.iter().filter_map(|class| number(class.data_class)).collect();
    let redaction = redaction::redaction(classes, sender, controller)?;
    Some(AccessRedaction {
        data_classes: redaction.classes.iter().map(|class| class.number().into()).collect(),
        sender: redaction.sender,
        reason_code: redaction::REASON.to_owned(),
    })
}

fn shown_sender(
    sender: Option<&OrganisationId>,
    taken_out: Option<&AccessRedaction>,
) -> Option<mash_proto::r#type::v1::Organisation> {
    let hidden = taken_out.is_some_and(|redaction| redaction.sender);
    sender.filter(|_| !hidden).map(Into::into)
}

/// What a recipient did with what it was sent; nothing if the entry is none of those.
fn receipt_line(
    entry: &Entry,
    proved: &ProvedEntry,
    of: &Visible,
    controller: &OrganisationId,
) -> Option<AccessLine> {
    let event = match entry.kind {
        Kind::Delivered => AccessEvent::Delivered,
        Kind::Opened => AccessEvent::Opened,
        Kind::Acknowledged => AccessEvent::Acknowledged,
        Kind::Escalated => AccessEvent::Escalated,
        Kind::Recalled => AccessEvent::Deleted,
        Kind::Permitted
        | Kind::Refused
        | Kind::ConsentChanged
        | Kind::AgreementChanged
        | Kind::Accessed
        | Kind::BrokeGlass
        | Kind::RulesetActivated
        | Kind::Erased
        | Kind::KeyAdded
        | Kind::KeyRetired
        | Kind::Interrupted => return None,
    };
    let organisation = entry.organisation.parse::<OrganisationId>().ok()?;
    let at = i64::try_from(entry.at_ms).ok();
    let at = at.and_then(|at| Timestamp::from_millisecond(at).ok())?;
    let taken_out = taken_out(&of.decision, of.sender.as_ref(), controller);
    Some(AccessLine {
        event: event.into(),
        time: Some(time_to_wire(at)),
        recipient: Some((&organisation).into()),
        sender: shown_sender(of.sender.as_ref(), taken_out.as_ref()),
        flow: of.decision.duty_kind.clone(),
        purpose: of.decision.purpose.clone(),
        proof: Some(proof(proved)),
        ..AccessLine::default()
    })
}

fn look_line(look: &LookRow, proofs: &Proofs<'_>) -> AccessLine {
    AccessLine {
        event: AccessEvent::Looked.into(),
        time: Some(time_to_wire(look.at)),
        recipient: Some((&look.organisation).into()),
        reason_codes: vec![look.look.word().to_owned()],
        proof: proofs.find(&looks::subject(&look.id)),
        ..AccessLine::default()
    }
}
