//! Adults and children, wire to domain.

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    incident::{
        Address, Adult, AdultRole, Child, DateOfBirth, Limit, Private, Reference, Relationship,
        RelationshipKind, Sex, StatedEstablishment, Voice,
        rules::{self, AgeFit, Likeness},
    },
};

use super::{codes, words::word_from_wire};
use crate::{
    convert::{
        answer_from_wire,
        read::{At, Reader},
    },
    police::v1 as wire,
    r#type::v1 as common,
};

const NAME: Limit = Limit::line(200);
const LINE: Limit = Limit::line(100);
const TELEPHONE: Limit = Limit::line(32);
const WORDS: Limit = Limit::paragraphs(4_000);

/// The days that dates of birth are held against. A day is `None` if it is not known or not to be checked.
#[derive(Clone, Copy)]
pub(super) struct Days {
    /// The day when officers attended.
    pub(super) attended: Option<Date>,
    /// Today.
    pub(super) today: Option<Date>,
}

/// Reads a child. What it is compared by is returned even if it has faults.
pub(super) fn child(
    reader: &mut Reader,
    at: &At<'_>,
    wire: wire::Child,
    days: Days,
) -> (Likeness, Option<Child>) {
    let wire::Child {
        r#ref,
        given_names,
        family_name,
        date_of_birth,
        sex,
        nhs_number,
        upn,
        address,
        stated_establishment,
        present,
        whereabouts,
        voice,
        welfare_check,
        home_force_code,
    } = wire;
    let names = child_names(reader, at, &given_names, &family_name);
    let likeness = Likeness {
        reference: reference(reader, &at.field("ref"), &r#ref),
        nhs_number: reader.optional(&at.field("nhs_number"), &nhs_number, codes::NHS_NUMBER),
        upn: reader.optional(&at.field("upn"), &upn, codes::UPN),
        names: names.clone(),
        born: child_birth(reader, &at.field("date_of_birth"), date_of_birth, days),
    };
    let sex = sex_recorded(reader, &at.field("sex"), sex);
    let address = address.map(|wire| read_address(reader, &at.field("address"), wire));
    let stated_establishment =
        establishment(reader, &at.field("stated_establishment"), stated_establishment);
    let present = reader.coded(&at.field("present"), answer_from_wire(present));
    let whereabouts = reader.text(&at.field("whereabouts"), &whereabouts, NAME);
    let voice = read_voice(reader, &at.field("voice"), voice.unwrap_or_default());
    let welfare_check = reader.coded(&at.field("welfare_check"), answer_from_wire(welfare_check));
    let home_force = reader.optional(&at.field("home_force_code"), &home_force_code, codes::FORCE);
    let [given_names, family_name] = names;
    let build = || {
        Some(Child {
            reference: likeness.reference.clone()?,
            given_names,
            family_name,
            date_of_birth: likeness.born?,
            sex,
            nhs_number: likeness.nhs_number.clone(),
            upn: likeness.upn.clone(),
            address: match address {
                Some(address) => Some(address?),
                None => None,
            },
            stated_establishment,
            present: present?,
            whereabouts,
            voice: voice?,
            welfare_check: welfare_check?,
            home_force,
        })
    };
    let child = build();
    (likeness, child)
}

fn child_names(reader: &mut Reader, at: &At<'_>, given: &str, family: &str) -> [Private; 2] {
    if given.trim().is_empty() && family.trim().is_empty() {
        reader.fault(&at.field("family_name"), codes::MISSING, "a child has at least one name");
    }
    [
        reader.text(&at.field("given_names"), given, NAME),
        reader.text(&at.field("family_name"), family, NAME),
    ]
}

fn child_birth(
    reader: &mut Reader,
    at: &At<'_>,
    date: Option<common::Date>,
    days: Days,
) -> Option<DateOfBirth> {
    let date = reader.present(at, date)?;
    let born = DateOfBirth::new(reader.date(at, date)?);
    // Without a day of the incident there is a fault already; today is then the best that ages can be held against.
    match days.attended.or(days.today).map(|day| rules::age_fit(born, day)) {
        Some(AgeFit::Unborn) => {
            reader.fault(at, codes::BORN_LATER, "is in the future or after officers attended");
            None
        }
        Some(AgeFit::Adult) => {
            reader.fault(
                at,
                codes::NOT_A_CHILD,
                "the person was 18 or over when officers attended",
            );
            None
        }
        Some(AgeFit::Child) | None => Some(born),
    }
}

fn reference(reader: &mut Reader, at: &At<'_>, text: &str) -> Option<Reference> {
    reader.required(at, text, codes::REFERENCE)
}

fn sex_recorded(reader: &mut Reader, at: &At<'_>, number: i32) -> Option<Sex> {
    if number == i32::from(common::Sex::Unspecified) {
        return None; // Not recorded is allowed.
    }
    reader.coded(at, word_from_wire::<common::Sex, Sex>(number))
}

fn read_address(reader: &mut Reader, at: &At<'_>, wire: wire::Address) -> Option<Address> {
    let wire::Address { lines, postcode, protect, authority_code } = wire;
    let mut read = Vec::new();
    if reader.fits(&at.field("lines"), &lines, rules::MOST_ADDRESS_LINES) {
        for (index, line) in lines.iter().enumerate() {
            read.push(reader.text(&at.item("lines", index), line, LINE));
        }
    }
    let postcode = reader.text(&at.field("postcode"), &postcode, Limit::line(10));
    let protect = reader.coded(&at.field("protect"), answer_from_wire(protect));
    let authority = reader.optional(&at.field("authority_code"), &authority_code, codes::AUTHORITY);
    Some(Address { lines: read, postcode, protect: protect?, authority })
}

fn establishment(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::StatedEstablishment>,
) -> Option<StatedEstablishment> {
    let wire::StatedEstablishment { stated_name, laestab } = wire?;
    let stated_name = reader.text(&at.field("stated_name"), &stated_name, NAME);
    let laestab = reader.optional(&at.field("laestab"), &laestab, codes::LAESTAB);
    (!stated_name.is_empty() || laestab.is_some())
        .then_some(StatedEstablishment { stated_name, laestab })
}

fn read_voice(reader: &mut Reader, at: &At<'_>, wire: wire::Voice) -> Option<Voice> {
    let wire::Voice { spoken_to, words, alone, not_spoken_to_reason } = wire;
    let spoken_to = reader.coded(&at.field("spoken_to"), answer_from_wire(spoken_to));
    let words = reader.text(&at.field("words"), &words, WORDS);
    // Who was not spoken to was not alone with the officer either; the question need not be answered then.
    let alone = if alone == 0 && spoken_to != Some(Answer::Yes) {
        Some(Answer::Unknown)
    } else {
        reader.coded(&at.field("alone"), answer_from_wire(alone))
    };
    let reason = at.field("not_spoken_to_reason");
    if not_spoken_to_reason.trim().is_empty()
        && matches!(spoken_to, Some(Answer::No | Answer::Unknown))
    {
        reader.fault(&reason, codes::NO_VOICE_REASON, "say why the child was not spoken to");
    }
    let not_spoken_to_reason =
        reader.text(&reason, &not_spoken_to_reason, Limit::paragraphs(1_000));
    Some(Voice { spoken_to: spoken_to?, words, alone: alone?, not_spoken_to_reason })
}

/// Reads an adult. `children` are the references of the children of the report, `None` if they were not looked at.
pub(super) fn adult(
    reader: &mut Reader,
    at: &At<'_>,
    wire: wire::Adult,
    children: Option<&[String]>,
    days: Days,
) -> Option<Adult> {
    let wire::Adult {
        r#ref,
        given_names,
        family_name,
        date_of_birth,
        role,
        relationships,
        works_at,
        no_contact_at_address,
        telephone,
    } = wire;
    let reference = reference(reader, &at.field("ref"), &r#ref);
    let given_names = reader.text(&at.field("given_names"), &given_names, NAME);
    let family_name = reader.text(&at.field("family_name"), &family_name, NAME);
    let date_of_birth =
        date_of_birth.and_then(|date| adult_birth(reader, &at.field("date_of_birth"), date, days));
    let role = reader.coded(&at.field("role"), word_from_wire::<wire::AdultRole, AdultRole>(role));
    let relationships = read_relationships(reader, at, relationships, children);
    let works_at = establishment(reader, &at.field("works_at"), works_at);
    let telephone = reader.text(&at.field("telephone"), &telephone, TELEPHONE);
    Some(Adult {
        reference: reference?,
        given_names,
        family_name,
        date_of_birth,
        role: role?,
        relationships: relationships?,
        works_at,
        no_contact_at_address,
        telephone,
    })
}

fn adult_birth(
    reader: &mut Reader,
    at: &At<'_>,
    date: common::Date,
    days: Days,
) -> Option<DateOfBirth> {
    let date = reader.date(at, date)?;
    if days.today.is_some_and(|today| date > today) {
        reader.fault(at, codes::BORN_LATER, "is in the future");
        return None;
    }
    Some(DateOfBirth::new(date))
}

fn read_relationships(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Vec<wire::Relationship>,
    children: Option<&[String]>,
) -> Option<Vec<Relationship>> {
    if !reader.fits(&at.field("relationships"), &wire, rules::MOST_CHILDREN) {
        return None;
    }
    let mut told: Vec<String> = Vec::with_capacity(wire.len());
    let mut read = Some(Vec::with_capacity(wire.len()));
    for (index, wire::Relationship { child_ref, kind }) in wire.into_iter().enumerate() {
        let at = at.item("relationships", index);
        let child = reference(reader, &at.field("child_ref"), &child_ref);
        if child.is_some() && children.is_some_and(|children| !children.contains(&child_ref)) {
            reader.fault(
                &at.field("child_ref"),
                codes::NO_SUCH_CHILD,
                "no child of the report has this reference",
            );
        }
        if child.is_some() && told.contains(&child_ref) {
            reader.fault(
                &at.field("child_ref"),
                codes::SAME_REFERENCE,
                "the relationship to this child is told twice",
            );
        }
        told.push(child_ref);
        let kind = word_from_wire::<wire::RelationshipKind, RelationshipKind>(kind);
        let kind = reader.coded(&at.field("kind"), kind);
        match (child, kind, &mut read) {
            (Some(child), Some(kind), Some(read)) => read.push(Relationship { child, kind }),
            _ => read = None,
        }
    }
    read
}

/// The officer's own line, for the parent module.
pub(super) fn officer_text(reader: &mut Reader, at: &At<'_>, text: &str) -> Private {
    reader.text(at, text, TELEPHONE)
}
