//! Every setting that there is: the connectors' and our own. docs/settings.md and the template are made from this list, and
//! what looks like one of ours and is not on it stops the start: a limit that is misspelt limits nothing.

use std::collections::BTreeSet;

use relay_connector::settings::Default::{Absent, Needed, Told, Value};
use relay_connector::{Setting, Settings, SettingsError};
use relay_core::ordered;
use relay_job::Flows;
use relay_job::suggest::{closest, distance};

const OF_THE_STACK: &str = "an output of the stack";

pub(crate) const FLOWS_DIR: Setting =
    Setting::optional("RELAY_FLOWS_DIR", Told("the shipped flows"), "a folder of flow files");
pub(crate) const START: Setting = Setting::optional(
    "RELAY_START",
    Told("one day back"),
    "a time such as 2026-11-22T00:00:00+08:00 (RFC 3339)",
);
pub(crate) const STORE: Setting =
    Setting::optional("RELAY_STORE", Told("sqlite:relay.db"), "`aws`, or `sqlite:` and a file");
/// From which size on the file of a store in SQLite needs a person.
pub const STORE_MB: Setting =
    Setting::optional("RELAY_STORE_MB", Value("20000"), "a whole number of MB (millions of bytes)")
        .found("how large `relay.db` should become; beyond it, and where less than 2 GB are left on the disk, a person is told");
pub(crate) const RECHECK_CALLS: Setting = Setting::optional(
    "RELAY_RECHECK_CALLS",
    Value("200"),
    "a whole number of calls a day; `0` asks for nothing",
)
.found("what failed and was made in its target by a person meanwhile is found by its number and closed");
pub(crate) const SECRET_ID: Setting =
    Setting::optional("RELAY_SECRET_ID", Told("none"), "a secret of Secrets Manager");
/// In which language `relay` answers.
pub const LANGUAGE: Setting =
    Setting::optional("RELAY_LANG", Told("the locale's, else English"), "`zh` or `en`");
/// How `relay` logs.
pub const LOG: Setting = Setting::optional("RELAY_LOG", Value("text"), "`text` or `json`");
pub(crate) const CHECKPOINT_TABLE: Setting = Setting::optional("CHECKPOINT_TABLE", Needed, OF_THE_STACK);
pub(crate) const LEDGER_TABLE: Setting = Setting::optional("LEDGER_TABLE", Needed, OF_THE_STACK);
pub(crate) const HISTORY_DAYS: Setting =
    Setting::optional("RELAY_HISTORY_DAYS", Value("30"), "a whole number of days; `0` keeps no history");
pub(crate) const LEDGER_DAYS: Setting =
    Setting::optional("RELAY_LEDGER_DAYS", Value("400"), "a whole number of days, 30 or more");
pub(crate) const ARCHIVE_BUCKET: Setting = Setting::optional("ARCHIVE_BUCKET", Absent, OF_THE_STACK);
pub(crate) const ARCHIVE_TABLE: Setting = Setting::optional("ARCHIVE_TABLE", Absent, OF_THE_STACK);
pub(crate) const OPERATOR_TABLE: Setting = Setting::optional("OPERATOR_TABLE", Absent, OF_THE_STACK);
pub(crate) const NUMBERS: Setting =
    Setting::optional("RELAY_NUMBERS", Value("search"), "`index` or `search`");
pub(crate) const METRICS: Setting = Setting::optional("RELAY_METRICS", Value("alarms"), "`alarms` or `all`");
pub(crate) const LOOKUP_TABLE: Setting = Setting::optional("LOOKUP_TABLE", Needed, OF_THE_STACK);
pub(crate) const GROUP_TABLE: Setting = Setting::optional("GROUP_TABLE", Needed, OF_THE_STACK);

/// Who may log in to the console.
pub const CONSOLE_USERS: Setting = Setting {
    is_secret: true,
    ..Setting::optional(
        "RELAY_CONSOLE_USERS",
        Absent,
        "`NAME:read:HASH` or `NAME:operate:HASH`, on lines of their own or with `;` between",
    )
    .found("`relay console hash-password NAME` makes one; without it the console answers this machine alone")
};
/// Where browsers reach the console: alerts link to it, and behind a proxy it answers to this address alone.
pub const CONSOLE_URL: Setting = Setting::optional(
    relay_connector::own::CONSOLE_URL,
    Absent,
    "an address such as `https://relay.example.com`",
)
.found("the proxy with TLS that stands before the console, as those who get alerts reach it");

/// The settings that no connector owns.
pub const OURS: &[Setting] = &[
    FLOWS_DIR,
    START,
    STORE,
    STORE_MB,
    RECHECK_CALLS,
    LANGUAGE,
    LOG,
    SECRET_ID,
    HISTORY_DAYS,
    LEDGER_DAYS,
    METRICS,
    Setting::optional("RELAY_METRICS_NAMESPACE", Value("erp-relay"), "where CloudWatch files the metrics"),
    Setting::optional(
        "RELAY_RECONCILE_TOLERATE",
        Told("nothing"),
        "what is no difference to `relay reconcile`, such as `amount=0.01,remark,extra`",
    ),
    CHECKPOINT_TABLE,
    LEDGER_TABLE,
    LOOKUP_TABLE,
    GROUP_TABLE,
    ARCHIVE_BUCKET,
    ARCHIVE_TABLE,
    OPERATOR_TABLE,
    NUMBERS,
    CONSOLE_USERS,
    CONSOLE_URL,
];

/// Those of the settings that the command line alone goes by, and no function.
pub const OF_THE_COMMAND_LINE: &[Setting] = &[LANGUAGE, LOG, STORE_MB];

/// So many slips of the pen make one name of another.
const SLIPS: usize = 2;

/// Whether the stack sets it, and nobody else.
#[must_use]
pub fn is_of_the_stack(setting: &Setting) -> bool {
    setting.expects == OF_THE_STACK
}

/// Every setting: those of the vendors, then our own.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    relay_connectors::settings().chain(OURS)
}

/// The setting of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// Whether a setting's value must never be shown, nor be sent by a flow.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    named(name).is_some_and(|setting| setting.is_secret)
}

/// Whether a flow may name a setting, and so send its value to whoever its target is: one of ours that is no secret, or one
/// of the user's own. Other programs' variables stand in the same environment (on Lambda the credentials of the function's
/// role), so that a name which tells of credentials, or of an address that may hold some, is not the user's own.
pub(crate) fn is_open_to_flows(name: &str) -> bool {
    match named(name) {
        Some(setting) => !setting.is_secret,
        None => begins_like_ours(name) || !tells_of_credentials(name),
    }
}

/// Words of names whose values are credentials, or may hold some.
const CREDENTIALS: [&str; 24] = [
    "AUTH",
    "AWS",
    "CONNECTION",
    "COOKIE",
    "CREDENTIAL",
    "CREDENTIALS",
    "DATABASE",
    "DB",
    "DSN",
    "KEY",
    "KEYS",
    "LAMBDA",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "PROXY",
    "PWD",
    "SECRET",
    "SECRETS",
    "SESSION",
    "TOKEN",
    "URL",
];

fn tells_of_credentials(name: &str) -> bool {
    name.to_ascii_uppercase().split('_').any(|word| CREDENTIALS.contains(&word))
}

/// The names of all settings.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|setting| setting.name)
}

/// Whether something holds where a setting is not set.
pub(crate) fn has_default(name: &str) -> bool {
    named(name).is_some_and(Setting::has_default)
}

/// The known setting that a name of a flow file is most likely a misspelling of.
#[must_use]
pub fn misspelt(name: &str) -> Option<&'static str> {
    let is_ours = named(name).is_some();
    closest(name, names()).filter(|known| !is_ours && distance(name, known) <= SLIPS)
}

/// First words that others use too: `HTTP_PROXY` is every program's, and whoever runs containers has a `HTTP_PORT`.
const COMMON_WORDS: [&str; 1] = ["HTTP_"];

/// Whether a variable is one of ours by its name. One that begins otherwise is somebody else's.
fn begins_like_ours(name: &str) -> bool {
    prefixes().iter().any(|prefix| name.starts_with(prefix))
}

/// What our settings begin with, `WDT_` say.
fn prefixes() -> BTreeSet<&'static str> {
    let of_connectors = relay_connectors::settings().chain([&FLOWS_DIR]);
    ordered::set(of_connectors.map(|setting| prefix(setting.name)))
}

/// The first word of a setting's name, and the second too where the first is no vendor's alone.
fn prefix(name: &str) -> &str {
    let words = 1 + usize::from(COMMON_WORDS.iter().any(|word| name.starts_with(word)));
    let end = name.match_indices('_').nth(words - 1).map_or(name.len(), |(place, _)| place + 1);
    name.split_at(end).0
}

/// Settings that look like ours and are none, because neither the list nor a flow names them.
pub(crate) fn unknown<'a>(settings: &'a Settings, flows: &Flows) -> BTreeSet<&'a str> {
    let of_flows = flows.settings();
    settings
        .names()
        .filter(|name| begins_like_ours(name))
        .filter(|name| named(name).is_none() && !of_flows.contains(name))
        // A file that cannot be read may name it.
        .filter(|name| !flows.broken().iter().any(|broken| broken.text.contains(*name)))
        .collect()
}

/// The error of settings that nobody knows, each with what was perhaps meant.
pub(crate) fn unknown_error(unknown: &BTreeSet<&str>) -> SettingsError {
    let problem = |name: &&str| match closest(name, names()) {
        _ if name.ends_with("_QUOTA_SHARE") => {
            format!(
                "{name} is no setting any more, because all processes of an account share one budget: take it away"
            )
        }
        Some(known) => format!("{name} is no setting: did you mean {known}?"),
        None => format!("{name} is no setting, and no flow names it: take it away"),
    };
    SettingsError { problems: unknown.iter().map(problem).collect() }
}
