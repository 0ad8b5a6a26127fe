//! The Lambda: wiring only.

use std::process::ExitCode;

use stock_syncer::StockSyncer;

fn main() -> ExitCode {
    lambda::run::<StockSyncer>()
}
