//! Before the first day: registers, rolls, contacts, calendars, profiles and the agreement with the provider.

use anyhow::{Context as _, ensure};
use mash_proto::{
    education::v1::{
        ImportEstablishmentsHeader, ImportEstablishmentsRequest, ImportRollHeader,
        ImportRollRequest, RegisterLayout, directory_service_client::DirectoryServiceClient,
        import_establishments_request, import_roll_request, roll_service_client::RollServiceClient,
    },
    sharing::v1::{
        self as wire, SetForceProfileRequest, agreement_service_client::AgreementServiceClient,
        sharing_service_client::SharingServiceClient,
    },
    r#type::v1 as common,
};
use tokio_stream::iter;

use super::{OFFICER, PROVIDER};
use crate::{process::Kind, world::World};

const OPERATOR: &str = "operator/hub";
const CHUNK: usize = 1 << 20;

impl World {
    pub(crate) async fn prepare(&mut self) -> anyhow::Result<()> {
        self.registers().await?;
        self.rolls().await?;
        let authorities = self.settings.region.authorities;
        let ours = |parent: &str| {
            let code = parent.split('/').nth(1).unwrap_or_default();
            authorities.iter().any(|authority| code.starts_with(authority))
        };
        let by = (OPERATOR, "administrator");
        for request in self.people.wales.calendars().into_iter().filter(|one| ours(&one.parent)) {
            let answer = self.must(Kind::Education, by, request, |local, request| async move {
                DirectoryServiceClient::new(local).replace_calendar(request).await
            });
            answer.await?;
        }
        let contacts = self.people.wales.contacts();
        for mut request in contacts.into_iter().filter(|one| ours(&one.parent)) {
            // The synthetic Wales is of November; nobody was trained or confirmed in days to come.
            for contact in &mut request.contacts {
                contact.training_date = contact.training_date.map(by_september);
                contact.confirmed_date = contact.confirmed_date.map(by_september);
            }
            let answer = self.must(Kind::Education, by, request, |local, request| async move {
                DirectoryServiceClient::new(local).replace_contacts(request).await
            });
            answer.await?;
        }
        for profile in self.people.wales.profiles() {
            let request_id = self.people.request_id("profile");
            let request = SetForceProfileRequest { request_id, profile: Some(profile) };
            let answer = self.must(Kind::Routing, by, request, |local, request| async move {
                SharingServiceClient::new(local).set_force_profile(request).await
            });
            answer.await?;
        }
        self.agree().await
    }

    async fn registers(&mut self) -> anyhow::Result<()> {
        use import_establishments_request::Part;
        let header = Part::Header(ImportEstablishmentsHeader {
            layout: RegisterLayout::Wales.into(),
            register_date: Some(common::Date { year: 2026, month: 9, day: 1 }),
        });
        let file = self.people.wales.establishments_csv()?;
        let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = std::iter::once(header).chain(chunks).collect();
        let parts = parts.into_iter().map(|part| ImportEstablishmentsRequest { part: Some(part) });
        let mut client = DirectoryServiceClient::new(self.local(Kind::Education, OPERATOR)?);
        let report = client.import_establishments(iter(parts)).await?.into_inner().report;
        ensure!(report.context("no report")?.problems_total == 0, "the register was refused");
        self.stir(Kind::Education).await
    }

    async fn rolls(&mut self) -> anyhow::Result<()> {
        use import_roll_request::Part;
        for authority in self.settings.region.authorities {
            let header = Part::Header(ImportRollHeader {
                authority_code: (*authority).to_owned(),
                roll_date: Some(common::Date { year: 2026, month: 9, day: 1 }),
            });
            let file = self.people.wales.roll_csv(authority)?;
            let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
            let parts: Vec<_> = std::iter::once(header).chain(chunks).collect();
            let parts = parts.into_iter().map(|part| ImportRollRequest { part: Some(part) });
            let local = self.local(Kind::Education, &format!("authority/{authority}"))?;
            let report = RollServiceClient::new(local).import_roll(iter(parts)).await?;
            let report = report.into_inner().report.context("no report")?;
            ensure!(report.problems_total == 0, "the roll of {authority} was refused");
        }
        self.stir(Kind::Education).await
    }

    /// An advocate may know who the child is, once somebody has consented.
    async fn agree(&mut self) -> anyhow::Result<()> {
        let force = format!("police/{}", self.settings.region.force);
        let request = wire::ProposeAgreementRequest {
            request_id: self.people.request_id("agreement"),
            terms: Some(terms(&force)?),
        };
        let by = (force.as_str(), OFFICER);
        let answer = self.must(Kind::Routing, by, request, |local, request| async move {
            AgreementServiceClient::new(local).propose_agreement(request).await
        });
        let draft = answer.await?.and_then(|answer| answer.agreement);
        let draft = draft.context("the agreement was not proposed")?;
        for party in [force.as_str(), PROVIDER] {
            let request = wire::SignAgreementRequest {
                request_id: self.people.request_id("sign"),
                name: draft.name.clone(),
                digest: draft.digest.clone(),
                role: wire::SignatoryRole::CaldicottGuardian.into(),
            };
            let by = (party, OFFICER);
            let answer = self.must(Kind::Routing, by, request, |local, request| async move {
                AgreementServiceClient::new(local).sign_agreement(request).await
            });
            answer.await?;
        }
        Ok(())
    }
}

fn by_september(date: common::Date) -> common::Date {
    let late = (date.year, date.month) >= (2026, 9);
    if late { common::Date { year: 2026, month: 8, day: 31 } } else { date }
}

fn terms(force: &str) -> anyhow::Result<wire::AgreementTerms> {
    let organisation = |text: &str| -> anyhow::Result<common::Organisation> {
        Ok((&text.parse::<mash_domain::organisation::OrganisationId>()?).into())
    };
    let party = |text: &str, role: wire::AgreementPartyRole| -> anyhow::Result<_> {
        Ok(wire::AgreementParty { organisation: Some(organisation(text)?), role: role.into() })
    };
    let one = |text: &str| -> anyhow::Result<_> {
        let selector = wire::party_selector::Selector::Organisation(organisation(text)?);
        Ok(wire::PartySelector { selector: Some(selector) })
    };
    let day = |year, month, day| Some(common::Date { year, month, day });
    Ok(wire::AgreementTerms {
        kind: wire::AgreementKind::InformationSharingProtocol.into(),
        title: "Advocacy for children".to_owned(),
        title_cy: "Eiriolaeth i blant".to_owned(),
        reference: "SIM/2026/001".to_owned(),
        parties: vec![
            party(force, wire::AgreementPartyRole::Discloser)?,
            party(PROVIDER, wire::AgreementPartyRole::Recipient)?,
        ],
        clauses: vec![wire::AgreementClause {
            id: "4.2".to_owned(),
            flow: "advocate".to_owned(),
            data_classes: vec![1, 3, 4, 17],
            frequency: wire::AgreementFrequency::PerEvent.into(),
            from: vec![one(force)?],
            to: vec![one(PROVIDER)?],
            basis_codes: vec!["uk-gdpr-6-1-e".to_owned()],
            purpose: String::new(),
        }],
        valid_from: day(2026, 4, 1),
        valid_until: day(2027, 3, 31),
        supersedes: String::new(),
    })
}
