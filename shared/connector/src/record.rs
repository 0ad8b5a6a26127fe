//! Recording what is sent to vendors and what they answer, for the archive.
//!
//! Whoever works a document records the calls that are made for it ([`recorded`]); a request says what may be told of it
//! ([`Told`]): operation, parameters and body, never what signs them. What signs is known by value, and is taken out of
//! answers too, because gateways like to quote what they were sent.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use relay_core::archive::Exchange;
use secrecy::{ExposeSecret, SecretString};

use crate::transport::{Response, TransportError};

tokio::task_local! {
    static RECORDER: Arc<Mutex<Vec<Exchange>>>;
    /// Whether calls are made.
    static SENDS: bool;
}

/// What a call fails with that is not made, because nothing is to be sent.
pub const UNSENT: &str = "nothing is sent here";

/// What stands in an answer where a secret was quoted.
const HIDDEN: &str = "[secret]";

/// What may be told of a request. Requests that fetch a token are told of by nobody.
#[derive(Clone)]
pub struct Told {
    /// The operation in the vendor's spelling.
    pub operation: String,
    /// Business parameters.
    pub parameters: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
    /// What signs the request, and stands in it: taken out of its answer.
    pub hidden: Vec<SecretString>,
}

/// Does some work, and gives the calls to vendors that were made for it.
pub async fn recorded<T>(work: impl Future<Output = T>) -> (T, Vec<Exchange>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let done = RECORDER.scope(calls.clone(), work).await;
    let calls = std::mem::take(&mut *calls.lock().unwrap_or_else(PoisonError::into_inner));
    (done, calls)
}

/// Does some work of which no call reaches a vendor, but for those that fetch a token: what would be called is given, and
/// the work meets a connection that there is not.
pub async fn unsent<T>(work: impl Future<Output = T>) -> (T, Vec<Exchange>) {
    recorded(SENDS.scope(false, work)).await
}

/// Fetches a token, also within work that is [`unsent`]: a log-in leaves nothing behind.
pub(crate) async fn logging_in<T>(fetch: impl Future<Output = T>) -> T {
    SENDS.scope(true, fetch).await
}

/// Whether a call is made.
pub(crate) fn sends() -> bool {
    SENDS.try_with(|sends| *sends).unwrap_or(true)
}

/// Notes calls that were recorded elsewhere, where somebody records: one call may have been made for several documents.
pub fn add(exchanges: Vec<Exchange>) {
    _ = RECORDER.try_with(|calls| calls.lock().unwrap_or_else(PoisonError::into_inner).extend(exchanges));
}

/// Notes a call, where somebody records.
pub(crate) fn note(
    vendor: &str,
    told: Option<Told>,
    answer: &Result<Response, TransportError>,
    duration: std::time::Duration,
) {
    let Some(told) = told else { return };
    // Nobody records outside of a document's turn.
    _ = RECORDER.try_with(|calls| {
        let exchange = Exchange {
            vendor: vendor.to_owned(),
            answer: match answer {
                Ok(response) => Ok(told.without_secrets(&String::from_utf8_lossy(&response.body))),
                Err(error) => Err(told.without_secrets(&error.to_string())),
            },
            operation: told.operation,
            parameters: told.parameters,
            body: told.body,
            duration,
        };
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    });
}

impl Told {
    /// The same, with what is not to be seen in an answer.
    #[must_use]
    pub fn hiding(mut self, secrets: impl IntoIterator<Item = String>) -> Self {
        self.hidden.extend(secrets.into_iter().map(SecretString::from));
        self
    }

    fn without_secrets(&self, text: &str) -> String {
        let secrets = self.hidden.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use relay_core::clock::SimulatedClock;

    use crate::{Metered, Request, Transport};

    use super::*;

    fn told() -> Option<Told> {
        Some(Told {
            operation: "trade_push.php".to_owned(),
            parameters: vec![("shop_no".to_owned(), "S1".to_owned())],
            body: "[]".to_owned(),
            hidden: vec![SecretString::from("abcd"), SecretString::from("")],
        })
    }

    /// A vendor that answers everything.
    struct Answers;

    #[async_trait]
    impl Transport for Answers {
        async fn send(&self, _request: Request) -> Result<Response, TransportError> {
            Ok(Response::new(200, "done"))
        }
    }

    #[tokio::test]
    async fn what_is_unsent_reaches_no_vendor_but_for_a_log_in() {
        let clock = Arc::new(SimulatedClock::starting_at(chrono::DateTime::UNIX_EPOCH));
        let vendor = Metered::new("wdt", Arc::new(Answers), clock);
        let call = |told: Option<Told>| {
            let request = Request::get("https://vendor.example/".parse().unwrap());
            vendor.send(Request { told, ..request })
        };
        let ((log_in, untold, of_document), calls) =
            unsent(async { (logging_in(call(None)).await, call(None).await, call(self::told()).await) })
                .await;
        assert_eq!(log_in.unwrap().body, b"done");
        for refused in [untold, of_document] {
            assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");
        }
        let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
        assert_eq!(operations, ["trade_push.php"]);
        assert!(call(told()).await.is_ok(), "afterwards all is sent again");
    }

    #[tokio::test]
    async fn the_calls_of_one_document_are_recorded_without_secrets_and_no_others_are() {
        let answer = |text: &str| Ok(Response::new(200, text));
        note("wdt", told(), &answer("before"), Duration::ZERO);
        let ((), calls) = recorded(async {
            note("wdt", told(), &answer("sign=abcd is wrong"), Duration::from_millis(5));
            note("wdt", None, &answer("a token"), Duration::ZERO);
            note("wdt", told(), &Err(TransportError::Lost("reset".to_owned())), Duration::ZERO);
        })
        .await;
        let answers: Vec<_> = calls.iter().map(|call| call.answer.clone()).collect();
        assert_eq!(answers, [Ok("sign=[secret] is wrong".to_owned()), Err("no answer: reset".to_owned())]);
        assert_eq!((calls[0].operation.as_str(), calls[0].duration.as_millis()), ("trade_push.php", 5));
    }
}
