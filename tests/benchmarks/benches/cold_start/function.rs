//! A function's binary, and one start of it.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::env;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use benchmarks::{is_measured, peak_kib};

use crate::stand_in::StandIn;

const DEPLOYED: [&str; 6] =
    ["webhook-receiver", "trade-poller", "stock-syncer", "erp-pusher", "bill-closer", "day-reconciler"];

/// A function's binary.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    binary: PathBuf,
}

/// One start of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From before the process is made to its first request for work.
    pub(crate) took_us: u64,
    /// The most memory that it has held until then.
    pub(crate) peak_kib: u64,
}

impl Function {
    /// The functions that are deployed.
    pub(crate) fn deployed() -> anyhow::Result<Vec<Self>> {
        // Together, as `cargo lambda build` does, and apart from everything else: features of others change them.
        let folder = build(&DEPLOYED)?;
        Ok(DEPLOYED.map(|name| Self { name, binary: folder.join(name) }).into())
    }

    /// The yardstick.
    pub(crate) fn bare() -> anyhow::Result<Self> {
        let folder = build(&["bare-function"])?;
        Ok(Self { name: "bare-function", binary: folder.join("bare-function") })
    }

    /// Starts it and waits until it asks for work.
    pub(crate) fn start(&self, stand_in: &StandIn) -> anyhow::Result<Start> {
        stand_in.forget();
        let began = Instant::now();
        let process = Command::new(&self.binary)
            .env_clear()
            .envs(stand_in.environment(self.name))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", self.binary.display()))?;
        let process = Running(process);
        let asked =
            stand_in.asked_for_work().with_context(|| format!("{} never asked for work", self.name))?;
        let took_us = u64::try_from((asked - began).as_micros())?;
        Ok(Start { took_us, peak_kib: peak_kib(process.0.id())? })
    }

    /// The size of the archive that is uploaded: the binary, deflated by what `sam` deflates with, which is Python's zlib. Others
    /// make a fortieth more of it at the same level.
    pub(crate) fn zipped_kib(&self) -> anyhow::Result<u64> {
        let script = "import sys, zlib; print(len(zlib.compress(open(sys.argv[1], 'rb').read())))";
        let answer = Command::new("python3").args(["-c", script]).arg(&self.binary).output()?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        Ok(String::from_utf8(answer.stdout)?.trim().parse::<u64>()?.div_ceil(1024))
    }
}

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Builds packages, and answers the folder of their binaries.
fn build(packages: &[&str]) -> anyhow::Result<PathBuf> {
    let profile = if is_measured() { "release" } else { "debug" };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--quiet"]).args(packages.iter().flat_map(|name| ["-p", name]));
    if is_measured() {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "building {packages:?}");
    // This executable is at `<target>/<profile>/deps/`.
    let target = env::current_exe()?.ancestors().nth(3).context("no target folder")?.to_owned();
    Ok(target.join(profile))
}
