//! Before the night: establishments, contacts, calendars, rolls, and what the forces have agreed.

use std::time::Duration;

use anyhow::ensure;
use mash_proto::{
    education::v1::{ImportReport, RegisterLayout, ReplaceCalendarRequest, ReplaceContactsRequest},
    sharing::v1::{GetConservationRequest, SetForceProfileRequest},
    r#type::v1::Date,
};
use mash_synth::night::{Night, people::Roll};
use uuid::Uuid;

use crate::{
    imports,
    people::{People, on_behalf},
};

/// The body that runs the hub.
pub const OPERATOR: &str = "operator/hub";
const ADMINISTRATOR: &str = "hub-admin";

/// Sets everything up that the night needs, and waits until routing knows it.
///
/// # Errors
///
/// If a call is refused, or routing does not catch up.
pub async fn directory_and_rolls(night: &Night, people: &People) -> anyhow::Result<()> {
    registers(night, people).await?;
    contacts_and_calendars(night, people).await?;
    rolls(night, people).await?;
    profiles(night, people).await?;
    caught_up(night, people).await?;
    println!(
        "Directory: {} establishments of {} authorities, {} desks. Rolls: {} pupils. mTLS certificates issued.",
        night.establishments.len(),
        night.calendars.len(),
        night.desks.len(),
        enrolled(night)
    );
    Ok(())
}

const REGISTER_DATE: Date = Date { year: 2026, month: 11, day: 1 };

async fn registers(night: &Night, people: &People) -> anyhow::Result<()> {
    let registers =
        [(RegisterLayout::Wales, night.wales_csv()), (RegisterLayout::Gias, night.gias_csv())];
    for (layout, file) in registers {
        let header = (layout, REGISTER_DATE);
        let report = imports::register(people, OPERATOR, header, file.as_bytes(), |_| ()).await?;
        accepted(&report, "register")?;
    }
    Ok(())
}

async fn rolls(night: &Night, people: &People) -> anyhow::Result<()> {
    for authority in night.roll_authorities() {
        let (organisation, file) = (format!("authority/{authority}"), night.roll_csv(authority));
        let header = (authority, REGISTER_DATE);
        let report = imports::roll(people, &organisation, header, file.as_bytes(), |_| ()).await?;
        accepted(&report, "roll")?;
    }
    Ok(())
}

fn accepted(report: &ImportReport, what: &str) -> anyhow::Result<()> {
    let first = report.problems.first();
    let first = first.map(|found| format!("line {}, {}: {}", found.line, found.column, found.code));
    ensure!(report.problems_total == 0, "the {what} was refused: {}", first.unwrap_or_default());
    Ok(())
}

async fn contacts_and_calendars(night: &Night, people: &People) -> anyhow::Result<()> {
    for calendar in &night.calendars {
        let (parent, calendar) = (calendar.parent(), calendar.calendar.clone());
        let request_id = request_id(&["calendar", &parent]);
        let request = ReplaceCalendarRequest { request_id, parent, calendar: Some(calendar) };
        people.directory(OPERATOR)?.replace_calendar(request).await?;
    }
    for place in &night.establishments {
        let (parent, calendar) = (place.parent(), place.calendar.clone());
        let request_id = request_id(&["calendar", &parent]);
        let request = ReplaceCalendarRequest { request_id, parent, calendar: Some(calendar) };
        people.directory(OPERATOR)?.replace_calendar(request).await?;
    }
    let of_places = night.establishments.iter().map(|place| (place.parent(), &place.contacts));
    let of_desks = night.desks.iter().map(|desk| (desk.parent(), &desk.officers));
    for (parent, contacts) in of_places.chain(of_desks) {
        if contacts.is_empty() {
            continue;
        }
        let request_id = request_id(&["contacts", &parent]);
        let request = ReplaceContactsRequest { request_id, parent, contacts: contacts.clone() };
        people.directory(OPERATOR)?.replace_contacts(on_behalf(ADMINISTRATOR, request)?).await?;
    }
    Ok(())
}

async fn profiles(night: &Night, people: &People) -> anyhow::Result<()> {
    for profile in &night.profiles {
        let request_id = request_id(&["profile", &profile.force_code]);
        let request = SetForceProfileRequest { request_id, profile: Some(profile.clone()) };
        people.sharing(OPERATOR)?.set_force_profile(request).await?;
    }
    Ok(())
}

/// Routing learns of the directory and the rolls through the bus.
async fn caught_up(night: &Night, people: &People) -> anyhow::Result<()> {
    let contacts: usize = night.establishments.iter().map(|place| place.contacts.len()).sum();
    let wanted = [night.establishments.len(), contacts, enrolled(night)]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let mut known = [0; 3];
    for _ in 0..600 {
        let counts = people
            .sharing(OPERATOR)?
            .get_conservation(GetConservationRequest {})
            .await?
            .into_inner();
        known = [counts.establishments, counts.contacts, counts.pupils];
        if known.iter().zip(&wanted).all(|(known, wanted)| known >= wanted) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!(
        "routing knows {known:?} of {wanted:?} establishments, contacts and pupils after 30 s"
    )
}

fn enrolled(night: &Night) -> usize {
    night.pupils.iter().filter(|pupil| pupil.roll != Roll::Absent).count()
}

/// The same id for the same step in every run.
fn request_id(parts: &[&str]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("prepare/{}", parts.join("/")).as_bytes())
        .to_string()
}
