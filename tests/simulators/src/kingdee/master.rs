//! Master data (基础资料): customers, goods, warehouses, units.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::books::Saved;
use super::{Kingdee, Refusal, State};
use crate::lock;

pub(super) const CUSTOMER: &str = "customer";
pub(super) const MATERIAL: &str = "material";
pub(super) const STORE: &str = "store";
pub(super) const UNIT: &str = "measure_unit";
pub(super) const SUPPLIER: &str = "supplier";
const EMPTY: [&str; 7] =
    ["emp", "dept", "settlement_type", "settlement_account", "currency", "auxinfo", "space"];

/// One record of master data.
pub(super) struct Record {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) name: String,
    /// The units of a good, the base unit first.
    pub(super) units: Vec<String>,
    pub(super) modified: DateTime<Utc>,
}

impl Kingdee {
    /// Adds a 客户 and answers its id, as all of these do.
    pub fn add_customer(&self, number: &str, name: &str) -> String {
        self.add(CUSTOMER, number, name, Vec::new())
    }

    /// Adds a 供应商.
    pub fn add_supplier(&self, number: &str, name: &str) -> String {
        self.add(SUPPLIER, number, name, Vec::new())
    }

    /// Adds a record of another kind of base data: `emp`, `dept`, `settlement_type`, `settlement_account`, `currency`.
    pub fn add_base_data(&self, kind: &'static str, number: &str, name: &str) -> String {
        self.add(kind, number, name, Vec::new())
    }

    /// Adds a 仓库.
    pub fn add_store(&self, number: &str, name: &str) -> String {
        self.add(STORE, number, name, Vec::new())
    }

    /// Adds a 计量单位.
    pub fn add_unit(&self, number: &str, name: &str) -> String {
        self.add(UNIT, number, name, Vec::new())
    }

    /// Adds a 商品 with the ids of its units, the base unit first.
    pub fn add_material(&self, number: &str, name: &str, units: &[&str]) -> String {
        self.add(MATERIAL, number, name, units.iter().map(|unit| (*unit).to_owned()).collect())
    }

    /// Whether there is a 商品 of that number.
    #[must_use]
    pub fn has_material(&self, number: &str) -> bool {
        let state = lock(&self.state);
        state.master.get(MATERIAL).is_some_and(|goods| goods.iter().any(|good| good.number == number))
    }

    /// The id of a record of base data, by its number.
    #[must_use]
    pub fn id_of(&self, kind: &str, number: &str) -> Option<String> {
        let state = lock(&self.state);
        let mut records = state.master.get(kind).into_iter().flatten();
        records.find(|record| record.number == number).map(|record| record.id.clone())
    }

    fn add(&self, kind: &'static str, number: &str, name: &str, units: Vec<String>) -> String {
        let id = self.dice.digits(19);
        let (number, name) = (number.to_owned(), name.to_owned());
        let record = Record { id: id.clone(), number, name, units, modified: self.clock.now() };
        lock(&self.state).master.entry(kind).or_default().push(record);
        id
    }
}

/// Notes what was saved as base data.
pub(super) fn learn(state: &mut State, kind: &'static str, saved: &Saved, name: &str, units: Vec<String>) {
    let record = Record {
        id: saved.id.clone(),
        number: saved.number.clone(),
        name: name.to_owned(),
        units,
        modified: saved.modified,
    };
    state.master.entry(kind).or_default().push(record);
}

/// Everything of a kind, as V2 shows it.
pub(super) fn everything<'s>(
    state: &'s State,
    kind: &'s str,
) -> impl Iterator<Item = (&'s Record, Value)> + 's {
    let records = state.master.get(kind).into_iter().flatten();
    records.map(move |record| {
        let mut shown = state
            .books
            .get(kind)
            .into_iter()
            .flatten()
            .find(|saved| saved.id == record.id)
            .map_or_else(|| json!({}), |saved| Value::Object(saved.body.clone()));
        let time = relay_connector::china::format(record.modified);
        shown["id"] = json!(record.id);
        shown["number"] = json!(record.number);
        shown["name"] = json!(record.name);
        shown["enable"] = json!("1");
        shown["modify_time"] = json!(time);
        shown["create_time"] = json!(time);
        if let Some(unit) = record.units.first() {
            shown["base_unit_id"] = json!(unit);
        }
        (record, shown)
    })
}

impl State {
    pub(super) fn numbered(&self, kind: &str, number: &str) -> Option<&Record> {
        self.master.get(kind)?.iter().find(|record| record.number == number)
    }

    pub(super) fn record(&self, kind: &str, id: &str) -> Option<&Record> {
        self.master.get(kind)?.iter().find(|record| record.id == id)
    }
}

/// `…_list` and `…_detail` under `/jdy/basedata/`.
pub(super) fn read(state: &State, path: &str, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let unknown = || Refusal::Outer(format!("接口不存在: {path}"));
    let name = path.strip_prefix("/jdy/basedata/").ok_or_else(unknown)?;
    let kinds = [CUSTOMER, MATERIAL, STORE, UNIT, SUPPLIER];
    if let Some(kind) = name.strip_suffix("_list") {
        let records = state.master.get(kind).map(Vec::as_slice).unwrap_or_default();
        if !kinds.contains(&kind) && !EMPTY.contains(&kind) {
            return Err(unknown());
        }
        let search = body.get("search").and_then(Value::as_str).unwrap_or_default();
        let found = records
            .iter()
            .filter(|record| record.number.contains(search) || record.name.contains(search))
            .map(|record| shown(state, record));
        return paged(found, body);
    }
    let kind = name.strip_suffix("_detail").filter(|kind| kinds.contains(kind)).ok_or_else(unknown)?;
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let record = state.record(kind, id);
    record.map(|record| shown(state, record)).ok_or_else(|| Refusal::Outer(format!("参数id[{id}]不存在")))
}

fn shown(state: &State, record: &Record) -> Value {
    let mut row = json!({"id": record.id, "number": record.number, "name": record.name, "enable": "1"});
    for (place, unit) in record.units.iter().enumerate() {
        let field = if place == 0 { "baseunitid".to_owned() } else { format!("fixunit{place}") };
        let unit_record = state.record(UNIT, unit);
        row[format!("{field}_id")] = json!(unit);
        row[format!("{field}_number")] = json!(unit_record.map(|unit| &unit.number));
        row[format!("{field}_name")] = json!(unit_record.map(|unit| &unit.name));
    }
    row
}

/// `page` from 1, `pagesize` up to 100; `rows` and `totalpage`.
pub(super) fn paged(found: impl Iterator<Item = Value>, body: &Map<String, Value>) -> Result<Value, Refusal> {
    let number = |name: &str| {
        let value = body.get(name).ok_or_else(|| Refusal::Outer(format!("{name}不能为空")))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let number = text.parse::<usize>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| Refusal::Outer(format!("{name}必须大于0: {text}")))
    };
    let (page, size) = (number("page")?, number("pagesize")?);
    if size > 100 {
        return Err(Refusal::Outer(format!("pagesize不能大于100: {size}")));
    }
    let found: Vec<Value> = found.collect();
    let total_pages = found.len().div_ceil(size);
    let rows: Vec<Value> = found.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    Ok(json!({"rows": rows, "totalpage": total_pages, "page": page, "pagesize": size}))
}
