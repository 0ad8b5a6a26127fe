//! Vendor tokens shared through the checkpoints, so that ten instances make one token call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use relay_connector::{Token, TokenStore};
use relay_core::{Checkpoints, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// How long one process may take to fetch a token before another tries: longer than the HTTP time-out.
const CLAIM: Duration = Duration::from_secs(40);

/// Tokens in the checkpoints.
pub struct SharedTokens {
    checkpoints: Arc<dyn Checkpoints>,
    owner: String,
}

/// A token as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    value: String,
    facts: String,
    expires_at: DateTime<Utc>,
}

impl SharedTokens {
    /// Tokens of this process, which calls itself `owner`.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn Checkpoints>, owner: String) -> Self {
        Self { checkpoints, owner }
    }

    async fn put(&self, name: &str, token: &Token) -> Result<(), StoreError> {
        let value = token.value.expose_secret().to_owned();
        let stored = Stored { value, facts: token.facts.clone(), expires_at: token.expires_at };
        let text = serde_json::json!(stored).to_string();
        loop {
            let revision = self.checkpoints.get(name).await?.map(|checkpoint| checkpoint.revision);
            // Whoever wrote in between has a token as good as ours: the last one wins.
            if self.checkpoints.put(name, &text, revision, None).await? {
                return Ok(());
            }
        }
    }
}

fn checkpoint_name(name: &str) -> String {
    format!("token/{name}")
}

#[async_trait]
impl TokenStore for SharedTokens {
    async fn load(&self, name: &str) -> Result<Option<Token>, String> {
        let checkpoint =
            self.checkpoints.get(&checkpoint_name(name)).await.map_err(|error| error.to_string())?;
        // One that cannot be read was written by another version: fetching a new one replaces it.
        let stored = checkpoint.and_then(|checkpoint| serde_json::from_str::<Stored>(&checkpoint.value).ok());
        Ok(stored.map(|stored| Token {
            value: SecretString::from(stored.value),
            facts: stored.facts,
            expires_at: stored.expires_at,
        }))
    }

    async fn claim(&self, name: &str) -> Result<bool, String> {
        let lease = self.checkpoints.acquire(&checkpoint_name(name), &self.owner, CLAIM).await;
        Ok(lease.map_err(|error| error.to_string())?.is_some())
    }

    async fn save(&self, name: &str, token: &Token) -> Result<(), String> {
        let name = checkpoint_name(name);
        self.put(&name, token).await.map_err(|error| error.to_string())?;
        let lease =
            self.checkpoints.acquire(&name, &self.owner, CLAIM).await.map_err(|error| error.to_string())?;
        match lease {
            Some(lease) => self.checkpoints.release(&lease).await.map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}
