//! `mash load inbox`: a directory of thousands of schools, an account for each of their key adults and deputies, notices
//! that wait, and then a morning on which hundreds sign in.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use mash_bus::{Bus, BusMessage, topics};
use mash_chassis::SystemClock;
use mash_domain::organisation::OrganisationId;
use mash_inbox::Accounts;
use mash_load::inbox::{self, InboxLoad};
use mash_proto::education::v1::{Contact, ContactRole, RegisterLayout, ReplaceContactsRequest};
use mash_synth::wales::{Scale, Wales};
use prost::Message as _;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    LoadArgs, TODAY,
    on_the_way::{self, Ways},
};
use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    imports,
    keyring::{self, Keyring},
    people::{People, on_behalf},
};

/// Contacts of a school: a key adult and a deputy.
const CONTACTS: usize = 2;
/// Calls of the directory at a time.
const AT_ONCE: usize = 16;
/// Invitations in one transaction, and releases that are published at once.
const BATCH: usize = 500;
/// How long a hub may take to take in what it is filled with.
const DRAIN: Duration = Duration::from_secs(1_800);
/// The first number of an invented school within its authority.
const FIRST: usize = 2_000;

/// A school of the run.
struct School {
    organisation: OrganisationId,
    laestab: String,
}

impl School {
    fn contact_id(&self, serial: usize) -> String {
        format!("k-{}-{serial}", self.laestab)
    }

    fn contacts(&self) -> ReplaceContactsRequest {
        let contact = |(serial, role, surname): (usize, ContactRole, &str)| Contact {
            id: self.contact_id(serial),
            // Contacts are named persons, and names have no digits.
            full_name: format!("Synthetic {}", surname),
            role: role.into(),
            email: format!("k{serial}@school-{}.example", self.laestab),
            telephone: "01632 960000".to_owned(),
            training_date: Some(TODAY),
            confirmed_date: Some(TODAY),
            absence: None,
            cover: String::new(),
        };
        let roles = [(1, ContactRole::KeyAdult, "One"), (2, ContactRole::Deputy, "Two")];
        ReplaceContactsRequest {
            request_id: Uuid::new_v4().to_string(),
            parent: format!("establishments/{}", self.laestab),
            contacts: roles.into_iter().map(contact).collect(),
        }
    }
}

impl LoadArgs {
    /// Fills a hub, has people sign in, and prints the report as a table and as JSON.
    pub(super) async fn inbox(&self, data: &Data, people: &People) -> anyhow::Result<()> {
        let schools = self.accounts.div_ceil(CONTACTS);
        ensure!(self.people <= schools, "at most one of each two accounts signs in");
        let schools = self.schools_of(people, schools).await?;
        let url = self.database.clone().unwrap_or_else(|| data.embedded_database());
        let keys = Keyring::Files(None);
        let store = keyring::open(&keys, &url, data).await.context("the database of the hub")?;
        let bus = mash_bus::connect(&self.bus, &store).await.context("the bus of the hub")?;
        let accounts = Accounts::open(store.clone(), SystemClock, &data.secret()?).await?;
        for batch in schools.chunks(BATCH) {
            let people = batch.iter().flat_map(|school| {
                (1..=CONTACTS)
                    .map(|serial| (school.organisation.clone(), school.contact_id(serial)))
            });
            accounts.invite_all(&people.collect::<Vec<_>>()).await?;
        }
        tracing::info!(schools = schools.len(), "every contact has an account");
        self.notices(bus.as_ref(), &schools).await?;
        on_the_way::passed((&store, bus.as_ref()), &Ways::NOTICES, DRAIN).await?;
        let mut links = Vec::new();
        for school in schools.iter().take(self.people) {
            let lasts = SignedDuration::from_hours(4);
            links.push(accounts.link(&school.organisation, &school.contact_id(1), lasts).await?);
        }
        store.close().await;
        let seconds = self.seconds.unwrap_or(300);
        let report =
            inbox::run(InboxLoad { address: self.inbox_address(), links, seconds }).await?;
        eprint!("{}", report.table());
        println!("{}", serde_json::to_string_pretty(&report)?);
        ensure!(report.is_clean(), "not everybody got to the end of her morning");
        Ok(())
    }

    /// Where the loaded hub serves the inbox.
    pub(super) fn inbox_address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port.saturating_add(1)).into()
    }

    /// So many schools with two contacts each, and calendars of their authorities.
    async fn schools_of(&self, people: &People, count: usize) -> anyhow::Result<Vec<School>> {
        let wales = Wales::generate(1, Scale::new(0.02).context("scale")?);
        let authorities: Vec<String> = wales.authorities().map(str::to_owned).collect();
        let (register, schools) = register(&wales.establishments_csv()?, &authorities, count)?;
        let header = (RegisterLayout::Wales, TODAY);
        let report = imports::register(people, OPERATOR, header, &register, |_| ()).await?;
        ensure!(report.problems_total == 0, "the register was refused");
        let of_authority = |parent: &str| parent.starts_with("authorities/");
        for request in wales.calendars().into_iter().filter(|it| of_authority(&it.parent)) {
            people.directory(OPERATOR)?.replace_calendar(request).await?;
        }
        for request in wales.contacts().into_iter().filter(|it| of_authority(&it.parent)) {
            people.directory(OPERATOR)?.replace_contacts(on_behalf("load", request)?).await?;
        }
        let mut calls = JoinSet::new();
        let client = people.directory(OPERATOR)?;
        for school in &schools {
            let (mut client, request) = (client.clone(), on_behalf("load", school.contacts())?);
            calls.spawn(async move { client.replace_contacts(request).await.map(|_| ()) });
            if calls.len() >= AT_ONCE {
                calls.join_next().await.context("a call")???;
            }
        }
        while let Some(called) = calls.join_next().await {
            called??;
        }
        tracing::info!(schools = schools.len(), "the directory is filled");
        Ok(schools)
    }

    /// Publishes what routing would have released: one notice for everybody who signs in, the rest all over.
    async fn notices(&self, bus: &dyn Bus, schools: &[School]) -> anyhow::Result<()> {
        let (now, open) = (Timestamp::now(), self.open.unwrap_or(35_000));
        let numbers: Vec<usize> = (0..open).collect();
        for batch in numbers.chunks(BATCH) {
            let message = |number: &usize| {
                // A step that shares no factor with a round number of schools comes to all of them.
                let at = if *number < self.people { *number } else { number * 7_919 };
                let school = schools.get(at % schools.len())?;
                let addressees: Vec<_> =
                    (1..=CONTACTS).map(|serial| school.contact_id(serial)).collect();
                let wire = (&school.organisation).into();
                let (event_id, envelope) =
                    inbox::released(&wire, &addressees, (&self.label, *number), now);
                Some(BusMessage {
                    topic: topics::DISCLOSED_EDUCATION.to_owned(),
                    key: school.organisation.to_string(),
                    event_id,
                    payload: envelope.encode_to_vec().into(),
                })
            };
            let messages: Vec<_> = batch.iter().filter_map(message).collect();
            bus.publish(&messages).await.context("the inboxes cannot be filled")?;
        }
        Ok(())
    }
}

/// A register with so many schools, made of the rows of a smaller one under numbers of their own.
fn register(
    smaller: &[u8],
    authorities: &[String],
    count: usize,
) -> anyhow::Result<(Vec<u8>, Vec<School>)> {
    let mut reader = csv::Reader::from_reader(smaller);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers()?)?;
    let rows = reader.records().collect::<Result<Vec<_>, _>>()?;
    let mut schools = Vec::with_capacity(count);
    for number in 0..count {
        let row = rows.get(number % rows.len().max(1)).context("a row")?;
        let authority = authorities.get(number % authorities.len()).context("an authority")?;
        let place = (FIRST + number / authorities.len()).to_string();
        ensure!(place.len() == 4, "there are not so many schools");
        let own = [authority.as_str(), &place];
        writer.write_record(own.into_iter().chain(row.iter().skip(2)))?;
        let laestab = format!("{authority}{place}");
        schools.push(School { organisation: format!("school/{laestab}").parse()?, laestab });
    }
    Ok((writer.into_inner().map_err(|error| error.into_error())?, schools))
}
