//! What was in front of whoever decided, byte for byte as it was frozen.

use mash_chassis::Caller;
use mash_proto::social_care::v1 as wire;
use mash_store::StoreError;
use prost::Message as _;

use crate::{Service, access, error::Refusal, record::id_of, store::snapshots};

impl Service {
    pub(crate) async fn get_snapshot(
        &self,
        caller: &Caller,
        request: wire::GetSnapshotRequest,
    ) -> Result<wire::GetSnapshotResponse, Refusal> {
        let authority = access::authority(caller)?;
        let (case_id, number) = access::snapshot(&request.name)?;
        let mut conn = self.store.read().await?;
        let frozen = snapshots::get(&mut conn, &id_of(&authority, case_id), number).await?;
        told(frozen.ok_or(Refusal::NotFound)?)
    }
}

/// A snapshot for the wire.
pub(super) fn told(
    (content, digest): (Vec<u8>, Vec<u8>),
) -> Result<wire::GetSnapshotResponse, Refusal> {
    let snapshot = wire::Snapshot::decode(content.as_slice())
        .map_err(|_| StoreError::Corrupt("a snapshot"))?;
    Ok(wire::GetSnapshotResponse { content, digest, snapshot: Some(snapshot) })
}
