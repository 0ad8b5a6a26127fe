use std::path::Path;

use serde_json::json;

use crate::Done;
use crate::output::say;
use crate::shipped::{self, Set, Written};

/// `relay flows export`
pub(crate) fn run(folder: &Path, json: bool) -> anyhow::Result<Done> {
    let Written { new, kept } = shipped::write(Set::Default, folder)?;
    if json {
        say!("{}", json!({ "folder": folder.display().to_string(), "written": new, "kept": kept }));
        return Ok(Done::Well);
    }
    new.iter().for_each(|file| say!("已写 {}", "wrote {}", folder.join(file).display()));
    kept.iter().for_each(|file| {
        say!("保留 {}:已经在了", "kept {}: it is there already", folder.join(file).display());
    });
    say!(
        "改好,检查(`relay flows check {0}`),再设 RELAY_FLOWS_DIR={0}。",
        "Edit them, check them (`relay flows check {0}`), and set RELAY_FLOWS_DIR={0}.",
        folder.display()
    );
    Ok(Done::Well)
}
