//! Access tokens: one call for all that need one, shared through a store, refreshed once when refused.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use relay_core::clock::{Clock, Deadline};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::failure::{Class, Failure};
use crate::record::logging_in;

/// An access token and what came with it.
#[derive(Debug, Clone)]
pub struct Token {
    /// What the calls carry.
    pub value: SecretString,
    /// Facts of the token answer that the calls need too (ShareCRM's `ea`, Kingdee's account), as JSON text.
    pub facts: String,
    /// When it must no longer be used.
    pub expires_at: DateTime<Utc>,
}

/// Where the processes of one installation share their tokens.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The token of that name, if there is one.
    async fn load(&self, name: &str) -> Result<Option<Token>, String>;

    /// Asks for the right to fetch a new one; `false` while another process has it. The right ends by itself.
    async fn claim(&self, name: &str) -> Result<bool, String>;

    /// Stores a new token and gives the right back.
    async fn save(&self, name: &str, token: &Token) -> Result<(), String>;
}

/// A store for one process alone.
#[derive(Debug, Default)]
pub struct Unshared;

#[async_trait]
impl TokenStore for Unshared {
    async fn load(&self, _name: &str) -> Result<Option<Token>, String> {
        Ok(None)
    }

    async fn claim(&self, _name: &str) -> Result<bool, String> {
        Ok(true)
    }

    async fn save(&self, _name: &str, _token: &Token) -> Result<(), String> {
        Ok(())
    }
}

/// Keeps the token of one account at a vendor for a process: single-flight, cached until it expires.
pub struct TokenKeeper {
    vendor: &'static str,
    name: String,
    longest_life: TimeDelta,
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<Current>>,
}

/// The process's token. Its time is also kept by the clock that nobody sets.
struct Current {
    token: Token,
    until: Duration,
}

/// How long to wait for the process that fetches a token, and how often to look.
const LOOKS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// How far the clocks of two processes may be apart.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

impl TokenKeeper {
    /// A keeper of `vendor`'s token for `account`: all that tells whose token it is (address, application, user or
    /// enterprise). Where one of these settings changes, the token that the store still has is not taken. The store
    /// sees but a short hash of them. A password does not belong here: the tokens it gave out stay the user's.
    ///
    /// `longest_life` is the most that a token is used for: one that is stored as good for longer was stored by a clock
    /// that was ahead, and is not taken.
    #[must_use]
    pub fn new(
        vendor: &'static str,
        account: &[&str],
        longest_life: TimeDelta,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // As JSON, so that no two accounts run into the same text.
        let digest = Sha256::digest(json!(account).to_string());
        let name = format!("{vendor}/{}", hex::encode(&digest[..8]));
        Self { vendor, name, longest_life, store, clock, current: Mutex::new(None) }
    }

    /// The token to use now. `rejected` is one that the vendor has just refused, if that is why the caller asks.
    /// `fetch` is called only when neither this process nor the store has another that is still good.
    ///
    /// # Errors
    /// What `fetch` fails with, or [`Class::Retry`] where the store fails; out of time where the deadline comes before the token.
    pub async fn token<F>(
        &self,
        rejected: Option<&Token>,
        deadline: Deadline,
        fetch: impl FnOnce() -> F,
    ) -> Result<Token, Failure>
    where
        F: Future<Output = Result<Token, Failure>>,
    {
        // Held while fetching: the others wait for the one call instead of making their own.
        let mut current = self.current.lock().await;
        let good = |current: &&Current| {
            self.clock.monotonic() < current.until && self.is_good(&current.token, rejected)
        };
        if let Some(current) = current.as_ref().filter(good) {
            return Ok(current.token.clone());
        }
        let token = self.shared_or_fetched(rejected, deadline, fetch).await?;
        let left = (token.expires_at - self.clock.now()).to_std().unwrap_or_default();
        *current = Some(Current { token: token.clone(), until: self.clock.monotonic() + left });
        Ok(token)
    }

    async fn shared_or_fetched<F>(
        &self,
        rejected: Option<&Token>,
        deadline: Deadline,
        fetch: impl FnOnce() -> F,
    ) -> Result<Token, Failure>
    where
        F: Future<Output = Result<Token, Failure>>,
    {
        for _ in 0..LOOKS {
            let shared = self.store.load(&self.name).await.map_err(|error| self.store_failure(&error))?;
            if let Some(token) = shared.filter(|token| self.is_good(token, rejected)) {
                return Ok(token);
            }
            if self.store.claim(&self.name).await.map_err(|error| self.store_failure(&error))? {
                let token = logging_in(fetch()).await?;
                self.store.save(&self.name, &token).await.map_err(|error| self.store_failure(&error))?;
                return Ok(token);
            }
            if !deadline.allows(self.clock.as_ref(), BETWEEN_LOOKS) {
                return Err(Failure::out_of_time(self.vendor, "token"));
            }
            self.clock.sleep(BETWEEN_LOOKS).await;
        }
        Err(self.store_failure("another process has been fetching the token for too long"))
    }

    fn is_good(&self, token: &Token, rejected: Option<&Token>) -> bool {
        let refused = rejected.is_some_and(|old| old.value.expose_secret() == token.value.expose_secret());
        let left = token.expires_at - self.clock.now();
        !refused && left > TimeDelta::zero() && left <= self.longest_life + CLOCKS_APART
    }

    fn store_failure(&self, error: &str) -> Failure {
        Failure::in_our_words(self.vendor, "token", Class::Retry { after: None }, None, error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use relay_core::clock::SimulatedClock;

    use super::*;

    /// A store that has a token of another process's.
    struct Stored(Token);

    #[async_trait]
    impl TokenStore for Stored {
        async fn load(&self, _name: &str) -> Result<Option<Token>, String> {
            Ok(Some(self.0.clone()))
        }

        async fn claim(&self, _name: &str) -> Result<bool, String> {
            Ok(true)
        }

        async fn save(&self, _name: &str, _token: &Token) -> Result<(), String> {
            Ok(())
        }
    }

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn token(expires_at: DateTime<Utc>) -> Token {
        Token { value: "t".to_owned().into(), facts: String::new(), expires_at }
    }

    #[tokio::test]
    async fn a_token_that_is_stored_as_good_for_too_long_is_fetched_anew() {
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        for (stored_until, fetches) in [(HOUR, 0), (HOUR * 2, 1)] {
            let store = Arc::new(Stored(token(clock.now() + stored_until)));
            let keeper = TokenKeeper::new("v", &[], HOUR, store, clock.clone());
            let fetched = AtomicU32::new(0);
            let fetch = || async {
                fetched.fetch_add(1, Ordering::Relaxed);
                Ok(token(clock.now() + HOUR))
            };
            keeper.token(None, Deadline::NONE, fetch).await.unwrap();
            assert_eq!(fetched.into_inner(), fetches);
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_makes_no_token_live_longer() {
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        let keeper = TokenKeeper::new("v", &[], HOUR, Arc::new(Unshared), clock.clone());
        let fetched = AtomicU32::new(0);
        let fetch = || async {
            fetched.fetch_add(1, Ordering::Relaxed);
            Ok(token(clock.now() + HOUR))
        };
        keeper.token(None, Deadline::NONE, fetch).await.unwrap();
        clock.advance(Duration::from_secs(1_800));
        clock.set(clock.now() - TimeDelta::minutes(30));
        keeper.token(None, Deadline::NONE, fetch).await.unwrap();
        assert_eq!(fetched.load(Ordering::Relaxed), 1, "still good");
        clock.advance(Duration::from_secs(1_800));
        keeper.token(None, Deadline::NONE, fetch).await.unwrap();
        assert_eq!(fetched.load(Ordering::Relaxed), 2);
    }
}
