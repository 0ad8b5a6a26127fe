//! The ids that a document needs: those that our stores know, and those that vendors are asked for. Nothing is remembered.

use std::collections::{BTreeMap, BTreeSet};

use relay_connector::{Document, PageOf, Query, lenient};
use relay_core::System;
use relay_job::entries::{self, Told};
use relay_job::{Routed, known_codes};
use relay_mapping::{LookupKey, LookupTable};
use serde::Serialize;
use serde_json::Value;

use super::Connect;
use crate::{OperationError, Operations};

/// As many pages of a list are read for one code.
const PAGES: u32 = 20;

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
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) ids: BTreeMap<LookupKey, String>,
    pub(super) unresolved: Vec<Unresolved>,
}

impl Operations<'_> {
    pub(super) async fn resolved(
        &self,
        routed: &Routed,
        document: &Value,
        connect: Connect<'_>,
    ) -> Result<Resolved, OperationError> {
        let (wanted, tables) = (routed.flow.lookups(document), known_codes::tables(self.flows));
        let mut ids = self.known_ids(&wanted).await?;
        let mut unresolved = Vec::new();
        for key in wanted {
            let table = tables.get(&key.table);
            if ids.contains_key(&key) || !known_codes::can_be_asked(table) {
                continue;
            }
            match self.asked(&key, table, connect).await {
                Ok(Some(id)) => _ = ids.insert(key, id),
                Ok(None) => {}
                Err(why) => unresolved.push(Unresolved { table: key.table, code: key.key, why }),
            }
        }
        Ok(Resolved { ids, unresolved })
    }

    /// What our own stores know.
    pub(crate) async fn known_ids(
        &self,
        wanted: &BTreeSet<LookupKey>,
    ) -> Result<BTreeMap<LookupKey, String>, OperationError> {
        let (lookups, ledger) = (self.stores.lookups.as_ref(), self.stores.ledger.as_ref());
        let wanted: Vec<_> = wanted.iter().collect();
        Ok(known_codes::stored(lookups, ledger, &known_codes::tables(self.flows), &wanted).await?)
    }

    async fn asked(
        &self,
        key: &LookupKey,
        table: Option<&LookupTable>,
        connect: Connect<'_>,
    ) -> Result<Option<String>, String> {
        match table {
            Some(LookupTable::Listed { document, by, result }) => {
                self.listed(document, by, result, &key.key, connect).await
            }
            Some(LookupTable::Vendor(name)) => {
                let connection = connect(System::of_document(name))?;
                let target = connection.target().ok_or("it looks up no codes")?;
                let answer = target.lookup(name, &key.key, self.patience()).await;
                answer.map_err(|failure| failure.in_full())
            }
            Some(table @ LookupTable::Line { flow, by }) => {
                let ledger = self.stores.ledger.as_ref();
                let (Some((bill, line)), Some(routed)) = (table.line_of(&key.key), self.flows.named(flow))
                else {
                    return Ok(None);
                };
                let there =
                    entries::bill(ledger, flow, &bill.key).await.map_err(|error| error.to_string())?;
                let document = routed.flow.target().document;
                let list = document.push.and_then(|push| push.entries);
                let (Some(there), Some(list)) = (there, list) else { return Ok(None) };
                let connection = connect(routed.system)?;
                let target = connection.target().ok_or("it takes no documents")?;
                let lines = target.lines(document, &there.id, self.patience()).await;
                let lines = lines.map_err(|failure| failure.in_full())?.unwrap_or_default();
                Ok(Told::of(&there, &lines, list.id, by, self.clock.now()).line(&line).map(str::to_owned))
            }
            _ => Ok(None),
        }
    }

    /// A field of the row of a list that has that code: asked for by the code where the vendor takes it, else looked for
    /// on the first pages.
    async fn listed(
        &self,
        document: &'static Document,
        by: &str,
        result: &str,
        code: &str,
        connect: Connect<'_>,
    ) -> Result<Option<String>, String> {
        let connection = connect(System::of_document(document.name))?;
        let lists = connection.lists().ok_or("it lists nothing")?;
        let takes_codes = document.param_names().any(|name| name == by);
        let params = if takes_codes { vec![(by.to_owned(), code.to_owned())] } else { Vec::new() };
        let route = document.routes.first().map(|route| (*route).to_owned());
        let query = Query { document, route, params };
        for number in 0..if takes_codes { 1 } else { PAGES } {
            let page = lists.list(&query, PageOf { number, size: u32::MAX }, self.patience()).await;
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
