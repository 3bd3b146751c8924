//! How a hub works a referral: from arrival over grade and checks to a decision and feedback.
