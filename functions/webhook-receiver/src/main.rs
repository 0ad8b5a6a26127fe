//! The Lambda: wiring only.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use webhook_receiver::Receiver;
use wiring::Wiring;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    wiring::logs::for_lambda();
    let receiver = Arc::new(Receiver::wire(&Wiring::from_environment().await?)?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let receiver = receiver.clone();
        async move { Ok::<_, Error>(receiver.handle(event.payload).await) }
    }))
    .await
}
