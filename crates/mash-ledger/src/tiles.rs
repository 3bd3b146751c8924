//! How the hashes of a tree are kept: in tiles of 256, so that a proof reads a handful of rows, however large the tree.
//!
//! Tile `(0, i)` holds the hashes of the leaves from `256 * i` on; tile `(1, i)` those of the nodes that stand eight
//! levels above, and so on. A tile that is full never changes; the last one of each row grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::{
    hash::{self, Hash},
    tree::{self, Frontier, Node},
};

/// Levels of the tree in a tile.
const HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const WIDTH: u64 = 1 << HEIGHT;

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Its row: the leaves are row 0.
    pub row: u32,
    /// The how manieth of its row, from 0.
    pub index: u64,
}

/// Tiles that were read, or are to be written.
pub type Tiles = BTreeMap<TileId, Vec<Hash>>;

/// The tiles that a tree of this size has not filled yet. Whoever appends reads them first.
#[must_use]
pub fn open(size: u64) -> Vec<TileId> {
    (0..u64::BITS / HEIGHT)
        .map(|row| (row, size >> (HEIGHT * row)))
        .filter(|(_, hashes)| hashes % WIDTH > 0)
        .map(|(row, hashes)| TileId { row, index: hashes / WIDTH })
        .collect()
}

/// The tiles that answer for these ranges of leaves, as [`tree::inclusion`] and [`tree::consistency`] give them.
#[must_use]
pub fn holding(ranges: &[Range<u64>]) -> BTreeSet<TileId> {
    ranges.iter().flat_map(tree::perfect).map(|node| place(node).0).collect()
}

/// The tiles that hold the hashes of these leaves.
pub fn leaves(leaves: Range<u64>) -> impl Iterator<Item = TileId> {
    let end = leaves.end.div_ceil(WIDTH);
    (leaves.start / WIDTH..end).map(|index| TileId { row: 0, index })
}

/// The hash of this node, from the tiles; nothing if they do not hold it.
#[must_use]
pub fn find(tiles: &Tiles, node: Node) -> Option<Hash> {
    let (tile, first, count) = place(node);
    let hashes = tiles.get(&tile)?.get(first..first.checked_add(count)?)?;
    above(hashes)
}

/// The tile in which a node stands, and the hashes of the tile that it stands above: which is the first, how many.
fn place(node: Node) -> (TileId, usize, usize) {
    let (row, above) = (node.level / HEIGHT, node.level % HEIGHT);
    let first = node.index << above;
    // INVARIANT: below 256 each, so that it fits into any `usize`.
    let [first_in_tile, count] =
        [first % WIDTH, 1 << above].map(|it| usize::try_from(it).unwrap_or(0));
    (TileId { row, index: first / WIDTH }, first_in_tile, count)
}

/// The root of a perfect tree over these hashes, of which there are as many as a power of two.
fn above(hashes: &[Hash]) -> Option<Hash> {
    let mut frontier = Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    match frontier.peaks() {
        [root] => Some(*root),
        _ => None,
    }
}

/// Appends to a tree that is kept in tiles.
#[derive(Clone, Debug)]
pub struct Appender {
    size: u64,
    /// The tiles that are not full, row by row.
    open: Vec<Vec<Hash>>,
    changed: Tiles,
}

impl Appender {
    /// Goes on at this size with the [`open`] tiles; nothing if they are not those of such a tree.
    #[must_use]
    pub fn resume(size: u64, mut tiles: Tiles) -> Option<Self> {
        let mut rows = Vec::new();
        for TileId { row, index } in open(size) {
            let hashes = tiles.remove(&TileId { row, index })?;
            let wanted = (size >> (HEIGHT * row)) % WIDTH;
            if hashes.len() as u64 != wanted {
                return None;
            }
            while rows.len() < row as usize {
                rows.push(Vec::new());
            }
            rows.push(hashes);
        }
        Some(Self { size, open: rows, changed: Tiles::new() })
    }

    /// Leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let index = self.size;
        self.size += 1;
        let mut carried = Some(leaf);
        let mut row = 0;
        while let Some(hash) = carried.take() {
            if self.open.len() <= row {
                self.open.push(Vec::new());
            }
            let Some(tile) = self.open.get_mut(row) else { return };
            tile.push(hash);
            if tile.len() as u64 == WIDTH {
                let full = std::mem::take(tile);
                carried = above(&full);
                self.changed.insert(id(row, index), full);
            }
            row += 1;
        }
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = Vec::new();
        for tile in self.open.iter().rev() {
            let mut frontier = Frontier::default();
            tile.iter().for_each(|hash| frontier.push(*hash));
            peaks.extend_from_slice(frontier.peaks());
        }
        tree::fold(&peaks).unwrap_or_else(hash::empty)
    }

    /// Every tile that has changed, full or not.
    #[must_use]
    pub fn into_changed(mut self) -> Tiles {
        let last = self.size.saturating_sub(1);
        for (row, tile) in self.open.into_iter().enumerate().filter(|(_, tile)| !tile.is_empty()) {
            self.changed.insert(id(row, last), tile);
        }
        self.changed
    }
}

/// The tile of this row above this leaf.
fn id(row: usize, leaf: u64) -> TileId {
    let row = u32::try_from(row).unwrap_or(u32::MAX);
    TileId { row, index: leaf.checked_shr(HEIGHT.saturating_mul(row + 1)).unwrap_or(0) }
}
