//! The tree against its definition, at every size.

use std::collections::BTreeMap;

use mash_ledger::{
    Fault, Hash, hash, proof,
    tiles::{self, Appender, TileId, Tiles},
    tree::{self, Frontier},
};
use proptest::prelude::*;

fn leaf(index: u64) -> Hash {
    hash::leaf(&index.to_be_bytes())
}

/// MTH of RFC 6962, section 2.1, word for word.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash::empty(),
        [only] => *only,
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            hash::node(&definition(left), &definition(right))
        }
    }
}

fn grown(size: u64) -> (Vec<Hash>, Vec<Hash>, Tiles) {
    let (mut leaves, mut roots) = (Vec::new(), vec![hash::empty()]);
    let (mut tree, mut kept) = (Frontier::default(), Tiles::new());
    for index in 0..size {
        let open = tiles::open(index).into_iter().map(|id| (id, kept[&id].clone())).collect();
        let mut appender = Appender::resume(index, open).unwrap();
        appender.push(leaf(index));
        tree.push(leaf(index));
        leaves.push(leaf(index));
        assert_eq!(appender.root(), tree.root(), "{index}");
        roots.push(tree.root());
        kept.extend(appender.into_changed());
    }
    (leaves, roots, kept)
}

#[test]
fn every_root_is_the_defined_one() {
    let (leaves, roots, _) = grown(600);
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(*root, definition(&leaves[..size]), "{size} leaves");
    }
}

#[test]
fn every_proof_of_small_trees_from_tiles_is_good_and_of_no_other_leaf_or_size() {
    let (leaves, roots, kept) = grown(70);
    for size in 1..=70_u64 {
        let root = &roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let ranges = tree::inclusion(index, size).unwrap();
            let path = tree::resolve(&ranges, |node| tiles::find(&kept, node)).unwrap();
            let own = &leaves[usize::try_from(index).unwrap()];
            proof::inclusion(index, size, own, &path, root).unwrap();
            for other in (0..size).filter(|other| *other != index) {
                assert!(proof::inclusion(other, size, own, &path, root).is_err());
            }
            if size > 1 {
                let earlier = &roots[usize::try_from(size).unwrap() - 1];
                assert_eq!(
                    proof::inclusion(index, size, own, &path, earlier),
                    Err(Fault::NotIncluded)
                );
            }
        }
        for old in 0..=size {
            let ranges = tree::consistency(old, size).unwrap();
            let path = tree::resolve(&ranges, |node| tiles::find(&kept, node)).unwrap();
            let old_root = &roots[usize::try_from(old).unwrap()];
            proof::consistency((old, old_root), (size, root), &path).unwrap();
            if old > 0 && old < size {
                assert!(proof::consistency((old, &roots[0]), (size, root), &path).is_err());
                assert!(proof::consistency((old, old_root), (size, old_root), &path).is_err());
                assert!(proof::consistency((old, old_root), (size, root), &[]).is_err());
                let back = proof::consistency((size, root), (old, old_root), &path);
                assert_eq!(back, Err(Fault::RolledBack));
            }
        }
    }
}

#[test]
fn tiles_of_another_size_are_not_gone_on_with() {
    let (_, _, kept) = grown(300);
    let open: Tiles = tiles::open(300).into_iter().map(|id| (id, kept[&id].clone())).collect();
    assert!(Appender::resume(300, open.clone()).is_some());
    assert!(Appender::resume(301, open.clone()).is_none());
    assert!(Appender::resume(299, open).is_none());
    assert!(Appender::resume(300, BTreeMap::new()).is_none());
}

#[test]
fn a_large_tree_is_answered_for_by_a_handful_of_tiles() {
    // 16 million leaves and some, of which nobody needs more than these.
    let size = (1 << 24) + 12_345;
    for index in [0, 1, 77_777, (1 << 24) - 1, 1 << 24, size - 1] {
        let wanted = tiles::holding(&tree::inclusion(index, size).unwrap());
        assert!(wanted.len() <= 8, "{} tiles for {index}", wanted.len());
        assert!(wanted.iter().all(|TileId { row, .. }| *row < 4));
    }
}

proptest! {
    #[test]
    fn batches_of_any_size_make_the_same_tree(batches in prop::collection::vec(0..700_u64, 1..8)) {
        let (mut tree, mut kept, mut size) = (Frontier::default(), Tiles::new(), 0);
        for batch in batches {
            let open = tiles::open(size).into_iter().map(|id| (id, kept[&id].clone())).collect();
            let mut appender = Appender::resume(size, open).unwrap();
            for index in size..size + batch {
                appender.push(leaf(index));
                tree.push(leaf(index));
            }
            size += batch;
            prop_assert_eq!(appender.root(), tree.root());
            kept.extend(appender.into_changed());
        }
        for index in (0..size).step_by(97) {
            let ranges = tree::inclusion(index, size).unwrap();
            let path = tree::resolve(&ranges, |node| tiles::find(&kept, node)).unwrap();
            prop_assert_eq!(proof::inclusion(index, size, &leaf(index), &path, &tree.root()), Ok(()));
        }
    }

    #[test]
    fn a_proof_of_any_shape_never_panics(
        index in any::<u64>(), size in any::<u64>(), count in 0..140_usize,
    ) {
        let path = vec![leaf(7); count];
        let root = leaf(8);
        prop_assert!(proof::inclusion(index, size, &leaf(1), &path, &root).is_err());
        let good = proof::consistency((index, &root), (size, &root), &path).is_ok();
        prop_assert!(!good || index == size || index == 0);
        let _ranges = (tree::inclusion(index, size), tree::consistency(index, size));
    }
}
