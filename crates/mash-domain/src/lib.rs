//! The nouns of safeguarding, their state machines and their clocks.
//!
//! Deliberately absent: async, input and output, the wall clock, randomness, wire types, SQL. Time is an argument.
//! Types that hold personal data have a `Debug` that redacts and no `Display`.

pub mod agreement;
pub mod answer;
pub mod authority;
pub mod bank_holidays;
pub mod calendar;
pub mod clock;
pub mod consent;
pub mod contact;
pub mod data_class;
pub mod establishment;
pub mod freshness;
pub mod health;
pub mod identifier;
pub mod import;
pub mod incident;
pub mod ladder;
pub mod nation;
pub mod notice;
pub mod organisation;
pub mod referral;
pub mod rights;
pub mod roll;
pub mod sharing;
pub mod statement;
