//! Holds, orders to erase, and the certificates of what was erased.

use aws_lc_rs::{digest, rand};
use jiff::{SignedDuration, Timestamp};
use mash_chassis::{Clock as _, SystemClock, fault::Violation};
use mash_domain::incident::CaseId;
use mash_ledger::{Entry, Kind, entry::commitment};
use mash_proto::{audit::v1 as wire, convert::time_to_wire};
use mash_store::{
    StoreError,
    erasure::{self, Certificate, EraseError},
    evidence::{self, Record},
    requests::{self, Prior},
};
use prost::Message;
use uuid::Uuid;

use super::{App, COMPONENT};
use crate::error::{INVALID, Refusal};

/// It is no case.
const CASE: &str = "MASH-X026";
/// Certificates in one transaction.
const ROUND: u32 = 500;

/// Who orders something, and what: all that is wrong with it is said at once.
pub(crate) struct Order<'a> {
    pub(crate) method: &'static str,
    /// `kind/code|practitioner`.
    pub(crate) by: String,
    pub(crate) request_id: &'a str,
    pub(crate) case_id: &'a str,
    /// None where no reason is asked for.
    pub(crate) reason: Option<&'a str>,
}

impl Order<'_> {
    fn check(&self) -> Result<(), Refusal> {
        let mut wrong = Vec::new();
        if Uuid::parse_str(self.request_id).map_or(true, |id| id.is_nil()) {
            let text = "must be a UUID, a new one for each new request";
            wrong.push(Violation::new("request_id", INVALID, text));
        }
        if self.case_id.parse::<CaseId>().is_err() {
            wrong.push(Violation::new("case_id", CASE, "must be the id of a case"));
        }
        if let Some(Err(error)) = self.reason.map(erasure::reasoned) {
            wrong.push(Violation::new("reason", error.code(), error.to_string()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::Invalid(wrong)) }
    }

    fn content(&self) -> Vec<u8> {
        let words = [self.case_id, self.reason.unwrap_or_default()].join("\u{1f}");
        digest::digest(&digest::SHA256, words.as_bytes()).as_ref().to_vec()
    }
}

impl App {
    /// Places a hold.
    pub(crate) async fn place_hold(&self, order: &Order<'_>) -> Result<(), Refusal> {
        self.once(order, async |tx, now| {
            let reason = order.reason.unwrap_or_default();
            erasure::place_hold_in(tx, order.case_id, reason, &order.by, now).await?;
            Ok(wire::PlaceHoldResponse {})
        })
        .await
        .map(drop)
    }

    /// Releases a hold.
    pub(crate) async fn release_hold(&self, order: &Order<'_>) -> Result<(), Refusal> {
        self.once(order, async |tx, _| {
            erasure::lift_hold_in(tx, order.case_id).await?;
            Ok(wire::ReleaseHoldResponse {})
        })
        .await
        .map(drop)
    }

    /// Closes every key of a case.
    pub(crate) async fn erase_case(
        &self,
        order: &Order<'_>,
    ) -> Result<wire::EraseCaseResponse, Refusal> {
        let answer = self.once(order, async |tx, now| {
            let reason = order.reason.unwrap_or_default();
            let keys = erasure::erase_in(tx, order.case_id, reason, &order.by, now).await?;
            let grace = SignedDuration::from_millis(erasure::GRACE_MS);
            let destroyed = SystemClock.now().checked_add(grace).unwrap_or(Timestamp::MAX);
            Ok(wire::EraseCaseResponse {
                keys: i32::try_from(keys).unwrap_or(i32::MAX),
                destroy_time: Some(time_to_wire(destroyed)),
            })
        });
        let answer = answer.await?;
        tracing::info!(case.id = order.case_id, keys = answer.keys, "an erasure was ordered");
        Ok(answer)
    }

    /// Does it once, however often the request comes.
    async fn once<R: Message + Default>(
        &self,
        order: &Order<'_>,
        work: impl AsyncFnOnce(&mut mash_store::Tx, i64) -> Result<R, EraseError>,
    ) -> Result<R, Refusal> {
        order.check()?;
        let Order { method, by, request_id, .. } = order;
        // Keys go by real time, as the look at them does.
        let (content, now) = (order.content(), SystemClock.now().as_millisecond());
        let mut tx = self.store.begin().await?;
        match requests::check(&mut tx, by, request_id, method, &content).await? {
            Prior::Fresh => {}
            Prior::Conflict => return Err(Refusal::RequestReused),
            Prior::Replay(answer) => {
                let corrupt = |_| StoreError::Corrupt("the answer to a request");
                return Ok(R::decode(answer.as_slice()).map_err(corrupt)?);
            }
        }
        let answer = work(&mut tx, now).await?;
        let kept = answer.encode_to_vec();
        requests::record(&mut tx, by, request_id, method, &content, &kept, now).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// Writes a certificate into the ledger for each key that was destroyed and has none.
    pub(crate) async fn certify(&self) -> Result<(), Refusal> {
        loop {
            let certificates = erasure::without_entry(&self.store, ROUND).await?;
            if certificates.is_empty() {
                return Ok(());
            }
            let records =
                certificates.iter().map(record_of).collect::<Result<Vec<Record>, Refusal>>()?;
            let entered: Vec<(i64, &str)> = certificates
                .iter()
                .zip(&records)
                .map(|(certificate, record)| (certificate.seq, record.entry_id.as_str()))
                .collect();
            let mut tx = self.store.begin().await?;
            evidence::record(&mut tx, COMPONENT, &records).await?;
            erasure::entered(&mut tx, &entered).await?;
            tx.commit().await?;
        }
    }

    /// Certificates after this number, with what it takes to check them.
    pub(crate) async fn list_erasures(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, wire::ListedErasure)>, Refusal> {
        let mut listed = Vec::new();
        for certificate in erasure::certificates(&self.store, after, limit).await? {
            let salt = evidence::salt(&self.store, &certificate.entry_id).await?;
            let listed_one = wire::ListedErasure {
                certificate: Some(to_wire(&certificate)),
                entry_id: certificate.entry_id.clone(),
                salt: salt.unwrap_or_default(),
                final_time: (certificate.final_ms > 0).then(|| time(certificate.final_ms)),
            };
            listed.push((certificate.seq, listed_one));
        }
        Ok(listed)
    }
}

fn time(ms: i64) -> prost_types::Timestamp {
    time_to_wire(Timestamp::from_millisecond(ms).unwrap_or_default())
}

fn to_wire(certificate: &Certificate) -> wire::ErasureCertificate {
    wire::ErasureCertificate {
        key_id: certificate.key_id.clone(),
        record: certificate.record.clone(),
        case_id: certificate.case_id.clone(),
        reason: certificate.reason.clone(),
        by: certificate.by_whom.clone(),
        close_time: Some(time(certificate.close_ms)),
        destroy_time: Some(time(certificate.destroy_ms)),
    }
}

fn record_of(certificate: &Certificate) -> Result<Record, Refusal> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| StoreError::Corrupt("no salt can be drawn"))?;
    let entry = Entry {
        id: Entry::id_of(&[Kind::Erased.word(), &certificate.key_id]),
        kind: Kind::Erased,
        at_ms: u64::try_from(certificate.destroy_ms).unwrap_or_default(),
        late: false,
        organisation: certificate.by_whom.split('|').next().unwrap_or_default().to_owned(),
        case: certificate.case_id.clone(),
        subject: format!("keys/{}", certificate.key_id),
        ruleset: String::new(),
        commitment: commitment(&salt, &to_wire(certificate).encode_to_vec()),
    };
    Ok(Record { entry_id: entry.id.to_string(), entry: entry.encode()?, salt })
}
