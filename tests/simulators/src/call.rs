//! One call to a vendor and its answer.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Parameters of a query string or a form.
pub(crate) type Params = BTreeMap<String, String>;

pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When it came in: limits go by that.
    pub(crate) came_in: DateTime<Utc>,
    /// When the vendor looks at it.
    pub(crate) at: DateTime<Utc>,
    /// How many calls of the same operation were under way when it came in.
    pub(crate) beside: usize,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn has_content_type(&self, wanted: &str) -> bool {
        self.header("content-type").is_some_and(|found| {
            found.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
        })
    }

    pub(crate) fn query(&self) -> Result<Params, String> {
        params(self.query.as_bytes())
    }

    pub(crate) fn form(&self) -> Result<Params, String> {
        params(&self.body)
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Decodes `a=1&b=2`; a name that comes twice is a mistake that no vendor's page allows.
fn params(bytes: &[u8]) -> Result<Params, String> {
    let mut params = Params::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if value.contains('\u{FFFD}') {
            return Err(format!("参数{name}不是UTF-8"));
        }
        if params.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(format!("参数{name}重复"));
        }
    }
    Ok(params)
}

pub(crate) struct Reply {
    status: u16,
    content_type: &'static str,
    location: Option<&'static str>,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::json_with_status(200, body)
    }

    pub(crate) fn json_with_status(status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { status, content_type: "application/json;charset=UTF-8", location: None, body }
    }

    pub(crate) fn xml(body: String) -> Self {
        Self { status: 200, content_type: "text/xml;charset=UTF-8", location: None, body: body.into_bytes() }
    }

    /// What a server says that speaks in lines of text.
    pub(crate) fn text(status: u16, words: &str) -> Self {
        Self { status, content_type: "text/plain", location: None, body: words.as_bytes().to_vec() }
    }

    /// What a proxy in front of the vendor says.
    pub(crate) fn page(status: u16) -> Self {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Self { status, content_type: "text/html", location: None, body: body.into_bytes() }
    }

    /// What a wrong host says.
    pub(crate) fn redirect() -> Self {
        Self { location: Some("http://www.invalid/login"), ..Self::page(302) }
    }

    /// An answer that was cut off.
    pub(crate) fn garbage() -> Self {
        Self { content_type: "application/json", ..Self::xml("{\"code\":0,\"mess".to_owned()) }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let response = (status, [(header::CONTENT_TYPE, self.content_type)], self.body);
        match self.location {
            Some(location) => ([(header::LOCATION, location)], response).into_response(),
            None => response.into_response(),
        }
    }
}
