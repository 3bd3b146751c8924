//! Reading a request, and beginning what it asks: every fault at once, and one effect however often it comes (P5).

use mash_chassis::Caller;
use mash_partner::{Begun, Call, PartnerError};
use mash_proto::convert::{Violation, health::codes};
use mash_store::StoreError;
use prost::Message;

use crate::{Service, error::Refusal, store::Page};

/// What a request turned out to be.
pub(crate) enum Opened<T, Response> {
    /// Do it.
    Fresh(Box<Call>, T),
    /// Done before: this was the answer.
    Done(Response),
}

impl Service {
    /// Begins a call with what was read of its request, or finds the answer that it had before.
    pub(crate) async fn open<T, Request: Message, Response: Message + Default>(
        &self,
        (caller, method): (&Caller, &'static str),
        (request_id, request): (&str, &Request),
        read: Result<T, Vec<Violation>>,
    ) -> Result<Opened<T, Response>, Refusal> {
        let begun = self.partner.begin(caller, method, request_id, &request.encode_to_vec()).await;
        match (begun, read) {
            (Ok(Begun::Done(bytes)), _) => Response::decode(bytes.as_slice())
                .map(Opened::Done)
                .map_err(|_| StoreError::Corrupt("the answer to a request").into()),
            (Ok(Begun::Fresh(call)), Ok(read)) => Ok(Opened::Fresh(call, read)),
            (Ok(Begun::Fresh(_)), Err(faults)) => Err(Refusal::Invalid(faults)),
            (Err(PartnerError::Invalid(mut faults)), read) => {
                faults.extend(read.err().unwrap_or_default());
                Err(Refusal::Invalid(faults))
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

/// The most on a page, and how many if the caller does not say.
const MOST: usize = 200;
const USUAL: usize = 50;

/// Reads which page is asked for.
pub(crate) fn page(size: i32, token: &str) -> Result<Page, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, description: &str| {
        let (field, description) = (field.to_owned(), description.to_owned());
        faults.push(Violation { field, code: codes::PAGE, description });
    };
    let read_size = match usize::try_from(size) {
        Ok(0) => Some(USUAL),
        Ok(size) if size <= MOST => Some(size),
        Ok(_) | Err(_) => None,
    };
    if read_size.is_none() {
        fault("page_size", "must be between 0 and 200");
    }
    let after = if token.is_empty() { Some(0) } else { token.parse::<i64>().ok() };
    let after = after.filter(|after| *after >= 0);
    if after.is_none() {
        fault("page_token", "is not one that the hub gave");
    }
    match (read_size, after) {
        (Some(size), Some(after)) => Ok(Page { after, size }),
        _ => Err(Refusal::Invalid(faults)),
    }
}

impl Page {
    /// One more than fits, to see whether there is a next page.
    pub(crate) const fn and_one_more(self) -> Self {
        Self { size: self.size + 1, ..self }
    }

    /// Cuts what was read to the page, and gives the token of the next one.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>, seq: impl Fn(&T) -> i64) -> String {
        if rows.len() <= self.size {
            return String::new();
        }
        rows.truncate(self.size);
        rows.last().map(|row| seq(row).to_string()).unwrap_or_default()
    }
}

/// The id of a name with this prefix, such as `notices/`.
pub(crate) fn id_of<'a>(prefix: &str, name: &'a str) -> Result<&'a str, Violation> {
    let fits = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
    };
    name.strip_prefix(prefix).filter(fits).ok_or_else(|| Violation {
        field: "name".to_owned(),
        code: codes::NAME,
        description: format!("`{prefix}` and the id that the hub gave"),
    })
}
