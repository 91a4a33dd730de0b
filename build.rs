//! Embeds the schema files: one table of `(path, text)`, sorted by path.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=schemas");
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
    paths.sort();
    let mut table = String::from("pub(super) const FILES: &[(&str, &str)] = &[\n");
    for path in paths {
        let absolute = schemas.join(&path);
        table.push_str(&format!("    ({path:?}, include_str!({:?})),\n", absolute.display().to_string()));
    }
    table.push_str("];\n");
    fs::write(out.join("schemas.rs"), table)
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
