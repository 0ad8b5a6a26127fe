//! The Lambda: wiring only.

use std::sync::Arc;

use erp_pusher::ErpPusher;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use wiring::Wiring;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    wiring::logs::for_lambda();
    let pusher = Arc::new(ErpPusher::wire(&Wiring::from_environment().await?)?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let pusher = pusher.clone();
        async move {
            Ok::<_, Error>(
                pusher.handle(event.payload, Some(wiring::deadline(event.context.deadline()))).await?,
            )
        }
    }))
    .await
}
