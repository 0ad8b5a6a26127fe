//! From the process's start to its first event.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use http::Request;
use lambda_runtime::{Diagnostic, Runtime, service_fn};
use lambda_runtime_api_client::{Client, body::Body};
use relay_job::Job;
use serde_json::json;
use tokio::sync::Mutex;

use crate::lambda::metrics::Scope;
use crate::lambda::{Host, invocation, metrics};
use crate::secret::{self, with_secret};
use crate::{SecretsManager, Settings, SettingsError, Wiring, logs, memory};

/// Runs a function on Lambda.
#[must_use]
pub fn run<F: Job>() -> ExitCode {
    logs::for_lambda();
    memory::close();
    // One thread: a sandbox works one event at a time, and waits for others nearly all of it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(serve::<F>())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn serve<F: Job>() -> anyhow::Result<()> {
    let environment = Settings::from_environment();
    environment.get("AWS_LAMBDA_RUNTIME_API").context(
        "this program runs on Lambda: try `cargo lambda watch`, or `relay invoke` for a run without Lambda",
    )?;
    let collector = metrics::collect(environment.get("RELAY_METRICS_NAMESPACE").unwrap_or("erp-relay"))?;
    let (host, scope) = match start::<F>(environment).await {
        Ok((host, scope)) => (Arc::new(Mutex::new(host)), scope),
        Err(error) => {
            report(&format!("{error:#}")).await;
            return Err(error);
        }
    };
    let invoke = service_fn(move |event| {
        let host = host.clone();
        async move {
            let mut host = host.lock().await;
            // On the heap: a function's future within the runtime's is nested deeper than the compiler lays out.
            let answer = Box::pin(invocation::work(&mut *host, event, collector, scope, io::stdout())).await;
            answer.map_err(|error| Diagnostic {
                error_type: "Error".to_owned(),
                error_message: format!("{error:#}"),
            })
        }
    });
    // Without the runtime's own span: ours names the request on every line.
    Runtime::new(invoke).run().await.map_err(anyhow::Error::from_boxed)
}

async fn start<F: Job>(environment: Settings) -> anyhow::Result<(Host<F>, Scope)> {
    let settings = with_secret(&environment, &SecretsManager).await?;
    let origin = secret::origin(&environment);
    let hosted = async {
        let scope = Scope::of(&environment)?;
        let wiring = Wiring::on_this_machine(settings).await?;
        Ok((Host::new(environment, Arc::new(SecretsManager), wiring)?, scope))
    };
    // Not as context: the error says what is missing before it says where that was looked for.
    hosted.await.map_err(|error: anyhow::Error| match error.downcast::<SettingsError>() {
        Ok(error) => anyhow::anyhow!("{error} ({origin})"),
        Err(error) => error,
    })
}

/// Tells Lambda why there will be no function; the log has it anyway.
async fn report(error: &str) {
    let request = Request::post("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", "Runtime.StartUp")
        .body(Body::from(json!({ "errorType": "Runtime.StartUp", "errorMessage": error }).to_string()));
    let (Ok(request), Ok(client)) = (request, Client::builder().build()) else { return };
    if let Err(error) = client.call(request).await {
        tracing::warn!(%error, "Lambda did not hear of it");
    }
}
