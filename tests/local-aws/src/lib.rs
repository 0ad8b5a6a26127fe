//! A stack that `tests/local-aws/run` has deployed into a local AWS, and the simulated vendors before it.
//!
//! Nothing of the relay runs in this process: it sends pushes to the API's address, plays the vendors on the ports that
//! the stack was given, reads queues and tables, and does what befalls functions (a kill, a rotated secret).
//!
//! | module | what |
//! |---|---|
//! | [`stack`] | the deployed stack: its API, queues, ledger, secret and processes |
//! | [`meter`] | what work takes of AWS |
//! | [`operator`] | `relay` as a process of its own on the stack |
//! | [`turns`] | what the pusher's log tells of documents |
//! | [`aws`] | what is asked of AWS beyond the ports |

pub mod aws;
pub mod meter;
pub mod operator;
pub mod stack;
pub mod turns;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

pub use stack::Stack;

/// One for all tests: vendors and connections outlive each.
#[expect(clippy::expect_used, reason = "only tests call it")]
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

#[expect(clippy::panic, reason = "only tests call it")]
static STACK: LazyLock<Stack> = LazyLock::new(|| {
    RUNTIME.block_on(Stack::open()).unwrap_or_else(|error| panic!("no stack to drive: {error:#}"))
});

/// Runs a test on the stack, which all tests share: one after the other, each with documents of its own.
pub fn on_the_stack(test: impl AsyncFnOnce(&Stack)) {
    let stack = &*STACK;
    RUNTIME.block_on(test(stack));
}

/// Runs a history on the stack as often as `HISTORY_RUNS` says, twice by default, each time with documents of its own.
pub fn again_and_again(history: &impl AsyncFn(&Stack)) {
    in_lots(1, &async |stack: &Stack, _: u32| history(stack).await);
}

/// The same for a history that runs with several documents side by side: it is told with how many, `lot` at most.
pub fn in_lots(lot: u32, histories: &impl AsyncFn(&Stack, u32)) {
    let runs = std::env::var("HISTORY_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(2);
    on_the_stack(async |stack| {
        let mut left: u32 = runs;
        while left > 0 {
            let now = left.min(lot);
            histories(stack, now).await;
            left -= now;
        }
    });
}
