//! Records: pushing one, and ShareCRM as a target of flows.

use async_trait::async_trait;
use relay_connector::settings::keys;
use relay_connector::{
    Class, Delivery, Document, Failure, Found, OutOfTime, Pass, Quota, Rejection, Request, Target, Told, Use,
    count_failure, lenient,
};
use relay_core::clock::Deadline;
use relay_core::codec;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::VENDOR;
use crate::catalog::NON_STANDARD;
use crate::client::Client;
use crate::session::{Enterprise, LARGEST_ANSWER};

const PUSH: &str = "cgi/crm/erp/syncdata/objdata/push";

impl Client {
    /// Pushes one record with its details, the fields of `sharecrm.objdata_push`, and returns the vendor's trace id.
    /// Success means that the platform has accepted it, not yet that the CRM object is written, unless the document
    /// says `directSync`.
    ///
    /// # Errors
    /// [`Class::Refused`] without sending anything where the document lacks what the platform knows it by, or is too
    /// large.
    pub async fn push(&self, document: &Value, deadline: Deadline) -> Result<String, Failure> {
        check(document)?;
        self.send(Use::Push, json!({ "data": document }), deadline).await
    }

    async fn push_one(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<String, Failure> {
        match delivery.document.name {
            NON_STANDARD => check_custom(delivery.body)?,
            _ => check(delivery.body)?,
        }
        let mut body = json!({ "data": delivery.body });
        for (name, value) in delivery.params {
            body[name] = flag(name, value)?;
        }
        self.send(delivery.purpose, body, deadline).await
    }

    async fn send(&self, purpose: Use, body: Value, deadline: Deadline) -> Result<String, Failure> {
        let body = codec::json(&body).into_bytes();
        let (size, limit) = (body.len(), self.settings.max_body_bytes);
        if size > limit {
            return Err(refused(format!(
                "the body has {size} bytes, more than the limit of {limit}: send fewer details"
            )));
        }
        let push = |pass| self.post(pass, purpose, body.clone(), deadline);
        self.session.with_token(self, deadline, push).await.inspect_err(count_failure)
    }

    async fn post(
        &self,
        pass: Pass<Enterprise>,
        purpose: Use,
        body: Vec<u8>,
        deadline: Deadline,
    ) -> Result<String, Rejection> {
        let in_turn = self.push_quota.wait(purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, PUSH)))?;
        let trace: Uuid = self.rng.uuid();
        let Pass { token, facts: enterprise } = pass;
        let bearer = format!("Bearer {}", token.expose_secret());
        let told = Told {
            operation: PUSH.to_owned(),
            parameters: Vec::new(),
            body: String::from_utf8_lossy(&body).into_owned(),
            hidden: keys(&self.settings.extra_headers).chain([&token]).cloned().collect(),
        };
        let mut request = Request::post(self.settings.endpoint(PUSH, trace), "application/json", body)
            .told(told)
            .within(deadline)
            .answer_up_to(LARGEST_ANSWER)
            .header("authorization", bearer)
            .header("x-fs-ea", enterprise.ea)
            .header("x-fs-userid", &self.settings.user_id);
        for (name, value) in &self.settings.extra_headers {
            request = request.header(name.clone(), value.expose_secret());
        }
        let answer = self.exchange(PUSH, request, Some(&token)).await?;
        let trace_id = answer.trace_id.unwrap_or_else(|| trace.to_string());
        tracing::debug!(vendor = VENDOR, trace_id, "pushed");
        Ok(trace_id)
    }
}

#[async_trait]
impl Target for Client {
    /// The record's id is our own; what the push answers is only a trace.
    async fn deliver(
        &self,
        batch: &[Delivery<'_>],
        deadline: Deadline,
    ) -> Vec<Result<Option<String>, Failure>> {
        let mut delivered = Vec::with_capacity(batch.len());
        for delivery in batch {
            let pushed = self.push_one(delivery, deadline).await;
            delivered.push(pushed.map(|_trace_id| delivery.number()));
        }
        delivered
    }

    fn quota(&self, _document: &'static Document) -> Option<&Quota> {
        Some(&self.push_quota)
    }

    /// The push interface cannot be asked; the same id again updates the same record.
    async fn find(&self, _delivery: &Delivery<'_>, _deadline: Deadline) -> Result<Found, Failure> {
        Ok(Found::CannotBeAsked)
    }
}

const OBJECT: (&str, &str) = ("objAPIName", "name the ERP object in the flow");
const DATA_CENTER: (&str, &str) = ("dataCenterId", "set SHARECRM_DATA_CENTER_ID");
const ID: (&str, &str) = ("id", "map the source document's key to it");

/// What the platform's standard format cannot do without, although the vendor's page marks it as optional.
fn check(document: &Value) -> Result<(), Failure> {
    check_fields(document, &[OBJECT, DATA_CENTER, ID])
}

/// Any data (vendor's page), but with an `id` it would be read as a record in the standard format.
fn check_custom(document: &Value) -> Result<(), Failure> {
    if document.get("id").is_some() {
        let way = "a push in the non-standard format has no id: call the field otherwise, or push a record";
        return Err(refused(way.to_owned()));
    }
    check_fields(document, &[])
}

fn check_fields(document: &Value, needed: &[(&str, &str)]) -> Result<(), Failure> {
    for (name, way_out) in needed {
        if lenient::field(document, name).is_none() {
            return Err(refused(format!("the document has no {name}: {way_out}")));
        }
    }
    let is_direct = lenient::flag(document, "directSync") == Some(true);
    if is_direct && lenient::field(document, "destObjectApiName").is_none() {
        return Err(refused(
            "the document has directSync without destObjectApiName: name the CRM object in the flow"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What stands beside `data` is true or false.
fn flag(name: &str, value: &str) -> Result<Value, Failure> {
    let flag: Option<bool> = value.parse().ok();
    flag.map(Value::from).ok_or_else(|| refused(format!("the flow's parameter {name} expects true or false")))
}

fn refused(message: String) -> Failure {
    Failure::new(VENDOR, PUSH, Class::Refused, None, message)
}
