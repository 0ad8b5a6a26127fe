//! AWS Secrets Manager.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::aws;
use crate::secret::SecretSource;

/// The secrets of the account and region that the process runs in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecretsManager;

#[async_trait]
impl SecretSource for SecretsManager {
    async fn read(&self, id: &str) -> Result<String, String> {
        let client = Client::new(aws::config().await);
        let answer = client.get_secret_value().secret_id(id).send().await.map_err(why)?;
        answer
            .secret_string
            .ok_or_else(|| "is binary: store it as text, a JSON object of settings by name".to_owned())
    }
}

fn why<E, R>(error: SdkError<E, R>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.code() {
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
        Some(code) => format!("cannot be read: {code} {}", error.message().unwrap_or_default()),
        None => format!("cannot be asked for: {:#}", anyhow::Error::new(error)),
    }
}
