//! Where things go and by which secrets, and how that is set.

use std::fmt;
use std::num::NonZeroU32;

use relay_connector::settings::{Default, Reader, keys, list};
use relay_connector::{AgeLimit, Repeat, Setting, SettingsError, Uses};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::catalog::{DINGTALK_ROBOT, FEISHU_ROBOT, POST, WEBHOOK, WECOM_ROBOT};

/// Every setting of the connector.
pub(crate) const SETTINGS: &[Setting] = &[
    POST_URL,
    POST_HEADERS,
    POST_SECRET,
    POST_REPEAT,
    WECOM_KEY,
    WECOM_BASE_URL,
    DINGTALK_TOKEN,
    DINGTALK_SECRET,
    DINGTALK_BASE_URL,
    FEISHU_TOKEN,
    FEISHU_SECRET,
    FEISHU_BASE_URL,
    WEBHOOK_SECRETS,
    WEBHOOK_MAX_AGE,
    CALLS_PER_MINUTE,
    QUEUE_URL,
];

const POST_URL: Setting = Setting::needed(
    "HTTP_POST_URL",
    "an address over HTTPS that JSON is posted to",
    "from who runs the receiver; a flow's `path` goes on from it",
);
/// Secret, for they mostly hold the receiver's API key.
const POST_HEADERS: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "HTTP_POST_HEADERS",
        "`name: value` pairs, comma-separated",
        "from who runs the receiver, such as `authorization: Bearer …`",
    )
};
const POST_SECRET: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "HTTP_POST_SECRET",
        "a secret that signs what is posted (X-Relay-Signature)",
        "agreed on with who runs the receiver; without it nothing is signed",
    )
};
const POST_REPEAT: Setting =
    Setting::optional("HTTP_POST_REPEAT", Default::Value("doubles"), "`doubles` or `replaces`")
        .found("`replaces` where the receiver keeps one document of each `id`, or of each Idempotency-Key");
const WECOM_KEY: Setting = Setting::secret(
    "HTTP_WECOM_KEY",
    "the key of the group robot",
    "企业微信: 群设置 → 群机器人 → Webhook地址, what follows `key=`",
);
const WECOM_BASE_URL: Setting =
    Setting::optional("HTTP_WECOM_BASE_URL", Default::Value("https://qyapi.weixin.qq.com"), "an address");
const DINGTALK_TOKEN: Setting = Setting::secret(
    "HTTP_DINGTALK_TOKEN",
    "the access token of the group robot",
    "钉钉: 群设置 → 机器人 → Webhook, what follows `access_token=`",
);
const DINGTALK_SECRET: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "HTTP_DINGTALK_SECRET",
        "the secret of the group robot, which begins with SEC",
        "钉钉: 机器人 → 安全设置 → 加签; left out where the robot goes by keywords or addresses",
    )
};
const DINGTALK_BASE_URL: Setting =
    Setting::optional("HTTP_DINGTALK_BASE_URL", Default::Value("https://oapi.dingtalk.com"), "an address");
const FEISHU_TOKEN: Setting = Setting::secret(
    "HTTP_FEISHU_TOKEN",
    "the token of the group robot",
    "飞书: 群设置 → 群机器人 → Webhook 地址, what follows `/hook/`",
);
const FEISHU_SECRET: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "HTTP_FEISHU_SECRET",
        "the secret of the group robot",
        "飞书: 机器人 → 安全设置 → 签名校验; left out where the robot goes by keywords or addresses",
    )
};
const FEISHU_BASE_URL: Setting =
    Setting::optional("HTTP_FEISHU_BASE_URL", Default::Value("https://open.feishu.cn"), "an address")
        .found("https://open.larksuite.com for Lark");
const WEBHOOK_SECRETS: Setting = Setting::secret(
    "HTTP_WEBHOOK_SECRETS",
    "one or more secrets, comma-separated: all are accepted, for rotation",
    "yours to choose, and given to who pushes to /http/{name}",
);
/// None by default: a sender delivers again for days, and may sign each delivery once.
const WEBHOOK_MAX_AGE: Setting = Setting::optional(
    "HTTP_WEBHOOK_MAX_AGE_MINUTES",
    Default::Value("0"),
    "a whole number of minutes that a push may be old; `0` takes any age",
)
.found("from who pushes: how long it repeats a push under the time that it signed first");
const CALLS_PER_MINUTE: Setting =
    Setting::optional("HTTP_CALLS_PER_MINUTE", Default::Value("600"), "a number of calls to HTTP_POST_URL");
const QUEUE_URL: Setting =
    Setting::needed("HTTP_QUEUE_URL", "an output of the stack", "the outputs of the stack");

/// 企业微信's page says 20 messages a minute for each robot, and so does 钉钉's, which is deaf for ten minutes after it.
/// From memory; certain.
const MESSAGES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// 飞书's page says 100 a minute, and 5 a second. From memory; certain.
const FEISHU_MESSAGES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// What is set. Nothing in it must be: a flow needs what it uses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `HTTP_POST_*`; `None` without an address.
    pub post: Option<Post>,
    /// `HTTP_WECOM_*`; `None` without a key.
    pub wecom: Option<Robot>,
    /// `HTTP_DINGTALK_*`; `None` without a token.
    pub dingtalk: Option<Robot>,
    /// `HTTP_FEISHU_*`; `None` without a token.
    pub feishu: Option<Robot>,
    /// `HTTP_WEBHOOK_SECRETS`: empty where nothing is taken in.
    pub webhook_secrets: Vec<SecretString>,
    /// `HTTP_WEBHOOK_MAX_AGE_MINUTES`: how old a push may be, by its own timestamp.
    pub webhook_max_age: AgeLimit,
}

/// Where JSON is posted to.
#[derive(Clone)]
pub struct Post {
    /// `HTTP_POST_URL`.
    pub url: Url,
    /// `HTTP_POST_HEADERS`. Their values count as secret.
    pub headers: Vec<(String, SecretString)>,
    /// `HTTP_POST_SECRET`: signs what is sent.
    pub secret: Option<SecretString>,
    /// `HTTP_POST_REPEAT`: what the receiver does with what it has already.
    pub repeat: Repeat,
    /// How many calls this process may make in a minute.
    pub calls_per_minute: NonZeroU32,
}

/// A group robot.
#[derive(Debug, Clone)]
pub struct Robot {
    /// Its vendor's address.
    pub base_url: Url,
    /// What stands in the address of its webhook: whoever has it can write to the group.
    pub token: SecretString,
    /// What signs its messages, where the robot asks for that.
    pub secret: Option<SecretString>,
    /// How many messages this process may send in a minute.
    pub messages_per_minute: NonZeroU32,
}

/// Neither headers nor paths: both may hold keys.
impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Post")
            .field("host", &self.url.host_str())
            .field("headers", &names)
            .field("repeat", &self.repeat)
            .field("calls_per_minute", &self.calls_per_minute)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// `HTTP_*`, as far as it is set.
    ///
    /// # Errors
    /// Settings that are malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let read = Self {
            post: post(&mut reader),
            wecom: robot(&mut reader, [&WECOM_BASE_URL, &WECOM_KEY], None, MESSAGES_PER_MINUTE),
            dingtalk: robot(
                &mut reader,
                [&DINGTALK_BASE_URL, &DINGTALK_TOKEN],
                Some(&DINGTALK_SECRET),
                MESSAGES_PER_MINUTE,
            ),
            feishu: robot(
                &mut reader,
                [&FEISHU_BASE_URL, &FEISHU_TOKEN],
                Some(&FEISHU_SECRET),
                FEISHU_MESSAGES_PER_MINUTE,
            ),
            webhook_secrets: webhook_secrets(&mut reader),
            webhook_max_age: AgeLimit::read(&mut reader, &WEBHOOK_MAX_AGE),
        };
        reader.done(read)
    }

    /// Checks that what is used is set.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn check(settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        let mut reader = Reader::new(settings);
        for (document, needed) in [
            (POST, POST_URL),
            (WECOM_ROBOT, WECOM_KEY),
            (DINGTALK_ROBOT, DINGTALK_TOKEN),
            (FEISHU_ROBOT, FEISHU_TOKEN),
            (WEBHOOK, WEBHOOK_SECRETS),
        ] {
            if uses.documents.contains(document) {
                reader.text(&needed);
            }
        }
        SettingsError::both(reader.done(()), Self::read(settings)).map(drop)
    }

    /// The text without our secrets: a receiver may quote back what it refuses.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.secrets()
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
    }

    /// Whatever a call is signed with, or let in by.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let robots = [&self.wecom, &self.dingtalk, &self.feishu].into_iter().flatten();
        let of_robots = robots.flat_map(|robot| [Some(&robot.token), robot.secret.as_ref()]).flatten();
        let of_post = self.post.as_ref().and_then(|post| post.secret.as_ref());
        let headers = self.post.iter().flat_map(|post| keys(&post.headers));
        of_robots.chain(of_post).chain(headers).map(ExposeSecret::expose_secret)
    }
}

fn post(reader: &mut Reader<'_>) -> Option<Post> {
    reader.optional(&POST_URL)?;
    let url = reader.url(&POST_URL);
    let headers = reader.headers(&POST_HEADERS);
    let repeat = match reader.text(&POST_REPEAT).as_str() {
        "replaces" => Repeat::Replaces,
        "doubles" => Repeat::Doubles,
        _ => {
            reader.problem(POST_REPEAT.name, "expects `doubles` or `replaces`");
            Repeat::Doubles
        }
    };
    let calls_per_minute = reader.calls(&CALLS_PER_MINUTE);
    Some(Post { url: url?, headers, secret: secret(reader, &POST_SECRET), repeat, calls_per_minute })
}

fn robot(
    reader: &mut Reader<'_>,
    [base_url, token]: [&Setting; 2],
    signs: Option<&Setting>,
    messages: NonZeroU32,
) -> Option<Robot> {
    let token = secret(reader, token)?;
    let base_url = reader.url(base_url);
    let messages_per_minute = messages;
    let secret = signs.and_then(|setting| secret(reader, setting));
    Some(Robot { base_url: base_url?, token, secret, messages_per_minute })
}

fn webhook_secrets(reader: &mut Reader<'_>) -> Vec<SecretString> {
    let written = reader.optional(&WEBHOOK_SECRETS).unwrap_or_default();
    let secrets: Vec<_> = list(written).map(SecretString::from).collect();
    if secrets.is_empty() && !written.is_empty() {
        reader.problem(WEBHOOK_SECRETS.name, "holds commas only");
    }
    secrets
}

fn secret(reader: &Reader<'_>, setting: &Setting) -> Option<SecretString> {
    reader.optional(setting).map(SecretString::from)
}
