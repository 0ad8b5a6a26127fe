//! 推送 (the push): read, then verified, then believed.
//!
//! Source: `https://api.waiqin365.com/SERVER/sys/push_introduction.html`.

use std::fmt;

use chrono::{DateTime, Utc};
use relay_connector::nesting;
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};

use crate::error::{PushError, Withheld, shortened};
use crate::form::{self, FormField};
use crate::settings::Settings;
use crate::sign;

/// A push as it came in. Nothing in it is believed yet, so it gives nothing away but the id to answer with.
pub struct Push {
    msg_id: String,
    body: Body,
}

enum Body {
    Signed(Signed),
    /// The bare JSON of a record, which carries no digest.
    RawJson(Vec<u8>),
}

struct Signed {
    data: FormField,
    digest: String,
    timestamp: String,
    others: Vec<(String, String)>,
}

impl Push {
    /// Reads a push. The body's first byte tells its form (a form's field name, a multipart boundary, a JSON object),
    /// because gateways lose or rewrite content types; `content_type` serves for a multipart boundary alone.
    ///
    /// # Errors
    /// [`PushError::TooLarge`] and [`PushError::NotAPush`].
    pub fn parse(content_type: Option<&str>, body: &[u8], settings: &Settings) -> Result<Self, PushError> {
        if body.len() > settings.max_body_bytes {
            return Err(PushError::TooLarge { limit: settings.max_body_bytes });
        }
        let body = body.trim_ascii();
        let fields = match body.first() {
            None => return Err(not_a_push(String::new(), "it is empty")),
            Some(b'{') if settings.allow_raw_json => {
                return Ok(Self { msg_id: String::new(), body: Body::RawJson(body.to_vec()) });
            }
            Some(b'{') => {
                let reason = "it is raw JSON, which carries no digest, and raw JSON is not allowed here";
                return Err(not_a_push(String::new(), reason));
            }
            Some(_) if body.starts_with(b"--") => form::multipart(content_type, body),
            Some(_) => form::urlencoded(body),
        };
        Self::signed(fields.map_err(|reason| not_a_push(String::new(), reason))?)
    }

    fn signed(mut fields: Vec<FormField>) -> Result<Self, PushError> {
        let msg_id = take(&mut fields, "msgId").map(|field| shortened(&field.value)).unwrap_or_default();
        let mut needed = |name: &str| {
            take(&mut fields, name)
                .filter(|field| !field.value.is_empty())
                .ok_or_else(|| not_a_push(msg_id.clone(), format!("its form has no field `{name}`")))
        };
        let data = needed("data")?;
        let digest = needed("digest")?.value;
        let timestamp = needed("timestamp")?.value;
        let others = fields.into_iter().map(|field| (field.name, field.value)).collect();
        Ok(Self { msg_id, body: Body::Signed(Signed { data, digest, timestamp, others }) })
    }

    /// `msgId`, to answer with; empty where the push has none.
    #[must_use]
    pub fn msg_id(&self) -> &str {
        &self.msg_id
    }

    /// Checks the digest against every secret, and that the data is a document.
    ///
    /// # Errors
    /// [`PushError::BadDigest`] and [`PushError::BadDocument`].
    pub fn verify(self, settings: &Settings) -> Result<VerifiedPush, PushError> {
        match self.body {
            Body::Signed(signed) => {
                let Some(form) = signed.matching_form(settings) else {
                    return Err(PushError::BadDigest { msg_id: self.msg_id });
                };
                VerifiedPush::new(
                    self.msg_id,
                    signed.data.value.as_bytes(),
                    settings,
                    signed.others,
                    Proof { form, sent_at: sent_at(&signed.timestamp) },
                )
            }
            Body::RawJson(json) => {
                let data_type = settings.data_types.first().cloned().unwrap_or_default();
                let fields = vec![("dataType".to_owned(), data_type)];
                VerifiedPush::new(
                    self.msg_id,
                    &json,
                    settings,
                    fields,
                    Proof { form: DigestForm::Absent, sent_at: None },
                )
            }
        }
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unverified push {}", self.msg_id)
    }
}

impl Signed {
    /// Compares with every secret, whichever fits first, so that the time taken tells nothing of them. The other form of the
    /// data is tried only where the usual one does not fit, which the answer tells anyway.
    fn matching_form(&self, settings: &Settings) -> Option<DigestForm> {
        let received = self.digest.trim().to_ascii_lowercase();
        let fits = |data: &[u8]| {
            // An empty secret would let anyone sign.
            let secrets = settings.push_secrets.iter().map(ExposeSecret::expose_secret);
            secrets.filter(|secret| !secret.is_empty()).fold(Choice::from(0), |fits, secret| {
                let expected = sign::push_digest(data, secret, &self.timestamp);
                fits | expected.as_bytes().ct_eq(received.as_bytes())
            })
        };
        if fits(self.data.value.as_bytes()).into() {
            Some(DigestForm::Decoded)
        } else if fits(&self.data.encoded).into() {
            Some(DigestForm::Encoded)
        } else {
            None
        }
    }
}

/// What a push is believed by.
struct Proof {
    form: DigestForm,
    sent_at: Option<DateTime<Utc>>,
}

/// `timestamp` in milliseconds since 1970.
fn sent_at(timestamp: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(timestamp.trim().parse().ok()?)
}

/// What the digest was made over. The vendor's pages leave it open, so it is worth counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestForm {
    /// The JSON text.
    Decoded,
    /// The form value, still percent-encoded.
    Encoded,
    /// There was none: raw JSON, where the settings allow it.
    Absent,
}

/// 推送状态: the form field `status`, not to be mixed up with the order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// 0, or anything unknown: the first delivery.
    First,
    /// 2: delivered again after a failure.
    Redelivery,
}

/// 数据来源 (`dataSource`): who made the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSource {
    /// `biz`, or anything unknown: made in the app.
    Biz,
    /// `api`: made through the open API, perhaps by ourselves.
    Api,
}

/// A push whose digest fits.
#[derive(Clone, PartialEq)]
pub struct VerifiedPush {
    /// `msgId`: the id to answer with.
    pub msg_id: String,
    /// `dataType`: the business type, such as `dms_purchase`.
    pub data_type: String,
    /// `dataId`: the record's id in the form. The document's own is [`VerifiedPush::document_id`].
    pub data_id: String,
    /// `dataSource`: made in the app or through the open API.
    pub data_source: DataSource,
    /// `status`: first delivery or redelivery.
    pub delivery: Delivery,
    /// `statusTime`: when a delivery last failed, `yyyy-MM-dd HH:mm:ss`, China time.
    pub status_time: Option<String>,
    /// `tenantId`: the enterprise's id in Qince.
    pub tenant_id: String,
    /// Every other field of the form, in its order.
    pub other_fields: Vec<(String, String)>,
    /// Which form of the data the digest fits.
    pub digest_form: DigestForm,
    /// `timestamp`: when it was sent, as it says itself; `None` where that cannot be read, and for raw JSON.
    pub sent_at: Option<DateTime<Utc>>,
    /// The record exactly as sent: a JSON object with an `id`; unknown fields and every digit are kept.
    pub document: Value,
}

impl VerifiedPush {
    fn new(
        msg_id: String,
        data: &[u8],
        settings: &Settings,
        mut fields: Vec<(String, String)>,
        Proof { form: digest_form, sent_at }: Proof,
    ) -> Result<Self, PushError> {
        let mut take = |name: &str| {
            let at = fields.iter().position(|(field, _)| field == name)?;
            Some(fields.remove(at).1).filter(|value| !value.is_empty())
        };
        let data_id = take("dataId").unwrap_or_default();
        let data_type = take("dataType").unwrap_or_default();
        // What the data of the other types looks like is documented for none: their records have the form's id at least.
        let is_another = !data_type.is_empty() && !settings.takes(&data_type);
        let form_id = Some(data_id.as_str()).filter(|id| is_another && !id.is_empty());
        let document =
            document(data, settings.max_depth, form_id).map_err(|reason| PushError::BadDocument {
                msg_id: msg_id.clone(),
                data_id: shortened(&data_id),
                reason,
                data: Withheld(String::from_utf8_lossy(data).into_owned()),
            })?;
        Ok(Self {
            msg_id,
            data_type,
            data_id,
            data_source: if take("dataSource").as_deref() == Some("api") {
                DataSource::Api
            } else {
                DataSource::Biz
            },
            delivery: if take("status").as_deref() == Some("2") {
                Delivery::Redelivery
            } else {
                Delivery::First
            },
            status_time: take("statusTime"),
            tenant_id: take("tenantId").unwrap_or_default(),
            other_fields: fields,
            digest_form,
            sent_at,
            document,
        })
    }

    /// Checks how old the push is, by the time that its digest covers.
    ///
    /// # Errors
    /// [`PushError::BadAge`], where it is older than the settings take.
    pub fn is_recent(&self, settings: &Settings, now: DateTime<Utc>) -> Result<(), PushError> {
        let checked = settings.max_age.check(self.sent_at, now);
        checked.map_err(|reason| PushError::BadAge { msg_id: self.msg_id.clone(), reason })
    }

    /// The document's own `id`, the key of the record.
    #[must_use]
    pub fn document_id(&self) -> String {
        relay_connector::lenient::field(&self.document, crate::catalog::KEY).unwrap_or_default()
    }
}

/// Orders are personal data: only ids print.
impl fmt::Debug for VerifiedPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "push {} of {} {}", self.msg_id, self.data_type, self.document_id())
    }
}

/// Reads the record. Wrong types are left to the mapping, which reports them without losing the document; but without
/// its key a document cannot even be recorded as failed.
fn document(data: &[u8], max_depth: usize, form_id: Option<&str>) -> Result<Value, String> {
    // A byte order mark is no part of the JSON, but some editors and libraries put one before it.
    let data = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    if let Some(depth) = nesting::deeper_than(data, max_depth) {
        return Err(format!("it is nested {depth} levels deep, and no more than {max_depth} are carried"));
    }
    let mut document: Value =
        serde_json::from_slice(data).map_err(|error| format!("broken JSON: {error}"))?;
    let kind_of_all = kind(&document);
    let fields = document.as_object_mut().ok_or_else(|| format!("{kind_of_all} instead of an object"))?;
    if let Some(id) = form_id {
        fields.entry(crate::catalog::KEY).or_insert_with(|| id.into());
    }
    match fields.get(crate::catalog::KEY) {
        None => Err("the field `id` is missing".to_owned()),
        Some(Value::String(id)) if id.trim().is_empty() => Err("the field `id` is empty".to_owned()),
        Some(Value::String(_) | Value::Number(_)) => Ok(document),
        Some(other) => Err(format!("the field `id` is {} instead of text", kind(other))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn take(fields: &mut Vec<FormField>, name: &str) -> Option<FormField> {
    let at = fields.iter().position(|field| field.name == name)?;
    Some(fields.remove(at))
}

fn not_a_push(msg_id: String, reason: impl Into<String>) -> PushError {
    PushError::NotAPush { msg_id, reason: reason.into() }
}
