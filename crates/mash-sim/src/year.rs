//! A school year of Operation Encompass in Wales: every report, every school, everything that goes wrong, and whether
//! somebody knew before the bell.
//!
//! Police, routing and education are the services that serve, on stores of their own, with the real ladder and the real
//! watchdog; only time, the log, the mail server and the people are simulated. In reading order: `calendar` and `trace` are
//! what happens whatever carries it, `staff` is what people do, `play` is the wheel of time and `people` and `outage` what
//! happens on it, `ledger` and `post` write down what leaves the services, `check` holds it against the promises, `others`
//! replays the same trace through the retry schedules of other systems, and `report` says it in figures.

pub mod calendar;
pub mod check;
pub mod ledger;
pub mod others;
pub mod outage;
pub mod people;
pub mod play;
pub mod post;
pub mod prepare;
pub mod regions;
pub mod report;
pub mod run;
pub mod staff;
pub mod trace;
