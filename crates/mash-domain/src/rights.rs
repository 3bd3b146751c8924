//! The rights of those whose data is shared, and what follows from a mistake: subject access, who looked, and
//! the glass that is broken for a life.

pub mod break_glass;
pub mod looked;
pub mod misdirection;
pub mod redaction;
pub mod subject_access;
