//! 分录: the lines of a bill, each with an id of its own, which lines of later bills name.

use serde_json::{Map, Value};

use super::books::Saved;
use super::{Kingdee, State};

impl Kingdee {
    /// The ids of the lines of what was saved of a kind under that number, as its detail tells them.
    #[must_use]
    pub fn line_ids(&self, kind: &str, number: &str) -> Vec<String> {
        let saved = self.saved(kind, number);
        let lines = |saved: &Saved| saved.body["material_entity"].as_array().map_or(0, Vec::len);
        saved.iter().flat_map(|saved| (0..lines(saved)).map(|place| line_id(saved, place))).collect()
    }
}

/// The id of a line, of 19 digits as all are. A bill that was changed has other lines.
pub(super) fn line_id(saved: &Saved, place: usize) -> String {
    format!("{}{:02}{:03}", saved.id.chars().skip(5).collect::<String>(), saved.edits % 100, place)
}

/// What a line says that it came of is a line of a bill that is there.
pub(super) fn source(state: &State, line: &Map<String, Value>) -> Result<(), String> {
    let of = |name: &str| line.get(name).and_then(Value::as_str).filter(|id| !id.is_empty());
    let (Some(bill), Some(entry)) = (of("src_inter_id"), of("src_entry_id")) else { return Ok(()) };
    let bill = state.books.values().flatten().find(|saved| saved.id == bill);
    let bill = bill.ok_or("源单不存在")?;
    let lines = bill.body.get("material_entity").and_then(Value::as_array).map_or(0, Vec::len);
    let is_there = (0..lines).any(|place| line_id(bill, place) == entry);
    if is_there { Ok(()) } else { Err(format!("源单分录[{entry}]不存在")) }
}
