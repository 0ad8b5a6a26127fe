//! What the four functions have in common for whoever runs them: Lambda, or a person.

use std::future::Future;

use relay_core::clock::Deadline;
use serde_json::Value;

use crate::Wiring;

/// The turn at an event that a function is given.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// Nothing is begun after it.
    pub deadline: Deadline,
    /// Whether an earlier turn at this very event may have sent what it holds.
    pub is_repeated: bool,
}

impl Occasion {
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

/// A function: built once, then given one event after the other.
pub trait Function: Sized + Send + Sync {
    /// What an event came to.
    type Handled;

    /// Builds it.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    fn wire(wiring: &Wiring) -> anyhow::Result<Self>;

    /// Works one event. The same event may be handed over again, to have what it came to replaced: what must be done
    /// once is left to [`Function::answer`].
    ///
    /// # Errors
    /// An event of another kind, or what kept the function from its work.
    fn handle(&self, event: Value, occasion: Occasion)
    -> impl Future<Output = anyhow::Result<Self::Handled>>;

    /// Concludes an event, when it is clear that no other turn at it follows.
    fn answer(&self, handled: Self::Handled) -> impl Future<Output = Value>;

    /// Works one event and concludes it, for whoever hands it over once.
    ///
    /// # Errors
    /// As [`Function::handle`].
    fn invoke(&self, event: Value, deadline: Deadline) -> impl Future<Output = anyhow::Result<Value>> {
        async move { Ok(self.answer(self.handle(event, Occasion::first(deadline)).await?).await) }
    }
}
