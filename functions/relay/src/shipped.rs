//! The flow files that come with the program, each with its tests where it has any, to be written into a folder.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use relay_host::flows::TEST;
use relay_job::flow_tests::TestFile;

/// A file that comes with the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// What belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// What runs where nobody has flow files of his own.
    Default,
}

/// What was written, and what was there already and is left as it was.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) new: Vec<&'static str>,
    pub(crate) kept: Vec<&'static str>,
}

/// Files of a folder of `shared/flows`, by their names.
macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(File {
            name: $name,
            text: include_str!(concat!("../../../shared/flows/", $folder, $name)),
        }),*]
    };
}

const DEFAULT: &[File] = files!["":
    "direct-order-to-sharecrm.test.toml",
    "direct-order-to-sharecrm.toml",
    "direct-order-to-wangdian.test.toml",
    "direct-order-to-wangdian.toml",
    "shipping-to-sharecrm.test.toml",
    "shipping-to-sharecrm.toml",
    "stock-to-sharecrm.test.toml",
    "stock-to-sharecrm.toml",
    "tests/direct-order.json",
    "tests/stock-change.json",
    "tests/trade.json",
    "tests/waybill.json",
    "trade-to-kingdee.test.toml",
    "trade-to-kingdee.toml",
];

impl Set {
    fn files(self) -> &'static [File] {
        match self {
            Self::Default => DEFAULT,
        }
    }
}

/// Writes the files of a set into a folder, which is made where it is missing. A file that is there is never overwritten.
///
/// # Errors
/// A folder or file that cannot be written.
pub(crate) fn write(set: Set, folder: &Path) -> anyhow::Result<Written> {
    fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    let mut written = Written::default();
    for File { name, text } in set.files() {
        let path = folder.join(name);
        let of_file = path.parent().unwrap_or(folder);
        fs::create_dir_all(of_file).with_context(|| format!("creating the folder {}", of_file.display()))?;
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
                written.new.push(name);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => written.kept.push(name),
            Err(error) => return Err(error).with_context(|| format!("writing {}", path.display())),
        }
    }
    Ok(written)
}

/// The tests of the flows that run where nobody has flow files of his own.
pub(crate) fn tests() -> Vec<TestFile> {
    let beside = |name: &str| match DEFAULT.iter().find(|file| file.name == name) {
        Some(file) => Ok(file.text.to_owned()),
        None => Err(io::Error::from(ErrorKind::NotFound)),
    };
    let test = |File { name, text }: &File| {
        let flow = name.strip_suffix(TEST)?.to_owned();
        let (file, text) = ((*name).to_owned(), (*text).to_owned());
        Some(TestFile { flow, file, text, beside: Box::new(beside) })
    };
    DEFAULT.iter().filter_map(test).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The flow files and tests of a folder of `shared/flows`, and the documents that these name.
    fn files_of(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows").join(folder);
        let names = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let flows = names(&folder).into_iter().filter(|name| name.ends_with(".toml"));
        let documents = names(&folder.join("tests")).into_iter().map(|name| format!("tests/{name}"));
        flows.chain(documents).collect()
    }

    #[test]
    fn every_shipped_file_of_a_set_comes_with_the_program() {
        let sets = [(Set::Default, "")];
        for (set, folder) in sets {
            let known: BTreeSet<_> = set.files().iter().map(|file| file.name.to_owned()).collect();
            assert_eq!(known, files_of(folder), "{set:?}");
        }
    }
}
