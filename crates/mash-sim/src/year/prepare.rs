//! Before the first day: the register, the rolls, who is there to be told, and when schools are open.

use anyhow::{Context as _, ensure};
use mash_proto::{
    education::v1::{
        Contact, ContactRole, ImportEstablishmentsHeader, ImportEstablishmentsRequest,
        ImportRollHeader, ImportRollRequest, RegisterLayout, ReplaceCalendarRequest,
        ReplaceContactsRequest, directory_service_client::DirectoryServiceClient,
        import_establishments_request, import_roll_request, roll_service_client::RollServiceClient,
    },
    sharing::v1::{SetForceProfileRequest, sharing_service_client::SharingServiceClient},
    r#type::v1::Date,
};
use tokio_stream::iter;

use super::{calendar::SchoolYear, play::Play, post::Addressee, staff::Mailbox};
use crate::process::Kind;

const BY: (&str, &str) = ("operator/hub", "administrator");
const CHUNK: usize = 1 << 20;
const REGISTER: Date = Date { year: 2026, month: 8, day: 31 };

impl Play {
    pub(super) async fn prepare(&mut self) -> anyhow::Result<()> {
        self.registers().await?;
        self.rolls().await?;
        self.calendars().await?;
        self.people().await?;
        for profile in self.trace.wales.profiles() {
            let request_id = self.request_id("profile");
            let request = SetForceProfileRequest { request_id, profile: Some(profile) };
            let answer = self.must(Kind::Routing, BY, request, |local, request| async {
                SharingServiceClient::new(local).set_force_profile(request).await
            });
            answer.await?;
        }
        ensure!(self.broken.is_empty(), "the region was not prepared: {:?}", self.broken);
        Ok(())
    }

    async fn registers(&mut self) -> anyhow::Result<()> {
        use import_establishments_request::Part;
        let header = Part::Header(ImportEstablishmentsHeader {
            layout: RegisterLayout::Wales.into(),
            register_date: Some(REGISTER),
        });
        let file = self.trace.wales.establishments_csv()?;
        let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = std::iter::once(header).chain(chunks).collect();
        let parts = parts.into_iter().map(|part| ImportEstablishmentsRequest { part: Some(part) });
        let mut client = DirectoryServiceClient::new(self.local(Kind::Education, BY.0)?);
        let report = client.import_establishments(iter(parts)).await?.into_inner().report;
        ensure!(report.context("no report")?.problems_total == 0, "the register was refused");
        Ok(())
    }

    async fn rolls(&mut self) -> anyhow::Result<()> {
        use import_roll_request::Part;
        for authority in self.trace.region.authorities {
            let header = Part::Header(ImportRollHeader {
                authority_code: (*authority).to_owned(),
                roll_date: Some(REGISTER),
            });
            let file = self.trace.wales.roll_csv(authority)?;
            let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
            let parts: Vec<_> = std::iter::once(header).chain(chunks).collect();
            let parts = parts.into_iter().map(|part| ImportRollRequest { part: Some(part) });
            let local = self.local(Kind::Education, &format!("authority/{authority}"))?;
            let report = RollServiceClient::new(local).import_roll(iter(parts)).await?;
            let report = report.into_inner().report.context("no report")?;
            ensure!(report.problems_total == 0, "the roll of {authority} was refused");
        }
        Ok(())
    }

    async fn calendars(&mut self) -> anyhow::Result<()> {
        let of_schools = self.trace.years.iter();
        let mut all: Vec<_> = of_schools
            .map(|(laestab, year)| (format!("establishments/{laestab}"), year.told.clone()))
            .collect();
        for code in self.trace.region.authorities {
            all.push((format!("authorities/{code}"), SchoolYear::of_authority(code)));
        }
        for (parent, calendar) in all {
            let request_id = self.request_id("calendar");
            let request = ReplaceCalendarRequest { request_id, parent, calendar: Some(calendar) };
            let answer = self.must(Kind::Education, BY, request, |local, request| async {
                DirectoryServiceClient::new(local).replace_calendar(request).await
            });
            answer.await?;
        }
        Ok(())
    }

    async fn people(&mut self) -> anyhow::Result<()> {
        let mut telephones = 0_u32;
        for mut request in self.trace.wales.contacts() {
            let mut parts =
                request.parent.split('/').map(str::to_owned).collect::<Vec<_>>().into_iter();
            let (kind, code, desk) = (parts.next(), parts.next().unwrap_or_default(), parts.nth(1));
            if !self.trace.region.authorities.iter().any(|authority| code.starts_with(authority)) {
                continue;
            }
            let at_school = kind.as_deref() == Some("establishments");
            if at_school && let Some(first) = request.contacts.first().cloned() {
                request.contacts.push(head(&code, &first));
            }
            for contact in &mut request.contacts {
                telephones += 1;
                self.ready(contact, &code, telephones, at_school);
            }
            if at_school {
                self.contacts.insert(code, request.contacts.clone());
            } else {
                let number = desk_number(&desk.unwrap_or_default());
                let ids = request.contacts.iter().map(|contact| contact.id.clone()).collect();
                self.officers.insert((code, number), ids);
            }
            let request =
                ReplaceContactsRequest { request_id: self.request_id("contacts"), ..request };
            let answer = self.must(Kind::Education, BY, request, |local, request| async {
                DirectoryServiceClient::new(local).replace_contacts(request).await
            });
            answer.await?;
        }
        Ok(())
    }

    fn ready(&mut self, contact: &mut Contact, code: &str, telephone: u32, at_school: bool) {
        let mailbox = if at_school { self.staff.mailbox(&contact.id) } else { Mailbox::Hers };
        let kind = if at_school { "school" } else { "authority" };
        // Nobody has a number of so many digits, and each of them is one person's.
        contact.telephone = format!("01632 960 {telephone:06}");
        contact.training_date =
            contact.training_date.map(|_| Date { year: 2026, month: 3, day: 14 });
        contact.confirmed_date = Some(Date { year: 2026, month: 7, day: 10 });
        let organisation = format!("{kind}/{code}");
        let addressee = Addressee { organisation, id: contact.id.clone(), mailbox };
        self.post.know(&contact.email, addressee.clone());
        self.post.know(&contact.telephone, addressee);
    }
}

fn head(laestab: &str, first: &Contact) -> Contact {
    Contact {
        id: format!("h-{laestab}"),
        full_name: format!("{} Pennant", first.full_name.split(' ').next().unwrap_or("Nia")),
        role: ContactRole::Head.into(),
        email: format!("p.pennant@school-{laestab}.example"),
        training_date: Some(REGISTER),
        ..first.clone()
    }
}

fn desk_number(word: &str) -> i32 {
    match word {
        "education-duty" => 1,
        "home-education" => 2,
        "mash" => 3,
        _ => 4,
    }
}
