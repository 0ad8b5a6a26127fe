//! The commands that documents name are those that there are.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};

use super::Cli;

/// Every page for users.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let of = |folder: &str| {
        fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let all = [of("."), of("docs"), of("docs/zh")].concat();
    all.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// What a page shows as code: lines of blocks, and what stands between backticks.
fn code(page: &str) -> Vec<String> {
    let (mut found, mut is_block) = (Vec::new(), false);
    let mut prose = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            found.push(line.to_owned());
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    found.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
    found
}

/// The words after `relay` of each command in a piece of code.
fn commands(code: &str) -> Vec<Vec<&str>> {
    // A column of remarks stands behind two spaces.
    let before_remark =
        code.trim_start().split(" # ").flat_map(|part| part.split("  ")).next().unwrap_or_default();
    let parts = before_remark.split(['&', '|', ';', '(', ')', '…']).map(|part| part.split_whitespace());
    let of_relay = parts.filter_map(|words| {
        let mut words = words.skip_while(|word| *word == "$" || word.contains('='));
        (words.next() == Some("relay")).then(|| words.collect())
    });
    of_relay.collect()
}

/// The first word that the command line does not know.
fn unknown(command: &Command, words: &[&str]) -> Option<String> {
    let mut command = command;
    let mut rest = words.iter().peekable();
    while let Some(inner) = rest.peek().and_then(|word| command.find_subcommand(word)) {
        command = inner;
        rest.next();
    }
    if command.has_subcommands()
        && command.get_positionals().next().is_none()
        && let Some(word) = rest.peek()
        && word.starts_with(|char: char| char.is_ascii_lowercase())
    {
        return Some((**word).to_owned());
    }
    let known = |flag: &str| command.get_arguments().any(|arg| arg.get_long() == Some(flag));
    rest.filter_map(|word| word.trim_start_matches('[').strip_prefix("--"))
        .map(|flag| flag.split(['=', ']', ',']).next().unwrap_or_default())
        .find(|flag| !flag.is_empty() && !known(flag))
        .map(|flag| format!("--{flag}"))
}

#[test]
fn every_command_that_a_document_names_is_there_with_its_options() {
    let mut cli = Cli::command();
    cli.build();
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for code in code(&text) {
            for words in commands(&code) {
                seen += 1;
                let unknown = unknown(&cli, &words);
                wrong.extend(
                    unknown
                        .map(|word| format!("{}: `{word}` in `relay {}`", page.display(), words.join(" "))),
                );
            }
        }
    }
    assert!(seen > 400, "{seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_or_an_option_that_is_none_is_told() {
    let mut cli = Cli::command();
    cli.build();
    for (line, told) in [
        ("relay statsu", Some("statsu")),
        ("relay flows chekc flows", Some("chekc")),
        ("relay replay --flow F --kye K", Some("--kye")),
        ("WDT_SID=1 relay status --watch # --wach", None),
        ("relay flows check && relay nothing", Some("nothing")),
    ] {
        let found = commands(line).into_iter().find_map(|words| unknown(&cli, &words));
        assert_eq!(found.as_deref(), told, "{line}");
    }
}
