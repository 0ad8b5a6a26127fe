//! The webhook server.
//!
//! Anybody may reach it, so nothing that a stranger sends or holds back keeps a push of Qince out: connections, the time
//! that each part of a request may take, and the bytes that are held for bodies are all limited.
//!
//! | module | what for |
//! |---|---|
//! | `slots` | the connections that there are, and which of them goes where there are too many |
//! | `body_budget` | the bytes that are held for large bodies |
//! | `push` | one request: its body, and the receiver's answer |
//! | `files` | how many connections the process can hold open |
//! | `watched` | `/healthz`, `/readyz`, `/metrics` |
//! | `refusals` | what was turned away, counted, so that a flood of it is no flood of log lines |

mod body_budget;
mod files;
mod push;
mod refusals;
mod slots;
mod watched;

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use relay_core::clock::{Clock, Interval, timeout};
use relay_webhook_receiver::Receiver;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};

use self::push::Pushes;
use self::refusals::{Reason, Refusals};
use self::slots::{Phase, Slot, Slots};
use self::watched::Asked;
pub(crate) use self::watched::Watched;

/// What a head may take: Qince's is under 1 KB.
const LARGEST_HEAD: usize = 16 * 1024;

/// How often the connections are looked over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long no connection is accepted where the process, or the machine, can open no more files.
const NO_FILES_WAIT: Duration = Duration::from_millis(100);

/// How long half-open connections are waited for when the server stops: who has sent half a request by then will send it
/// again.
const HALF_OPEN: Duration = Duration::from_secs(5);

/// The receiver of today: its flows may be taken anew while the server goes on.
pub(crate) struct Current(RwLock<Arc<Receiver>>);

impl Current {
    pub(crate) fn of(receiver: Receiver) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(receiver))))
    }

    /// Puts another in its place: requests in hand are answered by the one before.
    pub(crate) fn replace(&self, receiver: Receiver) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(receiver);
    }

    fn now(&self) -> Arc<Receiver> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves pushes, and whoever watches, until `stopped`, and then ends those in hand. `clock` is the sockets' own: the machine's, wherever
/// clients are real.
///
/// # Errors
/// A listener that accepts no more.
pub(crate) async fn serve(
    listener: TcpListener,
    receiver: Arc<Current>,
    watched: Option<Arc<Watched>>,
    clock: Arc<dyn Clock>,
    stopped: impl Future<Output = ()>,
) -> io::Result<()> {
    let refusals = Arc::new(Refusals::new(clock.clone()));
    let slots = Slots::new(files::connections(), clock.clone(), refusals.clone());
    let pushes = Arc::new(Pushes::new(receiver, clock.clone(), slots.clone(), refusals.clone()));
    let connections = GracefulShutdown::new();
    let mut look = Interval::new(clock.as_ref(), LOOK_EVERY);
    let mut stopped = pin!(stopped);
    let served = loop {
        let accepted = tokio::select! {
            () = &mut stopped => break Ok(()),
            () = look.tick() => {
                slots.close_overdue();
                refusals.tell();
                continue;
            }
            accepted = accept(&listener, clock.as_ref(), &slots, &refusals) => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => break Err(error),
        };
        let slot = tokio::select! {
            () = &mut stopped => break Ok(()),
            slot = slots.take() => slot,
        };
        let (answers, watcher) = ((pushes.clone(), watched.clone()), connections.watcher());
        let task = tokio::spawn(connection(stream, answers, slot.clone(), watcher));
        slot.is_worked_by(task.abort_handle());
    };
    // From here on nobody can connect.
    drop(listener);
    if timeout(clock.as_ref(), HALF_OPEN, connections.shutdown()).await.is_err() {
        slots.close_all();
    }
    refusals.tell_all();
    served
}

/// The next connection. Where none can be opened, one that owes us a request makes way.
async fn accept(
    listener: &TcpListener,
    clock: &dyn Clock,
    slots: &Slots,
    refusals: &Refusals,
) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) if is_of_resources(&error) => {
                refusals.count(Reason::NoFiles);
                slots.close_one();
                clock.elapse(NO_FILES_WAIT).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whoever connected is gone again; the listener is well.
fn is_of_the_connection(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// The process or the machine has no more files or memory, for now.
fn is_of_resources(error: &io::Error) -> bool {
    let errors = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

async fn connection(
    stream: TcpStream,
    (pushes, watched): (Arc<Pushes>, Option<Arc<Watched>>),
    slot: Arc<Slot>,
    watcher: Watcher,
) {
    let service = service_fn(|request| {
        let (pushes, watched, slot) = (pushes.clone(), watched.clone(), slot.clone());
        async move {
            let response = match watched.zip(Asked::of(&request)) {
                Some((watched, asked)) => {
                    slot.enter(Phase::Work);
                    let response = watched.answer(asked).await;
                    slot.enter(Phase::Idle);
                    response
                }
                None => pushes.answer(request, &slot).await,
            };
            Ok::<_, Infallible>(response)
        }
    });
    let serving =
        http1::Builder::new().max_buf_size(LARGEST_HEAD).serve_connection(TokioIo::new(stream), service);
    // What broke off in a body has been counted there; a head that broke off is nobody's loss.
    _ = watcher.watch(serving).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_the_listener_ends_it() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert!(is_of_resources(&errno.into()), "{errno}");
        }
        for errno in [Errno::CONNABORTED, Errno::CONNRESET, Errno::INTR] {
            assert!(is_of_the_connection(&errno.into()), "{errno}");
        }
        let broken = io::Error::from(Errno::BADF);
        assert!(!is_of_resources(&broken) && !is_of_the_connection(&broken));
    }
}
