use std::path::{Path, PathBuf};

use super::*;

/// The files of the shipped rule book, named relative to the policies folder, sorted.
fn shipped() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        Source::new(name, std::fs::read_to_string(path).unwrap())
    };
    found.iter().map(read).collect()
}

#[test]
fn the_shipped_rule_book_compiles() {
    let (set, problems) = policy::load(shipped());
    assert!(problems.is_empty(), "{}", policy::render(&problems, 120, Drawing::Ascii));
    let before = std::time::Instant::now();
    match compile(&set, FactSchema::embedded()) {
        Ok(program) => {
            println!("{} rules, {} ops, {:?}", program.rules.len(), program.ops.len(), before.elapsed());
            assert!(program.rules.len() > 100);
        }
        Err(problems) => panic!("{}", policy::render(&problems, 120, Drawing::Ascii)),
    }
}
