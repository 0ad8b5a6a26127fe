//! Webhook requests: Qince's forms, multipart bodies and raw JSON, signed JSON to `/http/…`, and API Gateway's events.
//!
//! An input is a request (`POST /qince/direct-orders`, headers, an empty line, the body), or an event as JSON. It is fed as
//! it stands, and once more with its signature: the word `DIGEST` in a form, and the header `x-relay-signature`, become
//! what the sender would have written. So what lies behind the signature is met too.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relay_connector::{AgeLimit, PushRefused, PushRequest, Reply, Verified, Webhook};
use relay_core::WorkItem;
use relay_core::clock::{SeededRng, SimulatedClock};
use relay_job::pushed::Readers;
use relay_job::work;
use relay_webhook_receiver::event;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::Depth;
use crate::house::{CATALOG, FLOW_SETTINGS, FLOWS, now};
use crate::input::{first_line, headers_and_body, position};

/// Words that its parsers look for.
pub const WORDS: &[&str] = &[
    "POST /qince/direct-orders",
    "POST /http/orders",
    "content-type: application/x-www-form-urlencoded",
    "content-type: multipart/form-data; boundary=b",
    "boundary=\"",
    "x-relay-timestamp: 1795320000",
    "idempotency-key: 1",
    "Content-Disposition: form-data; name=\"data\"",
    "\r\n\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "--",
    "msgId=",
    "&data=",
    "data=%7B%22id%22%3A%221%22%7D",
    "&digest=DIGEST",
    "&timestamp=1795320000000",
    "&status=2",
    "dataType=dms_purchase",
    "%7B",
    "%22",
    "%00",
    "%E5%8D",
    "%",
    "+",
    "\u{FEFF}",
    "{\"id\":\"1\"}",
    "\"id\":",
    "\"id\": 1e400",
    "null",
    "[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\\ud83d",
    "\\u0000",
    "$serde_json::private::Number",
    "18446744073709551616",
    "-0",
    "1E-999",
    "\"isBase64Encoded\": true",
    "rawPath",
];

const SECRET: &str = "a secret that no input holds";
const DIGEST: &[u8] = b"DIGEST";

struct Hooks {
    qince: relay_qince::Pushes,
    unsigned: relay_qince::Pushes,
    http: relay_http::Pushes,
}

static HOOKS: LazyLock<Hooks> = LazyLock::new(|| {
    let secrets = || vec![SecretString::from("another"), SecretString::from(SECRET)];
    let settings = relay_qince::Settings::new(secrets());
    let unsigned = relay_qince::Settings { allow_raw_json: true, ..settings.clone() };
    let clock = Arc::new(SimulatedClock::starting_at(now()));
    Hooks {
        qince: relay_qince::Pushes::new(settings, clock.clone()),
        unsigned: relay_qince::Pushes::new(unsigned, clock.clone()),
        http: relay_http::Pushes::new(secrets(), AgeLimit::any("HTTP_WEBHOOK_MAX_AGE_MINUTES"), clock),
    }
});

/// Feeds a request, or an event.
pub fn run(input: &[u8]) -> Depth {
    let Some(sent) = Sent::read(input) else { return Depth::Refused };
    for hook in [&HOOKS.qince as &dyn Webhook, &HOOKS.http] {
        let refused = hook.verify(&sent.as_push()).expect_err("nobody is believed without a signature");
        assert!(refused.kept.is_none(), "a stranger's data is not kept");
        is_told(&refused);
    }
    let signed = sent.signed();
    signed.comes_through_a_gateway();
    let hooks = [&HOOKS.http as &dyn Webhook, &HOOKS.qince, &HOOKS.unsigned];
    let fed = hooks.iter().map(|hook| followed(hook.verify(&signed.as_push())));
    fed.max().unwrap_or(Depth::Refused)
}

/// A request.
struct Sent {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    /// The request that an input is; `None` where it is an event that is none of API Gateway's.
    fn read(input: &[u8]) -> Option<Self> {
        if input.starts_with(b"{") {
            let event = event::decode(serde_json::from_slice(input).ok()?);
            return event.ok().map(|request| Self::of(&request.as_push()));
        }
        let (line, rest) = first_line(input);
        let (method, path) = line.split_once(' ').unwrap_or(("POST", &line));
        let (headers, body) = headers_and_body(rest);
        Some(Self { method: method.to_owned(), path: path.to_owned(), headers, body: body.to_vec() })
    }

    fn of(request: &PushRequest<'_>) -> Self {
        let PushRequest { method, path, headers, body } = *request;
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.to_vec(),
            body: body.to_vec(),
        }
    }

    fn as_push(&self) -> PushRequest<'_> {
        let Self { method, path, headers, body } = self;
        PushRequest { method, path, headers, body }
    }

    /// The same request, as a sender that knows the secret would have signed it.
    fn signed(&self) -> Self {
        let mut headers = self.headers.clone();
        let timestamp = self.as_push().header("x-relay-timestamp").unwrap_or("1795320000").to_owned();
        let signature = relay_http::sign::relay(SECRET, &timestamp, &self.body);
        headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-relay-"));
        headers.push(("X-Relay-Timestamp".to_owned(), timestamp));
        headers.push(("X-Relay-Signature".to_owned(), signature));
        let mut body = self.body.clone();
        if let Some(at) = position(&body, DIGEST) {
            let (data, timestamp) = signed_fields(&body);
            let digest = relay_qince::sign::push_digest(&data, SECRET, &timestamp);
            body.splice(at..at + DIGEST.len(), digest.into_bytes());
        }
        Self { method: self.method.clone(), path: self.path.clone(), headers, body }
    }

    /// What a gateway makes of a request, and we of that, is the request.
    fn comes_through_a_gateway(&self) {
        let headers: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let event = json!({
            "rawPath": self.path, "requestContext": {"http": {"method": self.method}}, "headers": headers,
            "body": BASE64.encode(&self.body), "isBase64Encoded": true,
        });
        let request = event::decode(event).expect("an event of a gateway");
        let came = request.as_push();
        assert_eq!((came.method, came.path, came.body), (&*self.method, &*self.path, &*self.body));
    }
}

/// The data and the timestamp of a form, as its sender knows them.
fn signed_fields(body: &[u8]) -> (Vec<u8>, String) {
    let body = body.trim_ascii();
    if body.starts_with(b"--") {
        let timestamp = part(body, b"name=\"timestamp\"");
        return (part(body, b"name=\"data\"").to_vec(), String::from_utf8_lossy(timestamp).into_owned());
    }
    let field = |wanted: &str| {
        let found = form_urlencoded::parse(body).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    (field("data").into_bytes(), field("timestamp"))
}

/// The content of a part of a multipart body.
fn part<'b>(body: &'b [u8], name: &[u8]) -> &'b [u8] {
    let content = position(body, name).and_then(|at| {
        let part = &body[at..];
        let content = &part[position(part, b"\r\n\r\n")? + 4..];
        Some(&content[..position(content, b"\r\n--")?])
    });
    content.unwrap_or_default()
}

fn followed(push: Result<Verified, PushRefused>) -> Depth {
    match push {
        Ok(push) => {
            is_carried(&push);
            Depth::Accepted
        }
        Err(refused) => {
            is_told(&refused);
            if refused.kept.is_some() { Depth::Opened } else { Depth::Refused }
        }
    }
}

/// A push that is believed becomes messages, whatever is in it.
fn is_carried(push: &Verified) {
    assert!(push.msg_id.chars().count() <= 100, "an answer carries a short id");
    let (clock, rng) = (SimulatedClock::starting_at(now()), SeededRng::new(1));
    let readers = Readers { flows: &FLOWS, settings: &FLOW_SETTINGS };
    let document = push.document.or(CATALOG.document("http.webhook")).expect("a document of the catalog");
    let items = readers.work_items(document, &push.params, push.data.clone(), &clock, &rng);
    let flow = &FLOWS.iter().next().expect("a flow").flow;
    let any = work::item(flow, push.data.clone(), false, now(), &rng);
    for item in items.values().flatten().chain([&any]) {
        assert_eq!(item.too_deep(), None, "what is nested deeper than it can be carried is refused");
        assert_eq!(
            WorkItem::decode(&item.encode()).as_ref(),
            Ok(item),
            "a message says what was put into it"
        );
    }
}

/// The answer to a refusal is one that the sender can read.
fn is_told(refused: &PushRefused) {
    assert!(refused.msg_id.chars().count() <= 100, "an answer carries a short id");
    assert!(!refused.message.contains(SECRET), "an answer carries no secret");
    let reply = Reply::failed(refused.msg_id.as_str(), refused.message.as_str()).to_json();
    let reply: Value = serde_json::from_str(&reply).expect("an answer is JSON");
    assert_eq!(reply["return_code"], 1);
}
