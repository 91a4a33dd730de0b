//! Embeds the schema files, the policies and the image of what they compile to.
//!
//! A table of `(path, text)` each, sorted by path, and a fingerprint over what the image is made from.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=policies");
    println!("cargo::rerun-if-changed=fixtures/cases/b0");
    println!("cargo::rerun-if-changed=fixtures/keri/b0/keys.json");
    println!("cargo::rerun-if-changed=fixtures/trust.json");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("no manifest folder"))?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no output folder"))?);
    let (schemas, policies) = (root.join("schemas"), root.join("policies"));

    // Only what rules read: the schemas of countersign's own documents are not facts.
    let mut schema_files = vec!["record.json".to_owned(), "types.json".to_owned()];
    for folder in ["case", "evidence", "evidence/bodies", "facts"] {
        json_files(&schemas, folder, &mut schema_files)?;
    }
    schema_files.sort();
    fs::write(out.join("schemas.rs"), table(&schemas, &schema_files))?;

    let mut policy_files = Vec::new();
    yaml_files(&policies, "", &mut policy_files)?;
    policy_files.sort();
    let mut fingerprint = Fingerprint::default();
    for path in &schema_files {
        fingerprint.add(path, &fs::read(schemas.join(path))?);
    }
    let decides = |path: &&String| !path.ends_with(".cases.yaml") && *path != "equivalent-mutants.yaml";
    for path in policy_files.iter().filter(decides) {
        fingerprint.add(path, &fs::read(policies.join(path))?);
    }
    let constant = format!("pub(super) const FINGERPRINT: u64 = {};\n", fingerprint.0);
    fs::write(out.join("policies.rs"), table(&policies, &policy_files) + &constant)?;

    // The reference case, after which the cases of a practice year are made.
    let case = root.join("fixtures/cases/b0");
    let mut case_files = Vec::new();
    for folder in ["bundle/", "decision/", "post/"] {
        all_files(&case, folder, &mut case_files)?;
    }
    case_files.sort();
    let constant = |name: &str, path: &str| {
        format!("pub(super) const {name}: &str = include_str!({:?});\n", root.join(path).display().to_string())
    };
    let beside = constant("KEYS", "fixtures/keri/b0/keys.json") + &constant("TRUST", "fixtures/trust.json");
    fs::write(out.join("reference.rs"), table(&case, &case_files) + &beside)?;

    // Without an image the policies are compiled when they are first used.
    let image = policies.join("book.image");
    fs::write(out.join("book.image"), if image.exists() { fs::read(image)? } else { Vec::new() })
}

/// Tells two sets of files apart (FNV-1a). Not against an adversary: whoever changes the files of a
/// build can change everything else in it.
struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    fn add(&mut self, path: &str, text: &[u8]) {
        for byte in path.bytes().chain([0]).chain(text.iter().copied()).chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A table of paths and texts, as Rust.
fn table(root: &Path, paths: &[String]) -> String {
    let mut table = String::from("pub(super) const FILES: &[(&str, &str)] = &[\n");
    for path in paths {
        let absolute = root.join(path);
        table.push_str(&format!("    ({path:?}, include_str!({:?})),\n", absolute.display().to_string()));
    }
    table.push_str("];\n");
    table
}

fn yaml_files(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = format!("{folder}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            yaml_files(root, &format!("{name}/"), paths)?;
        } else if name.ends_with(".yaml") {
            paths.push(name);
        }
    }
    Ok(())
}

fn all_files(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = format!("{folder}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            all_files(root, &format!("{name}/"), paths)?;
        } else {
            paths.push(name);
        }
    }
    Ok(())
}

fn json_files(schemas: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(schemas.join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            paths.push(format!("{folder}/{name}"));
        }
    }
    Ok(())
}
