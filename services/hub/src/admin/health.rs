//! `mash health`: whether a server serves.

use anyhow::{Context as _, ensure};
use mash_chassis::client_channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{cli::Place, data::Data, demo::prepare::OPERATOR};

/// Asks the server.
///
/// # Errors
///
/// If it does not answer, or does not serve.
pub async fn health(place: &Place, endpoint: &str) -> anyhow::Result<()> {
    let data = Data::open(&place.data)?;
    let channel = client_channel(endpoint, &data.existing(&OPERATOR.parse()?))?;
    let request = HealthCheckRequest::default();
    let answer = HealthClient::new(channel).check(request).await.context("no answer")?.into_inner();
    ensure!(answer.status() == ServingStatus::Serving, "not serving");
    println!("serving");
    Ok(())
}
