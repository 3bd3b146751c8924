//! The invariants that this build carries.

macro_rules! embedded {
    ($($file:literal)*) => {
        [$((
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/invariants/", $file)),
        )),*]
    };
}

/// Each file's name and text. A test compares the list with the folder.
pub(crate) const INVARIANTS: [(&str, &str); 6] = embedded!(
    "agreements.cedar"
    "caution.cedar"
    "classes.cedar"
    "consent.cedar"
    "duties.cedar"
    "flows.cedar"
);
