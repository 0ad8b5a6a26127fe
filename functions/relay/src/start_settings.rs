//! A settings file to start from: what the flows need, each with what it expects and where it is found.

use std::collections::BTreeSet;

use relay_connector::settings::Default;
use relay_connector::{Connector, Setting};
use relay_job::Flows;

/// The text of the file, as a shell reads it. What has a default stands in comments.
pub(crate) fn text(flows: &Flows, folder: &str) -> String {
    let used: BTreeSet<_> = flows.iter().flat_map(|routed| [routed.system, routed.source_system()]).collect();
    let named = flows.settings();
    let mut text = format!(
        "# 设置 / settings: set -a; . ./settings.env; set +a\n# 其中有密码:只给运行者读 / it holds secrets: for its owner alone\n\n\
         RELAY_FLOWS_DIR={folder}\n# 从何时起读取,缺省为一天前 / since when documents are read, by default a day back\n# RELAY_START=2026-01-01T00:00:00+08:00\n"
    );
    for connector in relay_connectors::CONNECTORS.iter().filter(|it| used.contains(&it.system())) {
        text.push_str(&of_connector(*connector, &named));
    }
    let ours =
        named.iter().filter(|name| !relay_connectors::settings().any(|setting| setting.name == **name));
    for name in ours {
        text.push_str(&format!("\n# 流程文件所用 / named by a flow file\n{name}=\n"));
    }
    text
}

fn of_connector(connector: &dyn Connector, named: &BTreeSet<&str>) -> String {
    let mut text = format!("\n## {}\n", connector.title());
    // Those of a stack are set by the stack.
    let settings = connector.settings().iter().filter(|setting| !setting.name.ends_with("_QUEUE_URL"));
    for setting in settings {
        let is_needed = setting.default == Default::Needed || named.contains(setting.name);
        text.push_str(&line(setting, is_needed));
    }
    text
}

fn line(setting: &Setting, is_needed: bool) -> String {
    let Setting { name, expects, found, .. } = setting;
    let found = if found.is_empty() { String::new() } else { format!("; {found}") };
    match (is_needed, setting.default) {
        (true, _) => format!("# {expects}{found}\n{name}=\n"),
        (false, Default::Value(value)) => format!("# {expects}{found}\n# {name}={value}\n"),
        (false, _) => format!("# {expects}{found}\n# {name}=\n"),
    }
}
