//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_trade_poller::TradePoller;

fn main() -> ExitCode {
    relay_host::lambda::run::<TradePoller>()
}
