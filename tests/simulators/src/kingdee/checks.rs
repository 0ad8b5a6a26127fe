//! What a save refuses, and in which words: as strict as the sheet.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::books::{name_of, unit_of};
use super::kinds::{self, Form, Interface, Kind, What};
use super::master::{CUSTOMER, MATERIAL, SUPPLIER};
use super::{State, entries};

/// Whether the books of a bill's day are open.
pub(super) fn is_open(
    state: &State,
    interface: Interface,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<(), String> {
    if matches!(kind.what, What::BaseData | What::Stock) {
        return Ok(());
    }
    let names =
        if interface == Interface::V1 { ["billdate", "bill_date"] } else { ["bill_date", "billdate"] };
    is_open_on(state, names.iter().find_map(|name| body.get(*name)?.as_str()).unwrap_or_default())
}

pub(super) fn is_open_on(state: &State, date: &str) -> Result<(), String> {
    let Some((open_from, tells)) = state.open_from else { return Ok(()) };
    match date.parse::<NaiveDate>() {
        Ok(date) if date < open_from && tells => {
            Err(format!("单据日期{date}所在会计期间已结账,单据日期不能早于{open_from}"))
        }
        Ok(date) if date < open_from => Err("单据日期所在会计期间已结账".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn check(
    state: &State,
    interface: Interface,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<(), String> {
    if let Some(known) = kinds::takes(interface, kind, Form::Save) {
        let unknown = unknown(interface, body, "", &|path| known.contains(path));
        unknown.map_or(Ok(()), |path| Err(format!("未知的参数{path}")))?;
    }
    if interface == Interface::V2 {
        typed(kind, body, "")?;
    }
    references(state, body)?;
    match kind.what {
        What::Bill(partner) => {
            date(body, interface)?;
            partner.map_or(Ok(()), |partner| has_partner(body, partner))?;
            if (interface, kind.name) == (Interface::V1, "pur_inbound") && !body.contains_key("transtype") {
                return Err("业务类型不能为空".to_owned());
            }
            let lines = lines(body, "material_entity")?;
            for (place, line) in lines.iter().enumerate() {
                let line = line.as_object().ok_or("商品分录格式错误")?;
                let checked = references(state, line)
                    .and_then(|()| entries::source(state, line))
                    .and_then(|()| check_line(state, line));
                checked.map_err(|why| format!("第{}行{why}", place + 1))?;
            }
            is_of_one_sign(lines)
        }
        What::Payment(partner) => {
            date(body, interface)?;
            has_partner(body, partner)?;
            if interface == Interface::V2 {
                for line in lines(body, "pay_entry_list")? {
                    decimal(line, "amount")?.ok_or("金额不能为空")?;
                }
            }
            Ok(())
        }
        What::BaseData | What::Stock => {
            if name_of(body).is_empty() {
                return Err("名称不能为空".to_owned());
            }
            if kind.name == MATERIAL && unit_of(body).is_empty() {
                return Err("基础资料\"unit\"字段不能为空".to_owned());
            }
            Ok(())
        }
    }
}

/// The first path that is none of the known ones.
fn unknown(
    interface: Interface,
    fields: &Map<String, Value>,
    prefix: &str,
    knows: &impl Fn(&str) -> bool,
) -> Option<String> {
    fields.iter().find_map(|(name, value)| {
        let path = format!("{prefix}{name}");
        // A tenant's own fields: beside the others in V1, in a map of their own in V2.
        let is_tenants = match interface {
            Interface::V1 => name.starts_with("custom_field"),
            Interface::V2 => matches!(&**name, "custom_field" | "custom_entity_field") && value.is_object(),
        };
        if is_tenants {
            return (interface == Interface::V2 && !knows(&path)).then_some(path);
        }
        match value {
            Value::Array(lines) => {
                let path = format!("{path}[]");
                let within = format!("{path}.");
                let lines = lines.iter().filter_map(Value::as_object);
                let inner = lines.filter_map(|line| unknown(interface, line, &within, knows)).next();
                if knows(&path) { inner } else { Some(path) }
            }
            Value::Object(inner) => unknown(interface, inner, &format!("{path}."), knows),
            _ => (!knows(&path)).then_some(path),
        }
    })
}

/// V2 tells types apart, as the SDK has them: a text in the place of a number is refused, and a number in that of a text.
fn typed(kind: Kind, fields: &Map<String, Value>, prefix: &str) -> Result<(), String> {
    for (name, value) in fields {
        let path = format!("{prefix}{name}");
        let is = |what| kinds::typed(kind, what).is_some_and(|paths| paths.contains(path.as_str()));
        let is_right = match value {
            Value::Array(lines) => {
                let within = format!("{path}[].");
                let mut lines = lines.iter().filter_map(Value::as_object);
                lines.try_for_each(|line| typed(kind, line, &within))?;
                true
            }
            // A tenant's fields are texts in a map.
            Value::Object(held) if name.starts_with("custom_") => held.values().all(Value::is_string),
            Value::Object(inner) => typed(kind, inner, &format!("{path}.")).map(|()| true)?,
            Value::Null => true,
            Value::String(_) => !is("number") && !is("flag"),
            Value::Number(_) => !is("text") && !is("flag"),
            Value::Bool(_) => !is("text") && !is("number"),
        };
        if !is_right {
            return Err(format!("proto: invalid value for type of {path}: {value}"));
        }
    }
    Ok(())
}

/// Ids are strings and exist, and so do numbers.
fn references(state: &State, fields: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in fields {
        let Some((kind, by_number)) = kinds::refers(name) else { continue };
        let text = value.as_str().ok_or_else(|| format!("参数{name}须为字符串: {value}"))?;
        let known = match by_number {
            true => state.numbered(kind, text).is_some(),
            false => state.record(kind, text).is_some(),
        };
        if !known {
            let name = if by_number { "number" } else { name };
            return Err(format!("参数{name}[{text}]不存在"));
        }
    }
    Ok(())
}

fn has_partner(body: &Map<String, Value>, kind: &str) -> Result<(), String> {
    let names = match kind {
        CUSTOMER => ["customerid_id", "customer_id", "customer_number"],
        SUPPLIER => ["supplierid_id", "supplier_id", "supplier_number"],
        _ => return Ok(()),
    };
    let has = names.iter().any(|name| body.contains_key(*name));
    if has { Ok(()) } else { Err(format!("参数{}不能为空", names[1])) }
}

fn check_line(state: &State, line: &Map<String, Value>) -> Result<(), String> {
    let of = |names: &[&str]| names.iter().find_map(|name| line.get(*name)?.as_str());
    let material = match of(&["materialid_id", "material_id"]) {
        Some(id) => state.record(MATERIAL, id),
        None => of(&["material_number"]).and_then(|number| state.numbered(MATERIAL, number)),
    };
    let material = material.ok_or("商品不能为空")?;
    let unit = of(&["unit_id"]).ok_or(r#"基础资料"unit"字段不能为空"#)?;
    if !material.units.iter().any(|linked| linked == unit) {
        return Err(r#"基础资料"unit"字段不能为空"#.to_owned());
    }
    let line = Value::Object(line.clone());
    if decimal(&line, "qty")?.ok_or("数量不能为空")?.is_zero() {
        return Err("数量不能为0".to_owned());
    }
    for price in ["price", "tax_price", "taxprice", "cess", "amount"] {
        decimal(&line, price)?;
    }
    Ok(())
}

/// A bill whose quantities are all negative takes another back (红字); one that mixes signs does not exist.
pub(super) fn is_of_one_sign(lines: &[Value]) -> Result<(), String> {
    let negative =
        lines.iter().map(|line| Ok(decimal(line, "qty")?.is_some_and(|qty| qty.is_sign_negative())));
    let negative: Vec<bool> = negative.collect::<Result<_, String>>()?;
    let is_mixed = negative.contains(&true) && negative.contains(&false);
    if is_mixed { Err("红字单据的数量必须全部为负数".to_owned()) } else { Ok(()) }
}

fn lines<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a Vec<Value>, String> {
    let lines = body.get(name).and_then(Value::as_array).filter(|lines| !lines.is_empty());
    lines.ok_or_else(|| format!("{name}不能为空"))
}

fn date(body: &Map<String, Value>, interface: Interface) -> Result<(), String> {
    let name = if interface == Interface::V1 { "billdate" } else { "bill_date" };
    let date = body.get(name).and_then(Value::as_str).ok_or("单据日期不能为空")?;
    let is_date = date.len() == 10 && NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok();
    if is_date { Ok(()) } else { Err(format!("单据日期格式错误: {date}")) }
}

fn decimal(line: &Value, name: &str) -> Result<Option<Decimal>, String> {
    let text = match line.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    text.parse().map(Some).map_err(|_| format!("参数{name}不是数字: {text}"))
}
