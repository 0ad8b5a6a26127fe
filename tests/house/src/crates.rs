//! The crates and their dependencies, as cargo knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};
use serde::Deserialize;

/// One crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its folder, from the root of the repository.
    pub folder: String,
    /// The crates of ours that its library needs.
    pub needs: BTreeSet<String>,
    /// The crates of ours that only its program needs: optional dependencies, which the library is built without.
    pub program_needs: BTreeSet<String>,
}

/// The crates that go into the programs, by name; those that only test are left out.
pub type Crates = BTreeMap<String, Crate>;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    optional: bool,
    path: Option<String>,
}

/// Reads the crates from `cargo metadata`.
///
/// # Errors
/// When cargo does not answer.
pub fn read(root: &Path) -> anyhow::Result<Crates> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("asking cargo for its metadata")?;
    let Metadata { packages, workspace_root } =
        serde_json::from_slice(&told.stdout).context("reading cargo's metadata")?;
    let mut crates = Crates::new();
    for package in packages {
        let folder = package.manifest_path.trim_start_matches(&workspace_root);
        let folder = folder.trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned();
        if folder.starts_with("tests/") {
            continue;
        }
        // Without a kind it is needed to run, and with a path it is ours.
        let ours = package.dependencies.into_iter().filter(|it| it.kind.is_none() && it.path.is_some());
        let (program, library): (Vec<_>, Vec<_>) = ours.partition(|dependency| dependency.optional);
        let names = |of: Vec<Dependency>| of.into_iter().map(|dependency| dependency.name).collect();
        crates.insert(package.name, Crate { folder, needs: names(library), program_needs: names(program) });
    }
    Ok(crates)
}

/// The crates as a graph in Graphviz's language: a solid arrow is what a library needs, a dashed one what only a program
/// or a feature needs. Arrows that follow from others are left out.
#[must_use]
pub fn as_dot(crates: &Crates) -> String {
    let mut lines = vec!["digraph crates {".to_owned(), "  rankdir=LR;".to_owned()];
    lines.extend(crates.keys().map(|name| format!("  \"{name}\" [shape=box];")));
    for (name, it) in crates {
        for needed in it.needs.iter().filter(|needed| crates.contains_key(*needed)) {
            if !follows(crates, &it.needs, needed) {
                lines.push(format!("  \"{name}\" -> \"{needed}\";"));
            }
        }
        for needed in it.program_needs.iter().filter(|needed| crates.contains_key(*needed)) {
            lines.push(format!("  \"{name}\" -> \"{needed}\" [style=dashed];"));
        }
    }
    lines.push("}\n".to_owned());
    lines.join("\n")
}

/// Whether another of the needed crates needs it already.
fn follows(crates: &Crates, needs: &BTreeSet<String>, needed: &str) -> bool {
    needs.iter().filter(|other| *other != needed).any(|other| reaches(crates, other, needed))
}

/// Whether a crate needs another, itself or through others.
#[must_use]
pub fn reaches(crates: &Crates, from: &str, to: &str) -> bool {
    let Some(it) = crates.get(from) else { return false };
    it.needs.iter().any(|needed| needed == to || reaches(crates, needed, to))
}

/// The graph as a picture, on white where the page around it is dark.
///
/// # Errors
/// A graph that cannot be drawn.
pub fn as_svg(crates: &Crates) -> anyhow::Result<String> {
    let graph = DotParser::new(&as_dot(crates)).process().map_err(|error| anyhow::anyhow!(error))?;
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&graph);
    let mut picture = SVGWriter::new();
    builder.get().do_it(false, false, false, &mut picture);
    let white = "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<defs>";
    Ok(picture.finalize().replacen("<defs>", white, 1))
}
