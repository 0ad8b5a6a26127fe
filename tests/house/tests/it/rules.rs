//! Which crate may need which. The arrows go from the programs down to the core, and a job sees no vendor, no store and no
//! host.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use house::crates::{Crate, Crates, read};

const CORE: &str = "relay-core";
const CONNECTOR: &str = "relay-connector";
const MAPPING: &str = "relay-mapping";
const JOB: &str = "relay-job";
const RECONCILE: &str = "relay-reconcile";
const HOST: &str = "relay-host";

/// What a `main.rs` may be at most: it decides nothing.
const LINES_OF_MAIN: usize = 60;

fn crates() -> Crates {
    read(&house::root()).unwrap()
}

fn is_vendor(it: &Crate) -> bool {
    it.folder.starts_with("shared/connectors/")
}

fn is_job(it: &Crate) -> bool {
    it.folder.starts_with("functions/") && it.folder != "functions/relay"
}

/// The crates that one may need, to its library and to its program; `None` where it may need every one.
fn allowed(crates: &Crates, it: &Crate) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let none = BTreeSet::new();
    match it.folder.as_str() {
        "shared/core" | "shared/divisions" => Some((none.clone(), none)),
        "shared/connector" => Some((set(&[CORE]), none)),
        "shared/mapping" => Some((set(&[CONNECTOR, CORE, "relay-divisions"]), none)),
        "shared/job" => Some((set(&[CORE, CONNECTOR, MAPPING]), none)),
        "shared/reconcile" => Some((set(&[CORE, CONNECTOR, MAPPING, JOB]), none)),
        "shared/operations" => Some((set(&[CORE, CONNECTOR, MAPPING, JOB, RECONCILE]), none)),
        "shared/connectors" => {
            let vendors = crates.iter().filter(|(_, it)| is_vendor(it)).map(|(name, _)| name.clone());
            Some((set(&[CONNECTOR, CORE]).into_iter().chain(vendors).collect(), none))
        }
        folder if folder.starts_with("shared/store-") => Some((set(&[CORE]), none)),
        _ if is_vendor(it) => Some((set(&[CONNECTOR, CORE]), none)),
        _ if is_job(it) => Some((set(&[CORE, CONNECTOR, MAPPING, JOB, RECONCILE]), set(&[HOST]))),
        folder if folder.starts_with("functions/") => None,
        _ => {
            let below = |(_, it): &(&String, &Crate)| !it.folder.starts_with("functions/");
            let below: BTreeSet<_> = crates.iter().filter(below).map(|(name, _)| name.clone()).collect();
            let below: BTreeSet<_> = below.into_iter().filter(|name| name != HOST).collect();
            Some((below.clone(), below))
        }
    }
}

/// Every arrow that is against the rules.
fn broken(crates: &Crates) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, it) in crates {
        let Some((library, program)) = allowed(crates, it) else { continue };
        let arrows = it.needs.difference(&library).chain(it.program_needs.difference(&program));
        broken.extend(arrows.map(|needed| format!("{name} needs {needed}")));
    }
    broken
}

#[test]
fn every_crate_needs_only_what_it_may() {
    assert_eq!(broken(&crates()), Vec::<String>::new());
}

#[test]
fn the_crates_that_the_rules_name_are_there() {
    let crates = crates();
    for name in
        [CORE, CONNECTOR, MAPPING, JOB, HOST, "relay-connectors", "relay-divisions", "relay-store-aws"]
    {
        assert!(crates.contains_key(name), "{name}");
    }
    assert_eq!(crates.values().filter(|it| is_job(it)).count(), jobs().len());
    assert_eq!(crates.values().filter(|it| is_vendor(it)).count(), relay_connectors::CONNECTORS.len());
}

/// A crate in that folder, whose library needs these crates and whose program those.
fn made_up(folder: &str, needs: &[&str], program_needs: &[&str]) -> Crate {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Crate { folder: folder.to_owned(), needs: set(needs), program_needs: set(program_needs) }
}

#[test]
fn an_arrow_against_the_rules_is_told() {
    for (name, it, told) in [
        (CORE, made_up("shared/core", &[CONNECTOR], &[]), "relay-core needs relay-connector"),
        (
            "relay-http",
            made_up("shared/connectors/http", &[CORE, "relay-qince"], &[]),
            "relay-http needs relay-qince",
        ),
        (
            "relay-store-s3",
            made_up("shared/store-s3", &[], &[CONNECTOR]),
            "relay-store-s3 needs relay-connector",
        ),
        ("bill-closer", made_up("functions/bill-closer", &[JOB, HOST], &[]), "bill-closer needs relay-host"),
        (
            "bill-closer",
            made_up("functions/bill-closer", &[JOB, "relay-qince"], &[HOST]),
            "bill-closer needs relay-qince",
        ),
        (
            "relay-operations",
            made_up("shared/operations", &[JOB, HOST], &[]),
            "relay-operations needs relay-host",
        ),
        (HOST, made_up("shared/host", &[JOB, "erp-pusher"], &[]), "relay-host needs erp-pusher"),
    ] {
        let mut crates = crates();
        crates.insert(name.to_owned(), it);
        assert_eq!(broken(&crates), [told]);
    }
}

/// The folders of the jobs.
fn jobs() -> Vec<PathBuf> {
    let functions = fs::read_dir(house::root().join("functions")).unwrap();
    let folders = functions.map(|entry| entry.unwrap().path());
    folders.filter(|folder| folder.join("Cargo.toml").exists() && !folder.ends_with("relay")).collect()
}

/// The sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_rust = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "rs");
    files.into_iter().filter(is_rust).chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The first of these crates that a source names.
fn named<'a>(text: &str, crates: &'a [String]) -> Option<&'a String> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.find_map(|word| crates.iter().find(|name| *name == word))
}

/// What a job's sources must not name: the host, the stores and the vendors, as Rust has their names.
fn hidden_from_jobs() -> Vec<String> {
    let crates = crates();
    let is_hidden = |(name, it): &(&String, &Crate)| {
        *name == HOST || is_vendor(it) || it.folder.starts_with("shared/store-")
    };
    crates.iter().filter(is_hidden).map(|(name, _)| name.replace('-', "_")).collect()
}

#[test]
fn the_sources_of_a_job_name_no_host_no_store_and_no_vendor() {
    let hidden = hidden_from_jobs();
    assert_eq!(named("use relay_job::Job;\nuse relay_qince::Qince;", &hidden).unwrap(), "relay_qince");
    let mut read = 0;
    for file in jobs().iter().flat_map(|job| sources(&job.join("src"))) {
        if file.ends_with("src/main.rs") || file.ends_with("tests.rs") {
            continue;
        }
        read += 1;
        let text = fs::read_to_string(&file).unwrap();
        // Its tests may: they run on a store.
        let job = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        assert_eq!(named(job, &hidden), None, "{}", file.display());
    }
    assert!(read > jobs().len(), "{read} files");
}

#[test]
fn the_program_of_a_job_is_wiring_alone() {
    for job in jobs() {
        let lines = fs::read_to_string(job.join("src/main.rs")).unwrap().lines().count();
        assert!(lines < LINES_OF_MAIN, "{}: {lines} lines", job.display());
    }
}
