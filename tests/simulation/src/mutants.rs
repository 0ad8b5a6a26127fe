//! Builds that are broken on purpose: the test of the test.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::scenario::Drawing;

/// Where the list stands.
pub const LIST: &str = include_str!("../mutants.toml");

/// A build that is broken on purpose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// The rule that it breaks.
    pub name: String,
    /// What comes of it.
    pub why: String,
    /// Of what the seeds are that find it.
    #[serde(default)]
    pub of: Drawing,
    /// What is changed.
    pub edits: Vec<Edit>,
}

/// One change of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, from the root of the repository.
    pub file: String,
    /// What stands there, exactly once.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
}

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

/// Every mutant.
///
/// # Errors
/// A list that is none.
pub fn all() -> anyhow::Result<Vec<Mutant>> {
    Ok(toml::from_str::<List>(LIST)?.mutant)
}

impl Mutant {
    /// The files that it changes, as they are and as it has them, in a tree.
    ///
    /// # Errors
    /// A file that is not there, or in which what is to be changed does not stand exactly once.
    pub fn files(&self, root: &Path) -> anyhow::Result<Vec<(String, String, String)>> {
        let mut files: Vec<(String, String, String)> = Vec::new();
        for Edit { file, find, replace } in &self.edits {
            let place = match files.iter().position(|(known, ..)| known == file) {
                Some(place) => place,
                None => {
                    let text = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
                    files.push((file.clone(), text.clone(), text));
                    files.len() - 1
                }
            };
            let text = &mut files[place].2;
            let count = text.matches(find.as_str()).count();
            ensure!(count == 1, "`{}`: {file} holds {count} times what is to be changed:\n{find}", self.name);
            *text = text.replace(find, replace);
        }
        Ok(files)
    }
}
