//! The Lambda: wiring only.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use stock_syncer::StockSyncer;
use wiring::Wiring;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    wiring::logs::for_lambda();
    let syncer = Arc::new(StockSyncer::wire(&Wiring::from_environment().await?)?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let syncer = syncer.clone();
        async move {
            Ok::<_, Error>(
                syncer.handle(event.payload, Some(wiring::deadline(event.context.deadline()))).await?,
            )
        }
    }))
    .await
}
