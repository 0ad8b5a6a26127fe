//! The calls, and the one refresh of a refused token.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Class, Failure, Metered, OutOfTime, Quota, Rejection, Request, TokenKeeper, TokenStore, Transport, Use,
    count_failure, lenient,
};
use relay_core::clock::{Clock, Deadline};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::envelope::saved_id;
use crate::error;
use crate::settings::Settings;
use crate::token::{LIFE, Session};
use crate::{VENDOR, catalog};

/// A tenant of Kingdee.
pub struct Client {
    pub(crate) settings: Settings,
    pub(crate) keeper: TokenKeeper,
    pub(crate) clock: Arc<dyn Clock>,
    transport: Metered,
    quota: Quota,
}

impl Client {
    /// A client that shares its access token through `store`.
    #[must_use]
    pub fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn TokenStore>,
    ) -> Self {
        // Some calls at once, so that a few documents are done quickly; the more, the slower the others that follow.
        let burst = NonZeroU32::new(settings.calls_per_minute.get() / 6).unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::new(VENDOR, settings.calls_per_minute, Duration::from_secs(60), burst, clock.clone());
        let account_id = settings.account_id.as_deref().unwrap_or_default();
        let account = [settings.base_url.as_str(), &settings.client_id, &settings.username, account_id];
        let keeper = TokenKeeper::new(VENDOR, &account, LIFE, store, clock.clone());
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, keeper, clock, transport, quota }
    }

    /// Saves a bill, such as `sal_order_save`, exactly as `body` gives it, and returns its record id (19 digits).
    ///
    /// # Errors
    /// [`Class::Exists`] where the vendor says that something is there already: the bill, as a rule, which
    /// [`Client::find`] tells; but a good that is on two lines too. [`Class::Refused`] without sending
    /// anything where the document is no target of the [`catalog`], or has no `billno`.
    pub async fn save(&self, document: &str, body: &Value, deadline: Deadline) -> Result<String, Failure> {
        let refused = |message: String| Failure::new(VENDOR, document, Class::Refused, None, message);
        let path = catalog::target_path(document)
            .ok_or_else(|| refused("is no document of the catalog that can be saved".to_owned()))?;
        let billno = lenient::field(body, "billno").ok_or_else(|| {
            refused(
                "the document has no billno: without our own number a lost answer cannot be asked after"
                    .to_owned(),
            )
        })?;
        match self.call(path, body, Use::Push, deadline).await {
            Ok(data) => match saved_id(&data) {
                Some(id) => Ok(id),
                None => self.saved_without_id(document, path, &billno, deadline).await,
            },
            Err(failure) => Err(failure),
        }
    }

    /// The record id of the sales order (销售订单) with our number, if it is there.
    ///
    /// # Errors
    /// Where the orders cannot be listed: nothing is said about the order then.
    pub async fn find_sal_order(&self, billno: &str, deadline: Deadline) -> Result<Option<String>, Failure> {
        self.find("sal_order_save", billno, deadline).await
    }

    async fn saved_without_id(
        &self,
        document: &str,
        path: &str,
        billno: &str,
        deadline: Deadline,
    ) -> Result<String, Failure> {
        let unknown = |why: String| {
            let message = format!("success without an id for bill {billno}, and {why}");
            Failure::new(VENDOR, path, Class::Unknown, None, message)
        };
        match self.find(document, billno, deadline).await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(unknown("the list does not show it yet".to_owned())),
            // Whatever stopped the question, the bill itself may be there.
            Err(failure) => Err(unknown(failure.in_full())),
        }
    }

    /// A business call: once, and once more with a new token where the token was refused.
    pub(crate) async fn call(
        &self,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        self.called(path, body, purpose, deadline).await.inspect_err(count_failure)
    }

    async fn called(
        &self,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        let session = self.session(None, deadline).await?;
        match self.post(&session, path, body, purpose, deadline).await {
            Err(Rejection::Token(failure)) => {
                tracing::info!(
                    vendor = VENDOR,
                    path,
                    code = relay_connector::failure::code_for_logs(failure.code.as_deref()),
                    "the access token may be refused: fetching a new one"
                );
                let renewed = self.session(Some(&session.token), deadline).await?;
                self.post(&renewed, path, body, purpose, deadline).await.map_err(Rejection::into_failure)
            }
            answer => answer.map_err(Rejection::into_failure),
        }
    }

    async fn post(
        &self,
        session: &Session,
        path: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Value, Rejection> {
        let token = &session.token.value;
        let url = self.settings.endpoint(path, &[("access_token", token.expose_secret())]);
        let request = Request::post(url, "application/json", body.to_string().into_bytes())
            .header("accountId", &session.account.account_id)
            .header("groupName", &session.account.group_name)
            .within(deadline);
        self.exchange(path, request, purpose, Some(token)).await
    }

    /// One request under the quota, before its deadline, and what its answer means.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        request: Request,
        purpose: Use,
        token: Option<&SecretString>,
    ) -> Result<Value, Rejection> {
        let in_turn = self.quota.wait(purpose, request.deadline).await;
        in_turn.map_err(|OutOfTime| Rejection::Other(Failure::out_of_time(VENDOR, operation)))?;
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
