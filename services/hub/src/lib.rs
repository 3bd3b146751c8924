//! mash-hub
