//! What the simulated vendors do not do by themselves: rows as no ERP should write them, answers without a count,
//! smaller pages than were asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use relay_connector::{Request, Response, Transport, TransportError};
use relay_simulators::wangdian::{ACCOUNT, sign};
use serde_json::Value;

/// Changes the requests and answers of the Qimen route on their way.
pub(crate) struct Altered {
    pub(crate) inner: Arc<dyn Transport>,
    /// Largest page, whatever is asked for.
    pub(crate) page_size: Option<usize>,
    pub(crate) answer: Box<dyn Fn(&mut Value) + Send + Sync>,
}

#[async_trait]
impl Transport for Altered {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.url.host_str() != Some("qimen.invalid") {
            return self.inner.send(request).await;
        }
        let request = match self.page_size {
            Some(page_size) => with_page_size(request, page_size),
            None => request,
        };
        let mut response = self.inner.send(request).await?;
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        (self.answer)(&mut body["response"]);
        response.body = body.to_string().into_bytes();
        Ok(response)
    }
}

/// The same request for smaller pages, signed anew.
fn with_page_size(mut request: Request, page_size: usize) -> Request {
    let form = |bytes: &[u8]| {
        let text = format!("http://form/?{}", String::from_utf8_lossy(bytes));
        let url: url::Url = text.parse().unwrap();
        url.query_pairs().into_owned().collect::<BTreeMap<String, String>>()
    };
    let mut business = form(&request.body);
    business.insert("page_size".to_owned(), page_size.to_string());
    let mut system: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
    let signed = business.clone().into_iter().chain(system.clone()).collect();
    let sign = sign::top(&signed, ACCOUNT.qimen_app_secret, "md5").unwrap();
    system.insert("sign".to_owned(), sign);
    request.url.query_pairs_mut().clear().extend_pairs(&system);
    let mut encoder: url::Url = "http://form/".parse().unwrap();
    encoder.query_pairs_mut().extend_pairs(&business);
    request.body = encoder.query().unwrap().as_bytes().to_vec();
    request
}
