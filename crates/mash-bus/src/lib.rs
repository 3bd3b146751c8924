//! mash-bus
