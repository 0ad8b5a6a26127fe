//! The operator of the stack: `relay` as a process of its own on the stack's queues and tables.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use relay_simulators::Ports;

use crate::Stack;

/// A running `relay`; dropped, it is ended.
pub struct Relay {
    process: Child,
    arguments: String,
}

impl Stack {
    /// Starts `relay` with these arguments, under the settings of the stack. What it says is in `relay.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn relay(&self, arguments: &[&str]) -> anyhow::Result<Relay> {
        let program = self.folder.join("relay");
        let log = File::options().create(true).append(true).open(self.folder.join("relay.log"))?;
        let process = Command::new(&program)
            .args(arguments)
            .envs(relay_simulators::settings())
            .envs(Ports::from(self.deployed.vendors_port).base_urls())
            // As the stack is deployed: what is measured is no quota.
            .envs([("WDT_CALLS_PER_MINUTE", "1000000"), ("KINGDEE_CALLS_PER_MINUTE", "1000000")])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{}: tests/local-aws/run builds it", program.display()))?;
        Ok(Relay { process, arguments: arguments.join(" ") })
    }

    /// What every `relay` has said so far.
    ///
    /// # Errors
    /// When none was started.
    pub fn relays_log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("relay.log"))?)
    }

    /// Runs `relay` to its end, which is to be a good one.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub async fn run_relay(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let code = self.end_of(self.relay(arguments)?).await?;
        ensure!(code == 0, "relay {} ended with {code}: see relay.log", arguments.join(" "));
        Ok(())
    }

    /// Waits until a `relay` has ended by itself, and answers its exit status.
    ///
    /// # Errors
    /// When it does not end in time, or not by itself.
    pub async fn end_of(&self, mut relay: Relay) -> anyhow::Result<i32> {
        let mut status = None;
        let what = format!("relay {} ends", relay.arguments);
        self.until(&what, async || {
            status = relay.process.try_wait().ok().flatten();
            status.is_some()
        })
        .await?;
        status.and_then(|status| status.code()).with_context(|| format!("{what}, but not by itself"))
    }
}

impl Relay {
    /// Suspends the process, as a machine that sleeps does.
    ///
    /// # Errors
    /// When the process is not there.
    pub fn suspend(&self) -> anyhow::Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When the process is not there.
    pub fn wake(&self) -> anyhow::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal}: relay {} is not there", self.arguments);
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // What has ended by itself is gone already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
