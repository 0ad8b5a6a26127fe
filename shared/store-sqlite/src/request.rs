//! What waits for the writer: some work, and somebody who wants its answer.

use chrono::{DateTime, Utc};
use relay_core::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// Work for the writer, whatever its answer is made of.
pub(super) trait Request: Send {
    /// What errors say was being done.
    fn doing(&self) -> &'static str;

    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Does the work. It may be done once more, where another request of its transaction fails, or that cannot be committed.
    fn work(&mut self, connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()>;

    /// Answers, once it is known what became of the work.
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

/// Work whose answer is a `T`.
struct Asked<T, W> {
    doing: &'static str,
    work: W,
    value: Option<T>,
    answer: Sender<Result<T, StoreError>>,
}

/// A request for the writer, and where its answer arrives.
pub(super) fn request<T: Send + 'static>(
    doing: &'static str,
    work: impl FnMut(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
) -> (Box<dyn Request>, Receiver<Result<T, StoreError>>) {
    let (answer, answered) = channel();
    (Box::new(Asked { doing, work, value: None, answer }), answered)
}

impl<T, W> Request for Asked<T, W>
where
    T: Send,
    W: FnMut(&Connection, DateTime<Utc>) -> rusqlite::Result<T> + Send,
{
    fn doing(&self) -> &'static str {
        self.doing
    }

    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn work(&mut self, connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
        self.value = Some((self.work)(connection, now)?);
        Ok(())
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self { value, answer, .. } = *self;
        // A request that nobody wanted any more has no value, and who is gone needs no answer.
        if let Some(done) = done.map(|()| value).transpose() {
            _ = answer.send(done);
        }
    }
}
