//! How documents stand in the form of a push.

use relay_connector::{Failure, lenient};
use serde_json::{Map, Value};

use crate::catalog::{Endpoint, Form};
use crate::error::not_sent;
use crate::parameters::Parameters;
use crate::settings::Route;

/// The parameters of a call that pushes these documents: in the form field that the endpoint wants, in a list where it
/// wants one.
///
/// # Errors
/// Refused where the endpoint takes no documents, or not so many, or one of them is no JSON object.
pub(crate) fn filled(
    endpoint: &Endpoint,
    route: Route,
    params: &[(String, String)],
    documents: &[&Value],
) -> Result<Parameters, Failure> {
    let operation = endpoint.operation(route);
    let mut parameters = Parameters::of(operation, params, endpoint.document.defaults)?;
    if route == Route::Qimen {
        endpoint.direct_alone.iter().for_each(|name| parameters.set(name, ""));
    }
    if !documents.iter().all(|document| document.is_object()) {
        return Err(not_sent(operation, "the document is not a JSON object"));
    }
    if let Some(message) = documents.iter().find_map(|document| too_long(endpoint, document)) {
        return Err(not_sent(operation, message));
    }
    match (endpoint.form, documents) {
        (None, _) => return Err(not_sent(operation, "this document is read, not pushed")),
        (Some(Form::List { field }), documents) => {
            parameters.json(field, &documents.iter().copied().cloned().collect());
        }
        (Some(Form::Object { field }), [document]) => parameters.json(field, document),
        (Some(Form::Fields), [Value::Object(fields)]) => set_fields(&mut parameters, operation, fields)?,
        (Some(_), _) => return Err(not_sent(operation, "it takes one document a call")),
    }
    Ok(parameters)
}

/// What is wrong with a document of more lines than one call takes.
fn too_long(endpoint: &Endpoint, document: &Value) -> Option<String> {
    let (list, most) = endpoint.document.push?.lines?;
    let lines = document.get(list)?.as_array()?.len();
    (lines > most).then(|| {
        format!(
            "`{list}` has {lines} lines, and one call takes {most}: let the flow's `where` choose fewer, or divide the \
             document in the source"
        )
    })
}

/// Spreads a document over form fields of its own; what is nested travels as JSON in its field.
fn set_fields(
    parameters: &mut Parameters,
    operation: &str,
    fields: &Map<String, Value>,
) -> Result<(), Failure> {
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Bool(flag) => parameters.set(name, if *flag { "1" } else { "0" }),
            Value::Array(_) | Value::Object(_) => parameters.json(name, value),
            Value::Number(_) | Value::String(_) => {
                parameters.plain(operation, name, &lenient::text(value).unwrap_or_default())?;
            }
        }
    }
    Ok(())
}
