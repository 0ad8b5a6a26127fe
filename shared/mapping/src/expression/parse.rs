//! Reads expressions. Recursive descent, one function per level of binding, bounded in depth and length.

use std::ops::Range;

use rust_decimal::Decimal;

use super::token::{Spanned, Token, tokens};
use super::{Comparison, Expression, Operation, Path, SyntaxError, Term};
use crate::full_width;

const MAX_DEPTH: usize = 40;
const MAX_TOKENS: usize = 1_000;

pub(super) type Parsed<T> = Result<T, SyntaxError>;

/// A path with fall-backs: `a | b.c | 'x'`.
pub(crate) fn alternatives(text: &str) -> Parsed<Vec<Term>> {
    whole(text, Parser::terms)
}

/// One path.
pub(crate) fn path(text: &str) -> Parsed<Path> {
    whole(text, Parser::path)
}

/// A condition: `trade_status = 55 and has(pay_time)`.
pub(crate) fn condition(text: &str) -> Parsed<Expression> {
    let expression = whole(text, Parser::any)?;
    if expression.is_condition() {
        Ok(expression)
    } else {
        Err(SyntaxError::new(0..text.len(), "this is a value, not a condition: compare it, or write has(…)"))
    }
}

/// Arithmetic: `sum(lines, price * num) + post_amount`.
pub(crate) fn amount(text: &str) -> Parsed<Expression> {
    let expression = whole(text, Parser::any)?;
    if expression.is_condition() {
        Err(SyntaxError::new(0..text.len(), "this is a condition, not an amount"))
    } else {
        Ok(expression)
    }
}

fn whole<'t, T>(text: &'t str, read: impl FnOnce(&mut Parser<'t>) -> Parsed<T>) -> Parsed<T> {
    read_whole(text, read).map_err(|error| of_full_width(text, error))
}

/// A mistake at a full-width sign is that sign.
fn of_full_width(text: &str, error: SyntaxError) -> SyntaxError {
    let start = error.span.start;
    let sign = text.get(start..).and_then(|rest| rest.chars().next());
    match sign.and_then(|sign| Some((sign, full_width::meant(sign)?))) {
        Some((sign, meant)) => {
            let (message, help) = full_width::told(sign, meant);
            SyntaxError::new(start..start + sign.len_utf8(), format!("{message}: {help}"))
        }
        None => error,
    }
}

fn read_whole<'t, T>(text: &'t str, read: impl FnOnce(&mut Parser<'t>) -> Parsed<T>) -> Parsed<T> {
    let tokens = tokens(text)?;
    if tokens.len() > MAX_TOKENS {
        return Err(SyntaxError::new(0..text.len(), "this expression is too long"));
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let result = read(&mut parser)?;
    match parser.tokens.get(parser.at) {
        None => Ok(result),
        Some(rest) => {
            let hint = match rest.token {
                Token::Sign("-") if parser.at > 0 => {
                    " (a name with a hyphen is written in quotes: $.\"a-b\")"
                }
                Token::Sign("(") => {
                    " (the functions are sum, count and has; rounding is as = \"decimal\" with a scale)"
                }
                Token::Name(_) if parser.at > 0 => {
                    " (a name with a blank is written in quotes: .'a b'; between two values stands a sign, between two conditions `and` or `or`)"
                }
                Token::Other('{') => " (write `}` before it: the brace that is open ends there)",
                Token::Other('&') => " (write `and`)",
                Token::Other('÷') => " (write `/`)",
                Token::Other('×') => " (write `*`)",
                _ => "",
            };
            Err(SyntaxError::new(rest.span.start..text.len(), format!("this does not belong here{hint}")))
        }
    }
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Spanned>,
    pub(super) at: usize,
    depth: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|spanned| &spanned.token)
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |spanned| spanned.span.clone())
    }

    /// The end of what has been read so far.
    pub(super) fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |spanned| spanned.span.end)
    }

    pub(super) fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) {
            Ok(())
        } else {
            Err(SyntaxError::new(self.span(), format!("expected `{sign}`")))
        }
    }

    /// A function's name, only where an opening bracket follows: fields may have any name.
    fn takes_function(&mut self, name: &str) -> bool {
        let opens = matches!(self.tokens.get(self.at + 1), Some(next) if next.token == Token::Sign("("));
        let found = opens && self.takes_word(name);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::new(self.span(), "this is nested too deeply"));
        }
        let start = self.span().start;
        let mut left = self.conjunction()?;
        while self.takes_word("or") {
            left = self.condition_from(start, left)?;
            let at = self.span().start;
            let right = self.conjunction()?;
            let right = self.condition_from(at, right)?;
            left = Expression::Or(Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Expression> {
        let start = self.span().start;
        let mut left = self.negation()?;
        while self.takes_word("and") {
            left = self.condition_from(start, left)?;
            let at = self.span().start;
            let right = self.negation()?;
            let right = self.condition_from(at, right)?;
            left = Expression::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Expression> {
        let mut times = 0;
        while self.takes_word("not") {
            times += 1;
        }
        let start = self.span().start;
        let inner = self.comparison()?;
        if times == 0 {
            return Ok(inner);
        }
        let inner = self.condition_from(start, inner)?;
        Ok(if times % 2 == 0 { inner } else { Expression::Not(Box::new(inner)) })
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("=", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let start = self.span().start;
        let left = self.sum()?;
        let sign_at = self.span().start;
        for (sign, comparison) in SIGNS {
            if self.takes(sign) {
                // There may be blanks of any width between the two.
                if sign == "<" && self.takes(">") {
                    return Err(SyntaxError::new(sign_at..self.end(), "unequal is written `!=`"));
                }
                if sign == "=" && self.takes("=") {
                    return Err(SyntaxError::new(sign_at..self.end(), "equal is written with one `=`"));
                }
                let left = self.amount_from(start, left)?;
                let at = self.span().start;
                let right = self.sum()?;
                let right = self.amount_from(at, right)?;
                return Ok(Expression::Compare(comparison, Box::new(left), Box::new(right)));
            }
        }
        if self.takes_word("in") {
            let left = self.amount_from(start, left)?;
            if !self.takes("(") {
                return Err(SyntaxError::new(
                    self.span(),
                    "expected `(`: the values of `in` stand in brackets, in (1, 2)",
                ));
            }
            let mut choices = vec![self.term()?];
            while self.takes(",") {
                choices.push(self.term()?);
            }
            self.expect(")")?;
            return Ok(Expression::In(Box::new(left), choices));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed<Expression> {
        self.chain(Self::product, [("+", Operation::Add), ("-", Operation::Subtract)])
    }

    fn product(&mut self) -> Parsed<Expression> {
        self.chain(Self::factor, [("*", Operation::Multiply), ("/", Operation::Divide)])
    }

    fn chain(
        &mut self,
        next: impl Fn(&mut Self) -> Parsed<Expression>,
        signs: [(&str, Operation); 2],
    ) -> Parsed<Expression> {
        let start = self.span().start;
        let mut left = next(self)?;
        'more: loop {
            for (sign, operation) in signs {
                if self.takes(sign) {
                    left = self.amount_from(start, left)?;
                    let at = self.span().start;
                    let right = next(self)?;
                    let right = self.amount_from(at, right)?;
                    left = Expression::Calculate(operation, Box::new(left), Box::new(right));
                    continue 'more;
                }
            }
            return Ok(left);
        }
    }

    fn factor(&mut self) -> Parsed<Expression> {
        if self.takes("-") {
            let at = self.span().start;
            let inner = self.primary()?;
            let inner = self.amount_from(at, inner)?;
            let zero = Expression::First(vec![Term::Number(Decimal::ZERO)]);
            return Ok(Expression::Calculate(Operation::Subtract, Box::new(zero), Box::new(inner)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Parsed<Expression> {
        if self.takes("(") {
            let inner = self.any()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.takes_function("has") {
            let terms = self.terms()?;
            self.expect(")")?;
            return Ok(Expression::Has(terms));
        }
        if self.takes_function("count") {
            let (list, filter) = self.filtered_list()?;
            self.expect(")")?;
            return Ok(Expression::Count { list, filter });
        }
        if self.takes_function("sum") {
            let (list, filter) = self.filtered_list()?;
            if let Some((list, field)) = list.last_field().filter(|_| filter.is_none() && self.takes(")")) {
                let each = Box::new(Expression::First(vec![Term::Path(field)]));
                return Ok(Expression::Sum { list, filter: None, each });
            }
            if !self.takes(",") {
                let message = "expected `,` and what is summed of each line: sum(lines, price * num), or sum(lines.amount)";
                return Err(SyntaxError::new(self.span(), message));
            }
            let start = self.span().start;
            let each = self.any()?;
            let each = Box::new(self.amount_from(start, each)?);
            self.expect(")")?;
            return Ok(Expression::Sum { list, filter, each });
        }
        self.terms().map(Expression::First)
    }

    fn filtered_list(&mut self) -> Parsed<(Path, Option<Box<Expression>>)> {
        let list = self.path()?;
        if !self.takes_word("where") {
            return Ok((list, None));
        }
        let start = self.span().start;
        let filter = self.any()?;
        let filter = self.condition_from(start, filter)?;
        Ok((list, Some(Box::new(filter))))
    }

    fn condition_from(&self, start: usize, expression: Expression) -> Parsed<Expression> {
        if expression.is_condition() {
            return Ok(expression);
        }
        Err(SyntaxError::new(start..self.end(), "expected a condition: compare it, or write has(…)"))
    }

    fn amount_from(&self, start: usize, expression: Expression) -> Parsed<Expression> {
        if !expression.is_condition() {
            return Ok(expression);
        }
        Err(SyntaxError::new(start..self.end(), "expected a value, not a condition"))
    }
}
