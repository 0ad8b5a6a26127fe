//! The mail server, and who writes: how that is set.

use std::fmt;
use std::num::NonZeroU32;

use relay_connector::settings::{Default, Reader};
use relay_connector::{Setting, SettingsError, Uses};
#[cfg(feature = "smtp")]
use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use url::Url;

use crate::catalog::SEND;

/// Every setting of the connector. There is no address of a queue among them: [`Mail`](crate::Mail) says why.
pub(crate) const SETTINGS: &[Setting] = &[HOST, PORT, TLS, USER, PASSWORD, FROM, PER_MINUTE];

const HOST: Setting = Setting::needed(
    "MAIL_HOST",
    "the name of a mail server, such as smtp.exmail.qq.com",
    "from the provider of the mailbox: 客户端设置 → SMTP 服务器 (发信服务器)",
);
const PORT: Setting = Setting::optional("MAIL_PORT", Default::Told("465, 587 with `starttls`"), "a port");
const TLS: Setting = Setting::optional("MAIL_TLS", Default::Value("tls"), "`tls`, `starttls` or `none`")
    .found("`tls` for port 465, `starttls` for 587; `none` only for a mail server on this machine");
const USER: Setting =
    Setting::optional("MAIL_USER", Default::SameAs("MAIL_FROM"), "a user of the mail server")
        .found("mostly the whole address; left out with `MAIL_PASSWORD` where the server asks for no log-in");
const PASSWORD: Setting = Setting {
    default: Default::Absent,
    ..Setting::secret(
        "MAIL_PASSWORD",
        "the password of that user",
        "QQ、网易、腾讯企业邮 give out an 授权码 (客户端专用密码) for programs, which is not the password of the mailbox",
    )
};
const FROM: Setting = Setting::needed(
    "MAIL_FROM",
    "the sender's address, such as relay@example.com",
    "a mailbox that this user may write as",
);
const PER_MINUTE: Setting =
    Setting::optional("MAIL_PER_MINUTE", Default::Value("30"), "a number of mails, 1 or more")
        .found("providers limit it: look at theirs");

/// What is set.
#[derive(Clone)]
pub struct Settings {
    /// `smtps://HOST:PORT/send`; `smtp:` where the connection begins in the clear (STARTTLS), `smtp+plain:` where it stays so.
    pub server: Url,
    /// Who logs in, and with what; `None` where nobody does.
    pub login: Option<(String, SecretString)>,
    /// `MAIL_FROM`.
    pub from: String,
    /// How many mails this process may send in a minute.
    pub per_minute: NonZeroU32,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("server", &self.server.host_str())
            .field("port", &self.server.port())
            .field("per_minute", &self.per_minute)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// `MAIL_*`; `None` where no mail server is set.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn read(settings: &relay_connector::Settings) -> Result<Option<Self>, SettingsError> {
        let mut reader = Reader::new(settings);
        if reader.optional(&HOST).is_none() {
            return reader.done(None);
        }
        let server = server(&mut reader);
        let from = reader.text(&FROM);
        if !from.is_empty() && !from.contains('@') {
            reader.problem(FROM.name, &format!("expects {}", FROM.expects));
        }
        let password = reader.optional(&PASSWORD).map(SecretString::from);
        let user = reader.optional(&USER).unwrap_or_default().to_owned();
        let per_minute = reader.calls(&PER_MINUTE);
        let read = server.map(|server| Self {
            server,
            login: password.map(|password| (user, password)),
            from,
            per_minute,
        });
        reader.done(read)
    }

    /// Checks that what is used is set.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn check(settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        let mut reader = Reader::new(settings);
        if uses.documents.contains(SEND) {
            if cfg!(not(feature = "smtp")) {
                reader.problem(SEND, "is refused: this program is built without SMTP");
            }
            reader.text(&HOST);
            reader.text(&FROM);
        }
        SettingsError::both(reader.done(()), Self::read(settings)).map(drop)
    }

    /// The text without the password: a server may quote back what it refuses.
    #[cfg(feature = "smtp")]
    pub(crate) fn redacted(&self, text: &str) -> String {
        match &self.login {
            Some((_, password)) if !password.expose_secret().is_empty() => {
                text.replace(password.expose_secret(), "[secret]")
            }
            _ => text.to_owned(),
        }
    }
}

fn server(reader: &mut Reader<'_>) -> Option<Url> {
    let host = reader.text(&HOST);
    let (scheme, usual) = match reader.text(&TLS).as_str() {
        "tls" => ("smtps", 465),
        "starttls" => ("smtp", 587),
        "none" if is_this_machine(&host) => ("smtp+plain", 25),
        "none" => {
            reader.problem(TLS.name, "may be `none` only for a mail server on this machine (localhost)");
            return None;
        }
        _ => {
            reader.problem(TLS.name, &format!("expects {}", TLS.expects));
            return None;
        }
    };
    let port = match reader.optional(&PORT) {
        Some(_) => reader.parsed::<u16>(&PORT)?,
        None => usual,
    };
    let is_a_name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let server = Url::parse(&format!("{scheme}://{host}:{port}/send")).ok().filter(|_| is_a_name);
    if server.is_none() {
        reader.problem(HOST.name, &format!("expects {}", HOST.expects));
    }
    server
}

fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
