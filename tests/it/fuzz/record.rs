//! Any bytes as a record, a manifest, a trust file or a lock.
//!
//! An input is a byte that chooses the kind of record, and the file.

use std::path::Path;

use bumpalo::Bump;
use countersign::bundle::json::{Numbers, Tree};
use countersign::bundle::manifest::Manifest;
use countersign::bundle::reader::{Input, Reader};
use countersign::facts::schema::{FactSchema, KindId};
use countersign::facts::table::Layout;
use countersign::facts::{Facts, FileId};
use countersign::lock::SignedLock;
use countersign::primitives::Sha256;
use countersign::trust::Trust;

use super::judge;

pub struct Target {
    schema: FactSchema,
    layout: Layout,
}

/// The records of the reference case, each as its kind.
pub fn seeds(root: &Path) -> Vec<Vec<u8>> {
    let schema = FactSchema::embedded();
    let case = judge::case(root);
    let mut seeds = Vec::new();
    for (path, bytes) in case.to_files() {
        let text: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let kind = text["kind"].as_str().and_then(|kind| schema.kind_named(&kind.replace('-', "_")));
        if path.ends_with(".json") {
            seeds.push([&[kind.map_or(0, |kind| kind.0 as u8)], bytes.as_slice()].concat());
        }
    }
    for name in ["trust.json", "lock.json"] {
        seeds.push([b"\0", std::fs::read(root.join("fixtures").join(name)).unwrap().as_slice()].concat());
    }
    seeds
}

impl Target {
    pub fn new() -> Self {
        let schema = FactSchema::embedded();
        let layout = Layout::new(&schema, |_, _| true);
        Self { schema, layout }
    }

    pub fn run(&self, data: &[u8]) {
        let Some((&flag, bytes)) = data.split_first() else { return };
        let strict = Tree::parse(bytes, Numbers::Integers);
        if let Ok(tree) = &strict {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(bytes);
            let value = value.unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(bytes)));
            assert_eq!(tree.members().map(<[_]>::len), value.as_object().map(serde_json::Map::len));
        }
        self.record(flag, bytes, strict.is_ok());
        let mut problems = Vec::new();
        let (file, digest) = (FileId(0), Sha256::of(bytes));
        let manifest = Manifest::parse(bytes, "bundle/manifest.json", file, digest, &mut problems);
        assert!(manifest.is_some() || !problems.is_empty(), "refused without a reason");
        let _ = Trust::parse(bytes);
        let _ = SignedLock::read(bytes);
    }

    fn record(&self, flag: u8, bytes: &[u8], strict: bool) {
        let kind = KindId(u32::from(flag) % self.schema.kinds().len() as u32);
        let arena = Bump::new();
        let mut facts = Facts::new(&self.schema);
        let type_id = self.schema.kind(kind).record;
        let input = Input { file: FileId(0), path: "bundle/x.json", bytes, type_id, numbers: Numbers::Integers };
        let reader = Reader::new(&self.schema, &self.layout);
        match reader.read(&mut facts, &arena, input) {
            Ok(record) => {
                assert!(strict, "what is not strict JSON gave a record");
                for problem in &record.problems {
                    let inside =
                        problem.span.is_none_or(|span| span.start <= span.end && span.end as usize <= bytes.len());
                    assert!(inside, "{problem:?}");
                }
            }
            Err(problem) => assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem:?}"),
        }
    }
}
