//! The text of a rule set, and the one that is built in.

/// The files of one version, read by whoever has files.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The name of the folder.
    pub version: &'a str,
    /// Each file's name and text.
    pub files: &'a [(&'a str, &'a str)],
}

macro_rules! embedded {
    ($version:literal: $($file:literal)*) => {
        Sources {
            version: $version,
            files: &[$((
                $file,
                include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/../../policy/rulesets/", $version, "/", $file
                )),
            )),*],
        }
    };
}

/// The rule set that this build carries. A test compares the list with the folder.
pub(super) const BUILTIN: Sources<'_> = embedded!("2026-11-23":
    "manifest.toml"
    "schema.cedarschema"
    "R01.cedar"
    "R02.cedar"
    "R03.cedar"
    "R04.cedar"
    "R05.cedar"
    "R06.cedar"
    "R07.cedar"
    "R08.cedar"
    "R09.cedar"
    "R10.cedar"
    "R11.cedar"
    "R12.cedar"
    "R13.cedar"
    "R14.cedar"
    "R15.cedar"
    "R16.cedar"
    "R17.cedar"
    "R18.cedar"
    "R19.cedar"
    "R20.cedar"
    "R21.cedar"
    "R22.cedar"
    "R23.cedar"
    "R24.cedar"
    "R25.cedar"
    "R26.cedar"
    "R27.cedar"
    "R28.cedar"
    "R29.cedar"
    "R30.cedar"
    "R31.cedar"
    "R32.cedar"
    "R33.cedar"
    "R34.cedar"
    "R35.cedar"
    "R36.cedar"
    "R37.cedar"
    "R38.cedar"
);
