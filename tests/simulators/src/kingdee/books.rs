//! What was saved over either interface.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::checks::{check, is_open};
use super::kinds::{Interface, Kind, What};
use super::master::{self, UNIT};
use super::{Kingdee, State};
use crate::dice::Dice;
use crate::lock;

/// A bill or a record of base data.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Its record id, 19 digits.
    pub id: String,
    /// Its number.
    pub number: String,
    /// The body of the last save.
    pub body: Map<String, Value>,
    /// How often it was changed by its id.
    pub edits: u32,
    /// Whether it counts: state C, otherwise Z.
    pub is_audited: bool,
    /// What was done with it after it was saved, in order: `audit`, `unaudit`, `delete`.
    pub steps: Vec<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) modified: DateTime<Utc>,
}

impl Kingdee {
    /// What was saved of a kind, such as `sal_outbound`, under that number.
    #[must_use]
    pub fn saved(&self, kind: &str, number: &str) -> Vec<Saved> {
        self.saved_of(kind).into_iter().filter(|saved| saved.number == number).collect()
    }

    /// Everything that was saved of a kind.
    #[must_use]
    pub fn saved_of(&self, kind: &str) -> Vec<Saved> {
        lock(&self.state).books.get(kind).cloned().unwrap_or_default()
    }

    /// Puts a bill or a record into the books by hand, and answers its id.
    pub fn keep(&self, kind: &'static str, number: &str, body: &Value) -> String {
        let (id, now) = (self.dice.digits(19), self.clock.now());
        let body = body.as_object().cloned().unwrap_or_default();
        let saved = Saved {
            id: id.clone(),
            number: number.to_owned(),
            body,
            edits: 0,
            is_audited: false,
            steps: Vec::new(),
            created: now,
            modified: now,
        };
        lock(&self.state).books.entry(kind).or_default().push(saved);
        id
    }

    /// Everything of a kind that was deleted.
    #[must_use]
    pub fn deleted(&self, kind: &str) -> Vec<Saved> {
        lock(&self.state).deleted.get(kind).cloned().unwrap_or_default()
    }

    /// Audits what was saved under that id, or takes that back, as a person may.
    pub fn set_audited(&self, kind: &str, id: &str, is_audited: bool) {
        let mut state = lock(&self.state);
        let books = state.books.get_mut(kind).into_iter().flatten();
        books.filter(|saved| saved.id == id).for_each(|saved| saved.is_audited = is_audited);
    }

    /// Closes the books (结账): nothing dated before that day is saved, changed, audited, unaudited or deleted from now on. Which
    /// words the vendor has for that is not documented; they name the first open day where `tells`.
    pub fn close_books(&self, open_from: NaiveDate, tells: bool) {
        lock(&self.state).open_from = Some((open_from, tells));
    }

    /// The numbers of bills for which an audit came although they were audited.
    #[must_use]
    pub fn audited_again(&self) -> Vec<String> {
        lock(&self.state).audited_again.clone()
    }

    /// Takes what was saved under that id out of the books, as a person may.
    pub fn remove(&self, kind: &str, id: &str) {
        if let Some(saved) = lock(&self.state).books.get_mut(kind) {
            saved.retain(|saved| saved.id != id);
        }
    }
}

/// Saves a document, and answers its id and number.
pub(super) fn save(
    state: &mut State,
    interface: Interface,
    kind: Kind,
    body: &Map<String, Value>,
    now: DateTime<Utc>,
    dice: &Dice,
) -> Result<(String, String), String> {
    check(state, interface, kind, body)?;
    is_open(state, interface, kind, body)?;
    let id = body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let books = state.books.entry(kind.name).or_default();
    if let Some(id) = id {
        let known = books.iter().find(|saved| saved.id == id);
        let known = known.ok_or_else(|| format!("参数id[{id}]不存在"))?;
        if known.is_audited {
            return Err(format!("单据{}已审核,不能修改", known.number));
        }
        let before = known.body.clone();
        is_open(state, interface, kind, &before)?;
    } else if interface == Interface::V1 && kind.name == "inv_tfin" {
        return Err("调拨入库单仅支持编辑,id不能为空".to_owned());
    }
    let books = state.books.entry(kind.name).or_default();
    let number = match body.get(kind.number(interface)).and_then(Value::as_str) {
        // Of a unit the name tells one from another.
        _ if kind.name == UNIT => name_of(body),
        Some(number) if !number.is_empty() => number.to_owned(),
        _ => format!("{}-{:05}", dice.digits(8), books.len() + 1),
    };
    let is_taken = books.iter().any(|saved| saved.number == number && Some(saved.id.as_str()) != id);
    if is_taken && state.refuses_duplicates {
        let text = format!("{}[{number}]", kind.number(interface));
        return Err(if dice.coin() {
            format!("{text}已存在")
        } else {
            format!("{text}组合值与其他表单重复")
        });
    }
    match id.and_then(|id| books.iter_mut().find(|saved| saved.id == id)) {
        Some(saved) => {
            saved.edits += 1;
            (saved.body, saved.number, saved.modified) = (body.clone(), number.clone(), now);
            Ok((saved.id.clone(), number))
        }
        None => {
            let saved = Saved {
                id: dice.digits(19),
                number: number.clone(),
                body: body.clone(),
                edits: 0,
                is_audited: false,
                steps: Vec::new(),
                created: now,
                modified: now,
            };
            books.push(saved.clone());
            if kind.what == What::BaseData {
                master::learn(state, kind.name, &saved, &name_of(body), unit_of(body));
            }
            Ok((saved.id, number))
        }
    }
}

pub(super) fn name_of(body: &Map<String, Value>) -> String {
    let name = body.get("name").map(|name| name.get("zh_CN").unwrap_or(name));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn unit_of(body: &Map<String, Value>) -> Vec<String> {
    let unit = ["base_unit_id", "baseunitid_id"].iter().find_map(|name| body.get(*name)?.as_str());
    unit.map(str::to_owned).into_iter().collect()
}

/// `audit`, `unaudit`, `delete` of a document by its id or number: what it did it to.
pub(super) fn operate(
    state: &mut State,
    kind: Kind,
    operation: &str,
    wanted: impl Fn(&Saved) -> bool,
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, String> {
    let books = state.books.entry(kind.name).or_default();
    let Some(place) = books.iter().position(wanted) else { return Ok(None) };
    let body = books[place].body.clone();
    is_open(state, Interface::V2, kind, &body)?;
    let books = state.books.entry(kind.name).or_default();
    let saved = &mut books[place];
    let found = (saved.id.clone(), saved.number.clone());
    match (operation, saved.is_audited) {
        ("audit", true) => {
            let number = saved.number.clone();
            state.audited_again.push(number.clone());
            return Err(format!("单据{number}已审核"));
        }
        ("unaudit", false) => return Err(format!("单据{}未审核", saved.number)),
        ("delete", true) => return Err(format!("单据{}已审核,不能删除", saved.number)),
        ("audit" | "unaudit", _) if kind.what == What::BaseData => {
            return Err(format!("{}不支持操作{operation}", kind.entity));
        }
        ("audit" | "unaudit", _) => {
            saved.is_audited = operation == "audit";
            saved.steps.push(operation.to_owned());
            saved.modified = now;
        }
        ("delete", false) => {
            let mut deleted = books.remove(place);
            deleted.steps.push(operation.to_owned());
            state.deleted.entry(kind.name).or_default().push(deleted);
            if let Some(records) = state.master.get_mut(kind.name) {
                records.retain(|record| record.id != found.0);
            }
        }
        _ => return Err(format!("操作类型[{operation}]不存在")),
    }
    Ok(Some(found))
}

/// Rows of V1's lists of bills.
pub(super) fn listed_by_v1(state: &State, kind: Kind, search: &str) -> Vec<Value> {
    let books = state.books.get(kind.name).into_iter().flatten();
    let found = books.filter(|saved| saved.number.contains(search));
    found
        .map(|saved| {
            json!({
                "id": saved.id,
                "billno": saved.number,
                "billdate": saved.body.get("billdate"),
                "billstatus": if saved.is_audited { "C" } else { "Z" },
            })
        })
        .collect()
}
