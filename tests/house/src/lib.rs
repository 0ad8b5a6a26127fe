//! What the repository says of itself, made from the code.
//!
//! | module | what for |
//! |---|---|
//! | [`book`] | what stands in the site of the documents |
//! | [`crates`] | the crates and their dependencies: the picture, and the rules of the house |
//! | [`reference`] | the pages of the documents and their fields |
//! | [`roles`] | what the roles of the functions allow, and what the adapter for AWS asks for |
//! | [`settings`] | the table of settings |
//! | [`template`] | the vendors' part of `template.yaml` |
//!
//! `cargo run -p house` writes all of it; `cargo test -p house` tells what is out of date.

pub mod book;
pub mod crates;
pub mod reference;
pub mod roles;
pub mod settings;
pub mod template;

use std::path::{Path, PathBuf};

use relay_operations::language::Language;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file that is made from the code, or holds parts that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// From the root of the repository.
    pub file: String,
    /// What it must hold.
    pub text: String,
}

/// Files that stand in a folder of made files and are not made any more.
///
/// # Errors
/// When the folder cannot be read.
pub fn left_over(root: &Path, made: &[Made]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in walk(&root.join(reference::FOLDER))? {
        let file = entry.strip_prefix(root)?.to_string_lossy().into_owned();
        if !made.iter().any(|made| made.file == file) {
            found.push(file);
        }
    }
    Ok(found)
}

fn walk(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(walk(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

/// Every such file as it must be.
///
/// # Errors
/// When the code or the files cannot be read.
pub fn all(root: &Path) -> anyhow::Result<Vec<Made>> {
    let crates = crates::read(root)?;
    let template = std::fs::read_to_string(root.join(template::FILE))?;
    let filled = template::filled(&template, &template::vendors())?;
    let made = |file: &str, text: String| Made { file: file.to_owned(), text };
    let mut all = vec![
        made("docs/crates.dot", crates::as_dot(&crates)),
        made("docs/crates.svg", crates::as_svg(&crates)?),
        made(settings::FILE, settings::page(Language::English)),
        made(settings::IN_CHINESE, settings::page(Language::Chinese)),
        made(template::FILE, filled),
    ];
    let pages = reference::pages();
    all.push(book::summary(&pages));
    all.extend(pages);
    Ok(all)
}
