//! Why an operation was not done. Operations make these errors; the command line turns them into words and an exit status,
//! a console into an answer: both ask [`OperationError::is_wrong_usage`].

mod chinese;

use std::fmt;

use relay_core::StoreError;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// No flow of that name is known.
    #[error("`{}` is no flow{} (the flows are {})", .0.name, .0.meant(), .0.known())]
    UnknownFlow(Unknown),
    /// No target has that name.
    #[error("`{}` is no target{} (the targets are {})", .0.name, .0.meant(), .0.known())]
    UnknownTarget(Unknown),
    /// No source has that name.
    #[error("`{}` is no source that is read{} (those are {})", .0.name, .0.meant(), .0.known())]
    UnknownSource(Unknown),
    /// Neither a target nor a flow has that name.
    #[error("`{}` is no target and no flow{} (the targets are {targets}; the flows are {})", .unknown.name, .unknown.meant(), .unknown.known())]
    UnknownName {
        /// The name, and the flows that there are.
        unknown: Unknown,
        /// The targets that there are.
        targets: String,
    },
    /// No failure has that cause.
    #[error("no failure has the cause `{}`{}: `relay failures` lists them", .0.name, .0.meant())]
    NoCause(Unknown),
    /// The flow reads no windows, so that there is no time up to which it has been read.
    #[error("`{flow}` reads {document}, which has no times to read from: {instead}")]
    NoWindows {
        /// The flow.
        flow: String,
        /// What it reads.
        document: &'static str,
        /// What does what was wanted.
        instead: &'static str,
    },
    /// A time that lies in the future, or a range whose end comes before its beginning.
    #[error("{0}")]
    WrongTime(String),
    /// A poll holds the flow at this moment.
    #[error("`{0}` is being read at this moment: try again in a minute")]
    BeingRead(String),
    /// The document that was edited is none.
    #[error("what was edited is not sent: {0}")]
    WrongEdit(String),
    /// The flow has no groups.
    #[error("`{}` is no flow with groups{} (the flows with groups are {})", .0.name, .0.meant(), .0.known())]
    NoGroups(Unknown),
    /// The flow alerts nobody.
    #[error("`{}` is no flow that alerts{} (those that do are {})", .0.name, .0.meant(), .0.known())]
    NoAlerts(Unknown),
    /// Nothing is known of the group.
    #[error("there is no group `{}`{}: `relay groups` lists them", .0.name, .0.meant())]
    UnknownGroup(Unknown),
    /// Several flows have a group of that name.
    #[error("several flows have a group `{group}`: say which with --flow ({})", .flows.join(", "))]
    SeveralFlows {
        /// The group.
        group: String,
        /// The flows.
        flows: Vec<String>,
    },
    /// No flow of that name is without its file.
    #[error("there is no flow `{}` whose file is away{}", .0.name, .0.meant())]
    NoAbsentFlow(Unknown),
    /// No vendor has a document of that name, or several have it.
    #[error("no vendor has a document `{name}`{}: `relay documents` lists them, `relay documents TEXT` those with that in their name or title", or(.meant))]
    NoDocument {
        /// The name.
        name: String,
        /// Those that were perhaps meant.
        meant: Vec<String>,
    },
    /// A bill is no document of a source.
    #[error(
        "`{0}` is the bill of a group, and a test has a document: record one of its members (`relay show @{0}` tells them)"
    )]
    IsBill(String),
    /// The flow has a file, so it cannot be retired.
    #[error("the flow `{flow}` has a file, {file}: take it away first")]
    HasFile {
        /// The flow.
        flow: String,
        /// Its file.
        file: String,
    },
    /// No table has that name, and none can.
    #[error(
        "there is no look-up table `{table}`{meant} (a table of yours is called `table.` and a word: `table.region`)"
    )]
    UnknownTable {
        /// The name.
        table: String,
        /// What was perhaps meant.
        meant: String,
    },
    /// A table that holds nothing.
    #[error("the look-up table `{table}` holds nothing{meant}")]
    EmptyTable {
        /// The name.
        table: String,
        /// What was perhaps meant.
        meant: String,
    },
    /// A table that holds nothing of a person's.
    #[error(
        "nothing was imported into `{0}`: what it holds are the vendor's answers, which expire by themselves and are no one's to \
         import (`relay lookups show {0}` lists them)"
    )]
    NothingImported(String),
    /// A table cannot be written as a file.
    #[error("the table cannot be written as CSV: {0}")]
    Unwritable(String),
    /// A pause is to last for no time, or beyond all calendars.
    #[error("a pause lasts for a time between a second and ten years")]
    PauseTooLong,
    /// Nothing is known of the document.
    #[error("the ledger knows no document `{}` of the flow `{flow}`{}", .unknown.name, .unknown.meant())]
    UnknownDocument {
        /// The flow.
        flow: String,
        /// The key, and those that are known to have failed.
        unknown: Unknown,
    },
    /// The document has no failed version.
    #[error("the document `{key}` of the flow `{flow}` has not failed")]
    NotFailed {
        /// The flow.
        flow: String,
        /// The key.
        key: String,
    },
    /// Somebody else has dealt with the failure meanwhile.
    #[error("the document `{key}` of the flow `{flow}` has not failed any more")]
    NotFailedAnyMore {
        /// The flow.
        flow: String,
        /// The key.
        key: String,
    },
    /// The flow has no file, so that there is no mapping to go by.
    #[error("the flow `{0}` has no file: put it back into the folder of flows")]
    NoFile(String),
    /// The document is known, and its content is kept no more.
    #[error(
        "the content of the document `{key}` of the flow `{flow}` is not kept (RELAY_HISTORY_DAYS): fetch it from its source, \
         or give it as a file"
    )]
    NotKept {
        /// The flow.
        flow: String,
        /// The key.
        key: String,
    },
    /// Documents of several flows have that key.
    #[error("documents of several flows have the key `{key}` ({flows}): name one with --flow")]
    OfSeveralFlows {
        /// The key.
        key: String,
        /// The flows.
        flows: String,
    },
    /// No flow has a document of that key whose content is kept.
    #[error("nothing is kept of a document `{0}` (RELAY_HISTORY_DAYS)")]
    NothingKept(String),
    /// The source does not show the document.
    #[error("`{key}` cannot be fetched from {document}: {why}")]
    NotFetched {
        /// The source's document.
        document: &'static str,
        /// The key.
        key: String,
        /// Why.
        why: String,
    },
    /// A store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OperationError {
    /// Whether whoever asked has named something that there is not: asking again helps nothing.
    #[must_use]
    pub fn is_wrong_usage(&self) -> bool {
        match self {
            Self::UnknownFlow(_)
            | Self::UnknownTarget(_)
            | Self::UnknownName { .. }
            | Self::UnknownSource(_)
            | Self::NoAbsentFlow(_)
            | Self::NoDocument { .. }
            | Self::NoGroups(_)
            | Self::NoAlerts(_)
            | Self::NoCause(_)
            | Self::NoWindows { .. }
            | Self::WrongTime(_)
            | Self::WrongEdit(_)
            | Self::UnknownGroup(_)
            | Self::SeveralFlows { .. }
            | Self::IsBill(_)
            | Self::HasFile { .. }
            | Self::UnknownTable { .. }
            | Self::EmptyTable { .. }
            | Self::NothingImported(_)
            | Self::PauseTooLong
            | Self::NoFile(_) => true,
            Self::UnknownDocument { .. }
            | Self::NotFailed { .. }
            | Self::NotFailedAnyMore { .. }
            | Self::Unwritable(_)
            | Self::OfSeveralFlows { .. }
            | Self::NothingKept(_)
            | Self::BeingRead(_)
            | Self::NotKept { .. }
            | Self::NotFetched { .. }
            | Self::Store(_) => false,
        }
    }
}

/// "Did you mean", of several.
fn or(meant: &[String]) -> String {
    if meant.is_empty() { String::new() } else { format!(" (did you mean `{}`?)", meant.join("`, or `")) }
}

/// A name that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// The known name that was perhaps meant.
    pub meant: Option<String>,
    /// The names that there are.
    pub known: Vec<String>,
}

impl Unknown {
    pub(crate) fn new<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.into_iter().map(str::to_owned).collect();
        let meant = relay_job::suggest::closest(name, known.iter().map(String::as_str)).map(str::to_owned);
        Self { name: name.to_owned(), meant, known }
    }

    fn meant(&self) -> impl fmt::Display {
        self.meant.as_ref().map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default()
    }

    fn known(&self) -> impl fmt::Display {
        self.known.join(", ")
    }
}
