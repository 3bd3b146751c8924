//! Agreements between organisations: proposed, signed by two, watched by the calendar, ended.
//!
//! What a release by power rests on is read from the same tables, in the transaction of the release
//! ([`crate::store::agreements::of_organisations`]).

pub mod app;
pub mod grpc;
pub mod sweep;

use mash_domain::agreement::{Digest, Terms};

/// What parties sign: the SHA-256 of the canonical form of the terms.
#[must_use]
pub fn digest_of(terms: &Terms) -> Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &terms.canonical());
    // SHA-256 has 32 bytes; another length could only be another algorithm, whose digest matches no signature.
    Digest::from_slice(digest.as_ref()).unwrap_or(Digest::new([0; 32]))
}
