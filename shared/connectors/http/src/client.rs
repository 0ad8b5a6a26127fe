//! The client: one call, and what its answer means.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{
    Class, Delivery, Failure, Metered, OutOfTime, Quota, Request, Surroundings, Told, Transport as _,
};
use relay_core::clock::{Clock, Deadline};
use relay_core::codec;
use secrecy::ExposeSecret as _;
use url::{Url, form_urlencoded};

use crate::catalog::{DINGTALK_ROBOT, FEISHU_ROBOT, POST, WECOM_ROBOT};
use crate::settings::{Robot, Settings};
use crate::{VENDOR, error, request};

const MINUTE: Duration = Duration::from_secs(60);

/// So many messages at once: 飞书 takes 5 in a second, and the next one comes within it.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// Sends to whatever the settings name. Each receiver has a quota of its own.
pub struct Client {
    pub(crate) settings: Settings,
    clock: Arc<dyn Clock>,
    transport: Metered,
    quotas: Quotas,
}

struct Quotas {
    post: Quota,
    wecom: Quota,
    dingtalk: Quota,
    feishu: Quota,
}

impl Client {
    /// A client for these settings.
    #[must_use]
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, .. } = surroundings.clone();
        let quota = |url: Option<&Url>, calls: Option<NonZeroU32>| {
            let (url, calls) = (url.map_or("", Url::as_str), calls.unwrap_or(NonZeroU32::MIN));
            Quota::new(VENDOR, &[url], calls, MINUTE, surroundings)
        };
        let robot = |name: &str, robot: &Option<Robot>| {
            let (token, calls) = match robot {
                Some(robot) => (robot.token.expose_secret(), robot.messages_per_minute),
                None => ("", NonZeroU32::MIN),
            };
            Quota::new(VENDOR, &[name, token], calls, MINUTE, surroundings).at_once(AT_ONCE)
        };
        let post = settings.post.as_ref();
        let quotas = Quotas {
            post: quota(post.map(|post| &post.url), post.map(|post| post.calls_per_minute)),
            wecom: robot(WECOM_ROBOT, &settings.wecom),
            dingtalk: robot(DINGTALK_ROBOT, &settings.dingtalk),
            feishu: robot(FEISHU_ROBOT, &settings.feishu),
        };
        let transport = Metered::new(VENDOR, transport, clock.clone());
        Self { settings, clock, transport, quotas }
    }

    /// Sends one document, and gives the receiver's id of it where it tells one.
    ///
    /// # Errors
    /// What the answer means. Paused, without a call, where the settings of its receiver are gone.
    pub async fn send(&self, delivery: &Delivery<'_>, deadline: Deadline) -> Result<Option<String>, Failure> {
        let Quotas { post, wecom, dingtalk, feishu } = &self.quotas;
        let name = delivery.document.name;
        match name {
            POST => {
                let settings = set(&self.settings.post, name)?;
                let make = || request::post(settings, delivery, self.clock.now());
                self.call(delivery, post, make, deadline, error::post).await
            }
            WECOM_ROBOT => {
                let robot = set(&self.settings.wecom, name)?;
                let read = |name: &str, answer: &_| error::robot(&error::WECOM, name, answer);
                self.call(delivery, wecom, || request::wecom(robot, delivery), deadline, read).await
            }
            DINGTALK_ROBOT => {
                let robot = set(&self.settings.dingtalk, name)?;
                let make = || request::dingtalk(robot, delivery, self.clock.now());
                let read = |name: &str, answer: &_| error::robot(&error::DINGTALK, name, answer);
                self.call(delivery, dingtalk, make, deadline, read).await
            }
            FEISHU_ROBOT => {
                let robot = set(&self.settings.feishu, name)?;
                let make = || request::feishu(robot, delivery, self.clock.now());
                let read = |name: &str, answer: &_| error::robot(&error::FEISHU, name, answer);
                self.call(delivery, feishu, make, deadline, read).await
            }
            other => {
                let message = format!("nothing is known of {other}");
                Err(Failure::in_our_words(VENDOR, other, Class::Refused, None, message))
            }
        }
    }

    /// The quota that documents of this name go by.
    pub(crate) fn quota_of(&self, document: &str) -> Option<&Quota> {
        let Quotas { post, wecom, dingtalk, feishu } = &self.quotas;
        match document {
            POST => Some(post),
            WECOM_ROBOT => Some(wecom),
            DINGTALK_ROBOT => Some(dingtalk),
            FEISHU_ROBOT => Some(feishu),
            _ => None,
        }
    }

    /// Waits for its turn, and only then makes the request: its signature is of that moment.
    async fn call(
        &self,
        delivery: &Delivery<'_>,
        quota: &Quota,
        make: impl FnOnce() -> Request,
        deadline: Deadline,
        read: impl FnOnce(&str, &relay_connector::Response) -> Result<Option<String>, Failure>,
    ) -> Result<Option<String>, Failure> {
        let document = delivery.document.name;
        let operation = document.split_once('.').map_or(document, |(_, operation)| operation);
        let in_turn = quota.wait(delivery.purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, operation))?;
        // Without what signs it, which stands in the address, in headers, or of 飞书 in the body.
        let told = Told {
            operation: operation.to_owned(),
            parameters: delivery.params.to_vec(),
            body: codec::json(delivery.body),
            hidden: Vec::new(),
        };
        // As they are, and as they stand in an address.
        let encoded = |secret: &str| form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let told =
            told.hiding(self.settings.secrets().flat_map(|secret| [secret.to_owned(), encoded(secret)]));
        let answer = match self.transport.send(make().told(told).within(deadline)).await {
            Ok(response) => read(operation, &response),
            Err(error) => Err(Failure::transport(VENDOR, operation, &error)),
        };
        answer.map_err(|failure| failure.hiding(|text| self.settings.redacted(text)))
    }
}

fn set<'a, T>(settings: &'a Option<T>, document: &'static str) -> Result<&'a T, Failure> {
    settings.as_ref().ok_or_else(|| {
        let message = "its settings are not there: see HTTP_ in docs/settings.md";
        Failure::in_our_words(VENDOR, document, Class::Paused { until: None }, None, message)
    })
}
