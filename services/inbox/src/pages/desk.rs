//! What a duty desk has to see to besides its notices, and who of it has taken what.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use jiff::Timestamp;
use mash_education::InboxRefusal;
use mash_proto::education::v1::{CompleteDutyRequest, Duty, ListDutiesRequest, TakeDutyRequest};
use uuid::Uuid;

use super::{
    Fact, Facts, done,
    fault::Fault,
    notice, notices,
    view::{self, Officer, Take},
};
use crate::{
    Hub, dates,
    texts::Texts,
    visitor::{Fields, Session, Visitor},
};

/// On one page.
const DUTIES: i32 = 100;

/// Something to be seen to, in a list.
pub(crate) struct DutyRow {
    pub(crate) heading: String,
    /// What to do.
    pub(crate) text: String,
    /// Whether its time has passed.
    pub(crate) late: bool,
    pub(crate) facts: Vec<Fact>,
    pub(crate) take: Option<Take>,
    /// The form by which whoever has taken it says that it was seen to.
    pub(crate) done: Option<SeenTo>,
}

/// A form that says that something was seen to.
pub(crate) struct SeenTo {
    pub(crate) request: String,
    pub(crate) name: String,
}

/// The oldest of them, and whether there are more; none for an officer of another desk.
pub(super) async fn duties(hub: &Hub, session: &Session) -> Result<(Vec<Duty>, bool), Fault> {
    let request = ListDutiesRequest { page_size: DUTIES, page_token: String::new() };
    match hub.education.duties(&session.caller, request).await {
        Ok(answer) => Ok((answer.duties, !answer.next_page_token.is_empty())),
        Err(InboxRefusal::NotFound) => Ok((Vec::new(), false)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// One of them in words.
pub(super) fn row(t: Texts, duty: &Duty, officer: &Officer<'_>, now: Timestamp) -> DutyRow {
    let taken = view::instant(duty.take_time.as_ref());
    let due = view::instant(duty.due_time.as_ref());
    let moment = |at: Option<Timestamp>| at.map(|at| dates::moment(t, at, now));
    let number = duty.establishment.trim_start_matches("establishments/");
    let school = match duty.display_name.as_str() {
        "" => number.to_owned(),
        name => format!("{name} ({number})"),
    };
    let sent_back = duty.duty_code == "sent-back";
    let (heading, text) = match (sent_back, school.is_empty()) {
        (true, _) => (t.arg("duty-sent-back", "school", &school), "duty-sent-back-text"),
        (false, false) => (t.arg("duty-unreadable", "school", &school), "duty-unreadable-text"),
        (false, true) => (t.say("duty-unreadable-own"), "duty-unreadable-own-text"),
    };
    let mut facts = Facts::default();
    facts.add(t.say("desk-owner"), officer.owner(t, &duty.owner, taken, now));
    let late = due.is_some_and(|due| due <= now);
    let clock = moment(due).unwrap_or_default();
    let clock = if late { t.arg("desk-clock-passed", "time", clock) } else { clock };
    facts.add(t.say("duty-due"), clock);
    let since = moment(view::instant(duty.arise_time.as_ref()));
    facts.add(t.say("duty-since"), since.unwrap_or_default());
    facts.add(t.say("duty-code"), duty.error_code.clone());
    let holder = if taken.is_some() { duty.owner.as_str() } else { "" };
    let hers = holder == officer.own;
    let seen_to = || SeenTo { request: Uuid::new_v4().to_string(), name: duty.name.clone() };
    DutyRow {
        heading,
        text: t.say(text),
        late,
        facts: facts.0,
        take: officer.take(t, &duty.name, holder),
        done: (sent_back && hers).then(seen_to),
    }
}

/// The officer takes it; if somebody else has it by now, she is told who.
pub(crate) async fn take(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let request = TakeDutyRequest {
        request_id: fields.get("request").to_owned(),
        name: fields.get("name").to_owned(),
        instead_of: fields.get("instead_of").to_owned(),
    };
    match hub.education.take_duty(&session.caller, request).await {
        Ok(()) => Ok(done("/notices", "duty-taken")),
        Err(InboxRefusal::Taken(by)) => {
            let officer = notice::named(&hub, session, &by).await?;
            let text = visitor.t.arg("desk-taken-by", "officer", officer);
            notices::with_problem(&hub, &visitor, text).await
        }
        Err(InboxRefusal::State(_)) => Ok(done("/notices", "not-allowed")),
        Err(refusal) => Err(refusal.into()),
    }
}

/// What the officer has taken was seen to.
pub(crate) async fn seen_to(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let request = CompleteDutyRequest {
        request_id: fields.get("request").to_owned(),
        name: fields.get("name").to_owned(),
    };
    match hub.education.complete_duty(&visitor.session()?.caller, request).await {
        Ok(()) => Ok(done("/notices", "duty-done")),
        Err(InboxRefusal::NotTaken) => Ok(done("/notices", "duty-not-taken")),
        Err(refusal) => Err(refusal.into()),
    }
}
