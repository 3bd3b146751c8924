//! `mash init`: everything that must exist before the services start.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use mash_chassis::{CaseSecret, SystemClock};
use mash_education::Education;
use mash_police::{Police, PoliceConfig};
use mash_policy::Ruleset;
use mash_routing::Routing;
use mash_store::Store;

use crate::{cli::Place, data::Data, demo::prepare::OPERATOR};

/// The services that have a certificate of their own.
const SERVERS: [&str; 4] = ["all", "police", "education", "routing"];

/// Makes the certificate authority, certificates, the secret, tables and topics. Running it again changes nothing.
///
/// # Errors
///
/// If anything cannot be made.
pub async fn init(
    place: &Place,
    hosts: &[String],
    organisations: &[String],
    clock_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    let data = Data::open(&place.data)?;
    let secret = data.secret()?;
    for server in SERVERS {
        data.server(server, hosts)?;
    }
    for organisation in organisations.iter().map(String::as_str).chain([OPERATOR]) {
        let id =
            organisation.parse().with_context(|| format!("`{organisation}` is no organisation"))?;
        data.organisation(&id)?;
    }
    if let Some(instant) = clock_at {
        std::fs::write(data.clock(), instant.to_string())?;
    }
    println!("certificates and secret: {}", data.folder().display());

    let url = place.database.clone().unwrap_or_else(|| data.embedded_database());
    let store = Store::connect(&url).await.context("the database cannot be opened")?;
    let bus = mash_bus::connect(&place.bus, &store).await.context("the bus cannot be reached")?;
    bus.ensure_topics(&mash_bus::topics::all()).await.context("topics cannot be made")?;
    println!("topics: {}", mash_bus::topics::all().len());

    let clock = Arc::new(SystemClock);
    let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
    Routing::start(store.clone(), Arc::clone(&bus), clock.clone(), ruleset, &secret).await?;
    Police::start(
        store.clone(),
        Arc::clone(&bus),
        clock.clone(),
        PoliceConfig::new(CaseSecret::new(&secret)?),
    )
    .await?;
    Education::start(store.clone(), Arc::clone(&bus), clock).await?;
    println!("tables: ready");
    store.close().await;
    Ok(())
}
