//! Merkle trees over SHA-256 as in RFC 9162, section 2.1 (the same trees as RFC 6962): roots, inclusion and consistency proofs.
//!
//! Pure. A leaf is hashed with the prefix 0, an inner node with the prefix 1, so no node can pass for a leaf.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// The hash of a leaf (section 2.1.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

/// The root over leaf hashes in their order (section 2.1.1); without leaves the hash of nothing.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = halves(leaves);
            node(&root(left), &root(right))
        }
    }
}

/// The path that proves the leaf at `index`, from its sibling up (section 2.1.3.1); `None` when there is no such leaf.
#[must_use]
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut within, mut index) = (leaves, index);
    while within.len() > 1 {
        let (left, right) = halves(within);
        if index < left.len() {
            path.push(root(right));
            within = left;
        } else {
            path.push(root(left));
            index -= left.len();
            within = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The root that a path leads to from the leaf at `index` of `size` (section 2.1.3.2); `None` for a path of the wrong length.
#[must_use]
pub fn root_of_path(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut reached = *leaf;
    for step in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            reached = node(step, &reached);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            reached = node(&reached, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(reached)
}

/// The proof that the first `earlier` leaves are the beginning of all (section 2.1.4.1); `None` unless `0 < earlier <= leaves`.
#[must_use]
pub fn consistency(leaves: &[Hash], earlier: usize) -> Option<Vec<Hash>> {
    if earlier == 0 || earlier > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut within, mut earlier, mut whole) = (leaves, earlier, true);
    while earlier < within.len() {
        let (left, right) = halves(within);
        if earlier <= left.len() {
            proof.push(root(right));
            within = left;
        } else {
            proof.push(root(left));
            earlier -= left.len();
            within = right;
            whole = false;
        }
    }
    if !whole {
        proof.push(root(within));
    }
    proof.reverse();
    Some(proof)
}

/// Whether a proof shows that the tree of `earlier` leaves is the beginning of the tree of `later` (section 2.1.4.2).
#[must_use]
pub fn is_consistent(
    (earlier, earlier_root): (u64, &Hash),
    (later, later_root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if earlier == later {
        return proof.is_empty() && earlier_root == later_root;
    }
    if earlier == 0 || earlier > later {
        return false;
    }
    let mut steps = proof.iter();
    // A complete earlier tree is a node of the later one, and does not stand in the proof.
    let first = if earlier.is_power_of_two() {
        Some(earlier_root)
    } else {
        steps.next()
    };
    let Some(first) = first else {
        return false;
    };
    let (mut at, mut last) = (earlier - 1, later - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(step, &old);
            new = node(step, &new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node(&new, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *earlier_root && new == *later_root
}

fn node(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// Cut at the largest power of two below the length, which is at least 2.
fn halves(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}

fn hash(parts: &[&[u8]]) -> Hash {
    let digest = match parts {
        [one] => digest(&SHA256, one),
        _ => {
            let mut context = Context::new(&SHA256);
            for part in parts {
                context.update(part);
            }
            context.finish()
        }
    };
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    proptest! {
        #[test]
        fn every_leaf_is_proven_and_no_other_in_its_place(size in 1usize..600, at in any::<prop::sample::Index>(), other in 1usize..600) {
            let all = leaves(size);
            let index = at.index(size);
            let path = inclusion(&all, index).unwrap();
            let (i, n) = (index as u64, size as u64);
            prop_assert_eq!(root_of_path(&all[index], i, n, &path), Some(root(&all)));
            let wrong = all[(index + other) % size];
            if wrong != all[index] {
                prop_assert_ne!(root_of_path(&wrong, i, n, &path), Some(root(&all)));
            }
        }

        #[test]
        fn a_path_that_was_changed_cut_or_lengthened_proves_nothing(size in 2usize..600, at in any::<prop::sample::Index>(), bit in 0usize..256, step in any::<prop::sample::Index>()) {
            let all = leaves(size);
            let index = at.index(size);
            let path = inclusion(&all, index).unwrap();
            let reached = |path: &[Hash]| root_of_path(&all[index], index as u64, size as u64, path);
            let mut changed = path.clone();
            let step = step.index(path.len());
            changed[step][bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(reached(&changed), Some(root(&all)));
            prop_assert_eq!(reached(&path[1..]), None);
            prop_assert_eq!(reached(&[path, vec![[0; 32]]].concat()), None);
        }

        #[test]
        fn every_beginning_is_consistent_and_nothing_else(size in 2usize..400, at in any::<prop::sample::Index>(), bit in 0usize..256) {
            let all = leaves(size);
            let earlier = at.index(size) + 1;
            let proof = consistency(&all, earlier).unwrap();
            let (old, new) = (root(&all[..earlier]), root(&all));
            let (m, n) = (earlier as u64, size as u64);
            prop_assert!(is_consistent((m, &old), (n, &new), &proof));
            let mut other = old;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_consistent((m, &other), (n, &new), &proof));
            prop_assert!(!is_consistent((m, &old), (n, &other), &proof));
            if earlier < size {
                let mut rewritten = all.clone();
                rewritten[0] = other;
                prop_assert!(!is_consistent((m, &old), (n, &root(&rewritten)), &consistency(&rewritten, earlier).unwrap()));
            }
        }
    }

    #[test]
    fn what_is_out_of_range_has_no_proof() {
        let all = leaves(5);
        assert_eq!(inclusion(&all, 5), None);
        assert_eq!(consistency(&all, 0), None);
        assert_eq!(consistency(&all, 6), None);
        assert_eq!(root_of_path(&all[0], 5, 5, &[]), None);
        assert!(!is_consistent((0, &root(&[])), (5, &root(&all)), &[]));
        assert!(!is_consistent((3, &root(&all[..3])), (5, &root(&all)), &[]));
        assert!(!is_consistent((6, &root(&all)), (5, &root(&all)), &[]));
    }
}
