//! Checking proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use crate::{
    fault::Fault,
    hash::{self, Hash},
};

/// A proof never has more hashes: a tree has fewer than 2^64 leaves.
pub const LONGEST: usize = 128;

/// Whether a leaf with this hash is the one with this index, in the tree of this size and root.
///
/// # Errors
///
/// [`Fault::ProofShape`] if there is no such leaf or the proof has not as many hashes as it must have, and
/// [`Fault::NotIncluded`] if it leads to another root.
pub fn inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    path: &[Hash],
    root: &Hash,
) -> Result<(), Fault> {
    if index >= size {
        return Err(Fault::ProofShape);
    }
    let (mut at, mut last) = (index, size - 1);
    let mut reached = *leaf;
    for hash in path {
        if last == 0 {
            return Err(Fault::ProofShape);
        }
        if at & 1 == 1 || at == last {
            reached = hash::node(hash, &reached);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            reached = hash::node(&reached, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        Err(Fault::ProofShape)
    } else if reached == *root {
        Ok(())
    } else {
        Err(Fault::NotIncluded)
    }
}

/// Whether the tree of the new size and root begins with that of the old size and root.
///
/// # Errors
///
/// [`Fault::RolledBack`] if the new tree is smaller, [`Fault::ProofShape`] if the proof has not as many hashes as it must
/// have, and [`Fault::Inconsistent`] if the trees are of two histories.
pub fn consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), Fault> {
    if old > new {
        return Err(Fault::RolledBack);
    }
    if old == new || old == 0 {
        let same = old != new || old_root == new_root;
        let empty = old != 0 || *old_root == hash::empty();
        return match (path, same && empty) {
            ([], true) => Ok(()),
            ([], false) => Err(Fault::Inconsistent),
            (_, _) => Err(Fault::ProofShape),
        };
    }
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(Fault::ProofShape)?
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut of_old, mut of_new) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return Err(Fault::ProofShape);
        }
        if at & 1 == 1 || at == last {
            of_old = hash::node(hash, &of_old);
            of_new = hash::node(hash, &of_new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = hash::node(&of_new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 || rest.is_empty() {
        Err(Fault::ProofShape)
    } else if of_old == *old_root && of_new == *new_root {
        Ok(())
    } else {
        Err(Fault::Inconsistent)
    }
}
