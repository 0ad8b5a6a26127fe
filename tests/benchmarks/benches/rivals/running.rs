//! A process, and the processor time that it has taken.

#![expect(clippy::disallowed_methods, reason = "a benchmark times by the machine's own time")]

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// What each says, in the folder of its round.
pub(crate) const LOG: &str = "log";

/// The unit of Linux's `/proc/…/stat`, on all its architectures.
const TICK: Duration = Duration::from_millis(10);

/// How long a program may take to start.
const START: Duration = Duration::from_secs(60);

/// A process without which nothing has happened for so long has done its work.
const QUIET: Duration = Duration::from_millis(200);

/// A process that is killed with its owner: none of the three is given time to save anything in the end.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; what it says goes to a file, as a service's log does.
    pub(crate) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let log = File::create(log)?;
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        Ok(Self(child.with_context(|| format!("starting {}", program.display()))?))
    }

    /// Waits until it listens.
    pub(crate) fn listens(&mut self, port: u16) -> anyhow::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.comes_to(|| TcpStream::connect(address).is_ok())
    }

    /// Waits until it says these words: Node-RED listens before its flows are there.
    pub(crate) fn says(&mut self, words: &str, log: &Path) -> anyhow::Result<()> {
        self.comes_to(|| fs::read_to_string(log).is_ok_and(|log| log.contains(words)))
    }

    fn comes_to(&mut self, is_there: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !is_there() {
            if let Some(status) = self.0.try_wait()? {
                bail!("it has ended before it began: {status}");
            }
            ensure!(began.elapsed() < START, "it does not begin");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// User and system time that it has taken until now, its threads that have ended included.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))
            .context("only Linux tells a process's processor time")?;
        // Fields 14 and 15, counted behind the name, which may hold anything.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks = fields.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// Waits until it takes no more processor time, and tells how much it has taken.
    pub(crate) fn quiet(&self) -> anyhow::Result<Duration> {
        loop {
            let before = self.processor_time()?;
            thread::sleep(QUIET);
            if self.processor_time()? == before {
                return Ok(before);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A port of 127.0.0.1 on which nobody listens.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
