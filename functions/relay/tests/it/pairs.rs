//! `docs/pairs.md`: each file that it names is there, and its tests pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::Installation;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The flows of a folder whose tests pass.
fn passing(installation: &Installation, folder: &str) -> BTreeSet<String> {
    let json = installation.relay(&["flows", "test", folder, "--json"]).with_status(0).json();
    let flows = json["flows"].as_array().unwrap().iter();
    let tested = flows.filter(|flow| !flow["tests"].as_array().unwrap().is_empty());
    tested.map(|flow| flow["flow"].as_str().unwrap().to_owned()).collect()
}

/// Those of a set, where what waits in a folder of its own is moved up.
fn of_set(set: &str, folder: &str, interface: &str) -> BTreeSet<String> {
    let mut installation = Installation::empty();
    installation.relay(&["init", "--set", set]).with_status(0);
    if !folder.is_empty() {
        for file in fs::read_dir(installation.path("flows").join(folder)).unwrap() {
            let file = file.unwrap();
            fs::rename(file.path(), installation.path("flows").join(file.file_name())).unwrap();
        }
    }
    installation.set("KINGDEE_AUTH", interface);
    passing(&installation, "flows")
}

/// By the folder in which files stand, the flows whose tests pass there.
fn tested() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut examples = BTreeMap::new();
    for (folder, interface) in
        [("shared/flows", "v1"), ("shared/flows/examples", "v1"), ("shared/flows/examples/kingdee-v2", "v2")]
    {
        let mut installation = Installation::empty();
        installation.set("KINGDEE_AUTH", interface);
        examples.insert(folder, passing(&installation, &format!("{ROOT}/{folder}")));
    }
    let sets = [
        ("shared/flows/e-commerce", "e-commerce", "", "v1"),
        ("shared/flows/e-commerce/kingdee-v2", "e-commerce", "kingdee-v2", "v2"),
        ("shared/flows/e-commerce-daily", "e-commerce-daily", "", "v1"),
        ("shared/flows/e-commerce-daily/kingdee-v2", "e-commerce-daily", "kingdee-v2", "v2"),
        ("shared/flows/field-sales", "field-sales", "", "v1"),
        ("shared/flows/field-sales/qince-write-back", "field-sales", "qince-write-back", "v1"),
    ];
    let sets =
        sets.into_iter().map(|(folder, set, within, interface)| (folder, of_set(set, within, interface)));
    examples.into_iter().chain(sets).collect()
}

/// The files of flows that a text links to, from the root.
fn linked(text: &str) -> Vec<&str> {
    let links = text.split("](../").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    links.filter(|link| Path::new(link).extension().is_some_and(|extension| extension == "toml")).collect()
}

#[test]
fn every_flow_that_the_table_of_pairs_names_is_there_and_its_tests_pass() {
    let page = fs::read_to_string(format!("{ROOT}/docs/pairs.md")).unwrap();
    let tested = tested();
    let mut named = BTreeSet::new();
    for file in linked(&page) {
        assert!(Path::new(ROOT).join(file).is_file(), "{file} is not there");
        let (folder, flow) = file.strip_suffix(".toml").unwrap().rsplit_once('/').unwrap();
        assert!(tested[folder].contains(flow), "no tests of {file} pass");
        named.insert(file.to_owned());
    }
    // The other way round: no flow is shipped that the page does not name.
    for folder in tested.keys() {
        for file in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let is_flow = name.ends_with(".toml") && !name.ends_with(".test.toml");
            assert!(!is_flow || named.contains(&format!("{folder}/{name}")), "{folder}/{name} is not named");
        }
    }
}

#[test]
fn the_table_has_twenty_five_pairs_and_each_is_carried_by_a_flow() {
    let page = fs::read_to_string(format!("{ROOT}/docs/pairs.md")).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|sign: char| sign.is_ascii_digit()));
    let mut numbers = Vec::new();
    for row in rows {
        assert!(!linked(row).is_empty(), "{row}");
        numbers.push(row[2..].split(' ').next().unwrap().parse::<u32>().unwrap());
    }
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
}
