//! The people of a report, wire to domain.

use jiff::civil::Date;
use mash_domain::{
    answer::Answer,
    incident::{Address, DateOfBirth, Limit, Private, Sex, rules::MOST_ADDRESS_LINES},
    referral::report::{
        AgeFault, Agency, ConsentAsked, Expected, HouseholdMember, Marks, Party, Referrer, Subject,
        Victim, age_fault, rules,
    },
};

use super::{answer, codes, texts};
use crate::{
    convert::{
        read::{At, Reader},
        word_from_wire,
    },
    disclosure::v1 as disclosure,
    referral::v1 as wire,
    r#type::v1 as common,
};

const NAME: Limit = Limit::line(200);
const WORD: Limit = Limit::line(60);
const TELEPHONE: Limit = Limit::line(32);

pub(super) fn child(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::Subject>,
    today: Date,
) -> Option<Subject> {
    let at = at.field("child");
    let known = wire.as_ref().is_some_and(|child| {
        let wire::Subject { given_names, family_name, aliases, nhs_number, upn, .. } = child;
        let texts = [given_names, family_name, nhs_number, upn, &child.stated_establishment];
        texts.iter().any(|text| !text.trim().is_empty())
            || !aliases.is_empty()
            || child.date_of_birth.is_some()
            || child.expected_birth.is_some()
            || child.address.is_some()
    });
    if !known {
        let what = "say who the child is as far as she is known; `unknown child` and what was seen will do";
        reader.fault(&at, codes::NO_CHILD, what);
    }
    let wire = wire?;
    let given_names = reader.text(&at.field("given_names"), &wire.given_names, NAME);
    let family_name = reader.text(&at.field("family_name"), &wire.family_name, NAME);
    let aliases = texts(reader, &at, "aliases", &wire.aliases, (rules::MOST_ALIASES, NAME));
    let (date_of_birth, expected_birth) =
        birth(reader, &at, wire.date_of_birth, wire.expected_birth, today);
    let sex = (wire.sex != 0)
        .then(|| reader.coded(&at.field("sex"), word_from_wire::<common::Sex, Sex>(wire.sex)))
        .flatten();
    let nhs_number = reader.optional(&at.field("nhs_number"), &wire.nhs_number, codes::IDENTIFIER);
    let upn = reader.optional(&at.field("upn"), &wire.upn, codes::IDENTIFIER);
    let address = wire.address.map(|wire| read_address(reader, &at.field("address"), &wire));
    let establishment = at.field("stated_establishment");
    let stated_establishment = reader.text(&establishment, &wire.stated_establishment, NAME);
    let laestab = reader.optional(&at.field("laestab"), &wire.laestab, codes::IDENTIFIER);
    let first_language = language(reader, &at.field("first_language"), &wire.first_language);
    let need = at.field("communication_need");
    let communication_need = reader.text(&need, &wire.communication_need, Limit::line(400));
    let ethnicity = reader.text(&at.field("ethnicity"), &wire.ethnicity, Limit::line(40));
    if !ethnicity.is_empty() && !ethnicity.as_str().contains(':') {
        let what = "put the code system before a colon, such as `DFE:WBRI`";
        reader.fault(&at.field("ethnicity"), codes::SHAPE, what);
    }
    Some(Subject {
        given_names,
        family_name,
        aliases,
        date_of_birth,
        expected_birth,
        sex,
        nhs_number,
        upn,
        address,
        stated_establishment,
        laestab,
        first_language,
        communication_need,
        ethnicity,
    })
}

fn birth(
    reader: &mut Reader,
    at: &At<'_>,
    born: Option<common::Date>,
    expected: Option<common::Date>,
    today: Date,
) -> (Option<DateOfBirth>, Option<Expected>) {
    let (born_at, expected_at) = (at.field("date_of_birth"), at.field("expected_birth"));
    let born = born.and_then(|date| reader.date(&born_at, date)).map(DateOfBirth::new);
    let expected = expected.and_then(|date| reader.date(&expected_at, date)).map(Expected);
    if let Some(fault) = age_fault(born, expected, today) {
        let (at, code) = match fault {
            AgeFault::Adult => (&born_at, codes::NOT_A_CHILD),
            AgeFault::NotBorn => (&born_at, codes::BIRTH),
            AgeFault::Both | AgeFault::NotExpected => (&expected_at, codes::BIRTH),
        };
        reader.fault(at, code, fault.to_string());
    }
    (born, expected)
}

fn read_address(reader: &mut Reader, at: &At<'_>, wire: &wire::Address) -> Address {
    let wire::Address { lines, postcode, protect, authority_code } = wire;
    let lines = texts(reader, at, "lines", lines, (MOST_ADDRESS_LINES, Limit::line(100)));
    let postcode = reader.text(&at.field("postcode"), postcode, Limit::line(10));
    let protect = answer(reader, &at.field("protect"), *protect);
    let code = at.field("authority_code");
    let authority = reader.optional(&code, authority_code, codes::IDENTIFIER);
    Address { lines, postcode, protect, authority }
}

/// A BCP 47 tag, or nothing.
pub(super) fn language(reader: &mut Reader, at: &At<'_>, tag: &str) -> Private {
    let fits = |(index, part): (usize, &str)| {
        let length = if index == 0 { 2..=3 } else { 1..=8 };
        length.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !tag.is_empty() && (tag.len() > 35 || !tag.split('-').enumerate().all(fits)) {
        reader.fault(at, codes::SHAPE, "must be a language tag such as `cy`");
    }
    reader.text(at, tag, Limit::line(35))
}

pub(super) fn household(
    reader: &mut Reader,
    at: &At<'_>,
    people: Vec<wire::HouseholdMember>,
    today: Date,
) -> Vec<HouseholdMember> {
    if !reader.fits(&at.field("household"), &people, rules::MOST) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(people.len());
    for (index, person) in people.into_iter().enumerate() {
        let at = at.item("household", index);
        let birth = at.field("date_of_birth");
        let born = person.date_of_birth.and_then(|date| reader.date(&birth, date));
        if born.is_some_and(|born| born > today) {
            reader.fault(&birth, codes::BIRTH, "is in the future");
        }
        let parental = at.field("parental_responsibility");
        read.push(HouseholdMember {
            given_names: reader.text(&at.field("given_names"), &person.given_names, NAME),
            family_name: reader.text(&at.field("family_name"), &person.family_name, NAME),
            date_of_birth: born.map(DateOfBirth::new),
            relationship: reader.text(&at.field("relationship"), &person.relationship, WORD),
            parental_responsibility: answer(reader, &parental, person.parental_responsibility),
            in_household: answer(reader, &at.field("in_household"), person.in_household),
        });
    }
    read
}

pub(super) fn consent(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::ConsentAsked>,
    marks: Marks,
) -> Option<ConsentAsked> {
    let wire::ConsentAsked { asked, of, covers, given, why_not } = wire?;
    let at = at.field("consent");
    let reason = at.field("why_not");
    let asked = answer(reader, &at.field("asked"), asked);
    if asked == Answer::No && why_not.trim().is_empty() {
        reader.fault(&reason, codes::NO_FAMILY_REASON, "say why consent was not asked for");
    }
    let consent = ConsentAsked {
        asked,
        of: reader.text(&at.field("of"), &of, WORD),
        covers: reader.text(&at.field("covers"), &covers, Limit::line(400)),
        given: answer(reader, &at.field("given"), given),
        why_not: reader.text(&reason, &why_not, Limit::paragraphs(1_000)),
    };
    if rules::claims_consent_to_exploitation(marks, &consent) {
        let what =
            "a child cannot consent to exploitation; what the child said belongs into `voice`";
        reader.fault(&at.field("given"), codes::CONSENT_TO_EXPLOITATION, what);
    }
    Some(consent)
}

pub(super) fn agencies(reader: &mut Reader, at: &At<'_>, all: Vec<wire::Agency>) -> Vec<Agency> {
    if !reader.fits(&at.field("agencies"), &all, rules::MOST) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, wire::Agency { name, contact, telephone }) in all.into_iter().enumerate() {
        let at = at.item("agencies", index);
        read.push(Agency {
            name: reader.text(&at.field("name"), &name, NAME),
            contact: reader.text(&at.field("contact"), &contact, NAME),
            telephone: reader.text(&at.field("telephone"), &telephone, TELEPHONE),
        });
    }
    read
}

pub(super) fn referrer(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::Referrer>,
) -> Option<Referrer> {
    let at = at.field("referrer");
    let nobody = |one: &wire::Referrer| one.name.trim().is_empty() && one.role.trim().is_empty();
    if wire.as_ref().is_none_or(nobody) {
        let what = "say who reports: a name, or a role such as `member of the public`";
        reader.fault(&at, codes::NO_REFERRER, what);
    }
    let wire::Referrer { name, role, telephone, protect_identity } = wire?;
    Some(Referrer {
        name: reader.text(&at.field("name"), &name, NAME),
        role: reader.text(&at.field("role"), &role, Limit::line(100)),
        telephone: reader.text(&at.field("telephone"), &telephone, TELEPHONE),
        protect_identity,
    })
}

fn party(reader: &mut Reader, at: &At<'_>, names: [&str; 3]) -> Party {
    let [given, family, relationship] = names;
    Party {
        given_names: reader.text(&at.field("given_names"), given, NAME),
        family_name: reader.text(&at.field("family_name"), family, NAME),
        relationship: reader.text(&at.field("relationship"), relationship, WORD),
    }
}

pub(super) fn suspects(
    reader: &mut Reader,
    at: &At<'_>,
    all: Vec<disclosure::Suspect>,
) -> Vec<Party> {
    if !reader.fits(&at.field("suspects"), &all, rules::MOST_PARTIES) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, one) in all.into_iter().enumerate() {
        let disclosure::Suspect { given_names, family_name, relationship } = one;
        let names = [given_names.as_str(), &family_name, &relationship];
        read.push(party(reader, &at.item("suspects", index), names));
    }
    read
}

pub(super) fn victims(
    reader: &mut Reader,
    at: &At<'_>,
    all: Vec<disclosure::AdultVictim>,
) -> Vec<Victim> {
    if !reader.fits(&at.field("victims"), &all, rules::MOST_PARTIES) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, one) in all.into_iter().enumerate() {
        let disclosure::AdultVictim { given_names, family_name, relationship, telephone } = one;
        let at = at.item("victims", index);
        let names = [given_names.as_str(), &family_name, &relationship];
        let party = party(reader, &at, names);
        let telephone = reader.text(&at.field("telephone"), &telephone, TELEPHONE);
        read.push(Victim { party, telephone });
    }
    read
}
