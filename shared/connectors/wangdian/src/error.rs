//! What an answer means: the one place that decides it.
//!
//! Failures are made here and in the places that refuse a call before it is sent; the pusher and the pollers
//! act on their [`Class`] alone. The vendor publishes no complete table of codes, so the text decides as much
//! as the code does, and what neither explains is the document's own fault, kept with both.

use std::time::Duration;

use relay_connector::{Class, Failure, Response, words};
use serde_json::Value;

use crate::envelope::{Envelope, Verdict, refusal};
use crate::settings::Route;

/// The vendor's name in failures.
pub(crate) const VENDOR: &str = "wangdian";

/// The acknowledged record is no longer waiting: an earlier acknowledgement of it has already arrived.
pub(crate) const NOT_WAITING: &str = "非待同步状态";

/// How long the public clients rest after code 1012, and after the text 频率超限.
const RATE_LIMIT_REST: Duration = Duration::from_secs(31);
const RATE_EXCEEDED_REST: Duration = Duration::from_secs(300);

/// A call that was not done, or not for all of its documents.
pub(crate) struct Rejected {
    /// What it means for all that the call was about.
    pub(crate) failure: Failure,
    /// What the answer says of single documents, if it does.
    pub(crate) listed: Option<Box<Listed>>,
}

/// Single documents that an answer lists as refused.
pub(crate) struct Listed {
    /// The entries of the list.
    pub(crate) documents: Vec<Value>,
    /// Whether the vendor took what is not listed.
    pub(crate) takes_rest: bool,
}

impl From<Failure> for Rejected {
    fn from(failure: Failure) -> Self {
        Self { failure, listed: None }
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        rejected.failure
    }
}

impl Rejected {
    /// A call that succeeded as a whole, with what its `errors` say was not taken.
    pub(crate) fn in_part(operation: &str, errors: Vec<Value>) -> Self {
        let failure = refused_inside(operation, None, &errors);
        Self { failure, listed: Some(Box::new(Listed { documents: errors, takes_rest: true })) }
    }

    /// Whether the vendor takes nothing from us, whatever the call is about.
    pub(crate) fn is_of_us(&self) -> bool {
        matches!(self.failure.class, Class::Paused { .. })
    }

    /// Names the setting behind a sign that is refused: each route is signed with a secret of its own.
    pub(crate) fn naming_secret(mut self, route: Route) -> Self {
        let lower = self.failure.message.to_lowercase();
        let is_of_sign = has_word(&lower, &["sign", "signature"]) || lower.contains("签名");
        if is_of_sign && self.is_of_us() {
            self.failure.message.push_str(match route {
                Route::Direct => "; check WDT_APPSECRET",
                Route::Qimen => "; check QIMEN_APP_SECRET",
            });
        }
        self
    }
}

/// Opens an answer that says that the call was done.
///
/// # Errors
/// What any other answer means.
pub(crate) fn judge(operation: &str, response: &Response) -> Result<Envelope, Rejected> {
    let by_status = || Failure::not_an_answer(VENDOR, operation, response.status);
    let fine = (200..300).contains(&response.status);
    let envelope = Envelope::read(response).ok_or_else(by_status)?;
    match envelope.verdict() {
        Verdict::Done if fine => Ok(envelope),
        Verdict::Done | Verdict::Silent => Err(by_status().into()),
        Verdict::Failed { code, text, documents } => {
            let class = match class_of(code.as_deref(), &text, !documents.is_empty()) {
                // Words that blame the document count only from the application; a status speaks for the gateway.
                Class::Refused if !fine => by_status().class,
                // However busy it says that it is: a broken server may have done it.
                Class::Retry { after: None } if response.status >= 500 => Class::Unknown,
                class => class,
            };
            let message = if text.is_empty() { "the vendor gives no reason".to_owned() } else { text };
            let failure = Failure::new(VENDOR, operation, class, code, message);
            let is_listed = fine && !documents.is_empty();
            let listed = is_listed.then(|| Box::new(Listed { documents, takes_rest: false }));
            Err(Rejected { failure, listed })
        }
    }
}

/// A pushed document that an answer lists as refused, under the answer's code. Never a pause: the vendor has just taken
/// the call from us.
pub(crate) fn refused_inside(operation: &str, code: Option<&str>, entries: &[Value]) -> Failure {
    let text = entries.iter().map(refusal).collect::<Vec<_>>().join("; ");
    let code = Some(code.unwrap_or("0").to_owned());
    Failure::new(VENDOR, operation, class_of(None, &text, true), code, text)
}

/// A call that we do not send, because the vendor would refuse it or answer something else than was meant.
pub(crate) fn not_sent(operation: &str, message: impl Into<String>) -> Failure {
    Failure::new(VENDOR, operation, Class::Refused, None, message)
}

/// `of_a_document`: whether it is known that a single document was refused, and not we.
pub(crate) fn class_of(code: Option<&str>, text: &str, of_a_document: bool) -> Class {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let has_word = |words: &[&str]| has_word(&lower, words);
    // What a document names is the merchant's own text, and may hold any of the words below.
    let of_a_document = of_a_document || says(DOCUMENT_PARTS) || has_word(&["tid", "oid"]);
    let of_our_account = says(CREDENTIALS) || has_word(&["sign", "sid", "ip"]) || says(&["停用"]);

    if says(&["频率超限"]) {
        Class::Retry { after: Some(RATE_EXCEEDED_REST) }
    } else if code == Some("1012") || says(RATE) || (says(&["超限"]) && !says(SIZES)) {
        Class::Retry { after: Some(RATE_LIMIT_REST) }
    } else if says(&["outer_no", "外部单号"]) && says(&["重复", "已存在"]) {
        // The vendor's own key against pushing a document twice.
        Class::Exists
    } else if of_our_account && !of_a_document {
        Class::Paused { until: None }
    } else if lower.contains(BEHIND_THE_GATEWAY) {
        Class::Unknown
    } else {
        words::class(&lower).unwrap_or(Class::Refused)
    }
}

/// `ip`, `sid` and `sign` are parts of too many other words to be looked for inside of them; `IP-001` is a code.
fn has_word(lower: &str, words: &[&str]) -> bool {
    let is_joint = |character: char| !character.is_ascii_alphanumeric() && character != '-';
    lower.split(is_joint).any(|part| words.contains(&part))
}

const RATE: &[&str] =
    &["频率", "频繁", "并发", "调用次数", "call limited", "limited-by", "frequency", "too many"];

/// What may exceed a limit (超限) without the calls being too many.
const SIZES: &[&str] = &["数量", "长度", "金额", "大小", "行数", "条数"];

/// What a person has to mend before any call can succeed: account, secret, clock, allow-list.
const CREDENTIALS: &[&str] = &[
    "签名",
    "signature",
    "appkey",
    "app key",
    "app_key",
    "app-key",
    "appsecret",
    "时间戳",
    "timestamp",
    "权限",
    "permission",
    "白名单",
    "卖家账号",
    "接口账号",
];

/// Whatever is wrong with one of these (店铺已停用, 订单没有权限修改) is a fault of the document that names it; a
/// disabled account, or one without rights, stops us.
const DOCUMENT_PARTS: &[&str] = &[
    "单号",
    "订单",
    "子单",
    "店铺",
    "仓库",
    "货品",
    "商品",
    "单品",
    "商家编码",
    "条码",
    "规格",
    "组合装",
    "供应商",
    "物流",
    "收件人",
    "买家",
];

/// What the gateway's sub-codes begin with that tell of a failure behind it, which may have come after the work was done.
const BEHIND_THE_GATEWAY: &str = "isp.";
