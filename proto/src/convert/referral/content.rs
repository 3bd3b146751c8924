//! Everything that a sender gives, labelled by class: routing takes out what may not go.

use mash_domain::{
    answer::Answer,
    incident::{Private, Voice},
    referral::report::{
        Attachment, HouseholdMember, Party, Referrer, Report, ReportKind, Subject, Victim,
    },
};

use crate::{convert::answer_to_wire, disclosure::v1 as wire, r#type::v1 as common};

/// Everything that the report gives, labelled.
#[must_use]
pub fn content_of(report: &Report) -> wire::Content {
    wire::Content {
        child: Some(identity(&report.child)),
        incident: Some(wire::IncidentStub {
            police_reference: text(&report.police_reference),
            do_not_inform_parent: report.do_not_inform_parent,
            ..wire::IncidentStub::default()
        }),
        narrative: Some(narrative(report)),
        voice: report.voice.as_ref().map(voice),
        risk_grade: report.sender_grade.map_or_else(String::new, |grade| grade.word().to_owned()),
        address: address(&report.child, report.marks.refuge),
        victims: report.victims.iter().map(victim).collect(),
        suspects: report.suspects.iter().map(suspect).collect(),
        offences: report.offences.iter().map(text).collect(),
        sexual_offence_detail: text(&report.sexual_offence_detail),
        health: health(report),
        household: Some(household(report)),
        third_party: report.third_party.iter().map(text).collect(),
        intelligence: report.intelligence.as_ref().map_or_else(String::new, |one| text(&one.text)),
        immigration: text(&report.immigration),
        officer: Some(officer(&report.referrer)),
        actions: text(&report.actions),
        professionals: professionals(report),
        // The rest is said by a hub, or in answer to one.
        ..wire::Content::default()
    }
}

fn text(private: &Private) -> String {
    private.as_str().to_owned()
}

fn identity(child: &Subject) -> wire::ChildIdentity {
    let sex = child.sex.map_or(common::Sex::Unspecified, common::Sex::from);
    wire::ChildIdentity {
        given_names: text(&child.given_names),
        family_name: text(&child.family_name),
        date_of_birth: child.date_of_birth.map(|born| born.date().into()),
        upn: child.upn.as_ref().map_or_else(String::new, |upn| upn.as_str().to_owned()),
        nhs_number: child
            .nhs_number
            .as_ref()
            .map_or_else(String::new, |nhs| nhs.as_str().to_owned()),
        aliases: child.aliases.iter().map(text).collect(),
        sex: sex.into(),
        expected_birth: child.expected_birth.map(|expected| expected.0.into()),
        first_language: text(&child.first_language),
        communication_need: text(&child.communication_need),
        ethnicity: text(&child.ethnicity),
    }
}

fn narrative(report: &Report) -> wire::Narrative {
    let concern = |one: &mash_domain::referral::report::Concern| wire::ReportedConcern {
        what: text(&one.what),
        when: text(&one.when),
        r#where: text(&one.place),
        evidence: wire::EvidenceClass::from(one.evidence).into(),
    };
    let marks = report.marks.coded().into_iter().filter(|(_, answer)| answer.is_yes());
    let document = |one: &Attachment| wire::DocumentReference {
        reference: text(&one.reference),
        media_type: text(&one.media_type),
        digest: digest(one),
        description: text(&one.description),
    };
    let documents = if clinical(report) { &[] } else { report.attachments.as_slice() };
    wire::Narrative {
        r#type: report.kind.word().to_owned(),
        concerns: report.concerns.iter().map(concern).collect(),
        protection_in_place: text(&report.protection_in_place),
        risk_to_visitors: answer_to_wire(report.risk_to_visitors),
        marks: marks.map(|(code, _)| code.to_owned()).collect(),
        suspect_relationship: report
            .suspects
            .first()
            .map_or_else(String::new, |suspect| text(&suspect.relationship)),
        documents: documents.iter().map(document).collect(),
        ..wire::Narrative::default()
    }
}

/// Whether its documents are a clinician's: they are health data then.
const fn clinical(report: &Report) -> bool {
    matches!(report.kind, ReportKind::Clinical | ReportKind::Unborn)
}

fn digest(attachment: &Attachment) -> String {
    let bytes = attachment.digest.iter().flatten();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn voice(voice: &Voice) -> wire::ChildVoice {
    wire::ChildVoice {
        spoken_to: answer_to_wire(voice.spoken_to),
        words: text(&voice.words),
        alone: answer_to_wire(voice.alone),
        not_spoken_to_reason: text(&voice.not_spoken_to_reason),
    }
}

fn address(child: &Subject, refuge: Answer) -> Option<wire::ChildAddress> {
    let laestab =
        child.laestab.as_ref().map_or_else(String::new, |number| number.as_str().to_owned());
    let stated_establishment = text(&child.stated_establishment);
    if child.address.is_none() && laestab.is_empty() && stated_establishment.is_empty() {
        return None;
    }
    let (lines, postcode) = child.address.as_ref().map_or_else(Default::default, |address| {
        (address.lines.iter().map(text).collect(), text(&address.postcode))
    });
    let protect = refuge.is_yes() || child.protect_address().may_be_yes();
    Some(wire::ChildAddress { lines, postcode, protect, stated_establishment, laestab })
}

fn victim(Victim { party, telephone }: &Victim) -> wire::AdultVictim {
    wire::AdultVictim {
        given_names: text(&party.given_names),
        family_name: text(&party.family_name),
        relationship: text(&party.relationship),
        telephone: text(telephone),
    }
}

fn suspect(Party { given_names, family_name, relationship }: &Party) -> wire::Suspect {
    wire::Suspect {
        given_names: text(given_names),
        family_name: text(family_name),
        relationship: text(relationship),
    }
}

fn health(report: &Report) -> Option<wire::HealthDetail> {
    let injury = |one: &mash_domain::referral::report::Injury| wire::Injury {
        site: text(&one.site),
        description: text(&one.description),
        explanation: text(&one.explanation),
        explained: answer_to_wire(one.explained),
    };
    let photograph = |one: &Attachment| wire::Photograph {
        reference: text(&one.reference),
        media_type: text(&one.media_type),
        digest: one.digest.map_or_else(Vec::new, Vec::from),
        description: text(&one.description),
    };
    let attached = if clinical(report) { report.attachments.as_slice() } else { &[] };
    let health = report.health.as_ref();
    let taken = health.map_or(&[][..], |health| &health.photographs);
    if health.is_none() && attached.is_empty() {
        return None;
    }
    Some(wire::HealthDetail {
        injuries: health.iter().flat_map(|health| &health.injuries).map(injury).collect(),
        summary: health.map_or_else(String::new, |health| text(&health.summary)),
        photographs: taken.iter().chain(attached).map(photograph).collect(),
    })
}

fn household(report: &Report) -> wire::Household {
    let person = |one: &HouseholdMember| wire::HouseholdPerson {
        given_names: text(&one.given_names),
        family_name: text(&one.family_name),
        date_of_birth: one.date_of_birth.map(|born| born.date().into()),
        relationship: text(&one.relationship),
        parental_responsibility: answer_to_wire(one.parental_responsibility),
        in_household: answer_to_wire(one.in_household),
    };
    let unknown = answer_to_wire(Answer::Unknown);
    let consent = report.consent.as_ref();
    wire::Household {
        people: report.household.iter().map(person).collect(),
        preferred_language: text(&report.preferred_language),
        told: Some(wire::FamilyTold {
            parent_informed: answer_to_wire(report.parent_informed),
            parent_not_informed_reason: text(&report.parent_not_informed_reason),
            consent_asked: consent.map_or(unknown, |consent| answer_to_wire(consent.asked)),
            consent_of: consent.map_or_else(String::new, |consent| text(&consent.of)),
            consent_covers: consent.map_or_else(String::new, |consent| text(&consent.covers)),
            consent_given: consent.map_or(unknown, |consent| answer_to_wire(consent.given)),
            consent_why_not: consent.map_or_else(String::new, |consent| text(&consent.why_not)),
        }),
        ..wire::Household::default()
    }
}

fn officer(referrer: &Referrer) -> wire::ProfessionalContact {
    wire::ProfessionalContact {
        telephone: text(&referrer.telephone),
        name: text(&referrer.name),
        role: text(&referrer.role),
        protect_identity: referrer.protect_identity,
        ..wire::ProfessionalContact::default()
    }
}

fn professionals(report: &Report) -> Vec<wire::ProfessionalContact> {
    let agency = |one: &mash_domain::referral::report::Agency| wire::ProfessionalContact {
        name: text(&one.contact),
        telephone: text(&one.telephone),
        organisation: text(&one.name),
        ..wire::ProfessionalContact::default()
    };
    report.agencies.iter().map(agency).collect()
}
