//! The bill of docs/aws.md.

use std::process::Command;

#[test]
fn the_page_has_the_bill_that_the_script_makes() {
    let script = house::root().join("tests/benchmarks/bill/bill");
    let checked = Command::new("python3").arg(script).arg("--check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
