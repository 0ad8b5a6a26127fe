//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Keeps 旺店通, 勤策, 纷享销客 and 金蝶云星辰 in step: no order lost, none doubled.
///
/// Settings come from the environment (see the README). Logs go to standard error, at the level of `RUST_LOG`.
/// Exit status: 0 done; 1 something failed and is listed; 2 wrong usage or settings.
#[derive(Debug, Parser)]
#[command(name = "relay", version)]
pub(crate) struct Cli {
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every flow against simulated vendors, and tell what happened (the default)
    Demo,
    /// Run the webhook server, the schedules and the queue workers until stopped
    Serve {
        /// Where the webhook server listens
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Run one function once with a Lambda event, and print its answer
    Invoke {
        /// The function
        function: Function,
        /// The event's JSON file; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
    },
    /// Work the queues, waiting out back-offs, until they are empty or only paused work is left
    Drain,
    /// Tell where every flow and queue stands
    Status,
    /// List the documents that failed, with their reasons
    Failures {
        /// Of this flow alone
        #[arg(long)]
        flow: Option<String>,
    },
    /// Send failed documents through their flow again
    Replay {
        /// Of this flow alone
        #[arg(long)]
        flow: Option<String>,
        /// The document's key
        #[arg(long, requires = "flow")]
        key: Option<String>,
        /// Every failed document
        #[arg(long, conflicts_with = "key", required_unless_present = "key")]
        all: bool,
    },
    /// Take a failed document off the list: a person has done by hand what was to be done
    Settle {
        /// Its flow, as `relay failures` names it
        #[arg(long)]
        flow: String,
        /// The document's key
        #[arg(long)]
        key: String,
        /// What was done, and why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Who has done it [default: the login name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// End a target's pause, once its cause is mended
    Resume {
        /// The target: kingdee, sharecrm or wangdian
        target: String,
    },
    /// Work on look-ups
    Lookups {
        #[command(subcommand)]
        command: LookupsCommand,
    },
    /// Work on flow files
    Flows {
        #[command(subcommand)]
        command: FlowsCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LookupsCommand {
    /// Import ids from a CSV file with the columns table, code and id; they never expire
    Import {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlowsCommand {
    /// Let go of a flow whose file was taken away: what comes for it is not kept any more
    Retire {
        /// The flow
        name: String,
    },
    /// Check flow files, and list every mistake with its line
    Check {
        /// The folder [default: RELAY_FLOWS_DIR, else the shipped flows]
        folder: Option<PathBuf>,
    },
}

/// The four functions.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Function {
    /// Takes pushes of 勤策
    WebhookReceiver,
    /// Reads 旺店通's trades
    TradePoller,
    /// Reads 旺店通's pools
    StockSyncer,
    /// Pushes to the targets
    ErpPusher,
}

impl Cli {
    /// What is logged where `RUST_LOG` does not say: a server tells of its work, a command only of trouble.
    pub(crate) fn default_log_level(&self) -> &'static str {
        match self.command {
            Some(Command::Serve { .. }) => "info",
            // The demo brings its trouble about on purpose, and tells of it itself.
            None | Some(Command::Demo) => "off",
            Some(_) => "warn",
        }
    }
}
