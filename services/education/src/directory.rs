//! Establishments and their contacts, desks and their officers.

use std::sync::Arc;

use mash_bus::topics;
use mash_chassis::Caller;
use mash_domain::{
    calendar::london,
    contact::{Contact, ContactOwner},
    establishment::{Establishment, RegisterLayout, read_register},
    identifier::{AuthorityCode, Laestab},
    organisation::OrganisationKind,
};
use mash_proto::{
    convert::education::{
        contacts_from_wire, enum_from_wire, establishment_to_wire, imported_to_wire,
        refused_to_wire,
    },
    disclosure::v1::Desk,
    education::v1 as wire,
    envelope::{Attributes, wrap},
};
use mash_store::{
    StoreError, Tx,
    keys::Scope,
    outbox::{self, OutboxMessage},
};
use prost::{Message, Name};
use uuid::Uuid;

use crate::{
    COMPONENT, SOURCE, Service,
    access::{self, ContactParent, desk_word},
    call::Begun,
    error::Refusal,
    freshness,
    store::{
        self,
        directory::{self, StoredEstablishment},
    },
};

impl Service {
    /// Today, where the schools are.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned(london().clone()).date()
    }

    /// Puts a change into the outbox. Its id is made here, once: it travels with the row from then on.
    pub(crate) fn change<M: Message + Name>(
        &self,
        topic: &'static str,
        key: String,
        event: &M,
    ) -> OutboxMessage {
        let id = Uuid::new_v4();
        let attributes =
            Attributes { id, source: SOURCE, subject: &key, time: self.clock.now(), cause: None };
        let payload = wrap(event, &attributes).encode_to_vec();
        OutboxMessage {
            topic,
            key,
            event_id: id.to_string(),
            payload,
            guards: Vec::new(),
            scope: Some(Scope::new("directory", "directory")),
        }
    }

    /// Takes in a register as a whole, or says everything that is wrong with it.
    pub(crate) async fn import_establishments(
        &self,
        header: wire::ImportEstablishmentsHeader,
        file: Vec<u8>,
    ) -> Result<wire::ImportReport, Refusal> {
        let layout = enum_from_wire::<wire::RegisterLayout, RegisterLayout>(header.layout)
            .map_err(|_| {
                Refusal::field("header.layout", "MASH-E004", "not a layout that is known")
            })?;
        // A national register takes seconds to read; other calls must not wait for it.
        let read = tokio::task::spawn_blocking(move || read_register(&file, layout)).await;
        let imported =
            match read.map_err(|_| StoreError::Corrupt("the reader of registers stopped"))? {
                Ok(imported) => imported,
                Err(refused) => return Ok(refused_to_wire(&refused)),
            };
        let mut tx = self.store.begin().await?;
        let known = directory::all(&mut tx).await?;
        let (mut changed, mut counts) = (Vec::new(), [0; 3]);
        let [created, updated, unchanged] = &mut counts;
        for record in &imported.records {
            let row = establishment_to_wire(record, &[]);
            match known.get(record.laestab.as_str()) {
                None => {
                    *created += 1;
                    changed.push(StoredEstablishment { establishment: row, version: 1 });
                }
                Some(stored) => {
                    let row = wire::Establishment {
                        contacts: stored.establishment.contacts.clone(),
                        ..row
                    };
                    if row == stored.establishment {
                        *unchanged += 1;
                    } else {
                        *updated += 1;
                        changed.push(StoredEstablishment {
                            establishment: row,
                            version: stored.version + 1,
                        });
                    }
                }
            }
        }
        self.put_establishments(&mut tx, &changed).await?;
        tx.commit().await?;
        tracing::info!(rows = imported.rows, changed = changed.len(), "a register was taken in");
        Ok(imported_to_wire::<Establishment>(&imported, counts))
    }

    async fn put_establishments(
        &self,
        tx: &mut Tx,
        changed: &[StoredEstablishment],
    ) -> Result<(), StoreError> {
        directory::put(tx, changed).await?;
        let messages: Vec<_> = changed
            .iter()
            .map(|stored| {
                let event = wire::EstablishmentChanged {
                    establishment: Some(stored.establishment.clone()),
                };
                self.change(topics::DIRECTORY, format!("school/{}", stored.laestab()), &event)
            })
            .collect();
        outbox::enqueue(tx, COMPONENT, &messages).await
    }

    /// One establishment with its contacts.
    pub(crate) async fn get_establishment(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<wire::Establishment, Refusal> {
        let laestab = access::establishment("name", name)?;
        if !access::may_keep_establishment(caller, &laestab) {
            return Err(Refusal::NotFound);
        }
        let found = directory::get(&mut self.store.read().await?, laestab.as_str()).await?;
        found.map(|stored| stored.establishment).ok_or(Refusal::NotFound)
    }

    /// A page of establishments, by number, without contacts.
    pub(crate) async fn list_establishments(
        &self,
        caller: &Caller,
        request: wire::ListEstablishmentsRequest,
    ) -> Result<wire::ListEstablishmentsResponse, Refusal> {
        let wire::ListEstablishmentsRequest { authority_code, page_size, page_token } = request;
        let size = access::page_size(page_size)?;
        if !page_token.is_empty() && page_token.parse::<Laestab>().is_err() {
            return Err(Refusal::field(
                "page_token",
                "MASH-E016",
                "the token of the page before, unchanged",
            ));
        }
        let operator = caller.organisation.kind() == OrganisationKind::Operator;
        if !(operator && authority_code.is_empty()) {
            let authority = authority("authority_code", &authority_code)?;
            if !access::may_keep_authority(caller, &authority) {
                return Err(Refusal::NotFound);
            }
        }
        let mut conn = self.store.read().await?;
        let mut page = directory::list(&mut conn, &authority_code, &page_token, size + 1).await?;
        let more = page.len() > size;
        page.truncate(size);
        let last = page.last().filter(|_| more);
        let next_page_token = last.map(|last| last.laestab().to_owned()).unwrap_or_default();
        let without = |stored: StoredEstablishment| wire::Establishment {
            contacts: Vec::new(),
            ..stored.establishment
        };
        Ok(wire::ListEstablishmentsResponse {
            establishments: page.into_iter().map(without).collect(),
            next_page_token,
        })
    }

    /// Replaces the contacts of an establishment or the officers of a desk.
    pub(crate) async fn replace_contacts(
        &self,
        caller: &Caller,
        request: wire::ReplaceContactsRequest,
    ) -> Result<wire::ReplaceContactsResponse, Refusal> {
        let parent = access::contact_parent(&request.parent)?;
        let (owner, allowed) = match &parent {
            ContactParent::Establishment(laestab) => {
                (ContactOwner::Establishment, access::may_keep_establishment(caller, laestab))
            }
            ContactParent::Desk(code, _) => {
                (ContactOwner::Desk, access::may_keep_authority(caller, code))
            }
        };
        if !allowed {
            return Err(Refusal::NotFound);
        }
        let contacts: Vec<Contact> =
            contacts_from_wire(request.contacts.clone(), owner, self.today())?;
        let contacts: Vec<wire::Contact> = contacts.iter().map(Into::into).collect();
        let mut call =
            match self.begin(caller, "ReplaceContacts", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        match parent {
            ContactParent::Establishment(laestab) => {
                self.put_contacts(&mut call.tx, &laestab, contacts.clone()).await?;
            }
            ContactParent::Desk(code, desk) => {
                self.put_desk(&mut call.tx, &code, desk, contacts.clone()).await?
            }
        }
        call.finish(wire::ReplaceContactsResponse { contacts }).await
    }

    async fn put_contacts(
        &self,
        tx: &mut Tx,
        laestab: &Laestab,
        contacts: Vec<wire::Contact>,
    ) -> Result<(), Refusal> {
        let stored = directory::lock(tx, laestab.as_str()).await?.ok_or(Refusal::NotFound)?;
        if stored.establishment.contacts == contacts {
            return Ok(());
        }
        let moved = freshness::moved(&stored.establishment.contacts, &contacts);
        store::freshness::forget_bounces(tx, laestab.as_str(), &moved).await?;
        let establishment = wire::Establishment { contacts, ..stored.establishment.clone() };
        let changed = StoredEstablishment { establishment, version: stored.version };
        Ok(self.put_establishments(tx, std::slice::from_ref(&changed)).await?)
    }

    async fn put_desk(
        &self,
        tx: &mut Tx,
        authority: &AuthorityCode,
        desk: Desk,
        contacts: Vec<wire::Contact>,
    ) -> Result<(), Refusal> {
        let desk = desk_word(desk).to_owned();
        let event = wire::DeskChanged { authority_code: authority.to_string(), desk, contacts };
        let known = directory::desks(tx, &event.authority_code).await?;
        if known.get(&event.desk).is_some_and(|(_, contacts)| *contacts == event.contacts) {
            return Ok(());
        }
        directory::put_desk(tx, &event).await?;
        let key = format!("authority/{}/{}", event.authority_code, event.desk);
        let message = self.change(topics::DIRECTORY, key, &event);
        Ok(outbox::enqueue(tx, COMPONENT, &[message]).await?)
    }
}

/// The code of an authority.
pub(crate) fn authority(field: &str, code: &str) -> Result<AuthorityCode, Refusal> {
    code.parse()
        .map_err(|_| Refusal::field(field, "MASH-E003", "the three digits of the authority"))
}

/// The service behind an API, which only translates.
pub(crate) type Shared = Arc<Service>;
