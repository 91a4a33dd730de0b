//! Embeds the schema files and the policies: a table of `(path, text)` each, sorted by path.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=policies");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("no manifest folder"))?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no output folder"))?);
    let schemas = root.join("schemas");
    let mut paths = Vec::new();
    // Only what rules read: the schemas of countersign's own documents are not facts.
    for file in ["record.json", "types.json"] {
        paths.push(file.to_owned());
    }
    for folder in ["case", "evidence", "evidence/bodies", "facts"] {
        json_files(&schemas, folder, &mut paths)?;
    }
    fs::write(out.join("schemas.rs"), table(&schemas, paths))?;
    let policies = root.join("policies");
    let mut paths = Vec::new();
    yaml_files(&policies, "", &mut paths)?;
    fs::write(out.join("policies.rs"), table(&policies, paths))
}

/// A table of paths and texts, as Rust.
fn table(root: &Path, mut paths: Vec<String>) -> String {
    paths.sort();
    let mut table = String::from("pub(super) const FILES: &[(&str, &str)] = &[\n");
    for path in paths {
        let absolute = root.join(&path);
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

fn json_files(schemas: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(schemas.join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            paths.push(format!("{folder}/{name}"));
        }
    }
    Ok(())
}
