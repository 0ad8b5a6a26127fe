//! The Chinese of what is English by its nature: what the ledger keeps, and what stands in declarations and errors of crates that
//! speak to programs first. It is found by its words when a person reads it, so that what was recorded long ago is Chinese too.
//!
//! A file of phrases has an English line, then its Chinese one. `<1>` stands for a text that is put in as it is, `<1?>` for one that is
//! translated where it is a phrase, `<1!>` for one that must be a phrase. What no phrase fits stays as it is: a vendor's words do.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::OnceLock;

const FILES: [&str; 5] = [
    include_str!("phrases/settings.txt"),
    include_str!("phrases/flows.txt"),
    include_str!("phrases/health.txt"),
    include_str!("phrases/reasons.txt"),
    include_str!("phrases/vendors.txt"),
];

/// Phrases within phrases: more than these are no text of ours.
const DEPTH: usize = 4;

/// A longer text is a vendor's, or a list of messages.
const LONGEST: usize = 1_000;

/// What stands between two texts of one message.
const BETWEEN: &str = "; ";

struct Book {
    whole: HashMap<&'static str, &'static str>,
    /// With texts put in; what begins with words of its own first, then what has more of them.
    open: Vec<Open>,
}

struct Open {
    english: Vec<Piece>,
    chinese: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Words(&'static str),
    Put(Put),
}

/// What is put into a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Put {
    number: usize,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    AsItIs,
    PerhapsPhrase,
    Phrase,
}

/// The text in Chinese, where it is known; else as it is.
#[must_use]
pub fn in_chinese(english: &str) -> Cow<'_, str> {
    match translated(english, DEPTH) {
        Some(chinese) => Cow::Owned(chinese),
        None => Cow::Borrowed(english),
    }
}

/// The phrases, English and Chinese, as the files have them.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.into_iter().flat_map(|file| {
        let mut lines = file.lines().filter(|line| !line.is_empty());
        std::iter::from_fn(move || lines.next().zip(lines.next()))
    })
}

fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| {
        let (mut whole, mut open) = (HashMap::new(), Vec::new());
        for (english, chinese) in all() {
            let pieces = pieces(english);
            if let [Piece::Words(_)] = pieces[..] {
                whole.insert(english, chinese);
            } else {
                open.push(Open { english: pieces, chinese: self::pieces(chinese) });
            }
        }
        open.sort_by_key(|Open { english, .. }| {
            let begins_with_words = matches!(english.first(), Some(Piece::Words(_)));
            Reverse((begins_with_words, own_words(english)))
        });
        Book { whole, open }
    })
}

fn own_words(pieces: &[Piece]) -> usize {
    let lengths = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => words.len(),
        Piece::Put(_) => 0,
    });
    lengths.sum()
}

fn pieces(text: &'static str) -> Vec<Piece> {
    let (mut found, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(place) = text[at..].find('<').map(|place| at + place) {
        at = place + 1;
        let Some(end) = text[at..].find('>').map(|end| at + end) else { break };
        let within = &text[at..end];
        let what = match within.chars().next_back() {
            Some('!') => What::Phrase,
            Some('?') => What::PerhapsPhrase,
            _ => What::AsItIs,
        };
        let Ok(number) = within.trim_end_matches(['!', '?']).parse() else { continue };
        if from < place {
            found.push(Piece::Words(&text[from..place]));
        }
        found.push(Piece::Put(Put { number, what }));
        (from, at) = (end + 1, end + 1);
    }
    if from < text.len() {
        found.push(Piece::Words(&text[from..]));
    }
    found
}

fn translated(english: &str, depth: usize) -> Option<String> {
    let book = book();
    if let Some(chinese) = book.whole.get(english) {
        return Some((*chinese).to_owned());
    }
    if depth == 0 || !english.contains(|char: char| char.is_ascii_alphabetic()) {
        return None;
    }
    let parts = listed(english, depth - 1);
    if let Some(chinese) = parts.iter().map(|(_, chinese)| chinese.as_deref()).collect::<Option<Vec<_>>>()
        && chinese.len() > 1
    {
        return Some(chinese.join(";"));
    }
    if english.len() <= LONGEST
        && let Some(chinese) = book.open.iter().find_map(|phrase| filled(phrase, english, depth - 1))
    {
        return Some(chinese);
    }
    // A vendor's words among ours. Within a phrase they are none.
    (depth == DEPTH && parts.iter().any(|(_, chinese)| chinese.is_some())).then(|| {
        let told = parts.into_iter().map(|(one, chinese)| chinese.unwrap_or_else(|| one.to_owned()));
        told.collect::<Vec<_>>().join(";")
    })
}

/// Several messages in one, each with its Chinese; nothing where it is one alone.
fn listed(english: &str, depth: usize) -> Vec<(&str, Option<String>)> {
    if !english.contains(BETWEEN) {
        return Vec::new();
    }
    english.split(BETWEEN).map(|one| (one, translated(one, depth))).collect()
}

fn filled(phrase: &Open, english: &str, depth: usize) -> Option<String> {
    let mut put = HashMap::new();
    for (Put { number, what }, text) in put_in(&phrase.english, english)? {
        let told = match what {
            // Two messages are none.
            What::AsItIs if text.contains(BETWEEN) => return None,
            What::AsItIs => text.to_owned(),
            What::PerhapsPhrase => translated(text, depth).unwrap_or_else(|| text.to_owned()),
            What::Phrase => translated(text, depth)?,
        };
        put.insert(number, told);
    }
    let told = phrase.chinese.iter().map(|piece| match piece {
        Piece::Words(words) => *words,
        Piece::Put(it) => put.get(&it.number).map_or("", String::as_str),
    });
    Some(told.collect())
}

/// What is put into a phrase to make this text: up to the first place where its next words stand, and up to the last for the words
/// at its end.
fn put_in<'t>(phrase: &[Piece], mut text: &'t str) -> Option<Vec<(Put, &'t str)>> {
    let mut found = Vec::new();
    let mut open: Option<Put> = None;
    for (place, piece) in phrase.iter().enumerate() {
        let words = match *piece {
            Piece::Words(words) => words,
            Piece::Put(it) => {
                open = Some(it);
                continue;
            }
        };
        let is_last = place + 1 == phrase.len();
        let at = match open {
            None => text.starts_with(words).then_some(0),
            Some(_) if is_last => text.ends_with(words).then(|| text.len() - words.len()),
            Some(_) => text.find(words),
        }?;
        found.extend(open.take().map(|it| (it, &text[..at])));
        text = &text[at + words.len()..];
    }
    match open {
        Some(it) => found.push((it, text)),
        None if text.is_empty() => {}
        None => return None,
    }
    Some(found)
}

#[cfg(test)]
mod tests;
