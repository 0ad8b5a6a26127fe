//! The Lambda: wiring only.

use std::process::ExitCode;

use relay_stock_syncer::StockSyncer;

fn main() -> ExitCode {
    relay_host::lambda::run::<StockSyncer>()
}
