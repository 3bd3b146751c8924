//! Pupils and their enrolments.

use jiff::civil::Date;
use mash_domain::{
    import,
    roll::{self, Enrolment, Pupil},
};

use super::{Reader, fault};
use crate::{convert::Violation, education::v1 as wire};

/// Reads a pupil and checks it against the rules of the domain. An empty local id is let through: a UPN may stand for it.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn pupil_from_wire(pupil: wire::Pupil, today: Date) -> Result<Pupil, Vec<Violation>> {
    let by_upn = pupil.local_id.is_empty() && !pupil.upn.is_empty();
    let pupil = stored_pupil_from_wire(pupil)?;
    let faults: Vec<_> = roll::faults(&pupil, today)
        .into_iter()
        .filter(|found| !(by_upn && found.field == "local_id"))
        .map(|found| fault(format!("pupil.{}", found.field), found.code, found.description))
        .collect();
    if faults.is_empty() { Ok(pupil) } else { Err(faults) }
}

/// Reads a pupil that was accepted before, without today's rules.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn stored_pupil_from_wire(pupil: wire::Pupil) -> Result<Pupil, Vec<Violation>> {
    let wire::Pupil {
        authority_code,
        local_id,
        upn,
        nhs_number,
        given_names,
        family_name,
        date_of_birth,
        postcode,
        enrolments,
    } = pupil;
    let mut reader = Reader::at("pupil");
    let authority = reader.parsed("authority_code", &authority_code, "MASH-E003", "three digits");
    let upn = reader.optional(
        "upn",
        &upn,
        "MASH-E015",
        "a UPN has 13 characters and a check letter that holds",
    );
    let nhs_number = reader.optional(
        "nhs_number",
        &nhs_number,
        "MASH-E015",
        "an NHS number has ten digits and a check digit",
    );
    if date_of_birth.is_none() {
        reader.fault("date_of_birth", "MASH-E009", "a value is needed here");
    }
    let date_of_birth = reader.date("date_of_birth", date_of_birth);
    let enrolments = enrolments_from_wire(&mut reader, enrolments);
    let postcode = import::postcode(&postcode).unwrap_or(postcode);
    let build = || {
        Some(Pupil {
            authority: authority?,
            local_id,
            upn,
            nhs_number,
            given_names,
            family_name,
            date_of_birth: date_of_birth?,
            postcode,
            enrolments,
        })
    };
    let read = build();
    reader.finish(read)
}

fn enrolments_from_wire(reader: &mut Reader, enrolments: Vec<wire::Enrolment>) -> Vec<Enrolment> {
    if enrolments.len() > roll::ENROLMENTS_LIMIT {
        reader.fault("enrolments", "MASH-E026", "at most 10 enrolments");
    }
    let mut read = Vec::with_capacity(enrolments.len().min(roll::ENROLMENTS_LIMIT));
    for (index, enrolment) in enrolments.into_iter().enumerate().take(roll::ENROLMENTS_LIMIT) {
        let wire::Enrolment { kind, laestab, start_date, end_date } = enrolment;
        let at = |field: &str| format!("enrolments[{index}].{field}");
        let kind = reader.word::<wire::EnrolmentKind, _>(&at("kind"), kind);
        let laestab = reader.optional(&at("laestab"), &laestab, "MASH-E003", "seven digits");
        let start = reader.date(&at("start_date"), start_date);
        let end = reader.date(&at("end_date"), end_date);
        read.extend(kind.map(|kind| Enrolment { kind, laestab, start, end }));
    }
    read
}

impl From<&Pupil> for wire::Pupil {
    fn from(pupil: &Pupil) -> Self {
        let Pupil {
            authority,
            local_id,
            upn,
            nhs_number,
            given_names,
            family_name,
            date_of_birth,
            postcode,
            enrolments,
        } = pupil;
        Self {
            authority_code: authority.to_string(),
            local_id: local_id.clone(),
            upn: upn.as_ref().map(|upn| upn.as_str().to_owned()).unwrap_or_default(),
            nhs_number: nhs_number
                .as_ref()
                .map(|number| number.as_str().to_owned())
                .unwrap_or_default(),
            given_names: given_names.clone(),
            family_name: family_name.clone(),
            date_of_birth: Some((*date_of_birth).into()),
            postcode: postcode.clone(),
            enrolments: enrolments.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Enrolment> for wire::Enrolment {
    fn from(Enrolment { kind, laestab, start, end }: &Enrolment) -> Self {
        Self {
            kind: wire::EnrolmentKind::from(*kind).into(),
            laestab: laestab.as_ref().map(ToString::to_string).unwrap_or_default(),
            start_date: start.map(Into::into),
            end_date: end.map(Into::into),
        }
    }
}
