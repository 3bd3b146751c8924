//! Which partition a key belongs to.

/// The partition that Kafka's own clients choose (murmur2), so that moving from one bus to the other moves no key.
pub(super) fn of(key: &[u8], partitions: i64) -> i64 {
    i64::from(murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    // A key is some forty characters; the hash only ever sees the low bits of the length.
    let length = u32::try_from(data.len() & 0xffff_ffff).unwrap_or_default();
    let mut hash = 0x9747_b28c ^ length;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte));
        let mixed = word.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ (mixed ^ (mixed >> 24)).wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte));
        hash = (hash ^ word).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_kafka() {
        // From Kafka's own UtilsTest.testMurmur2.
        let table = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, expected) in table {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), expected, "{key}");
        }
    }

    #[test]
    fn every_partition_is_used() {
        let used: std::collections::BTreeSet<_> =
            (0..200).map(|key: i32| of(key.to_string().as_bytes(), 12)).collect();
        assert_eq!(used.len(), 12);
    }
}
