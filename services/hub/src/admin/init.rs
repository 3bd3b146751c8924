//! `mash init`: everything that must exist before the services start.

use std::sync::Arc;

use anyhow::Context as _;
use clap::ValueEnum as _;
use jiff::Timestamp;
use mash_audit::{Audit, Signer};
use mash_bus::Bus;
use mash_chassis::{CaseSecret, Clock, SystemClock};
use mash_delivery::Delivery;
use mash_education::Education;
use mash_health::Health;
use mash_police::{Police, PoliceConfig};
use mash_policy::Ruleset;
use mash_routing::Routing;
use mash_social_care::SocialCare;
use mash_store::Store;

use crate::{cli::Place, data::Data, demo::prepare::OPERATOR, serve::Which};

/// Makes the certificate authority, certificates, the secret, the key that signs records, tables and topics. Running it again changes nothing.
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
    let (secret, signer) = (data.secret()?, data.signer()?);
    data.record_key()?;
    for server in Which::value_variants() {
        data.server(server.name(), hosts)?;
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
    println!("records are verified with: {}", data.record_public_key().display());
    println!("the ledger is signed with:");
    signer.in_use().iter().for_each(|key| println!("{key}"));

    let store = place.store(&data).await?;
    println!("keys: ready");
    let bus = mash_bus::connect(&place.bus, &store).await.context("the bus cannot be reached")?;
    bus.ensure_topics(&mash_bus::topics::all()).await.context("topics cannot be made")?;
    println!("topics: {}", mash_bus::topics::all().len());

    tables(&store, &bus, &secret, signer).await?;
    println!("tables: ready");
    store.close().await;
    Ok(())
}

/// Each service makes its own tables when it starts; here each is started and not run.
async fn tables(
    store: &Store,
    bus: &Arc<dyn Bus>,
    secret: &[u8],
    signer: Signer,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let on = || (store.clone(), Arc::clone(bus), Arc::clone(&clock));
    let of_cases = CaseSecret::new(secret)?;
    let ruleset = Ruleset::builtin().context("the rule set cannot be read")?;
    let (store, bus, clock) = on();
    Routing::start(store, bus, clock, ruleset, secret).await?;
    let (store, bus, clock) = on();
    Police::start(store, bus, clock, PoliceConfig::new(of_cases.clone())).await?;
    let (store, bus, clock) = on();
    Education::start(store, bus, clock).await?;
    let (store, bus, clock) = on();
    SocialCare::start(store, bus, clock, of_cases.clone()).await?;
    let (store, bus, clock) = on();
    Health::start(store, bus, clock, of_cases).await?;
    let (store, bus, clock) = on();
    Delivery::start(store, bus, clock).await?;
    let (store, bus, clock) = on();
    Audit::start(store, bus, clock, signer).await?;
    Ok(())
}
