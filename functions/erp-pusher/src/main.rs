//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_erp_pusher::ErpPusher;

fn main() -> ExitCode {
    relay_host::lambda::run::<ErpPusher>()
}
