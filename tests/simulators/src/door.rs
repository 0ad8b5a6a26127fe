//! The way into a vendor: where calls are counted and faults strike, in process and on sockets alike.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use relay_core::clock::Clock;

use crate::call::{Call, Reply};
use crate::faults::{Fault, Faults};
use crate::lock;

/// Larger than anything that a vendor takes.
const BODY_CAP: usize = 64 * 1024 * 1024;

/// A vendor as its door sees it.
pub(crate) trait Simulated: Send + Sync + 'static {
    fn clock(&self) -> &dyn Clock;
    fn faults(&self) -> &Faults;
    fn traffic(&self) -> &Traffic;

    /// What the call is for: the last part of its path, unless the vendor names it elsewhere.
    fn operation(&self, call: &Call) -> String {
        call.path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Does the work and answers. `fault` is one that only the vendor itself can commit.
    fn answer(&self, call: &Call, fault: Option<&Fault>) -> Reply;

    /// What it answers where something behind its door has timed out.
    fn timed_out(&self, call: &Call) -> Reply;
}

pub(crate) fn router<V: Simulated>(vendor: Arc<V>) -> Router {
    Router::new().fallback(enter::<V>).with_state(vendor)
}

async fn enter<V: Simulated>(State(vendor): State<Arc<V>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_CAP).await else { return Reply::page(413).into_response() };
    let mut call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        came_in: vendor.clock().now(),
        at: vendor.clock().now(),
        beside: 0,
    };
    let operation = vendor.operation(&call);
    let visit = vendor.traffic().enter(&operation);
    call.beside = visit.beside;
    // Calls that are made together get in together.
    tokio::task::yield_now().await;
    let fault = vendor.faults().next(&operation);
    if let Some(Fault::Slow(duration)) = fault {
        vendor.clock().sleep(duration).await;
    }
    call.at = vendor.clock().now();
    let mut response = answered(vendor.as_ref(), &call, fault).await;
    // As servers do; theirs would be the machine's time, and a vendor's is its own.
    let date = vendor.clock().now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn answered<V: Simulated>(vendor: &V, call: &Call, fault: Option<Fault>) -> Response {
    match fault {
        Some(Fault::LostRequest) => lost(),
        Some(Fault::LostAnswer) => {
            vendor.answer(call, None);
            lost()
        }
        Some(Fault::LateAnswer(duration)) => {
            let answer = vendor.answer(call, None);
            vendor.clock().sleep(duration).await;
            answer.into_response()
        }
        Some(Fault::Duplicate) => {
            let first = vendor.answer(call, None);
            vendor.answer(call, None);
            first.into_response()
        }
        Some(Fault::ServiceException) => {
            vendor.answer(call, None);
            vendor.timed_out(call).into_response()
        }
        Some(Fault::Status(status)) => Reply::page(status).into_response(),
        Some(Fault::HtmlRedirect) => Reply::redirect().into_response(),
        Some(Fault::Garbage) => {
            // Whoever refuses says so: nobody could tell from garbage that nothing was done.
            let answer = vendor.answer(call, None).into_response();
            if answer.status().is_success() { Reply::garbage().into_response() } else { answer }
        }
        Some(Fault::EndlessAnswer) => {
            vendor.answer(call, None);
            endless()
        }
        fault => vendor.answer(call, fault.as_ref()).into_response(),
    }
}

/// A body that fails: the server closes the connection on it, and in process it cannot be read either.
fn lost() -> Response {
    let broken = io::Error::new(io::ErrorKind::ConnectionReset, "the connection broke");
    Body::from_stream(futures::stream::iter([Err::<Bytes, _>(broken)])).into_response()
}

/// A page as a broken gateway sends it, made piece by piece while somebody reads.
fn endless() -> Response {
    let piece = Bytes::from_static(&[b' '; 64 * 1024]);
    Body::from_stream(futures::stream::repeat(Ok::<_, Infallible>(piece))).into_response()
}

/// Which calls came in, and how many at once.
#[derive(Default)]
pub(crate) struct Traffic(Mutex<BTreeMap<String, Operation>>);

#[derive(Default)]
struct Operation {
    calls: u64,
    under_way: usize,
}

impl Traffic {
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        lock(&self.0).iter().map(|(name, operation)| (name.clone(), operation.calls)).collect()
    }

    /// Counts a call that came by another way.
    pub(crate) fn note(&self, operation: &str) {
        drop(self.enter(operation));
    }

    fn enter(&self, operation: &str) -> Visit<'_> {
        let mut operations = lock(&self.0);
        let entry = operations.entry(operation.to_owned()).or_default();
        entry.calls += 1;
        entry.under_way += 1;
        Visit { traffic: self, operation: operation.to_owned(), beside: entry.under_way - 1 }
    }
}

struct Visit<'a> {
    traffic: &'a Traffic,
    operation: String,
    beside: usize,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if let Some(operation) = lock(&self.traffic.0).get_mut(&self.operation) {
            operation.under_way -= 1;
        }
    }
}
