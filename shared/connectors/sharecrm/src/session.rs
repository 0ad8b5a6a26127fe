//! The access token and the enterprise account (企业账号, `ea`) that it is for.

use async_trait::async_trait;
use chrono::TimeDelta;
use relay_connector::{Class, Failure, LogIn, OutOfTime, Request, Token, Use};
use relay_core::clock::Deadline;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::VENDOR;
use crate::client::Client;
use crate::error;

const TOKEN: &str = "oauth2.0/token";

/// A token that the answer gives no life for has this one, in seconds.
const DOCUMENTED_LIFE: i64 = 7_200;

/// In its last 600 s the vendor gives out a new token, so asking then is what renews it.
const MARGIN: i64 = 600;

/// The longest that a token is used.
pub(crate) const LONGEST_LIFE: TimeDelta = TimeDelta::seconds(DOCUMENTED_LIFE);

/// Answers have some hundred bytes.
pub(crate) const LARGEST_ANSWER: usize = 1024 * 1024;

/// What the token answer says besides the token.
#[derive(Debug, Serialize, Deserialize)]
pub struct Enterprise {
    /// 企业账号, which every call names.
    pub(crate) ea: String,
}

#[async_trait]
impl LogIn for Client {
    type Facts = Enterprise;

    async fn log_in(&self, deadline: Deadline) -> Result<Token, Failure> {
        let in_turn = self.token_quota.wait(Use::Read, deadline).await;
        in_turn.map_err(|OutOfTime| Failure::out_of_time(VENDOR, TOKEN))?;
        let settings = &self.settings;
        let body = json!({
            "appId": settings.app_id,
            "appSecret": settings.app_secret.expose_secret(),
            "permanentCode": settings.permanent_code.expose_secret(),
            "grantType": "app_secret",
        });
        let url = settings.endpoint(TOKEN, self.rng.uuid());
        let request = Request::post(url, "application/json", body.to_string().into_bytes())
            .within(deadline)
            .answer_up_to(LARGEST_ANSWER);
        let answer = self.exchange(TOKEN, request, None).await;
        let answer = answer.map_err(|rejection| error::credentials(rejection.into_failure()))?;

        let field = |name| {
            answer
                .field(name)
                .ok_or_else(|| paused(format!("the answer holds no {name}: check SHARECRM_BASE_URL")))
        };
        let (value, facts) = (SecretString::from(field("accessToken")?), Enterprise { ea: field("ea")? });
        let facts = serde_json::to_string(&facts).map_err(|error| paused(error.to_string()))?;
        let life = life(answer.field("expiresIn").and_then(|seconds| seconds.parse().ok()));
        tracing::info!(vendor = VENDOR, life_s = life.num_seconds(), "fetched an access token");
        Ok(Token { value, facts, expires_at: self.clock.now() + life })
    }

    fn facts(&self, token: &Token) -> Result<Enterprise, Failure> {
        let facts = serde_json::from_str(&token.facts);
        facts.map_err(|error| paused(format!("what came with the access token cannot be read: {error}")))
    }
}

fn paused(message: String) -> Failure {
    Failure::in_our_words(VENDOR, TOKEN, Class::Paused { until: None }, None, message)
}

/// How long to use a token that the vendor takes for `seconds` more. Half of a short life is used, so that it is not
/// asked for at every push.
fn life(seconds: Option<i64>) -> TimeDelta {
    let seconds = seconds.unwrap_or(DOCUMENTED_LIFE).clamp(0, DOCUMENTED_LIFE);
    TimeDelta::seconds((seconds - MARGIN).max(seconds / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_when_the_vendor_would_give_a_new_one() {
        assert_eq!(life(Some(7_200)).num_seconds(), 6_600);
        assert_eq!(life(Some(7_084)).num_seconds(), 6_484);
        assert_eq!(life(None).num_seconds(), 6_600);
        assert_eq!(life(Some(86_400)).num_seconds(), 6_600);
        assert_eq!(life(Some(60)).num_seconds(), 30);
    }
}
