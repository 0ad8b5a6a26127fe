//! `[split]`: one document that becomes several, each of them with some of its lines.
//!
//! A **part** is the document with a list that holds the part's lines alone. Parts are told apart by a value that their lines
//! have in common, or by the place of their line. What a newer version has no lines for any more is the same document with no
//! lines: the part is withdrawn.

use std::collections::HashMap;

use serde_json::Value;

use crate::apply::{Context, Mapped, Mapper};
use crate::expression::{Datum, Failing, Path, Scope, Step, Term, first, lines};
use crate::fault::{Cause, Fault};
use crate::flow::Flow;
use crate::lookup::{escaped, unescaped};
use crate::params::resolve;
use crate::share::{self, Share};

/// So many parts a document may have. The ledger's entry of a document names them all, and is read with each of them.
pub const MOST_PARTS: usize = 500;

/// So many bytes the value may take by which a part is told from others: it stands in keys, which stores limit.
const LONGEST: usize = 200;

/// How a flow's documents become several.
#[derive(Debug)]
pub struct Split {
    /// The list whose lines are divided: fields alone, from the top of the document.
    pub(crate) list: Path,
    /// What lines of one part have in common, read in a line; `None`: each line is a part.
    pub(crate) by: Option<Vec<Term>>,
    /// What it is split by, as the flow file has it.
    pub(crate) text: String,
    /// Amounts of the whole document that its parts share.
    pub(crate) share: Option<Share>,
    /// Whether each part has a number of its own: what tells it from the others is its number.
    pub(crate) has_own_numbers: bool,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What tells it from the others: `W01`, or the number of its line from 1.
    pub name: String,
    lines: Vec<usize>,
    /// What it has of each amount that is shared out.
    shares: Vec<Option<String>>,
}

/// A document with its parts.
#[derive(Debug)]
pub struct Divided<'d> {
    split: &'d Split,
    document: &'d Value,
    lines: Vec<&'d Value>,
    parts: Vec<Part>,
}

impl Divided<'_> {
    /// The parts, in the order of their first lines.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The document of a part: its list holds the part's lines alone, and its amounts the part's shares.
    #[must_use]
    pub fn document(&self, part: &Part) -> Value {
        let lines = part.lines.iter().filter_map(|line| self.lines.get(*line)).map(|line| (*line).clone());
        let mut document = self.with(lines.collect());
        let amounts = self.split.share.iter().flat_map(|share| &share.amounts);
        for (path, share) in amounts.zip(&part.shares) {
            if let Some(text) = share {
                share::put(&mut document, path, text);
            }
        }
        document
    }

    /// The document of a part that is withdrawn: it has no lines.
    #[must_use]
    pub fn without_lines(&self) -> Value {
        self.with(Vec::new())
    }

    fn with(&self, lines: Vec<Value>) -> Value {
        let fields: Vec<_> = self.split.fields().collect();
        with_list(self.document, &fields, lines)
    }
}

/// The value with a list in the place of what stands at that path. All but that is copied: a list may be most of a document.
fn with_list(value: &Value, fields: &[&str], list: Vec<Value>) -> Value {
    let Some((name, rest)) = fields.split_first() else { return Value::Array(list) };
    let Value::Object(object) = value else { return value.clone() };
    let mut list = Some(list);
    let copied = object.iter().map(|(field, value)| match list.take_if(|_| field == name) {
        Some(list) => (field.clone(), with_list(value, rest, list)),
        None => (field.clone(), value.clone()),
    });
    Value::Object(copied.collect())
}

impl Split {
    fn fields(&self) -> impl Iterator<Item = &str> {
        self.list.steps.iter().filter_map(|step| match step {
            Step::Field(name, _) => Some(name.as_str()),
            Step::Index(_) | Step::Where { .. } => None,
        })
    }

    /// What it is split by, as the flow file has it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.text
    }

    fn fault(&self, value: Option<&str>, cause: Cause) -> Fault {
        Fault::new("split".to_owned(), &self.text, value, cause)
    }

    /// `shares`: whether its parts share its amounts.
    fn divide<'d>(&'d self, document: &'d Value, shares: bool) -> Result<Divided<'d>, Fault> {
        let scope = Scope::document(document);
        let lines = lines(&self.list, &scope)
            .map_err(|Failing { value, cause, .. }| self.fault(value.as_deref(), cause))?;
        let mut parts: Vec<Part> = Vec::new();
        let mut places = HashMap::<String, usize>::new();
        for (index, line) in lines.iter().enumerate() {
            let name = self.name(&Scope::line(&scope, &self.list, line, index), index)?;
            match places.get(&name).and_then(|place| parts.get_mut(*place)) {
                Some(part) => part.lines.push(index),
                None => {
                    places.insert(name.clone(), parts.len());
                    parts.push(Part { name, lines: vec![index], shares: Vec::new() });
                }
            }
        }
        if parts.len() > MOST_PARTS {
            return Err(self.fault(None, Cause::TooManyParts { count: parts.len(), most: MOST_PARTS }));
        }
        if let Some(share) = self.share.as_ref().filter(|_| shares && !parts.is_empty()) {
            let of_parts: Vec<_> = parts.iter().map(|part| part.lines.as_slice()).collect();
            let shares = share.out(&scope, &self.list, &lines, &of_parts)?;
            parts.iter_mut().zip(shares).for_each(|(part, shares)| part.shares = shares);
        }
        Ok(Divided { split: self, document, lines, parts })
    }

    /// The part that a line is of. Lines that lack the value are a part together, whose name is empty.
    fn name(&self, line: &Scope<'_>, index: usize) -> Result<String, Fault> {
        let Some(by) = &self.by else { return Ok((index + 1).to_string()) };
        let found = first(by, line);
        let name = match &found {
            None => String::new(),
            Some(datum) => datum.text().map(std::borrow::Cow::into_owned).ok_or_else(|| {
                let cause = Cause::Unreadable { expected: "one value (it is a list or an object)" };
                self.fault(Some(&datum.shown()), cause)
            })?,
        };
        if name.len() > LONGEST {
            let shown = found.as_ref().map(Datum::shown);
            return Err(self.fault(shown.as_deref(), Cause::LongPart { most: LONGEST }));
        }
        Ok(name)
    }
}

impl Flow {
    /// How its documents become several, where they do.
    #[must_use]
    pub fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// A document with its parts; `None` where the flow splits none. What its source has cancelled is worth nothing to its parts, so
    /// that no amount keeps it from being cancelled.
    ///
    /// # Errors
    /// Where its lines are no list, where what tells parts apart is no single value, where there are too many, and where what is to
    /// be shared out is no amount.
    pub fn divide<'d>(&'d self, document: &'d Value) -> Result<Option<Divided<'d>>, Fault> {
        let is_over = |split: &Split| {
            split.share.is_some()
                && (self.cancels(document).unwrap_or_default()
                    || self.withdraws(document).unwrap_or_default())
        };
        self.split.as_ref().map(|split| split.divide(document, !is_over(split))).transpose()
    }

    /// The key of a part of the document with that key: the part is one more part of the key.
    #[must_use]
    pub fn key_of_part(&self, key: &str, part: &str) -> String {
        format!("{key}/{}", escaped(part))
    }

    /// The key of the document, and the part, of a key that is one of a part.
    #[must_use]
    pub fn part_of_key<'k>(&self, key: &'k str) -> Option<(&'k str, String)> {
        self.split.as_ref().and_then(|_| self.longer_key(key))
    }

    /// The same of a flow that splits no documents: a key of its documents, and a part that it may have been queued for when its flow
    /// did.
    #[must_use]
    pub fn former_part_of_key<'k>(&self, key: &'k str) -> Option<(&'k str, String)> {
        if self.split.is_some() { None } else { self.longer_key(key) }
    }

    /// The key of a document, and what stands behind it, of a key that has one part more.
    fn longer_key<'k>(&self, key: &'k str) -> Option<(&'k str, String)> {
        let (document, part) = key.rsplit_once('/')?;
        let is_longer = document.split('/').count() == self.key.parts.len();
        is_longer.then(|| (document, unescaped(part)))
    }

    /// Whether a part's document says that the part is withdrawn: it has no lines.
    #[must_use]
    pub fn is_without_lines(&self, document: &Value) -> bool {
        let of_split = self.split.as_ref().map(|split| lines(&split.list, &Scope::document(document)));
        of_split.is_some_and(|lines| lines.is_ok_and(|lines| lines.is_empty()))
    }

    /// No more of a part's document than its number, to ask the target for it; `None` where the number cannot be told.
    #[must_use]
    pub fn number_of_part(&self, document: &Value, part: &str, context: &Context<'_>) -> Option<Mapped> {
        if self.has_own_numbers() {
            return self.asked_by(&Value::from(part), context);
        }
        Some(self.numbered(self.number_of_whole(document, context)?, part))
    }

    /// No more of a document than its number, as its rule has it: what it has where its flow does not split it.
    #[must_use]
    pub fn number_of_whole(&self, document: &Value, context: &Context<'_>) -> Option<Mapped> {
        let rule = self.fields.get(self.target.document.number()?)?;
        let number = Mapper::new(Some(context)).field(rule, &Scope::document(document), None)?;
        self.asked_by(&number, context)
    }

    fn asked_by(&self, number: &Value, context: &Context<'_>) -> Option<Mapped> {
        let params = resolve(&self.target.params, context.settings).ok()?;
        let body = serde_json::json!({ self.target.document.number()?: number });
        Some(Mapped { body, params, route: self.target.route, open_from: None })
    }

    fn has_own_numbers(&self) -> bool {
        self.split.as_ref().is_some_and(|split| split.has_own_numbers)
    }

    /// What is sent of a part: its number is the document's with the part behind, unless it has one of its own. A hyphen within the part is escaped, so that
    /// the last one of a number always stands before the part: no two parts, of whatever documents, have the same number.
    #[must_use]
    pub fn numbered(&self, mut mapped: Mapped, part: &str) -> Mapped {
        if !self.has_own_numbers()
            && let Some(number) = self.target.document.number().and_then(|name| mapped.body.get_mut(name))
            && let Some(text) = Datum::Json(number).text()
        {
            *number = Value::String(format!("{text}-{}", part.replace('%', "%25").replace('-', "%2D")));
        }
        mapped
    }
}
