//! The topics of the hub.

/// A topic that must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name, without the prefix that tests may add.
    pub name: &'static str,
    /// How many partitions it has when it is created. Later changes would break the order per key.
    pub partitions: i32,
    /// Whether only the last message of each key is kept.
    pub compacted: bool,
}

/// What agencies submitted; key = case id.
pub const SUBMITTED: &str = "mash.submitted.v1";
/// Minimised messages for police; key = recipient organisation.
pub const DISCLOSED_POLICE: &str = "mash.disclosed.police.v1";
/// Minimised messages for education; key = recipient organisation.
pub const DISCLOSED_EDUCATION: &str = "mash.disclosed.education.v1";
/// Minimised messages for social care; key = recipient organisation.
pub const DISCLOSED_SOCIAL_CARE: &str = "mash.disclosed.social-care.v1";
/// Minimised messages for health; key = recipient organisation.
pub const DISCLOSED_HEALTH: &str = "mash.disclosed.health.v1";
/// Minimised messages for third-sector providers; key = recipient organisation.
pub const DISCLOSED_PROVIDER: &str = "mash.disclosed.provider.v1";
/// Every permit and refusal; key = case id.
pub const DECISIONS: &str = "mash.decisions.v1";
/// Delivered, opened, acknowledged, rejected, escalated; key = case id.
pub const RECEIPTS: &str = "mash.receipts.v1";
/// Organisations, establishments, key adults, calendars; key = organisation; compacted.
pub const DIRECTORY: &str = "mash.directory.v1";
/// Enrolments; key = opaque pupil id; compacted.
pub const ROLL: &str = "mash.roll.v1";
/// Agreements that became live, end soon, or have ended; key = agreement id.
pub const AGREEMENTS: &str = "mash.agreements.v1";
/// Statements of school mornings; key = the force or authority whose it is.
pub const STATEMENTS: &str = "mash.statements.v1";
/// What could not be processed; key = the original key.
pub const DEAD_LETTERS: &str = "mash.dead-letters.v1";

/// Twelve leave room for replicas, and cost little.
const PARTITIONS: i32 = 12;

/// All of them, for [`crate::Bus::ensure_topics`].
#[must_use]
pub fn all() -> Vec<TopicSpec> {
    let events = [
        SUBMITTED,
        DISCLOSED_POLICE,
        DISCLOSED_EDUCATION,
        DISCLOSED_SOCIAL_CARE,
        DISCLOSED_HEALTH,
        DISCLOSED_PROVIDER,
        DECISIONS,
        RECEIPTS,
        AGREEMENTS,
        STATEMENTS,
    ];
    let events = events.map(|name| TopicSpec { name, partitions: PARTITIONS, compacted: false });
    let states =
        [DIRECTORY, ROLL].map(|name| TopicSpec { name, partitions: PARTITIONS, compacted: true });
    let letters = [TopicSpec { name: DEAD_LETTERS, partitions: 3, compacted: false }];
    [&events[..], &states, &letters].concat()
}
