//! Reads the file through at the start: a damaged page is found before a push is answered.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::blocking::Blocking;
use super::health::Health;
use relay_core::StoreError;

/// How long the start waits for the check of a file that nobody has found damaged: half a gigabyte, from memory.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// How long a program waits that opens what is there, to ask (`relay show`): of a million documents it answers within 200 ms.
/// What the check finds later it still tells.
pub(super) const SHORT_PATIENCE: Duration = Duration::from_millis(100);

const DOING: &str = "checking the store";

/// Begins the check on a connection of its own, and waits for so long: a larger file is checked on while it is used. A
/// file that was found damaged before is checked to its end, and more closely.
///
/// # Errors
/// When damage is found meanwhile.
pub(super) fn begin(
    connection: Connection,
    health: &Arc<Health>,
    patience: Duration,
    blocking: Blocking,
) -> Result<(), StoreError> {
    let is_suspect = health.is_suspect();
    if blocking == Blocking::Inline {
        check(&connection, health, is_suspect);
        return health.still_well(DOING);
    }
    let (done, waiting) = channel();
    let known = health.clone();
    let check = move || {
        check(&connection, &known, is_suspect);
        // Nobody waits any more for what took too long.
        _ = done.send(());
    };
    let thread = thread::Builder::new().name("store-check".to_owned()).spawn(check);
    thread.map_err(|error| StoreError::new(DOING, format!("no thread could be started: {error}")))?;
    let is_done = if is_suspect {
        waiting.recv().is_ok()
    } else {
        waiting.recv_timeout(patience) != Err(RecvTimeoutError::Timeout)
    };
    if !is_done {
        tracing::info!("the store is large: its check goes on beside the work");
    }
    health.still_well(DOING)
}

fn check(connection: &Connection, health: &Health, is_suspect: bool) {
    let sql = if is_suspect { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    match connection.query_row(sql, [], |row| row.get::<_, String>(0)) {
        Ok(found) if found == "ok" => {
            if is_suspect {
                health.is_whole();
            }
        }
        Ok(found) => _ = health.damaged(DOING, &found),
        Err(error) => {
            let error = health.met(DOING, error);
            tracing::warn!(%error, "the store could not be checked");
        }
    }
}
