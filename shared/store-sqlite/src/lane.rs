use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};

/// One connection, used by one after the other, first come, first served.
#[derive(Clone)]
pub(super) struct Lane(Arc<Mutex<Connection>>);

impl Lane {
    pub(super) fn of(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Does some work off the async threads. Who is dropped while waiting for the connection has done nothing; who is
    /// dropped later does it all the same.
    ///
    /// # Errors
    /// When the work panicked. Its transaction is rolled back then, and the connection is as good as before.
    pub(super) async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let mut connection = self.0.clone().lock_owned().await;
        spawn_blocking(move || work(&mut connection)).await
    }
}
