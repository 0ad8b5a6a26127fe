//! A hook sees every call from both sides, and decides what becomes of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::future::{Future, pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use relay_core::clock::{SystemClock, timeout};
use relay_core::{Outgoing, StoreError, Stores, System};
use relay_decorator::{Call, Carries, Port, Side, decorate};
use relay_store_sqlite::Sqlite;
use tempfile::TempDir;

type Hooked = Result<(), StoreError>;

/// An empty store, and the same one behind a hook.
fn stores<F: Future<Output = Hooked> + Send + 'static>(
    hook: impl Fn(Side, &Call<'_>) -> F + Send + Sync + 'static,
) -> (TempDir, Stores, Stores) {
    let folder = tempfile::tempdir().unwrap();
    let stores = Sqlite::open(&folder.path().join("relay.db"), Arc::new(SystemClock)).unwrap().stores();
    let decorated = decorate(&stores, hook);
    (folder, stores, decorated)
}

fn broken() -> Hooked {
    Err(StoreError::new("writing", "the wire is cut"))
}

#[tokio::test]
async fn each_call_is_seen_before_and_after_with_its_port_and_what_it_carries() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let (_folder, stores, decorated) = stores(move |side, call| {
        let messages = if let Carries::Messages(messages) = call.carries { messages.len() } else { 0 };
        told.lock().unwrap().push((side, call.port, call.operation, messages));
        ready(Ok(()))
    });
    let message = Outgoing { group: "g".to_owned(), deduplication: "d".to_owned(), body: "{}".to_owned() };
    decorated.queue.send(System::new("kingdee"), &[message]).await.unwrap();
    decorated.lookups.put("units", "箱", "7", None).await.unwrap();
    assert_eq!(stores.queue.depth(System::new("kingdee")).await.unwrap().waiting, 1, "it is passed on");
    let calls = [(Port::Queue, "send", 1), (Port::Lookups, "put", 0)];
    let sides = calls.iter().flat_map(|call| [Side::Before, Side::After].map(|side| (side, *call)));
    let expected: Vec<_> =
        sides.map(|(side, (port, operation, count))| (side, port, operation, count)).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_call_that_fails_before_reaches_no_store_and_one_that_fails_after_has_been_made() {
    for (failing, stands) in [(Side::Before, None), (Side::After, Some("1".to_owned()))] {
        let hook = move |side, _: &Call<'_>| ready(if side == failing { broken() } else { Ok(()) });
        let (_folder, stores, decorated) = stores(hook);
        let error = decorated.checkpoints.put("watermark", "1", None, None).await.unwrap_err();
        assert_eq!(error.reason, "the wire is cut");
        let checkpoint = stores.checkpoints.get("watermark").await.unwrap();
        assert_eq!(checkpoint.map(|checkpoint| checkpoint.value), stands);
    }
}

#[tokio::test]
async fn a_hook_that_never_ends_holds_its_call_alone() {
    let (_folder, _stores, decorated) = stores(|_, call| match call.port {
        Port::Ledger => pending().boxed(),
        _ => ready(Ok(())).boxed(),
    });
    let limit = Duration::from_millis(500);
    assert!(timeout(&SystemClock, limit, decorated.ledger.counts()).await.is_err());
    assert_eq!(decorated.checkpoints.get("watermark").await.unwrap(), None);
}
