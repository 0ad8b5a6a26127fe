//! What is sent, in V2's form: parameters of a query, a tenant's own fields in their maps, and values as they are typed.

use std::collections::BTreeMap;

use relay_connector::{Document, Field, Kind, field, lenient};
use relay_core::ordered;
use serde_json::{Map, Number, Value};

/// What a tenant's own fields begin with. The map that holds those of the head is called so, too.
const TENANT_FIELD: &str = "custom_field";
/// The map that holds those of a line.
const OF_A_LINE: &str = "custom_entity_field";

/// Parameters as they stand in a query. What holds nothing is left out.
pub(super) fn query(parameters: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), lenient::text(value)?));
    ordered::map(parameters.iter().filter_map(text).filter(|(_, value)| !value.is_empty()))
}

/// A document as it is saved: the tenant's fields stand where V2 reads them, which a flow writes as V1 has them, beside the
/// others; and each value is typed as the vendor's SDK types it.
///
/// # Errors
/// Where something stands in the place of the tenant's map that is none: the fields would be lost.
pub(super) fn saved(document: &Document, body: &Value) -> Result<Value, String> {
    let mut body = body.clone();
    gather(&mut body, TENANT_FIELD)?;
    as_typed(document.fields(), &mut body);
    Ok(body)
}

/// Writes each value of an object as the SDK types its field. What reads it behind the gateway tells types apart: a number
/// is refused where it wants text (`invalid value for string type: 0.39`, seen for the prices of a purchase order), and
/// what is typed `double` or `int` is a number in the calls of everybody who is known to save such bills.
fn as_typed(known: &[Field], object: &mut Value) {
    let Value::Object(fields) = object else { return };
    for (name, value) in fields {
        let Some(field) = field(known, name) else { continue };
        match field.kind {
            Kind::List(inner) => {
                value.as_array_mut().into_iter().flatten().for_each(|line| as_typed(inner, line));
            }
            Kind::Object(inner) => as_typed(inner, value),
            Kind::Map => {
                value.as_object_mut().into_iter().for_each(|held| held.values_mut().for_each(as_text));
            }
            Kind::Integer => as_number(value),
            Kind::Decimal if field.is_number => as_number(value),
            _ => {}
        }
    }
}

/// A text of digits as a number of JSON, to the last digit.
fn as_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<Number>().ok()) {
        *value = Value::Number(number);
    }
}

/// The values of a tenant's map are texts.
fn as_text(value: &mut Value) {
    if let Value::Bool(_) | Value::Number(_) = value {
        *value = Value::String(value.to_string());
    }
}

fn is_tenants(name: &str) -> bool {
    name.len() > TENANT_FIELD.len() && name.starts_with(TENANT_FIELD)
}

/// Moves the tenant's fields of an object into its map of that name, and those of its lines into theirs.
fn gather(value: &mut Value, map: &str) -> Result<(), String> {
    let Value::Object(fields) = value else { return Ok(()) };
    let tenants: Vec<String> = fields.keys().filter(|name| is_tenants(name)).cloned().collect();
    let moved: Vec<_> = tenants.into_iter().filter_map(|name| fields.remove_entry(&name)).collect();
    for lines in fields.values_mut().filter_map(Value::as_array_mut) {
        lines.iter_mut().try_for_each(|line| gather(line, OF_A_LINE))?;
    }
    if moved.is_empty() {
        return Ok(());
    }
    let held = fields.entry(map).or_insert(Value::Null);
    if held.is_null() {
        *held = Value::Object(Map::new());
    }
    let Value::Object(held) = held else {
        let names: Vec<_> = moved.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!(
            "`{map}` is no map, so that {} cannot stand in it: leave `{map}` out of the flow",
            names.join(", ")
        ));
    };
    held.extend(moved);
    Ok(())
}
