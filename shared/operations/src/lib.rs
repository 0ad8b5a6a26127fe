//! What an operator can ask and do, each in one call on either store. The functions return values; whoever shows them, the
//! command line or a console, decides nothing.
//!
//! | module | what for |
//! |---|---|
//! | [`alerts`] | a test alert by each flow that alerts |
//! | [`backups`] | when the last backup was made, and what is to be known of a store that is one |
//! | [`bills`] | bills that targets have and that have a step before them, such as an audit |
//! | [`calls`] | how many calls each vendor got, and how many came to nothing |
//! | [`delivered`] | what was delivered between two times |
//! | [`history`] | what happened between two times, turn by turn |
//! | [`export`] | tables as files that Excel opens |
//! | [`status`] | where every source, flow, queue and target stands, and what needs a person |
//! | [`failures`] | the documents that failed, with their reasons |
//! | [`issues`] | failures by their cause |
//! | [`which`] | which of the failures a person means |
//! | [`show`] | everything that is known of one document |
//! | [`find`] | where a number is, whichever field of whichever flow's document it stands in |
//! | [`doctor`] | every connection that the flows need, tried without writing |
//! | [`explain`] | what would become of a document, and why |
//! | [`record`] | a flow test, made of what was kept of a document |
//! | [`queued`] | documents that wait in a queue, of which nothing else may know yet |
//! | [`waiting`] | documents that wait in queues, listed |
//! | [`groups`] | documents that become one bill together: open, sealed, members, bills |
//! | [`parts`] | the parts of a document that its flow splits |
//! | [`replay`] | failed documents, sent through their flows again |
//! | [`edit`] | a failed document that a person edits before it is sent again |
//! | [`recheck`] | failures whose document a person has made in the target |
//! | [`reconcile`] | days, compared on three sides; what is missing, sent |
//! | [`settle`] | a failed document that a person has dealt with by hand |
//! | [`pauses`] | targets and flows that a person pauses and resumes |
//! | [`backfill`] | a range that is read again, before it is done |
//! | [`rewind`] | a flow that is to read again from a time on |
//! | [`log`] | who has done what |
//! | [`dead_letters`] | messages that were received too often |
//! | [`documents`] | what vendors hand over and take: documents, fields, look-up tables |
//! | [`lookups`] | what a person knows of codes, and the codes that nobody knows |
//! | [`flow_texts`] | what flow files said, and what has changed in them |
//! | [`trial`] | what would happen if flow files were begun with |
//! | [`lines`] | the lines in which two texts differ |
//! | [`retire`] | flows whose file was taken away for good |
//! | [`in_force`] | the settings that are in force |
//! | [`names`] | the flows, targets and documents that a person has named |
//! | [`error`] | why an operation was not done |
//! | [`language`] | Chinese and English, side by side |
//! | [`times`] | times, spans and sizes, as a person in China reads them |

pub mod alerts;
pub mod backfill;
pub mod backups;
pub mod bills;
pub mod calls;
pub mod dead_letters;
pub mod delivered;
pub mod doctor;
pub mod documents;
pub mod edit;
pub mod error;
pub mod error_index;
pub mod explain;
pub mod export;
pub mod failures;
pub mod find;
pub mod flow_texts;
pub mod groups;
pub mod history;
pub mod in_force;
pub mod issues;
pub mod language;
pub mod lines;
pub mod log;
pub mod lookups;
pub mod names;
pub mod parts;
pub mod pauses;
pub mod phrases;
pub mod queued;
pub mod recheck;
pub mod reconcile;
pub mod record;
pub mod replay;
pub mod retire;
pub mod rewind;
pub mod settle;
pub mod show;
pub mod status;
pub mod times;
pub mod trial;
pub mod waiting;
pub mod which;

use relay_connector::{Catalog, Connector, Settings};
use relay_core::clock::{Clock, Rng};
use relay_core::{Intake, Stores, System};
use relay_job::room::Room;
use relay_job::{ActiveFlows, FlowSettings, Flows};
use std::sync::Arc;

pub use error::OperationError;

/// The installation that is asked: its ports and flows, handed in.
#[derive(Clone)]
pub struct Operations<'a> {
    /// Queue, checkpoints, ledger, look-ups, archive.
    pub stores: &'a Stores,
    /// The flows that have a file.
    pub flows: &'a Flows,
    /// The flows that take documents in: these, and those whose file has been taken away.
    pub active: &'a ActiveFlows,
    /// Everything that flows can name.
    pub catalog: &'a Catalog,
    /// Every vendor, as the registry lists them.
    pub connectors: &'a [&'a dyn Connector],
    /// All settings, for what a vendor's pushes are by them.
    pub settings: &'a Settings,
    /// What the store takes on its disk, where it is a file.
    pub room: Option<Room>,
    /// The values of the settings that flows may name.
    pub flow_settings: FlowSettings,
    /// Who asks, for the audit trail.
    pub by: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The dice.
    pub rng: Arc<dyn Rng>,
}

impl Operations<'_> {
    /// Every system that takes documents.
    pub fn targets(&self) -> impl Iterator<Item = System> {
        let takes = |connector: &&&dyn Connector| connector.queue().is_some();
        self.connectors.iter().filter(takes).map(|connector| connector.system())
    }

    fn intake(&self) -> Intake {
        Intake::new(self.stores.queue.clone(), self.stores.ledger.clone(), self.clock.clone())
    }
}
