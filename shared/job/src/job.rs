//! A job, for whoever runs it: Lambda, or a person.

use std::future::Future;

use relay_core::clock::Deadline;
use serde_json::Value;

use crate::{Flows, Needs, Parts};

/// The turn at an event that a job is given.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// Nothing is begun after it.
    pub deadline: Deadline,
    /// Whether an earlier turn at this very event may have sent what it holds.
    pub is_repeated: bool,
}

impl Invocation {
    /// The first turn at an event.
    #[must_use]
    pub fn first(deadline: Deadline) -> Self {
        Self { deadline, is_repeated: false }
    }

    /// Another turn at an event.
    #[must_use]
    pub fn repeated(deadline: Deadline) -> Self {
        Self { deadline, is_repeated: true }
    }
}

/// An event of which a part could not be worked. It prints as the answer, without the words of vendors: Lambda logs what a
/// function fails with.
#[derive(Debug, thiserror::Error)]
#[error("{answer}")]
pub struct Unfinished {
    /// What became of each part.
    pub answer: Value,
    /// What the parts failed with, in full: for whoever asks a command.
    pub errors: Vec<String>,
}

/// A job: built once, then given one event after the other.
pub trait Job: Sized + Send + Sync {
    /// What an event came to.
    type Handled;

    /// What it needs where these are the flows.
    fn needs(flows: &Flows) -> Needs;

    /// Builds it.
    ///
    /// # Errors
    /// What keeps these flows from being worked.
    fn build(parts: &Parts) -> anyhow::Result<Self>;

    /// Works one event. The same event may be handed over again, to have what it came to replaced: what must be done
    /// once is left to [`Job::answer`].
    ///
    /// # Errors
    /// An event of another kind, or what kept the job from its work.
    fn handle(
        &self,
        event: Value,
        occasion: Invocation,
    ) -> impl Future<Output = anyhow::Result<Self::Handled>>;

    /// Concludes an event, when it is clear that no other turn at it follows.
    fn answer(&self, handled: Self::Handled) -> impl Future<Output = Value>;

    /// Works one event and concludes it, for whoever hands it over once.
    ///
    /// # Errors
    /// As [`Job::handle`].
    fn invoke(&self, event: Value, deadline: Deadline) -> impl Future<Output = anyhow::Result<Value>> {
        async move { Ok(self.answer(self.handle(event, Invocation::first(deadline)).await?).await) }
    }
}
