//! Chinese and English: no text that `relay` says lacks its twin.

use std::fs;
use std::path::{Path, PathBuf};

use relay_connector::Setting;
use relay_connector::settings::Default;
use relay_operations::phrases;

/// What is the same in both languages: a command to type.
const SAME: [&str; 1] = ["mv"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The literals at the beginning of each call of a macro: one, or two that are twins.
fn calls<'t>(text: &'t str, name: &str) -> Vec<Vec<&'t str>> {
    let begins = format!("{name}!(");
    let places = text.match_indices(&begins).filter(|(place, _)| {
        let before = text[..*place].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '`')
    });
    places.map(|(place, _)| literals(&text[place + begins.len()..])).collect()
}

fn literals(mut text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        let Some(rest) = text.strip_prefix('"') else { return found };
        let mut escaped = false;
        let end = rest.find(|char| {
            let ends = char == '"' && !escaped;
            escaped = char == '\\' && !escaped;
            ends
        });
        let end = end.unwrap();
        found.push(&rest[..end]);
        let Some(next) = rest[end + 1..].trim_start().strip_prefix(',') else { return found };
        text = next;
    }
}

/// The words of a format, without what is put into it.
fn words(format: &str) -> Vec<String> {
    let mut depth = 0;
    let outside = format.replace("\\n", " ").replace("{{", "").replace("}}", "");
    let outside: String = outside
        .chars()
        .filter(|char| {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let words = outside.split(|char: char| !char.is_ascii_alphabetic()).filter(|word| word.len() > 1);
    words.filter(|word| !SAME.contains(word)).map(str::to_owned).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|char| ('\u{4E00}'..='\u{9FFF}').contains(&char) || "。、".contains(char))
}

#[test]
fn no_text_of_the_command_line_lacks_its_twin() {
    let mut seen = 0;
    for file in sources(&house::root().join("functions/relay/src")) {
        let text = fs::read_to_string(&file).unwrap();
        let at = file.display();
        for name in ["say", "tell", "said"] {
            for call in calls(&text, name) {
                match call[..] {
                    [] => {}
                    [alone] => {
                        assert_eq!(words(alone), Vec::<String>::new(), "{at}: \"{alone}\" has no twin");
                    }
                    [chinese, english, ..] => {
                        seen += 1;
                        let has_words =
                            words(english).iter().any(|word| !english.contains(&format!("`{word}")));
                        assert!(
                            !has_words || is_chinese(chinese),
                            "{at}: \"{english}\" comes after its Chinese"
                        );
                        assert!(!is_chinese(english), "{at}: \"{english}\" is English");
                    }
                }
            }
        }
    }
    assert!(seen > 100, "{seen} twins were found");
}

/// The texts of `#[error(…)]`, with `X1` for whatever is put in.
fn reasons(text: &str) -> Vec<String> {
    let begins = text.match_indices("#[error(").map(|(place, begin)| &text[place + begin.len()..]);
    let formats = begins.filter_map(|rest| literals(rest).first().map(|format| unescaped(format)));
    formats
        .map(|format| {
            let mut parts = format.split('{');
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |told, part| told + "X1" + part.split_once('}').map_or("", |(_, rest)| rest))
        })
        .collect()
}

/// A literal as it is read: no ends of lines that are for the eye, no backslashes.
fn unescaped(literal: &str) -> String {
    let mut lines = literal.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start()).replace("\\\"", "\"")
}

#[test]
fn what_settings_expect_and_where_they_are_found_has_its_twin() {
    let of = |setting: &Setting| {
        let default = match setting.default {
            Default::Told(words) => words,
            _ => "",
        };
        [setting.expects, setting.found, default]
    };
    let same = |text: &str| text.is_empty() || words(text).is_empty() || text == "sqlite:relay.db";
    let texts: Vec<_> =
        relay_host::settings::declared::all().flat_map(of).filter(|text| !same(text)).collect();
    let missing: Vec<_> = texts.iter().filter(|text| phrases::in_chinese(text) == **text).collect();
    assert!(
        texts.len() > 80 && missing.is_empty(),
        "{missing:#?} belong into shared/operations/src/phrases/settings.txt"
    );
}

#[test]
fn why_a_document_is_not_mapped_has_its_twin() {
    let mut seen = 0;
    for file in ["fault.rs", "lookup.rs"] {
        let text = fs::read_to_string(house::root().join("shared/mapping/src").join(file)).unwrap();
        for reason in
            reasons(&text).into_iter().filter(|reason| reason.contains(' ') && !reason.starts_with("X1 "))
        {
            seen += 1;
            let told = format!("field: `path` = \"value\" {reason}");
            let chinese = phrases::in_chinese(&told);
            let whole = phrases::in_chinese(&reason);
            assert!(
                is_chinese(&chinese) || is_chinese(&whole),
                "{reason} belongs into shared/operations/src/phrases/reasons.txt"
            );
        }
    }
    assert!(seen >= 12, "{seen} reasons were found");
}

/// What others say in English, which we hand on.
const OF_LIBRARIES: [&str; 2] = ["duplicate key", "string values must be quoted"];

#[test]
fn no_phrase_outlives_the_text_that_it_is_the_chinese_of() {
    let mut code = String::new();
    for folder in ["shared", "functions"] {
        for file in sources(&house::root().join(folder)) {
            code.push_str(
                &unescaped(&fs::read_to_string(file).unwrap()).replace("{{", "{").replace("}}", "}"),
            );
        }
    }
    let is_sign = |char: char| !char.is_alphanumeric();
    for (english, _) in phrases::all() {
        let pieces = english
            .split(['<', '>'])
            .flat_map(|piece| piece.split([':', ';', ',']))
            .map(|it| it.trim_matches(is_sign));
        let longest = pieces.max_by_key(|piece| piece.len()).unwrap_or_default();
        let is_there = code.contains(longest) || OF_LIBRARIES.iter().any(|theirs| english.contains(theirs));
        assert!(is_there, "no code says `{longest}` any more: {english}");
    }
}

#[test]
fn what_operations_say_has_its_twin_by_its_type() {
    let mut seen = 0;
    for file in sources(&house::root().join("shared/operations/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for call in calls(&text, "both") {
            let [chinese, english, ..] = call[..] else { panic!("{}: {call:?}", file.display()) };
            seen += 1;
            assert!(is_chinese(chinese) && !is_chinese(english), "{}: {call:?}", file.display());
        }
    }
    assert!(seen > 20, "{seen} twins were found");
}
