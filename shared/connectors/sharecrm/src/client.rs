//! The push, and the one refresh of a refused token.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Class, Failure, Metered, OutOfTime, Quota, Rejection, Request, TokenKeeper, TokenStore, Transport, Use,
    count_failure, lenient,
};
use relay_core::clock::{Clock, Deadline, Rng};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::VENDOR;
use crate::envelope::Envelope;
use crate::error;
use crate::settings::Settings;
use crate::token::{LARGEST_ANSWER, LONGEST_LIFE, Session};

/// What the vendor allows in a minute.
const TOKEN_CALLS: NonZeroU32 = NonZeroU32::new(10).unwrap();

const PUSH: &str = "cgi/crm/erp/syncdata/objdata/push";

/// An enterprise in ShareCRM.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) keeper: TokenKeeper,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) token_quota: Quota,
    transport: Metered,
    push_quota: Quota,
}

impl Client {
    /// A client that shares its access token through `store`.
    #[must_use]
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        store: Arc<dyn TokenStore>,
    ) -> Self {
        let quota = |calls: NonZeroU32, seconds, burst| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Quota::new(VENDOR, calls, Duration::from_secs(seconds), burst, clock.clone())
        };
        let pushes = settings.pushes_in_20_seconds;
        let push_quota = quota(pushes, 20, pushes.get() / 4);
        let token_quota = quota(TOKEN_CALLS, 60, 5);
        // The permanent code says which enterprise it is: with another code, the token of the former is not to be used.
        let code = settings.permanent_code.expose_secret();
        let account = [settings.base_url.as_str(), &settings.app_id, code];
        let keeper = TokenKeeper::new(VENDOR, &account, LONGEST_LIFE, store, clock.clone());
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, keeper, clock, rng, token_quota, transport, push_quota }
    }

    /// Pushes one record with its details, the fields of `sharecrm.objdata_push`, and returns the vendor's trace id.
    /// Success means that the platform has accepted it, not yet that the CRM object is written, unless the document
    /// says `directSync`.
    ///
    /// # Errors
    /// [`Class::Refused`] without sending anything where the document lacks what the platform knows it by, or is too
    /// large.
    pub async fn push(&self, document: &Value, deadline: Deadline) -> Result<String, Failure> {
        check(document)?;
        let body = json!({ "data": document }).to_string().into_bytes();
        let (size, limit) = (body.len(), self.settings.max_body_bytes);
        if size > limit {
            return Err(refused(format!(
                "the body has {size} bytes, more than the limit of {limit}: send fewer details"
            )));
        }
        self.pushed(body, deadline).await.inspect_err(count_failure)
    }

    /// Once, and once more with a new token where the token was refused.
    async fn pushed(&self, body: Vec<u8>, deadline: Deadline) -> Result<String, Failure> {
        let session = self.session(None, deadline).await?;
        match self.post(&session, body.clone(), deadline).await {
            Err(Rejection::Token(failure)) => {
                tracing::info!(
                    vendor = VENDOR,
                    code = relay_connector::failure::code_for_logs(failure.code.as_deref()),
                    "the access token is refused: fetching a new one"
                );
                let renewed = self.session(Some(&session.token), deadline).await?;
                self.post(&renewed, body, deadline).await.map_err(Rejection::into_failure)
            }
            answer => answer.map_err(Rejection::into_failure),
        }
    }

    async fn post(&self, session: &Session, body: Vec<u8>, deadline: Deadline) -> Result<String, Rejection> {
        let in_turn = self.push_quota.wait(Use::Push, deadline).await;
        in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, PUSH)))?;
        let trace: Uuid = self.rng.uuid();
        let bearer = format!("Bearer {}", session.token.value.expose_secret());
        let mut request = Request::post(self.settings.endpoint(PUSH, trace), "application/json", body)
            .within(deadline)
            .answer_up_to(LARGEST_ANSWER)
            .header("authorization", bearer)
            .header("x-fs-ea", &session.ea)
            .header("x-fs-userid", &self.settings.user_id);
        for (name, value) in &self.settings.extra_headers {
            request = request.header(name.clone(), value);
        }
        let answer = self.exchange(PUSH, request, Some(&session.token.value)).await?;
        let trace_id = answer.trace_id.unwrap_or_else(|| trace.to_string());
        tracing::debug!(vendor = VENDOR, trace_id, "pushed");
        Ok(trace_id)
    }

    /// One request, and what its answer means.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        request: Request,
        token: Option<&SecretString>,
    ) -> Result<Envelope, Rejection> {
        let answer = match self.transport.send(request).await {
            Ok(response) => error::read(operation, &response, self.clock.now()),
            Err(error) => Err(Rejection::Other(Failure::transport(VENDOR, operation, &error))),
        };
        answer.map_err(|mut rejection| {
            let failure = rejection.failure_mut();
            failure.message = self.settings.redacted(&failure.message, token);
            rejection
        })
    }
}

/// What the platform's standard format cannot do without, although the vendor's page marks it as optional.
fn check(document: &Value) -> Result<(), Failure> {
    for (name, way_out) in [
        ("objAPIName", "name the ERP object in the flow"),
        ("dataCenterId", "set SHARECRM_DATA_CENTER_ID"),
        ("id", "map the source document's key to it"),
    ] {
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

fn refused(message: String) -> Failure {
    Failure::new(VENDOR, PUSH, Class::Refused, None, message)
}
