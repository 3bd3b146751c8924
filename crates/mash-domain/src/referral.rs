//! Referrals: what is reported, how a hub works it, and how partners answer.

pub mod enquiry;
pub mod meeting;
pub mod report;
pub mod work;
