//! Which rules and branches of a flow some documents have reached.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::flow::Flow;
use crate::rule::{Condition, Content, Fields, Lines, Position, Rule};
use crate::trace::Trace;

/// One way that a document can take through a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Branch {
    pub(crate) at: Position,
    pub(crate) way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// The rule gave a value, or a fault.
    Rule,
    /// None of a field's rules applied; known by the first of them.
    NoRule,
    /// A condition let something pass: a document the filter, a line its list's `where`.
    Passes,
    /// A condition let something not pass.
    LeftOut,
}

/// The branches of a flow that documents have taken so far.
#[derive(Debug, Clone, Default)]
pub struct Coverage(BTreeSet<Branch>);

/// How much of a flow was reached, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// How many branches were taken: rules that gave something, conditions either way.
    pub reached: usize,
    /// How many there are.
    pub of: usize,
    /// Those that were not taken, in the order of the file.
    pub missing: Vec<Missing>,
}

/// A branch that no document has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Where it stands in the flow file.
    pub at: Position,
    /// The target's field or list, such as `material_entity.unit_id`; `filter` of the source's.
    pub target: String,
    /// What was never met, as words that go on after the field's name.
    pub what: String,
}

impl Coverage {
    /// Adds the way of one document.
    pub fn add(&mut self, trace: &Trace) {
        self.0.extend(&trace.taken);
        let filter = trace.filter.as_ref().and_then(|filter| Some((filter.at, filter.holds?)));
        let way = |passes| if passes { Way::Passes } else { Way::LeftOut };
        self.0.extend(filter.map(|(at, holds)| Branch { at, way: way(holds) }));
    }

    /// What of a flow was reached.
    #[must_use]
    pub fn of(&self, flow: &Flow) -> Covered {
        let mut branches = Branches::default();
        if let Some(filter) = &flow.filter {
            let (passes, left_out) = ("no document passes", "no document is filtered out by");
            branches.condition("filter", filter, passes, left_out);
        }
        branches.fields(&flow.fields, "");
        let of = branches.0.len();
        let missing = branches.0.into_iter().filter(|(branch, _)| !self.0.contains(branch));
        let mut missing: Vec<_> = missing.map(|(_, missing)| missing).collect();
        missing.sort_by_key(|missing| missing.at);
        Covered { reached: of - missing.len(), of, missing }
    }
}

#[derive(Default)]
struct Branches(Vec<(Branch, Missing)>);

impl Branches {
    fn add(&mut self, at: Position, way: Way, target: &str, what: String) {
        self.0.push((Branch { at, way }, Missing { at, target: target.to_owned(), what }));
    }

    fn condition(&mut self, target: &str, condition: &Condition, passes: &str, left_out: &str) {
        let Condition { at, text, .. } = condition;
        self.add(*at, Way::Passes, target, format!("{passes} `{text}`"));
        self.add(*at, Way::LeftOut, target, format!("{left_out} `{text}`"));
    }

    fn fields(&mut self, fields: &Fields, parent: &str) {
        for field in &fields.0 {
            let target = format!("{parent}{}", field.name);
            match &field.content {
                Content::Value(rules) => self.rules(&target, rules, field.required),
                Content::Object(fields) => self.fields(fields, &format!("{target}.")),
                Content::List(blocks) => blocks.iter().for_each(|block| self.lines(&target, block)),
            }
        }
    }

    fn lines(&mut self, target: &str, block: &Lines) {
        if let Some(when) = &block.when {
            self.condition(
                target,
                when,
                "no document has the block of lines under",
                "no document lacks the block of lines under",
            );
        }
        if let Some(filter) = &block.filter {
            self.condition(target, filter, "no line passes", "no line is left out by");
        }
        self.fields(&block.fields, &format!("{target}."));
    }

    fn rules(&mut self, target: &str, rules: &[Rule], is_required: bool) {
        for rule in rules {
            let what = match &rule.when {
                Some(when) => format!("nothing is sent under `{}`", when.text),
                None if rules.len() > 1 => "nothing is sent by the rule without `when`".to_owned(),
                None => "nothing is sent".to_owned(),
            };
            self.add(rule.at, Way::Rule, target, what);
        }
        // Where the target requires the field, that no rule applies is a fault, and no way that a document should take.
        let may_match_none = !is_required && rules.iter().all(|rule| rule.when.is_some());
        if let Some(first) = rules.first().filter(|_| may_match_none) {
            self.add(first.at, Way::NoRule, target, "no document meets none of its conditions".to_owned());
        }
    }
}
