//! The webhook server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::time::timeout;
use webhook_receiver::{PushRequest, Receiver};

/// How long a body may take to come: Qince itself waits for no more than 5 seconds in all.
const PATIENCE: Duration = Duration::from_secs(30);

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
    // One byte over the cap is enough for the receiver to say so; more is not read.
    let body = match read(body, receiver.max_body_bytes()).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let answer = receiver
        .receive(&PushRequest {
            method: head.method.as_str(),
            path: head.uri.path(),
            content_type: head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
            body: &body,
        })
        .await;
    respond(answer.status, answer.reply.to_json())
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Response> {
    let Ok(read) = timeout(PATIENCE, to_bytes(body, limit.saturating_add(1))).await else {
        tracing::warn!("a push came too slowly");
        return Err(respond(408, qince_failure("the request came too slowly")));
    };
    match read {
        Ok(bytes) => Ok(bytes.into()),
        // The receiver's own words for it, which need no body.
        Err(error) if error.to_string().contains("limit") => Ok(vec![0; limit.saturating_add(1)]),
        Err(error) => {
            tracing::warn!(%error, "a push broke off");
            Err(respond(400, qince_failure("the request broke off")))
        }
    }
}

fn qince_failure(message: &str) -> String {
    serde_json::json!({ "return_code": 1, "return_msg": message, "msg_id": "" }).to_string()
}

fn respond(status: u16, body: String) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
