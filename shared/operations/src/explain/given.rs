//! The document that is asked about.

use chrono::TimeDelta;
use relay_connector::{PageOf, Span};
use relay_core::EntryId;
use relay_core::archive::Event;
use relay_core::ledger::Stamp;
use relay_job::Routed;
use serde_json::Value;

use super::{Asked, Connect};
use crate::find::params;
use crate::{OperationError, Operations};

/// Where the vendor names no longest window.
const USUAL_SPAN: TimeDelta = TimeDelta::hours(1);

impl Operations<'_> {
    /// The document, and where it comes from.
    pub(crate) async fn given(
        &self,
        routed: &Routed,
        asked: Asked<'_>,
        connect: Connect<'_>,
    ) -> Result<(Value, String), OperationError> {
        match asked {
            Asked::Document(document) => Ok((document, "the file".to_owned())),
            Asked::HandedOver(document) => Ok((document, format!("{}, just now", routed.source_system()))),
            Asked::Key(key) => self.kept(routed.flow.name(), key).await,
            Asked::Fetched(key) => {
                let document = self.fetched(routed, key, connect).await?;
                Ok((document, format!("{}, asked just now", routed.source_system())))
            }
        }
    }

    /// The newest version that the ledger or the archive has of a document.
    pub(crate) async fn kept(&self, flow: &str, key: &str) -> Result<(Value, String), OperationError> {
        let entry = self.entry(flow, key).await?;
        let locations = entry.as_ref().map(|entry| entry.archive.clone()).unwrap_or_default();
        let failed = entry.iter().flat_map(relay_core::Entry::failures);
        // Of those that cannot be compared, the last received.
        let failed = failed.max_by_key(|failed| failed.received_at);
        let history = self.stores.archive.read(&EntryId::new(flow, key), &locations).await?;
        let received = history.iter().rev().find_map(|record| match &record.event {
            Event::Received { document } => Some((record, serde_json::from_str::<Value>(document).ok()?)),
            Event::Called(_) | Event::Ended { .. } => None,
        });
        match (failed, received) {
            (Some(failed), Some((record, _))) if is_newer(failed.stamp(), record.version.as_deref()) => {
                Ok((failed.document.clone(), "the ledger, where it has failed".to_owned()))
            }
            (_, Some((_, document))) => Ok((document, "the archive".to_owned())),
            (Some(failed), None) => {
                Ok((failed.document.clone(), "the ledger, where it has failed".to_owned()))
            }
            (None, None) if entry.is_some() => {
                Err(OperationError::NotKept { flow: flow.to_owned(), key: key.to_owned() })
            }
            (None, None) => Err(self.unknown(flow, key).await?),
        }
    }

    /// Asks the source for the document of that key, or of another number that it shows.
    async fn fetched(
        &self,
        routed: &Routed,
        key: &str,
        connect: Connect<'_>,
    ) -> Result<Value, OperationError> {
        let document = routed.flow.source().document;
        let not_fetched = |why: &str| OperationError::NotFetched {
            document: document.name,
            key: key.to_owned(),
            why: why.to_owned(),
        };
        let params = params(routed);
        if params.is_empty() {
            let why = "it cannot be asked for by its number: save the document to a file, and explain that";
            return Err(not_fetched(why));
        }
        for param in params {
            let rows = self.asked_by(routed, param, key, connect).await.map_err(|why| not_fetched(&why))?;
            let has_key = |row: &&Value| routed.flow.key(row).is_ok_and(|found| found == key);
            let has_number = |row: &&Value| document.numbers_in(row).iter().any(|number| number == key);
            if let Some(row) = rows.iter().find(has_key).or_else(|| rows.iter().find(has_number)) {
                return Ok(row.clone());
            }
        }
        let why =
            "the source shows no such document; one that was changed long ago may have to be saved to a file";
        Err(not_fetched(why))
    }

    /// What the source shows of a number alone, in whatever state it is.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub(crate) async fn asked_by(
        &self,
        routed: &Routed,
        param: &str,
        number: &str,
        connect: Connect<'_>,
    ) -> Result<Vec<Value>, String> {
        let document = routed.flow.source().document;
        let mut query = routed.query(&self.flow_settings).map_err(|error| format!("{error:#}"))?;
        query.params = vec![(param.to_owned(), number.to_owned())];
        let connection = connect(routed.source_system())?;
        let page = PageOf { number: 0, size: u32::MAX };
        if document.searched_by == Some(param) {
            let lists = connection.lists().ok_or_else(|| "it has no lists".to_owned())?;
            let read = lists.list(&query, page, self.patience()).await;
            return read.map(|page| page.rows).map_err(|failure| failure.in_full());
        }
        let windows = connection.windows().ok_or_else(|| "it is read by no windows".to_owned())?;
        let longest = document.max_span.and_then(|span| TimeDelta::from_std(span).ok());
        let end = windows.time(&query).now().unwrap_or_else(|| self.clock.now());
        let span = Span { start: end - longest.unwrap_or(USUAL_SPAN), end };
        let read = windows.window(&query, span, page, self.patience()).await;
        read.map(|page| page.rows).map_err(|failure| failure.in_full())
    }
}

/// Whether a version that failed is newer than one that the archive has, or not older.
fn is_newer(failed: Stamp<'_>, version: Option<&str>) -> bool {
    let other = Stamp { version, kind: failed.kind, received_at: None };
    !failed.is_older_than(other)
}
