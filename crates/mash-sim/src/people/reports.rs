//! Reports of children: what officers, schools, and the public tell the hub.

use jiff::Timestamp;
use mash_chassis::Clock as _;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::EvidenceClass,
    education::v1::{SubmitReferralRequest, referral_service_client::ReferralServiceClient},
    police::v1::{
        CustodyRecord, MissingEpisode, NoticeGrade, ProtectionNotice, RecordCustodyRequest,
        RecordMissingEpisodeRequest, SubmitProtectionNoticeRequest,
        protection_service_client::ProtectionServiceClient,
    },
    referral::v1 as wire,
    social_care::v1::{RecordPublicReportRequest, queue_service_client::QueueServiceClient},
    r#type::v1::{Answer, Date},
};
use mash_synth::{months::Arrival, random::Random, wales::families::Family};

use super::{OFFICER, Sender, WORKER};
use crate::{process::Kind, world::World};

/// What became of a report; nothing if nobody made it after all.
pub(super) type Accepted = Option<(Sender, Option<wire::SentReferral>)>;

impl World {
    /// Somebody refers a child.
    pub(super) async fn refer(&mut self, arrival: Arrival) -> anyhow::Result<()> {
        let Some((family, child)) = self.somebody(arrival) else { return Ok(()) };
        let report = self.report_of(arrival, family, child);
        self.people.references += 1;
        let reference = format!("SIM-{:06}", self.people.references);
        let kept = (reference.clone(), report.clone());
        let accepted = match arrival {
            Arrival::Incident => return Ok(()),
            Arrival::Notification => Box::pin(self.notify(reference, report)).await?,
            Arrival::Missing => Box::pin(self.missing(reference, report)).await?,
            Arrival::Custody => Box::pin(self.custody(reference, report)).await?,
            Arrival::School | Arrival::EarlyHelp => {
                self.school_refers(reference, report, child).await?
            }
            Arrival::Clinical => Box::pin(self.clinician_refers(reference, report)).await?,
            Arrival::Unborn => self.midwife_refers(reference, report).await?,
            Arrival::Public => self.public(reference, report, family).await?,
        };
        if let Some((sender, Some(sent))) = accepted {
            self.count("referrals accepted");
            let sender = Sender { revision: sent.revision, ..sender };
            if self.people.accepted.insert(sent.name.clone(), sender).is_some() {
                self.guardian.broken(format!("P5: {} was accepted a second time", sent.name));
            }
            self.what_follows_a_referral((arrival, &sent.name), kept);
        }
        Ok(())
    }

    /// A family of the region and one of its children: over a third of them were referred before.
    fn somebody(&mut self, arrival: Arrival) -> Option<(usize, usize)> {
        let authorities = self.settings.region.authorities;
        let people = &mut self.people;
        for _ in 0..200 {
            let known = people.random.chance(340);
            let position = match people.random.pick(&people.referred).filter(|_| known) {
                Some(position) => *position,
                None => {
                    let count = u32::try_from(people.wales.families.len()).ok()?;
                    usize::try_from(people.random.below(count)).ok()?
                }
            };
            let family = people.wales.families.get(position)?;
            if !authorities.contains(&family.authority_code) {
                continue;
            }
            let child = *people.random.pick(&family.children)?;
            let pupil = people.wales.pupils.get(child)?;
            let fits = match arrival {
                Arrival::Custody | Arrival::Missing => pupil.date_of_birth.year() <= 2014,
                Arrival::School | Arrival::EarlyHelp => pupil
                    .school()
                    .and_then(|laestab| people.contacts.get(&format!("school/{laestab}")))
                    .is_some_and(|contacts| !contacts.is_empty()),
                Arrival::Incident
                | Arrival::Notification
                | Arrival::Clinical
                | Arrival::Unborn
                | Arrival::Public => true,
            };
            // Whoever comes of age within the months is left to other services.
            if fits && pupil.date_of_birth.year() >= 2010 {
                people.referred.push(position);
                return Some((position, child));
            }
        }
        None
    }

    fn report_of(&mut self, arrival: Arrival, family: usize, child: usize) -> wire::Report {
        let people = &mut self.people;
        let mut report = wire::Report { form_version: 1, ..wire::Report::default() };
        let (Some(family), Some(pupil)) =
            (people.wales.families.get(family), people.wales.pupils.get(child))
        else {
            return report;
        };
        let random = &mut people.random;
        let born = pupil.date_of_birth;
        report.child = Some(wire::Subject {
            given_names: pupil.given_names.clone().into_owned(),
            family_name: pupil.family_name.clone().into_owned(),
            date_of_birth: Some(Date {
                year: born.year().into(),
                month: born.month().into(),
                day: born.day().into(),
            }),
            sex: pupil.sex.into(),
            nhs_number: pupil.nhs_number.clone().filter(|_| random.chance(400)).unwrap_or_default(),
            upn: pupil.upn.clone().filter(|_| random.chance(300)).unwrap_or_default(),
            address: Some(address(family)),
            laestab: pupil.school().unwrap_or_default().to_owned(),
            ..wire::Subject::default()
        });
        report.household = household(family);
        concern(&mut report, random);
        report.place_authority_code = family.authority_code.to_owned();
        report.kind = kind_of(arrival).into();
        if arrival == Arrival::EarlyHelp {
            report.harm_suspected = Answer::No.into();
            report.do_not_inform_parent = false;
            report.consent = Some(wire::ConsentAsked {
                asked: Answer::Yes.into(),
                of: "mother".to_owned(),
                covers: "help with routines at home".to_owned(),
                given: Answer::Yes.into(),
                why_not: String::new(),
            });
        }
        report
    }

    fn this_force(&self) -> String {
        format!("police/{}", self.settings.region.force)
    }

    async fn notify(
        &mut self,
        reference: String,
        report: wire::Report,
    ) -> anyhow::Result<Accepted> {
        let grade = self.people.random.weighted(&[
            (90, NoticeGrade::Red),
            (260, NoticeGrade::Amber),
            (650, NoticeGrade::Green),
        ]);
        let notice = ProtectionNotice {
            reference,
            report: Some(report),
            grade: grade.unwrap_or(NoticeGrade::Green).into(),
            ..ProtectionNotice::default()
        };
        let request_id = self.people.request_id("notice");
        let request = SubmitProtectionNoticeRequest { request_id, notice: Some(notice) };
        let force = self.this_force();
        let answer = self.must(Kind::Police, (&force, OFFICER), request, |local, request| async {
            ProtectionServiceClient::new(local).submit_protection_notice(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Police, (&force, OFFICER), sent))
    }

    async fn missing(
        &mut self,
        reference: String,
        report: wire::Report,
    ) -> anyhow::Result<Accepted> {
        let episode = MissingEpisode {
            reference,
            report: Some(report),
            report_time: Some(self.an_hour_ago()),
            screened: Answer::Yes.into(),
            ..MissingEpisode::default()
        };
        let request = RecordMissingEpisodeRequest {
            request_id: self.people.request_id("missing"),
            episode: Some(episode),
            expected_revision: 0,
        };
        let force = self.this_force();
        let answer = self.must(Kind::Police, (&force, OFFICER), request, |local, request| async {
            ProtectionServiceClient::new(local).record_missing_episode(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Police, (&force, OFFICER), sent))
    }

    async fn custody(
        &mut self,
        reference: String,
        report: wire::Report,
    ) -> anyhow::Result<Accepted> {
        let custody = CustodyRecord {
            reference,
            report: Some(report),
            detain_time: Some(self.an_hour_ago()),
            suite: "Invented Suite".to_owned(),
            arrest_offence: "theft".to_owned(),
            ..CustodyRecord::default()
        };
        let request = RecordCustodyRequest {
            request_id: self.people.request_id("custody"),
            custody: Some(custody),
            expected_revision: 0,
        };
        let force = self.this_force();
        let answer = self.must(Kind::Police, (&force, OFFICER), request, |local, request| async {
            ProtectionServiceClient::new(local).record_custody(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Police, (&force, OFFICER), sent))
    }

    async fn school_refers(
        &mut self,
        reference: String,
        report: wire::Report,
        child: usize,
    ) -> anyhow::Result<Accepted> {
        let laestab = self.people.wales.pupils.get(child).and_then(|pupil| pupil.school());
        let school = format!("school/{}", laestab.unwrap_or_default());
        let contact = self.people.contacts.get(&school).and_then(|all| all.first()).cloned();
        let Some(contact) = contact else { return Ok(None) };
        let request_id = self.people.request_id("school-referral");
        let request = SubmitReferralRequest { request_id, reference, report: Some(report) };
        let by = (school.as_str(), contact.as_str());
        let answer = self.must(Kind::Education, by, request, |local, request| async {
            ReferralServiceClient::new(local).submit_referral(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.referral);
        Ok(accepted(Kind::Education, by, sent))
    }

    async fn public(
        &mut self,
        reference: String,
        report: wire::Report,
        family: usize,
    ) -> anyhow::Result<Accepted> {
        let authority = self.people.wales.families.get(family).map(|one| one.authority_code);
        let authority = format!("authority/{}", authority.unwrap_or_default());
        let request_id = self.people.request_id("public");
        let request = RecordPublicReportRequest { request_id, reference, report: Some(report) };
        let by = (authority.as_str(), WORKER);
        let answer = self.must(Kind::SocialCare, by, request, |local, request| async {
            QueueServiceClient::new(local).record_public_report(request).await
        });
        let sent = Box::pin(answer).await?.and_then(|answer| answer.sent);
        Ok(accepted(Kind::SocialCare, by, sent))
    }

    fn an_hour_ago(&self) -> prost_types::Timestamp {
        let now = self.clock.now();
        let then: Timestamp = now - jiff::SignedDuration::from_mins(55);
        time_to_wire(then)
    }
}

/// Who sent it, and what a service made of it, if it did.
pub(super) fn accepted(
    kind: Kind,
    (organisation, practitioner): (&str, &str),
    sent: Option<wire::SentReferral>,
) -> Accepted {
    let (organisation, practitioner) = (organisation.to_owned(), practitioner.to_owned());
    Some((
        Sender { kind, organisation, practitioner, revision: 0, urgency: None, withdrawn: false },
        sent,
    ))
}

/// What the concern is, how sure and how pressing, and who says so.
fn concern(report: &mut wire::Report, random: &mut Random) {
    let evidence = random.weighted(&[
        (300, EvidenceClass::Fact),
        (350, EvidenceClass::Observation),
        (200, EvidenceClass::Opinion),
        (150, EvidenceClass::Hearsay),
    ]);
    report.concerns = vec![wire::Concern {
        what: "Seen alone in the street at night. Invented for a simulation.".to_owned(),
        when: "last night".to_owned(),
        r#where: "near the station".to_owned(),
        evidence: evidence.unwrap_or(EvidenceClass::Fact).into(),
    }];
    let harm = random.weighted(&[(550, Answer::Yes), (300, Answer::Unknown), (150, Answer::No)]);
    report.harm_suspected = harm.unwrap_or(Answer::Yes).into();
    report.urgency = random
        .weighted(&[
            (80, wire::Urgency::Immediate),
            (250, wire::Urgency::SameDay),
            (670, wire::Urgency::Routine),
        ])
        .unwrap_or(wire::Urgency::Routine)
        .into();
    report.do_not_inform_parent = random.chance(60);
    report.voice = Some(wire::Voice {
        spoken_to: Answer::Yes.into(),
        words: "I was cold.".to_owned(),
        alone: Answer::Yes.into(),
        not_spoken_to_reason: String::new(),
    });
    report.referrer = Some(wire::Referrer {
        name: "Invented Person".to_owned(),
        role: "professional".to_owned(),
        telephone: "01632 960400".to_owned(),
        protect_identity: random.chance(50),
    });
}

const fn kind_of(arrival: Arrival) -> wire::ReportKind {
    match arrival {
        Arrival::Incident | Arrival::Notification => wire::ReportKind::PoliceNotice,
        Arrival::Missing => wire::ReportKind::Missing,
        Arrival::Custody => wire::ReportKind::Custody,
        Arrival::School => wire::ReportKind::School,
        Arrival::EarlyHelp => wire::ReportKind::EarlyHelp,
        Arrival::Clinical => wire::ReportKind::Clinical,
        Arrival::Unborn => wire::ReportKind::Unborn,
        Arrival::Public => wire::ReportKind::Public,
    }
}

fn address(family: &Family) -> wire::Address {
    wire::Address {
        lines: family.home.lines.clone(),
        postcode: family.home.postcode.clone(),
        protect: if family.home.protect { Answer::Yes } else { Answer::No }.into(),
        authority_code: family.authority_code.to_owned(),
    }
}

fn household(family: &Family) -> Vec<wire::HouseholdMember> {
    family
        .adults
        .iter()
        .map(|person| wire::HouseholdMember {
            given_names: person.given_names.clone().into_owned(),
            family_name: person.family_name.clone().into_owned(),
            date_of_birth: None,
            relationship: if person.female { "mother" } else { "father" }.to_owned(),
            parental_responsibility: Answer::Yes.into(),
            in_household: Answer::Yes.into(),
        })
        .collect()
}
