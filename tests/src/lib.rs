//! mash-tests
