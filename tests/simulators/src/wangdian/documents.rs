//! What is no order and in no pool: documents that are pushed under a number, and the rows that queries show of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::endpoints::{Endpoint, Kind};
use super::envelope::Found;
use super::filters::{matches, time_field};
use super::limits::{Limits, check_lines, check_rows};
use super::trades::text;
use super::window::{Page, window};
use super::{Refusal, fields, time};
use crate::call::Params;
use crate::faults::Fault;

/// A document as its last push left it.
#[derive(Debug, Clone)]
pub struct PushedDocument {
    /// The ERP's own number of it: `transfer_no`, `order_no`, ….
    pub id: String,
    /// Our number, if the push had one.
    pub number: Option<String>,
    /// The document.
    pub body: Map<String, Value>,
    /// Pushes that made or changed it.
    pub pushes: u32,
}

/// All of them, and all rows, each by the name of its endpoint.
#[derive(Default)]
pub(super) struct Documents {
    pushed: BTreeMap<&'static str, Vec<PushedDocument>>,
    rows: BTreeMap<String, Vec<Map<String, Value>>>,
    limits: Limits,
}

/// What a repeated number does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Refused,
    Replaces,
    Doubles,
}

/// A document that is pushed under a number, and where it can be seen.
struct Made {
    push: &'static str,
    number: &'static str,
    repeat: Repeat,
    query: &'static str,
    /// The fields of the row: the ERP's own number, how that begins, and ours.
    id: &'static str,
    prefix: &'static str,
    shown: &'static str,
    order_type: u32,
}

const fn outer(
    push: &'static str,
    query: &'static str,
    id: &'static str,
    prefix: &'static str,
    order_type: u32,
) -> Made {
    Made {
        push,
        number: "outer_no",
        repeat: Repeat::Refused,
        query,
        id,
        prefix,
        shown: "outer_no",
        order_type,
    }
}

static MADE: &[Made] = &[
    outer("stock_transfer_push", "stock_transfer_query", "transfer_no", "TF", 0),
    outer("stockin_order_push", "stockin_order_query", "order_no", "RK", 6),
    outer("stockin_transfer_push", "stockin_order_query", "order_no", "RK", 2),
    outer("stockout_order_push", "stockout_order_query", "order_no", "CK", 7),
    outer("stockout_transfer_push", "stockout_order_query", "order_no", "CK", 2),
    outer("purchase_order_push", "purchase_order_query", "purchase_no", "CG", 0),
    outer("stockin_purchase_push", "stockin_order_query_purchase", "order_no", "RK", 1),
    outer("purchase_return_push", "purchase_return_query", "return_no", "CT", 0),
    outer("purchase_return_order_push", "stockout_order_query_return", "order_no", "CK", 3),
    Made { shown: "", ..outer("stockin_refund_push", "stockin_order_query_refund", "order_no", "RK", 3) },
    Made { number: "api_outer_no", ..outer("stock_sync_by_pd", "stock_pd_order_query", "pd_no", "PD", 0) },
    Made {
        number: "goods_no",
        shown: "goods_no",
        repeat: Repeat::Replaces,
        ..outer("goods_push", "goods_query", "goods_id", "", 0)
    },
    Made {
        number: "refund_no",
        shown: "src_no",
        repeat: Repeat::Replaces,
        ..outer("sales_refund_push", "refund_query", "refund_no", "TK", 0)
    },
    Made {
        number: "provider_no",
        shown: "provider_no",
        repeat: Repeat::Doubles,
        ..outer("purchase_provider_create", "purchase_provider_query", "provider_id", "", 0)
    },
];

impl Documents {
    /// A pushed document, or each of a list of them. One that is wrong refuses all of its call, in plain words; with
    /// [`Fault::ErrorsUnderCodeZero`] it stands among the `errors` beside those that were taken.
    pub(super) fn push(
        &mut self,
        endpoint: &'static Endpoint,
        field: &str,
        params: &Params,
        now: i64,
        fault: Option<&Fault>,
    ) -> Result<Found, Refusal> {
        let is_count = endpoint.name == "stock_sync_by_pd";
        if is_count {
            self.limits.admit_count(params, now)?;
        }
        let bodies = bodies(field, params, is_count)?;
        let most = if endpoint.name == "sales_refund_push" { 10 } else { 50 };
        if bodies.len() > most {
            return Err(Refusal::new(100, format!("{field}最多{most}条")));
        }
        if endpoint.name == "api_goodsspec_push" {
            return self.push_platform_goods(bodies);
        }
        let Some(made) = MADE.iter().find(|made| made.push == endpoint.name) else {
            return Err(Refusal::new(100, format!("接口不存在: {}", endpoint.name)));
        };
        let is_list = params.get(field).is_some_and(|text| text.trim_start().starts_with('['));
        let at = if is_list && !is_count { format!("{field}[]") } else { field.to_owned() };
        let mut errors = Vec::new();
        let mut taken = Vec::with_capacity(bodies.len());
        for mut body in bodies {
            let checked = match is_count {
                true => check_rows(&mut body, &mut errors),
                false => fields::check(endpoint.name, &at, &body)
                    .and_then(|()| fields::check_quantities(&body))
                    .and_then(|()| check_lines(&body)),
            };
            match checked {
                Ok(()) => taken.push(body),
                Err(error) if fault == Some(&Fault::ErrorsUnderCodeZero) => {
                    errors.push(json!({made.number: text(&body, made.number), "error": error}));
                }
                Err(error) => return Err(Refusal::new(100, error)),
            }
        }
        let found = self.make(made, taken, now, fault)?;
        Ok(if errors.is_empty() { found } else { found.with_list("errors", errors) })
    }

    /// Makes documents, or changes those of their numbers.
    fn make(
        &mut self,
        made: &'static Made,
        bodies: Vec<Map<String, Value>>,
        now: i64,
        fault: Option<&Fault>,
    ) -> Result<Found, Refusal> {
        let (mut new_count, mut chg_count, mut last) = (0, 0, String::new());
        for body in bodies {
            let number = text(&body, made.number).filter(|number| !number.is_empty());
            let known = self.pushed.entry(made.push).or_default();
            let there = known.iter().position(|each| number.is_some() && each.number == number);
            let repeat = if fault == Some(&Fault::DoublesNumbers) { Repeat::Doubles } else { made.repeat };
            match (there, repeat) {
                (Some(_), Repeat::Refused) => {
                    let number = number.unwrap_or_default();
                    return Err(Refusal::new(1, format!("外部单号{}重复: {number}", made.number)));
                }
                (Some(place), Repeat::Replaces) => {
                    chg_count += 1;
                    known[place].pushes += 1;
                    known[place].body.clone_from(&body);
                    last.clone_from(&known[place].id);
                }
                (Some(_), Repeat::Doubles) | (None, _) => {
                    new_count += 1;
                    last = format!("{}{:06}", made.prefix, known.len() + 1);
                    let body = body.clone();
                    known.push(PushedDocument { id: last.clone(), number: number.clone(), body, pushes: 1 });
                }
            }
            self.put(made.query, &[made.id], row(made, &last, number, body, now));
        }
        let counts = Found::fields(&[("new_count", new_count), ("chg_count", chg_count)]);
        Ok(if made.repeat == Repeat::Replaces { counts } else { Found::fields(&[]).with(made.id, &last) })
    }

    /// Each line is a 平台货品 of its own, known by shop, goods_id and spec_id.
    fn push_platform_goods(&mut self, bodies: Vec<Map<String, Value>>) -> Result<Found, Refusal> {
        const NAME: &str = "api_goodsspec_push";
        let (mut new_count, mut chg_count) = (0, 0);
        for body in bodies {
            fields::check(NAME, "api_goods_info", &body).map_err(|error| Refusal::new(100, error))?;
            if text(&body, "platform_id").as_deref() != Some("127") {
                return Err(Refusal::new(100, "只有自有平台店铺才支持推送"));
            }
            let lines = body.get("goods_list").and_then(Value::as_array).cloned().unwrap_or_default();
            if lines.len() > 2_000 {
                return Err(Refusal::new(100, "goods_list最多2000条"));
            }
            let shop = text(&body, "shop_no").unwrap_or_default();
            for line in lines.into_iter().filter_map(|line| line.as_object().cloned()) {
                let part = |name: &str| text(&line, name).unwrap_or_default();
                let number = format!("{shop}/{}/{}", part("goods_id"), part("spec_id"));
                let known = self.pushed.entry(NAME).or_default();
                match known.iter_mut().find(|each| each.number.as_ref() == Some(&number)) {
                    Some(there) => {
                        chg_count += 1;
                        there.pushes += 1;
                        there.body = line;
                    }
                    None => {
                        new_count += 1;
                        let id = (known.len() + 1).to_string();
                        known.push(PushedDocument { id, number: Some(number), body: line, pushes: 1 });
                    }
                }
            }
        }
        Ok(Found::fields(&[("new_count", new_count), ("chg_count", chg_count)]))
    }

    pub(super) fn pushed(&self, push: &str) -> Vec<PushedDocument> {
        self.pushed.get(push).cloned().unwrap_or_default()
    }

    /// A row, in place of the one whose key has the same values.
    pub(super) fn put(&mut self, query: &str, key: &[&str], row: Map<String, Value>) {
        let rows = self.rows.entry(query.to_owned()).or_default();
        let is_same =
            |known: &&mut Map<String, Value>| key.iter().all(|field| text(known, field) == text(&row, field));
        match rows.iter_mut().find(is_same) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }

    /// The row whose field has that value is shown no more.
    pub(super) fn remove(&mut self, query: &str, field: &str, value: &str) {
        if let Some(rows) = self.rows.get_mut(query) {
            rows.retain(|row| text(row, field).as_deref() != Some(value));
        }
    }

    /// One page of the rows that the parameters select, by the time that they select by.
    pub(super) fn query(
        &mut self,
        endpoint: &'static Endpoint,
        params: &Params,
        now: i64,
    ) -> Result<Found, Refusal> {
        let window = window(params, endpoint)?;
        let page = Page::of(params, endpoint)?;
        if endpoint.name == "stock_query" {
            self.limits.admit_walk(params, now)?;
        }
        if endpoint.name == "stockin_order_query"
            && params.contains_key("status")
            && !params.contains_key("order_type")
        {
            return Err(Refusal::new(100, "传status时order_type必传"));
        }
        let by = time_field(endpoint.name, params);
        let at = |row: &Map<String, Value>| text(row, by).and_then(|text| time::parse(&text));
        let is_in = |row: &Map<String, Value>| match window {
            None => true,
            Some((from, to)) => at(row).is_some_and(|at| (from..=to).contains(&at)),
        };
        let rows = self.rows.get(endpoint.name).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> =
            rows.iter().filter(|row| is_in(row) && matches(endpoint.name, row, params)).collect();
        found.sort_by_key(|row| at(row));
        let total = (page.number == 0).then_some(found.len());
        // What has no pages comes at once.
        let size = if endpoint.kind == Kind::Whole { found.len() } else { page.size };
        let shown = found.into_iter().skip(page.number.saturating_mul(size)).take(size);
        let shown = shown.map(|row| Value::Object(row.clone())).collect();
        Ok(Found::list(endpoint.list_key, shown).counted("total_count", total))
    }
}

/// The documents of a push: a JSON object or array in its form field, or the flat fields themselves.
fn bodies(field: &str, params: &Params, is_flat: bool) -> Result<Vec<Map<String, Value>>, Refusal> {
    let flat = || params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if field.is_empty() {
        return Ok(vec![flat()]);
    }
    let text = params.get(field).ok_or_else(|| Refusal::new(100, format!("{field}不能为空")))?;
    let unreadable = || Refusal::new(100, format!("{field} json格式错误,无法解析"));
    match serde_json::from_str(text).map_err(|_| unreadable())? {
        _ if is_flat => Ok(vec![flat()]),
        Value::Object(body) => Ok(vec![body]),
        Value::Array(bodies) => bodies
            .into_iter()
            .map(|body| match body {
                Value::Object(body) => Ok(body),
                _ => Err(unreadable()),
            })
            .collect(),
        _ => Err(unreadable()),
    }
}

/// What a query shows of a pushed document.
fn row(
    made: &Made,
    id: &str,
    number: Option<String>,
    body: Map<String, Value>,
    now: i64,
) -> Map<String, Value> {
    let is_checked = text(&body, "is_check").is_some_and(|flag| flag == "1");
    let status = match (made.query, is_checked) {
        ("stock_transfer_query" | "purchase_order_query" | "purchase_return_query", false) => Some(30),
        ("stock_transfer_query" | "purchase_order_query" | "purchase_return_query", true) => Some(40),
        (query, true) if query.starts_with("stockin") => Some(80),
        (query, false) if query.starts_with("stockin") => Some(30),
        (query, true) if query.starts_with("stockout") => Some(110),
        (query, false) if query.starts_with("stockout") => Some(50),
        _ => None,
    };
    let mut row: Map<String, Value> = body.into_iter().filter(|(name, _)| name != made.number).collect();
    row.insert(made.id.to_owned(), json!(id));
    if !made.shown.is_empty() {
        row.extend(number.map(|number| (made.shown.to_owned(), json!(number))));
    }
    row.extend(status.map(|status| ("status".to_owned(), json!(status))));
    if made.order_type > 0 {
        row.insert("order_type".to_owned(), json!(made.order_type));
    }
    for field in ["modified", "created", "consign_time", "goods_modified"] {
        row.insert(field.to_owned(), json!(time::format(now)));
    }
    row
}
