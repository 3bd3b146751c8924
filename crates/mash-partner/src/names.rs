//! Names of resources, and pages.

use mash_domain::incident::CaseId;
use mash_proto::convert::Violation;

use crate::error::{NAME, PAGE, PartnerError};

/// The most on a page, and how many if the caller does not say.
const MOST: usize = 200;
const USUAL: usize = 50;

/// Which page is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub(crate) after: i64,
    pub(crate) size: usize,
}

impl Page {
    /// Reads a page: at most 200 on it, 50 if nothing is said.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Invalid`] with every fault.
    pub fn read(size: i32, token: &str) -> Result<Self, PartnerError> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, description: &str| {
            faults.push(Violation {
                field: field.to_owned(),
                code: PAGE,
                description: description.to_owned(),
            });
        };
        let size = match usize::try_from(size) {
            Ok(0) => USUAL,
            Ok(size) if size <= MOST => size,
            Ok(_) | Err(_) => {
                fault("page_size", "must be between 0 and 200");
                USUAL
            }
        };
        let after = if token.is_empty() { Some(0) } else { token.parse().ok() };
        let after = after.filter(|after: &i64| *after >= 0);
        if after.is_none() {
            fault("page_token", "is not one that the hub gave");
        }
        match after {
            Some(after) if faults.is_empty() => Ok(Self { after, size }),
            _ => Err(PartnerError::Invalid(faults)),
        }
    }

    /// One more than fits, to see whether there is a next page.
    pub(crate) const fn limit(self) -> usize {
        self.size + 1
    }

    /// Cuts what was read to the page, and gives the token of the next one.
    pub(crate) fn cut<T>(self, mut rows: Vec<T>, seq: impl Fn(&T) -> i64) -> (Vec<T>, String) {
        if rows.len() <= self.size {
            return (rows, String::new());
        }
        rows.truncate(self.size);
        let next = rows.last().map(|row| seq(row).to_string()).unwrap_or_default();
        (rows, next)
    }
}

/// The case of `referrals/{case id}`.
///
/// # Errors
///
/// [`PartnerError::Invalid`] if it is no such name.
pub fn case_of(field: &str, name: &str) -> Result<CaseId, PartnerError> {
    let id = name.strip_prefix("referrals/").and_then(|id| id.parse().ok());
    id.ok_or_else(|| PartnerError::field(field, NAME, "`referrals/` and the id of the referral"))
}

/// The id of a name with this prefix, such as `enquiries/`.
///
/// # Errors
///
/// [`PartnerError::Invalid`] if it is no such name.
pub fn id_of<'a>(field: &str, prefix: &str, name: &'a str) -> Result<&'a str, PartnerError> {
    name.strip_prefix(prefix).filter(|id| is_id(id)).ok_or_else(|| {
        PartnerError::field(field, NAME, &format!("`{prefix}` and the id that the hub gave"))
    })
}

/// Ids of the hub are short and plain; anything else is not worth a look in the store.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
