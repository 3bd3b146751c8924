//! What could be said about one child, before the rules take their part out of it.
//!
//! The candidate holds every class that the report holds, written for a recipient outside the police: free text is
//! sanitised here, whole fields are taken out afterwards by class.

use mash_domain::roll::name_key;
use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    incident::{Adult, Child, Incident, Private, RelationshipKind},
};
use mash_policy::Detail;
use mash_proto::{
    convert::{answer_to_wire, time_to_wire},
    disclosure::v1 as pb,
};

use crate::place_names::without_place_names;
use crate::sanitise::{Replacement, sanitise, without_ambiguity};
use crate::telephones::without_telephones;

pub(crate) const ADDRESS_WITHHELD: &str = "[address withheld]";

/// Words that tell that a place is a refuge, in both languages.
pub(crate) const REFUGE_WORDS: [&str; 7] = [
    "refuge",
    "women's refuge",
    "women's aid",
    "safe house",
    "lloches",
    "cymorth i ferched",
    "shelter",
];

/// How officers speak of an adult by the family name.
pub(crate) const TITLES: [&str; 6] = ["mr", "mrs", "ms", "miss", "mx", "dr"];

/// Who is meant where two people of the report are called the same.
pub(crate) const ANOTHER_PERSON: &str = "another person";

pub(crate) const ANOTHER_SCHOOL: &str = "another school";

/// Words before a number that name no place by themselves.
const HOUSE_WORDS: [&str; 6] = ["flat", "apartment", "unit", "room", "fflat", "uned"];

/// Words of schools' names that tell no school from another.
const SCHOOL_WORDS: [&str; 24] = [
    "school",
    "primary",
    "comprehensive",
    "secondary",
    "high",
    "infant",
    "infants",
    "junior",
    "nursery",
    "special",
    "community",
    "church",
    "academy",
    "college",
    "ysgol",
    "gynradd",
    "gyfun",
    "uwchradd",
    "gymraeg",
    "babanod",
    "cylch",
    "meithrin",
    "coleg",
    "the",
];

/// Everything that the report holds about this child, its free text written for a reader who may know these classes.
///
/// Only who and what the reader may know anyway is named: an officer's words must not tell what the classes keep back.
///
/// `other_schools` are the names of establishments that other children of the incident attend and this child does not:
/// free text may name them although nobody stated them.
#[must_use]
pub fn candidate(
    incident: &Incident,
    child: &Child,
    permitted: ClassSet,
    other_schools: &[&str],
) -> pb::Content {
    let replacements = replacements(incident, child, permitted, other_schools);
    let clean = |text: &Private| sanitise(text.as_str(), &replacements);
    let suspects = || incident.adults.iter().filter(|adult| adult.role.is_suspect());
    let protect = !matches!(child.protect_address(), Answer::No);
    pb::Content {
        child: Some(identity(child)),
        incident: Some(stub(incident, child)),
        narrative: Some(pb::Narrative {
            r#type: incident.kind.word().to_owned(),
            circumstances: clean(&incident.narrative),
            whereabouts: clean(&child.whereabouts),
            suspect_relationship: suspects()
                .next()
                .map_or(String::new(), |suspect| relation(suspect, child)),
            ..pb::Narrative::default()
        }),
        voice: Some(pb::ChildVoice {
            spoken_to: answer_to_wire(child.voice.spoken_to),
            words: clean(&child.voice.words),
            alone: answer_to_wire(child.voice.alone),
            not_spoken_to_reason: clean(&child.voice.not_spoken_to_reason),
        }),
        risk_grade: incident.dash_risk.word().to_owned(),
        address: child.address.as_ref().map(|address| pb::ChildAddress {
            lines: address.lines.iter().map(|line| line.as_str().to_owned()).collect(),
            postcode: address.postcode.as_str().to_owned(),
            protect,
            ..pb::ChildAddress::default()
        }),
        victims: incident
            .adults
            .iter()
            .filter(|adult| adult.role.is_victim())
            .map(|adult| victim(adult, child))
            .collect(),
        suspects: suspects()
            .map(|adult| pb::Suspect {
                given_names: adult.given_names.as_str().to_owned(),
                family_name: adult.family_name.as_str().to_owned(),
                relationship: relation(adult, child),
            })
            .collect(),
        offences: incident.offences.iter().map(|offence| offence.as_str().to_owned()).collect(),
        sexual_offence_detail: incident
            .sexual_offence
            .as_ref()
            .map_or(String::new(), |offence| offence.detail.as_str().to_owned()),
        household: Some(pb::Household {
            other_children: i32::try_from(incident.children.len().saturating_sub(1))
                .unwrap_or(i32::MAX),
            adult_relationships: incident
                .adults
                .iter()
                .map(|adult| relation(adult, child))
                .collect(),
            sibling_establishments: other_schools.iter().map(|name| (*name).to_owned()).collect(),
            ..pb::Household::default()
        }),
        officer: incident.officer.as_ref().map(|officer| pb::ProfessionalContact {
            reference: officer.reference.as_str().to_owned(),
            telephone: officer.telephone.as_str().to_owned(),
            ..pb::ProfessionalContact::default()
        }),
        actions: clean(&incident.actions),
        // The rest is of referrals: an incident has none of it.
        ..pb::Content::default()
    }
}

/// Takes out a detail although its class may go.
pub fn mask(content: &mut pb::Content, detail: Detail) {
    match detail {
        Detail::AdultTelephone => {
            for victim in &mut content.victims {
                victim.telephone.clear();
            }
            for_each_free_text(content, |text| *text = without_telephones(text));
        }
        Detail::Whereabouts => {
            if let Some(narrative) = &mut content.narrative {
                narrative.whereabouts.clear();
                narrative.concerns.iter_mut().for_each(|concern| concern.r#where.clear());
            }
        }
        Detail::SiblingSchool => {
            if let Some(household) = &mut content.household {
                household.sibling_establishments.clear();
            }
        }
        Detail::PlaceNames => for_each_free_text(content, |text| {
            *text = without_place_names(text);
        }),
    }
}

/// What a person wrote freely, and so what may tell a place, a number or a name although nobody asked.
///
/// Every field is named, so that a new one does not compile until somebody has said whether people write freely in it.
pub(crate) fn for_each_free_text(content: &mut pb::Content, change: impl Fn(&mut String)) {
    let pb::Content {
        narrative,
        voice,
        sexual_offence_detail,
        health,
        third_party,
        intelligence,
        immigration,
        adoption,
        actions,
        feedback,
        question,
        meeting,
        disagreement,
        reply,
        // Codes, names, numbers and days: each in a field of its own, which the rules take out as a whole.
        child: _,
        incident: _,
        risk_grade: _,
        address: _,
        victims: _,
        suspects: _,
        offences: _,
        household: _,
        officer: _,
        protection: _,
        professionals: _,
    } = content;
    let mut texts: Vec<&mut String> =
        vec![sexual_offence_detail, intelligence, immigration, adoption, actions];
    texts.extend(third_party);
    if let Some(narrative) = narrative {
        texts.extend([
            &mut narrative.circumstances,
            &mut narrative.whereabouts,
            &mut narrative.protection_in_place,
        ]);
        let concerns = narrative.concerns.iter_mut();
        texts.extend(concerns.flat_map(|it| [&mut it.what, &mut it.when, &mut it.r#where]));
    }
    if let Some(voice) = voice {
        texts.extend([&mut voice.words, &mut voice.not_spoken_to_reason]);
    }
    if let Some(health) = health {
        texts.push(&mut health.summary);
        let injuries = health.injuries.iter_mut();
        texts.extend(
            injuries.flat_map(|it| [&mut it.site, &mut it.description, &mut it.explanation]),
        );
    }
    if let Some(told) = feedback {
        texts.extend([&mut told.reason, &mut told.what_would_change_it, &mut told.next_step]);
    }
    // Where a meeting is held is said so that people find it.
    texts.extend(question.as_mut().map(|question| &mut question.text));
    texts.extend(meeting.as_mut().map(|meeting| &mut meeting.reason));
    texts.extend(disagreement.iter_mut().flat_map(|it| [&mut it.grounds, &mut it.sought]));
    texts.extend(reply.as_mut().map(|reply| &mut reply.refusal_reason));
    texts.into_iter().for_each(change);
}

fn identity(child: &Child) -> pb::ChildIdentity {
    pb::ChildIdentity {
        given_names: child.given_names.as_str().to_owned(),
        family_name: child.family_name.as_str().to_owned(),
        date_of_birth: Some(child.date_of_birth.date().into()),
        upn: child.upn.as_ref().map_or(String::new(), |upn| upn.as_str().to_owned()),
        nhs_number: child
            .nhs_number
            .as_ref()
            .map_or(String::new(), |number| number.as_str().to_owned()),
        ..pb::ChildIdentity::default()
    }
}

fn stub(incident: &Incident, child: &Child) -> pb::IncidentStub {
    pb::IncidentStub {
        police_reference: incident.occurrence_number.as_str().to_owned(),
        attended_time: Some(time_to_wire(incident.attended)),
        child_present: answer_to_wire(child.present),
        welfare_check: answer_to_wire(child.welfare_check),
        do_not_inform_parent: incident.do_not_inform_parent,
        parent_contact_advice: incident.parent_contact_advice.word().to_owned(),
        police_matter: incident.sexual_offence.is_some() || incident.live_investigation,
    }
}

fn victim(adult: &Adult, child: &Child) -> pb::AdultVictim {
    let telephone = if adult.no_contact_at_address { "" } else { adult.telephone.as_str() };
    pb::AdultVictim {
        given_names: adult.given_names.as_str().to_owned(),
        family_name: adult.family_name.as_str().to_owned(),
        relationship: relation(adult, child),
        telephone: telephone.to_owned(),
    }
}

fn relation(adult: &Adult, child: &Child) -> String {
    Incident::relationship(adult, child).map_or("not-stated", RelationshipKind::word).to_owned()
}

/// How free text speaks of an adult.
fn spoken(adult: &Adult, child: &Child) -> String {
    let word = match Incident::relationship(adult, child) {
        Some(RelationshipKind::Mother) => "mother",
        Some(RelationshipKind::Father) => "father",
        Some(RelationshipKind::StepParent) => "step-parent",
        Some(RelationshipKind::Grandparent) => "grandparent",
        Some(RelationshipKind::Sibling) => "adult sibling",
        Some(RelationshipKind::Carer) => "carer",
        Some(RelationshipKind::OtherRelative) => "relative",
        Some(RelationshipKind::NotRelated) | None => "other adult",
    };
    format!("the {word}")
}

/// What must not be read in any free text about this child.
fn replacements(
    incident: &Incident,
    child: &Child,
    permitted: ClassSet,
    other_schools: &[&str],
) -> Vec<Replacement> {
    let mut found = Vec::new();
    let own = [child.given_names.as_str(), child.family_name.as_str()];
    let mut person = |given: &str, family: &str, with: &str| {
        found.extend(Replacement::new(&format!("{given} {family}"), with));
        let parts = given.split_whitespace().chain([given, family]);
        // A name that this child has too tells nothing of the other one.
        found.extend(
            parts
                .filter(|part| !own.contains(part))
                .filter_map(|part| Replacement::new(part, with)),
        );
    };
    for other in incident.children.iter().filter(|other| other.reference != child.reference) {
        person(other.given_names.as_str(), other.family_name.as_str(), "a sibling");
    }
    for adult in incident.adults.iter().filter(|adult| !named_to(permitted, adult)) {
        person(adult.given_names.as_str(), adult.family_name.as_str(), &spoken(adult, child));
    }
    for adult in incident.adults.iter().filter(|adult| !named_to(permitted, adult)) {
        // With a title before it, a family name that the child shares is the adult's all the same.
        let (family, with) = (adult.family_name.as_str(), spoken(adult, child));
        let titles = TITLES.iter().filter(|_| !family.is_empty());
        found.extend(
            titles.filter_map(|title| Replacement::new(&format!("{title} {family}"), &with)),
        );
    }
    for school in other_schools {
        found.extend(Replacement::new(school, ANOTHER_SCHOOL));
        found.extend(Replacement::new(&distinctive(school), ANOTHER_SCHOOL));
    }
    let own_address = permitted.contains(DataClass::ChildAddress);
    let known = if own_address { places(child) } else { Vec::new() };
    let told = incident.children.iter().flat_map(places).filter(|place| !known.contains(place));
    found.extend(told);
    without_ambiguity(found, ANOTHER_PERSON)
}

/// Whether a reader who may know these classes reads the adult's name anyway.
fn named_to(permitted: ClassSet, adult: &Adult) -> bool {
    adult.role.is_victim() && permitted.contains(DataClass::AdultVictim)
        || adult.role.is_suspect() && permitted.contains(DataClass::Perpetrator)
}

/// What is left of a school's name without the words that many schools share: how people speak of it.
pub(crate) fn distinctive(name: &str) -> String {
    let shared = |word: &&str| !SCHOOL_WORDS.contains(&name_key(word).as_str());
    name.split_whitespace().filter(shared).collect::<Vec<_>>().join(" ")
}

/// What in free text tells where a child lives. With protection, the town and the sort of place tell it too.
fn places(child: &Child) -> Vec<Replacement> {
    let protect = !matches!(child.protect_address(), Answer::No);
    let kept = if protect { usize::MAX } else { 1 };
    let mut told: Vec<String> = Vec::new();
    if let Some(address) = &child.address {
        for line in address.lines.iter().take(kept) {
            told.push(line.as_str().to_owned());
            told.push(without_number(line.as_str()));
        }
        told.push(address.postcode.as_str().to_owned());
    }
    let sorts = REFUGE_WORDS.into_iter().filter(|_| protect).map(str::to_owned);
    told.into_iter()
        .chain(sorts)
        .filter_map(|phrase| Replacement::new(&phrase, ADDRESS_WITHHELD))
        .collect()
}

/// A line of an address as people speak of it: without the number of the house or the flat.
pub(crate) fn without_number(line: &str) -> String {
    let told = |word: &&str| {
        !word.chars().any(|c| c.is_ascii_digit()) && !HOUSE_WORDS.contains(&name_key(word).as_str())
    };
    line.split_whitespace().filter(told).collect::<Vec<_>>().join(" ")
}
