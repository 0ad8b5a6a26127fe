//! `relay` itself, for what is measured as its users meet it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::is_measured;

/// Builds `relay` as its users do, in whatever profile this benchmark is, and answers its program.
///
/// # Errors
/// When it cannot be built.
pub fn relay(target: &Path) -> anyhow::Result<PathBuf> {
    let (profile, folder) = if is_measured() { ("speed", "speed") } else { ("dev", "debug") };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--locked", "--quiet", "--profile", profile, "-p", "relay"])
        .status()?;
    ensure!(built.success(), "building relay");
    Ok(target.join(folder).join("relay"))
}
