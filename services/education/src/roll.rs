//! Who is enrolled where.

use mash_bus::topics;
use mash_chassis::Caller;
use mash_domain::{
    identifier::AuthorityCode,
    organisation::OrganisationKind,
    roll::{Pupil, read_roll},
};
use mash_proto::{
    convert::education::{imported_to_wire, pupil_from_wire, refused_to_wire},
    education::v1 as wire,
};
use mash_store::{
    Store, StoreError,
    keys::Scope,
    outbox::{self, OutboxMessage},
};

use crate::{
    COMPONENT, Service, access,
    call::Begun,
    directory::authority,
    error::Refusal,
    store::{
        self,
        roll::{self, StoredPupil},
    },
};

/// The key by which pupil ids are made opaque: made once, kept in the store, never shown.
pub(crate) async fn pupil_key(store: &Store) -> Result<aws_lc_rs::hmac::Key, StoreError> {
    let key = lasting_key(store, "pupil-key").await?;
    Ok(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key))
}

/// 32 random bytes under this name, made once.
pub(crate) async fn lasting_key(store: &Store, name: &str) -> Result<Vec<u8>, StoreError> {
    let mut fresh = [0; 32];
    aws_lc_rs::rand::fill(&mut fresh)
        .map_err(|_| StoreError::Corrupt("no randomness for a key"))?;
    let mut tx = store.begin().await?;
    let key = store::set_once(&mut tx, name, &fresh).await?;
    tx.commit().await?;
    Ok(key)
}

impl Service {
    /// The opaque id of a pupil: the same for the same authority and local id, and no way back.
    fn pupil_id(&self, authority: &str, local_id: &str) -> String {
        let tag = aws_lc_rs::hmac::sign(
            &self.pupil_key,
            format!("{authority}\u{1f}{local_id}").as_bytes(),
        );
        tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn pupil_changed(
        &self,
        authority: &str,
        local_id: &str,
        pupil: Option<wire::Pupil>,
    ) -> OutboxMessage {
        let pupil_id = self.pupil_id(authority, local_id);
        let event = wire::PupilChanged { pupil_id: pupil_id.clone(), pupil };
        let scope = Some(Scope::new("roll", authority));
        OutboxMessage { scope, ..self.change(topics::ROLL, pupil_id, &event) }
    }

    /// Takes in the roll of an authority as a whole, or says everything that is wrong with it.
    pub(crate) async fn import_roll(
        &self,
        caller: &Caller,
        header: wire::ImportRollHeader,
        file: Vec<u8>,
    ) -> Result<wire::ImportReport, Refusal> {
        let code = authority("header.authority_code", &header.authority_code)?;
        if !access::may_keep_authority(caller, &code) {
            return Err(Refusal::NotFound);
        }
        let roll_date = match header.roll_date {
            None => self.today(),
            Some(date) => date
                .try_into()
                .map_err(|_| Refusal::field("header.roll_date", "MASH-E005", "no such date"))?,
        };
        let of = code.clone();
        let read = tokio::task::spawn_blocking(move || read_roll(&file, &of, roll_date)).await;
        let imported = match read.map_err(|_| StoreError::Corrupt("the reader of rolls stopped"))? {
            Ok(imported) => imported,
            Err(refused) => return Ok(refused_to_wire(&refused)),
        };
        let counts = self.put_roll(&code, &imported.records).await?;
        tracing::info!(authority = %code, rows = imported.rows, "a roll was taken in");
        Ok(imported_to_wire::<Pupil>(&imported, counts))
    }

    async fn put_roll(
        &self,
        authority: &AuthorityCode,
        pupils: &[Pupil],
    ) -> Result<[usize; 3], Refusal> {
        let authority = authority.as_str();
        let mut tx = self.store.begin().await?;
        let mut known = roll::lock_all(&mut tx, authority).await?;
        let (mut changed, mut messages, mut counts) = (Vec::new(), Vec::new(), [0; 3]);
        let [created, updated, unchanged] = &mut counts;
        for pupil in pupils {
            let pupil = wire::Pupil::from(pupil);
            let version = match known.remove(&pupil.local_id) {
                None => {
                    *created += 1;
                    1
                }
                Some(stored) if stored.pupil == pupil => {
                    *unchanged += 1;
                    continue;
                }
                Some(stored) => {
                    *updated += 1;
                    stored.version
                }
            };
            messages.push(self.pupil_changed(authority, &pupil.local_id, Some(pupil.clone())));
            changed.push(StoredPupil { pupil, version });
        }
        // Who is missing from the file has left.
        *updated += known.len();
        let left: Vec<&str> = known.keys().map(String::as_str).collect();
        messages.extend(left.iter().map(|local_id| self.pupil_changed(authority, local_id, None)));
        roll::remove(&mut tx, authority, &left).await?;
        roll::put(&mut tx, &changed).await?;
        outbox::enqueue(&mut tx, COMPONENT, &messages).await?;
        tx.commit().await?;
        Ok(counts)
    }

    /// Replaces the enrolments of one pupil, and what is known of her.
    pub(crate) async fn replace_enrolments(
        &self,
        caller: &Caller,
        request: wire::ReplaceEnrolmentsRequest,
    ) -> Result<wire::ReplaceEnrolmentsResponse, Refusal> {
        let wanted = request.pupil.clone().unwrap_or_default();
        let mut pupil = pupil_from_wire(wanted, self.today())?;
        let authority = pupil.authority.clone();
        let school = caller.organisation.kind() == OrganisationKind::School;
        let code = caller.organisation.code();
        let own =
            if school { code.starts_with(authority.as_str()) } else { code == authority.as_str() };
        if !own {
            return Err(Refusal::NotFound);
        }
        let mut call =
            match self.begin(caller, "ReplaceEnrolments", &request.request_id, &request).await? {
                Begun::Replay(answer) => return Ok(answer),
                Begun::Fresh(call) => call,
            };
        let upn = pupil.upn.as_ref().map(|upn| upn.as_str().to_owned()).unwrap_or_default();
        let stored = roll::find(&mut call.tx, authority.as_str(), &pupil.local_id, &upn).await?;
        if let Some(stored) = &stored {
            pupil.local_id.clone_from(&stored.pupil.local_id);
        } else if pupil.local_id.is_empty() {
            return Err(Refusal::NotFound);
        }
        if school && !concerns(code, stored.as_ref(), &pupil) {
            return Err(Refusal::NotFound);
        }
        if !upn.is_empty() {
            let other = roll::find(&mut call.tx, authority.as_str(), "", &upn).await?;
            if other.is_some_and(|other| other.pupil.local_id != pupil.local_id) {
                return Err(Refusal::field(
                    "pupil.upn",
                    "MASH-E002",
                    "another pupil of the authority has this UPN",
                ));
            }
        }
        let pupil = wire::Pupil::from(&pupil);
        if stored.as_ref().is_none_or(|stored| stored.pupil != pupil) {
            let version = stored.map_or(1, |stored| stored.version + 1);
            roll::put(&mut call.tx, &[StoredPupil { pupil: pupil.clone(), version }]).await?;
            let message =
                self.pupil_changed(authority.as_str(), &pupil.local_id, Some(pupil.clone()));
            outbox::enqueue(&mut call.tx, COMPONENT, &[message]).await?;
        }
        call.finish(wire::ReplaceEnrolmentsResponse { pupil: Some(pupil) }).await
    }
}

/// Whether a school may speak for the pupil: she is enrolled there, or is new and goes nowhere else.
fn concerns(laestab: &str, stored: Option<&StoredPupil>, pupil: &Pupil) -> bool {
    match stored {
        Some(stored) => {
            stored.pupil.enrolments.iter().any(|enrolment| enrolment.laestab == laestab)
        }
        None => {
            let here = |enrolment: &mash_domain::roll::Enrolment| {
                enrolment.laestab.as_ref().is_some_and(|number| number.as_str() == laestab)
            };
            !pupil.enrolments.is_empty() && pupil.enrolments.iter().all(here)
        }
    }
}
