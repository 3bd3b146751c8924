//! mash-police
