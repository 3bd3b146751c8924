//! The statement of a school morning, for the officers of an authority's desks.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use jiff::civil::Date;

use super::{Fact, Facts, Page, fault::Fault, render};
use crate::{Hub, dates, statement::Shown, visitor::Visitor};

#[derive(Template)]
#[template(path = "statement.html")]
struct Statement {
    page: Page,
    shown: Option<Shown>,
    days: Vec<Fact>,
}

/// The latest one.
pub(crate) async fn latest(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Fault> {
    show(&hub, &visitor, None).await
}

/// The one of a day.
pub(crate) async fn of_day(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    Path(day): Path<String>,
) -> Result<Response, Fault> {
    let day: Date = day.parse().map_err(|_| Fault::NotFound)?;
    show(&hub, &visitor, Some(day)).await
}

async fn show(hub: &Hub, visitor: &Visitor, day: Option<Date>) -> Result<Response, Fault> {
    let (session, t) = (visitor.session()?, visitor.t);
    let day = day.map(|day| day.to_string());
    let (signed, days) = hub.education.statement(&session.caller, day.as_deref()).await?;
    let shown = signed.map(|signed| Shown::of(t, &signed)).transpose();
    let shown = shown.map_err(|_| Fault::Failed)?;
    let mut offered = Facts::default();
    for other in days {
        if let Ok(date) = other.parse::<Date>() {
            offered.add(other, dates::weekday(t, date));
        }
    }
    let title = shown.as_ref().map_or_else(|| t.say("statement-title"), |it| it.title.clone());
    render(&Statement { page: Page::new(visitor, title), shown, days: offered.0 })
}
