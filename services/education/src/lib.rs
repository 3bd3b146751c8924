//! mash-education
