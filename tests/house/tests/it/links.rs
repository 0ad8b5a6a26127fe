//! The links of all documents: each leads to a file that is there, and to a head that stands in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no documents of ours.
const ELSEWHERE: [&str; 3] = ["target", ".git", "node_modules"];

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !ELSEWHERE.contains(&name.as_str()) {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The lines outside of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What `[text](target)` and `[name]: target` lead to.
fn links(text: &str) -> Vec<String> {
    let text = prose(text);
    let inline = text.match_indices("](").filter_map(|(place, _)| {
        let rest = &text[place + 2..];
        Some(rest[..rest.find(')')?].split_whitespace().next()?.to_owned())
    });
    inline.collect()
}

/// The names by which the heads of a document are reached, as GitHub and mdBook make them.
fn heads(text: &str) -> BTreeSet<String> {
    let mut times = BTreeMap::<String, usize>::new();
    let prose = prose(text);
    let heads = prose.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|char| char.is_alphanumeric() || "-_ ".contains(*char));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    heads
        .map(name)
        .map(|name| {
            let before = times.entry(name.clone()).or_default();
            *before += 1;
            if *before == 1 { name } else { format!("{name}-{}", *before - 1) }
        })
        .collect()
}

#[test]
fn each_link_leads_to_a_file_and_a_head_that_are_there() {
    let root = house::root().canonicalize().unwrap();
    let mut all = Vec::new();
    documents(&root, &mut all);
    let (mut broken, mut seen) = (Vec::new(), 0);
    for file in &all {
        let text = fs::read_to_string(file).unwrap();
        for link in
            links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            seen += 1;
            let (path, head) =
                link.split_once('#').map_or((link.as_str(), None), |(path, head)| (path, Some(head)));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let is_there = target.exists()
                && head.is_none_or(|head| {
                    target.extension().is_none_or(|it| it != "md")
                        || heads(&fs::read_to_string(&target).unwrap()).contains(head)
                });
            if !is_there {
                broken.push(format!("{}: {link}", file.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert!(seen > 300, "{seen} links were found");
    assert!(broken.is_empty(), "these lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_document_for_users_stands_in_the_site() {
    let root = house::root();
    let summary = house::book::summary(&house::reference::pages()).text;
    let named: BTreeSet<_> = links(&summary).into_iter().collect();
    let mut all = Vec::new();
    documents(&root.join("docs"), &mut all);
    let there: BTreeSet<_> = all
        .iter()
        .map(|file| file.strip_prefix(root.join("docs")).unwrap().display().to_string())
        .filter(|file| file != "SUMMARY.md")
        .collect();
    let differing: Vec<_> = named.symmetric_difference(&there).collect();
    assert!(differing.is_empty(), "only in the site or only in docs/: {differing:?}");
}
