//! mash-store
