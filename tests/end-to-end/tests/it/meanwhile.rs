//! What happens while a process waits for an answer: the machine sleeps, another process works, the vendor is slow.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};

type Event = Pin<Box<dyn Future<Output = ()> + Send>>;

/// When an event comes: before the vendor gets the request, or after it has done the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// Lets something happen during the first request to a path.
pub(crate) struct Meanwhile {
    inner: Arc<dyn Transport>,
    path: &'static str,
    when: When,
    event: Mutex<Option<Event>>,
}

impl Meanwhile {
    pub(crate) fn new(
        inner: Arc<dyn Transport>,
        path: &'static str,
        when: When,
        event: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { inner, path, when, event: Mutex::new(Some(Box::pin(event))) }
    }

    async fn happens(&self, request: &Request, when: When) {
        let is_due = self.when == when && request.url.path().contains(self.path);
        let event = if is_due { self.event.lock().unwrap().take() } else { None };
        if let Some(event) = event {
            event.await;
        }
    }
}

#[async_trait]
impl Transport for Meanwhile {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.happens(&request, When::Before).await;
        let answer = self.inner.send(request.clone()).await;
        self.happens(&request, When::After).await;
        answer
    }
}

type Happening = Box<dyn Fn() -> Event + Send + Sync>;

/// Lets something happen before every request to a path.
pub(crate) struct Often {
    inner: Arc<dyn Transport>,
    path: &'static str,
    happening: Happening,
}

impl Often {
    pub(crate) fn new(
        inner: Arc<dyn Transport>,
        path: &'static str,
        happening: impl Fn() -> Event + Send + Sync + 'static,
    ) -> Self {
        Self { inner, path, happening: Box::new(happening) }
    }
}

#[async_trait]
impl Transport for Often {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.url.path().contains(self.path) {
            (self.happening)().await;
        }
        self.inner.send(request).await
    }
}

/// A vendor that loses the answers to some requests, and finishes those requests when it is told to.
#[derive(Clone)]
pub(crate) struct Late {
    inner: Arc<dyn Transport>,
    path: &'static str,
    left: Arc<Mutex<usize>>,
    unfinished: Arc<Mutex<Vec<Request>>>,
}

impl Late {
    /// Takes the first `count` requests to a path without an answer.
    pub(crate) fn new(inner: Arc<dyn Transport>, path: &'static str, count: usize) -> Self {
        Self { inner, path, left: Arc::new(Mutex::new(count)), unfinished: Arc::default() }
    }

    /// Does the work of what was left without an answer.
    pub(crate) async fn finish(&self) {
        let unfinished = std::mem::take(&mut *self.unfinished.lock().unwrap());
        assert!(!unfinished.is_empty(), "nothing is going on");
        for request in unfinished {
            _ = self.inner.send(request).await.unwrap();
        }
    }

    fn keeps(&self, request: &Request) -> bool {
        let mut left = self.left.lock().unwrap();
        let keeps = *left > 0 && request.url.path().contains(self.path);
        if keeps {
            *left -= 1;
            self.unfinished.lock().unwrap().push(request.clone());
        }
        keeps
    }
}

#[async_trait]
impl Transport for Late {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if self.keeps(&request) {
            return Err(TransportError::Lost("timed out".to_owned()));
        }
        self.inner.send(request).await
    }
}
