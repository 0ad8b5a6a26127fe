//! AWS Secrets Manager.

use std::sync::Arc;

use async_trait::async_trait;
use relay_core::clock::SystemClock;
use relay_store_aws::{Refused, Secrets};

use crate::aws;
use crate::http::ForAws;
use crate::secret::SecretSource;

/// The secrets of the account and region that the process runs in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecretsManager;

#[async_trait]
impl SecretSource for SecretsManager {
    async fn read(&self, id: &str) -> Result<String, String> {
        let config = aws::config().await.clone();
        let secrets = Secrets { config, http: Arc::new(ForAws), clock: Arc::new(SystemClock) };
        let text = secrets.read(id).await.map_err(|refused| why(&refused))?;
        text.ok_or_else(|| "is binary: store it as text, a JSON object of settings by name".to_owned())
    }
}

fn why(refused: &Refused) -> String {
    match refused.code.as_deref() {
        Some("ResourceNotFoundException") => {
            "does not exist in this account and region: create it, or mend the stack's parameter SecretId".to_owned()
        }
        Some("AccessDeniedException") => {
            "may not be read: allow secretsmanager:GetSecretValue on it (and kms:Decrypt on its key, if it has its own)"
                .to_owned()
        }
        Some("InvalidRequestException") => {
            "cannot be read now: it is marked for deletion, so restore it or name another".to_owned()
        }
        Some(code) => format!("cannot be read: {code} {}", refused.said),
        None => format!("cannot be asked for: {}", refused.said),
    }
}
