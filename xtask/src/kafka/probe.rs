//! The one question we ask a broker ourselves: which brokers do you know? A Metadata request, spoken by hand.
//!
//! An open port is no answer: a broker listens before it may serve, and one of three serves before it knows the others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const METADATA: i16 = 3;
const VERSION: i16 = 1;
const CORRELATION: i32 = 7;
/// Of the request's body: two shorts, the correlation id, the client's name with its length, the number of topics.
const LENGTH: i32 = 2 + 2 + 4 + 2 + 5 + 4;
const PATIENCE: Duration = Duration::from_secs(2);

/// How many live brokers the broker at this port knows; `None` while it does not answer.
pub(super) fn brokers_known(port: u16) -> Option<usize> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(&request()).ok()?;
    // Length and correlation id, then the array of brokers, which begins with their number.
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head).ok()?;
    number_of_brokers(&head)
}

fn request() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(METADATA.to_be_bytes());
    body.extend(VERSION.to_be_bytes());
    body.extend(CORRELATION.to_be_bytes());
    body.extend(5_i16.to_be_bytes());
    body.extend(b"xtask");
    // No topics: an empty list, which from version 1 on does not mean all of them.
    body.extend(0_i32.to_be_bytes());
    let mut framed = LENGTH.to_be_bytes().to_vec();
    framed.extend(body);
    framed
}

fn number_of_brokers(head: &[u8; 12]) -> Option<usize> {
    let [_, _, _, _, c0, c1, c2, c3, n0, n1, n2, n3] = *head;
    if i32::from_be_bytes([c0, c1, c2, c3]) != CORRELATION {
        return None;
    }
    usize::try_from(i32::from_be_bytes([n0, n1, n2, n3])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_in_front_is_that_of_the_body() {
        let framed = request();
        let length = i32::from_be_bytes([framed[0], framed[1], framed[2], framed[3]]);
        assert_eq!(usize::try_from(length).expect("positive"), framed.len() - 4);
    }

    #[test]
    fn an_answer_to_another_question_counts_for_nothing() {
        assert_eq!(number_of_brokers(&[0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 3]), Some(3));
        assert_eq!(number_of_brokers(&[0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 3]), None);
    }
}
