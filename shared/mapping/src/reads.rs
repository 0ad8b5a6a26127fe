//! What a flow reads of its source, and what of it any document has held so far.
//!
//! A field that is misspelt, or that a vendor does not send, is absent in every document, and nothing fails: it is left
//! out, or a fall-back takes its place. Where a flow has met documents and one of its paths was in none of them, a person
//! is to be told.

use std::collections::BTreeSet;

use relay_core::ordered;
use serde_json::Value;

use crate::expression::{Expression, Path, Root, Step, Term, is_absent, items};
use crate::flow::Flow;
use crate::rule::{Content, Fields, Lines, Rule, Take};
use crate::split::Split;

/// One path, from the top of the document.
#[derive(Debug)]
pub(crate) struct Read {
    /// As a person reads it: `goods_list[].spec_no`.
    name: String,
    steps: Vec<Reach>,
}

#[derive(Debug, Clone)]
enum Reach {
    Step(Step),
    /// Any line of the list at hand.
    Each,
}

/// The paths of a flow that its documents have held so far. It only grows, so that what several workers saw is joined by
/// collecting it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sightings(BTreeSet<String>);

impl Sightings {
    /// Notes what a document holds, and says whether anything of it is new. Looks only for what has not been seen yet,
    /// so that a flow whose paths were all met pays next to nothing.
    pub fn note(&mut self, flow: &Flow, document: &Value) -> bool {
        let met: Vec<_> = flow
            .reads
            .iter()
            .filter(|read| !self.0.contains(&read.name) && holds(document, &read.steps))
            .map(|read| read.name.clone())
            .collect();
        let is_new = !met.is_empty();
        self.0.extend(met);
        is_new
    }

    /// The paths of the flow that no document has held.
    #[must_use]
    pub fn missing<'f>(&self, flow: &'f Flow) -> Vec<&'f str> {
        flow.paths().filter(|name| !self.0.contains(*name)).collect()
    }

    /// What has been seen, to be kept and collected again.
    pub fn seen(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Sightings {
    fn from_iter<T: IntoIterator<Item = String>>(seen: T) -> Self {
        Self(ordered::set(seen))
    }
}

impl Flow {
    /// Every path of the source that the flow reads: for its key, its version, its filter and its fields.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(|read| read.name.as_str())
    }

    /// Those of [`Self::paths`] that this document does not hold.
    #[must_use]
    pub fn absent_paths(&self, document: &Value) -> Vec<&str> {
        let absent = self.reads.iter().filter(|read| !holds(document, &read.steps));
        absent.map(|read| read.name.as_str()).collect()
    }
}

fn holds(value: &Value, steps: &[Reach]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return !is_absent(value) };
    match step {
        Reach::Each => items(value).is_some_and(|lines| lines.into_iter().any(|line| holds(line, rest))),
        Reach::Step(step) => step.of(value).is_some_and(|value| holds(value, rest)),
    }
}

/// Gathers the paths of a flow, each once, in the order of its first use.
#[derive(Default)]
pub(crate) struct Gathering {
    reads: Vec<Read>,
    names: BTreeSet<String>,
}

/// Where paths start from: the top of the document first, then each list whose lines are at hand.
type Levels = Vec<Vec<Reach>>;

impl Gathering {
    pub(crate) fn of(
        key: &[&[Term]],
        version: &[Term],
        conditions: &[&Expression],
        split: Option<&Split>,
        fields: &Fields,
    ) -> Vec<Read> {
        let mut gathering = Self::default();
        let top = vec![Vec::new()];
        key.iter().copied().chain([version]).for_each(|terms| gathering.terms(terms, &top));
        conditions.iter().for_each(|condition| gathering.expression(condition, &top));
        split.iter().for_each(|split| gathering.split(split, &top));
        gathering.fields(fields, &top);
        gathering.reads
    }

    fn split(&mut self, split: &Split, levels: &Levels) {
        self.path(&split.list, levels);
        let Some(lines) = lines(&split.list, levels) else { return };
        split.by.iter().for_each(|by| self.terms(by, &lines));
        if let Some(share) = &split.share {
            share.amounts.iter().for_each(|path| self.path(path, levels));
            self.expression(&share.by, &lines);
        }
    }

    fn fields(&mut self, fields: &Fields, levels: &Levels) {
        for field in &fields.0 {
            match &field.content {
                Content::Value(rules) => rules.iter().for_each(|rule| self.rule(rule, levels)),
                Content::Object(fields) => self.fields(fields, levels),
                Content::List(blocks) => blocks.iter().for_each(|block| self.lines(block, levels)),
            }
        }
    }

    fn lines(&mut self, block: &Lines, levels: &Levels) {
        block.when.iter().for_each(|when| self.expression(&when.expression, levels));
        let Some(each) = &block.each else { return self.fields(&block.fields, levels) };
        self.path(each, levels);
        let Some(lines) = lines(each, levels) else { return };
        block.filter.iter().for_each(|filter| self.expression(&filter.expression, &lines));
        self.fields(&block.fields, &lines);
    }

    fn rule(&mut self, rule: &Rule, levels: &Levels) {
        rule.when.iter().for_each(|when| self.expression(&when.expression, levels));
        let total = rule.remainder.iter().filter_map(|remainder| remainder.total.as_ref());
        total.for_each(|total| self.expression(&total.amount, levels));
        match &rule.take {
            Take::From(terms) => self.terms(terms, levels),
            Take::Parts(parts) => parts.iter().for_each(|terms| self.terms(terms, levels)),
            Take::Copy(path) => self.path(path, levels),
            Take::Compute(expression) => self.expression(expression, levels),
            Take::Text(pieces) => pieces.iter().for_each(|piece| self.terms(piece.terms(), levels)),
            Take::Constant(_) | Take::Setting(_) => {}
        }
    }

    fn expression(&mut self, expression: &Expression, levels: &Levels) {
        expression.visit(&mut Vec::new(), &mut |lists, path| {
            let within = lists.iter().try_fold(levels.clone(), |levels, list| lines(list, &levels));
            if let Some(levels) = within {
                self.path(path, &levels);
            }
        });
    }

    fn terms(&mut self, terms: &[Term], levels: &Levels) {
        terms.iter().filter_map(Term::path).for_each(|path| self.path(path, levels));
    }

    fn path(&mut self, path: &Path, levels: &Levels) {
        let Some(steps) = from_top(path, levels) else { return };
        let name = spelled(&steps);
        if self.names.insert(name.clone()) {
            self.reads.push(Read { name, steps });
        }
    }
}

/// The levels within the lines of a list; `None` where the list is of the target.
fn lines(list: &Path, levels: &Levels) -> Option<Levels> {
    let mut line = from_top(list, levels)?;
    line.push(Reach::Each);
    Some(levels.iter().cloned().chain([line]).collect())
}

/// A path from the top of the document; `None` where it reads the target.
fn from_top(path: &Path, levels: &Levels) -> Option<Vec<Reach>> {
    let start = match path.root {
        Root::Up(up) => levels.iter().rev().nth(up)?.clone(),
        Root::Document => Vec::new(),
        Root::Target => return None,
    };
    Some(start.into_iter().chain(path.steps.iter().cloned().map(Reach::Step)).collect())
}

fn spelled(steps: &[Reach]) -> String {
    let mut name = String::new();
    for step in steps {
        match step {
            Reach::Step(Step::Field(field, _)) => {
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(field);
            }
            Reach::Step(Step::Index(index)) => name.push_str(&format!("[{index}]")),
            Reach::Step(Step::Where { field, value, .. }) => name.push_str(&format!("[{field}={value}]")),
            Reach::Each => name.push_str("[]"),
        }
    }
    name
}
