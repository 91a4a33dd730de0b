//! The verifier is written after RFC 9162, sections 2.1.3.2 and 2.1.4.2: it climbs, where the prover splits.

use super::super::tree::{consistency, holds, inclusion, leaf, root};
use super::*;

fn node(left: &Sha256, right: &Sha256) -> Sha256 {
    let mut bytes = vec![1];
    bytes.extend_from_slice(left.as_bytes());
    bytes.extend_from_slice(right.as_bytes());
    Sha256::of(&bytes)
}

fn included(leaf: &Sha256, index: u64, size: u64, proof: &[Sha256], root: &Sha256) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(step, &hash);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

fn consistent(first: u64, second: u64, proof: &[Sha256], old: &Sha256, new: &Sha256) -> bool {
    if first == second {
        return proof.is_empty() && old == new;
    }
    let mut steps = Vec::new();
    if first.is_power_of_two() {
        steps.push(*old);
    }
    steps.extend_from_slice(proof);
    let Some((begin, steps)) = steps.split_first() else { return false };
    let (mut at, mut last) = (first - 1, second - 1);
    while at % 2 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut was, mut is) = (*begin, *begin);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            was = node(step, &was);
            is = node(step, &is);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = node(&is, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old && is == *new
}

#[test]
fn a_proof_holds_for_its_leaf_and_no_other() {
    for size in 1..40u64 {
        let leaves: Vec<Sha256> = (0..size).map(|at| leaf(&at.to_be_bytes())).collect();
        let whole = root(&leaves);
        for at in 0..size {
            let proof = inclusion(&leaves, at as usize).unwrap();
            let of = leaves[at as usize];
            assert!(holds(of, at, size, &proof, whole), "{at} of {size}");
            assert!(!holds(of, at, size, &proof, leaf(b"another root")));
            assert!(!holds(leaf(b"another"), at, size, &proof, whole));
            assert!(!holds(of, size, size, &proof, whole));
            let longer = [proof.as_slice(), &[whole]].concat();
            assert!(!holds(of, at, size, &longer, whole), "{at} of {size}");
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!holds(of, at, size, shorter, whole), "{at} of {size}");
            }
        }
    }
}

/// The leaves and roots that implementations of Certificate Transparency test with.
#[test]
fn known_trees_have_their_roots() {
    let leaves: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let hashes: Vec<Sha256> = leaves.iter().map(|data| leaf(data)).collect();
    let roots = [
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
    for (size, expected) in roots.iter().enumerate() {
        assert_eq!(root(&hashes[..size]).to_string(), *expected, "{size}");
    }
}

/// The tree of seven leaves and its proofs. Source: RFC 9162, section 2.1.5.
#[test]
fn the_example_of_the_rfc_holds() {
    let d: Vec<Sha256> = (0..7u8).map(|at| leaf(&[at])).collect();
    let (a, b, c, e, f, j) = (d[0], d[1], d[2], d[4], d[5], d[6]);
    let (g, h, i) = (node(&a, &b), node(&c, &d[3]), node(&e, &f));
    let (k, l) = (node(&g, &h), node(&i, &j));
    assert_eq!(root(&d), node(&k, &l));
    assert_eq!(inclusion(&d, 0), Some(vec![b, h, l]));
    assert_eq!(inclusion(&d, 3), Some(vec![c, g, l]));
    assert_eq!(inclusion(&d, 4), Some(vec![f, j, k]));
    assert_eq!(inclusion(&d, 6), Some(vec![i, k]));
    assert_eq!(consistency(&d, 3), Some(vec![c, d[3], g, l]));
    assert_eq!(consistency(&d, 4), Some(vec![l]));
    assert_eq!(consistency(&d, 6), Some(vec![i, j, k]));
}

#[test]
fn an_independent_verifier_accepts_every_proof_and_no_other() {
    let leaves: Vec<Sha256> = (0..33u8).map(|at| leaf(&[at])).collect();
    for size in 1..=leaves.len() {
        let tree = &leaves[..size];
        let top = root(tree);
        for index in 0..size {
            let proof = inclusion(tree, index).unwrap();
            let holds = |leaf: &Sha256, index: usize, proof: &[Sha256], top: &Sha256| {
                included(leaf, index as u64, size as u64, proof, top)
            };
            assert!(holds(&tree[index], index, &proof, &top), "{index} of {size}");
            assert!(!holds(&leaf(b"another"), index, &proof, &top));
            assert!(!holds(&tree[index], index, &proof, &leaf(b"another")));
            for other in (0..size).filter(|other| *other != index) {
                assert!(!holds(&tree[index], other, &proof, &top), "{index} at {other} of {size}");
            }
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!holds(&tree[index], index, shorter, &top));
            }
            assert!(!holds(&tree[index], index, &[proof.as_slice(), &[top]].concat(), &top));
        }
        assert_eq!(inclusion(tree, size), None);
        for first in 1..=size {
            let (proof, old) = (consistency(tree, first).unwrap(), root(&leaves[..first]));
            let holds =
                |proof: &[Sha256], old: &Sha256, new: &Sha256| consistent(first as u64, size as u64, proof, old, new);
            assert!(holds(&proof, &old, &top), "{first} to {size}");
            assert!(!holds(&proof, &leaf(b"another"), &top));
            assert!(!holds(&proof, &old, &leaf(b"another")));
            assert!(!holds(&[proof.as_slice(), &[top]].concat(), &old, &top));
        }
        assert_eq!(consistency(tree, 0), Some(Vec::new()));
        assert_eq!(consistency(tree, size + 1), None);
    }
}

#[test]
fn proofs_come_from_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let ledger = ledger(&scratch.path().join("ledger"), 9);
    let row = ledger.find(&Sha256::of(b"decision 5")).unwrap();
    assert_eq!(row.seq, 5);
    let proof = ledger.inclusion(5, 9).unwrap();
    assert!(included(&leaf(row.line().as_bytes()), 5, 9, &proof, &ledger.root()));
    assert!(ledger.consistency(4, 9).is_ok());
    for (seq, size) in [(9, 9), (0, 10), (u64::MAX, 9), (0, u64::MAX)] {
        assert_eq!(code(&ledger.inclusion(seq, size).unwrap_err()), "no_row");
    }
    assert_eq!(code(&ledger.consistency(10, 9).unwrap_err()), "no_row");
    assert_eq!(code(&ledger.find(&Sha256::of(b"other")).unwrap_err()), "no_payload");
}
