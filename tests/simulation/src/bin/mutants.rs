//! Builds each mutant in a copy of the tree, and runs seeds until one finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::Parser;
use simulation::mutants::{Mutant, all};
use simulation::scenario::Drawing;

/// Builds each mutant, and runs seeds until one finds it.
#[derive(Debug, Parser)]
struct Arguments {
    /// The root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where the copy of the tree and its builds stand.
    #[arg(long, default_value = "target/mutants")]
    workshop: PathBuf,
    /// At most so many seeds each.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Mutants whose names hold this alone.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let (tree, builds) = (arguments.workshop.join("tree"), arguments.workshop.join("build"));
    copy(&arguments.root, &tree)?;
    let mutants: Vec<Mutant> =
        all()?.into_iter().filter(|mutant| mutant.name.contains(&arguments.only)).collect();
    ensure!(!mutants.is_empty(), "no mutant is called `{}`", arguments.only);
    let mut missed = Vec::new();
    for mutant in &mutants {
        let files = mutant.files(&tree)?;
        for (file, _, broken) in &files {
            fs::write(tree.join(file), broken)?;
        }
        let found = build(&tree, &builds).and_then(|program| seeds(&program, arguments.seeds, mutant.of));
        for (file, whole, _) in &files {
            fs::write(tree.join(file), whole)?;
        }
        match found.with_context(|| mutant.name.clone())? {
            Some(Found { seed, rule }) => println!("{}: found by seed {seed}: {rule}", mutant.name),
            None => {
                println!("{}: NOT FOUND within {} seeds", mutant.name, arguments.seeds);
                missed.push(&mutant.name);
            }
        }
    }
    println!("{} of {} mutants found", mutants.len() - missed.len(), mutants.len());
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The files that git knows, and those that it would take.
fn copy(root: &Path, tree: &Path) -> anyhow::Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    ensure!(listed.status.success(), "git ls-files failed");
    for file in String::from_utf8(listed.stdout)?.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (root.join(file), tree.join(file));
        let Ok(content) = fs::read(&from) else { continue };
        // What has not changed keeps its time, so that it is not built again.
        if fs::read(&to).is_ok_and(|known| known == content) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file without a folder")?)?;
        fs::write(&to, content)?;
    }
    Ok(())
}

fn build(tree: &Path, builds: &Path) -> anyhow::Result<PathBuf> {
    let builds = std::path::absolute(builds)?;
    let status = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "checked",
            "-p",
            "simulation",
            "--bin",
            "simulation",
        ])
        .arg("--target-dir")
        .arg(&builds)
        .current_dir(tree)
        .status()?;
    ensure!(status.success(), "it does not build");
    Ok(builds.join("checked/simulation"))
}

struct Found {
    seed: u64,
    rule: String,
}

/// The first seed that fails, as far as seeds are begun in order.
fn seeds(program: &Path, seeds: u64, of: Drawing) -> anyhow::Result<Option<Found>> {
    let output = Command::new(program)
        .args(["--first", "--seeds", &seeds.to_string()])
        .args(of.argument())
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let line = told.lines().find_map(|line| line.strip_prefix("seed ")?.split_once(": "));
    match line {
        Some((seed, rule)) => Ok(Some(Found { seed: seed.parse()?, rule: rule.chars().take(160).collect() })),
        None => {
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Ok(None)
        }
    }
}
