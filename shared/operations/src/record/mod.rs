//! A flow test, made of what was kept of a document: what came, what was looked up, and what the flow makes of it. Personal
//! data is masked before the flow sees the document, so that the test passes as it is written.
//!
//! | module | what |
//! |---|---|
//! | `mask` | personal data, masked |
//! | `written` | the test as text of a test file |

mod mask;
mod written;

use std::collections::BTreeMap;

use relay_core::groups::unmarked;
use relay_core::item::content_hash;
use relay_job::{Routed, known_codes};
use relay_mapping::{Context, Fault, LookupKey, Made, Mapped, Trace};
use serde::Serialize;
use serde_json::Value;

use crate::{OperationError, Operations};

/// A test that was made of a document.
#[derive(Debug, Clone, Serialize)]
pub struct RecordedTest {
    /// The flow.
    pub flow: String,
    /// The document's key.
    pub key: String,
    /// The test, as text for the flow's test file.
    pub test: String,
    /// What whoever keeps the test should know.
    pub remarks: Vec<String>,
}

/// What a recorded test gives and expects.
struct Recorded {
    name: String,
    remarks: Vec<String>,
    document: Value,
    settings: BTreeMap<String, String>,
    lookups: BTreeMap<LookupKey, String>,
    expected: Expected,
}

enum Expected {
    Request(Mapped),
    /// It goes into this group, and brings this there.
    Brings {
        group: String,
        brings: Value,
    },
    /// It is cancelled.
    Nothing,
    Faults(Vec<String>),
    Filtered,
}

impl Operations<'_> {
    /// Makes a test of the newest version that is kept of a document. `flow` may be left out where one flow alone has it.
    ///
    /// # Errors
    /// A flow or a document that nobody knows, or whose content is kept no more; a store that does not answer.
    pub async fn record(&self, key: &str, flow: Option<&str>) -> Result<RecordedTest, OperationError> {
        if let Some(bill) = unmarked(key) {
            return Err(OperationError::IsBill(bill.to_owned()));
        }
        let (routed, document) = match flow {
            Some(flow) => {
                self.check_flow(flow).await?;
                let routed = self.flows.named(flow).ok_or_else(|| OperationError::NoFile(flow.to_owned()))?;
                (&**routed, self.kept(flow, key).await?.0)
            }
            None => self.of_one_flow(key).await?,
        };
        let recorded = self.recorded(routed, key, &document).await?;
        Ok(RecordedTest {
            flow: routed.flow.name().to_owned(),
            key: key.to_owned(),
            test: written::test(&recorded),
            remarks: recorded.remarks,
        })
    }

    async fn of_one_flow(&self, key: &str) -> Result<(&Routed, Value), OperationError> {
        let mut kept = Vec::new();
        for routed in self.flows.iter() {
            match self.kept(routed.flow.name(), key).await {
                Ok((document, _)) => kept.push((&**routed, document)),
                Err(OperationError::UnknownDocument { .. } | OperationError::NotKept { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        match (kept.pop(), kept.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(OperationError::NothingKept(key.to_owned())),
            (Some(last), false) => {
                let names = kept.iter().chain([&last]).map(|(routed, _)| routed.flow.name());
                let flows = names.collect::<Vec<_>>().join(", ");
                Err(OperationError::OfSeveralFlows { key: key.to_owned(), flows })
            }
        }
    }

    async fn recorded(&self, routed: &Routed, key: &str, whole: &Value) -> Result<Recorded, OperationError> {
        let flow = &routed.flow;
        let document = mask::masked(whole, flow.source().document.fields());
        let names = flow.settings();
        let settings = &self.flow_settings.0;
        let settings: BTreeMap<String, String> = settings
            .iter()
            .filter(|(name, _)| names.contains(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let ids = self.ids(routed, whole).await?;
        let (trace, made) = traced(routed, whole, &settings, &ids);
        let mut remarks = vec![format!("Recorded of {key}; names, phones and addresses are masked.")];
        if let Some(delivered) = self.entry(flow.name(), key).await?.and_then(|entry| entry.delivered) {
            let hash = match made {
                Ok(Made::Mapped(mapped)) => Some(content_hash(&mapped.body)),
                Ok(Made::Brought(brought)) => {
                    let group = brought.group.clone();
                    Some(brought.contribution(key, None, delivered.at).hash_in(&group))
                }
                Ok(Made::Withdrawn) | Err(_) => None,
            };
            if hash.as_ref() != Some(&delivered.body_hash) {
                let at = crate::times::shown(delivered.at);
                remarks.push(format!(
                    "What this flow makes of the document today is not what was delivered at {at} (`relay explain`)."
                ));
            }
        }
        let (masked_trace, _) = traced(routed, &document, &settings, &BTreeMap::new());
        let lookups = masked_ids(&trace, &masked_trace, &ids);
        let expected = match flow.admits(&document) {
            Ok(false) => Expected::Filtered,
            Err(fault) => Expected::Faults(vec![fault.to_string()]),
            Ok(true) => match traced(routed, &document, &settings, &lookups).1 {
                Ok(Made::Mapped(mapped)) => Expected::Request(mapped),
                Ok(Made::Brought(brought)) => {
                    let brings = flow.brought_as_document(&brought);
                    Expected::Brings { group: brought.group, brings }
                }
                Ok(Made::Withdrawn) => Expected::Nothing,
                Err(faults) => Expected::Faults(faults.iter().map(Fault::to_string).collect()),
            },
        };
        let name = format!("as {}", flow.key(&document).as_deref().unwrap_or(key));
        Ok(Recorded { name, remarks, document, settings, lookups, expected })
    }

    /// The ids that are known of what the document needs. One that is remembered no more gets a made-up one.
    async fn ids(
        &self,
        routed: &Routed,
        document: &Value,
    ) -> Result<BTreeMap<LookupKey, String>, OperationError> {
        let wanted = routed.flow.lookups(document);
        let (lookups, ledger) = (self.stores.lookups.as_ref(), self.stores.ledger.as_ref());
        let keys: Vec<_> = wanted.iter().collect();
        let mut known = known_codes::stored(lookups, ledger, &known_codes::tables(self.flows), &keys).await?;
        let id = |(place, key): (usize, LookupKey)| {
            let id = known.remove(&key).unwrap_or_else(|| format!("id-{}", place + 1));
            (key, id)
        };
        Ok(wanted.into_iter().enumerate().map(id).collect())
    }
}

/// A text of a document or of a call with its personal data masked: JSON, indented. Of any other text its length is told alone,
/// because nobody knows what stands in it.
#[must_use]
pub fn masked_text(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) => format!("{:#}", mask::masked(&json, &[])),
        Ok(Value::String(_)) | Err(_) => format!("({} characters)", text.chars().count()),
        Ok(other) => other.to_string(),
    }
}

/// Whether a field holds personal data, as far as its name tells: `material_entity[0].receiver_mobile`.
#[must_use]
pub fn is_personal(path: &str) -> bool {
    mask::is_personal(path.rsplit('.').next().unwrap_or(path))
}

fn traced(
    routed: &Routed,
    document: &Value,
    settings: &BTreeMap<String, String>,
    lookups: &BTreeMap<LookupKey, String>,
) -> (Trace, Result<Made, Vec<Fault>>) {
    let traced = routed.flow.trace(document, &Context { settings, lookups });
    (traced.trace, traced.made)
}

/// The ids under the codes of the masked document: a code that was masked, such as a customer's name, has the id of the
/// code in its place.
fn masked_ids(
    trace: &Trace,
    masked: &Trace,
    ids: &BTreeMap<LookupKey, String>,
) -> BTreeMap<LookupKey, String> {
    let asked = |trace: &Trace| -> BTreeMap<String, LookupKey> {
        let fields = trace.fields.iter().filter_map(|field| {
            let lookup = field.lookup.as_ref()?;
            let key = LookupKey { table: lookup.table.clone(), key: lookup.code.clone() };
            Some((field.target.clone(), key))
        });
        fields.collect()
    };
    let whole = asked(trace);
    let of_masked = asked(masked).into_iter().filter_map(|(target, key)| {
        let id = ids.get(whole.get(&target)?)?;
        Some((key, id.clone()))
    });
    of_masked.collect()
}
