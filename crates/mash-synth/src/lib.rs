//! Invented people, schools and incidents, for demonstrations, tests and load. Nobody in here exists.
//!
//! Every NHS number is from the 999 range, which is kept for tests; telephone numbers are from the ranges that Ofcom
//! keeps for drama; mailboxes end in `.example`. Deliberately absent: randomness that a seed does not fix, the wall
//! clock, the network.

pub mod identifiers;
pub mod months;
pub mod morning;
pub mod night;
pub mod random;
pub mod wales;
