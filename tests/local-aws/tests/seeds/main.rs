//! A few seeds of what `tests/simulation` does by thousands, on the deployed functions: `tests/local-aws/run seeds`.
//!
//! | module | what |
//! |---|---|
//! | `scenario` | what a seed draws: documents, vendors that misbehave, functions that are killed |
//! | `draw` | how it is drawn |
//! | `day` | has it happen, and waits until all is quiet |
//! | `documents` | what is pushed, and what changes |
//! | `judge` | reads the vendors' books and the ledger |
//!
//! A seed decides what is drawn. Who goes first the machine decides, so that a seed which failed may need a few tries.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod day;
mod documents;
mod draw;
mod judge;
mod scenario;

use local_aws::on_the_stack;

use day::Day;
use scenario::Scenario;

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run seeds"]
fn functions_that_are_killed_again_and_again_lose_nothing_and_double_nothing() {
    on_the_stack(async |stack| {
        let scenario = Scenario::of(stack.seed);
        println!("{scenario}");
        let judged = Day::of(stack, scenario).judged().await;
        let violations = judged.unwrap_or_else(|error| vec![format!("it could not be judged: {error:#}")]);
        assert!(
            violations.is_empty(),
            "\nseed {seed}, again by: tests/local-aws/run seeds --seeds 1 --from {seed}\n{}\n",
            violations.join("\n"),
            seed = stack.seed,
        );
    });
}
