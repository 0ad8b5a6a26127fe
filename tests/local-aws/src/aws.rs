//! What is asked of AWS beyond the ports: plain requests, which a local AWS takes without a valid signature.

use anyhow::Context as _;
use http::Method;
use relay_connector::{HttpTransport, Request, Transport as _};
use serde_json::{Value, json};
use url::Url;

/// A local AWS.
pub struct Aws {
    /// Its address.
    pub endpoint: Url,
    /// Carries every request of the tests.
    pub transport: HttpTransport,
}

/// What an invocation answered.
#[derive(Debug)]
pub struct Invoked {
    /// Whether the function failed.
    pub failed: bool,
    /// The function's answer, or what its failure says.
    pub payload: Value,
}

impl Aws {
    /// Asks a service that takes JSON, such as `secretsmanager.GetSecretValue`.
    ///
    /// # Errors
    /// What AWS refuses, in its words.
    pub async fn call(&self, target: &str, body: &Value) -> anyhow::Result<Value> {
        let request =
            Request::post(self.endpoint.clone(), "application/x-amz-json-1.1", body.to_string().into());
        let service = target.split(['.', '_']).next().unwrap_or_default().to_lowercase();
        self.answer(&service, request.header("x-amz-target", target.to_owned())).await
    }

    /// Asks a service that takes REST: `lambda` or `scheduler`.
    ///
    /// # Errors
    /// What AWS refuses, in its words.
    pub async fn rest(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let url = self.endpoint.join(path)?;
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = Request { method, ..Request::post(url, "application/json", body.into()) };
        self.answer(service, request).await
    }

    async fn answer(&self, service: &str, request: Request) -> anyhow::Result<Value> {
        // The local AWS's own administrator need not sign; at one address for all services, the scope tells which is meant.
        let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
        let request = request.header("authorization", format!("{scope}, SignedHeaders=host, Signature=none"));
        let asked = format!("{request:?}");
        let response = self.transport.send(request).await.context(asked.clone())?;
        let text = String::from_utf8_lossy(&response.body);
        anyhow::ensure!(response.status < 300, "{asked}: {} {text}", response.status);
        if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text).context(asked) }
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// When it cannot be invoked at all.
    pub async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<Invoked> {
        let path = format!("2015-03-31/functions/{function}/invocations");
        let payload = self.rest("lambda", Method::POST, &path, Some(event)).await?;
        let failed = payload.get("errorType").is_some() || payload.get("errorMessage").is_some();
        Ok(Invoked { failed, payload })
    }

    /// How a function is configured.
    ///
    /// # Errors
    /// When there is no such function.
    pub async fn configuration(&self, function: &str) -> anyhow::Result<Value> {
        self.rest("lambda", Method::GET, &format!("2015-03-31/functions/{function}/configuration"), None)
            .await
    }

    /// Sets one variable of a function's environment; the next invocation starts it anew.
    ///
    /// # Errors
    /// When there is no such function.
    pub async fn set_variable(&self, function: &str, name: &str, value: &str) -> anyhow::Result<()> {
        let mut environment = self.configuration(function).await?["Environment"].take();
        environment["Variables"][name] = json!(value);
        let path = format!("2015-03-31/functions/{function}/configuration");
        self.rest("lambda", Method::PUT, &path, Some(&json!({ "Environment": environment }))).await?;
        Ok(())
    }

    /// Every line of a log group, as its function wrote them.
    ///
    /// # Errors
    /// When there is no such group.
    pub async fn log(&self, group: &str) -> anyhow::Result<Vec<String>> {
        let (mut lines, mut token) = (Vec::new(), Value::Null);
        loop {
            let mut asked = json!({ "logGroupName": group });
            if token.is_string() {
                asked["nextToken"] = token;
            }
            let mut page = self.call("Logs_20140328.FilterLogEvents", &asked).await?;
            let events = page["events"].as_array().cloned().unwrap_or_default();
            lines.extend(events.iter().filter_map(|event| Some(event["message"].as_str()?.to_owned())));
            token = page["nextToken"].take();
            if !token.is_string() {
                return Ok(lines);
            }
        }
    }
}
