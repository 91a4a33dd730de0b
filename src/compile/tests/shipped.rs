//! The rule book that is part of countersign.

use super::*;
use crate::compile::{compile_shipped, image};

#[test]
fn the_shipped_rule_book_survives_its_image() {
    let program =
        compile_shipped().unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 120, Drawing::Ascii)));
    assert!(program.rules.len() > 100, "{} rules", program.rules.len());
    let bytes = image(&program);
    let decoded = crate::compile::shipped::decoded(bytes.clone().leak().split_at(8).1).unwrap();
    assert!(image(&decoded) == bytes);
    assert_eq!(decoded.digest, program.digest);
    assert!(decoded.rules.iter().eq(program.rules.iter()));
    assert!(decoded.ops.iter().eq(program.ops.iter()));
    assert!(decoded.origins.iter().eq(program.origins.iter()));
    assert_eq!(decoded.documents, program.documents);
}
