//! Long work on the heap.

use std::pin::Pin;

/// What is to be done, on the heap. It is made in a frame of its own: in that of its caller it would have its room on the stack
/// for as long as anything there lasts, and a worker inside of a worker overflowed it.
#[inline(never)]
pub(crate) fn boxed<F: Future>(made: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(made())
}
