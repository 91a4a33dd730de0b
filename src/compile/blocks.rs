//! Long lists of a program, decoded where they are first reached.
//!
//! In: a list, as `compile` makes it, or the bytes that the image keeps of it. Out: its members by index.
//! A run decides the rules of one flow, and what no rule of it reaches is never decoded.

use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A list in blocks of this many members: enough that few blocks are looked after, few enough that little
/// is decoded in vain.
#[derive(Debug)]
pub struct Blocks<T, const BLOCK: usize = 64>(Repr<T>);

#[derive(Debug)]
enum Repr<T> {
    Whole(Vec<T>),
    Image { length: usize, blocks: Vec<Block<T>> },
}

/// Members as the image keeps them, and as they are once one of them was asked for.
#[derive(Debug)]
struct Block<T> {
    bytes: &'static [u8],
    members: OnceLock<Box<[T]>>,
}

impl<T, const BLOCK: usize> From<Vec<T>> for Blocks<T, BLOCK> {
    fn from(members: Vec<T>) -> Self {
        Self(Repr::Whole(members))
    }
}

impl<T, const BLOCK: usize> Default for Blocks<T, BLOCK> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T, const BLOCK: usize> Blocks<T, BLOCK> {
    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Whole(members) => members.len(),
            Repr::Image { length, .. } => *length,
        }
    }

    /// The members of a list that was compiled; none of one that the image keeps.
    pub(crate) fn whole(&mut self) -> Option<&mut Vec<T>> {
        match &mut self.0 {
            Repr::Whole(members) => Some(members),
            Repr::Image { .. } => None,
        }
    }

    /// The members of a list that was compiled; of one that the image keeps, an empty slice.
    pub fn as_slice(&self) -> &[T] {
        match &self.0 {
            Repr::Whole(members) => members,
            Repr::Image { .. } => &[],
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: DeserializeOwned, const BLOCK: usize> Blocks<T, BLOCK> {
    /// The member of this index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        match &self.0 {
            Repr::Whole(members) => members.get(index),
            Repr::Image { blocks, .. } => {
                let block = blocks.get(index / BLOCK)?;
                block.members.get_or_init(|| decoded(block.bytes)).get(index % BLOCK)
            }
        }
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// A list of this length over the bytes that [`Blocks::image`] gave, each block with its length.
    /// None if they are no such list.
    pub(super) fn of_image(length: usize, lengths: &[u32], mut bytes: &'static [u8]) -> Option<Self> {
        let mut blocks = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (block, rest) = bytes.split_at_checked(*length as usize)?;
            blocks.push(Block { bytes: block, members: OnceLock::new() });
            bytes = rest;
        }
        let whole = bytes.is_empty() && blocks.len() == length.div_ceil(BLOCK);
        whole.then_some(Self(Repr::Image { length, blocks }))
    }
}

impl<T: DeserializeOwned + Serialize, const BLOCK: usize> Blocks<T, BLOCK> {
    /// The blocks as bytes, one after the other, and the length of each.
    pub(super) fn image(&self) -> (Vec<u32>, Vec<u8>) {
        let (mut lengths, mut bytes) = (Vec::new(), Vec::new());
        let members: Vec<&T> = self.iter().collect();
        for block in members.chunks(BLOCK) {
            // A program is plain data, which always has a form.
            let block = postcard::to_stdvec(block).unwrap_or_default();
            lengths.push(block.len() as u32);
            bytes.extend(block);
        }
        (lengths, bytes)
    }
}

fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> Box<[T]> {
    // The fingerprint held when the image was opened, and a test decodes every block of it.
    postcard::from_bytes(bytes).expect("the embedded image is of this build")
}

impl<T: DeserializeOwned, const BLOCK: usize> std::ops::Index<usize> for Blocks<T, BLOCK> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        self.get(index).expect("a program names only its own operations")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: usize = 64;

    #[test]
    fn an_image_gives_what_was_put_in() {
        for count in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let members: Vec<u64> = (0..count as u64).map(|index| index * index).collect();
            let (lengths, bytes) = Blocks::<u64>::from(members.clone()).image();
            let bytes: &'static [u8] = bytes.leak();
            let read = Blocks::<u64>::of_image(count, &lengths, bytes).unwrap();
            assert_eq!((read.len(), read.is_empty()), (count, count == 0));
            assert_eq!(read.iter().copied().collect::<Vec<_>>(), members);
            assert_eq!(read.get(count), None);
        }
    }

    #[test]
    fn an_image_of_another_length_is_refused() {
        let (lengths, bytes) = Blocks::<u64>::from(vec![1; BLOCK + 1]).image();
        let bytes: &'static [u8] = bytes.leak();
        assert!(Blocks::<u64>::of_image(BLOCK, &lengths, bytes).is_none());
        assert!(Blocks::<u64>::of_image(BLOCK + 1, &lengths[..1], bytes).is_none());
        assert!(Blocks::<u64>::of_image(BLOCK + 1, &lengths, &bytes[1..]).is_none());
    }
}
