//! The commands below a command: `relay flows check`, `relay lookups import`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use relay_console::Role;

#[derive(Debug, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Tell everything that is known of one group: its members, seals and bills, and what it would be closed with now
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
        /// Answer as a CSV file: fill in the ids, and import it
        #[arg(long, conflicts_with = "json")]
        csv: bool,
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
    /// Tell what a flow's file says, since when, and what has changed in it
    Show {
        /// The flow
        name: String,
    },
    /// Tell what would happen if flow files were begun with: what has changed beside those that run, and what they would make of the
    /// documents that came last; nothing is sent
    Try {
        /// The folder [default: RELAY_FLOWS_DIR, else the shipped flows]
        folder: Option<PathBuf>,
        /// Of this flow alone
        #[arg(long)]
        flow: Option<String>,
        /// With so many documents of each flow that has changed
        #[arg(long, default_value_t = 100)]
        last: usize,
        /// Do not ask
        #[arg(long)]
        yes: bool,
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
    /// List who may log in to it, and what each may do
    Users,
    /// Read a password (a line of standard input), and print the entry of `RELAY_CONSOLE_USERS` for it
    HashPassword {
        /// The user's name, which the audit trail tells
        name: String,
        /// What the user may do: see, or see and do
        #[arg(long, default_value = "operate", value_parser = role)]
        role: Role,
    },
}

/// Reads the role of a user of the console.
fn role(text: &str) -> Result<Role, String> {
    Role::named(text).ok_or_else(|| format!("`{text}` is no role: `read` or `operate`"))
}

/// The six functions.
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
    /// Compares the days that are due
    DayReconciler,
}
