//! Which files are wrong by themselves, and not for what another file says or lacks.
//!
//! In: what reading and verifying found. Out: the fault of a file. Rules do not read it; reports put what it
//! explains behind it.

/// How a file is wrong by itself. An earlier one explains a later one in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Signatures of a manifest that do not verify, under keys that are known: nothing that it lists can be believed.
    Seal,
    /// Not as it is listed, or not readable.
    Bytes,
    /// Key events, registries or credentials that contradict themselves.
    Events,
    /// Signatures of a record that do not verify, under keys that are known.
    Signature,
}
