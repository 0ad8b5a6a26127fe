use std::fs;
use std::io;
use std::path::Path;

use erp_pusher::ErpPusher;
use serde_json::{Value, json};
use stock_syncer::StockSyncer;
use trade_poller::TradePoller;
use webhook_receiver::Receiver;
use wiring::Wiring;

use crate::cli::Function;
use crate::{Done, WrongUsage};

/// `relay invoke`
pub(crate) async fn run(function: Function, event: &Path) -> anyhow::Result<Done> {
    let event = read(event)?;
    let wiring = Wiring::from_environment()?;
    match answer(function, event, &wiring).await? {
        Ok(answer) => {
            println!("{answer}");
            Ok(Done::Well)
        }
        // As the Lambda runtime words it.
        Err(error) => {
            println!("{}", json!({ "errorType": "Error", "errorMessage": format!("{error:#}") }));
            eprintln!("error: {error:#}");
            Ok(Done::WithFailures)
        }
    }
}

/// The function's answer, or what it failed with; the outer error is one of its wiring.
async fn answer(function: Function, event: Value, wiring: &Wiring) -> anyhow::Result<anyhow::Result<Value>> {
    // Nobody limits the time of a run by hand.
    let deadline = None;
    Ok(match function {
        Function::WebhookReceiver => Ok(Receiver::wire(wiring)?.handle(event).await),
        Function::TradePoller => TradePoller::wire(wiring)?.handle(event, deadline).await,
        Function::StockSyncer => StockSyncer::wire(wiring)?.handle(event, deadline).await,
        Function::ErpPusher => ErpPusher::wire(wiring)?.handle(event, deadline).await,
    })
}

fn read(file: &Path) -> Result<Value, WrongUsage> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text =
        text.map_err(|error| WrongUsage(format!("the event {} cannot be read: {error}", file.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| WrongUsage(format!("the event {} is not JSON: {error}", file.display())))
}
