//! A recorded test as text of a test file.

use relay_mapping::Mapped;
use serde_json::Value;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::{Expected, Recorded};

/// The test, under a head of its own: it goes to the end of the flow's test file.
pub(super) fn test(recorded: &Recorded) -> String {
    let mut test = Table::new();
    test.insert("name", value(recorded.name.as_str()));
    test.insert("document", json_text(&recorded.document));
    match &recorded.expected {
        Expected::Filtered => _ = test.insert("nothing", value("filtered")),
        Expected::Nothing => _ = test.insert("nothing", value(true)),
        Expected::Brings { group, brings } => {
            test.insert("group", value(group.as_str()));
            test.extend(item(brings).map(|brings| ("brings", brings)));
        }
        Expected::Faults(faults) => _ = test.insert("faults", value(faults.iter().collect::<Array>())),
        Expected::Request(Mapped { body, params, .. }) => {
            if !params.is_empty() {
                let params: InlineTable =
                    params.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                test.insert("params", value(params));
            }
            test.extend(item(body).map(|body| ("request", body)));
        }
    }
    if !recorded.settings.is_empty() {
        let settings = recorded.settings.iter().map(|(name, text)| (name.as_str(), value(text.as_str())));
        test.insert("settings", Item::Table(Table::from_iter(settings)));
    }
    let mut lookups = Table::new();
    lookups.set_implicit(true);
    for (key, id) in &recorded.lookups {
        let table = lookups.entry(&key.table).or_insert_with(|| Item::Table(Table::new()));
        if let Some(table) = table.as_table_mut() {
            table.insert(&key.key, value(id.as_str()));
        }
    }
    if !lookups.is_empty() {
        test.insert("lookups", Item::Table(lookups));
    }
    let mut file = DocumentMut::new();
    file.insert("test", Item::ArrayOfTables(ArrayOfTables::from_iter([test])));
    let remarks: String = recorded.remarks.iter().map(|remark| format!("# {remark}\n")).collect();
    format!("\n{remarks}{}", file.to_string().trim_start())
}

/// A document as a text over several lines.
fn json_text(document: &Value) -> Item {
    let text = format!("{document:#}");
    let literal = format!("'''\n{text}\n'''");
    // A text that ends the literal early, or holds what none may, is written with escapes.
    literal.parse::<toml_edit::Value>().map_or_else(|_| value(text), Item::Value)
}

/// A part of the request; `None` for what TOML does not know.
fn item(json: &Value) -> Option<Item> {
    match json {
        Value::Object(fields) => {
            let mut table = Table::new();
            // Values before tables: what follows the head of a table belongs to it.
            let is_table = |value: &Value| value.is_object() || is_list_of_objects(value);
            let (tables, values): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| is_table(value));
            table.extend(
                values.into_iter().chain(tables).filter_map(|(name, value)| Some((name, item(value)?))),
            );
            Some(Item::Table(table))
        }
        Value::Array(items) if is_list_of_objects(json) => {
            let tables = items.iter().filter_map(|line| item(line)?.into_table().ok());
            Some(Item::ArrayOfTables(tables.collect()))
        }
        _ => inline(json).map(Item::Value),
    }
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object))
}

fn inline(json: &Value) -> Option<toml_edit::Value> {
    match json {
        Value::Null => None,
        Value::Bool(flag) => Some((*flag).into()),
        // With every digit that it has.
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => Some(text.as_str().into()),
        Value::Array(items) => Some(items.iter().filter_map(inline).collect::<Array>().into()),
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some((name.as_str(), inline(value)?)));
            Some(fields.collect::<InlineTable>().into())
        }
    }
}
