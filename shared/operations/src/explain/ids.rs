//! The ids that a document needs: those that are known, and those that its target is asked for. Nothing is remembered.

use std::collections::BTreeMap;

use relay_core::System;
use relay_job::Routed;
use relay_mapping::LookupKey;
use serde::Serialize;
use serde_json::Value;

use super::Connect;
use crate::{OperationError, Operations};

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
        let wanted = routed.flow.lookups(document);
        let codes: Vec<_> = wanted.iter().map(|key| (key.table.clone(), key.key.clone())).collect();
        let known = self.stores.lookups.get(&codes).await?;
        let (mut ids, mut unresolved) = (BTreeMap::new(), Vec::new());
        for (key, code) in wanted.into_iter().zip(codes) {
            let id = match known.get(&code) {
                Some(id) => Ok(Some(id.clone())),
                None => self.asked(&key, connect).await,
            };
            match id {
                Ok(Some(id)) => _ = ids.insert(key, id),
                Ok(None) => {}
                Err(why) => unresolved.push(Unresolved { table: key.table, code: key.key, why }),
            }
        }
        Ok(Resolved { ids, unresolved })
    }

    async fn asked(&self, key: &LookupKey, connect: Connect<'_>) -> Result<Option<String>, String> {
        let table = self.catalog.lookup(&key.table).ok_or("there is no such look-up table")?;
        let connection = connect(System::of_document(table.name))?;
        let target = connection.target().ok_or("it looks up no codes")?;
        let answer = target.lookup(&key.table, &key.key, self.patience()).await;
        answer.map_err(|failure| failure.in_full())
    }
}
