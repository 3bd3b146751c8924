//! The 22 authorities: how many schools each has, where its post goes, how much Welsh is spoken.

/// What the generator knows of an authority beside its codes.
pub(super) struct Area {
    /// The three-digit code.
    pub(super) code: &'static str,
    /// Maintained schools. The sum is Wales's 1,460 of January 2024; the shares are about right, not official.
    pub(super) schools: u32,
    /// An outward postcode of the area.
    pub(super) outward: &'static str,
    /// Families in a thousand who speak Welsh at home and at school.
    pub(super) welsh: u32,
    /// Families in a thousand with names from further away.
    pub(super) wider: u32,
    /// Whether a further education college is there.
    pub(super) college: bool,
}

pub(super) const AREAS: [Area; 22] = [
    area("660", 46, "LL77", 570, 20, false),
    area("661", 93, "LL55", 640, 25, true),
    area("662", 58, "LL31", 260, 25, true),
    area("663", 53, "LL16", 240, 25, false),
    area("664", 78, "CH7", 120, 35, true),
    area("665", 70, "LL13", 130, 60, true),
    area("666", 90, "LD1", 190, 20, true),
    area("667", 40, "SY23", 480, 40, false),
    area("668", 58, "SA62", 190, 25, true),
    area("669", 106, "SA31", 410, 30, true),
    area("670", 93, "SA2", 130, 110, true),
    area("671", 62, "SA11", 150, 35, true),
    area("672", 59, "CF31", 100, 40, true),
    area("673", 55, "CF62", 120, 60, false),
    area("674", 113, "CF37", 140, 35, true),
    area("675", 27, "CF47", 90, 60, true),
    area("676", 85, "CF83", 120, 30, false),
    area("677", 25, "NP23", 70, 30, false),
    area("678", 33, "NP4", 90, 35, false),
    area("679", 34, "NP25", 90, 35, false),
    area("680", 56, "NP20", 90, 170, true),
    area("681", 126, "CF14", 120, 220, true),
];

const fn area(
    code: &'static str,
    schools: u32,
    outward: &'static str,
    welsh: u32,
    wider: u32,
    college: bool,
) -> Area {
    Area { code, schools, outward, welsh, wider, college }
}
