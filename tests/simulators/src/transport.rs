//! The vendors without sockets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use relay_connector::{Request, Response, Transport, TransportError};
use tower::ServiceExt as _;

use crate::{Vendors, door};

/// 旺店通, as `WDT_BASE_URL`.
pub const WDT_BASE_URL: &str = "https://wangdian.invalid/openapi2";
/// The Qimen route, as `QIMEN_BASE_URL`.
pub const QIMEN_BASE_URL: &str = "https://qimen.invalid/router/qm";
/// 金蝶, as `KINGDEE_BASE_URL`.
pub const KINGDEE_BASE_URL: &str = "https://kingdee.invalid";
/// 纷享销客, as `SHARECRM_BASE_URL`.
pub const SHARECRM_BASE_URL: &str = "https://sharecrm.invalid";
/// 勤策, as `QINCE_BASE_URL`.
pub const QINCE_BASE_URL: &str = "https://qince.invalid/api";
/// Everything else, as what the addresses of `HTTP_` begin with.
pub const HTTP_BASE_URL: &str = "https://http.invalid";

/// The mail server, as `MAIL_HOST`.
pub const MAIL_HOST: &str = "mail.invalid";

pub(crate) struct InProcess {
    routers: BTreeMap<&'static str, Router>,
}

impl InProcess {
    pub(crate) fn new(vendors: &Vendors) -> Self {
        let wangdian = door::router(vendors.wangdian.clone());
        let routers = BTreeMap::from([
            ("wangdian.invalid", wangdian.clone()),
            ("qimen.invalid", wangdian),
            ("kingdee.invalid", door::router(vendors.kingdee.clone())),
            ("sharecrm.invalid", door::router(vendors.sharecrm.clone())),
            ("qince.invalid", door::router(vendors.qince.clone())),
            ("http.invalid", door::router(vendors.http.clone())),
            (MAIL_HOST, door::router(vendors.mail.clone())),
        ]);
        Self { routers }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let host = request.url.host_str().unwrap_or_default();
        let router = self
            .routers
            .get(host)
            .ok_or_else(|| TransportError::NotSent(format!("no simulated vendor at {host}")))?;
        let limit = request.largest_answer;
        let mut builder = axum::http::Request::builder().method(request.method).uri(request.url.as_str());
        for (name, value) in request.headers {
            builder = builder.header(&*name, value);
        }
        let request = builder
            .body(Body::from(request.body))
            .map_err(|error| TransportError::NotSent(format!("not an HTTP request: {error}")))?;
        let Ok(response) = router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = read(body.into_data_stream(), limit).await?;
        Ok(Response::new(parts.status.as_u16(), body).with_headers(&parts.headers))
    }
}

/// Reads a body no further than its request allows, as on sockets.
async fn read(mut pieces: BodyDataStream, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| TransportError::Lost("the connection broke".to_owned()))?;
        if body.len() + piece.len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
