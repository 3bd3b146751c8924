//! Why a notice came to its reader: the rules by which it was released, in the words of the rule set.

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};

use super::{Page, fault::Fault, render, view};
use crate::{Hub, texts::Texts, visitor::Visitor};

/// A rule in words.
struct Told {
    id: String,
    title: String,
    statements: Vec<String>,
    authority: String,
    bases: Vec<String>,
}

#[derive(Template)]
#[template(path = "why.html")]
struct Why {
    page: Page,
    href: String,
    diverted: Option<String>,
    rules: Vec<Told>,
}

/// The rules that are named on the notice. What was withheld is not told, nor whether anything was.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let (session, t) = (visitor.session()?, visitor.t);
    let notice = hub.education.get(&session.caller, &format!("notices/{id}")).await?;
    // By which rules it came would tell what it is about.
    if notice.sealed {
        return Err(Fault::NotFound);
    }
    let diverted = Some(view::diversion(t, &notice)).filter(|reason| !reason.is_empty());
    render(&Why {
        page: Page::new(&visitor, t.say("why-title")),
        href: view::href(&notice),
        diverted: diverted.map(|reason| t.arg("diverted", "reason", reason)),
        rules: notice.rule_ids.iter().filter_map(|id| told(&hub, t, id)).collect(),
    })
}

/// A rule with those of its clauses that release something.
fn told(hub: &Hub, t: Texts, id: &str) -> Option<Told> {
    let clauses = hub.rules.rules().filter(|rule| rule.id.to_string() == id);
    let clauses: Vec<_> =
        clauses.filter(|rule| rule.effect == mash_policy::Effect::Permit).collect();
    let first = clauses.first()?;
    let bases: BTreeSet<String> = clauses
        .iter()
        .flat_map(|rule| rule.basis.iter().map(|basis| basis.title(t.0).to_owned()))
        .collect();
    let mut statements: Vec<String> =
        clauses.iter().map(|rule| rule.statement.text(t.0).to_owned()).collect();
    statements.dedup();
    Some(Told {
        id: id.to_owned(),
        title: first.title.text(t.0).to_owned(),
        statements,
        authority: first.authority.trim_end_matches('.').to_owned(),
        bases: bases.into_iter().collect(),
    })
}
