//! The rule book that is part of countersign.

use super::*;
use crate::compile::{compile_shipped, image};

#[test]
fn the_shipped_rule_book_survives_its_image() {
    let program =
        compile_shipped().unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 120, Drawing::Ascii)));
    assert!(program.rules.len() > 100, "{} rules", program.rules.len());
    let bytes = image(&program);
    let decoded: Program = postcard::from_bytes(&bytes[8..]).unwrap();
    assert_eq!(image(&decoded), bytes);
    assert_eq!((decoded.rules, decoded.ops, decoded.digest), (program.rules, program.ops, program.digest));
}
