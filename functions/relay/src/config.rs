//! `relay.toml`: the settings of an installation, by section.
//!
//! ```toml
//! [relay]
//! RELAY_FLOWS_DIR = "flows"
//!
//! [wangdian]
//! WDT_SID = "shop"
//! WDT_APPSECRET = { file = "secrets/wdt" }
//! ```
//!
//! A setting has the name that it has in the environment, and stands in the section of its vendor; what only flow files name
//! stands in `[flows]`. A value is a text, a number, a list of texts, or tells where it is: `{ file = … }`, `{ env = … }`. Files
//! are named from the folder of `relay.toml`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use relay_host::settings::declared::{self, OURS};
use relay_host::{Settings, SettingsError};
use relay_job::suggest::did_you_mean;
use toml_edit::{Document, Item, TableLike, Value};

/// Its name, in the folder where `relay` is started.
pub(crate) const FILE: &str = "relay.toml";

/// The section of the settings that no vendor owns.
pub(crate) const OURSELVES: &str = "relay";

/// The section of the settings that only flow files name.
pub(crate) const OF_FLOWS: &str = "flows";

/// Rights that let others read a secret, or let anybody but the owner change it.
const TOO_OPEN: u32 = 0o026;

/// The settings of the file that is named, else of the one that stands here; none where there is none.
///
/// # Errors
/// A file that cannot be read, and everything that is wrong in it. No value is shown.
pub(crate) fn read(named: Option<&Path>) -> Result<Settings, SettingsError> {
    let path = named.unwrap_or(FILE.as_ref());
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(one(format!("{} cannot be read: {error}", path.display()))),
    }
}

/// Reads its text.
///
/// # Errors
/// Everything that is wrong in it, with its line.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Settings, SettingsError> {
    // The parser's own display quotes the line, which may hold a secret.
    let document = Document::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        one(format!("{}, line {line}: {}", path.display(), error.message()))
    })?;
    let mut file = File { path, text, values: Vec::new(), problems: Vec::new(), has_secret: false };
    file.root(document.as_table());
    file.done()
}

/// What is read so far.
struct File<'f> {
    path: &'f Path,
    text: &'f str,
    values: Vec<(String, String)>,
    problems: Vec<String>,
    /// Whether a secret stands in it in words.
    has_secret: bool,
}

impl File<'_> {
    fn root(&mut self, root: &dyn TableLike) {
        for (name, item) in root.iter() {
            let line = self.line(root, name);
            match item.as_table() {
                Some(section) if sections().any(|known| known == name) => self.section(name, section),
                Some(_) => {
                    self.problem(line, &format!("[{name}] is no section{}", did_you_mean(name, sections())));
                }
                None => {
                    let section = section_of(name).unwrap_or(OF_FLOWS);
                    self.problem(line, &format!("{name} stands in no section: put it under [{section}]"));
                }
            }
        }
    }

    fn section(&mut self, section: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let line = self.line(table, name);
            match section_of(name) {
                Some(its) if its == section => self.setting(line, name, item),
                Some(its) => self.problem(line, &format!("{name} belongs under [{its}]")),
                None if section == OF_FLOWS && declared::misspelt(name).is_none() => {
                    self.setting(line, name, item);
                }
                None => {
                    let meant = did_you_mean(name, declared::all().map(|setting| setting.name));
                    let way_out = if meant.is_empty() {
                        format!(": what a flow file names stands under [{OF_FLOWS}]")
                    } else {
                        meant
                    };
                    self.problem(line, &format!("{name} is no setting{way_out}"));
                }
            }
        }
    }

    fn setting(&mut self, line: usize, name: &str, item: &Item) {
        let Some(value) = item.as_value() else {
            return self.problem(line, &format!("{name} expects one value"));
        };
        let read = match value {
            Value::InlineTable(place) => self.elsewhere(name, place),
            Value::Array(values) => {
                let texts: Option<Vec<_>> = values.iter().map(Value::as_str).collect();
                texts.map(|texts| texts.join(",")).ok_or_else(|| format!("{name} expects a list of texts"))
            }
            Value::String(text) => Ok(text.value().clone()),
            other => Ok(other.clone().decorated("", "").to_string()),
        };
        match read {
            Ok(text) => {
                let is_here = !value.is_inline_table() && !text.trim().is_empty();
                self.has_secret |= is_here && declared::is_secret(name);
                self.values.push((name.to_owned(), self.placed(name, text)));
            }
            Err(problem) => self.problem(line, &problem),
        }
    }

    /// The line of a key.
    fn line(&self, table: &dyn TableLike, name: &str) -> usize {
        line_of(self.text, table.key(name).and_then(toml_edit::Key::span).map_or(0, |span| span.start))
    }

    /// The value that stands in a file or a variable.
    fn elsewhere(&self, name: &str, place: &dyn TableLike) -> Result<String, String> {
        let expected = || format!("{name} expects a text, or {{ file = \"FILE\" }}, or {{ env = \"NAME\" }}");
        let mut entries = place.iter();
        let (Some((kind, item)), None) = (entries.next(), entries.next()) else { return Err(expected()) };
        let Some(at) = item.as_str() else { return Err(expected()) };
        match kind {
            // One that is not set is missing where it is needed, and told there.
            "env" => Ok(std::env::var(at).unwrap_or_default()),
            "file" => {
                let file = self.folder().join(at);
                let why = |error| format!("{name}: {} cannot be read: {error}", file.display());
                if declared::is_secret(name) && is_too_open(&file).map_err(why)? {
                    return Err(format!(
                        "{name}: others may read or change {}: {}",
                        file.display(),
                        way_out(&file)
                    ));
                }
                fs::read_to_string(&file).map_err(why)
            }
            _ => Err(expected()),
        }
    }

    /// Files are named from the folder of `relay.toml`.
    fn placed(&self, name: &str, text: String) -> String {
        let here = |file: &str| self.folder().join(file).display().to_string();
        match (name, text.strip_prefix("sqlite:")) {
            _ if self.folder().as_os_str().is_empty() || text.is_empty() => text,
            ("RELAY_FLOWS_DIR", _) => here(&text),
            ("RELAY_STORE", Some(file)) => format!("sqlite:{}", here(file)),
            _ => text,
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn problem(&mut self, line: usize, what: &str) {
        self.problems.push(format!("{}, line {line}: {what}", self.path.display()));
    }

    fn done(mut self) -> Result<Settings, SettingsError> {
        // A text that was handed in has no file.
        if self.has_secret && is_too_open(self.path).unwrap_or(false) {
            let path = self.path.display();
            self.problems.push(format!(
                "others may read or change {path}, which holds secrets: {}",
                way_out(self.path)
            ));
        }
        match self.problems.is_empty() {
            true => Ok(self.values.into_iter().collect()),
            false => Err(SettingsError { problems: self.problems }),
        }
    }
}

fn is_too_open(file: &Path) -> std::io::Result<bool> {
    Ok(fs::metadata(file)?.permissions().mode() & TOO_OPEN != 0)
}

fn way_out(file: &Path) -> String {
    format!("`chmod 600 {}`", file.display())
}

/// The section that a setting stands in; none where it is none of ours.
fn section_of(name: &str) -> Option<&'static str> {
    let is_it = |setting: &relay_connector::Setting| setting.name == name;
    let of_vendor =
        relay_connectors::CONNECTORS.iter().find(|connector| connector.settings().iter().any(is_it));
    of_vendor
        .map(|connector| connector.system().name())
        .or_else(|| OURS.iter().any(is_it).then_some(OURSELVES))
}

fn sections() -> impl Iterator<Item = &'static str> {
    let vendors = relay_connectors::CONNECTORS.iter().map(|connector| connector.system().name());
    vendors.chain([OURSELVES, OF_FLOWS])
}

/// From 1 on.
fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
}

fn one(problem: String) -> SettingsError {
    SettingsError { problems: vec![problem] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        parse(text, FILE.as_ref()).map_err(|error| error.problems).err().unwrap_or_default()
    }

    #[test]
    fn values_are_texts_numbers_and_lists() {
        let text = "[wangdian]\nWDT_SID = \"shop\"\nWDT_CALLS_PER_MINUTE = 40\n[qince]\nQINCE_ALLOW_RAW_JSON = true\n\
                    QINCE_PUSH_SECRETS = [\"one\", \"two\"]\n[relay]\nRELAY_START = 2026-11-22T00:00:00+08:00\n[flows]\nMY_UNIT = \"瓶\"\n";
        let settings = parse(text, FILE.as_ref()).unwrap();
        let got = [
            "WDT_SID",
            "WDT_CALLS_PER_MINUTE",
            "QINCE_ALLOW_RAW_JSON",
            "QINCE_PUSH_SECRETS",
            "RELAY_START",
            "MY_UNIT",
        ]
        .map(|name| settings.get(name).unwrap());
        assert_eq!(got, ["shop", "40", "true", "one,two", "2026-11-22T00:00:00+08:00", "瓶"]);
    }

    #[test]
    fn what_nobody_knows_is_an_error_with_a_suggestion_and_its_line() {
        let text = "[wangdian]\nWDT_SIDE = \"s3cret\"\nKINGDEE_AUTH = \"v2\"\n\n[kingde]\n[flows]\nRELAY_STORES = \"x\"\n";
        assert_eq!(
            problems(text),
            [
                "relay.toml, line 2: WDT_SIDE is no setting: did you mean `WDT_SID`?",
                "relay.toml, line 3: KINGDEE_AUTH belongs under [kingdee]",
                "relay.toml, line 5: [kingde] is no section: did you mean `kingdee`?",
                "relay.toml, line 7: RELAY_STORES is no setting: did you mean `RELAY_STORE`?",
            ]
        );
        assert_eq!(
            problems("WDT_SID = \"x\""),
            ["relay.toml, line 1: WDT_SID stands in no section: put it under [wangdian]"]
        );
    }

    #[test]
    fn a_mistake_in_its_form_is_told_by_its_line_and_shows_no_value() {
        for text in [
            "[wangdian]\nWDT_APPSECRET = s3cret\n",
            "[wangdian]\nWDT_APPSECRET = \"s3cret\n",
            "[wangdian]\nWDT_APPSECRET = { text = \"s3cret\" }",
        ] {
            let [problem] = &problems(text)[..] else { panic!("{text}") };
            assert!(problem.starts_with("relay.toml, line 2: ") && !problem.contains("s3cret"), "{problem}");
        }
    }

    #[test]
    fn a_secret_of_a_file_is_read_where_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let (config, secret) = (folder.path().join(FILE), folder.path().join("wdt"));
        fs::write(
            &config,
            "[wangdian]\nWDT_APPSECRET = { file = \"wdt\" }\n[relay]\nRELAY_STORE = \"sqlite:relay.db\"\n",
        )
        .unwrap();
        let open = |file: &Path, mode| fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
        open(&config, 0o644);
        fs::write(&secret, "hush\n").unwrap();
        open(&secret, 0o600);
        let settings = read(Some(&config)).unwrap();
        assert_eq!(settings.get("WDT_APPSECRET"), Some("hush"));
        let store = format!("sqlite:{}", folder.path().join("relay.db").display());
        assert_eq!(settings.get("RELAY_STORE"), Some(store.as_str()));
        open(&secret, 0o644);
        let error = read(Some(&config)).unwrap_err().to_string();
        assert!(
            error.contains("WDT_APPSECRET: others may read or change") && error.contains("chmod 600"),
            "{error}"
        );
        fs::write(&config, "[wangdian]\nWDT_APPSECRET = \"hush\"\n").unwrap();
        let error = read(Some(&config)).unwrap_err().to_string();
        assert!(error.contains("which holds secrets") && !error.contains("hush"), "{error}");
        open(&config, 0o600);
        assert_eq!(read(Some(&config)).unwrap().get("WDT_APPSECRET"), Some("hush"));
        let missing = read(Some(&folder.path().join("nowhere.toml"))).unwrap_err().to_string();
        assert!(missing.contains("nowhere.toml cannot be read"), "{missing}");
    }
}
