//! The contacts of a school, and the monthly confirmation of one's own details.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use jiff::civil::Date;
use mash_domain::{
    calendar::{DateRange, london},
    freshness::CONFIRMED_DAYS,
};
use mash_proto::education::v1::{Contact, ContactRole};
use uuid::Uuid;

use super::{Fact, Facts, Page, done, fault::Fault, render, view};
use crate::{
    Hub,
    texts::Texts,
    visitor::{Fields, Visitor},
};

struct Shown {
    name: String,
    own: bool,
    due: bool,
    away: bool,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    page: Page,
    school: String,
    request: String,
    people: Vec<Shown>,
    today: String,
    covers: Vec<Fact>,
}

/// The contacts, in the order in which they are asked.
pub(crate) async fn show(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Fault> {
    let session = visitor.session()?;
    let establishment = hub.education.contacts(&session.caller).await?;
    let today = hub.clock.now().to_zoned(london().clone()).date();
    let own = session.account.practitioner.as_str();
    let all = &establishment.contacts;
    let others = all.iter().filter(|contact| contact.id != own);
    render(&Contacts {
        page: Page::new(&visitor, visitor.t.say("contacts-title")),
        school: establishment.display_name.clone(),
        request: Uuid::new_v4().to_string(),
        people: all.iter().map(|contact| shown(visitor.t, contact, all, own, today)).collect(),
        today: today.to_string(),
        covers: others
            .map(|it| Fact { term: it.id.clone(), value: it.full_name.clone() })
            .collect(),
    })
}

fn shown(t: Texts, contact: &Contact, all: &[Contact], own: &str, today: Date) -> Shown {
    let role = match contact.role() {
        ContactRole::Unspecified | ContactRole::KeyAdult => "key-adult",
        ContactRole::Deputy => "deputy",
        ContactRole::SecondDeputy => "second-deputy",
        ContactRole::Head => "head",
        ContactRole::DeskOfficer => "desk-officer",
    };
    let mut facts = Facts::default();
    facts.add(t.say("contacts-role"), t.say(&format!("role-{role}")));
    facts.add(t.say("contacts-email"), contact.email.clone());
    facts.add(t.say("contacts-telephone"), contact.telephone.clone());
    let training = view::day(t, contact.training_date.as_ref());
    let none = t.say("contacts-training-none");
    facts.add(t.say("contacts-training"), if training.is_empty() { none } else { training });
    let confirmed = view::day(t, contact.confirmed_date.as_ref());
    let never = t.say("contacts-confirmed-never");
    facts.add(t.say("contacts-confirmed"), if confirmed.is_empty() { never } else { confirmed });
    let away = contact
        .absence
        .filter(|days| days.last.as_ref().and_then(view::civil).is_some_and(|last| last >= today));
    if let Some(days) = &away {
        let (first, last) = (view::day(t, days.first.as_ref()), view::day(t, days.last.as_ref()));
        let days = t.args("contacts-away-days", &[("first", first.as_str()), ("last", &last)]);
        facts.add(t.say("contacts-away"), days);
        let cover = all.iter().find(|it| it.id == contact.cover);
        let nobody = || t.say("contacts-cover-nobody");
        facts.add(t.say("contacts-cover"), cover.map_or_else(nobody, |it| it.full_name.clone()));
    }
    let since = contact.confirmed_date.as_ref().and_then(view::civil);
    let fresh = since.is_some_and(|since| (today - since).get_days() < CONFIRMED_DAYS);
    Shown {
        name: contact.full_name.clone(),
        own: contact.id == own,
        due: !fresh,
        away: away.is_some(),
        facts: facts.0,
    }
}

/// One's own details are right as they stand.
pub(crate) async fn confirm(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    hub.education.confirm_contact(&visitor.session()?.caller, fields.get("request")).await?;
    Ok(done("/contacts", "contact"))
}

/// One is away for some days, and somebody covers, or nobody in particular.
pub(crate) async fn away(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let caller = &visitor.session()?.caller;
    let day = |name| fields.get(name).parse::<Date>().ok();
    let days = day("first").zip(day("last")).and_then(|(first, last)| DateRange::new(first, last));
    let today = hub.clock.now().to_zoned(london().clone()).date();
    let Some(days) = days.filter(|days| days.last() >= today) else {
        return Ok(done("/contacts", "absence-bad"));
    };
    let cover = fields.get("cover");
    hub.education.set_absence(caller, fields.get("request"), Some(days), cover).await?;
    Ok(done("/contacts", "absence"))
}

/// One is there.
pub(crate) async fn back(
    State(hub): State<Arc<Hub>>,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Fault> {
    let caller = &visitor.session()?.caller;
    hub.education.set_absence(caller, fields.get("request"), None, "").await?;
    Ok(done("/contacts", "absence-ended"))
}
