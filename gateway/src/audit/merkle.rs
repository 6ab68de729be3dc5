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

    /// What `tests/peers/python/merkle.py` prints: the RFC's definitions in another language, sharing no code. The leaves, and so the
    /// roots, are those that logs of certificates are commonly tested with.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const INCLUSION: &[(usize, usize, &[&str])] = &[
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    const CONSISTENCY: &[(usize, usize, &[&str])] = &[
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (
            3,
            7,
            &[
                "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
                "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
            ],
        ),
    ];

    #[test]
    fn roots_and_proofs_are_those_that_another_program_computes() {
        let decode = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let known = |hashes: &[&str]| -> Vec<Hash> {
            let each = hashes.iter().map(|text| decode(text).try_into().unwrap());
            each.collect()
        };
        let all: Vec<Hash> = LEAVES.iter().map(|text| leaf_hash(&decode(text))).collect();
        let roots: Vec<Hash> = (0..=all.len()).map(|n| root(&all[..n])).collect();
        assert_eq!(roots, known(&ROOTS));
        for (index, size, path) in INCLUSION {
            assert_eq!(
                inclusion(&all[..*size], *index),
                Some(known(path)),
                "{index} of {size}"
            );
        }
        for (earlier, size, proof) in CONSISTENCY {
            assert_eq!(
                consistency(&all[..*size], *earlier),
                Some(known(proof)),
                "{earlier} of {size}"
            );
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
