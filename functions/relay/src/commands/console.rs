//! `relay console`, and the console beside `relay serve`.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use relay_console::{Access, Console, Desk, Request, Response, Users};
use relay_core::clock::timeout;
use relay_host::settings::declared;
use relay_host::{Settings, Wiring};
use relay_operations::backfill::BackfillPlan;
use relay_operations::log::Did;
use relay_operations::times::shown;
use relay_trade_poller::TradePoller;
use relay_trade_poller::backfill::Range;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{RwLock, Semaphore};
use tokio::task::LocalSet;

use super::flows::test;
use super::in_force::in_force;
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

/// A head that takes longer is nobody's browser.
const HEAD: Duration = Duration::from_secs(10);

/// So many connections are answered at once.
const CONNECTIONS: usize = 256;

/// `relay console`
pub(crate) async fn run(listen: SocketAddr) -> anyhow::Result<Done> {
    let (wiring, _) = looked_at().await?;
    let access = access(&wiring.settings, listen)?;
    let listener = bind(listen).await?;
    let here = LocalSet::new();
    tokio::select! {
        served = here.run_until(serve(listener, wiring, access)) => served?,
        stopped = tokio::signal::ctrl_c() => stopped.context("hearing the signal to stop")?,
    }
    Ok(Done::Well)
}

/// The console in a thread of its own, for as long as the process lives.
pub(super) async fn beside(listen: SocketAddr) -> anyhow::Result<()> {
    let (wiring, _) = looked_at().await?;
    let access = access(&wiring.settings, listen)?;
    let listener = bind(listen).await?.into_std().context("handing the console's listener over")?;
    let serve = move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = async { serve(TcpListener::from_std(listener)?, wiring, access).await };
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

/// Who may use it. Where it can be reached from elsewhere, users log in.
fn access(settings: &Settings, listen: SocketAddr) -> anyhow::Result<Access> {
    let users =
        settings.get(declared::CONSOLE_USERS.name).map(Users::parse).transpose().map_err(WrongUsage)?;
    let url = settings.get(declared::CONSOLE_URL.name).map(|url| url.trim_end_matches('/').to_owned());
    if url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        let told = format!("{} expects {}", declared::CONSOLE_URL.name, declared::CONSOLE_URL.expects);
        return Err(WrongUsage(told).into());
    }
    let is_beyond = !listen.ip().is_loopback() || url.is_some();
    if is_beyond && users.is_none() {
        let told = "without users the console has no log-in and listens on this machine alone, such as 127.0.0.1:8081. Name some in \
                    RELAY_CONSOLE_USERS (`relay console hash-password NAME` makes an entry), or go through a tunnel from elsewhere: \
                    ssh -L 8081:127.0.0.1:8081 HOST";
        return Err(WrongUsage(told.to_owned()).into());
    }
    if !listen.ip().is_loopback() && !url.as_deref().is_some_and(|url| url.starts_with("https://")) {
        tell!(
            "警告:密码到控制台的路上没有加密:前面放上 TLS,并用 RELAY_CONSOLE_URL=https://… 写明",
            "warning: passwords reach the console unencrypted: put TLS in front of it, and say so with RELAY_CONSOLE_URL=https://…"
        );
    }
    Ok(Access { users, url })
}

async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))
}

/// The installation as it was a moment ago.
struct Installation {
    console: Console,
    wiring: RwLock<(Rc<Wiring>, Duration)>,
    /// Whether a proxy stands before it, which tells where a request comes from.
    is_behind_proxy: bool,
}

async fn serve(listener: TcpListener, wiring: Wiring, access: Access) -> anyhow::Result<()> {
    let token =
        wiring.rng.bytes().iter().chain(&wiring.rng.bytes()).map(|byte| format!("{byte:02x}")).collect();
    let at = wiring.clock.monotonic();
    let installation = Rc::new(Installation {
        is_behind_proxy: access.url.is_some(),
        console: Console::new(token, access),
        wiring: RwLock::new((Rc::new(wiring), at)),
    });
    let room = Rc::new(Semaphore::new(CONNECTIONS));
    say!("控制台在 http://{}", "The console is at http://{}", listener.local_addr()?);
    loop {
        // A connection that was gone before it was taken says nothing of the next.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (installation, room) = (installation.clone(), room.clone());
        tokio::task::spawn_local(async move {
            if let Ok(_held) = room.try_acquire() {
                connection(stream, peer.ip(), installation).await;
            }
        });
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, installation: Rc<Installation>) {
    let service = service_fn(|request| {
        let installation = installation.clone();
        async move { Ok::<_, Infallible>(installation.respond(peer, request).await) }
    });
    // A browser that has gone away has no use for the reason.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    _ = http.serve_connection(TokioIo::new(stream), service).await;
}

impl Installation {
    async fn respond(&self, peer: IpAddr, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let wiring = self.wiring().await;
        let answered = timeout(wiring.clock.as_ref(), PATIENCE, self.answered(&wiring, peer, request)).await;
        answered.unwrap_or_else(|_| {
            plain(StatusCode::GATEWAY_TIMEOUT, "the store or a vendor does not answer in time\n")
        })
    }

    async fn answered(
        &self,
        wiring: &Rc<Wiring>,
        peer: IpAddr,
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
            address_of_client: Some(self.client(peer, header("x-forwarded-for").as_deref())),
        };
        let connections: &Wiring = wiring;
        let connect = |system| connections.connection(system).map_err(|error| format!("{error:#}"));
        let tested = |flow: &str| test::of_flow(flow, &wiring.settings);
        let backfill = |plan: BackfillPlan, by: String| begin_backfill(wiring.clone(), plan, by);
        let place = match Place::of(wiring) {
            Ok(place) => place.of_console(),
            Err(error) => return plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}\n")),
        };
        let operations = operations(wiring);
        let settings = || in_force(wiring);
        let desk = Desk {
            operations,
            connect: &connect,
            place,
            tested: &tested,
            settings: &settings,
            backfill: &backfill,
        };
        written(self.console.answer(&desk, &asked).await)
    }

    /// Where a request comes from: where the proxy on this machine says, whose own word stands last.
    fn client(&self, peer: IpAddr, forwarded: Option<&str>) -> IpAddr {
        let last = forwarded.filter(|_| self.is_behind_proxy && peer.is_loopback());
        let last = last.and_then(|forwarded| forwarded.rsplit(',').next()?.trim().parse().ok());
        last.unwrap_or(peer)
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

/// Reads a range again for as long as that takes; the audit trail says what has come of it.
fn begin_backfill(wiring: Rc<Wiring>, plan: BackfillPlan, by: String) -> Result<(), String> {
    let poller = wiring.build::<TradePoller>().map_err(|error| format!("{error:#}"))?;
    tokio::task::spawn_local(async move {
        let range = Range { from: plan.from, to: plan.to };
        let told = format!("{} from {} to {}", plan.flow, shown(plan.from), shown(plan.to));
        let read = poller.backfill(&plan.flow, range, &|_| {}).await;
        let (queued, stopped) = match read {
            Ok(report) => (report.queued, report.error_in_full),
            Err(error) => (0, Some(format!("{error:#}"))),
        };
        let stopped =
            stopped.map(|error| format!("it stopped, and goes on when it is asked for again: {error}"));
        let did = Did::of("backfill", told).times(queued).because(stopped);
        operations(&wiring).note(Did { by: Some(&by), ..did }).await;
    });
    Ok(())
}

fn written(response: Response) -> hyper::Response<Full<Bytes>> {
    let Response { status, headers, body } = response;
    let mut written = hyper::Response::new(Full::new(Bytes::from(body)));
    *written.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            written.headers_mut().append(name, value);
        }
    }
    written
}

fn plain(status: StatusCode, text: &str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response
}
