//! Text templates: `{trade_no}-{rec_id | #}`. A brace is written twice to stand for itself.

use crate::expression::{Scope, SyntaxError, Term, alternatives, first, written};

#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Literal(String),
    /// Fall-backs, and where they begin in the template.
    Read(Vec<Term>, usize),
}

impl Piece {
    /// What it reads, with its fall-backs; nothing where it stands for itself.
    pub(crate) fn terms(&self) -> &[Term] {
        match self {
            Self::Literal(_) => &[],
            Self::Read(terms, _) => terms,
        }
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Piece>, SyntaxError> {
    if let Some((at, sign)) = text.char_indices().find(|(_, sign)| "｛｝".contains(*sign)) {
        let message = "a full-width brace is text, and reads nothing: write `{` and `}`";
        return Err(SyntaxError::new(at..at + sign.len_utf8(), message));
    }
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let brace = at + found;
        literal.push_str(&text[at..brace]);
        let sign = &text[brace..=brace];
        if text[brace + 1..].starts_with(sign) {
            literal.push_str(sign);
            at = brace + 2;
            continue;
        }
        let close = text[brace..].find('}').map(|offset| brace + offset);
        let Some(close) = close.filter(|_| sign == "{") else {
            return Err(SyntaxError::new(
                brace..brace + 1,
                "a brace without its other half: write it twice to mean itself",
            ));
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        let start = brace + 1;
        let terms = alternatives(&text[start..close]).map_err(|error| {
            SyntaxError::new(start + error.span.start..start + error.span.end, error.message)
        })?;
        pieces.push(Piece::Read(terms, start));
        at = close + 1;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The text, or the path of the part that is absent.
pub(crate) fn fill(pieces: &[Piece], scope: &Scope<'_>) -> Result<String, String> {
    pieces.iter().try_fold(String::new(), |mut filled, piece| {
        match piece {
            Piece::Literal(text) => filled.push_str(text),
            Piece::Read(terms, _) => {
                let datum = first(terms, scope).ok_or_else(|| written(terms))?;
                filled.push_str(&datum.shown());
            }
        }
        Ok(filled)
    })
}
