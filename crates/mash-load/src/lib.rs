//! Load on a running hub, as forces and schools would put it there, and an honest count of what came out.
//!
//! Arrivals are open-loop: report number *n* is due at *n* divided by the rate after the start, whatever became of the
//! ones before it, and every latency counts from that due time, so that a stalled server cannot hide behind a client
//! that waits for it. A notice counts as available when the school's own stream shows it. That stream has no content, so
//! each notice is opened after the measured time, to learn which report it was; opening is not part of any figure.

pub mod crowd;
pub mod inbox;
mod process;
mod recorder;
pub mod referrals;
pub mod report;
mod run;
mod submit;
mod watch;

pub use self::{
    crowd::Crowd,
    report::{Latency, LoadReport, ProcessUse},
    run::{LoadConfig, LoadError, Progress, SchoolTarget, run},
};
