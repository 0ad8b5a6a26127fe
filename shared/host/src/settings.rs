//! The settings that no connector owns, and what all settings have in common.
//!
//! A setting that is missing or malformed is a start-up error of the function that needs it, and of no other. The error
//! names every such setting at once and what each expects; it never shows a value.

pub mod declared;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relay_connector::settings::Reader;
use relay_connector::{Setting, Settings, SettingsError};
use relay_core::ordered;
use relay_core::{AwsArchive, AwsNames, AwsQueue};
use relay_job::FlowSettings;

use self::declared as all;

/// The settings of the file that this process was started with.
static OF_FILE: OnceLock<Settings> = OnceLock::new();

/// Has the process know the settings of its file. A second call changes nothing.
pub fn begin_with(of_file: Settings) {
    _ = OF_FILE.set(of_file);
}

/// The settings of this process: the environment's, and those of its file that the environment leaves out.
#[must_use]
pub fn of_process() -> Settings {
    let environment = Settings::from_environment();
    OF_FILE.get().map_or_else(|| environment.clone(), |of_file| environment.or(of_file.clone()))
}

/// Where everything is stored (`RELAY_STORE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// One SQLite file: `sqlite:relay.db`.
    Sqlite(PathBuf),
    /// SQS and DynamoDB: `aws`.
    Aws(Box<AwsNames>),
}

/// `RELAY_START`: where the watermark of a query that was never read begins; by default one day before `now`.
///
/// # Errors
/// When it is no time.
pub fn start(settings: &Settings, now: DateTime<Utc>) -> Result<DateTime<Utc>, SettingsError> {
    let Some(text) = settings.get(all::START.name) else { return Ok(now - chrono::Days::new(1)) };
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| one_problem(format!("{} expects {}", all::START.name, all::START.expects)))
}

/// `RELAY_FLOWS_DIR`: the user's flow files. Without it the shipped flows run.
#[must_use]
pub fn flows_folder(settings: &Settings) -> Option<PathBuf> {
    settings.get(all::FLOWS_DIR.name).map(PathBuf::from)
}

fn store_named(settings: &Settings) -> &str {
    let in_lambda = settings.get("AWS_LAMBDA_FUNCTION_NAME").is_some();
    settings.get(all::STORE.name).unwrap_or(if in_lambda { "aws" } else { "sqlite:relay.db" })
}

/// Whether everything is stored in a stack on AWS.
pub(crate) fn is_on_aws(settings: &Settings) -> bool {
    store_named(settings) == "aws"
}

/// `RELAY_STORE`.
///
/// # Errors
/// When it names no store of this build.
pub fn store(settings: &Settings) -> Result<Store, SettingsError> {
    let text = store_named(settings);
    match text.split_once(':') {
        Some(("sqlite", file)) if !file.is_empty() => Ok(Store::Sqlite(PathBuf::from(file))),
        None if text == "aws" => aws_names(settings).map(Box::new).map(Store::Aws),
        _ => {
            let expects = all::STORE.expects;
            Err(one_problem(format!("RELAY_STORE expects {expects}, such as `sqlite:relay.db`")))
        }
    }
}

/// `RELAY_HISTORY_DAYS`: how long what came, what was sent and what was answered is kept; nothing is where it is zero.
///
/// # Errors
/// When it is no number of days.
pub fn history(settings: &Settings) -> Result<Duration, SettingsError> {
    days(settings, &all::HISTORY_DAYS, 0)
}

/// `RELAY_LEDGER_DAYS`: how long the ledger remembers a delivered document. At least 30 days, because the guard against
/// older versions goes by it.
///
/// # Errors
/// When it is no such number of days.
pub fn ledger(settings: &Settings) -> Result<Duration, SettingsError> {
    days(settings, &all::LEDGER_DAYS, 30)
}

fn days(settings: &Settings, setting: &Setting, at_least: u32) -> Result<Duration, SettingsError> {
    let mut reader = Reader::new(settings);
    let days = reader.parsed::<u32>(setting).unwrap_or(at_least);
    if days < at_least {
        reader.problem(setting.name, &format!("expects {}", setting.expects));
    }
    reader.done(Duration::from_secs(u64::from(days) * 86_400))
}

/// A setting that is a whole number, or what holds by default.
///
/// # Errors
/// When it is none.
pub fn number(settings: &Settings, setting: &Setting) -> Result<u64, SettingsError> {
    let mut reader = Reader::new(settings);
    let number = reader.parsed(setting).unwrap_or_default();
    reader.done(number)
}

fn aws_names(settings: &Settings) -> Result<AwsNames, SettingsError> {
    let (history, ledger_kept) = SettingsError::both(history(settings), ledger(settings))?;
    let mut reader = Reader::new(settings);
    let numbers = reader.optional(&all::NUMBERS).unwrap_or_default();
    if !["index", "search"].contains(&numbers) {
        reader.problem(all::NUMBERS.name, &format!("expects {}", all::NUMBERS.expects));
    }
    let mut name = |name: &str| {
        if settings.get(name).is_none() {
            reader.missing(name, "an output of the stack, because RELAY_STORE is `aws`");
        }
        settings.get(name).unwrap_or_default().to_owned()
    };
    let names = AwsNames {
        checkpoint_table: name(all::CHECKPOINT_TABLE.name),
        ledger_table: name(all::LEDGER_TABLE.name),
        lookup_table: name(all::LOOKUP_TABLE.name),
        group_table: name(all::GROUP_TABLE.name),
        operator_table: settings.get(all::OPERATOR_TABLE.name).map(str::to_owned),
        has_number_index: numbers == "index" && settings.get(all::OPERATOR_TABLE.name).is_some(),
        ledger_kept,
        archive: settings.get(all::ARCHIVE_BUCKET.name).filter(|_| !history.is_zero()).map(|bucket| {
            AwsArchive {
                bucket: bucket.to_owned(),
                table: settings.get(all::ARCHIVE_TABLE.name).map(str::to_owned),
                kept: history,
            }
        }),
        queues: relay_connectors::queues()
            .map(|(system, queue)| {
                let setting = format!("{queue}_QUEUE_URL");
                let url = name(&setting);
                (system, AwsQueue { setting, url })
            })
            .collect(),
    };
    reader.done(names)
}

/// The values of the settings that flows name.
///
/// # Errors
/// Settings that are not set, and what is not open to flows: they would send it as a field.
pub fn for_flows<'a>(
    settings: &Settings,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<FlowSettings, SettingsError> {
    let mut reader = Reader::new(settings);
    let mut values = FlowSettings::default();
    for name in ordered::set(names) {
        let known = all::named(name);
        if let Some(why) = closed_to_flows(name) {
            reader.problem(name, why);
        } else if let Some(value) = known.map_or(settings.get(name), |known| reader.optional(known)) {
            values.0.insert(name.to_owned(), value.to_owned());
        } else {
            let meant = all::misspelt(name).map(|meant| format!("; did you mean `{meant}`?"));
            reader.missing(
                name,
                &format!("a value, because a flow file names it{}", meant.unwrap_or_default()),
            );
        }
    }
    reader.done(values)
}

/// The values of all settings that flows may name and that have one: for the flows whose file is away, which are known
/// only when the store is asked.
#[must_use]
pub fn open_to_flows(settings: &Settings) -> FlowSettings {
    let reader = Reader::new(settings);
    let set = settings.names().filter(|name| all::is_open_to_flows(name));
    let set = set.filter_map(|name| Some((name.to_owned(), settings.get(name)?.to_owned())));
    let by_default = all::all().filter(|setting| !setting.is_secret);
    let by_default = by_default
        .filter_map(|setting| Some((setting.name.to_owned(), reader.optional(setting)?.to_owned())));
    FlowSettings(ordered::map(by_default.chain(set)))
}

/// Why a flow may not name a setting, where it may not, and the way out: it goes on after the setting's name.
pub(crate) fn closed_to_flows(name: &str) -> Option<&'static str> {
    if all::is_secret(name) {
        Some("is a secret, and a flow would send it as a field: name a setting that is none")
    } else if !all::is_open_to_flows(name) {
        Some(
            "may be another program's secret by its name, and a flow would send it as a field: let the name of a setting \
             of your own begin with RELAY_",
        )
    } else {
        None
    }
}

fn one_problem(problem: String) -> SettingsError {
    SettingsError { problems: vec![problem] }
}
