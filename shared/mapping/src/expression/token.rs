//! Words and signs of an expression.

use std::ops::Range;

use super::SyntaxError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A field's name or a word of the language.
    Name(String),
    /// Text in quotes.
    Text(String),
    /// An unsigned number, digits as written.
    Number(String),
    /// A sign of the language, or a character that is none.
    Sign(&'static str),
    /// Any other character: fine within `[name=value]`, a mistake elsewhere.
    Other(char),
}

#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 20] =
    ["!=", "<=", ">=", "|", ".", "[", "]", "(", ")", ",", "+", "-", "*", "/", "=", "<", ">", "^", "$", "#"];

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '\'' || first == '"' {
            let Some(length) = rest[1..].find(first) else {
                return Err(SyntaxError::new(at..text.len(), "this quote is not closed"));
            };
            (Token::Text(rest[1..=length].to_owned()), length + 2)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else if first.is_ascii_digit() {
            let length = number_length(rest);
            (Token::Number(rest[..length].to_owned()), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else {
            (Token::Other(first), first.len_utf8())
        };
        tokens.push(Spanned { token, span: at..at + length });
        at += length;
    }
    Ok(tokens)
}

fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    match text[whole..].strip_prefix('.').map(digits) {
        Some(fraction) if fraction > 0 => whole + 1 + fraction,
        _ => whole,
    }
}
