use std::path::{Path, PathBuf};

use mapping::Diagnostics;
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
    if json {
        let mistakes: Vec<_> = diagnostics.0.iter().map(as_json).collect();
        say!("{}", json!({ "mistakes": mistakes }));
    } else {
        say!("{diagnostics}\n\n{} mistakes.", diagnostics.0.len());
    }
    Ok(Done::WithFailures)
}

fn print(flows: &Flows, json: bool) {
    let ends = |routed: &wiring::flows::Routed| {
        let flow = &routed.flow;
        (flow.name().to_owned(), flow.source().document.name, flow.target().document.name)
    };
    if json {
        let flows: Vec<_> = flows
            .iter()
            .map(|routed| ends(routed))
            .map(|(name, source, target)| json!({ "name": name, "source": source, "target": target }))
            .collect();
        say!("{}", json!({ "flows": flows, "mistakes": [] }));
        return;
    }
    for (name, source, target) in flows.iter().map(|routed| ends(routed)) {
        say!("{name}: {source} → {target}");
    }
    say!("{} flows, no mistakes.", flows.iter().count());
}

fn as_json(diagnostic: &mapping::Diagnostic) -> Value {
    json!({
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}
