//! `relay init`

use std::path::Path;

use relay_job::Flows;
use serde_json::json;

use crate::Done;
use crate::output::{counted, say};
use crate::shipped::{self, Set, Written};
use crate::start_settings;

/// The folder of the flow files, in that of the installation.
const FLOWS: &str = "flows";

/// The file of the settings.
const SETTINGS: &str = "settings.env";

pub(crate) fn run(set: Set, folder: &Path, json: bool) -> anyhow::Result<Done> {
    let flows_folder = folder.join(FLOWS);
    let mut written = shipped::write(set, &flows_folder)?;
    written.within(FLOWS);
    let flows = Flows::parse(set.flows(), &relay_connectors::catalog())?;
    let file = folder.join(SETTINGS);
    match shipped::write_new(&file, &start_settings::text(&flows, FLOWS), shipped::For::OwnerAlone)? {
        true => written.new.push(SETTINGS.to_owned()),
        false => written.kept.push(SETTINGS.to_owned()),
    }
    let Written { new, kept } = &written;
    if json {
        say!(
            "{}",
            json!({ "set": set.name(), "folder": folder.display().to_string(), "written": new, "kept": kept })
        );
        return Ok(Done::Well);
    }
    new.iter().for_each(|file| say!("wrote {}", folder.join(file).display()));
    kept.iter().for_each(|file| say!("kept {}: it is there already", folder.join(file).display()));
    say!("\n{} ({}):", set.title(), counted(flows.iter().count(), "flow"));
    let width = flows.iter().map(|routed| routed.flow.name().len()).max().unwrap_or_default();
    for routed in flows.iter() {
        let (flow, name) = (&routed.flow, routed.flow.name());
        let road = || format!("{} → {}", flow.source().document.name, flow.target().document.name);
        say!("  {name:<width$}  {}", flow.title().map_or_else(road, str::to_owned));
    }
    let waiting = set.waiting();
    if !waiting.is_empty() {
        say!(
            "\nThese run nowhere as long as they lie in folders of their own. Once you have what their heads name, move them up (a \
             file takes the place of the one of its name):"
        );
        let width = waiting.keys().map(|folder| folder.len()).max().unwrap_or_default() + FLOWS.len() * 2;
        for (folder, flows) in waiting {
            let from_to = format!("{FLOWS}/{folder}/* {FLOWS}/");
            say!("  mv {from_to:<width$}      # {}", flows.join(", "));
        }
    }
    say!(
        "\nRead the head of each flow file: it says what a tenant must check. Then, in {}:\n  fill in {SETTINGS}\n  set -a; . \
         ./{SETTINGS}; set +a\n  relay flows check && relay flows test\n  relay doctor              # tries every connection, \
         sends nothing\n  relay serve --dry-run     # reads and maps, shows what it would send\n  relay serve",
        folder.display()
    );
    Ok(Done::Well)
}
