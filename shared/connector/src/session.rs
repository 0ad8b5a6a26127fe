//! Calls that carry an access token: once with the token that there is, and once more with a new one where the vendor
//! refuses it.

use std::future::Future;

use async_trait::async_trait;
use relay_core::clock::Deadline;
use secrecy::SecretString;

use crate::failure::{Failure, Rejection, code_for_logs};
use crate::token::{Token, TokenKeeper};

/// How a vendor logs us in.
#[async_trait]
pub trait LogIn: Send + Sync {
    /// What a call carries besides the token: ShareCRM's `ea`, Kingdee's account.
    type Facts: Send;

    /// Fetches a new token.
    ///
    /// # Errors
    /// What the vendor's answer means.
    async fn log_in(&self, deadline: Deadline) -> Result<Token, Failure>;

    /// Reads what came with a token.
    ///
    /// # Errors
    /// Where it cannot be used: another version of the program stored it, or it is for another account.
    fn facts(&self, token: &Token) -> Result<Self::Facts, Failure>;
}

/// What a call carries.
#[derive(Debug)]
pub struct Pass<F> {
    /// The access token.
    pub token: SecretString,
    /// What came with it.
    pub facts: F,
}

/// The session of one account at a vendor.
pub struct Session {
    keeper: TokenKeeper,
}

impl Session {
    /// A session with the tokens of this keeper.
    #[must_use]
    pub fn new(keeper: TokenKeeper) -> Self {
        Self { keeper }
    }

    /// Makes a call: once, and once more with a new token where the vendor refuses the first.
    ///
    /// # Errors
    /// What logging in or the last call fails with.
    pub async fn with_token<L, T, C>(
        &self,
        vendor: &L,
        deadline: Deadline,
        call: impl Fn(Pass<L::Facts>) -> C,
    ) -> Result<T, Failure>
    where
        L: LogIn,
        C: Future<Output = Result<T, Rejection>>,
    {
        let (token, pass) = self.pass(vendor, None, deadline).await?;
        let refused = match call(pass).await {
            Err(Rejection::Token(refused)) => refused,
            answer => return answer.map_err(Rejection::into_failure),
        };
        tracing::info!(
            vendor = refused.vendor,
            operation = &*refused.operation,
            code = code_for_logs(refused.code.as_deref()),
            "the access token may be refused: fetching a new one"
        );
        let (_, renewed) = self.pass(vendor, Some(&token), deadline).await?;
        call(renewed).await.map_err(Rejection::into_failure)
    }

    /// The token to call with, and what the call carries; a new one where `rejected` was refused.
    async fn pass<L: LogIn>(
        &self,
        vendor: &L,
        rejected: Option<&Token>,
        deadline: Deadline,
    ) -> Result<(Token, Pass<L::Facts>), Failure> {
        let mut token = self.keeper.token(rejected, deadline, || vendor.log_in(deadline)).await?;
        let facts = match vendor.facts(&token) {
            Ok(facts) => facts,
            // Nothing is done with a stored token that does not fit: a new one takes its place.
            Err(_) => {
                token = self.keeper.token(Some(&token), deadline, || vendor.log_in(deadline)).await?;
                vendor.facts(&token)?
            }
        };
        let pass = Pass { token: token.value.clone(), facts };
        Ok((token, pass))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use chrono::{DateTime, TimeDelta};
    use relay_core::clock::SimulatedClock;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::Class;
    use crate::token::{TokenStore, Unshared};

    const HOUR: TimeDelta = TimeDelta::hours(1);

    /// A vendor that gives out tokens by number, for the account `ours`.
    #[derive(Default)]
    struct Vendor {
        log_ins: AtomicU32,
    }

    #[async_trait]
    impl LogIn for Vendor {
        type Facts = String;

        async fn log_in(&self, _deadline: Deadline) -> Result<Token, Failure> {
            let number = self.log_ins.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(token(&number.to_string(), "ours"))
        }

        fn facts(&self, token: &Token) -> Result<String, Failure> {
            let is_ours = token.facts == "ours";
            is_ours.then(|| token.facts.clone()).ok_or_else(|| failure(Class::Refused))
        }
    }

    fn token(value: &str, facts: &str) -> Token {
        let expires_at = DateTime::UNIX_EPOCH + HOUR;
        Token { value: value.to_owned().into(), facts: facts.to_owned(), expires_at }
    }

    fn failure(class: Class) -> Failure {
        Failure::new("vendor", "call", class, None, "")
    }

    fn session(store: Arc<dyn TokenStore>) -> Session {
        let clock = Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH));
        Session::new(TokenKeeper::new("vendor", &[], HOUR, store, clock))
    }

    /// Makes a call of which the vendor refuses these tokens, and gives the answer, the tokens that were sent, and how
    /// often we logged in.
    async fn calling(
        session: &Session,
        answer: impl Fn(&str) -> Result<(), Rejection>,
    ) -> (Result<(), Failure>, Vec<String>, u32) {
        let (vendor, sent) = (Vendor::default(), std::sync::Mutex::new(Vec::new()));
        let called = session.with_token(&vendor, Deadline::NONE, |pass: Pass<String>| {
            let token = pass.token.expose_secret().to_owned();
            let answer = answer(&token);
            sent.lock().unwrap().push(token);
            async { answer }
        });
        (called.await, sent.into_inner().unwrap(), vendor.log_ins.into_inner())
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_and_the_call_made_once_more() {
        let refuse_first = |token: &str| match token {
            "1" => Err(Rejection::Token(failure(Class::Refused))),
            _ => Ok(()),
        };
        let (called, sent, log_ins) = calling(&session(Arc::new(Unshared)), refuse_first).await;
        assert_eq!((called, sent, log_ins), (Ok(()), vec!["1".to_owned(), "2".to_owned()], 2));
    }

    #[tokio::test]
    async fn a_new_token_that_is_refused_too_is_not_renewed_again() {
        let paused = || failure(Class::Paused { until: None });
        let refuse = |_: &str| Err(Rejection::Token(paused()));
        let (called, sent, log_ins) = calling(&session(Arc::new(Unshared)), refuse).await;
        assert_eq!((called, sent.len(), log_ins), (Err(paused()), 2, 2));
    }

    #[tokio::test]
    async fn what_no_token_is_to_blame_for_is_not_repeated() {
        let lose = |_: &str| Err(Rejection::Other(failure(Class::Unknown)));
        let (called, sent, log_ins) = calling(&session(Arc::new(Unshared)), lose).await;
        assert_eq!((called, sent.len(), log_ins), (Err(failure(Class::Unknown)), 1, 1));
    }

    /// A store that holds a token for another account.
    struct Stale;

    #[async_trait]
    impl TokenStore for Stale {
        async fn load(&self, _name: &str) -> Result<Option<Token>, String> {
            Ok(Some(token("stale", "theirs")))
        }

        async fn claim(&self, _name: &str) -> Result<bool, String> {
            Ok(true)
        }

        async fn save(&self, _name: &str, _token: &Token) -> Result<(), String> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_stored_token_whose_facts_do_not_fit_is_never_called_with() {
        let (called, sent, log_ins) = calling(&session(Arc::new(Stale)), |_| Ok(())).await;
        assert_eq!((called, sent, log_ins), (Ok(()), vec!["1".to_owned()], 1));
    }
}
