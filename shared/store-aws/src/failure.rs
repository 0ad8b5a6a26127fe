//! What a refusal of AWS means, and the way out.
//!
//! The error names the operation, the queue or table and the setting that says which one it is. The service's own code
//! and message stand in it; a message body or an item never does.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use relay_core::{StoreError, StoreErrorKind as Kind};

/// One kind of request, as errors tell of it.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// Such as `reading the ledger`.
    pub(super) doing: &'static str,
    /// The permission that it needs, such as `dynamodb:GetItem`.
    pub(super) action: &'static str,
    /// The setting that names the queue or table.
    pub(super) setting: &'a str,
    /// The queue's address or the table's name.
    pub(super) name: &'a str,
}

/// What AWS said: the cause of a store's error. Not the SDK's own error: that holds the whole answer, in which a document may stand.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub struct Refusal {
    /// The service's code, where there was an answer.
    pub code: Option<String>,
    said: String,
}

impl Call<'_> {
    /// What this request failed with.
    pub(super) fn failed<E, R>(&self, error: &SdkError<E, R>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug,
    {
        self.refused(error.code(), &said(error))
    }

    /// Whether a write was done that has a condition: `false` where that did not hold.
    pub(super) fn done_where_it_may<T, E, R>(
        &self,
        written: Result<T, SdkError<E, R>>,
    ) -> Result<bool, StoreError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug,
    {
        match written {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// What one entry of a batch was refused with, or the request as a whole.
    pub(super) fn refused(&self, code: Option<&str>, said: &str) -> StoreError {
        let failure = match self.way_out(code.unwrap_or_default()) {
            Some((kind, way_out)) => self.because(format!("{way_out} ({said})")).of_kind(kind),
            None => self.because(said),
        };
        failure.caused_by(Arc::new(Refusal { code: code.map(str::to_owned), said: said.to_owned() }))
    }

    /// A failure that the service has not worded.
    pub(super) fn because(&self, reason: impl Into<String>) -> StoreError {
        StoreError::new(format!("{} in {}", self.doing, self.name), reason)
    }

    fn way_out(&self, code: &str) -> Option<(Kind, String)> {
        let setting = self.setting;
        // SQS names some errors twice: `QueueDoesNotExist` is also `AWS.SimpleQueueService.NonExistentQueue`.
        Some(match code.rsplit('.').next().unwrap_or(code) {
            "QueueDoesNotExist" | "NonExistentQueue" => {
                let way_out = format!(
                    "there is no such queue in this account and region: {setting} expects the stack's output of that name"
                );
                (Kind::Gone, way_out)
            }
            "NoSuchBucket" => {
                let way_out =
                    format!("there is no such bucket: {setting} expects the stack's output of that name");
                (Kind::Gone, way_out)
            }
            "ResourceNotFoundException" => {
                let way_out = format!(
                    "there is no such table (or index) in this account and region: {setting} expects the stack's \
                     output of that name"
                );
                (Kind::Gone, way_out)
            }
            "AccessDenied" | "AccessDeniedException" => {
                let way_out = format!(
                    "it is not allowed: the role or user of this program needs the permission {}",
                    self.action
                );
                (Kind::Denied, way_out)
            }
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                (Kind::Denied, "the credentials have expired: sign in to AWS again".to_owned())
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "MissingAuthenticationToken"
            | "IncompleteSignature" => {
                let way_out = "AWS does not accept the credentials: check the profile, the region and the machine's clock";
                (Kind::Denied, way_out.to_owned())
            }
            "ThrottlingException"
            | "Throttling"
            | "RequestThrottled"
            | "ThrottledException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "OverLimit" => {
                (Kind::Throttled, "throttled, and nothing is lost: it comes again by itself".to_owned())
            }
            _ => return None,
        })
    }
}

/// The innermost that is known: the service's code and message, else why no answer came.
fn said<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => {
            let what = match error {
                SdkError::TimeoutError(_) => "AWS did not answer in time",
                SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                    "AWS was not reached"
                }
                SdkError::ResponseError(_) | SdkError::ServiceError(_) => "AWS answered what is no answer",
                _ => "the request could not be made",
            };
            innermost(error).map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
        }
    }
}

fn innermost(error: &dyn Error) -> Option<String> {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.last().map(ToString::to_string)
}
