//! The Lambda: wiring only.

use std::process::ExitCode;

use trade_poller::TradePoller;

fn main() -> ExitCode {
    lambda::run::<TradePoller>()
}
