//! Reads the file through at the start: a damaged page is found before a push is answered.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::health::Health;
use crate::StoreError;

/// How long the start waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

const DOING: &str = "checking the store";

/// Begins the check on a connection of its own, and waits for a second. A larger file is checked on while it is used.
///
/// # Errors
/// When damage is found within that second.
pub(super) fn begin(connection: Connection, health: Arc<Health>) -> Result<(), StoreError> {
    let (done, waiting) = channel();
    let known = health.clone();
    let check = move || {
        check(&connection, &known);
        // Nobody waits any more for what took too long.
        _ = done.send(());
    };
    let thread = thread::Builder::new().name("store-check".to_owned()).spawn(check);
    thread.map_err(|error| StoreError::new(DOING, format!("no thread could be started: {error}")))?;
    if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        tracing::info!("the store is large: its check goes on beside the work");
    }
    health.still_well(DOING)
}

fn check(connection: &Connection, health: &Health) {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(found) if found == "ok" => {}
        Ok(found) => _ = health.damaged(DOING, &found),
        Err(error) => {
            let error = health.met(DOING, &error);
            tracing::warn!(%error, "the store could not be checked");
        }
    }
}
