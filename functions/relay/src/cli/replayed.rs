//! Which documents are to be sent again, and how.

use clap::Args;

use super::asked::WhichArguments;

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(crate) which: WhichArguments,
    /// The document's key
    #[arg(long, requires = "flow")]
    pub(crate) key: Option<String>,
    /// Every document that failed
    #[arg(long, conflicts_with = "key")]
    pub(crate) all: bool,
    /// Those that were delivered, by number, or by flow and time
    #[arg(long, conflicts_with_all = ["all", "cause"])]
    pub(crate) delivered: bool,
    /// Numbers of documents that were delivered
    #[arg(value_name = "NUMBER", requires = "delivered")]
    pub(crate) numbers: Vec<String>,
    /// Edit the document first, with $EDITOR; or take it as this file has it
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "", requires = "key", conflicts_with = "delivered")]
    pub(crate) edit: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "edit")]
    pub(crate) reason: Option<String>,
    /// Go on with the replay that was stopped last
    #[arg(long = "continue", conflicts_with_all = ["key", "all", "delivered", "edit"])]
    pub(crate) goes_on: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
