//! mash-policy
