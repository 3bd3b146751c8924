//! Files that arrive in chunks.

use mash_chassis::fault;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;

use crate::error::INVALID;

/// The most that one message may carry.
const CHUNK: usize = 1 << 20;

/// A part of a file: the header, or some bytes.
pub(crate) enum Part<H> {
    /// What the file is.
    Header(H),
    /// The next bytes.
    Chunk(Vec<u8>),
    /// Neither: the message was empty.
    Nothing,
}

/// Collects a file. The header comes first, once; more than the limit is refused before it is kept.
pub(crate) async fn collect<H>(
    parts: impl Stream<Item = Result<Part<H>, Status>>,
    limit: usize,
) -> Result<(H, Vec<u8>), Status> {
    let mut parts = std::pin::pin!(parts);
    let Some(first) = parts.next().await else {
        return Err(odd("header", "the header comes first"));
    };
    let Part::Header(header) = first? else { return Err(odd("header", "the header comes first")) };
    let mut file = Vec::new();
    while let Some(part) = parts.next().await {
        let chunk = match part? {
            Part::Chunk(chunk) => chunk,
            Part::Header(_) => return Err(odd("header", "the header comes once")),
            Part::Nothing => {
                return Err(odd("chunk", "every message after the header carries bytes"));
            }
        };
        if chunk.len() > CHUNK {
            return Err(odd("chunk", "at most 1 MiB in a message"));
        }
        if file.len() + chunk.len() > limit {
            return Err(fault::exhausted("MASH-E007", "the file is too large"));
        }
        file.extend_from_slice(&chunk);
    }
    Ok((header, file))
}

fn odd(field: &str, description: &str) -> Status {
    fault::invalid(INVALID, vec![fault::Violation::new(field, "MASH-E018", description)])
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collected(parts: Vec<Part<u8>>) -> Result<(u8, Vec<u8>), String> {
        let parts = tokio_stream::iter(parts.into_iter().map(Ok));
        collect(parts, 10).await.map_err(|status| fault::code_of(&status).unwrap_or_default())
    }

    #[tokio::test]
    async fn a_file_is_put_together_within_its_limit() {
        let chunk = |text: &str| Part::Chunk(text.as_bytes().to_vec());
        assert_eq!(
            collected(vec![Part::Header(1), chunk("ab"), chunk("c")]).await,
            Ok((1, b"abc".to_vec()))
        );
        assert_eq!(collected(vec![Part::Header(1)]).await, Ok((1, vec![])));
        assert_eq!(collected(vec![]).await, Err(INVALID.to_owned()));
        assert_eq!(collected(vec![chunk("a")]).await, Err(INVALID.to_owned()));
        assert_eq!(
            collected(vec![Part::Header(1), Part::Header(2)]).await,
            Err(INVALID.to_owned())
        );
        assert_eq!(collected(vec![Part::Header(1), Part::Nothing]).await, Err(INVALID.to_owned()));
        let large = vec![Part::Header(1), chunk("12345678"), chunk("123")];
        assert_eq!(collected(large).await, Err("MASH-E007".to_owned()));
    }
}
