//! The image of the shipped rule book is what its files compile to.

use std::path::Path;

use countersign::compile;
use countersign::policy::{self, Drawing};

#[test]
fn the_image_is_fresh() {
    let program = compile::compile_shipped()
        .unwrap_or_else(|problems| panic!("{}", policy::render(&problems, 120, Drawing::Ascii)));
    let image = compile::image(&program);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/book.image");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::write(&path, &image).unwrap();
        return;
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(
        committed == image,
        "policies/book.image is stale; rewrite it with `COUNTERSIGN_BLESS=1 cargo test --test it image` and commit it"
    );
    let decoded = compile::shipped_image().expect("a fresh image can be read");
    assert_eq!(compile::image(&decoded), image);
    assert_eq!(decoded.digest, program.digest);
}
