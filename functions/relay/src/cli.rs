//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use relay_operations::which::Which;

use crate::shipped::Set;

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
    /// Write a folder to start from: flow files with their tests, and a settings file; what is there already is left alone
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
    },
    /// Tell who has done what: pauses, replays, imports, settled documents
    Log {
        /// Since then: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Time>,
        /// So many actions at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
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
        /// A file with the document as its source hands it over (JSON); `-` reads standard input
        #[arg(required_unless_present_any = ["key", "number"], conflicts_with_all = ["key", "number"])]
        file: Option<PathBuf>,
        /// Its flow
        #[arg(long)]
        flow: String,
        /// The document that the ledger or the archive has under this key
        #[arg(long, conflicts_with = "number")]
        key: Option<String>,
        /// The document that the source has under this number: it is asked
        #[arg(long)]
        number: Option<String>,
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
    Replay {
        #[command(flatten)]
        which: WhichArguments,
        /// The document's key
        #[arg(long, requires = "flow")]
        key: Option<String>,
        /// Every document that failed
        #[arg(long, conflicts_with = "key")]
        all: bool,
        /// Those that were delivered, by number, or by flow and time
        #[arg(long, conflicts_with_all = ["all", "cause"])]
        delivered: bool,
        /// Numbers of documents that were delivered
        #[arg(value_name = "NUMBER", requires = "delivered")]
        numbers: Vec<String>,
        /// Edit the document first, with $EDITOR; or take it as this file has it
        #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", requires = "key", conflicts_with = "delivered")]
        edit: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", requires = "edit")]
        reason: Option<String>,
        /// Go on with the replay that was stopped last
        #[arg(long = "continue", conflicts_with_all = ["key", "all", "delivered", "edit"])]
        goes_on: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take failed documents off the list: a person has done by hand what was to be done
    Settle {
        #[command(flatten)]
        which: WhichArguments,
        /// The document's key
        #[arg(long, requires = "flow", required_unless_present = "cause")]
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
}

/// Which of the documents that failed are meant.
#[derive(Debug, Default, Args)]
pub(crate) struct WhichArguments {
    /// Of this flow alone
    #[arg(long)]
    flow: Option<String>,
    /// That failed for this cause, as `relay failures` names it
    #[arg(long)]
    cause: Option<String>,
    /// With this text in their key, their numbers, the reason or their content
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// That failed then or later: `2026-11-28`, `2026-11-28 08:00`, or 2h ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Time>,
    /// That failed then or earlier
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
}

impl WhichArguments {
    /// By the time that it is.
    pub(crate) fn which(&self, now: DateTime<Utc>, keys: Vec<String>) -> Which {
        Which {
            flow: self.flow.clone(),
            keys,
            cause: self.cause.clone(),
            grep: self.grep.clone(),
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
        }
    }

    /// The flow that is named.
    pub(crate) fn flow(&self) -> Option<&str> {
        self.flow.as_deref()
    }

    /// Whether anything is named.
    pub(crate) fn is_any(&self) -> bool {
        self.flow.is_some() || self.is_narrow()
    }

    /// Whether more is named than a flow.
    pub(crate) fn is_narrow(&self) -> bool {
        self.cause.is_some() || self.grep.is_some() || self.since.is_some() || self.until.is_some()
    }
}

/// A time that a person has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// That time.
    At(DateTime<Utc>),
    /// So long ago.
    Ago(Duration),
}

impl Time {
    pub(crate) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => now - span,
        }
    }
}

/// Reads a time: China time, RFC 3339, or a span such as `2h`, which is so long ago.
fn time(text: &str) -> Result<Time, String> {
    if let Ok(span) = duration(text) {
        return Ok(Time::Ago(span));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Time::At(time.to_utc()));
    }
    let whole = match text.len() {
        10 => format!("{text} 00:00:00"),
        16 => format!("{text}:00"),
        _ => text.to_owned(),
    };
    let time = relay_connector::china::parse(&whole).map(|time| Time::At(time.to_utc()));
    let expected =
        || format!("`{text}` is no time such as 2026-11-28, 2026-11-28 08:00 (China time) or 2h (ago)");
    time.ok_or_else(expected)
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Tell everything that is known of one group: its members, seals and bills
    Show {
        /// The group, as `relay groups` names it
        group: String,
    },
    /// Close a group now: the next run of bill-closer seals what it has
    Close {
        /// The group, as `relay groups` names it
        group: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LookupsCommand {
    /// Tell which tables there are, and how many codes each holds
    List,
    /// Tell what a table holds
    Show {
        /// The table
        table: String,
        /// Of this code alone
        code: Option<String>,
    },
    /// Import a CSV file into a table, all of it or nothing, and send what waits for its codes again
    ///
    /// A table of yours (`table.region`) has any columns: the first is the code, or those that `--code` names. Into a table of
    /// a vendor (`kingdee.customer`) go two: code and id. Without a table the file's columns are table, code and id. What was
    /// imported never expires.
    #[command(allow_missing_positional = true)]
    Import {
        /// The table
        table: Option<String>,
        /// The file
        file: PathBuf,
        /// The columns that make the code [default: the first]
        #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "table")]
        code: Vec<String>,
        /// What the columns are, where the file has no header
        #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "table")]
        columns: Vec<String>,
        /// Forget the rows that the file does not hold
        #[arg(long, requires = "table")]
        replace: bool,
    },
    /// Write a table as a CSV file that Excel reads
    Export {
        /// The table
        table: String,
        /// The file [default: standard output]
        file: Option<PathBuf>,
    },
    /// Forget a code of a table, or the whole table
    Remove {
        /// The table
        table: String,
        /// The code
        code: Option<String>,
    },
    /// List the codes that nobody knows, each once, with how many documents wait for it
    Missing {
        /// Of this table alone
        table: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlowsCommand {
    /// Write the shipped flow files into a folder, to edit them there; what is there already is left alone
    Export {
        /// The folder
        folder: PathBuf,
    },
    /// Let go of a flow whose file was taken away: what comes for it is not kept any more
    Retire {
        /// The flow
        name: String,
    },
    /// Make a test of a document that came, with personal data masked, for the end of its flow's test file
    Record {
        /// The document's key
        key: String,
        /// Its flow, where several have such a document
        #[arg(long)]
        flow: Option<String>,
    },
    /// Run the tests that stand beside flow files (NAME.test.toml), and tell which rules no test reaches
    Test {
        /// The folder [default: RELAY_FLOWS_DIR, else the shipped flows]
        folder: Option<PathBuf>,
    },
    /// Have a running `relay serve` take its flow files anew: they are checked and tested first, and what runs goes on where
    /// they do not pass
    Reload,
    /// Check flow files, and list every mistake with its line
    Check {
        /// The folder [default: RELAY_FLOWS_DIR, else the shipped flows]
        folder: Option<PathBuf>,
    },
}

/// What there is to do for the console.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    /// Read a password (a line of standard input), and print the entry of `RELAY_CONSOLE_USERS` for it
    HashPassword {
        /// The user's name, which the audit trail tells
        name: String,
        /// What the user may do: see, or see and do
        #[arg(long, default_value = "operate", value_parser = role)]
        role: relay_console::Role,
    },
}

/// The five functions.
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
    /// Closes groups into bills
    BillCloser,
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

/// Reads the role of a user of the console.
fn role(text: &str) -> Result<relay_console::Role, String> {
    relay_console::Role::named(text).ok_or_else(|| format!("`{text}` is no role: `read` or `operate`"))
}

/// Reads a span such as `30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is no time such as 90s, 30m, 2h or 1d");
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(expected)?;
    let number: u32 = number.parse().map_err(|_| expected())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_chinas_or_so_long_ago() {
        let now: DateTime<Utc> = "2026-11-28T04:00:00Z".parse().unwrap();
        let read = ["2026-11-28", "2026-11-28 08:00", "2026-11-28 08:00:30", "2026-11-28T08:00:00Z", "2h"];
        let read = read.map(|text| time(text).unwrap().at(now).to_rfc3339());
        let expected = [
            "2026-11-27T16:00:00+00:00",
            "2026-11-28T00:00:00+00:00",
            "2026-11-28T00:00:30+00:00",
            "2026-11-28T08:00:00+00:00",
            "2026-11-28T02:00:00+00:00",
        ];
        assert_eq!(read, expected);
        for text in ["", "yesterday", "2026-13-01", "08:00"] {
            assert!(time(text).is_err_and(|error| error.contains("is no time such as")), "{text}");
        }
    }

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        let read = ["90s", "30m", "2h", "1d"].map(|text| duration(text).map(|span| span.as_secs()));
        assert_eq!(read, [Ok(90), Ok(1_800), Ok(7_200), Ok(86_400)]);
        for text in ["", "30", "m", "-1m", "1.5h", "2 w"] {
            assert!(duration(text).is_err_and(|error| error.contains("is no time such as")), "{text}");
        }
    }
}
