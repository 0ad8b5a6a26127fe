use std::path::{Path, PathBuf};

use mapping::Diagnostics;
use pipeline::registry;
use serde_json::{Value, json};
use wiring::remarks::{self, Remark};
use wiring::{Flows, Settings, Wiring, standing, suggest};

use super::place::Place;
use crate::{Done, WrongUsage};

/// `relay flows retire`
pub(crate) async fn retire(name: &str, json: bool) -> anyhow::Result<Done> {
    let wiring = Wiring::of_existing_store().await?;
    let place = Place::of(&wiring)?;
    if let Some(routed) = wiring.flows.named(name) {
        let message = format!("the flow `{name}` has a file, {}: take it away first", routed.file);
        return Err(WrongUsage(message).into());
    }
    let checkpoints = wiring.stores.checkpoints.as_ref();
    let registered = registry::read(checkpoints).await?;
    let absent = standing::absent(&registered, &wiring.flows);
    if !absent.contains_key(name) {
        let meant = suggest::did_you_mean(name, absent.keys().map(String::as_str));
        return Err(WrongUsage(format!("there is no flow `{name}` whose file is away{meant}")).into());
    }
    registry::change(checkpoints, |flows| drop(flows.remove(name))).await?;
    if json {
        println!("{}", place.with(json!({ "retired": name })));
    } else {
        println!("{}", place.line());
        println!("{name} is retired: nothing is kept for it any more; what has failed stays in the ledger.");
    }
    Ok(Done::Well)
}

/// `relay flows check`
pub(crate) fn check(folder: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let settings = Settings::from_environment();
    let folder: Option<PathBuf> = folder.map(Path::to_owned).or_else(|| settings.flows_folder());
    let error = match Flows::load(folder.as_deref()) {
        Ok(flows) => {
            let remarks = remarks::of_settings(&flows, &settings);
            let is_sound = !remarks.iter().any(|remark| remark.is_mistake);
            print(&flows, &remarks, json);
            return Ok(if is_sound { Done::Well } else { Done::WithFailures });
        }
        Err(error) => error,
    };
    let diagnostics = error.downcast::<Diagnostics>()?;
    if json {
        let mistakes: Vec<_> = diagnostics.0.iter().map(as_json).collect();
        println!("{}", json!({ "mistakes": mistakes }));
    } else {
        println!("{diagnostics}\n\n{} mistakes.", diagnostics.0.len());
    }
    Ok(Done::WithFailures)
}

fn print(flows: &Flows, remarks: &[Remark], json: bool) {
    let ends = |routed: &wiring::flows::Routed| {
        let flow = &routed.flow;
        (flow.name().to_owned(), flow.source().document.name, flow.target().document.name)
    };
    let (mistakes, warnings): (Vec<_>, Vec<_>) = remarks.iter().partition(|remark| remark.is_mistake);
    if json {
        let as_json =
            |remarks: &[&Remark]| -> Vec<_> { remarks.iter().copied().map(remark_as_json).collect() };
        let (mistakes, warnings) = (as_json(&mistakes), as_json(&warnings));
        let flows: Vec<_> = flows
            .iter()
            .map(|routed| ends(routed))
            .map(|(name, source, target)| json!({ "name": name, "source": source, "target": target }))
            .collect();
        println!("{}", json!({ "flows": flows, "mistakes": mistakes, "warnings": warnings }));
        return;
    }
    for (name, source, target) in flows.iter().map(|routed| ends(routed)) {
        println!("{name}: {source} → {target}");
    }
    for remark in remarks {
        let kind = if remark.is_mistake { "error" } else { "warning" };
        let help = remark.help.as_deref().map(|help| format!("\n  = help: {help}")).unwrap_or_default();
        println!(
            "\n{kind}: {}\n --> {}:{}:{}{help}",
            remark.message, remark.file, remark.line, remark.column
        );
    }
    match mistakes.len() {
        0 => println!("{} flows, no mistakes.", flows.iter().count()),
        count => println!("\n{count} mistakes."),
    }
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

fn as_json(diagnostic: &mapping::Diagnostic) -> Value {
    json!({
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "help": diagnostic.help,
    })
}
