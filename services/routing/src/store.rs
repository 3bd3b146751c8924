//! The tables of routing. Nothing else in this crate knows SQL.

pub mod agreements;
pub mod break_glass;
pub mod consents;
pub mod decisions;
pub mod directory;
pub mod evidence;
pub mod items;
pub mod load;
pub mod misdirections;
pub mod profiles;
pub mod resting;
pub mod rights;
pub mod rulesets;
pub mod save;
pub mod statements;
pub mod subjects;

use mash_store::{Column, Migration, keys::PAYLOAD};

/// The component under which routing migrates and enqueues.
pub const COMPONENT: &str = "routing";

/// The tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "routing tables",
        sql: include_str!("../migrations/0001_routing.sql"),
    },
    Migration {
        version: 2,
        name: "consents",
        sql: include_str!("../migrations/0002_consents.sql"),
    },
    Migration {
        version: 3,
        name: "agreements",
        sql: include_str!("../migrations/0003_agreements.sql"),
    },
    Migration {
        version: 4,
        name: "rulesets and facts",
        sql: include_str!("../migrations/0004_rulesets.sql"),
    },
    Migration {
        version: 5,
        name: "releases that rest on agreements",
        sql: include_str!("../migrations/0005_resting.sql"),
    },
    Migration { version: 6, name: "items", sql: include_str!("../migrations/0006_items.sql") },
    Migration {
        version: 7,
        name: "statements of school mornings",
        sql: include_str!("../migrations/0007_statements.sql"),
    },
    Migration {
        version: 8,
        name: "rights of those whose data is shared",
        sql: include_str!("../migrations/0008_rights.sql"),
    },
    Migration {
        version: 9,
        name: "misdirected disclosures",
        sql: include_str!("../migrations/0009_misdirections.sql"),
    },
    Migration {
        version: 10,
        name: "broken glass",
        sql: include_str!("../migrations/0010_break_glass.sql"),
    },
];

/// A connection within somebody's transaction or read.
pub use sqlx::AnyConnection as Connection;

/// What was reported, by which later revisions are routed again.
const INCIDENT: Column = Column::new(PAYLOAD, "routing_cases.incident");
/// What a decision rested on. The decision itself is ids and codes.
const FACTS: Column = Column::new("decision", "routing_decisions.facts");
/// What somebody's words read as once they were erased with a case that they were about.
const ERASED: &str = "(erased)";
/// Parameters per statement, far below the limits of both databases.
const CHUNK: usize = 400;

/// A row does not read back as it was written.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{table}` does not read back as it was written")]
pub struct Corrupt {
    table: &'static str,
}

fn corrupt(table: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Corrupt { table }))
}
