//! The command line.

mod asked;
mod chinese;
mod compared;
#[cfg(test)]
mod documented;
mod listed;
mod nested;
mod replayed;
mod usage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::asked::{Time, WhichArguments};
use self::asked::{duration, time};
pub(crate) use self::compared::{DayRange, ReconcileArguments};
pub(crate) use self::listed::{
    DeliveredArguments, ExplainArguments, HistoryArguments, LogArguments, WaitingArguments,
};
pub(crate) use self::nested::{ConsoleCommand, FlowsCommand, Function, GroupsCommand, LookupsCommand};
pub(crate) use self::replayed::ReplayArguments;
pub(crate) use self::usage::told as wrong_usage;
use crate::language::{self, Language};
use crate::shipped::Set;

/// Keeps 旺店通, 勤策, 纷享销客 and 金蝶云星辰 in step: no order lost, none doubled.
///
/// Settings come from the environment, and from `relay.toml` in the folder where it is started. Logs go to standard error, at the level of `RUST_LOG`.
/// Exit status: 0 done; 1 something failed and is listed; 2 wrong usage or settings.
#[derive(Debug, Parser)]
#[command(name = "relay", version)]
pub(crate) struct Cli {
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The settings file [default: relay.toml in this folder, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every flow against simulated vendors, and tell what happened (the default)
    Demo,
    /// Write a folder to start from: relay.toml, flow files with their tests, a unit for systemd, a Caddyfile; what is there
    /// already is left alone
    Init {
        /// Which flows
        #[arg(long)]
        set: Set,
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Run the webhook server, the schedules and the queue workers until stopped
    Serve {
        /// Where the webhook server listens
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Read, map and show documents; send nothing, acknowledge nothing, move no watermark
        #[arg(long)]
        dry_run: bool,
        /// Serve the console too, such as at 127.0.0.1:8081; beyond this machine only with users (`RELAY_CONSOLE_USERS`)
        #[arg(long, value_name = "ADDRESS", conflicts_with = "dry_run")]
        console: Option<SocketAddr>,
        /// Compare no days by itself: otherwise `relay reconcile` runs each night, with the last priority
        #[arg(long)]
        no_reconcile: bool,
    },
    /// Show where everything stands, and steer it, in a browser
    #[command(args_conflicts_with_subcommands = true)]
    Console {
        /// Where it listens; beyond this machine only with users (`RELAY_CONSOLE_USERS`)
        #[arg(long, default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
        #[command(subcommand)]
        command: Option<ConsoleCommand>,
    },
    /// Try every connection that the flows need, without sending anything, and tell what is wrong
    Doctor,
    /// Send one alert by each flow that alerts, marked as a test, and tell what its receiver answered
    ///
    /// It goes out at once, from this machine: past the queue, the damping and the flow's filter. Nothing is kept of it but a line of
    /// `relay log`.
    TestAlert {
        /// By this flow alone
        flow: Option<String>,
    },
    /// Run one function once with a Lambda event, and print its answer
    Invoke {
        /// The function
        function: Function,
        /// The event's JSON file; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
    },
    /// Copy the store into a file, while `relay serve` goes on
    ///
    /// It is all that there was at one moment: written under another name, read through, and given its name once it is whole; a file that
    /// is there is not overwritten. For its owner alone. A stack is backed up by AWS.
    Backup {
        /// The file; in a folder it is named by the time
        #[arg(default_value = ".")]
        file: PathBuf,
    },
    /// Work the queues, waiting out back-offs, until they are empty or only paused work is left
    Drain,
    /// Tell where every flow, source, target and queue stands, and what needs a person
    Status {
        /// Tell it again and again, every so many seconds, until stopped
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5")]
        watch: Option<u64>,
    },
    /// List what fails by its causes, and the documents that failed with their reasons
    Failures {
        #[command(flatten)]
        which: WhichArguments,
        /// So many documents at most [default: 20]
        #[arg(long)]
        limit: Option<usize>,
        /// Ask the targets first for what failed, and close what a person has made there meanwhile
        #[arg(long)]
        recheck: bool,
        /// Answer as a CSV file that Excel opens
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// List what was delivered between two times, the latest first: time, flow, document, our number and the target's id
    ///
    /// A document stands where it was delivered last. A stack has no index of times: its whole ledger is read through then, which
    /// is told first, and on a terminal it asks.
    Delivered {
        #[command(flatten)]
        which: DeliveredArguments,
    },
    /// List what happened between two times, turn by turn, the latest first: what came, how it ended, why, and the calls
    ///
    /// What a flow's filter leaves out as its source is read is kept nowhere: `relay reconcile` tells it. A stack has no index of times:
    /// its ledger is read through, which is told first, and on a terminal it asks.
    History {
        #[command(flatten)]
        which: HistoryArguments,
    },
    /// Tell how many calls each vendor got today, this week, this month and last month, by call and by what it was for, and how many came to
    /// nothing
    ///
    /// Each process counts its calls and notes them once a minute, and as it ends. The functions of a stack count in their logs: what these are
    /// asked for is told.
    Calls {
        /// Answer as a CSV file that Excel opens
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Tell who has done what: pauses, replays, imports, settled documents
    Log {
        #[command(flatten)]
        which: LogArguments,
    },
    /// Read a range of a flow's source beside its watermark, with less priority than what is new
    ///
    /// One that was stopped and is asked for again goes on where it stood. Nothing is doubled: what the ledger knows is skipped, and
    /// the target is asked for each document before it is sent.
    Backfill {
        /// The flow
        flow: String,
        /// From this time of last change on
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Time,
        /// Until then [default: two minutes ago]
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Option<Time>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Have a flow's source read again from a time on
    Rewind {
        /// The flow
        flow: String,
        /// From this time of last change on
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Time,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Tell everything that is known of documents: what came, was sent and was answered
    ///
    /// Any number of a document finds it, over all flows: an order's, a parcel's, a bill's, an id in a target. Of one that
    /// nobody knows the sources are asked.
    Show {
        /// The numbers
        #[arg(value_name = "NUMBER", required_unless_present = "key", conflicts_with = "key")]
        numbers: Vec<String>,
        /// Of this flow alone
        #[arg(long)]
        flow: Option<String>,
        /// The document's key
        #[arg(long, requires = "flow")]
        key: Option<String>,
    },
    /// Tell what would become of a document, field by field, and send nothing
    Explain {
        #[command(flatten)]
        which: ExplainArguments,
    },
    /// List the documents that wait in the queues of their targets, the longest waiting first: since when, and for what
    ///
    /// A queue of a stack tells how many they are, and shows nobody which. For `--bills` the ledger of a stack is read through where its
    /// queues hold something, which is told first, and on a terminal it asks.
    Waiting {
        #[command(flatten)]
        which: WaitingArguments,
    },
    /// List the dead letters, the messages that were received too often
    Dead {
        /// Of this target alone
        #[arg(long)]
        target: Option<String>,
        /// Send them again, from the end of their queues
        #[arg(long)]
        redrive: bool,
        /// Only the one with this id; may be given several times
        #[arg(long = "id", value_name = "ID", requires = "redrive")]
        ids: Vec<String>,
    },
    /// Send documents through their flow again: those that failed, or that were delivered
    ///
    /// Count and cost are told first, and on a terminal it asks. One that was stopped goes on with `--continue`.
    Replay(ReplayArguments),
    /// Compare days on three sides: what the source says, what our ledger says, what the target holds
    ///
    /// Per day, shop and warehouse: documents, lines, quantity, amount; and each document that is missing in the target, that it has
    /// twice, that nobody here knows, or that says something else there. Nothing is changed. The calls are told first, and on a terminal it asks;
    /// they are the last to get a permit of a quota. Exit status: 0 equal; 1 they differ; 2 something could not be compared.
    Reconcile(ReconcileArguments),
    /// Take failed documents off the list: a person has done by hand what was to be done
    Settle {
        #[command(flatten)]
        which: WhichArguments,
        /// The document's key
        #[arg(long, requires = "flow", required_unless_present_any = ["cause", "grep"])]
        key: Option<String>,
        /// What was done, and why; of many documents it is needed
        #[arg(long, value_name = "TEXT", required_unless_present = "key")]
        reason: Option<String>,
        /// Who has done it [default: the login name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Let a target or a flow rest, whose documents are taken in and wait; or a source, which is not read
    Pause {
        /// The target (kingdee, for instance; `relay status` names them all), or a flow
        #[arg(value_name = "TARGET|FLOW")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Who says so [default: the login name]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// For how long: 90s, 30m, 2h or 1d [default: until it is resumed]
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        lasts: Option<Duration>,
        /// The vendor as a source: it is not read, and goes on where it stood; what it pushes is taken all the same
        #[arg(long)]
        source: bool,
    },
    /// End the pause of a target, of a flow or of a source, once its cause is mended
    Resume {
        /// The target (kingdee, for instance; `relay status` names them all), or a flow
        #[arg(value_name = "TARGET|FLOW")]
        name: String,
        /// The vendor as a source
        #[arg(long)]
        source: bool,
    },
    /// List the settings that are in force, each with its value and where that comes from; no secret is shown
    Settings {
        /// Only those with this text in their name or value
        text: Option<String>,
    },
    /// Tell what a vendor's code or words mean, and what to do
    Errors {
        /// A code, words of a message, or a vendor [default: all that is known]
        text: Option<String>,
    },
    /// List what there is: the documents of all vendors, and the look-up tables
    Documents {
        /// Only those with this text in their name or title
        text: Option<String>,
    },
    /// List the fields of a document, with titles, kinds, code tables and who says so
    Fields {
        /// The document, as `relay documents` lists it: `wangdian.trade_query`, `trade_query` or its title
        document: String,
        /// Only those with this text in their name, title or codes
        text: Option<String>,
    },
    /// List the groups of documents that become one bill: open ones with when they are due, and those sealed last
    Groups {
        /// Of this flow alone
        #[arg(long, global = true)]
        flow: Option<String>,
        /// Tell too what each open group would be closed with now: members, bills, lines, quantity, amount; its members are read
        #[arg(long)]
        sums: bool,
        /// Answer as a CSV file that Excel opens
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(subcommand)]
        command: Option<GroupsCommand>,
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
    /// Write what completes these commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual: one page, or into a folder a page for each command
    Man {
        /// The folder
        folder: Option<PathBuf>,
    },
}

/// The command line, with its help in the language of this process.
pub(crate) fn command() -> clap::Command {
    match language::current() {
        Language::Chinese => chinese::of(Cli::command()),
        Language::English => Cli::command(),
    }
}

impl Cli {
    /// Reads the arguments of this process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        Self::from_arg_matches(&command().try_get_matches()?)
    }

    /// Whether the command goes by the settings of this installation.
    pub(crate) fn has_settings(&self) -> bool {
        !matches!(
            self.command,
            None | Some(
                Command::Demo
                    | Command::Init { .. }
                    | Command::Errors { .. }
                    | Command::Completions { .. }
                    | Command::Man { .. }
            )
        )
    }

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
