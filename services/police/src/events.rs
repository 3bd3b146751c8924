//! What the service takes in from the bus.

pub(crate) mod handovers;
pub(crate) mod outcomes;
