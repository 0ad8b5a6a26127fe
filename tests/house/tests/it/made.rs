//! Whether what is made from the code is up to date.

use std::fs;

#[test]
fn what_is_made_from_the_code_is_up_to_date() {
    let root = house::root();
    let is_old = |made: &house::Made| {
        fs::read_to_string(root.join(&made.file)).ok().is_none_or(|text| text != made.text)
    };
    let all = house::all(&root).unwrap();
    let mut old = house::left_over(&root, &all).unwrap();
    old.extend(all.into_iter().filter(is_old).map(|made| made.file));
    assert!(old.is_empty(), "out of date: {}. `cargo run -p house` mends that", old.join(", "));
}
