//! The settings: read from the environment, into one struct per concern.
//!
//! A setting that is missing or malformed is a start-up error of the function that needs it, and of no other. The error
//! names every such setting at once and what each expects; it never shows a value.

pub mod known;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

pub use self::known::{KNOWN, Known, is_secret};
use self::reader::{Reader, list};

/// Below the 60 a minute that WDT allows, for both routes together.
const WDT_CALLS: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// Kingdee does not document its limit for V1.
const KINGDEE_CALLS: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Below the 100 in 20 seconds that ShareCRM allows.
const SHARECRM_PUSHES: NonZeroU32 = NonZeroU32::new(80).unwrap();

/// All settings, as text by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub(crate) values: BTreeMap<String, String>,
}

/// Names only: the values hold secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Settings that are missing or malformed, each with what it expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// One line per setting.
    pub problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings: ")?;
        f.write_str(&self.problems.join("; "))
    }
}

/// Both, or what is wrong with either: one start tells everything.
///
/// # Errors
/// The [`SettingsError`]s of both as one; otherwise the first error that is none, which other settings do not mend.
pub fn both<A, B>(one: anyhow::Result<A>, other: anyhow::Result<B>) -> anyhow::Result<(A, B)> {
    let (one, other) = match (one, other) {
        (Ok(one), Ok(other)) => return Ok((one, other)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
        (Err(one), Err(other)) => (one.downcast::<SettingsError>()?, other.downcast::<SettingsError>()?),
    };
    let mut problems = one.problems;
    for problem in other.problems {
        // Two functions of one vendor miss the same settings.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    Err(SettingsError { problems }.into())
}

/// Where everything is stored (`RELAY_STORE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// One SQLite file: `sqlite:relay.db`.
    Sqlite(PathBuf),
    /// SQS and DynamoDB: `aws`.
    Aws(relay_core::AwsNames),
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Self {
        // An empty variable is an unset one: templates set parameters that were left out to nothing.
        let given = values.into_iter().filter(|(_, value)| !value.trim().is_empty());
        Self { values: given.map(|(name, value)| (name, value.trim().to_owned())).collect() }
    }
}

impl Settings {
    /// The environment's.
    #[must_use]
    pub fn from_environment() -> Self {
        // Variables that are no text are none of ours.
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a setting, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// `WDT_*` and, where `QIMEN_APP_KEY` is set, `QIMEN_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn wangdian(&self) -> Result<relay_wangdian::Settings, SettingsError> {
        let mut reader = Reader::new(self);
        let settings = relay_wangdian::Settings {
            base_url: reader.url("WDT_BASE_URL", "https://api.wangdian.cn/openapi2"),
            sid: reader.text("WDT_SID", "the seller account (卖家账号)"),
            appkey: reader.text("WDT_APPKEY", "the interface account (接口账号)"),
            appsecret: reader.secret("WDT_APPSECRET", "the secret of the interface account"),
            qimen: self.get("QIMEN_APP_KEY").is_some().then(|| relay_wangdian::QimenSettings {
                base_url: reader.url("QIMEN_BASE_URL", "https://hu3cgwt0tc.api.taobao.com/router/qm"),
                app_key: reader.text("QIMEN_APP_KEY", "the Taobao appkey that WDT has authorised"),
                app_secret: reader.secret("QIMEN_APP_SECRET", "the secret of that appkey"),
                target_app_key: reader.or("QIMEN_TARGET_APP_KEY", "21363512"),
            }),
            calls_per_minute: reader.calls("WDT_CALLS_PER_MINUTE", WDT_CALLS, "WDT_QUOTA_SHARE"),
        };
        reader.done(settings)
    }

    /// That the account of the Qimen route is there, for a function whose flows read over it.
    ///
    /// # Errors
    /// Settings that are missing.
    pub fn needs_qimen(&self) -> Result<(), SettingsError> {
        let mut reader = Reader::new(self);
        reader.text(
            "QIMEN_APP_KEY",
            "the Taobao appkey that WDT has authorised, because a flow reads over Qimen",
        );
        reader.text("QIMEN_APP_SECRET", "the secret of that appkey");
        reader.done(())
    }

    /// `KINGDEE_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn kingdee(&self) -> Result<relay_kingdee::Settings, SettingsError> {
        let mut reader = Reader::new(self);
        if reader.or("KINGDEE_AUTH", "v1") != "v1" {
            reader.problem(
                "KINGDEE_AUTH",
                "expects `v1`: the flows of this version write over Kingdee's V1 interface",
            );
        }
        let settings = relay_kingdee::Settings {
            base_url: reader.url("KINGDEE_BASE_URL", "https://api.kingdee.com"),
            client_id: reader.text("KINGDEE_CLIENT_ID", "the client id of the application"),
            client_secret: reader.secret("KINGDEE_CLIENT_SECRET", "the client secret of the application"),
            username: reader.text("KINGDEE_USERNAME", "a user of the tenant"),
            password: reader.secret("KINGDEE_PASSWORD", "that user's password"),
            account_id: self.get("KINGDEE_ACCOUNT_ID").map(str::to_owned),
            calls_per_minute: reader.calls("KINGDEE_CALLS_PER_MINUTE", KINGDEE_CALLS, "KINGDEE_QUOTA_SHARE"),
        };
        reader.done(settings)
    }

    /// `KINGDEE_EDITS`: whether a newer version may change the bill that an older one made. Off, because what Kingdee
    /// does to a bill that has moved on (audited, shipped) is not documented.
    ///
    /// # Errors
    /// When it is neither `on` nor `off`.
    pub fn kingdee_edits(&self) -> Result<bool, SettingsError> {
        match self.get("KINGDEE_EDITS") {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(_) => {
                Err(SettingsError { problems: vec!["KINGDEE_EDITS expects `on` or `off`".to_owned()] })
            }
        }
    }

    /// `SHARECRM_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn sharecrm(&self) -> Result<relay_sharecrm::Settings, SettingsError> {
        let mut reader = Reader::new(self);
        let settings = relay_sharecrm::Settings {
            base_url: reader.url("SHARECRM_BASE_URL", "https://open.fxiaoke.com"),
            app_id: reader.text("SHARECRM_APP_ID", "the id of the self-built app"),
            app_secret: reader.secret("SHARECRM_APP_SECRET", "the secret of the self-built app"),
            permanent_code: reader
                .secret("SHARECRM_PERMANENT_CODE", "the permanent code of the self-built app"),
            user_id: reader.or("SHARECRM_USER_ID", "1000"),
            extra_headers: reader.headers("SHARECRM_EXTRA_HEADERS"),
            max_body_bytes: reader.parsed("SHARECRM_MAX_BODY_BYTES", 1024 * 1024, "a number of bytes"),
            pushes_in_20_seconds: reader.share(SHARECRM_PUSHES, "SHARECRM_QUOTA_SHARE"),
        };
        reader.done(settings)
    }

    /// `QINCE_*`.
    ///
    /// # Errors
    /// Settings that are missing or malformed.
    pub fn qince(&self) -> Result<relay_qince::Settings, SettingsError> {
        let mut reader = Reader::new(self);
        let secrets =
            reader.text("QINCE_PUSH_SECRETS", "one or more push secrets (pushsecret), comma-separated");
        let mut settings = relay_qince::Settings::new(list(&secrets).map(SecretString::from).collect());
        if settings.push_secrets.is_empty() && !secrets.is_empty() {
            reader.problem("QINCE_PUSH_SECRETS", "holds commas only");
        }
        settings.data_types = self.qince_data_types();
        settings.max_depth = relay_core::item::MAX_DEPTH;
        settings.allow_raw_json = reader.parsed("QINCE_ALLOW_RAW_JSON", false, "`true` or `false`");
        reader.done(settings)
    }

    /// `QINCE_DATA_TYPES`: the business types of direct orders, for who takes no pushes and so needs no secret.
    #[must_use]
    pub fn qince_data_types(&self) -> Vec<String> {
        let types = self.get("QINCE_DATA_TYPES").unwrap_or(relay_qince::settings::DIRECT_ORDER);
        list(types).collect()
    }

    /// `RELAY_START`: where the watermark of a flow that never ran begins; by default one day before `now`.
    ///
    /// # Errors
    /// When it is no time.
    pub fn start(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, SettingsError> {
        let Some(text) = self.get("RELAY_START") else { return Ok(now - chrono::Days::new(1)) };
        DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| SettingsError {
            problems: vec![
                "RELAY_START expects a time such as 2026-11-22T00:00:00+08:00 (RFC 3339)".to_owned(),
            ],
        })
    }

    /// `RELAY_FLOWS_DIR`: the user's flow files. Without it the shipped flows run.
    #[must_use]
    pub fn flows_folder(&self) -> Option<PathBuf> {
        self.get("RELAY_FLOWS_DIR").map(PathBuf::from)
    }

    /// `RELAY_STORE`.
    ///
    /// # Errors
    /// When it names no store of this build.
    pub fn store(&self) -> Result<Store, SettingsError> {
        let in_lambda = self.get("AWS_LAMBDA_FUNCTION_NAME").is_some();
        let text = self.get("RELAY_STORE").unwrap_or(if in_lambda { "aws" } else { "sqlite:relay.db" });
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Store::Sqlite(PathBuf::from(file))),
            None if text == "aws" => self.aws_names().map(Store::Aws),
            _ => Err(SettingsError {
                problems: vec![
                    "RELAY_STORE expects `aws`, or `sqlite:` and a file, such as `sqlite:relay.db`"
                        .to_owned(),
                ],
            }),
        }
    }

    fn aws_names(&self) -> Result<relay_core::AwsNames, SettingsError> {
        let mut reader = Reader::new(self);
        let expects = "an output of the stack, because RELAY_STORE is `aws`";
        let names = relay_core::AwsNames {
            checkpoint_table: reader.text("CHECKPOINT_TABLE", expects),
            ledger_table: reader.text("LEDGER_TABLE", expects),
            lookup_table: reader.text("LOOKUP_TABLE", expects),
            kingdee_queue_url: reader.text("KINGDEE_QUEUE_URL", expects),
            sharecrm_queue_url: reader.text("SHARECRM_QUEUE_URL", expects),
            wangdian_queue_url: reader.text("WDT_QUEUE_URL", expects),
        };
        reader.done(names)
    }

    /// The settings that flows name. `WDT_SHOP_NO` is by default the interface account, as in the vendor's sandbox.
    ///
    /// # Errors
    /// Settings that are not set, and secrets: a flow would send them as a field.
    pub fn for_flows<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, String>, SettingsError> {
        let mut reader = Reader::new(self);
        let mut values = BTreeMap::new();
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            if is_secret(name) {
                reader.problem(name, "is a secret, and a flow file would send it as a field");
            } else if name == "WDT_SHOP_NO" && self.get(name).is_none() {
                values.insert(name.to_owned(), reader.text("WDT_APPKEY", "the interface account (接口账号)"));
            } else {
                let meant = known::misspelt(name).map(|meant| format!("; did you mean `{meant}`?"));
                let expects = format!("a value, because a flow file names it{}", meant.unwrap_or_default());
                values.insert(name.to_owned(), reader.text(name, &expects));
            }
        }
        reader.done(values)
    }
}
