//! Who is there to be told: loaded once for each batch.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    calendar::london,
    contact::{Contact, stand_in},
    ladder::{Channel, Ladder, Outcome, Step},
};
use mash_proto::convert::education::{contact_from_wire, ladder_from_wire};
use mash_store::{StoreError, Tx};

use crate::{
    intake::duty_officer,
    record::Record,
    store::{directory, ladder, notices},
};

/// Somebody who is to be told.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Addressee {
    /// The id of her contact entry.
    pub(super) id: String,
    /// Her address or number.
    pub(super) to: String,
}

/// The directory as this batch sees it.
pub(super) struct World {
    pub(super) now: Timestamp,
    today: Date,
    ladders: HashMap<String, Ladder>,
    officers: HashMap<String, Option<String>>,
    contacts: HashMap<String, Vec<Contact>>,
    readers: (String, Vec<String>),
}

impl World {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            today: now.to_zoned(london().clone()).date(),
            ladders: HashMap::new(),
            officers: HashMap::new(),
            contacts: HashMap::new(),
            readers: (String::new(), Vec::new()),
        }
    }

    /// The ladder of the authority in which the recipient is.
    pub(super) async fn ladder(
        &mut self,
        tx: &mut Tx,
        record: &Record,
    ) -> Result<Ladder, StoreError> {
        let authority: String = record.recipient.code().chars().take(3).collect();
        if let Some(known) = self.ladders.get(&authority) {
            return Ok(known.clone());
        }
        // It was checked when it was taken in; neither a rule that has grown stricter since nor a row that has gone bad may
        // stop a notice.
        let own = match ladder::of_authority(tx, &authority).await {
            Ok(own) => own.map(|own| ladder_from_wire(&own)),
            Err(StoreError::Corrupt(_)) => Some(Err(Vec::new())),
            Err(error) => return Err(error),
        };
        if let Some(Err(_)) = own {
            tracing::error!(authority, "its own ladder cannot be climbed, so that of the hub is");
        }
        let own = own.and_then(Result::ok);
        let ladder = own.unwrap_or_else(|| Ladder::builtin().clone());
        self.ladders.insert(authority, ladder.clone());
        Ok(ladder)
    }

    /// The first officer of the duty desk of an authority.
    pub(super) async fn officer(
        &mut self,
        tx: &mut Tx,
        authority: &str,
    ) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.officers.get(authority) {
            return Ok(known.clone());
        }
        let officer = duty_officer(tx, authority, self.today).await?;
        self.officers.insert(authority.to_owned(), officer.clone());
        Ok(officer)
    }

    /// Whom a step tells, or why nobody.
    pub(super) async fn person(
        &mut self,
        tx: &mut Tx,
        record: &Record,
        step: &Step,
    ) -> Result<Result<Addressee, Outcome>, StoreError> {
        self.load(tx, record).await?;
        let contacts = self.contacts.get(record.recipient.code()).map(Vec::as_slice);
        let of_school = contacts.unwrap_or_default();
        let of_role = of_school.iter().filter(|it| it.role == step.to.role());
        let mut why = Outcome::NoContact;
        for contact in of_role {
            // Whoever was passed over when it was released, for a conflict or without training, is not told either.
            let is_reader = |it: &Contact| self.readers.1.contains(&it.id);
            let Some(contact) = stand_in(of_school, contact, self.today) else {
                why = if is_reader(contact) { Outcome::Absent } else { Outcome::NotAddressed };
                continue;
            };
            if is_reader(contact) {
                let to = match step.by {
                    Channel::Email => contact.email.clone(),
                    Channel::Sms => contact.telephone.clone(),
                };
                return Ok(Ok(Addressee { id: contact.id.clone(), to }));
            }
            why = Outcome::NotAddressed;
        }
        Ok(Err(why))
    }

    async fn load(&mut self, tx: &mut Tx, record: &Record) -> Result<(), StoreError> {
        if self.readers.0 != record.id {
            self.readers = (record.id.clone(), notices::readers(tx, &record.id).await?);
        }
        let laestab = record.recipient.code();
        if !self.contacts.contains_key(laestab) {
            let found = directory::get(tx, laestab).await?;
            let contacts = found.map(|found| found.establishment.contacts).unwrap_or_default();
            let contacts = contacts.into_iter().filter_map(|it| contact_from_wire(it, "").ok());
            self.contacts.insert(laestab.to_owned(), contacts.collect());
        }
        Ok(())
    }
}
