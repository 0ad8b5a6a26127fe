//! Every mistake of a folder of small broken flow files is found, in its line and with the way out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Installation;

/// What `relay flows check` must say of each file: its line, a part of the message, a part of the way out.
const EXPECTED: &str = include_str!("mistakes/expected.tsv");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes")
}

/// The mistakes by file.
fn checked(folder: &Path) -> BTreeMap<String, Vec<Value>> {
    let installation = Installation::empty();
    let answer =
        installation.relay(&["flows", "check", folder.to_str().unwrap(), "--json"]).with_status(1).json();
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mistake in answer["mistakes"].as_array().unwrap() {
        let file = Path::new(mistake["file"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap();
        files.entry(file.to_owned()).or_default().push(mistake.clone());
    }
    files
}

#[test]
fn every_seeded_mistake_is_found_once_in_its_line_and_with_the_way_out() {
    let found = checked(&folder());
    let mut wrong = Vec::new();
    let mut expected = 0;
    for row in EXPECTED.lines().skip(1) {
        let [file, line, says, help] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        expected += 1;
        let is_told = |mistake: &Value| {
            let said = |part: &str| mistake[part].as_str().unwrap_or_default().to_owned();
            mistake["line"] == line.parse::<u64>().unwrap()
                && said("message").contains(says)
                && said("help").contains(help)
        };
        match found.get(file).map(Vec::as_slice) {
            Some([only]) if is_told(only) => {}
            other => wrong.push(format!("{row}\n  found {other:#?}")),
        }
    }
    assert!(expected >= 40, "{expected} mistakes");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = fs::read_dir(folder()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "toml")
    });
    assert_eq!(files.count(), expected, "each file has its row");
}

#[test]
fn a_bracket_hides_neither_the_rest_of_its_file_nor_other_files() {
    let installation = Installation::empty();
    fs::create_dir(installation.path("flows")).unwrap();
    let text = fs::read_to_string(folder().join("head-not-closed.toml")).unwrap();
    let text = text.replace("\"shop_no\"", "\"shop_on\"").replace("qty  ", "qyt  ");
    fs::write(installation.path("flows/one.toml"), text).unwrap();
    fs::copy(folder().join("quote-not-closed.toml"), installation.path("flows/two.toml")).unwrap();
    fs::copy(folder().join("setting-that-is-secret.toml"), installation.path("flows/three.toml")).unwrap();
    let found = checked(&installation.path("flows"));
    let lines = |file: &str| found[file].iter().map(|mistake| mistake["line"].clone()).collect::<Vec<_>>();
    assert_eq!(lines("one"), [9, 12, 17]);
    assert_eq!(lines("two"), [12]);
    assert_eq!(lines("three"), [12]);
}

/// Whoever writes flow files reads Chinese: titles and codes of fields are Chinese anyway, so it is our own words that are looked at.
#[test]
fn every_mistake_and_its_way_out_is_told_in_chinese_too() {
    let mut installation = Installation::empty();
    let folder = folder();
    let check = ["flows", "check", folder.to_str().unwrap()];
    let english = installation.relay(&[&check[..], &["--json"]].concat()).with_status(1).json();
    installation.set("RELAY_LANG", "zh");
    let chinese = installation.relay(&check).with_status(1).stdout;
    let mut missing = Vec::new();
    for mistake in
        english["mistakes"].as_array().unwrap().iter().chain(english["warnings"].as_array().unwrap())
    {
        for (before, part) in [("错误: ", "message"), ("办法: ", "help")] {
            let Some(said) = mistake[part].as_str().filter(|said| said.contains(' ')) else { continue };
            // What is to be written is the same in both.
            if chinese.contains(&format!("{before}{said}\n")) && !said.contains(" = \"") {
                missing.push(said.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?} belong into shared/operations/src/phrases/flows.txt");
    for word in ["error: ", "warning: ", "help: "] {
        assert!(!chinese.contains(word), "{word} in {chinese}");
    }
}

#[test]
fn one_mistake_is_one_mistake() {
    let installation = Installation::empty();
    fs::create_dir(installation.path("flows")).unwrap();
    fs::copy(folder().join("key-missing.toml"), installation.path("flows/one.toml")).unwrap();
    let said = installation.relay(&["flows", "check", "flows"]).with_status(1).stdout;
    assert!(said.ends_with("\n1 mistake.\n"), "{said}");
    fs::copy(folder().join("each-misspelt.toml"), installation.path("flows/two.toml")).unwrap();
    let said = installation.relay(&["flows", "check", "flows"]).with_status(1).stdout;
    assert!(said.ends_with("\n2 mistakes.\n"), "{said}");
}
