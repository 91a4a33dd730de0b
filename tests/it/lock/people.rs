//! The officers and policy keys of the fixture: what they hold, and how they sign.

use std::fs;

use countersign::keystore::{Cost, Embedded, Imported, KeyFile, Passphrase, Seed};
use countersign::trust::Trust;

use crate::fixture::{aid, fixtures, seed};

pub(super) const PASSPHRASE: &str = "correct horse battery";
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

pub(super) fn trust() -> Trust {
    Trust::parse(&fs::read(fixtures().join("trust.json")).unwrap()).unwrap()
}

/// A signer that holds the current key of somebody, or the next one.
pub(super) fn signer(holder: &str, which: &str) -> Embedded<'static> {
    let passphrase = || Passphrase::new(PASSPHRASE.to_owned());
    let imported = Imported { aid: aid(holder), current: Seed::parse(&seed(holder, which)).unwrap(), next: None };
    let name = holder.to_lowercase().parse().unwrap();
    Embedded::locked(KeyFile::import(&name, imported, &passphrase(), CHEAP).unwrap(), move || Ok(passphrase()))
}

/// The code of an error.
pub(super) fn code(error: &dyn miette::Diagnostic) -> String {
    error.code().unwrap().to_string()
}
