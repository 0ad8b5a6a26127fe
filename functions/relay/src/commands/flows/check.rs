use std::path::{Path, PathBuf};
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_core::metric_name;
use relay_host::remarks::{self, Remark};
use relay_host::{Settings, settings, stores};
use relay_job::{BrokenFile, Flows, Routed};
use relay_mapping::{Diagnostic, Severity};
use relay_operations::lookups;
use serde_json::{Value, json};

use crate::Done;
use crate::language::{self, said};
use crate::output::{counted, say};

/// What is wrong with a folder of flow files, and what may be.
struct Found<'f> {
    diagnostics: Vec<&'f Diagnostic>,
    remarks: &'f [Remark],
    /// By which interface it was checked, of the vendors that have several.
    interfaces: &'f [String],
}

/// `relay flows check`
pub(crate) async fn run(folder: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let settings = settings::of_process();
    let folder: Option<PathBuf> = folder.map(Path::to_owned).or_else(|| settings::flows_folder(&settings));
    // One file with a mistake hides none of the others'.
    let flows = relay_host::flows::load_sound(folder.as_deref(), &settings)?;
    let mut remarks = remarks::of_settings(&flows, &settings);
    remarks.extend(remarks::of_targets(&flows, &settings));
    let of_broken = flows.broken().iter().flat_map(|broken: &BrokenFile| &broken.found.0);
    let unimported = unimported(&flows, &settings).await;
    let mut diagnostics: Vec<_> = flows.warnings().chain(of_broken).chain(&unimported).collect();
    diagnostics.sort_by_key(|found| (&found.file, found.line, found.column));
    let interfaces = relay_host::flows::interfaces(&flows, &settings);
    let found = Found { diagnostics, remarks: &remarks, interfaces: &interfaces };
    if json {
        say!("{}", as_json(&flows, &found));
    } else {
        print(&flows, &found);
    }
    Ok(if found.mistakes() == 0 { Done::Well } else { Done::WithFailures })
}

/// What is to be said of tables that were never imported. A store that does not answer, or that there is not yet, holds none.
async fn unimported(flows: &Flows, settings: &Settings) -> Vec<Diagnostic> {
    let stores = stores::open_existing(settings, Arc::new(SystemClock)).await.ok();
    let lookups = stores.as_ref().map(|stores| stores.lookups.as_ref());
    lookups::unimported(flows, lookups).await.unwrap_or_default()
}

impl Found<'_> {
    fn mistakes(&self) -> usize {
        self.count(Severity::Error, true)
    }

    fn warnings(&self) -> usize {
        self.count(Severity::Warning, false)
    }

    fn count(&self, severity: Severity, is_mistake: bool) -> usize {
        let diagnostics = self.diagnostics.iter().filter(|found| found.severity == severity).count();
        diagnostics + self.remarks.iter().filter(|remark| remark.is_mistake == is_mistake).count()
    }
}

fn print(flows: &Flows, found: &Found<'_>) {
    for diagnostic in &found.diagnostics {
        say!("{}\n", language::told(diagnostic));
    }
    for remark in found.remarks {
        let message = language::words(&remark.message);
        let kind = if remark.is_mistake { said!("错误", "error") } else { said!("警告", "warning") };
        let help = remark
            .help
            .as_deref()
            .map(|help| said!("\n  = 办法:{}", "\n  = help: {}", language::words(help)));
        let help = help.unwrap_or_default();
        say!("{kind}: {message}\n --> {}:{}:{}{help}\n", remark.file, remark.line, remark.column);
    }
    let warnings = match found.warnings() {
        0 => String::new(),
        count => said!(",{}", ", {}", counted(count, "处警告", "warning")),
    };
    if found.mistakes() > 0 {
        say!("{}{warnings}。", "{}{warnings}.", counted(found.mistakes(), "处错误", "mistake"));
        return;
    }
    flows.iter().for_each(|routed| print_flow(routed));
    for interface in found.interfaces {
        say!("按 {} 检查", "checked by {}", language::words(interface));
    }
    say!(
        "{},没有错误{warnings}。",
        "{}, no mistakes{warnings}.",
        counted(flows.iter().count(), "个流程", "flow")
    );
}

fn print_flow(routed: &Routed) {
    let flow = &routed.flow;
    let title = flow.title().map(|title| format!(" ({title})")).unwrap_or_default();
    let (source, target) = (flow.source().document.name, flow.target().document.name);
    let name = flow.name();
    let metric = metric_name(name);
    let metric =
        if metric == name { String::new() } else { said!("(指标名 {metric})", " (counted as {metric})") };
    say!("{name}{title}: {source} → {target}{metric}");
}

fn as_json(flows: &Flows, found: &Found<'_>) -> Value {
    let flows: Vec<_> = flows.iter().map(|routed| flow_as_json(routed)).collect();
    let of = |severity: Severity, is_mistake: bool| -> Vec<Value> {
        let diagnostics = found.diagnostics.iter().filter(|found| found.severity == severity);
        let remarks = found.remarks.iter().filter(|remark| remark.is_mistake == is_mistake);
        diagnostics.map(|found| diagnostic_as_json(found)).chain(remarks.map(remark_as_json)).collect()
    };
    json!({
        "flows": flows,
        "checked_by": found.interfaces,
        "mistakes": of(Severity::Error, true),
        "warnings": of(Severity::Warning, false),
    })
}

fn flow_as_json(routed: &Routed) -> Value {
    let flow = &routed.flow;
    json!({
        "name": flow.name(),
        "title": flow.title(),
        "source": flow.source().document.name,
        "target": flow.target().document.name,
        "metric": metric_name(flow.name()),
    })
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

/// Diagnostics for programs.
pub(super) fn diagnostics_as_json(diagnostics: &[&Diagnostic]) -> Value {
    diagnostics.iter().map(|diagnostic| diagnostic_as_json(diagnostic)).collect()
}

fn diagnostic_as_json(diagnostic: &Diagnostic) -> Value {
    json!({
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}
