use std::fs;
use std::io::Write as _;
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{looked_at, operations};
use crate::language::said;
use crate::output::say;
use crate::{Done, WrongUsage};

/// `relay replay --edit`
pub(crate) async fn run(
    flow: &str,
    key: &str,
    file: &str,
    reason: Option<&str>,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    let before = operations.to_edit(flow, key).await?;
    let text = match file {
        "" => edited(&before, wiring.settings.get("VISUAL").or_else(|| wiring.settings.get("EDITOR")))?,
        file => fs::read_to_string(file).with_context(|| format!("reading {file}"))?,
    };
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        WrongUsage(said!(
            "改完的不是 JSON,什么都不发送:{error}",
            "what was edited is no JSON, and nothing is sent: {error}"
        ))
    })?;
    if document == before {
        if json {
            say!("{}", place.with(json!({ "replayed": 0 })));
        } else {
            say!("什么都没改,什么都不发送。", "Nothing was changed, and nothing is sent.");
        }
        return Ok(Done::Well);
    }
    let replayed = operations.replay_edited(flow, key, document, reason).await?;
    if json {
        say!("{}", place.with(json!(replayed)));
    } else {
        say!("{}", place.line());
        say!(
            "{flow} {key} 按改过的内容重新走流程。",
            "{flow} {key} is sent through its flow as it was edited."
        );
        say!(
            "同一版本再从来源来时,不会顶替它;更新的版本会。",
            "The same version does not take its place when it comes again from its source; a newer one does."
        );
    }
    Ok(if replayed.is_whole() { Done::Well } else { Done::WithFailures })
}

/// What a person makes of a document, in an editor.
fn edited(document: &Value, editor: Option<&str>) -> anyhow::Result<String> {
    let mut file =
        tempfile::Builder::new().prefix("relay-").suffix(".json").tempfile().context("making a file")?;
    file.write_all(serde_json::to_string_pretty(document)?.as_bytes()).context("writing the document")?;
    let editor = editor.unwrap_or("vi");
    // As a shell has it, because people set it with arguments: `code --wait`.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$0\""), &file.path().display().to_string()])
        .status()
        .with_context(|| format!("starting the editor `{editor}` (EDITOR)"))?;
    if !status.success() {
        return Err(WrongUsage(said!(
            "编辑器 `{editor}` 以 {status} 结束,什么都不发送",
            "the editor `{editor}` ended with {status}, and nothing is sent"
        ))
        .into());
    }
    fs::read_to_string(file.path()).context("reading what was edited")
}
