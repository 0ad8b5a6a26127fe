//! The flow files that come with the program, each with its tests where it has any, to be written into a folder.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;

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
    "direct-order-to-sharecrm.toml",
    "direct-order-to-wangdian.toml",
    "shipping-to-sharecrm.toml",
    "stock-to-sharecrm.toml",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The flow files and tests of a folder of `shared/flows`.
    fn files_of(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows").join(folder);
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".toml")).collect()
    }

    #[test]
    fn every_shipped_file_of_a_set_comes_with_the_program() {
        for (set, folder) in [(Set::Default, "")] {
            let known: BTreeSet<_> = set.files().iter().map(|file| file.name.to_owned()).collect();
            assert_eq!(known, files_of(folder), "{set:?}");
        }
    }
}
