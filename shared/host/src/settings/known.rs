//! Every setting that there is. The README's table and the template are tested against this list, and what looks like
//! one of ours and is not on it stops the start: a limit that is misspelt limits nothing.

use std::collections::BTreeSet;

use super::{Settings, SettingsError};
use crate::Flows;
use crate::suggest::closest;

/// A setting.
#[derive(Debug)]
pub struct Known {
    /// Its name in the environment.
    pub name: &'static str,
    /// Whether its value must never be shown, nor be sent by a flow.
    pub is_secret: bool,
    /// What holds where it is not set; `None` where nothing does.
    pub default: Option<&'static str>,
    /// What it expects.
    pub expects: &'static str,
}

const fn open(name: &'static str, default: Option<&'static str>, expects: &'static str) -> Known {
    Known { name, is_secret: false, default, expects }
}

const fn secret(name: &'static str, expects: &'static str) -> Known {
    Known { name, is_secret: true, default: None, expects }
}

const OF_THE_STACK: &str = "an output of the stack";
const PERCENT: &str = "a whole number of percent, 1 to 100";
const CALLS: &str = "a number of calls above 0";

/// The settings, by vendor.
pub const KNOWN: &[Known] = &[
    open("WDT_SID", None, "the seller account (卖家账号)"),
    open("WDT_APPKEY", None, "the interface account (接口账号)"),
    secret("WDT_APPSECRET", "the secret of the interface account"),
    open("WDT_BASE_URL", Some("https://api.wangdian.cn/openapi2"), "an address"),
    open("WDT_SHOP_NO", Some("the `WDT_APPKEY`"), "the shop that pushed orders go to"),
    open("WDT_CALLS_PER_MINUTE", Some("50"), CALLS),
    open("WDT_QUOTA_SHARE", Some("100"), PERCENT),
    open("WDT_QUEUE_URL", None, OF_THE_STACK),
    open("QIMEN_APP_KEY", None, "the Taobao appkey that WDT has authorised"),
    secret("QIMEN_APP_SECRET", "the secret of that appkey"),
    open("QIMEN_BASE_URL", Some("https://hu3cgwt0tc.api.taobao.com/router/qm"), "an address"),
    open("QIMEN_TARGET_APP_KEY", Some("21363512"), "WDT's own appkey"),
    open("KINGDEE_CLIENT_ID", None, "the client id of the application"),
    secret("KINGDEE_CLIENT_SECRET", "the client secret of the application"),
    open("KINGDEE_USERNAME", None, "a user of the tenant"),
    secret("KINGDEE_PASSWORD", "that user's password"),
    open("KINGDEE_BASE_URL", Some("https://api.kingdee.com"), "an address"),
    open("KINGDEE_AUTH", Some("v1"), "`v1`"),
    open("KINGDEE_ACCOUNT_ID", Some("the only one that the user has"), "the account set (账套)"),
    open("KINGDEE_OUTER_INSTANCE_ID", None, "nothing yet: it is for `v2`"),
    open("KINGDEE_CALLS_PER_MINUTE", Some("60"), CALLS),
    open("KINGDEE_QUOTA_SHARE", Some("100"), PERCENT),
    open("KINGDEE_EDITS", Some("off"), "`on` or `off`"),
    open("KINGDEE_QUEUE_URL", None, OF_THE_STACK),
    open("SHARECRM_APP_ID", None, "the id of the self-built app"),
    secret("SHARECRM_APP_SECRET", "the secret of the self-built app"),
    secret("SHARECRM_PERMANENT_CODE", "the permanent code of the self-built app"),
    open("SHARECRM_DATA_CENTER_ID", None, "the data centre of the connector (连接器)"),
    open("SHARECRM_BASE_URL", Some("https://open.fxiaoke.com"), "an address"),
    open("SHARECRM_USER_ID", Some("1000"), "in whose name records are written"),
    open("SHARECRM_EXTRA_HEADERS", None, "`name: value` pairs, comma-separated"),
    open("SHARECRM_QUOTA_SHARE", Some("100"), PERCENT),
    open("SHARECRM_MAX_BODY_BYTES", Some("1048576"), "a number of bytes"),
    open("SHARECRM_QUEUE_URL", None, OF_THE_STACK),
    secret("QINCE_PUSH_SECRETS", "one or more push secrets (pushsecret), comma-separated"),
    open("QINCE_DATA_TYPES", Some("dms_purchase"), "the data types that are direct orders, comma-separated"),
    open("QINCE_ALLOW_RAW_JSON", Some("false"), "`true` or `false`"),
    open("RELAY_FLOWS_DIR", Some("the shipped flows"), "a folder of flow files"),
    open("RELAY_START", Some("one day back"), "a time such as 2026-11-22T00:00:00+08:00 (RFC 3339)"),
    open("RELAY_STORE", Some("sqlite:relay.db"), "`aws`, or `sqlite:` and a file"),
    open("RELAY_SECRET_ID", Some("none"), "a secret of Secrets Manager"),
    open("RELAY_METRICS_NAMESPACE", Some("erp-relay"), "where CloudWatch files the metrics"),
    open("CHECKPOINT_TABLE", None, OF_THE_STACK),
    open("LEDGER_TABLE", None, OF_THE_STACK),
    open("LOOKUP_TABLE", None, OF_THE_STACK),
];

/// What our settings begin with. A variable that begins otherwise is somebody else's.
const PREFIXES: [&str; 6] = ["WDT_", "QIMEN_", "KINGDEE_", "SHARECRM_", "QINCE_", "RELAY_"];

/// So many slips of the pen make one name of another.
const SLIPS: usize = 2;

/// Whether a setting's value must never be shown, nor be sent by a flow.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    KNOWN.iter().any(|known| known.is_secret && known.name == name)
}

/// The names of all settings.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.name)
}

/// Whether something holds where a setting is not set.
pub(crate) fn has_default(name: &str) -> bool {
    KNOWN.iter().any(|known| known.name == name && known.default.is_some())
}

/// The known setting that a name of a flow file is most likely a misspelling of.
pub(crate) fn misspelt(name: &str) -> Option<&'static str> {
    let is_ours = names().any(|known| known == name);
    closest(name, names()).filter(|known| !is_ours && strsim::damerau_levenshtein(name, known) <= SLIPS)
}

impl Settings {
    /// Settings that look like ours and are none, because neither the list nor a flow names them.
    pub(crate) fn unknown(&self, flows: &Flows) -> BTreeSet<&str> {
        let of_flows = flows.settings();
        let set = self.values.keys().map(String::as_str);
        set.filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
            .filter(|name| !names().any(|known| known == *name) && !of_flows.contains(name))
            .collect()
    }
}

/// The error of settings that nobody knows, each with what was perhaps meant.
pub(crate) fn unknown_error(unknown: &BTreeSet<&str>) -> SettingsError {
    let problem = |name: &&str| match closest(name, names()) {
        Some(known) => format!("{name} is no setting: did you mean {known}?"),
        None => format!("{name} is no setting, and no flow names it: take it away"),
    };
    SettingsError { problems: unknown.iter().map(problem).collect() }
}
