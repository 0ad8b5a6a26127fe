//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_bill_closer::BillCloser;

fn main() -> ExitCode {
    relay_host::lambda::run::<BillCloser>()
}
