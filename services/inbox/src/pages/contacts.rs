//! The contacts of a school, and the monthly confirmation of one's own details.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use jiff::civil::Date;
use mash_domain::calendar::london;
use mash_proto::education::v1::{Contact, ContactRole};
use uuid::Uuid;

use super::{Fact, Facts, Page, done, fault::Fault, render, view};
use crate::{
    Hub,
    texts::Texts,
    visitor::{Fields, Visitor},
};

/// After so many days details are asked about again.
const MONTH: i32 = 31;

struct Shown {
    name: String,
    own: bool,
    due: bool,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    page: Page,
    school: String,
    request: String,
    people: Vec<Shown>,
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
    let people = establishment.contacts.iter();
    render(&Contacts {
        page: Page::new(&visitor, visitor.t.say("contacts-title")),
        school: establishment.display_name.clone(),
        request: Uuid::new_v4().to_string(),
        people: people.map(|contact| shown(visitor.t, contact, own, today)).collect(),
    })
}

fn shown(t: Texts, contact: &Contact, own: &str, today: Date) -> Shown {
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
    let since = contact.confirmed_date.as_ref().and_then(view::civil);
    let fresh = since.is_some_and(|since| (today - since).get_days() < MONTH);
    Shown { name: contact.full_name.clone(), own: contact.id == own, due: !fresh, facts: facts.0 }
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
