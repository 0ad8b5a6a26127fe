//! What the repository says of itself, made from the code.
//!
//! | module | what for |
//! |---|---|
//! | [`crates`] | the crates and their dependencies: the picture, and the rules of the house |
//! | [`settings`] | the table of settings |
//! | [`template`] | the vendors' part of `template.yaml` |
//!
//! `cargo run -p house` writes all of it; `cargo test -p house` tells what is out of date.

pub mod crates;
pub mod settings;
pub mod template;

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file that is made from the code, or holds parts that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// From the root of the repository.
    pub file: &'static str,
    /// What it must hold.
    pub text: String,
}

/// Every such file as it must be.
///
/// # Errors
/// When the code or the files cannot be read.
pub fn all(root: &Path) -> anyhow::Result<Vec<Made>> {
    let crates = crates::read(root)?;
    let template = std::fs::read_to_string(root.join(template::FILE))?;
    let filled = template::filled(&template, &template::vendors())?;
    Ok(vec![
        Made { file: "docs/crates.dot", text: crates::as_dot(&crates) },
        Made { file: "docs/crates.svg", text: crates::as_svg(&crates)? },
        Made { file: settings::FILE, text: settings::page() },
        Made { file: template::FILE, text: filled },
    ])
}
