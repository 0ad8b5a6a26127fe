//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_day_reconciler::DayReconciler;

fn main() -> ExitCode {
    relay_host::lambda::run::<DayReconciler>()
}
