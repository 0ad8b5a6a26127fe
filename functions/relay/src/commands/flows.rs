use std::path::{Path, PathBuf};

use mapping::{Diagnostic, Diagnostics, Severity};
use serde_json::{Value, json};
use wiring::{Flows, Settings};

use crate::Done;
use crate::output::say;

/// `relay flows check`
pub(crate) fn check(folder: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let folder: Option<PathBuf> =
        folder.map(Path::to_owned).or_else(|| Settings::from_environment().flows_folder());
    let error = match Flows::load(folder.as_deref()) {
        Ok(flows) => {
            print(&flows, json);
            return Ok(Done::Well);
        }
        Err(error) => error,
    };
    let diagnostics = error.downcast::<Diagnostics>()?;
    let mistakes: Vec<_> = diagnostics.of(Severity::Error).collect();
    let warnings: Vec<_> = diagnostics.of(Severity::Warning).collect();
    if json {
        say!("{}", json!({ "mistakes": as_json(&mistakes), "warnings": as_json(&warnings) }));
    } else {
        say!("{diagnostics}\n\n{} mistakes{}.", mistakes.len(), and_warnings(&warnings));
    }
    Ok(Done::WithFailures)
}

fn print(flows: &Flows, json: bool) {
    let ends = |routed: &wiring::flows::Routed| {
        let flow = &routed.flow;
        (flow.name().to_owned(), flow.source().document.name, flow.target().document.name)
    };
    let warnings: Vec<_> = flows.warnings().collect();
    if json {
        let flows: Vec<_> = flows
            .iter()
            .map(|routed| ends(routed))
            .map(|(name, source, target)| json!({ "name": name, "source": source, "target": target }))
            .collect();
        say!("{}", json!({ "flows": flows, "mistakes": [], "warnings": as_json(&warnings) }));
        return;
    }
    for warning in &warnings {
        say!("{warning}\n");
    }
    for (name, source, target) in flows.iter().map(|routed| ends(routed)) {
        say!("{name}: {source} → {target}");
    }
    say!("{} flows, no mistakes{}.", flows.iter().count(), and_warnings(&warnings));
}

fn and_warnings(warnings: &[&Diagnostic]) -> String {
    match warnings.len() {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        count => format!(", {count} warnings"),
    }
}

fn as_json(diagnostics: &[&Diagnostic]) -> Value {
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
