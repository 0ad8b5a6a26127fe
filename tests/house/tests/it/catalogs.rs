//! Whether the catalog's data files are what is made of them, and can be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use relay_connector::{Field, FieldList, Kind};

/// Every data file of every vendor.
fn data_files() -> Vec<PathBuf> {
    let vendors = fs::read_dir(house::root().join("shared/connectors")).unwrap();
    let folders = vendors.map(|entry| entry.unwrap().path().join("catalog")).filter(|folder| folder.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|file| file.file_name().is_some_and(|name| name != "amendments.tsv")).collect()
}

fn read(file: &PathBuf) -> FieldList {
    FieldList::read(fs::read_to_string(file).unwrap().leak())
}

fn all<'f>(fields: &'f [Field], seen: &mut Vec<&'f Field>) {
    for field in fields {
        seen.push(field);
        if let Kind::List(inner) | Kind::Object(inner) = field.kind {
            all(inner, seen);
        }
    }
}

#[test]
fn making_the_data_files_again_changes_nothing() {
    let mut make = Command::new("python3");
    let made =
        make.args(["shared/connector/catalog/make", "--check"]).current_dir(house::root()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn every_data_file_is_read_to_its_last_line() {
    let files = data_files();
    assert!(files.len() > 160, "{} files", files.len());
    let mut fields = 0;
    for file in files {
        let list = read(&file);
        assert_eq!(list.unreadable, Vec::<&str>::new(), "{}", file.display());
        let mut seen = Vec::new();
        all(list.params, &mut seen);
        all(list.fields, &mut seen);
        let lines = fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with("# ")).count();
        assert_eq!(seen.len(), lines - 1, "{}", file.display());
        fields += seen.len();
    }
    assert!(fields > 7_000, "{fields} fields");
}

#[test]
fn no_level_names_a_field_twice_and_every_code_has_a_meaning() {
    fn check(fields: &[Field], file: &str) {
        let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len(), "{file}: a field is named twice");
        for field in fields {
            let codes: Vec<_> = field.codes().collect();
            let all = field.codes.split("; ").filter(|code| !code.is_empty()).count();
            let distinct = codes.iter().map(|(code, _)| code).collect::<BTreeSet<_>>().len();
            assert_eq!((codes.len(), distinct), (all, all), "{file}: {}: {}", field.name, field.codes);
            if let Kind::List(inner) | Kind::Object(inner) = field.kind {
                check(inner, file);
            }
        }
    }
    for file in data_files() {
        let list = read(&file);
        check(list.params, &file.to_string_lossy());
        check(list.fields, &file.to_string_lossy());
    }
}
