//! `relay init`

use std::path::Path;

use relay_job::Flows;
use serde_json::json;

use crate::output::{counted, say};
use crate::shipped::{self, For, Set, Written};
use crate::start::{service, settings};
use crate::{Done, config};

/// The folder of the flow files, in that of the installation.
const FLOWS: &str = "flows";

/// What runs it as a service.
const UNIT: &str = "relay.service";
const PROXY: &str = "Caddyfile";

pub(crate) fn run(set: Set, folder: &Path, json: bool) -> anyhow::Result<Done> {
    let mut written = shipped::write(set, &folder.join(FLOWS))?;
    written.within(FLOWS);
    let flows = Flows::parse(set.flows(), &relay_connectors::catalog())?;
    let beside = [
        (config::FILE, settings::text(&flows, FLOWS), For::OwnerAlone),
        (UNIT, service::unit(folder), For::Everyone),
        (PROXY, service::proxy(), For::Everyone),
    ];
    for (file, text, reader) in beside {
        let is_new = shipped::write_new(&folder.join(file), &text, reader)?;
        let told = if is_new { &mut written.new } else { &mut written.kept };
        told.push(file.to_owned());
    }
    if json {
        let Written { new, kept } = &written;
        let folder = folder.display().to_string();
        say!("{}", json!({ "set": set.name(), "folder": folder, "written": new, "kept": kept }));
    } else {
        print(set, folder, &flows, &written);
    }
    Ok(Done::Well)
}

fn print(set: Set, folder: &Path, flows: &Flows, Written { new, kept }: &Written) {
    new.iter().for_each(|file| say!("已写 {}", "wrote {}", folder.join(file).display()));
    kept.iter().for_each(|file| {
        say!("保留 {}:已经在了", "kept {}: it is there already", folder.join(file).display());
    });
    let (title, count) = (set.title(), counted(flows.iter().count(), "个流程", "flow"));
    say!("\n{title}({count}):", "\n{title} ({count}):");
    let width = flows.iter().map(|routed| routed.flow.name().len()).max().unwrap_or_default();
    for routed in flows.iter() {
        let (flow, name) = (&routed.flow, routed.flow.name());
        let road = || format!("{} → {}", flow.source().document.name, flow.target().document.name);
        say!("  {name:<width$}  {}", flow.title().map_or_else(road, str::to_owned));
    }
    let waiting = set.waiting();
    if !waiting.is_empty() {
        say!(
            "\n下面这些放在单独的文件夹里,不运行。文件开头写的条件具备之后,移上来(同名的文件会被替换):",
            "\nThese run nowhere as long as they lie in folders of their own. Once you have what their heads name, move them up (a \
             file takes the place of the one of its name):"
        );
        let moves = waiting.keys().map(|folder| format!("mv {FLOWS}/{folder}/* {FLOWS}/"));
        let moves: Vec<_> = moves.collect();
        let width = moves.iter().map(String::len).max().unwrap_or_default();
        for (line, flows) in moves.iter().zip(waiting.values()) {
            say!("  {line:<width$}  # {}", flows.join(", "));
        }
    }
    say!(
        "\n先读每个流程文件的开头:写着租户必须核对什么。然后,在 {} 里:\n  填好 {}\n  relay flows check && relay flows test\n  \
         relay doctor              # 试每个连接,什么也不发\n  relay serve --dry-run     # 读取并映射,显示会发什么\n  \
         relay serve\n\n作为服务运行:{UNIT}(systemd)和 {PROXY}(前面的 TLS),文件里写着怎么装。",
        "\nRead the head of each flow file: it says what a tenant must check. Then, in {}:\n  fill in {}\n  relay flows check && relay \
         flows test\n  relay doctor              # tries every connection, sends nothing\n  relay serve --dry-run     # reads and maps, \
         shows what it would send\n  relay serve\n\nTo run it as a service: {UNIT} (systemd) and {PROXY} (the TLS in front of it); they \
         say how.",
        folder.display(),
        config::FILE
    );
}
