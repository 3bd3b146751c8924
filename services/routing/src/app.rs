//! The use cases, one file each. Those that take in events change a [`World`](crate::world::World) and nothing else.

pub mod discharge;
pub mod effects;
pub mod kept_back;
pub mod take_in_receipt;
pub mod take_in_report;
pub mod take_in_withdrawal;

#[cfg(test)]
pub(crate) mod tests;
