use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::Mutex;

use super::blocking::{Blocking, Panicked};

/// One connection, used by one after the other, first come, first served.
#[derive(Clone)]
pub(super) struct Lane {
    connection: Arc<Mutex<Connection>>,
    blocking: Blocking,
}

impl Lane {
    pub(super) fn of(connection: Connection, blocking: Blocking) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)), blocking }
    }

    /// Does some work off the async threads. Who is dropped while waiting for the connection has done nothing; who is
    /// dropped later does it all the same.
    ///
    /// # Errors
    /// When the work panicked. Its transaction is rolled back then, and the connection is as good as before.
    pub(super) async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let mut connection = self.connection.clone().lock_owned().await;
        self.blocking.wait_for(move || work(&mut connection)).await
    }
}
