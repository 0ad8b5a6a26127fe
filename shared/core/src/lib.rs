//! What a document passes through on its way: work items, the rules that decide on it, and the ports as traits.
//!
//! | module | what for |
//! |---|---|
//! | [`item`] | one document for one flow, and how it travels in a message |
//! | [`queue`] | port: one FIFO queue per target system, as SQS FIFO has them |
//! | [`archive`] | port: what came, what was sent, what was answered |
//! | [`audit`] | port: what people have done |
//! | [`cause`] | what a failure has in common with others |
//! | [`damped`] | alerts that are held back, because their cause was told of lately |
//! | [`checkpoint`] | port: watermarks, leases, pauses and tokens, moved by compare-and-set |
//! | [`ledger`] | port: what became of every document |
//! | [`guard`] | never an older version over a newer one: pure |
//! | [`outcome`] | what can become of a document's turn |
//! | [`policy`] | what an outcome comes to: the one table of it, pure |
//! | [`told`] | what logs and metrics are told of an outcome |
//! | [`backoff`] | how long a document waits before its next try |
//! | [`groups`] | port: many documents that become one bill; the rules of that, pure |
//! | [`life`] | the bills that a document has at its target, and the steps that they take: pure |
//! | [`lookup`] | port: ids of the targets by our codes, with expiry |
//! | [`intake`] | from work items to durable messages |
//! | [`pause`] | targets that take nothing for now, and what a person has paused |
//! | [`quota`] | port: one budget of calls for each account of a vendor |
//! | [`registry`] | the flows that there have been |
//! | [`health`] | how sources and targets are doing |
//! | [`not_yet`] | until when documents wait that their target takes at another time |
//! | [`clock`] | time and chance, handed in |
//! | [`time`] | times as vendors write them |
//! | [`codec`] | large texts in little space |
//! | [`ordered`] | small maps and sets |

pub mod archive;
pub mod audit;
pub mod backoff;
pub mod cause;
pub mod checkpoint;
pub mod clock;
pub mod codec;
pub mod damped;
mod failure_class;
pub mod groups;
pub mod guard;
pub mod health;
pub mod intake;
pub mod item;
pub mod ledger;
pub mod life;
pub mod lookup;
mod metric_name;
pub mod not_yet;
pub mod ordered;
pub mod outcome;
pub mod pause;
pub mod policy;
pub mod queue;
pub mod quota;
pub mod registry;
pub mod tally;
pub mod time;
pub mod told;
mod version;

pub use archive::Archive;
pub use audit::{Action, Audit};
pub use checkpoint::{Checkpoint, Checkpoints, Lease};
pub use failure_class::FailureClass;
pub use groups::{Contribution, GroupId, Groups};
pub use intake::{Intake, Listens, Taken};
pub use item::{System, WorkItem};
pub use ledger::{Attempts, Delivered, Entry, EntryId, Failed, Ledger, UnknownCode};
pub use life::{Bill, Step};
pub use lookup::{LookupRow, Lookups, Waiter};
pub use metric_name::metric_name;
pub use outcome::{Outcome, RetryCause, Skip};
pub use queue::{DeadLetter, Depth, Outgoing, Place, Queue, Received};
pub use quota::Quotas;
pub use version::{Version, VersionKind};

/// A queue, table or file that did not do what it was asked. Nothing is lost by it: whoever asked asks again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {reason}")]
pub struct StoreError {
    /// What was being done, and to what.
    pub doing: String,
    /// Why it failed, and the way out where one is known.
    pub reason: String,
    /// What kind of failure it is, for those who decide on it.
    pub kind: StoreErrorKind,
    /// The entry of the ledger that cannot be read, where that is why: the others can.
    pub unreadable: Option<EntryId>,
    /// The library's error beneath it, for programs. `reason` already holds its words, so that it is not the
    /// [`source`](std::error::Error::source): whoever prints the chain of sources would print them twice.
    pub cause: Option<std::sync::Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure of a store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Others use it at this moment; it comes again by itself.
    Busy,
    /// So many requests are not taken at once; it comes again by itself.
    Throttled,
    /// There is no room left; it works again as soon as there is.
    Full,
    /// This user may not do it.
    Denied,
    /// The queue, table or file is not there any more. A file that was taken away is not believed to be back.
    Gone,
    /// The file is not ours, or no database at all.
    Foreign,
    /// The file is damaged: nothing is read or written until a person has restored it.
    Corrupt,
    /// Anything else.
    Other,
}

impl StoreError {
    /// An error met while `doing` something.
    pub fn new(doing: impl Into<String>, reason: impl Into<String>) -> Self {
        let (doing, reason) = (doing.into(), reason.into());
        Self { doing, reason, kind: StoreErrorKind::Other, unreadable: None, cause: None }
    }

    /// The same error, of this kind.
    #[must_use]
    pub fn of_kind(self, kind: StoreErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// The same error, with the library's error beneath it.
    #[must_use]
    pub fn caused_by(self, cause: std::sync::Arc<dyn std::error::Error + Send + Sync>) -> Self {
        Self { cause: Some(cause), ..self }
    }
}

/// What the parts of a stack on AWS are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsNames {
    /// The table of checkpoints and leases.
    pub checkpoint_table: String,
    /// The ledger's table.
    pub ledger_table: String,
    /// The table of look-ups.
    pub lookup_table: String,
    /// The table of groups.
    pub group_table: String,
    /// The table of what operators ask by and have done; `None`: a stack from before there was one.
    pub operator_table: Option<String>,
    /// Whether documents are found by their numbers through that table, which costs a write for each number.
    pub has_number_index: bool,
    /// How long the ledger remembers a delivered document.
    pub ledger_kept: std::time::Duration,
    /// The archive; `None` where nothing is archived.
    pub archive: Option<AwsArchive>,
    /// Each system's queue.
    pub queues: std::collections::BTreeMap<System, AwsQueue>,
}

/// The archive of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsArchive {
    /// Its bucket, for what is large.
    pub bucket: String,
    /// Its table, for what is small; `None` where all of it is in the bucket.
    pub table: Option<String>,
    /// How long the table keeps what is written. The bucket has a lifecycle of its own.
    pub kept: std::time::Duration,
}

/// A queue of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsQueue {
    /// The setting that holds its address, such as `KINGDEE_QUEUE_URL`: errors name it.
    pub setting: String,
    /// Its address.
    pub url: String,
}

/// The ports of one installation.
#[derive(Clone)]
pub struct Stores {
    /// Messages between the functions.
    pub queue: std::sync::Arc<dyn Queue>,
    /// Watermarks, leases, pauses, tokens.
    pub checkpoints: std::sync::Arc<dyn Checkpoints>,
    /// What became of every document.
    pub ledger: std::sync::Arc<dyn Ledger>,
    /// Ids of the targets by our codes.
    pub lookups: std::sync::Arc<dyn Lookups>,
    /// What came, what was sent, what was answered.
    pub archive: std::sync::Arc<dyn Archive>,
    /// One budget of calls for each account of a vendor.
    pub quotas: std::sync::Arc<dyn Quotas>,
    /// Documents that become one bill together.
    pub groups: std::sync::Arc<dyn Groups>,
    /// What people have done.
    pub audit: std::sync::Arc<dyn Audit>,
}
