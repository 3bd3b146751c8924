//! Proofs about the sharing rules: what holds whatever the facts are, checked by a solver over all inputs.
//!
//! Deliberately absent: decisions. What a recipient may know is decided by `mash-policy` alone; this crate reads its
//! clauses, and a rule set that breaks a promise is not put in force.

mod activation;
mod book;
mod builtin;
mod claim;
mod diff;
mod invariant;
pub mod mutation;
mod prove;
mod rewrite;
mod situation;
mod solver;
mod words;

pub use activation::prove_for_activation;
pub use book::Term;
pub use diff::{Change, Difference, diff};
pub use invariant::{Form, Invariant, Invariants, InvariantsError, Literal};
pub use prove::{Counterexample, Options, Outcome, Report, prove};
pub use solver::{ProofError, Solver};
