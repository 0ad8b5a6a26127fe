//! The parameters of queries and the fields of pushes: which there are, and which a push is refused without.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::Refusal;
use super::trades::text;
use crate::call::Params;

/// By its path, whether a push is refused without it.
type Fields = BTreeMap<&'static str, bool>;

static FIELDS: LazyLock<BTreeMap<&'static str, Fields>> = LazyLock::new(|| {
    let mut all: BTreeMap<_, Fields> = BTreeMap::new();
    let mut of = "";
    let lines = include_str!("data/fields.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some(field) = line.strip_prefix("  ") else {
            of = line;
            continue;
        };
        let (path, is_required) = field.strip_suffix(" *").map_or((field, false), |path| (path, true));
        all.entry(of).or_default().insert(path.strip_suffix("[]").unwrap_or(path), is_required);
    }
    all
});

/// The fields of an endpoint; an archive has those of its live query.
fn of(endpoint: &str) -> Option<&'static Fields> {
    FIELDS.get(endpoint.strip_prefix("his_").unwrap_or(endpoint))
}

/// Quantities, which are above nothing; a counted stock may be nothing.
const QUANTITIES: [&str; 2] = ["num", "stockin_num"];

/// Refuses parameters that the endpoint does not have, and misses those that it needs.
pub(super) fn check_params(endpoint: &str, params: &Params) -> Result<(), Refusal> {
    let Some(fields) = of(endpoint) else { return Ok(()) };
    if let Some(unknown) = params.keys().find(|name| !fields.contains_key(name.as_str())) {
        return Err(Refusal::new(100, format!("未知的参数: {unknown}")));
    }
    let is_missing = |path: &&str| !path.contains(['.', '[']) && !params.contains_key(*path);
    match required(fields).find(is_missing) {
        Some(missing) => Err(Refusal::new(100, format!("{missing}不能为空"))),
        None => Ok(()),
    }
}

fn required(fields: &Fields) -> impl Iterator<Item = &'static str> + '_ {
    fields.iter().filter(|(_, is_required)| **is_required).map(|(path, _)| *path)
}

/// What is wrong with an object that stands at that path of a push: `stockin_info`, `goods_list[]`.
pub(super) fn check(endpoint: &str, at: &str, object: &Map<String, Value>) -> Result<(), String> {
    let Some(fields) = of(endpoint) else { return Ok(()) };
    let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    if let Some(unknown) = object.keys().find(|name| !fields.contains_key(path(name).as_str())) {
        return Err(format!("未知的字段: {}", path(unknown)));
    }
    let is_here = |name: &str| !name.contains(['.', '[']);
    let own = required(fields).filter_map(|each| match at.is_empty() {
        true => Some(each),
        false => each.strip_prefix(at)?.strip_prefix('.'),
    });
    if let Some(missing) = own.filter(|name| is_here(name)).find(|name| is_nothing(object.get(*name))) {
        return Err(format!("{}不能为空", path(missing)));
    }
    for (name, value) in object {
        match value {
            Value::Object(inner) => check(endpoint, &path(name), inner)?,
            Value::Array(lines) => {
                for line in lines {
                    let line = line.as_object().ok_or_else(|| format!("{}结构异常", path(name)))?;
                    check(endpoint, &format!("{}[]", path(name)), line)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What is wrong with the quantities of a document's lines.
pub(super) fn check_quantities(object: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in object {
        for line in value.as_array().into_iter().flatten().filter_map(Value::as_object) {
            check_quantities(line)?;
        }
        let quantity = || text(object, name).and_then(|text| text.parse::<Decimal>().ok());
        let is_quantity = QUANTITIES.contains(&name.as_str());
        if is_quantity && quantity().is_none_or(|quantity| quantity <= Decimal::ZERO) {
            return Err(format!("{name}必须是大于0的数字"));
        }
    }
    Ok(())
}

fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(lines)) => lines.is_empty(),
        Some(_) => false,
    }
}
