//! What our own stores know of the codes that a document looks up: ids that were remembered or imported, tables of the
//! tenant, deliveries of other flows. Nobody else is asked.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::groups::unmarked;
use relay_core::ordered;
use relay_core::{Entry, EntryId, Ledger, Lookups, StoreError, UnknownCode};
use relay_mapping::{DeliveredAs, LookupKey, LookupTable};
use serde_json::Value;

use crate::Flows;
use crate::entries::{self, Told};

/// A delivery that is looked up: the look-up, the flow whose delivery it is, and what of it.
pub type DeliveryAsked<'a> = (&'a LookupKey, &'a str, DeliveredAs);

/// Look-ups, by the name that [`LookupKey`] has.
pub type Tables = BTreeMap<String, LookupTable>;

/// The look-ups that flows name.
#[must_use]
pub fn tables(flows: &Flows) -> Tables {
    let named = flows.iter().flat_map(|routed| routed.flow.tables());
    // Whose line is looked up is looked up first.
    let tables = named.flat_map(|lookup| lookup.table.bill().into_iter().chain([lookup.table.clone()]));
    ordered::map(tables.map(|table| (table.to_string(), table)))
}

/// Whether somebody else than our own stores may know a code of this table.
#[must_use]
pub fn can_be_asked(table: Option<&LookupTable>) -> bool {
    !matches!(table, Some(LookupTable::Delivered { .. } | LookupTable::Tenant { .. }))
}

/// What our own stores know.
///
/// # Errors
/// A store that does not answer.
pub async fn stored(
    lookups: &dyn Lookups,
    ledger: &dyn Ledger,
    tables: &Tables,
    wanted: &[&LookupKey],
) -> Result<BTreeMap<LookupKey, String>, StoreError> {
    let (mut codes, mut delivered, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for key in wanted {
        match tables.get(&key.table) {
            Some(table @ LookupTable::Line { flow, .. }) => {
                let line = table.line_of(&key.key);
                lines.extend(line.map(|(bill, line)| (*key, flow.as_str(), bill.key, line)));
            }
            Some(LookupTable::Delivered { flow, result }) => delivered.push((*key, flow.as_str(), *result)),
            Some(LookupTable::Tenant { table, .. }) => codes.push((table.clone(), key.key.clone())),
            _ => codes.push((key.table.clone(), key.key.clone())),
        }
    }
    let mut found = ordered::map(deliveries(ledger, &delivered).await?);
    for (key, flow, bill, line) in lines {
        let Some(there) = entries::bill(ledger, flow, &bill).await? else { continue };
        let row = (key.table.clone(), bill);
        let told = lookups.get(std::slice::from_ref(&row)).await?.remove(&row);
        let told = told.and_then(|told| Told::remembered(&told, &there));
        let id = told.and_then(|told| told.line(&line).map(str::to_owned));
        found.extend(id.map(|id| (key.clone(), id)));
    }
    if codes.is_empty() {
        return Ok(found);
    }
    let stored = lookups.get(&codes).await?;
    for key in wanted {
        let value = match tables.get(&key.table) {
            Some(LookupTable::Delivered { .. } | LookupTable::Line { .. }) => None,
            Some(LookupTable::Tenant { table, result }) => {
                let row = stored.get(&(table.clone(), key.key.clone()));
                row.and_then(|row| result_of(row, result.as_deref()))
            }
            _ => stored.get(&(key.table.clone(), key.key.clone())).cloned(),
        };
        found.extend(value.map(|value| ((*key).clone(), value)));
    }
    Ok(found)
}

/// Those of the codes that our own stores know.
///
/// # Errors
/// A store that does not answer.
pub async fn of(
    lookups: &dyn Lookups,
    ledger: &dyn Ledger,
    tables: &Tables,
    codes: &BTreeSet<UnknownCode>,
) -> Result<BTreeSet<UnknownCode>, StoreError> {
    let key =
        |UnknownCode { table, code }: &UnknownCode| LookupKey { table: table.clone(), key: code.clone() };
    let wanted: Vec<_> = codes.iter().map(key).collect();
    let known = stored(lookups, ledger, tables, &wanted.iter().collect::<Vec<_>>()).await?;
    Ok(ordered::set(known.into_keys().map(|LookupKey { table, key }| UnknownCode { table, code: key })))
}

/// What flows have delivered under these keys, as far as they have.
///
/// # Errors
/// A store that does not answer.
pub async fn deliveries(
    ledger: &dyn Ledger,
    wanted: &[DeliveryAsked<'_>],
) -> Result<Vec<(LookupKey, String)>, StoreError> {
    let id = |(key, flow, _): &DeliveryAsked<'_>| EntryId::new(*flow, &key.key);
    let ids = ordered::set(wanted.iter().map(id));
    let ids: Vec<_> = ids.into_iter().collect();
    let mut found = Vec::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let entries = ledger.read(&ids).await?;
    for asked in wanted {
        let delivered = entries.get(&id(asked)).and_then(Entry::counts);
        let value = delivered.and_then(|delivered| match asked.2 {
            // What went into a group has no id of its own there.
            DeliveredAs::Id => delivered.target_id.clone().filter(|id| unmarked(id).is_none()),
            DeliveredAs::Number => delivered.number.clone(),
        });
        found.extend(value.map(|value| (asked.0.clone(), value)));
    }
    Ok(found)
}

/// A column of a row of the tenant's; without one, the first. What is blank is not there.
fn result_of(row: &str, column: Option<&str>) -> Option<String> {
    let row: serde_json::Map<String, Value> = serde_json::from_str(row).ok()?;
    let value = match column {
        Some(column) => row.get(column)?,
        None => row.values().next()?,
    };
    value.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
}
