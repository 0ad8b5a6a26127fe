use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::Context as _;
use erp_pusher::ErpPusher;
use serde_json::{Value, json};
use stock_syncer::StockSyncer;
use trade_poller::TradePoller;
use webhook_receiver::Receiver;
use wiring::Wiring;

use crate::Done;
use crate::cli::Function;

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

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("reading the event from standard input")?;
        text
    } else {
        fs::read_to_string(file).with_context(|| format!("reading the event {}", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("the event {} is not JSON", file.display()))
}
