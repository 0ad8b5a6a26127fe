//! Node-RED, out of the npm registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// The newest that runs on Node 20.
const VERSION: &str = "4.1.15";

/// Installs it below the target folder, unless it is there, and answers its program.
pub(crate) fn install(target: &Path) -> anyhow::Result<PathBuf> {
    let folder = target.join(format!("node-red-{VERSION}"));
    let program = folder.join("node_modules/node-red/red.js");
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "--prefix"])
        .arg(&folder)
        .arg(format!("node-red@{VERSION}"))
        .status()
        .context("npm")?;
    ensure!(installed.success(), "npm could not install it: {installed}");
    Ok(program)
}
