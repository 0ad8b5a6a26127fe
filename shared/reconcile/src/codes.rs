//! The ids that documents need: those that our stores know, and those that vendors are asked for, each once. Nothing is
//! remembered beyond whoever holds this.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::DateTime;
use relay_connector::{Document, PageOf, Query, lenient};
use relay_core::clock::Deadline;
use relay_core::{StoreError, Stores, System};
use relay_job::entries::{self, Told};
use relay_job::{Flows, known_codes};
use relay_mapping::{LookupKey, LookupTable};
use serde::Serialize;

use crate::Connect;

/// As many pages of a list are read for one code.
const PAGES: u32 = 20;

/// Tells how long a question may take.
pub type Until<'a> = &'a (dyn Fn() -> Deadline + Send + Sync);

/// A code of which nobody could be asked for the id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// The table, such as `kingdee.customer`.
    pub table: String,
    /// The code.
    pub code: String,
    /// Why.
    pub why: String,
}

/// The ids of a document.
#[derive(Debug, Default)]
pub struct Resolved {
    /// By what was looked up.
    pub ids: BTreeMap<LookupKey, String>,
    /// Codes of which nobody could be asked.
    pub unresolved: Vec<Unresolved>,
}

/// Looks codes up.
pub struct Codes<'a> {
    stores: &'a Stores,
    flows: &'a Flows,
    tables: BTreeMap<String, LookupTable>,
    connect: Connect<'a>,
    asked: HashMap<LookupKey, Result<Option<String>, String>>,
}

impl<'a> Codes<'a> {
    /// For documents of these flows.
    #[must_use]
    pub fn new(stores: &'a Stores, flows: &'a Flows, connect: Connect<'a>) -> Self {
        Self { stores, flows, tables: known_codes::tables(flows), connect, asked: HashMap::new() }
    }

    /// What was asked for, as far as it is known. Each question has the time that `deadline` gives it.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn resolve(
        &mut self,
        wanted: BTreeSet<LookupKey>,
        deadline: Until<'_>,
    ) -> Result<Resolved, StoreError> {
        let keys: Vec<_> = wanted.iter().collect();
        let (lookups, ledger) = (self.stores.lookups.as_ref(), self.stores.ledger.as_ref());
        let mut ids = known_codes::stored(lookups, ledger, &self.tables, &keys).await?;
        let mut unresolved = Vec::new();
        for key in wanted {
            if ids.contains_key(&key) || !known_codes::can_be_asked(self.tables.get(&key.table)) {
                continue;
            }
            if !self.asked.contains_key(&key) {
                let answer = self.ask(&key, deadline()).await;
                self.asked.insert(key.clone(), answer);
            }
            match self.asked.get(&key) {
                Some(Ok(Some(id))) => _ = ids.insert(key, id.clone()),
                Some(Err(why)) => {
                    unresolved.push(Unresolved { table: key.table, code: key.key, why: why.clone() });
                }
                Some(Ok(None)) | None => {}
            }
        }
        Ok(Resolved { ids, unresolved })
    }

    async fn ask(&self, key: &LookupKey, deadline: Deadline) -> Result<Option<String>, String> {
        match self.tables.get(&key.table) {
            Some(LookupTable::Listed { document, by, result }) => {
                self.listed(document, by, result, &key.key, deadline).await
            }
            Some(LookupTable::Vendor(name)) => {
                let connection = (self.connect)(System::of_document(name))?;
                let target = connection.target().ok_or("it looks up no codes")?;
                let answer = target.lookup(name, &key.key, deadline).await;
                answer.map_err(|failure| failure.in_full())
            }
            Some(table @ LookupTable::Line { flow, by }) => match table.line_of(&key.key) {
                Some((bill, line)) => self.line(flow, by, &bill.key, &line, deadline).await,
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// A line of a bill that a flow has delivered: the target tells the lines that the bill has.
    async fn line(
        &self,
        flow: &str,
        by: &[String],
        bill: &str,
        line: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, String> {
        let Some(routed) = self.flows.named(flow) else { return Ok(None) };
        let document = routed.flow.target().document;
        let there = entries::bill(self.stores.ledger.as_ref(), flow, bill).await;
        let there = there.map_err(|error| error.to_string())?;
        let list = document.push.and_then(|push| push.entries);
        let (Some(there), Some(list)) = (there, list) else { return Ok(None) };
        let connection = (self.connect)(routed.system)?;
        let target = connection.target().ok_or("it takes no documents")?;
        let lines = target.lines(document, &there.id, deadline).await;
        let lines = lines.map_err(|failure| failure.in_full())?.unwrap_or_default();
        // Nothing of it is kept, so that the time does not matter.
        let told = Told::of(&there, &lines, list.id, by, DateTime::UNIX_EPOCH);
        Ok(told.line(line).map(str::to_owned))
    }

    /// A field of the row of a list that has that code: asked for by the code where the vendor takes it, else looked for
    /// on the first pages.
    async fn listed(
        &self,
        document: &'static Document,
        by: &str,
        result: &str,
        code: &str,
        deadline: Deadline,
    ) -> Result<Option<String>, String> {
        let connection = (self.connect)(System::of_document(document.name))?;
        let lists = connection.lists().ok_or("it lists nothing")?;
        let takes_codes = document.param_names().any(|name| name == by);
        let params = if takes_codes { vec![(by.to_owned(), code.to_owned())] } else { Vec::new() };
        let route = document.routes.first().map(|route| (*route).to_owned());
        let query = Query { document, route, params };
        for number in 0..if takes_codes { 1 } else { PAGES } {
            let page = lists.list(&query, PageOf { number, size: u32::MAX }, deadline).await;
            let rows = page.map_err(|failure| failure.in_full())?.rows;
            if let Some(row) = rows.iter().find(|row| lenient::field(row, by).as_deref() == Some(code)) {
                return Ok(lenient::field(row, result));
            }
            if rows.is_empty() || takes_codes {
                return Ok(None);
            }
        }
        Err(format!("it is not on the first {PAGES} pages of the list"))
    }
}
