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
    Page,
    fault::Fault,
    notice, render,
    view::{self, Row},
};
use crate::{Hub, visitor::Visitor};

const PAGE: i32 = 50;

/// Where a page begins.
#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    page: Page,
    desk: bool,
    heading: String,
    waiting: Vec<Row>,
    done: Vec<Row>,
    first: bool,
    next: Option<String>,
}

/// The notices of a key adult, or what is at the desks of an officer.
pub(crate) async fn list(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Query(after): Query<After>,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let (t, now) = (visitor.t, hub.clock.now());
    let desk = !session.person.desks.is_empty();
    let first = after.after.is_empty();
    let request = ListNoticesRequest { page_size: PAGE, page_token: after.after, open_only: false };
    let (listed, next) = hub.education.list(&session.caller, request).await?;
    let mut officers = HashMap::new();
    if desk {
        for id in listed.iter().map(|listed| &listed.notice.escalated_to) {
            if !id.is_empty() && !officers.contains_key(id) {
                officers.insert(id.clone(), notice::named(&hub, session, id).await?);
            }
        }
    }
    let (waiting, done): (Vec<_>, Vec<_>) =
        listed.iter().partition(|listed| view::waits(&listed.notice));
    let rows = |listed: Vec<&mash_education::Listed>| -> Vec<Row> {
        let officers = desk.then_some(&officers);
        listed.into_iter().map(|listed| view::row(t, listed, now, officers)).collect()
    };
    let (waiting, mut done) = (rows(waiting), rows(done));
    // What was dealt with is looked up by how recent it is.
    done.reverse();
    let (title, count) =
        if desk { ("desk-title", "desk-waiting") } else { ("notices-title", "notices-waiting") };
    render(&Notices {
        page: Page::new(&visitor, t.say(title)),
        desk,
        heading: t.count(count, waiting.len()),
        waiting,
        done,
        first,
        next: Some(next).filter(|next| !next.is_empty()),
    })
}
