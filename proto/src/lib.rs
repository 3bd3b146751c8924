//! The contract: generated messages, clients and servers, and the descriptors that carry its options.
//!
//! Wire types stop at the edge: conversions into domain types live beside the generated code, in [`convert`].

#[expect(
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "generated code is not held to the house style"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mash.rs"));
}

pub use generated::mash::{
    audit, delivery, disclosure, education, event, health, options, police, referral, sharing,
    social_care, r#type,
};

pub mod convert;
pub mod envelope;
pub mod minimise;

/// The file descriptor set of the whole contract, custom options included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mash.binpb"));
