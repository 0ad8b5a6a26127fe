//! `relay console`, and the console beside `relay serve`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use relay_console::{Console, Desk, Request, Response};
use relay_core::clock::timeout;
use relay_host::Wiring;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::RwLock;
use tokio::task::LocalSet;

use super::place::Place;
use super::{looked_at, operations};
use crate::output::{say, tell};
use crate::{Done, WrongUsage};

/// What a form may hold: a few hundred codes that a person fills in.
const LARGEST_FORM: usize = 1024 * 1024;

/// How long an answer may take: longer than a call to a vendor.
const PATIENCE: Duration = Duration::from_secs(60);

/// After how long the flow files are looked at again.
const FRESH: Duration = Duration::from_secs(30);

/// `relay console`
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<Done> {
    let listener = bind(listen).await?;
    let here = LocalSet::new();
    tokio::select! {
        served = here.run_until(serve(listener)) => served?,
        stopped = tokio::signal::ctrl_c() => stopped.context("hearing the signal to stop")?,
    }
    Ok(Done::Well)
}

/// The console in a thread of its own, for as long as the process lives.
pub(super) async fn beside(listen: SocketAddr) -> anyhow::Result<()> {
    let listener = bind(listen).await?.into_std().context("handing the console's listener over")?;
    let serve = move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = async { serve(TcpListener::from_std(listener)?).await };
        LocalSet::new().block_on(&runtime, served)
    };
    let thread = std::thread::Builder::new().name("console".to_owned()).spawn(move || {
        if let Err(error) = serve() {
            tell!(
                "警告:控制台停了,其他照常:{error:#}",
                "warning: the console has ended, and everything else goes on: {error:#}"
            );
        }
    });
    thread.map(drop).context("starting the console's thread")
}

/// It has no log-in, so nobody but who is on this machine may reach it.
async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    if !listen.ip().is_loopback() {
        let told = "the console has no log-in and listens on this machine alone, such as 127.0.0.1:8081; from elsewhere go through \
                    a tunnel: ssh -L 8081:127.0.0.1:8081 HOST";
        return Err(WrongUsage(told.to_owned()).into());
    }
    TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))
}

/// The installation as it was a moment ago.
struct Installation {
    console: Console,
    wiring: RwLock<(Rc<Wiring>, Duration)>,
}

async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let (wiring, _) = looked_at().await?;
    let token =
        wiring.rng.bytes().iter().chain(&wiring.rng.bytes()).map(|byte| format!("{byte:02x}")).collect();
    let at = wiring.clock.monotonic();
    let installation =
        Rc::new(Installation { console: Console::new(token), wiring: RwLock::new((Rc::new(wiring), at)) });
    say!("控制台在 http://{}", "The console is at http://{}", listener.local_addr()?);
    loop {
        // A connection that was gone before it was taken says nothing of the next.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        tokio::task::spawn_local(connection(stream, installation.clone()));
    }
}

async fn connection(stream: TcpStream, installation: Rc<Installation>) {
    let service = service_fn(|request| {
        let installation = installation.clone();
        async move { Ok::<_, Infallible>(installation.respond(request).await) }
    });
    // A browser that has gone away has no use for the reason.
    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Installation {
    async fn respond(&self, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let wiring = self.wiring().await;
        let answered = timeout(wiring.clock.as_ref(), PATIENCE, self.answered(&wiring, request)).await;
        answered.unwrap_or_else(|_| {
            plain(StatusCode::GATEWAY_TIMEOUT, "the store or a vendor does not answer in time\n")
        })
    }

    async fn answered(
        &self,
        wiring: &Wiring,
        request: hyper::Request<Incoming>,
    ) -> hyper::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        if !matches!(head.method, Method::GET | Method::HEAD | Method::POST) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "GET and POST alone\n");
        }
        let Ok(body) = Limited::new(body, LARGEST_FORM).collect().await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large\n");
        };
        let header =
            |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut fields = Request::parsed(head.uri.query().unwrap_or_default().as_bytes());
        fields.extend(Request::parsed(&body.to_bytes()));
        let asked = Request {
            is_post: head.method == Method::POST,
            path: head.uri.path().to_owned(),
            fields,
            host: header("host"),
            origin: header("origin"),
            cookie: header("cookie"),
            accept_language: header("accept-language"),
        };
        let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
        let place = Place::of(wiring).map(|place| place.line()).unwrap_or_default();
        let desk = Desk { operations: operations(wiring), connect: &connect, place };
        written(self.console.answer(&desk, &asked).await)
    }

    /// With the flow files as they are, or as they were where they cannot be read.
    async fn wiring(&self) -> Rc<Wiring> {
        let (wiring, at) = self.wiring.read().await.clone();
        let now = wiring.clock.monotonic();
        if now.saturating_sub(at) < FRESH {
            return wiring;
        }
        let anew = wiring.with_flows_anew().await.map_or(wiring, Rc::new);
        *self.wiring.write().await = (anew.clone(), now);
        anew
    }
}

fn written(response: Response) -> hyper::Response<Full<Bytes>> {
    let Response { status, headers, body } = response;
    let mut written = hyper::Response::new(Full::new(Bytes::from(body)));
    *written.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            written.headers_mut().insert(name, value);
        }
    }
    written
}

fn plain(status: StatusCode, text: &'static str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}
