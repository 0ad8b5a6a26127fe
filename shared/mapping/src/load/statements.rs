//! Where the statements of a TOML file begin and end, as a person sees it: also where a bracket or a quote is missing.

use std::ops::Range;

/// The head of a table, or `key = value` on one line or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its lines, the last one's end included.
    pub(super) span: Range<usize>,
    pub(super) is_header: bool,
    /// The bracket or quote that is not closed in it, and where it stands.
    pub(super) unclosed: Option<(usize, char)>,
}

/// Every statement; blank lines and comments belong to none.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let within = !open.is_empty();
        let is_new = if within { begins_anew(line, &open) } else { !is_empty(line) };
        if is_new {
            if let (true, Some(last)) = (within, all.last_mut()) {
                last.unclosed = open.first().copied();
            }
            open.clear();
            let is_header = line.starts_with('[') || line.trim_start().starts_with('[');
            all.push(Statement { span: at..at + line.len(), is_header, unclosed: None });
        } else if let (true, Some(last)) = (within, all.last_mut()) {
            last.span.end = at + line.len();
        }
        if let Some(last) = all.last_mut().filter(|last| last.span.end == at + line.len() && !last.is_header)
        {
            let quote = scan(line, at, &mut open);
            last.unclosed = last.unclosed.or(quote);
        }
        at += line.len();
    }
    if let (Some(unclosed), Some(last)) = (open.first(), all.last_mut()) {
        last.unclosed = Some(*unclosed);
    }
    all
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Whether a line within brackets looks like one that belongs to none: what is open before it was never closed.
fn begins_anew(line: &str, open: &[(usize, char)]) -> bool {
    let is_in_braces = open.last().is_some_and(|(_, sign)| *sign == '{');
    let name: String = line.chars().take_while(|sign| is_name(*sign)).collect();
    let is_assignment = !name.is_empty() && line[name.len()..].trim_start().starts_with('=');
    let head = line.trim_end().trim_start_matches('[');
    let is_header = line.starts_with('[') && head.starts_with(|sign: char| sign.is_alphabetic());
    // An inline table may have its entries on lines of their own, which are indented then.
    is_header || (is_assignment && (!is_in_braces || !line.starts_with(' ')))
}

fn is_name(sign: char) -> bool {
    sign.is_alphanumeric() || "_-.'\"".contains(sign)
}

/// Follows the brackets of a line; gives a quote that its line does not close.
fn scan(line: &str, start: usize, open: &mut Vec<(usize, char)>) -> Option<(usize, char)> {
    let mut quote: Option<(usize, char)> = None;
    let mut escaped = false;
    for (at, sign) in line.char_indices() {
        match (quote, sign) {
            (Some((_, '"')), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some((_, end)), _) if sign == end && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '#') => break,
            (None, '"' | '\'') => quote = Some((start + at, sign)),
            (None, '[' | '{') => open.push((start + at, sign)),
            (None, ']') => close(open, '['),
            (None, '}') => close(open, '{'),
            (None, _) => {}
        }
        escaped = false;
    }
    quote
}

fn close(open: &mut Vec<(usize, char)>, sign: char) {
    if open.last().is_some_and(|(_, last)| *last == sign) {
        open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Vec<(&str, Option<char>)> {
        statements(text)
            .into_iter()
            .map(|it| (text[it.span].trim_end(), it.unclosed.map(|(_, sign)| sign)))
            .collect()
    }

    #[test]
    fn a_statement_has_all_of_its_lines() {
        let text = "# head\n[a.b]\n\nx = [\n  { when = \"y = '['\" }, # ]\n]\ny = 'z'\n";
        let all = ["[a.b]", "x = [\n  { when = \"y = '['\" }, # ]\n]", "y = 'z'"];
        assert_eq!(spans(text), all.map(|statement| (statement, None)));
    }

    #[test]
    fn what_is_not_closed_ends_where_the_next_statement_begins() {
        assert_eq!(spans("x = [\n  'a',\ny = 1\n"), [("x = [\n  'a',", Some('[')), ("y = 1", None)]);
        assert_eq!(spans("x = { a = 1\ny = 1\n"), [("x = { a = 1", Some('{')), ("y = 1", None)]);
        assert_eq!(spans("x = [\n[next]\n"), [("x = [", Some('[')), ("[next]", None)]);
        assert_eq!(spans("x = 'a\ny = 1\n"), [("x = 'a", Some('\'')), ("y = 1", None)]);
        assert_eq!(spans("x = {\n  a = 1,\n}\n"), [("x = {\n  a = 1,\n}", None)]);
    }
}
