//! `relay.toml` to start from: what the flows need, each with what it expects and where it is found.

use std::collections::BTreeSet;

use relay_connector::settings::Default;
use relay_connector::{Connector, Setting, Settings, Uses};
use relay_host::settings::declared::{self, OURS};
use relay_job::{Flows, Needs};
use relay_operations::phrases;

use crate::config::{OF_FLOWS, OURSELVES};

const HEAD: &str = "\
# erp-relay 的设置。`relay doctor` 逐个试一遍。环境变量优先于本文件。
# 值是文字或数字;密码也可以放在别处:{ file = \"文件\" } 或 { env = \"变量名\" }。
# 这里有密码:只给运行者读(chmod 600)。
#
# Settings of erp-relay. `relay doctor` tries them. A variable of the environment goes before this file.
# A value is a text or a number; a secret may stand elsewhere: { file = \"FILE\" } or { env = \"NAME\" }.
# It holds secrets: for its owner alone (chmod 600).
";

/// The text of the file. What has a default, or is not needed by the flows, stands in comments: in Chinese first, then in English.
pub(crate) fn text(flows: &Flows, folder: &str) -> String {
    let used: BTreeSet<_> = flows.iter().flat_map(|routed| [routed.system, routed.source_system()]).collect();
    let named = flows.settings();
    let mut text = format!("{HEAD}\n[{OURSELVES}]\n");
    for setting in OURS.iter().filter(|setting| !declared::is_of_the_stack(setting)) {
        text.push_str(&match setting.name {
            "RELAY_FLOWS_DIR" => set(setting, folder),
            "RELAY_STORE" => set(setting, "sqlite:relay.db"),
            _ => line(setting, false),
        });
    }
    let needs = Needs::of(flows);
    for connector in relay_connectors::CONNECTORS.iter().filter(|it| used.contains(&it.system())) {
        let missing = needs.connectors.get(&connector.system()).map(|uses| missing(*connector, uses));
        text.push_str(&of_connector(*connector, &missing.unwrap_or_default(), &named));
    }
    let own: Vec<_> = named.iter().filter(|name| declared::named(name).is_none()).collect();
    if !own.is_empty() {
        text.push_str(&format!("\n# 流程文件所用 / named by flow files\n[{OF_FLOWS}]\n"));
        own.iter().for_each(|name| text.push_str(&format!("{name} = \"\"\n")));
    }
    text
}

/// The settings that a vendor asks for where none is set.
fn missing(connector: &dyn Connector, uses: &Uses) -> BTreeSet<&'static str> {
    let problems =
        connector.check(&Settings::default(), uses).err().map_or_else(Vec::new, |error| error.problems);
    let names = connector.settings().iter().map(|setting| setting.name);
    names.filter(|name| problems.iter().any(|problem| problem.split(' ').next() == Some(name))).collect()
}

fn of_connector(connector: &dyn Connector, missing: &BTreeSet<&str>, named: &BTreeSet<&str>) -> String {
    let mut text = format!("\n# {}\n[{}]\n", connector.title(), connector.system());
    for setting in connector.settings().iter().filter(|setting| !declared::is_of_the_stack(setting)) {
        let is_needed = missing.contains(setting.name) || named.contains(setting.name);
        text.push_str(&line(setting, is_needed));
    }
    text
}

fn line(setting: &Setting, is_needed: bool) -> String {
    let value = match setting.default {
        Default::Value(value) => value,
        _ => "",
    };
    let comment = if is_needed { "" } else { "# " };
    format!("{}{comment}{} = \"{value}\"\n", about(setting), setting.name)
}

/// One that is set from the start.
fn set(setting: &Setting, value: &str) -> String {
    format!("{}{} = \"{value}\"\n", about(setting), setting.name)
}

fn about(Setting { expects, found, default, .. }: &Setting) -> String {
    let default = match default {
        Default::SameAs(other) => Some((*other, format!("the {other}"))),
        Default::Told(words) => Some((*words, (*words).to_owned())),
        Default::Needed | Default::Absent | Default::Value(_) => None,
    };
    let found_in_chinese = phrases::in_chinese(found);
    let beside = |found: &str, between: &str| {
        if found.is_empty() { String::new() } else { format!("{between}{found}") }
    };
    let default_in_chinese = default.as_ref().map(|(it, _)| format!("(默认:{})", phrases::in_chinese(it)));
    let default = default.as_ref().map(|(_, words)| format!(" (default: {words})"));
    format!(
        "# {}{}{}\n# {expects}{}{}\n",
        phrases::in_chinese(expects),
        beside(&found_in_chinese, ";"),
        default_in_chinese.unwrap_or_default(),
        beside(found, "; "),
        default.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::config;
    use crate::shipped::Set;

    #[test]
    fn the_file_has_every_setting_of_its_vendors_once_and_is_read_as_it_stands() {
        for set in Set::value_variants() {
            let flows = Flows::parse(set.flows(), &relay_connectors::catalog()).unwrap();
            let text = text(&flows, "flows");
            assert_eq!(config::parse(&text, "relay.toml".as_ref()).err(), None, "{text}");
            // As if a person had taken every comment away.
            let whole = text.lines().map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split(' ').next().is_some_and(|name| declared::named(name).is_some()) => {
                    rest
                }
                _ => line,
            });
            let whole = whole.collect::<Vec<_>>().join("\n");
            assert_eq!(config::parse(&whole, "relay.toml".as_ref()).err(), None, "{whole}");
            let used: BTreeSet<_> =
                flows.iter().flat_map(|routed| [routed.system, routed.source_system()]).collect();
            let of_vendors = relay_connectors::CONNECTORS
                .iter()
                .filter(|connector| used.contains(&connector.system()))
                .flat_map(|connector| connector.settings());
            for setting in of_vendors.chain(OURS).filter(|setting| !declared::is_of_the_stack(setting)) {
                let lines = whole.lines().filter(|line| line.starts_with(&format!("{} = ", setting.name)));
                assert_eq!(lines.count(), 1, "{}: {whole}", setting.name);
            }
        }
    }
}
