//! The webhook server.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use http_body_util::LengthLimitError;
use tokio::net::TcpListener;
use tokio::time::timeout;
use webhook_receiver::{Answer, PushRequest, Receiver};

/// How long a body may take to come: Qince itself waits for no more than 5 seconds in all, and what comes slower than
/// this only holds a connection open.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves pushes until `stopped`.
pub(crate) async fn serve(
    listener: TcpListener,
    receiver: Arc<Receiver>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new().fallback(receive).with_state(receiver);
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(body, receiver.max_body_bytes()).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return respond(&receiver.too_large()),
        Err(Unread::TooSlow) => return failed(408, "the request came too slowly"),
        Err(Unread::BrokenOff) => return failed(400, "the request broke off"),
    };
    let answer = receiver
        .receive(&PushRequest {
            method: head.method.as_str(),
            path: head.uri.path(),
            content_type: head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
            body: &body,
        })
        .await;
    respond(&answer)
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
    BrokenOff,
}

/// Reads a body up to the limit; more of it is not read.
async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let Ok(read) = timeout(PATIENCE, to_bytes(body, limit)).await else {
        tracing::warn!("a push came too slowly");
        return Err(Unread::TooSlow);
    };
    read.map_err(|error| {
        if matches!(error.source(), Some(source) if source.is::<LengthLimitError>()) {
            return Unread::TooLarge;
        }
        tracing::warn!(%error, "a push broke off");
        Unread::BrokenOff
    })
}

fn failed(status: u16, reason: &str) -> Response {
    respond(&Answer::no_push(status, reason))
}

fn respond(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], answer.reply.to_json()).into_response()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tokio::time::Instant;

    use super::*;

    fn chunks(chunks: Vec<Result<&'static str, &'static str>>) -> Body {
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read(chunks(vec![Ok("data"), Ok("=1")]), 6).await, Ok(Bytes::from("data=1")));
        assert_eq!(read(chunks(vec![Ok("data"), Ok("=12")]), 6).await, Err(Unread::TooLarge));
        let gone = chunks(vec![Ok("data"), Err("connection reset, no limit in sight")]);
        assert_eq!(read(gone, 6).await, Err(Unread::BrokenOff), "whatever the words");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up_after_10_seconds() {
        let began = Instant::now();
        let never = Body::from_stream(stream::pending::<Result<&str, &str>>());
        assert_eq!(read(never, 6).await, Err(Unread::TooSlow));
        assert_eq!(began.elapsed().as_secs(), 10);
    }
}
