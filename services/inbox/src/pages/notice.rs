//! One notice, and what can be done with it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use mash_education::InboxRefusal;
use mash_proto::education::v1::{
    AcknowledgeNoticeRequest, ConfirmDeletionRequest, ConfirmRollRequest, Notice, NoticeState,
    RecordSupportRequest, RejectNoticeRequest,
};
use uuid::Uuid;

use super::{
    Fact, Facts, Page, done,
    fault::Fault,
    render,
    view::{self, Advice, Row},
};
use crate::{
    Hub, dates,
    visitor::{Fields, Session, Visitor},
};

#[derive(Template)]
#[template(path = "notice.html")]
struct Shown {
    page: Page,
    href: String,
    request: String,
    revision: i32,
    state: String,
    colour: &'static str,
    late: bool,
    warnings: Vec<String>,
    facts: Vec<Fact>,
    sealed: bool,
    advice: Option<Advice>,
    told: Vec<Fact>,
    notes: Vec<Fact>,
    to_do: bool,
    may_acknowledge: bool,
    may_confirm_deletion: bool,
    may_support: bool,
    may_keep: bool,
    may_reject: bool,
    support: Vec<Fact>,
    history_heading: Option<String>,
    history: Vec<Row>,
}

/// The notice with what may be shown of it.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let (t, now) = (visitor.t, hub.clock.now());
    let notice = hub.education.get(&session.caller, &format!("notices/{id}")).await?;
    let school = session.person.desks.is_empty();
    let content = notice.content.as_ref().filter(|_| !notice.sealed);
    let open = content.is_some();
    let mut history = Vec::new();
    let mut history_heading = None;
    if open && school {
        let others = hub.education.history(&session.caller, &notice).await?;
        history_heading = Some(match others.len() {
            0 => t.say("notice-history-none"),
            count => t.count("notice-history-item", count),
        });
        history = others.iter().map(|listed| view::row(t, listed, now, None)).collect();
    }
    let (state, colour) = view::state(t, &notice);
    let acknowledged = notice.state() == NoticeState::Acknowledged;
    let current = acknowledged && notice.acknowledged_revision == notice.revision;
    let waits = mash_education::is_open(&notice);
    render(&Shown {
        page: Page::new(&visitor, title(&visitor, &notice)),
        href: view::href(&notice),
        request: Uuid::new_v4().to_string(),
        revision: notice.revision,
        state,
        colour,
        late: view::late(&notice, now),
        warnings: warnings(&visitor, &notice, school),
        // Her name is the heading.
        facts: facts(&hub, &visitor, &notice, now)
            .await?
            .into_iter()
            .filter(|fact| fact.term != t.say("notice-name"))
            .collect(),
        sealed: notice.sealed && school && notice.content.is_some(),
        advice: content.and_then(|content| view::advice(t, content)).filter(|_| school),
        told: content.map(|content| view::told(t, content, now)).unwrap_or_default(),
        notes: notes(&hub, &visitor, session, &notice).await?,
        to_do: open && school,
        may_acknowledge: open && (waits || (acknowledged && !current)),
        may_confirm_deletion: notice.state() == NoticeState::Recalled,
        may_support: open && school && acknowledged,
        may_keep: open,
        may_reject: open && school,
        support: mash_education::SUPPORT_CODES
            .iter()
            .map(|code| Fact { term: (*code).to_owned(), value: t.say(&format!("support-{code}")) })
            .collect(),
        history_heading,
        history,
    })
}

fn title(visitor: &Visitor, notice: &Notice) -> String {
    let child = notice.content.as_ref().and_then(|content| content.child.as_ref());
    match child.map(view::name).filter(|name| !name.is_empty()) {
        Some(child) => visitor.t.arg("notice-title-child", "child", child),
        None => visitor.t.say("notice-title"),
    }
}

fn warnings(visitor: &Visitor, notice: &Notice, school: bool) -> Vec<String> {
    let t = visitor.t;
    let mut warnings = Vec::new();
    let stub = notice.content.as_ref().and_then(|content| content.incident.as_ref());
    match notice.state() {
        NoticeState::Recalled => {
            warnings.push(t.say("notice-wiped-recalled"));
            warnings.push(t.say("notice-wiped-recalled-text"));
        }
        NoticeState::Deleted => warnings.push(t.say("notice-wiped-deleted")),
        NoticeState::Rejected => {
            warnings.push(t.say("notice-wiped-rejected"));
            warnings.push(t.say("notice-wiped-rejected-text"));
        }
        NoticeState::Escalated if school => warnings.push(t.say("notice-escalated")),
        NoticeState::Escalated if notice.content.is_none() => {
            warnings.push(t.say("notice-escalated-desk"));
        }
        NoticeState::Acknowledged if notice.acknowledged_revision < notice.revision => {
            warnings.push(t.say("notice-revision-changed"));
        }
        NoticeState::Unspecified
        | NoticeState::Delivered
        | NoticeState::Opened
        | NoticeState::Acknowledged
        | NoticeState::Escalated => (),
    }
    if notice.calendar_uncertain {
        warnings.push(t.say("calendar-uncertain"));
    }
    if stub.is_some_and(|stub| stub.police_matter) {
        warnings.push(t.say("notice-police-matter"));
    }
    warnings
}

/// The name of a contact of the reader's organisation, or her id if she is no longer there.
pub(super) async fn named(hub: &Hub, session: &Session, id: &str) -> Result<String, Fault> {
    let found = hub.education.person(&session.caller.organisation, id).await?;
    Ok(found.map_or_else(|| id.to_owned(), |person| person.contact.full_name))
}

/// The head of a notice: who, by when, and where it stands.
pub(super) async fn facts(
    hub: &Hub,
    visitor: &Visitor,
    notice: &Notice,
    now: Timestamp,
) -> Result<Vec<Fact>, Fault> {
    let (t, session) = (visitor.t, visitor.session()?);
    let mut facts = Facts::default();
    view::identity(t, notice.content.as_ref(), &mut facts);
    facts.add(t.say("notice-deliver-by"), view::bell(t, notice, now));
    let received = view::instant(notice.receive_time.as_ref());
    let received = received.map(|at| dates::moment(t, at, now));
    facts.add(t.say("notice-received"), received.unwrap_or_default());
    let stub = notice.content.as_ref().and_then(|content| content.incident.as_ref());
    let reference = stub.map(|stub| stub.police_reference.clone());
    facts.add(t.say("notice-reference"), reference.unwrap_or_default());
    if let Some(at) = view::instant(notice.acknowledge_time.as_ref()) {
        let by = named(hub, session, &notice.acknowledged_by).await?;
        let time = dates::moment(t, at, now);
        let said = t.args("notice-acknowledged", &[("by", &by), ("time", &time)]);
        facts.add(t.say("notice-status"), said);
    } else if let Some(at) = view::instant(notice.roll_confirm_time.as_ref()) {
        let by = named(hub, session, &notice.roll_confirmed_by).await?;
        let time = dates::moment(t, at, now);
        let said = t.args("notice-roll-confirmed", &[("by", &by), ("time", &time)]);
        facts.add(t.say("notice-status"), said);
    }
    if !session.person.desks.is_empty() {
        facts.add(t.say("desk-reason"), view::diversion(t, notice));
        if !notice.escalated_to.is_empty() {
            let owner = named(hub, session, &notice.escalated_to).await?;
            facts.add(t.say("desk-owner"), owner);
        }
        let school = notice.establishment.trim_start_matches("establishments/");
        facts.add(t.say("desk-school"), school);
    }
    Ok(facts.0)
}

async fn notes(
    hub: &Hub,
    visitor: &Visitor,
    session: &Session,
    notice: &Notice,
) -> Result<Vec<Fact>, Fault> {
    let (t, now) = (visitor.t, hub.clock.now());
    let mut facts = Facts::default();
    for note in &notice.notes {
        let by = named(hub, session, &note.practitioner).await?;
        let at = view::instant(note.note_time.as_ref());
        let at = at.map(|at| dates::moment(t, at, now)).unwrap_or_default();
        let done = note.support_codes.iter().map(|code| t.code("support-", code, "support-other"));
        let lines = done.chain([note.note.clone()]).filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.collect();
        let kind = t.code("note-", &note.kind, "note-support");
        facts.add(format!("{kind}: {by}, {at}"), lines.join("\n"));
    }
    Ok(facts.0)
}

#[derive(Template)]
#[template(path = "print.html")]
struct Print {
    page: Page,
    href: String,
    advice: Option<Advice>,
    facts: Vec<Fact>,
    told: Vec<Fact>,
}

/// The notice for paper.
pub(crate) async fn print(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let notice = hub.education.get(&session.caller, &format!("notices/{id}")).await?;
    let content = notice.content.as_ref().filter(|_| !notice.sealed).ok_or(Fault::NotFound)?;
    render(&Print {
        page: Page::new(&visitor, title(&visitor, &notice)),
        href: view::href(&notice),
        advice: view::advice(visitor.t, content),
        // Paper is read on other days: no time is told without its day.
        facts: facts(&hub, &visitor, &notice, Timestamp::MIN).await?,
        told: view::told(visitor.t, content, Timestamp::MIN),
    })
}

#[derive(Template)]
#[template(path = "not_ours.html")]
struct NotOurs {
    page: Page,
    href: String,
    request: String,
    facts: Vec<Fact>,
}

/// Asks whether the child is really not on the roll.
pub(crate) async fn not_ours(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let notice = hub.education.get(&session.caller, &format!("notices/{id}")).await?;
    if notice.content.is_none() || !session.person.desks.is_empty() {
        return Err(Fault::NotFound);
    }
    let mut facts = Facts::default();
    view::identity(visitor.t, notice.content.as_ref(), &mut facts);
    render(&NotOurs {
        page: Page::new(&visitor, visitor.t.say("notice-reject-title")),
        href: view::href(&notice),
        request: Uuid::new_v4().to_string(),
        facts: facts.0,
    })
}

/// The way back to the notice, which says what was done or why not.
fn back(id: &str, what: &str, outcome: Result<(), InboxRefusal>) -> Result<Response, Fault> {
    let name = Notice { name: format!("notices/{id}"), ..Notice::default() };
    let href = view::href(&name);
    match outcome {
        Ok(()) if what.is_empty() => Ok(Redirect::to(&href).into_response()),
        Ok(()) => Ok(done(&href, what)),
        Err(InboxRefusal::Stale) => Ok(done(&href, "stale")),
        Err(InboxRefusal::State(_) | InboxRefusal::Sealed) => Ok(done(&href, "not-allowed")),
        Err(InboxRefusal::Invalid(faults)) if faults.iter().any(|(field, _)| field == "note") => {
            Ok(done(&href, "long-note"))
        }
        Err(InboxRefusal::Invalid(faults))
            if faults.iter().any(|(field, _)| field == "support_codes") =>
        {
            Ok(done(&href, "no-support"))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The child is on the roll.
pub(crate) async fn confirm_roll(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let name = format!("notices/{id}");
    let request = ConfirmRollRequest { request_id: fields.get("request").to_owned(), name };
    back(&id, "roll", hub.education.confirm_roll(&visitor.session()?.caller, request).await)
}

/// The child is not on the roll.
pub(crate) async fn reject(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let name = format!("notices/{id}");
    let request = RejectNoticeRequest { request_id: fields.get("request").to_owned(), name };
    back(&id, "", hub.education.reject(&visitor.session()?.caller, request).await)
}

/// A person has it and acts on it.
pub(crate) async fn acknowledge(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let request = AcknowledgeNoticeRequest {
        request_id: fields.get("request").to_owned(),
        name: format!("notices/{id}"),
        revision: fields.get("revision").parse().map_err(|_| Fault::BadRequest)?,
        note: fields.get("note").to_owned(),
    };
    back(&id, "acknowledged", hub.education.acknowledge(&visitor.session()?.caller, request).await)
}

/// The school did something for the child.
pub(crate) async fn support(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let request = RecordSupportRequest {
        request_id: fields.get("request").to_owned(),
        name: format!("notices/{id}"),
        support_codes: fields.all("support"),
        note: fields.get("note").to_owned(),
    };
    back(&id, "support", hub.education.record_support(&visitor.session()?.caller, request).await)
}

/// Copies of a notice that was taken back are deleted.
pub(crate) async fn deleted(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let name = format!("notices/{id}");
    let request = ConfirmDeletionRequest { request_id: fields.get("request").to_owned(), name };
    back(&id, "deleted", hub.education.confirm_deletion(&visitor.session()?.caller, request).await)
}
