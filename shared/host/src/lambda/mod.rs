//! What the Lambdas share: start-up, secrets, metrics, and the runtime's loop.
//!
//! | module | what for |
//! |---|---|
//! | [`host`] | one function with its settings, which are read anew when somebody refuses them |
//! | [`invocation`] | one invocation: the event, and what is told of it |
//! | [`metrics`] | what functions count, as lines that CloudWatch makes metrics of |
//! | `start` | from the process's start to its first event, and what is said where it does not come to that |

pub mod host;
pub mod invocation;
pub mod metrics;
mod start;

pub use host::Host;
pub use start::run;
