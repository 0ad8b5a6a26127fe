//! The three: how each is started for a job, and what it has kept.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use anyhow::Context as _;
use benchmarks::is_measured;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::pause::{self, Pause};
use relay_core::{Stores, System};
use relay_simulators::kingdee::CREDENTIALS;
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;

use crate::node_red;
use crate::running::{LOG, Running};

/// Where the flow files, the script and Node-RED's flows are.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names and values of the environment.
pub(crate) type Settings = Vec<(String, String)>;

/// What is compared.
pub(crate) enum Rival {
    /// `relay serve`; also of another build, by the name that it was given.
    Relay { name: String, program: PathBuf },
    /// `plain.py`.
    Python { interpreter: String },
    /// `node_red_flows.json`.
    NodeRed { program: PathBuf },
}

impl Rival {
    /// Other builds of the relay, each as `NAME=PROGRAM`: the first is what the others are compared with.
    pub(crate) fn builds(arguments: &[String]) -> Vec<Self> {
        let named = arguments.iter().filter_map(|argument| argument.split_once('='));
        named.map(|(name, program)| Self::Relay { name: name.to_owned(), program: program.into() }).collect()
    }

    /// The relay first. A check that the benchmark works goes without Node-RED, and so does a machine that has none.
    pub(crate) fn all() -> anyhow::Result<Vec<Self>> {
        // This executable is at `<target>/<profile>/deps/`.
        let executable = env::current_exe()?;
        let target = executable.ancestors().nth(3).context("no target folder")?;
        let relay = Self::Relay { name: "relay".to_owned(), program: benchmarks::program::relay(target)? };
        let mut rivals = vec![relay, Self::Python { interpreter: interpreter()? }];
        if is_measured() {
            match node_red::install(target) {
                Ok(program) => rivals.push(Self::NodeRed { program }),
                Err(error) => println!("without Node-RED: {error:#}"),
            }
        }
        Ok(rivals)
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Relay { name, .. } => name,
            Self::Python { .. } => "Python",
            Self::NodeRed { .. } => "Node-RED",
        }
    }

    /// What takes pushes at `/qince/direct-orders` of that port, and does nothing else.
    pub(crate) async fn receiver(
        &self,
        port: u16,
        folder: &Path,
        settings: &Settings,
    ) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Relay { program, .. } => {
                rest(&stores(folder)?).await?;
                let flows = ["direct-order-to-sharecrm.toml", "direct-order-to-wangdian.toml"];
                relay(program, port, &flows, folder, settings)?
            }
            Self::Python { interpreter } => {
                let mut command = command(interpreter, settings);
                command.args([script("plain.py").as_os_str(), "receive".as_ref(), port.to_string().as_ref()]);
                command.arg(folder.join("pushes.db"));
                command
            }
            Self::NodeRed { program } => node_red(program, port, folder, settings),
        })
    }

    /// What carries trades to Kingdee; Node-RED listens on that port, and begins when it is told.
    pub(crate) fn carrier(&self, port: u16, folder: &Path, settings: &Settings) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Relay { program, .. } => {
                relay(program, port, &["trade-to-kingdee.toml"], folder, settings)?
            }
            Self::Python { interpreter } => {
                let mut command = command(interpreter, settings);
                command.args([script("plain.py").as_os_str(), "carry".as_ref()]).arg(folder.join("done.db"));
                command.env("KINGDEE_GROUP_NAME", CREDENTIALS.group_name);
                command
            }
            Self::NodeRed { program } => node_red(program, port, folder, settings),
        })
    }

    /// Waits until it takes requests on that port.
    pub(crate) fn takes_requests(
        &self,
        running: &mut Running,
        port: u16,
        folder: &Path,
    ) -> anyhow::Result<()> {
        match self {
            Self::NodeRed { .. } => running.says("Started flows", &folder.join(LOG)),
            _ => running.listens(port),
        }
    }

    /// How many pushes it has kept; of the relay's, whose pushes are messages for two targets, those that are for both.
    pub(crate) async fn pushes_kept(&self, folder: &Path) -> anyhow::Result<u64> {
        match self {
            Self::Relay { .. } => {
                let (queue, mut kept) = (stores(folder)?.queue, u64::MAX);
                for system in [System::new("sharecrm"), System::new("wangdian")] {
                    kept = kept.min(queue.depth(system).await?.waiting);
                }
                Ok(kept)
            }
            Self::Python { .. } => rows(&folder.join("pushes.db"), "SELECT count(*) FROM pushes"),
            Self::NodeRed { .. } => lines(&folder.join("pushes.jsonl")),
        }
    }

    /// How many trades it knows to be done.
    pub(crate) async fn trades_done(&self, folder: &Path) -> anyhow::Result<u64> {
        match self {
            Self::Relay { .. } => {
                let counts = stores(folder)?.ledger.counts().await?;
                Ok(counts.delivered.unwrap_or_default().values().sum())
            }
            Self::Python { .. } => rows(&folder.join("done.db"), "SELECT count(*) FROM done"),
            Self::NodeRed { .. } => lines(&folder.join("done.jsonl")),
        }
    }
}

/// The interpreter itself: what is called `python3` may be a script before it, whose time would count.
fn interpreter() -> anyhow::Result<String> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    Ok(String::from_utf8(asked.context("python3")?.stdout)?.trim().to_owned())
}

/// Of this environment only what finds programs; a setting of the shell would be one of the relay's.
fn command(program: impl AsRef<OsStr>, settings: &Settings) -> Command {
    let mut command = Command::new(program);
    let found = ["PATH", "HOME"].into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(found).envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

fn relay(
    program: &Path,
    port: u16,
    flows: &[&str],
    folder: &Path,
    settings: &Settings,
) -> anyhow::Result<Command> {
    let own = folder.join("flows");
    fs::create_dir(&own)?;
    for flow in flows {
        fs::copy(Path::new(ROOT).join("../../shared/flows").join(flow), own.join(flow))?;
    }
    let mut command = command(program, settings);
    command.env("RELAY_FLOWS_DIR", own).args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
    Ok(command)
}

fn node_red(program: &Path, port: u16, folder: &Path, settings: &Settings) -> Command {
    let mut command = command("node", settings);
    command
        .arg(program)
        .arg("--settings")
        .arg(script("node_red_settings.js"))
        .arg("--userDir")
        .arg(folder.join("node-red"))
        .arg(script("node_red_flows.json"))
        .env("PORT", port.to_string())
        .env("RIVAL_FOLDER", folder)
        .env("KINGDEE_GROUP_NAME", CREDENTIALS.group_name);
    command
}

fn script(name: &str) -> PathBuf {
    Path::new(ROOT).join("benches/rivals").join(name)
}

fn stores(folder: &Path) -> anyhow::Result<Stores> {
    Ok(Sqlite::open(&folder.join("relay.db"), Arc::new(SystemClock))?.stores())
}

/// Pauses the targets of pushes: what is measured is taking them.
async fn rest(stores: &Stores) -> anyhow::Result<()> {
    for system in [System::new("sharecrm"), System::new("wangdian")] {
        let (reason, by) = ("a benchmark of the webhook".to_owned(), Some("benchmark".to_owned()));
        let pause = Pause { until: None, reason, since: SystemClock.now(), by };
        pause::begin(stores.checkpoints.as_ref(), system.into(), &pause).await?;
    }
    Ok(())
}

fn rows(file: &Path, query: &str) -> anyhow::Result<u64> {
    Ok(Connection::open(file)?.query_one(query, [], |row| row.get(0))?)
}

fn lines(file: &Path) -> anyhow::Result<u64> {
    Ok(fs::read_to_string(file)?.lines().count() as u64)
}
