//! Partner organisations co-sign checkpoints, so that nobody can show two histories.

use mash_ledger::{Checkpoint, Note, Use, VerifierKey};

use super::{App, root_at};
use crate::{
    error::Refusal,
    store::{checkpoints, keys, tiles},
};

/// The name of the key by which an organisation co-signs.
pub(crate) fn name_of(organisation: &str) -> String {
    format!("witness/{organisation}")
}

impl App {
    /// The organisation co-signs with this key from now on.
    pub(crate) async fn register_witness(
        &self,
        organisation: &str,
        line: &str,
    ) -> Result<(), Refusal> {
        let wrong = |text| Refusal::field("verifier_key", text);
        let key = VerifierKey::parse(line)
            .map_err(|_| wrong("it is not a verifier key, `<name>+<id>+<key>`"))?;
        if key.purpose() != Use::Cosignature {
            return Err(wrong("it is not a key for cosignatures"));
        }
        if key.name() != name_of(organisation) {
            return Err(wrong("its name is not `witness/` and the organisation that calls"));
        }
        let mut tx = self.store.begin().await?;
        keys::register(&mut tx, organisation, &key, self.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(witness = key.label(), "a witness registered its key");
        Ok(())
    }

    /// Adds the organisation's cosignature to a checkpoint of this ledger, and returns how many witnesses it has now.
    pub(crate) async fn add_cosignature(
        &self,
        organisation: &str,
        text: &str,
    ) -> Result<usize, Refusal> {
        let note = Note::parse(text)?;
        let says = Checkpoint::of(&note)?;
        if says.origin != self.signer.origin() {
            return Err(mash_ledger::Fault::OtherLedger.into());
        }
        let mut conn = self.store.read().await?;
        let witness = keys::witness(&mut conn, organisation).await?.ok_or(Refusal::NoWitness)?;
        let signed = note.signed_by(std::slice::from_ref(&witness));
        let signed = signed.map_err(|_| Refusal::NoWitness)?;
        let mine = |line: &&mash_ledger::note::Signature| {
            line.name == witness.name() && line.id == witness.id()
        };
        let line = note.signatures().iter().find(mine).filter(|_| !signed.is_empty());
        let line = line.ok_or(Refusal::NoWitness)?.to_string();
        drop(conn);
        self.compare(&witness, &says).await?;
        let mut tx = self.store.begin().await?;
        // Only what this hub has signed itself is shown to others with a cosignature.
        checkpoints::find(tx.conn(), says.size).await?.ok_or(Refusal::NotFound)?;
        let signer = (witness.label(), line);
        checkpoints::cosign(&mut tx, says.size, (&signer.0, &signer.1), self.clock.now()).await?;
        tx.commit().await?;
        let mut conn = self.store.read().await?;
        Ok(checkpoints::cosignatures(&mut conn, says.size).await?.len())
    }

    /// Whether this ledger ever had that root at that size. If not, one of the two has seen another history.
    async fn compare(&self, witness: &VerifierKey, says: &Checkpoint) -> Result<(), Refusal> {
        let mut conn = self.store.read().await?;
        let head = tiles::head(&mut conn).await?;
        if says.size <= head.size && root_at(&mut conn, says.size).await? == says.root {
            return Ok(());
        }
        tracing::error!(
            code = "MASH-L033",
            witness = witness.label(),
            size = says.size,
            here = head.size,
            "a witness has seen another history of this ledger"
        );
        Err(Refusal::OtherHistory)
    }
}
