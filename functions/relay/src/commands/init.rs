//! `relay init`

use std::path::Path;

use relay_job::Flows;
use serde_json::json;

use crate::output::say;
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
    say!("\n{}({} 个流程):", "\n{} ({} flows):", set.title(), flows.iter().count());
    for routed in flows.iter() {
        let title = routed.flow.title().unwrap_or_default();
        say!("  {}  {title}", routed.flow.name());
    }
    let waiting = set.waiting();
    if !waiting.is_empty() {
        say!(
            "\n下面这些放在单独的文件夹里,不运行。文件开头写的条件具备之后,移上来(同名的文件会被替换):",
            "\nThese run nowhere as long as they lie in folders of their own. Once you have what their heads name, move them up (a \
             file takes the place of the one of its name):"
        );
        for (folder, flows) in waiting {
            say!("  mv {FLOWS}/{folder}/* {FLOWS}/    # {}", flows.join(", "));
        }
    }
    say!(
        "\n先读每个流程文件的开头:写着租户必须核对什么。然后,在 {} 里:\n  填好 {}\n  relay flows check && relay flows test\n  \
         relay doctor\n  relay serve --dry-run\n  relay serve\n\n作为服务运行:{UNIT}(systemd)和 {PROXY}(前面的 TLS),文件里写着怎么装。",
        "\nRead the head of each flow file: it says what a tenant must check. Then, in {}:\n  fill in {}\n  relay flows check && relay \
         flows test\n  relay doctor\n  relay serve --dry-run\n  relay serve\n\nTo run it as a service: {UNIT} (systemd) and {PROXY} (the \
         TLS in front of it); they say how.",
        folder.display(),
        config::FILE
    );
}
