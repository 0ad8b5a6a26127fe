//! Our calls to Qince: signed over the exact bytes that are sent, at the time of the sending.
//!
//! Source: `https://api.waiqin365.com/SERVER/sys/basic_introduction.html`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_connector::{
    Class, Failure, Metered, OutOfTime, Quota, Request, Surroundings, Told, Transport as _, Use, VendorTime,
    china, count_failure,
};
use relay_core::clock::{Clock, Deadline, Rng};
use relay_core::codec;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use crate::catalog::{self, Path};
use crate::envelope::Envelope;
use crate::settings::Calls;
use crate::{VENDOR, error, sign};

const MINUTE: Duration = Duration::from_secs(60);

/// One enterprise in Qince, as one pair of openid and appkey reaches it.
pub struct Client {
    settings: Calls,
    transport: Metered,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    pub(crate) quota: Quota,
    pub(crate) time: VendorTime,
}

impl Client {
    /// A client of that enterprise.
    #[must_use]
    pub fn new(settings: Calls, surroundings: &Surroundings) -> Self {
        let Surroundings { transport, clock, rng, .. } = surroundings.clone();
        let account = [settings.base_url.as_str(), &settings.openid];
        let quota = Quota::new(VENDOR, &account, settings.calls_per_minute, MINUTE, surroundings);
        let transport = Metered::new(VENDOR, transport, clock.clone());
        let time = VendorTime::new(VENDOR, clock.clone());
        Self { settings, transport, clock, rng, quota, time }
    }

    /// What lies between two calls when there is always one more to make.
    pub(crate) fn interval(&self) -> Duration {
        MINUTE / self.settings.calls_per_minute.get()
    }

    /// Makes the call that reads or writes a document, and opens its answer. One that may have been refused for our clock is
    /// made once more by the vendor's.
    ///
    /// # Errors
    /// What the answer, or the lack of one, means. Paused, without a call, where its path is not set.
    pub(crate) async fn call(
        &self,
        document: &str,
        body: &Value,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Envelope, Failure> {
        let path = self.path(document)?;
        let body = codec::json(body);
        let is_of_us = |failure: &Failure| failure.class == Class::Paused { until: None };
        let call = |correction| self.call_by(correction, &path, &body, purpose, deadline);
        self.time.signed(is_of_us, call).await.inspect_err(count_failure)
    }

    fn path(&self, document: &str) -> Result<String, Failure> {
        let missing = |message: String| {
            Failure::in_our_words(VENDOR, document, Class::Paused { until: None }, None, message)
        };
        match catalog::path(document) {
            Some(Path::Known(path)) => Ok(path.to_owned()),
            Some(Path::Setting(name)) => {
                let path = self.settings.paths.get(name).cloned();
                path.ok_or_else(|| {
                    missing(format!("its path is not public: ask 勤策 for it, and set {name}"))
                })
            }
            None => {
                Err(Failure::in_our_words(VENDOR, document, Class::Refused, None, "there is no call for it"))
            }
        }
    }

    async fn call_by(
        &self,
        correction: TimeDelta,
        path: &str,
        body: &str,
        purpose: Use,
        deadline: Deadline,
    ) -> Result<Envelope, Failure> {
        let operation = path.rsplit('/').next().unwrap_or(path).to_owned();
        let in_turn = self.quota.wait(purpose, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, operation.as_str()))?;
        let request = self.request(path, &operation, body, self.clock.now() + correction).within(deadline);
        let began = self.clock.monotonic();
        let answer = match self.transport.send(request).await {
            Ok(response) => {
                // A page of something that stands between may bear any time.
                let dated = (200..300).contains(&response.status);
                let as_of = dated.then(|| self.time.note(began, response.date)).flatten();
                error::read(&operation, &response).map(|envelope| envelope.told_as_of(as_of))
            }
            Err(error) => Err(Failure::transport(VENDOR, operation.as_str(), &error)),
        };
        answer.map_err(|failure| failure.hiding(|text| self.settings.redacted(text)))
    }

    /// `{base}/api/{path}/{openid}/{timestamp}/{digest}/{msg_id}`.
    fn request(&self, path: &str, operation: &str, body: &str, now: DateTime<Utc>) -> Request {
        let timestamp = now.with_timezone(&china::zone()).format("%Y%m%d%H%M%S").to_string();
        let digest = sign::call_digest(body.as_bytes(), self.settings.appkey.expose_secret(), &timestamp);
        let msg_id = self.rng.uuid().to_string();
        let parts = [&self.settings.openid, &timestamp, &digest, &msg_id];
        let url = address(&self.settings.base_url, path, &parts);
        let told = Told {
            operation: operation.to_owned(),
            parameters: Vec::new(),
            body: body.to_owned(),
            hidden: vec![self.settings.appkey.clone()],
        };
        Request::post(url, "application/json", body.as_bytes().to_vec()).told(told.hiding([digest.clone()]))
    }
}

/// The address of a call. Consoles print the base with and without the `/api` at its end.
fn address(base: &Url, path: &str, parts: &[&String]) -> Url {
    let mut url = base.clone();
    let before = base.path().trim_end_matches('/');
    let before = before.strip_suffix("/api").unwrap_or(before);
    url.set_path(&format!("{before}/api/{}", path.trim_matches('/')));
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(parts);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_taken_with_and_without_its_end() {
        let parts = ["5465103569540931532", "20150806142836"].map(str::to_owned);
        let parts: Vec<_> = parts.iter().collect();
        let wanted = "https://openapi.qince.com/api/organization/v1/addOrganization/5465103569540931532/20150806142836";
        for base in
            ["https://openapi.qince.com", "https://openapi.qince.com/api", "https://openapi.qince.com/api/"]
        {
            let base: Url = base.parse().unwrap();
            assert_eq!(address(&base, "organization/v1/addOrganization", &parts).as_str(), wanted);
            assert_eq!(address(&base, "/organization/v1/addOrganization/", &parts).as_str(), wanted);
        }
    }
}
