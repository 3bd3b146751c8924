//! The sharing rules: facts in, a decision with its reasons out. The only place where a [`Permit`] is born.
//!
//! Deliberately absent: async, input and output, the wall clock, randomness, wire types, and any content. A decision
//! is made on coded facts about one recipient; what is then released is cut to the [`Permit`] by others.

mod basis;
mod cases;
mod decision;
mod explain;
mod facts;
mod language;
mod matrix;
mod memo;
mod minimum;
mod rule;
mod ruleset;
mod vocabulary;

pub use basis::LawfulBasis;
pub use cases::{Case, CaseError, CaseText};
pub use decision::{
    ClassDecision, ConsentCode, Decision, Detail, Effect, Permit, ReasonCode, RecipientDecision,
    Refusal,
};
pub use explain::{
    Cited, Explanation, OnRecord, Section, Words, WordsError, consent_line, explain,
};
pub use facts::{Conflict, Handling, Profile, RecipientFacts, RecipientKind};
pub use language::Language;
pub use mash_domain::sharing::{Flow, Ground, Purpose};
pub use matrix::Matrix;
pub use minimum::{recipients, statutory_minimum};
pub use rule::{Bilingual, Jurisdiction, Rule, RuleId, RuleIdError, RulesetVersion, Term};
pub use ruleset::{Fault, Realised, Ruleset, RulesetError, Sources};
