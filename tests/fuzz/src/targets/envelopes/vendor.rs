//! What stands in for a vendor and for the tokens that it has given.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::TimeDelta;
use relay_connector::{Request, Response, Token, TokenStore, Transport, TransportError};
use secrecy::SecretString;
use serde_json::json;

use super::SECRET;
use crate::house::now;

/// Gives the answers one after the other, and the last of them over and over.
pub(super) struct Answers {
    answers: Vec<Response>,
    given: Mutex<usize>,
}

impl Answers {
    pub(super) fn of(answers: Vec<Response>) -> Self {
        Self { answers, given: Mutex::default() }
    }
}

#[async_trait]
impl Transport for Answers {
    async fn send(&self, _request: Request) -> Result<Response, TransportError> {
        let mut given = self.given.lock().expect("one thread");
        let answer = self.answers.get(*given).or(self.answers.last());
        *given += 1;
        answer.cloned().ok_or_else(|| TransportError::Lost("there is none".to_owned()))
    }
}

/// A token that is there already, with what came with it; or none.
pub(super) struct Tokens {
    pub(super) vendor: String,
    pub(super) has_token: bool,
}

#[async_trait]
impl TokenStore for Tokens {
    async fn load(&self, _name: &str) -> Result<Option<Token>, String> {
        let facts = match self.vendor.as_str() {
            "kingdee" => json!({"account_id": "A1", "group_name": "", "is_only": true}),
            _ => json!({"ea": "e"}),
        };
        let expires_at = now() + TimeDelta::minutes(50);
        let token = Token { value: SecretString::from(SECRET), facts: facts.to_string(), expires_at };
        Ok(self.has_token.then_some(token))
    }

    async fn claim(&self, _name: &str) -> Result<bool, String> {
        Ok(true)
    }

    async fn save(&self, _name: &str, _token: &Token) -> Result<(), String> {
        Ok(())
    }
}
