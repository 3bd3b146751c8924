//! The shape of the tree: how far it has grown, and which hashes answer which question.
//!
//! A tree of `n` leaves is a row of perfect trees, one for each bit of `n`, the largest on the left. Their roots are all
//! that has to be kept to append, and every hash of a proof is the root of a few perfect trees.

use std::ops::Range;

use crate::hash::{self, Hash};

/// The root of a perfect tree: of the `2^level` leaves from `index * 2^level` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// How far above the leaves, which are at 0.
    pub level: u32,
    /// The how manieth of its level, from 0.
    pub index: u64,
}

/// How far a tree has grown: what is needed to append to it, and no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: as many as `size` has bits set, from the largest perfect tree to the smallest.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree of this size with these roots of its perfect trees, the largest first; nothing if they are not as many as
    /// such a tree has.
    #[must_use]
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u64::from(size.count_ones()) == peaks.len() as u64).then_some(Self { size, peaks })
    }

    /// Leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its perfect trees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut carried = leaf;
        for _ in 0..self.size.trailing_ones() {
            // INVARIANT: there is a peak for every bit that is set, so none is missing here.
            if let Some(left) = self.peaks.pop() {
                carried = hash::node(&left, &carried);
            }
        }
        self.peaks.push(carried);
        self.size += 1;
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.peaks).unwrap_or_else(hash::empty)
    }
}

/// The root above perfect trees of falling size; nothing if there are none.
pub(crate) fn fold(peaks: &[Hash]) -> Option<Hash> {
    let (last, rest) = peaks.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| hash::node(left, &right)))
}

/// Which leaves the hashes of an inclusion proof cover, in the order of the proof; nothing if there is no such leaf.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut begin, mut end) = (0, size);
    let mut ranges = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(begin..middle);
            begin = middle;
        }
    }
    ranges.reverse();
    Some(ranges)
}

/// Which leaves the hashes of a consistency proof cover, in the order of the proof; nothing if the tree did not grow
/// from the one size to the other.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let (mut begin, mut end) = (0, new);
    let mut ranges = Vec::new();
    while old < end {
        let middle = begin + split(end - begin);
        if old <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(begin..middle);
            begin = middle;
        }
    }
    if begin > 0 {
        // The verifier has the old root, but not the part of it that stands to the right.
        ranges.push(begin..end);
    }
    ranges.reverse();
    Some(ranges)
}

/// The perfect trees that make up these leaves, from left to right. The leaves are such as stand under one hash of a
/// proof, or begin at the first.
#[must_use]
pub fn perfect(leaves: &Range<u64>) -> Vec<Node> {
    let mut begin = leaves.start;
    let mut nodes = Vec::new();
    while begin < leaves.end {
        let level = (leaves.end - begin).ilog2();
        nodes.push(Node { level, index: begin >> level });
        begin += 1 << level;
    }
    nodes
}

/// The hashes of a proof, from the perfect trees of each of its ranges; nothing if one is not known.
pub fn resolve(
    ranges: &[Range<u64>],
    mut known: impl FnMut(Node) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    let resolved = ranges.iter().map(|range| {
        let peaks: Option<Vec<_>> = perfect(range).into_iter().map(&mut known).collect();
        fold(&peaks?)
    });
    resolved.collect()
}

/// The largest power of two below this number of leaves, of which there are at least two.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
