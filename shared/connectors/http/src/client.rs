//! The client: one call, and what its answer means.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{Class, Delivery, Failure, Metered, OutOfTime, Quota, Request, Transport, Use};
use relay_core::clock::{Clock, Deadline};

use crate::catalog::{DINGTALK_ROBOT, FEISHU_ROBOT, POST, WECOM_ROBOT};
use crate::settings::{Robot, Settings};
use crate::{VENDOR, error, request};

const MINUTE: Duration = Duration::from_secs(60);

/// So many messages at once: 飞书 takes 5 in a second, and the next one comes within it.
const BURST: u32 = 4;

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
    pub fn new(settings: Settings, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let quota = |calls: Option<NonZeroU32>, burst: u32| {
            let calls = calls.unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(burst.min(calls.get() / 2)).unwrap_or(NonZeroU32::MIN);
            Quota::new(VENDOR, calls, MINUTE, burst, clock.clone())
        };
        let messages = |robot: &Option<Robot>| robot.as_ref().map(|robot| robot.messages_per_minute);
        let calls = settings.post.as_ref().map(|post| post.calls_per_minute);
        let quotas = Quotas {
            post: quota(calls, calls.map_or(1, |calls| calls.get() / 10)),
            wecom: quota(messages(&settings.wecom), BURST),
            dingtalk: quota(messages(&settings.dingtalk), BURST),
            feishu: quota(messages(&settings.feishu), BURST),
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
                self.call(name, post, make, deadline, error::post).await
            }
            WECOM_ROBOT => {
                let robot = set(&self.settings.wecom, name)?;
                let read = |name: &str, answer: &_| error::robot(&error::WECOM, name, answer);
                self.call(name, wecom, || request::wecom(robot, delivery), deadline, read).await
            }
            DINGTALK_ROBOT => {
                let robot = set(&self.settings.dingtalk, name)?;
                let make = || request::dingtalk(robot, delivery, self.clock.now());
                let read = |name: &str, answer: &_| error::robot(&error::DINGTALK, name, answer);
                self.call(name, dingtalk, make, deadline, read).await
            }
            FEISHU_ROBOT => {
                let robot = set(&self.settings.feishu, name)?;
                let make = || request::feishu(robot, delivery, self.clock.now());
                let read = |name: &str, answer: &_| error::robot(&error::FEISHU, name, answer);
                self.call(name, feishu, make, deadline, read).await
            }
            other => {
                let message = format!("nothing is known of {other}");
                Err(Failure::in_our_words(VENDOR, other, Class::Refused, None, message))
            }
        }
    }

    /// Waits for its turn, and only then makes the request: its signature is of that moment.
    async fn call(
        &self,
        document: &'static str,
        quota: &Quota,
        make: impl FnOnce() -> Request,
        deadline: Deadline,
        read: impl FnOnce(&str, &relay_connector::Response) -> Result<Option<String>, Failure>,
    ) -> Result<Option<String>, Failure> {
        let operation = document.split_once('.').map_or(document, |(_, operation)| operation);
        let in_turn = quota.wait(Use::Push, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, operation))?;
        let answer = match self.transport.send(make().within(deadline)).await {
            Ok(response) => read(operation, &response),
            Err(error) => Err(Failure::transport(VENDOR, operation, &error)),
        };
        answer.map_err(|mut failure| {
            failure.redact(|text| self.settings.redacted(text));
            failure
        })
    }
}

fn set<'a, T>(settings: &'a Option<T>, document: &'static str) -> Result<&'a T, Failure> {
    settings.as_ref().ok_or_else(|| {
        let message = "its settings are not there: see HTTP_ in docs/settings.md";
        Failure::in_our_words(VENDOR, document, Class::Paused { until: None }, None, message)
    })
}
