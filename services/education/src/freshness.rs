//! A directory that stays fresh: what is stale is told before it hurts, each with whoever has to mend it.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date};
use mash_chassis::Caller;
use mash_domain::{
    calendar::london,
    contact::Contact,
    freshness::{Finding, Seen, Stale, findings},
    organisation::OrganisationKind,
};
use mash_proto::{convert::education::establishment_from_wire, education::v1 as wire};
use mash_store::{StoreError, Tx};

use crate::{
    Service,
    access::{self, Reader},
    directory,
    error::Refusal,
    store::{self, Conn, freshness},
};

/// Establishments that are read at a time.
const BATCH: usize = 500;
/// The establishments of one authority, the closed ones of decades among them, are a few thousand at most.
const ESTABLISHMENTS: usize = 20_000;

/// A finding and where it stands in the list.
type Placed = ((Stale, String, String), wire::DirectoryFinding);

impl Service {
    /// A page of what is stale in the directory of an authority, the most pressing first.
    pub(crate) async fn directory_findings(
        &self,
        caller: &Caller,
        request: wire::ListDirectoryFindingsRequest,
    ) -> Result<wire::ListDirectoryFindingsResponse, Refusal> {
        let wire::ListDirectoryFindingsRequest { authority_code, page_size, page_token } = request;
        let size = access::page_size(page_size)?;
        let after = place(&page_token)?;
        let authority = directory::authority("authority_code", &authority_code)?;
        if !access::may_keep_authority(caller, &authority) {
            return Err(Refusal::NotFound);
        }
        let mut conn = self.store.read().await?;
        if caller.organisation.kind() != OrganisationKind::Operator {
            match Self::view(&mut conn, caller).await?.reader {
                Reader::Desks { desks } if !desks.is_empty() => (),
                Reader::Desks { .. } | Reader::School { .. } => return Err(Refusal::NotFound),
            }
        }
        let all = stale(&mut conn, authority.as_str(), self.today()).await?;
        let mut counts: BTreeMap<Stale, i32> = BTreeMap::new();
        for ((code, _, _), _) in &all {
            *counts.entry(*code).or_default() += 1;
        }
        let is_ahead = |(place, _): &Placed| after.as_ref().is_none_or(|after| place > after);
        let mut page: Vec<Placed> = all.into_iter().filter(is_ahead).take(size + 1).collect();
        let more = page.len() > size;
        page.truncate(size);
        let next_page_token = page.last().filter(|_| more).map(token).unwrap_or_default();
        let count = |(code, count): (Stale, i32)| wire::DirectoryFindingCount {
            finding_code: code.word().to_owned(),
            count,
        };
        Ok(wire::ListDirectoryFindingsResponse {
            findings: page.into_iter().map(|(_, finding)| finding).collect(),
            next_page_token,
            counts: counts.into_iter().map(count).collect(),
        })
    }

    /// Keeps what a mail server said of the mailbox of a contact, unless the directory has another address for her by now.
    pub(crate) async fn keep_bounce(
        &self,
        tx: &mut Tx,
        (laestab, contact): (&str, &str),
        (address, refused): (&str, bool),
    ) -> Result<(), StoreError> {
        if !refused {
            return freshness::forget_bounces(tx, laestab, &[contact]).await;
        }
        let Some(stored) = store::directory::lock(tx, laestab).await? else { return Ok(()) };
        let contacts = &stored.establishment.contacts;
        if contacts.iter().any(|it| it.id == contact && it.email == address) {
            freshness::put_bounce(tx, laestab, contact, self.clock.now()).await?;
        }
        Ok(())
    }
}

/// Whoever has another address than before, or is no longer there: what was said of the old one says nothing any more.
pub(crate) fn moved<'a>(before: &'a [wire::Contact], after: &[wire::Contact]) -> Vec<&'a str> {
    let same =
        |it: &wire::Contact| after.iter().any(|other| other.id == it.id && other.email == it.email);
    before.iter().filter(|it| !same(it)).map(|it| it.id.as_str()).collect()
}

/// Everything that is stale in the directory of an authority, in order.
async fn stale(conn: &mut Conn, authority: &str, today: Date) -> Result<Vec<Placed>, StoreError> {
    let mut bounced = freshness::bounces(conn.conn(), authority).await?;
    let (mut all, mut after, mut looked) = (Vec::new(), String::new(), 0);
    loop {
        let batch = store::directory::list(conn, authority, &after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        last.laestab().clone_into(&mut after);
        looked += batch.len();
        let laestabs: Vec<&str> = batch.iter().map(|stored| stored.laestab()).collect();
        let told = freshness::told(conn.conn(), &laestabs).await?;
        for stored in &batch {
            let seen = Seen {
                bounced: days(bounced.remove(stored.laestab()).unwrap_or_default()),
                told: told.contains(stored.laestab()),
            };
            all.extend(of_one(authority, &stored.establishment, &seen, today));
        }
        if looked >= ESTABLISHMENTS {
            tracing::error!(authority, looked, "there are more establishments than are looked at");
            break;
        }
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all)
}

fn days(bounced: BTreeMap<String, Timestamp>) -> BTreeMap<String, Date> {
    let day = |at: Timestamp| at.to_zoned(london().clone()).date();
    bounced.into_iter().map(|(contact, at)| (contact, day(at))).collect()
}

fn of_one(authority: &str, stored: &wire::Establishment, seen: &Seen, today: Date) -> Vec<Placed> {
    // It was checked when it was taken in; a row that a later rule would refuse is left to the next import.
    let Ok((establishment, contacts)) = establishment_from_wire(stored.clone()) else {
        tracing::error!(establishment = stored.name, "an establishment cannot be read");
        return Vec::new();
    };
    let names: HashMap<&str, &Contact> =
        contacts.iter().map(|contact| (contact.id.as_str(), contact)).collect();
    let shown = |Finding { stale, contact, since }: Finding| {
        let contact = contact.unwrap_or_default();
        let name = names.get(contact.as_str()).map(|it| it.full_name.clone());
        let place = (stale, establishment.laestab.to_string(), contact.clone());
        let finding = wire::DirectoryFinding {
            finding_code: stale.word().to_owned(),
            establishment: stored.name.clone(),
            display_name: establishment.name.clone(),
            contact,
            contact_name: name.unwrap_or_default(),
            since_date: since.map(Into::into),
            successors: if stale == Stale::Closed { stored.successors.clone() } else { Vec::new() },
            owner: format!("authorities/{authority}/desks/education-duty"),
        };
        (place, finding)
    };
    findings(&establishment, &contacts, seen, today).into_iter().map(shown).collect()
}

fn token(((stale, laestab, contact), _): &Placed) -> String {
    format!("{}/{laestab}/{contact}", stale.word())
}

fn place(token: &str) -> Result<Option<(Stale, String, String)>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let mut parts = token.splitn(3, '/');
        let (word, laestab, contact) = (parts.next()?, parts.next()?, parts.next()?);
        let stale = Stale::ALL.iter().copied().find(|it| it.word() == word)?;
        Some((stale, laestab.to_owned(), contact.to_owned()))
    };
    read().map(Some).ok_or_else(|| {
        Refusal::field("page_token", "MASH-E016", "the token of the page before, unchanged")
    })
}
