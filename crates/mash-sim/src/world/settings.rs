//! What a run is, and what goes wrong in it.

use jiff::civil::Date;
use mash_synth::months::Region;

use crate::pulse::Death;

/// What goes wrong, so many times in a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// When processes die.
    pub death: Death,
    /// Batches that are delivered again, and events that stand in a batch twice.
    pub duplicates: u32,
    /// Calls that are repeated although they were answered.
    pub repeats: u32,
    /// Batches that come late: minutes, not seconds.
    pub delays: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { death: Death::Never, duplicates: 0, repeats: 0, delays: 0 };
    /// Only what must have no effect at all.
    pub const COPIES: Self = Self { duplicates: 300, repeats: 300, ..Self::NONE };
    /// Everything, all the time.
    pub const ALL: Self =
        Self { death: Death::Sometimes(700), duplicates: 100, repeats: 100, delays: 30 };
}

/// What a run is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// One seed is one run.
    pub seed: u64,
    /// Where.
    pub region: Region,
    /// From which day on.
    pub first: Date,
    /// How many days.
    pub days: u32,
    /// The part of the real volume, of a thousand.
    pub share: u32,
    /// What goes wrong.
    pub faults: Faults,
}
