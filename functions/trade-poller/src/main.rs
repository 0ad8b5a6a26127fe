//! The Lambda: wiring only.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use trade_poller::TradePoller;
use wiring::Wiring;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    wiring::logs::for_lambda();
    let poller = Arc::new(TradePoller::wire(&Wiring::from_environment().await?)?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let poller = poller.clone();
        async move {
            let deadline = wiring::deadline(event.context.deadline());
            // Every window is logged; nobody watches.
            Ok::<_, Error>(poller.handle(event.payload, Some(deadline), &|_| {}).await?)
        }
    }))
    .await
}
