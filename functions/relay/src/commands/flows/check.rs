use std::path::{Path, PathBuf};

use relay_host::remarks::{self, Remark};
use relay_host::{Settings, settings};
use relay_job::{Flows, Routed};
use relay_mapping::{Diagnostic, Diagnostics, Severity};
use serde_json::{Value, json};

use crate::Done;
use crate::output::say;

/// `relay flows check`
pub(crate) fn run(folder: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let settings = Settings::from_environment();
    let folder: Option<PathBuf> = folder.map(Path::to_owned).or_else(|| settings::flows_folder(&settings));
    let error = match relay_host::flows::load(folder.as_deref()) {
        Ok(flows) => {
            let remarks = remarks::of_settings(&flows, &settings);
            let is_sound = !remarks.iter().any(|remark| remark.is_mistake);
            print(&flows, &remarks, json);
            return Ok(if is_sound { Done::Well } else { Done::WithFailures });
        }
        Err(error) => error,
    };
    let diagnostics = error.downcast::<Diagnostics>()?;
    let mistakes: Vec<_> = diagnostics.of(Severity::Error).collect();
    let warnings: Vec<_> = diagnostics.of(Severity::Warning).collect();
    if json {
        say!("{}", json!({ "mistakes": as_json(&mistakes), "warnings": as_json(&warnings) }));
    } else {
        say!("{diagnostics}\n\n{} mistakes{}.", mistakes.len(), and_warnings(warnings.len()));
    }
    Ok(Done::WithFailures)
}

fn print(flows: &Flows, remarks: &[Remark], json: bool) {
    let ends = |routed: &Routed| {
        let flow = &routed.flow;
        (flow.name().to_owned(), flow.source().document.name, flow.target().document.name)
    };
    let (mistakes, remarked): (Vec<_>, Vec<_>) = remarks.iter().partition(|remark| remark.is_mistake);
    let warnings: Vec<_> = flows.warnings().collect();
    if json {
        let flows: Vec<_> = flows
            .iter()
            .map(|routed| ends(routed))
            .map(|(name, source, target)| json!({ "name": name, "source": source, "target": target }))
            .collect();
        let mut warnings = as_json(&warnings);
        if let Value::Array(all) = &mut warnings {
            all.extend(remarked.iter().copied().map(remark_as_json));
        }
        let mistakes: Vec<_> = mistakes.iter().copied().map(remark_as_json).collect();
        say!("{}", json!({ "flows": flows, "mistakes": mistakes, "warnings": warnings }));
        return;
    }
    for warning in &warnings {
        say!("{warning}\n");
    }
    for remark in remarks {
        let kind = if remark.is_mistake { "error" } else { "warning" };
        let help = remark.help.as_deref().map(|help| format!("\n  = help: {help}")).unwrap_or_default();
        say!("{kind}: {}\n --> {}:{}:{}{help}\n", remark.message, remark.file, remark.line, remark.column);
    }
    if !mistakes.is_empty() {
        say!("{} mistakes.", mistakes.len());
        return;
    }
    for (name, source, target) in flows.iter().map(|routed| ends(routed)) {
        say!("{name}: {source} → {target}");
    }
    let count = warnings.len() + remarked.len();
    say!("{} flows, no mistakes{}.", flows.iter().count(), and_warnings(count));
}

fn remark_as_json(remark: &Remark) -> Value {
    json!({
        "file": remark.file,
        "line": remark.line,
        "column": remark.column,
        "message": remark.message,
        "help": remark.help,
    })
}

/// `1 flow`, `2 flows`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn and_warnings(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        count => format!(", {count} warnings"),
    }
}

pub(super) fn as_json(diagnostics: &[&Diagnostic]) -> Value {
    let found = diagnostics.iter().map(|diagnostic| {
        json!({
            "file": diagnostic.file,
            "line": diagnostic.line,
            "column": diagnostic.column,
            "message": diagnostic.message,
            "help": diagnostic.help,
        })
    });
    found.collect()
}
