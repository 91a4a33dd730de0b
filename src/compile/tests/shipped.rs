use std::collections::BTreeSet;

use super::*;
use crate::compile::{compile_shipped, image, shipped_image};

#[test]
fn the_shipped_rule_book_compiles() {
    let before = std::time::Instant::now();
    let program = compile_shipped().unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 120, Drawing::Ascii)));
    let compiled = before.elapsed();
    let bytes = image(&program);
    let before = std::time::Instant::now();
    let decoded: Program = postcard::from_bytes(&bytes[8..]).unwrap();
    println!("{} rules, {} ops, {} bytes, compiled in {compiled:?}, decoded in {:?}", program.rules.len(), program.ops.len(), bytes.len(), before.elapsed());
    println!("locals max {:?}", program.rules.iter().map(|r| r.locals).max());
    println!("text bytes {}", program.documents.iter().map(|d| d.text.len()).sum::<usize>());
    println!("schema bytes {}", postcard::to_stdvec(&program.schema).unwrap().len());
    println!("ops bytes {} origins {}", postcard::to_stdvec(&program.ops).unwrap().len(), postcard::to_stdvec(&program.origins).unwrap().len());
    println!("{:?}", shipped_image().is_some());
    assert!(program.rules.len() > 100);
    // No two rules mean the same by accident: who repeats another says so with `same_as`.
    let digests: BTreeSet<_> = program.rules.iter().map(|rule| rule.digest.to_string()).collect();
    println!("{} digests", digests.len());
    assert_eq!(decoded.rules, program.rules);
}
