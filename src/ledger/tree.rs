//! The Merkle tree of RFC 9162 over the rows, and proofs from it.
//!
//! Source: RFC 9162, sections 2.1.1 (hash), 2.1.3.1 (inclusion) and 2.1.4.1 (consistency). A leaf and a node are
//! hashed with different bytes in front, so that neither can be taken for the other.

use crate::primitives::Sha256;

/// The hash of a leaf.
pub fn leaf(data: &[u8]) -> Sha256 {
    Sha256::of(&[&[0], data].concat())
}

fn node(left: Sha256, right: Sha256) -> Sha256 {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Sha256::of(&bytes)
}

/// The root over these leaf hashes.
pub fn root(leaves: &[Sha256]) -> Sha256 {
    match leaves {
        [] => Sha256::of(b""),
        [one] => *one,
        leaves => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root(left), root(right))
        }
    }
}

/// The root over leaf hashes that come one after the other, and are not kept.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    /// Whole subtrees from left to right, each higher than the next, with their heights.
    subtrees: Vec<(u32, Sha256)>,
}

impl Growing {
    /// The next leaf.
    pub fn push(&mut self, leaf: Sha256) {
        let (mut height, mut hash) = (0, leaf);
        while let Some((_, left)) = self.subtrees.pop_if(|(of, _)| *of == height) {
            hash = node(left, hash);
            height += 1;
        }
        self.subtrees.push((height, hash));
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Sha256 {
        let mut subtrees = self.subtrees.iter().rev().map(|(_, hash)| *hash);
        match subtrees.next() {
            None => root(&[]),
            Some(last) => subtrees.fold(last, |right, left| node(left, right)),
        }
    }
}

/// The hashes that prove that the leaf at `index` is one of these; `None` if there is no such leaf.
pub fn inclusion(leaves: &[Sha256], index: usize) -> Option<Vec<Sha256>> {
    if index >= leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    path(leaves, index, &mut proof);
    Some(proof)
}

/// Whether these hashes prove that a leaf is the one at `index` of the tree of `size` leaves with this root.
///
/// Source: RFC 9162, section 2.1.3.2.
pub fn holds(leaf: Sha256, index: u64, size: u64, proof: &[Sha256], root: Sha256) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(*beside, hash);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(hash, *beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

fn path(leaves: &[Sha256], index: usize, proof: &mut Vec<Sha256>) {
    if leaves.len() < 2 {
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if index < at {
        path(left, index, proof);
        proof.push(root(right));
    } else {
        path(right, index - at, proof);
        proof.push(root(left));
    }
}

/// The hashes that prove that the tree of the first `size` leaves grew into this one; `None` if there are not so
/// many. From an empty tree everything grows, and nothing is to be proven.
pub fn consistency(leaves: &[Sha256], size: usize) -> Option<Vec<Sha256>> {
    if size > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    if size > 0 && size < leaves.len() {
        subproof(leaves, size, true, &mut proof);
    }
    Some(proof)
}

/// `whole`: whether what came before is a whole subtree of the first tree, whose hash the verifier knows.
fn subproof(leaves: &[Sha256], size: usize, whole: bool, proof: &mut Vec<Sha256>) {
    if size == leaves.len() {
        if !whole {
            proof.push(root(leaves));
        }
        return;
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    if size <= at {
        subproof(left, size, whole, proof);
        proof.push(root(right));
    } else {
        subproof(right, size - at, false, proof);
        proof.push(root(left));
    }
}

/// The largest power of two below `n`, for `n` of at least 2.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}
