//! What is sent, in V2's form: parameters of a query, and a tenant's own fields in their maps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use relay_connector::lenient;
use relay_core::ordered;
use serde_json::{Map, Value};

/// What a tenant's own fields begin with. The map that holds those of the head is called so, too.
const TENANT_FIELD: &str = "custom_field";
/// The map that holds those of a line.
const OF_A_LINE: &str = "custom_entity_field";

/// Parameters as they stand in a query. What holds nothing is left out.
pub(super) fn query(parameters: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), lenient::text(value)?));
    ordered::map(parameters.iter().filter_map(text).filter(|(_, value)| !value.is_empty()))
}

/// A document whose tenant's fields stand where V2 reads them: a flow writes them as V1 has them, beside the others.
///
/// # Errors
/// Where something stands in the place of their map that is none: they would be lost.
pub(super) fn saved(body: &Value) -> Result<Cow<'_, Value>, String> {
    if !has_tenant_fields(body) {
        return Ok(Cow::Borrowed(body));
    }
    let mut body = body.clone();
    gather(&mut body, TENANT_FIELD)?;
    Ok(Cow::Owned(body))
}

fn is_tenants(name: &str) -> bool {
    name.len() > TENANT_FIELD.len() && name.starts_with(TENANT_FIELD)
}

fn has_tenant_fields(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| match value {
            // What stands in a map already is where it belongs.
            _ if name == TENANT_FIELD || name == OF_A_LINE => false,
            Value::Array(lines) => lines.iter().any(has_tenant_fields),
            _ => is_tenants(name),
        }),
        _ => false,
    }
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
