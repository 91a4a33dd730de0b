//! How much of a case is read.

/// Bounds on what is read. Beyond one of them a file is a problem, never a shortened file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a `.json` file. The largest records (sessions with 2,000 events) stay below
    /// 1 MiB, GLEIF's bodies below 100 KiB.
    pub json_bytes: u64,
    /// Most bytes of any other file: key event logs of years, scanned contracts.
    pub other_bytes: u64,
    /// Most bytes of all files together: they are held in memory while the case is judged.
    pub total_bytes: u64,
    /// Most files of a case: as many as a manifest may list.
    pub files: usize,
    /// Deepest folder below an area: `records/x.json` has depth 2.
    pub depth: usize,
    /// Most bytes of a path: what the manifest's schema allows.
    pub path_bytes: usize,
}

impl Limits {
    /// The bounds of every command.
    pub const STANDARD: Self = Self {
        json_bytes: 16 << 20,
        other_bytes: 64 << 20,
        total_bytes: 512 << 20,
        files: 10_000,
        depth: 16,
        path_bytes: 512,
    };

    /// Most bytes of a file with this name.
    pub fn bytes_for(&self, path: &str) -> u64 {
        if path.ends_with(".json") { self.json_bytes } else { self.other_bytes }
    }
}
