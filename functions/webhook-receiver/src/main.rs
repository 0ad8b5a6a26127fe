//! The Lambda: wiring only.

use std::process::ExitCode;

use webhook_receiver::Receiver;

fn main() -> ExitCode {
    lambda::run::<Receiver>()
}
