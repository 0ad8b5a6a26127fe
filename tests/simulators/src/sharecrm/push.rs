//! `objdata/push`: one master record with its details.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::token::{CREDENTIALS, illegal};
use super::{Refusal, State};
use crate::call::Call;

/// A record of the integration platform, with every push that it took.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The pushes, in the order in which they came.
    pub history: Vec<Push>,
}

impl Record {
    /// What the record holds now.
    #[must_use]
    pub fn current(&self) -> Option<&Map<String, Value>> {
        self.history.last().map(|push| &push.data)
    }

    /// How many pushes brought what was there already.
    #[must_use]
    pub fn repeats(&self) -> usize {
        self.history.windows(2).filter(|pair| pair[0].data == pair[1].data).count()
    }
}

/// One push.
#[derive(Debug, Clone)]
pub struct Push {
    /// When it came.
    pub at: DateTime<Utc>,
    /// Everything inside `data`.
    pub data: Map<String, Value>,
    /// How many values of fields were no strings, as all of them are in the vendor's example.
    pub non_strings: usize,
}

const KNOWN: [&str; 7] = [
    "objAPIName",
    "dataCenterId",
    "id",
    "masterFieldVal",
    "detailFieldVals",
    "directSync",
    "destObjectApiName",
];

pub(super) fn push(state: &mut State, call: &Call) -> Result<(), Refusal> {
    let body = call.json().unwrap_or_default();
    let body = body.as_object().ok_or_else(|| illegal("body"))?;
    let siblings = ["data", "convertUserId", "convertMediaId"];
    if let Some(outside) = body.keys().find(|name| !siblings.contains(&name.as_str())) {
        return Err(illegal(outside));
    }
    let data = body.get("data").and_then(Value::as_object).ok_or_else(|| illegal("data"))?;
    for sibling in siblings.iter().skip(1).filter_map(|name| body.get(*name)) {
        sibling.as_bool().ok_or_else(|| illegal("convert"))?;
    }
    if !data.contains_key("id") {
        return custom(state, call, data);
    }
    if let Some(unknown) = data.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(illegal(&format!("data.{unknown}")));
    }
    let object = text(data, "objAPIName")?;
    let id = text(data, "id")?;
    if text(data, "dataCenterId")? != CREDENTIALS.data_center_id {
        return Err(illegal("data.dataCenterId"));
    }
    let master = data.get("masterFieldVal").and_then(Value::as_object);
    let master = master.filter(|fields| !fields.is_empty()).ok_or_else(|| illegal("data.masterFieldVal"))?;
    let mut non_strings = non_strings(master);
    match data.get("detailFieldVals") {
        None => {}
        Some(Value::Object(details)) => {
            for (name, rows) in details {
                let wrong = || illegal(&format!("data.detailFieldVals.{name}"));
                for row in rows.as_array().ok_or_else(wrong)? {
                    non_strings += self::non_strings(row.as_object().ok_or_else(wrong)?);
                }
            }
        }
        Some(_) => return Err(illegal("data.detailFieldVals")),
    }
    check_sync(data)?;
    let push = Push { at: call.at, data: data.clone(), non_strings };
    let record = state.records.entry((object.to_owned(), id.to_owned())).or_default();
    record.history.push(push);
    Ok(())
}

/// The object for which the tenant's console has a push-interface function.
pub const CUSTOM_OBJECT: &str = "erpCustomObj";

/// The non-standard format: any data, which the tenant's function reads. What it names must be there.
fn custom(state: &mut State, call: &Call, data: &Map<String, Value>) -> Result<(), Refusal> {
    let is = |name: &str, known: &str| data.get(name).is_none_or(|value| value == known);
    if !is("objAPIName", CUSTOM_OBJECT) {
        return Err(illegal("data.id"));
    }
    if !is("dataCenterId", CREDENTIALS.data_center_id) {
        return Err(illegal("data.dataCenterId"));
    }
    check_sync(data)?;
    state.custom.push(Push { at: call.at, data: data.clone(), non_strings: 0 });
    Ok(())
}

fn check_sync(data: &Map<String, Value>) -> Result<(), Refusal> {
    match data.get("directSync") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(Value::Bool(true)) => text(data, "destObjectApiName").map(drop),
        Some(_) => Err(illegal("data.directSync")),
    }
}

fn text<'a>(data: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    let text = data.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| illegal(&format!("data.{name}")))
}

fn non_strings(fields: &Map<String, Value>) -> usize {
    fields.values().filter(|value| !value.is_string()).count()
}
