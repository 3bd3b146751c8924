//! What is stale in the directory of an authority, for the officers of its desks.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use mash_proto::education::v1::DirectoryFinding;
use serde::Deserialize;

use super::{Fact, Facts, Page, fault::Fault, render, view};
use crate::{Hub, texts::Texts, visitor::Visitor};

/// On one page.
const FINDINGS: i32 = 100;

/// Where a page begins.
#[derive(Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    after: String,
}

struct Found {
    heading: String,
    kind: String,
    colour: &'static str,
    text: String,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "directory.html")]
struct Directory {
    page: Page,
    counts: Vec<Fact>,
    found: Vec<Found>,
    first: bool,
    next: String,
}

/// The most pressing first, each with what to do.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Query(place): Query<Place>,
) -> Result<Response, Fault> {
    let (session, t) = (visitor.session()?, visitor.t);
    let answer = hub.education.directory_findings(&session.caller, &place.after, FINDINGS).await?;
    let mut counts = Facts::default();
    for count in &answer.counts {
        counts.add(t.code("stale-", &count.finding_code, "stale-other"), count.count.to_string());
    }
    render(&Directory {
        page: Page::new(&visitor, t.say("directory-title")),
        counts: counts.0,
        found: answer.findings.iter().map(|it| found(t, it)).collect(),
        first: place.after.is_empty(),
        next: answer.next_page_token,
    })
}

fn found(t: Texts, finding: &DirectoryFinding) -> Found {
    let DirectoryFinding {
        finding_code,
        establishment,
        display_name,
        contact: _,
        contact_name,
        since_date,
        successors,
        owner: _,
    } = finding;
    let number = establishment.trim_start_matches("establishments/");
    let mut facts = Facts::default();
    facts.add(t.say("directory-contact"), contact_name.clone());
    let since = match finding_code.as_str() {
        "unconfirmed" => "directory-confirmed",
        "away-no-cover" => "directory-away-from",
        _ => "directory-since",
    };
    facts.add(t.say(since), view::day(t, since_date.as_ref()));
    facts.add(t.say("directory-successors"), successors.join(", "));
    facts.add(t.say("desk-owner"), t.say("directory-owner"));
    Found {
        heading: format!("{display_name} ({number})"),
        kind: t.code("stale-", finding_code, "stale-other"),
        colour: match finding_code.as_str() {
            "no-contacts" | "bounced" | "none-trained" => "govuk-tag--red",
            "away-no-cover" | "closed" => "govuk-tag--orange",
            _ => "govuk-tag--grey",
        },
        text: t.code("stale-do-", finding_code, "stale-do-other"),
        facts: facts.0,
    }
}
