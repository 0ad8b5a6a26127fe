//! Pushing documents.

use relay_connector::{Failure, Use, lenient};
use relay_core::clock::Deadline;
use serde_json::{Map, Value};

use crate::catalog::{self, Endpoint, Form};
use crate::client::Client;
use crate::error::{not_sent, refused_inside};
use crate::parameters::Parameters;
use crate::settings::Route;

impl Client {
    /// Pushes one order (创建原始订单). Pushing a `tid` again updates it.
    ///
    /// One order a call: the vendor accepts fifty, but what it says of one refused among them is not documented.
    /// `params` hold `shop_no`, and `switch` (0 lenient, 1 strict), which is sent as 0 where they do not.
    ///
    /// # Errors
    /// What the vendor's answer means; after an unknown outcome, [`find`](Self::find) tells.
    pub async fn push_trade(
        &self,
        params: &[(String, String)],
        trade: &Value,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        self.push(&catalog::TRADE_PUSH, params, trade, deadline).await
    }

    /// Pushes one document of any target of the catalog: in the form field that the endpoint wants, in a list
    /// where it wants one. A body that is a list already is sent as it is, up to the endpoint's batch.
    ///
    /// # Errors
    /// Refused, without a call, where the endpoint takes no documents or the body has the wrong shape;
    /// otherwise what the vendor's answer means.
    pub async fn push(
        &self,
        endpoint: &Endpoint,
        params: &[(String, String)],
        body: &Value,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let operation = endpoint.php;
        let mut parameters = Parameters::of(operation, params)?;
        for (name, value) in endpoint.defaults {
            if parameters.get(name).is_none() {
                parameters.set(name, value);
            }
        }
        match (endpoint.form, body) {
            (None, _) => return Err(not_sent(operation, "this document is read, not pushed")),
            (Some(Form::List { field, max_batch }), Value::Array(documents)) => {
                let pushed = documents.len();
                if documents.is_empty() || pushed > max_batch {
                    let message = format!("`{field}` takes 1 to {max_batch} documents a call, not {pushed}");
                    return Err(not_sent(operation, message));
                }
                parameters.json(field, body);
            }
            (Some(Form::List { field, .. }), Value::Object(_)) => {
                parameters.json(field, &Value::Array(vec![body.clone()]));
            }
            (Some(Form::Object { field }), Value::Object(_)) => parameters.json(field, body),
            (Some(Form::Fields), Value::Object(fields)) => set_fields(&mut parameters, operation, fields)?,
            (Some(_), _) => return Err(not_sent(operation, "the document is not a JSON object")),
        }
        let errors = self.call(Route::Direct, endpoint, parameters, Use::Push, deadline).await?.take_errors();
        if errors.is_empty() { Ok(()) } else { Err(refused_inside(operation, &errors)) }
    }
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
