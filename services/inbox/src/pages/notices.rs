//! The list: what waits first, the earliest time first.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use mash_proto::education::v1::ListNoticesRequest;
use serde::Deserialize;

use super::{
    Page, Problem,
    desk::{self, DutyRow},
    fault::Fault,
    notice, render,
    view::{self, Officer, Row},
};
use crate::{Hub, visitor::Visitor};

/// What waits, and what was dealt with, on one page.
const WAITING: i32 = 100;
const DONE: usize = 30;

/// Where a page begins: of what waits, or of what was dealt with.
#[derive(Default, Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    after: String,
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    page: Page,
    desk: bool,
    heading: String,
    waiting: Vec<Row>,
    duties_heading: String,
    duties: Vec<DutyRow>,
    more_duties: bool,
    done: Vec<Row>,
    first: bool,
    next: Option<String>,
}

/// The notices of a key adult, or what is at the desks of an officer.
pub(crate) async fn list(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Query(place): Query<Place>,
) -> Result<Response, Fault> {
    render(&listed(&hub, &visitor, place).await?)
}

/// The list from its beginning, with a problem above it.
pub(super) async fn with_problem(
    hub: &Hub,
    visitor: &Visitor,
    text: String,
) -> Result<Response, Fault> {
    let mut list = listed(hub, visitor, Place::default()).await?;
    "/notices".clone_into(&mut list.page.path);
    list.page.error = Some(Problem { field: "", text });
    let mut response = render(&list)?;
    *response.status_mut() = http::StatusCode::CONFLICT;
    Ok(response)
}

async fn listed(hub: &Hub, visitor: &Visitor, place: Place) -> Result<Notices, Fault> {
    let session = visitor.session()?;
    let (t, now) = (visitor.t, hub.clock.now());
    let desk = !session.person.desks.is_empty();
    let first = place.after.is_empty() && place.before.is_empty();
    // Everything that waits comes before anything that was dealt with, however much of that there is.
    let (mut waiting, more) = if place.before.is_empty() {
        let (page_size, open_only) = (WAITING, true);
        let request = ListNoticesRequest { page_size, page_token: place.after.clone(), open_only };
        hub.education.list(&session.caller, request).await?
    } else {
        (Vec::new(), String::new())
    };
    let (done, next) = if place.after.is_empty() {
        hub.education.recent(&session.caller, &place.before, DONE).await?
    } else {
        (Vec::new(), String::new())
    };
    // Taken back, or corrected since: that waits for somebody too.
    let (again, done): (Vec<_>, Vec<_>) =
        done.into_iter().partition(|listed| view::waits(&listed.notice));
    waiting.extend(again);
    let (duties, more_duties) =
        if desk && first { desk::duties(hub, session).await? } else { (Vec::new(), false) };
    let mut names = HashMap::new();
    if desk {
        let notices = waiting.iter().chain(&done).map(|listed| &listed.notice);
        let ids = notices.flat_map(|it| [&it.escalated_to, &it.taken_by]);
        for id in ids.chain(duties.iter().map(|duty| &duty.owner)) {
            if !id.is_empty() && !names.contains_key(id) {
                names.insert(id.clone(), notice::named(hub, session, id).await?);
            }
        }
    }
    let officer = Officer { own: &session.account.practitioner, names: &names };
    let officer = desk.then_some(&officer);
    let row = |listed: &mash_education::Listed| view::row(t, listed, now, officer);
    let (waiting, done): (Vec<Row>, Vec<Row>) =
        (waiting.iter().map(row).collect(), done.iter().map(row).collect());
    let (title, count) =
        if desk { ("desk-title", "desk-waiting") } else { ("notices-title", "notices-waiting") };
    let shown = |officer| duties.iter().map(|duty| desk::row(t, duty, officer, now)).collect();
    Ok(Notices {
        page: Page::new(visitor, t.say(title)),
        desk,
        heading: t.count(count, waiting.len()),
        waiting,
        duties_heading: t.count("desk-duties", duties.len()),
        duties: officer.map(shown).unwrap_or_default(),
        more_duties,
        done,
        first,
        next: match (more.as_str(), next.as_str()) {
            ("", "") => None,
            ("", before) => Some(format!("before={before}")),
            (after, _) => Some(format!("after={after}")),
        },
    })
}
