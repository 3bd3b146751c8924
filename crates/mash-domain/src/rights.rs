//! The rights of those whose data is shared, and what follows from a mistake: subject access, who looked.

pub mod looked;
pub mod misdirection;
pub mod redaction;
pub mod subject_access;
