//! Sending registers and rolls to the education service, in parts that a message may hold.

use anyhow::Context as _;
use mash_proto::{
    education::v1::{
        ImportEstablishmentsHeader, ImportEstablishmentsRequest, ImportReport, ImportRollHeader,
        ImportRollRequest, RegisterLayout, import_establishments_request, import_roll_request,
    },
    r#type::v1::Date,
};
use tokio_stream::iter;

use crate::people::People;

/// Bytes per message.
const CHUNK: usize = 1 << 20;

/// Imports a register of establishments as this organisation, telling how many parts have gone.
///
/// # Errors
///
/// If the call is refused. A file with bad rows is no error: the report lists them, and nothing was imported.
pub async fn register(
    people: &People,
    organisation: &str,
    header: (RegisterLayout, Date),
    file: &[u8],
    gone: impl Fn(u64) + Send + Sync + 'static,
) -> anyhow::Result<ImportReport> {
    use import_establishments_request::Part;
    let (layout, date) = header;
    let header = Part::Header(ImportEstablishmentsHeader {
        layout: layout.into(),
        register_date: Some(date),
    });
    let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
    let parts: Vec<Part> = std::iter::once(header).chain(chunks).collect();
    let parts = parts.into_iter().inspect(move |_| gone(1));
    let requests = parts.map(|part| ImportEstablishmentsRequest { part: Some(part) });
    let answer = people.directory(organisation)?.import_establishments(iter(requests)).await?;
    answer.into_inner().report.context("the service returned no report")
}

/// Imports the roll of an authority as this organisation, telling how many parts have gone.
///
/// # Errors
///
/// As [`register`].
pub async fn roll(
    people: &People,
    organisation: &str,
    header: (&str, Date),
    file: &[u8],
    gone: impl Fn(u64) + Send + Sync + 'static,
) -> anyhow::Result<ImportReport> {
    use import_roll_request::Part;
    let (authority, date) = header;
    let header = Part::Header(ImportRollHeader {
        authority_code: authority.to_owned(),
        roll_date: Some(date),
    });
    let chunks = file.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
    let parts: Vec<Part> = std::iter::once(header).chain(chunks).collect();
    let parts = parts.into_iter().inspect(move |_| gone(1));
    let requests = parts.map(|part| ImportRollRequest { part: Some(part) });
    let answer = people.rolls(organisation)?.import_roll(iter(requests)).await?;
    answer.into_inner().report.context("the service returned no report")
}
