//! mash-chassis
