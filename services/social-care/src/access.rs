//! Who calls, and the names and texts of requests. An authority has its own queue; to it no other one is there.

use jiff::Timestamp;
use mash_chassis::{Caller, fault::Violation};
use mash_domain::organisation::OrganisationKind;
use mash_proto::convert::{ConvertError, time_from_wire, word_from_wire};
use uuid::Uuid;

use crate::{
    error::{NAME, PAGE, Refusal, TEXT, TIME, WORD},
    store::referrals::After,
};

/// The authority that calls.
pub(crate) fn authority(caller: &Caller) -> Result<String, Refusal> {
    match caller.organisation.kind() {
        OrganisationKind::LocalAuthority => Ok(caller.organisation.code().to_owned()),
        // The access layer lets nobody else through.
        OrganisationKind::PoliceForce
        | OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => Err(Refusal::NotFound),
    }
}

/// The id in `{collection}/{id}`. A malformed name is a fault of the request, not a thing that is missing.
pub(crate) fn id<'a>(field: &str, collection: &str, name: &'a str) -> Result<&'a str, Refusal> {
    name.strip_prefix(collection)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|id| {
            (1..=128).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        })
        .ok_or_else(|| {
            Refusal::field(field, NAME, &format!("`{collection}/` and the id that was given"))
        })
}

/// The case and the number in `referrals/{case id}/snapshots/{number}`.
pub(crate) fn snapshot(name: &str) -> Result<(&str, i64), Refusal> {
    let fault = || Refusal::field("name", NAME, "`referrals/{case id}/snapshots/{number}`");
    let (referral, number) = name.rsplit_once("/snapshots/").ok_or_else(fault)?;
    let number = number.parse().map_err(|_| fault())?;
    Ok((id("name", "referrals", referral)?, number))
}

/// A request id: a UUID.
pub(crate) fn request_id(text: &str) -> Result<Uuid, Refusal> {
    let id = Uuid::parse_str(text).ok().filter(|id| !id.is_nil());
    id.ok_or_else(|| Refusal::field("request_id", NAME, "a UUID, the same on every repeat"))
}

/// The revision that was read.
pub(crate) fn revision(number: i32) -> Result<u32, Refusal> {
    u32::try_from(number)
        .ok()
        .filter(|revision| *revision > 0)
        .ok_or_else(|| Refusal::field("expected_revision", WORD, "the revision that was read"))
}

/// A coded answer of a field.
pub(crate) fn word<W, D>(field: &str, number: i32) -> Result<D, Refusal>
where
    W: TryFrom<i32>,
    D: TryFrom<W, Error = ConvertError>,
{
    word_from_wire::<W, D>(number)
        .map_err(|_| Refusal::field(field, WORD, "one of the values of the contract"))
}

/// An opaque id of a practitioner.
pub(crate) fn practitioner(field: &str, text: &str) -> Result<String, Refusal> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Refusal::field(field, TEXT, "1 to 64 of 0-9 A-Z a-z . _ -"))
    }
}

/// Texts of a request, each checked; every fault is told at once.
#[derive(Default)]
pub(crate) struct Texts(Vec<Violation>);

impl Texts {
    /// A text that may be empty.
    pub(crate) fn optional(&mut self, field: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let shown = text.chars().all(|letter| !letter.is_control() || letter == '\n');
        if text.chars().count() > most || !shown {
            let words = format!("at most {most} characters, none of them invisible");
            self.0.push(Violation::new(field, TEXT, words));
        }
        text.to_owned()
    }

    /// A text that may not be empty.
    pub(crate) fn required(&mut self, field: &str, text: &str, most: usize) -> String {
        if text.trim().is_empty() {
            self.0.push(Violation::new(field, TEXT, "is required"));
        }
        self.optional(field, text, most)
    }

    /// Every fault that was found.
    pub(crate) fn check(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}

/// A time of a field, if there is one.
pub(crate) fn time(
    field: &str,
    time: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Refusal> {
    time.map(time_from_wire)
        .transpose()
        .map_err(|_| Refusal::field(field, TIME, "a time that exists"))
}

/// How many things a page has.
pub(crate) fn page_size(asked: i32) -> Result<usize, Refusal> {
    match usize::try_from(asked) {
        Ok(0) => Ok(50),
        Ok(size @ 1..=500) => Ok(size),
        Ok(_) | Err(_) => Err(Refusal::field("page_size", PAGE, "0 to 500")),
    }
}

/// Where a page begins; `first` where there was none before.
pub(crate) fn page(token: &str, first: i64) -> Result<After, Refusal> {
    if token.is_empty() {
        return Ok(After { ms: first, id: String::new() });
    }
    let read = || {
        let (ms, id) = token.split_once('.')?;
        Some(After { ms: ms.parse().ok()?, id: id.to_owned() })
    };
    read().ok_or_else(|| Refusal::field("page_token", PAGE, "the token of the page before"))
}

/// Where the next page begins, if there is one: of one more than fits.
pub(crate) fn next<T>(
    all: &mut Vec<T>,
    size: usize,
    place: impl Fn(&T) -> (i64, String),
) -> String {
    let more = all.len() > size;
    all.truncate(size);
    let last = all.last().filter(|_| more).map(place);
    last.map(|(ms, id)| format!("{ms}.{id}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_reading() {
        assert_eq!(id("name", "referrals", "referrals/c-1").unwrap(), "c-1");
        for name in ["", "referrals", "referrals/", "c-1", "referrals/a b", "referrals/a/b"] {
            assert!(id("name", "referrals", name).is_err(), "{name}");
        }
        assert_eq!(snapshot("referrals/c-1/snapshots/2").unwrap(), ("c-1", 2));
        for name in ["referrals/c-1", "referrals/c-1/snapshots/x", "c-1/snapshots/1"] {
            assert!(snapshot(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let mut all = vec![1_i64, 2, 3];
        let token = next(&mut all, 2, |one| (*one, format!("x{one}")));
        assert_eq!((all.len(), token.as_str()), (2, "2.x2"));
        let after = page(&token, i64::MIN).unwrap();
        assert_eq!((after.ms, after.id.as_str()), (2, "x2"));
        assert_eq!(next(&mut all, 2, |one| (*one, String::new())), "");
        assert!(page("x", 0).is_err() && page_size(501).is_err() && page_size(-1).is_err());
    }

    #[test]
    fn every_text_at_fault_is_told() {
        let mut texts = Texts::default();
        texts.required("reason", " ", 10);
        texts.optional("next_step", "\u{7}", 10);
        texts.optional("covers", "12345678901", 10);
        assert!(matches!(texts.check(), Err(Refusal::Invalid(found)) if found.len() == 3));
    }
}
