//! Reads paths: fall-backs, steps and selectors.

use rust_decimal::Decimal;

use super::parse::{Parsed, Parser};
use super::token::Token;
use super::{Path, Root, Step, SyntaxError, Term};

impl Parser<'_> {
    pub(super) fn terms(&mut self) -> Parsed<Vec<Term>> {
        let mut terms = vec![self.term()?];
        while self.takes("|") {
            let at = self.span();
            if self.takes("|") {
                return Err(SyntaxError::new(
                    at,
                    "a fall-back is written with one `|`, and a condition with `or`",
                ));
            }
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    pub(super) fn term(&mut self) -> Parsed<Term> {
        let term = match self.peek() {
            Some(Token::Text(text)) => Term::Text(text.clone()),
            Some(Token::Number(digits)) => match Decimal::from_str_exact(digits) {
                Ok(number) => Term::Number(number),
                Err(_) => return Err(SyntaxError::new(self.span(), "this number has too many digits")),
            },
            Some(Token::Sign("#")) => Term::LineNumber,
            _ => return self.path().map(Term::Path),
        };
        self.at += 1;
        Ok(term)
    }

    pub(super) fn path(&mut self) -> Parsed<Path> {
        let start = self.span().start;
        let mut steps = Vec::new();
        let mut root = Root::Up(0);
        let mut is_rooted = true;
        if self.takes("$") {
            root = Root::Document;
        } else if self.takes("^") {
            let mut levels = 1;
            while self.takes_up() {
                levels += 1;
            }
            root = Root::Up(levels);
        } else if self.peek() != Some(&Token::Sign(".")) {
            is_rooted = false;
            let span = self.span();
            let Some(Token::Name(name)) = self.peek().cloned() else {
                return Err(SyntaxError::new(span, "expected a field, a number or a text in quotes"));
            };
            self.at += 1;
            let dot_follows = matches!(self.peek(), Some(Token::Sign(".")));
            if name == "target" && dot_follows {
                root = Root::Target;
                is_rooted = true;
            } else {
                steps.push(Step::Field(name, span));
            }
        }
        if root == Root::Target || !is_rooted {
            self.selectors(&mut steps)?;
        }
        while self.takes(".") {
            let span = self.span();
            match self.peek().cloned() {
                Some(Token::Name(name) | Token::Text(name)) => steps.push(Step::Field(name, span)),
                _ => return Err(SyntaxError::new(span, "expected a field after the dot")),
            }
            self.at += 1;
            self.selectors(&mut steps)?;
        }
        let span = start..self.end();
        Ok(Path { root, steps, text: self.text[span.clone()].to_owned(), span })
    }

    /// The `.^` of a further level up.
    fn takes_up(&mut self) -> bool {
        let up = matches!(self.tokens.get(self.at + 1), Some(next) if next.token == Token::Sign("^"));
        if up && self.takes(".") { self.takes("^") } else { false }
    }

    fn selectors(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        while self.takes("[") {
            let span = self.span();
            match self.peek().cloned() {
                Some(Token::Number(digits)) => {
                    self.at += 1;
                    let index = digits.parse();
                    steps.push(Step::Index(
                        index.map_err(|_| SyntaxError::new(span, "expected a position, counted from 0"))?,
                    ));
                    self.expect("]")?;
                }
                Some(Token::Name(field)) => {
                    self.at += 1;
                    self.expect("=")?;
                    let value = self.selected_value()?;
                    steps.push(Step::Where { field, value, span });
                }
                _ => {
                    return Err(SyntaxError::new(span, "expected a position or `name=value`"));
                }
            }
        }
        Ok(())
    }

    /// The value of `[name=value]`: in quotes, or as it stands up to the bracket.
    fn selected_value(&mut self) -> Parsed<String> {
        let start = self.span().start;
        let quoted = match self.peek() {
            Some(Token::Text(text)) => Some(text.clone()),
            _ => None,
        };
        while !matches!(self.peek(), None | Some(Token::Sign("]"))) {
            self.at += 1;
        }
        let end = self.span().start;
        self.expect("]")?;
        Ok(quoted.unwrap_or_else(|| self.text[start..end].trim().to_owned()))
    }
}
