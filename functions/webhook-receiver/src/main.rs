//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_webhook_receiver::Receiver;

fn main() -> ExitCode {
    relay_host::lambda::run::<Receiver>()
}
