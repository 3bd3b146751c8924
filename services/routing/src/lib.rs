//! mash-routing
