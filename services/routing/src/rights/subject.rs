//! Whose record is asked for: an identifier becomes a keyed hash before anything else is done with it.

use std::collections::BTreeSet;

use mash_chassis::fault::Violation;
use mash_domain::{
    identifier::{NhsNumber, Upn},
    incident::{CaseId, Reference},
};
use mash_proto::{
    disclosure::v1::Content,
    sharing::v1::{ChildSelector, child_selector::Child},
};
use mash_store::StoreError;

use super::INVALID;
use crate::{
    identity::ChildKeys,
    pseudonym::{MatchKey, Pseudonymiser},
    store::{
        Connection,
        subjects::{self, CaseChild, Known},
    },
};

/// A child, as she is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// By the keyed hash of a number.
    Key(String),
    /// By a case that she is a child of.
    Child(CaseChild),
}

impl Subject {
    /// Reads a selector. What it holds is not told again.
    pub(super) fn of(
        selector: Option<&ChildSelector>,
        keys: &Pseudonymiser,
    ) -> Result<Self, Violation> {
        let wrong = |field: &str, text: &str| Violation::new(field, INVALID, text);
        match selector.and_then(|selector| selector.child.as_ref()) {
            None => Err(wrong("child", "an NHS number, a UPN, a child of a case, or a pseudonym")),
            Some(Child::NhsNumber(number)) => number
                .parse::<NhsNumber>()
                .map(|number| Self::Key(keys.nhs_number(&number).as_str().to_owned()))
                .map_err(|_| wrong("child.nhs_number", "must be an NHS number")),
            Some(Child::Upn(upn)) => upn
                .parse::<Upn>()
                .map(|upn| Self::Key(keys.upn(&upn).as_str().to_owned()))
                .map_err(|_| wrong("child.upn", "must be a UPN")),
            Some(Child::CaseChild(name)) => Self::case(name).ok_or_else(|| {
                wrong("child.case_child", "`incidents/{id}/children/{ref}` or `referrals/{id}`")
            }),
            Some(Child::Subject(name)) => {
                Self::key(name).ok_or_else(|| wrong("child.subject", "`subjects/` and its key"))
            }
        }
    }

    fn key(name: &str) -> Option<Self> {
        let key = name.strip_prefix("subjects/")?;
        let fits = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self::Key(key.to_owned()))
    }

    fn case(name: &str) -> Option<Self> {
        if let Some(id) = name.strip_prefix("referrals/") {
            let case_id = id.parse::<CaseId>().ok()?.to_string();
            return Some(Self::Child(CaseChild { case_id, child_ref: String::new() }));
        }
        let (case, child) = name.strip_prefix("incidents/")?.split_once("/children/")?;
        let case_id = case.parse::<CaseId>().ok()?.to_string();
        let child_ref = child.parse::<Reference>().ok()?.to_string();
        Some(Self::Child(CaseChild { case_id, child_ref }))
    }

    /// As it is kept: a pseudonym.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("subjects/{key}"),
            Self::Child(child) => child.name(),
        }
    }

    /// As it was kept.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::key(name).or_else(|| Self::case(name))
    }

    /// Every case that she is a child of: those with the same number, and those that share any other number with them.
    pub(super) async fn children(
        &self,
        conn: &mut Connection,
    ) -> Result<BTreeSet<CaseChild>, StoreError> {
        let first = match self {
            Self::Key(key) => subjects::with_keys(conn, &BTreeSet::from([key.clone()])).await?,
            Self::Child(child) => BTreeSet::from([child.clone()]),
        };
        let keys = subjects::keys_of(conn, &first).await?;
        let mut all = subjects::with_keys(conn, &keys).await?;
        all.extend(first);
        Ok(all)
    }
}

/// By which keys a child of an incident is known.
#[must_use]
pub fn known_by_keys(case: CaseId, child_ref: &str, keys: ChildKeys) -> Vec<Known> {
    let child = CaseChild { case_id: case.to_string(), child_ref: child_ref.to_owned() };
    // Not the date of birth, which many share.
    let ChildKeys { upn, nhs_number, person, birth: _ } = keys;
    known(&child, [upn, nhs_number, person])
}

/// By which keys the child of an item is known. Other children of the same name are told apart by numbers alone here,
/// since items rarely tell where somebody lives.
#[must_use]
pub fn known_by_identity(case_id: &str, content: &Content, keys: &Pseudonymiser) -> Vec<Known> {
    let Some(identity) = &content.child else { return Vec::new() };
    let child = CaseChild { case_id: case_id.to_owned(), child_ref: String::new() };
    let upn = identity.upn.parse::<Upn>().ok().map(|upn| keys.upn(&upn));
    let nhs_number = identity.nhs_number.parse::<NhsNumber>().ok();
    known(&child, [upn, nhs_number.map(|number| keys.nhs_number(&number)), None])
}

fn known(child: &CaseChild, keys: [Option<MatchKey>; 3]) -> Vec<Known> {
    let known = |key: MatchKey| Known { key: key.as_str().to_owned(), child: child.clone() };
    keys.into_iter().flatten().map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(child: Child) -> Result<Subject, Violation> {
        Subject::of(Some(&ChildSelector { child: Some(child) }), &Pseudonymiser::new(b"test"))
    }

    #[test]
    fn a_pseudonym_reads_back_as_it_was_kept_and_says_no_number() {
        let case = CaseId::from_mac(&[7; 32]);
        for child in [
            Child::NhsNumber("9990000018".to_owned()),
            Child::CaseChild(format!("{}/children/c1", case.name())),
            Child::CaseChild(format!("referrals/{case}")),
        ] {
            let subject = of(child).unwrap();
            assert!(!subject.name().contains("9990000018"));
            assert_eq!(Subject::of_name(&subject.name()), Some(subject));
        }
    }

    #[test]
    fn what_is_no_child_is_refused_without_being_told_again() {
        let case = CaseId::from_mac(&[7; 32]);
        for child in [
            Child::NhsNumber("9990000019".to_owned()),
            Child::Upn("B801200005002".to_owned()),
            Child::CaseChild("incidents/x/children/c1".to_owned()),
            Child::CaseChild(format!("{}/children/a b", case.name())),
            Child::CaseChild(case.name()),
            Child::Subject("subjects/9990000018".to_owned()),
            Child::Subject(String::new()),
        ] {
            let wrong = of(child).unwrap_err();
            assert_eq!(wrong.code, INVALID);
            assert!(!wrong.description.contains("999"), "{}", wrong.description);
        }
        assert!(Subject::of(None, &Pseudonymiser::new(b"test")).is_err());
    }
}
