//! The four functions in their host, over simulated vendors, time and secrets.
//!
//! | module | what it shows |
//! |---|---|
//! | `rotation` | a rotated secret costs no push, no failed document and no pause |
//! | `told` | what is logged and counted, and that none of it is private |
//! | `stage` | what the tests are built of |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod rotation;
mod stage;
mod told;
