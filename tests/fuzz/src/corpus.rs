//! The inputs that everything begins with: samples of what vendors send, and what once found a mistake.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Target;

/// The folder of a target's inputs.
#[must_use]
pub fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

/// The inputs of a target, in the order of their names.
///
/// # Errors
/// When they cannot be read.
pub fn inputs(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder(target))?.map(|entry| Ok(entry?.path())).collect();
    let mut files = entries?;
    files.sort();
    files.iter().map(fs::read).collect()
}
