//! The reference case as it is.

use super::facts::*;
use countersign::bundle::Form;

#[test]
fn dump() {
    let case = before_closing(b0());
    println!("{:#?}", case.problems);
    for kind in ["keri_finding", "acdc", "key_state", "exn", "signature_group"] {
        println!("{kind} {:#}", case.facts[kind]);
    }
    for record in case.all("record") {
        println!("{} {} {} {}", record["id"], record["signed"], record["signers"], record["signed_fully"]);
    }
    println!("{}", case.facts["manifest"]);
    let case = collected(b0(), Form::Case, None);
    println!("CLOSING {:#?}", case.problems);
    for kind in ["keri_finding", "acdc"] {
        println!("{kind} {:#}", case.facts[kind]);
    }
}
