//! What a flow makes of the source's documents: one document of the target each, or several where it splits them.

use relay_connector::Document;
use relay_core::item::content_hash;
use relay_core::{EntryId, StoreError};
use relay_job::Routed;
use relay_mapping::{Context, Fault, Mapped};
use serde_json::Value;

use crate::Reconciler;
use crate::codes::Codes;
use crate::sum::Place;

/// A document of the target, as it should be.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) id: EntryId,
    /// The source's document, or the part of it.
    pub(crate) row: Option<Value>,
    /// What the source's document is by the ledger's hash.
    pub(crate) hash: Option<String>,
    /// Why the flow does not take it.
    pub(crate) not_taken: Option<String>,
    pub(crate) place: Place,
    pub(crate) document: &'static Document,
    pub(crate) route: Option<&'static str>,
    /// What the flow makes of it, or why nothing.
    pub(crate) made: Result<Value, String>,
    /// The hash of that, as the ledger has it.
    pub(crate) body_hash: Option<String>,
}

impl Unit {
    /// A document that our ledger alone tells of.
    pub(crate) fn of_ledger(routed: &Routed, key: &str) -> Self {
        Self {
            id: EntryId::new(routed.flow.name(), key),
            row: None,
            hash: None,
            not_taken: None,
            place: Place::default(),
            document: routed.flow.target().document,
            route: routed.flow.target().route,
            made: Err("the source was not asked for it".to_owned()),
            body_hash: None,
        }
    }

    pub(crate) fn mapped(mut self, mapped: Result<Mapped, String>) -> Self {
        self.body_hash = mapped.as_ref().ok().map(|mapped| content_hash(&mapped.body));
        self.made = mapped.map(|mapped| mapped.body);
        self
    }
}

impl Reconciler<'_> {
    /// What a flow without groups makes of a row; an error says why that cannot be told.
    pub(crate) async fn units(
        &self,
        routed: &Routed,
        row: Value,
        codes: &mut Codes<'_>,
    ) -> Result<Result<Vec<Unit>, String>, StoreError> {
        let flow = &routed.flow;
        let key = match flow.key(&row) {
            Ok(key) => key,
            Err(fault) => return Ok(Err(fault.to_string())),
        };
        let place = Place::of(&row, &flow.source().document.measures);
        let mut unit = Unit { place, hash: Some(flow.content_hash(&row)), ..Unit::of_ledger(routed, &key) };
        unit.not_taken = not_taken(routed, &row);
        if unit.not_taken.is_some() {
            return Ok(Ok(vec![Unit { row: Some(row), ..unit }]));
        }
        let divided = match flow.divide(&row) {
            Ok(divided) => divided,
            Err(fault) => return Ok(Ok(vec![Unit { made: Err(fault.to_string()), ..unit }])),
        };
        let divided = match divided {
            Some(divided) if self.knows_parts(routed, &key).await? => Some(divided),
            _ => None,
        };
        let Some(divided) = divided else {
            let mapped = self.mapped(routed, &row, codes).await?;
            return Ok(Ok(vec![Unit { row: Some(row), ..unit.mapped(mapped) }]));
        };
        let mut units = Vec::new();
        for part in divided.parts() {
            let document = divided.document(part);
            let mapped = self.mapped(routed, &document, codes).await?;
            let mapped = mapped.map(|mapped| flow.numbered(mapped, &part.name));
            let place = Place::of(&document, &flow.source().document.measures);
            let id = EntryId::new(flow.name(), flow.key_of_part(&key, &part.name));
            let hash = Some(flow.content_hash(&document));
            units.push(Unit { id, place, hash, row: Some(document), ..unit.clone().mapped(mapped) });
        }
        Ok(Ok(units))
    }

    /// Whether our ledger knows the parts of a document. Else it is missing as a whole: no newer version would withdraw a part that
    /// came without it.
    pub(crate) async fn knows_parts(&self, routed: &Routed, key: &str) -> Result<bool, StoreError> {
        let id = EntryId::new(routed.flow.name(), key);
        let entry = self.stores.ledger.read(std::slice::from_ref(&id)).await?.remove(&id);
        Ok(entry.is_some_and(|entry| entry.divided.is_some()))
    }

    async fn mapped(
        &self,
        routed: &Routed,
        document: &Value,
        codes: &mut Codes<'_>,
    ) -> Result<Result<Mapped, String>, StoreError> {
        let resolved = codes.resolve(routed.flow.lookups(document), &|| self.deadline).await?;
        let context = Context { settings: &self.settings.0, lookups: &resolved.ids };
        Ok(routed.flow.apply(document, &context).map_err(|faults| told(&faults)))
    }
}

/// Why the flow does not take a document.
pub(crate) fn not_taken(routed: &Routed, row: &Value) -> Option<String> {
    if routed.flow.cancels(row).unwrap_or_default() {
        return Some("its source has cancelled it".to_owned());
    }
    match routed.flow.admits(row) {
        Ok(false) => Some("the flow's filter does not take it".to_owned()),
        Ok(true) | Err(_) => None,
    }
}

pub(crate) fn told(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
