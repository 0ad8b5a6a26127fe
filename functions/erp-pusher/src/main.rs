//! The Lambda: wiring only.

use std::process::ExitCode;

use erp_pusher::ErpPusher;

fn main() -> ExitCode {
    lambda::run::<ErpPusher>()
}
