//! The bill of docs/aws.md.

use std::fs;
use std::process::Command;

/// The page says that of a bill which the script has not made.
const NOT_COUNTED: &str = "reckoned by hand, not counted yet";

#[test]
fn the_page_has_the_bill_that_the_script_makes_or_says_that_nothing_was_counted() {
    let root = house::root();
    let folder = root.join("tests/benchmarks/bill");
    if !folder.join("counted.json").exists() {
        assert!(fs::read_to_string(root.join("docs/aws.md")).unwrap().contains(NOT_COUNTED));
        return;
    }
    let checked = Command::new("python3").arg(folder.join("bill")).arg("--check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
