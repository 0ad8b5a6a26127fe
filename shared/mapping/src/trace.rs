//! How a target's document came about, field by field: for whoever explains a document, and for the coverage of tests.
//!
//! The mapper notes it while it maps ([`crate::Flow::trace`]), so that what is explained is what is done.

use serde::Serialize;
use serde_json::Value;

use crate::coverage::{Branch, Way};
use crate::expression::{Scope, reads_of, reads_of_terms};
use crate::fault::Fault;
use crate::lookup::LookupKey;
use crate::rule::{Condition, Position, Rule, Take};

/// How a target's document came about.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Trace {
    /// The source's filter, where the flow has one.
    pub filter: Option<ConditionTrace>,
    /// The target's fields, in the order in which they were mapped.
    pub fields: Vec<FieldTrace>,
    /// The lines and the blocks of lines that were left out.
    pub left_out: Vec<LineTrace>,
    /// The branches of the flow that were taken.
    #[serde(skip)]
    pub(crate) taken: Vec<Branch>,
    /// The field that is being mapped.
    #[serde(skip)]
    now: Option<FieldTrace>,
}

/// How one field of the target came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldTrace {
    /// The target field, such as `material_entity[3].qty` (lines count from 0, as in JSON).
    pub target: String,
    /// Where its rule stands in the flow file; `None` where no rule applies.
    pub at: Option<Position>,
    /// The condition under which the rule applies, as it is written.
    pub when: Option<String>,
    /// What the rule takes its value from: `from`, `copy`, `value`, `setting`, `text` or `compute`.
    pub takes: &'static str,
    /// What is read, as it is written: a path with fall-backs, a setting, a template, a calculation.
    pub source: String,
    /// What was found there, path by path.
    pub reads: Vec<ReadValue>,
    /// The conversion, by its name in flow files.
    pub conversion: Option<String>,
    /// What the conversion gave.
    pub converted: Option<Value>,
    /// The look-up that followed.
    pub lookup: Option<LookupTrace>,
    /// What the field holds; `None` where it is left out.
    pub result: Option<Value>,
    /// Whether the target is sent it; what it is not sent is there for other fields to read.
    pub is_sent: bool,
    /// How it ended.
    pub ended: Ended,
    /// Why it cannot be sent.
    pub fault: Option<String>,
}

/// How the mapping of one field ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// With a value.
    Value,
    /// With the rule's `default`, because there was nothing to read.
    Default,
    /// Without a value: there was nothing to read, and the field is left out.
    LeftOut,
    /// Without a value: the condition of none of its rules holds.
    NoRule,
    /// With a fault.
    Fault,
}

/// One value that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadValue {
    /// The path from the top of the document, such as `goods_list[0].num`; or the name of a setting.
    pub path: String,
    /// What stands there; `None` where it is absent. Of a list its number of lines.
    pub value: Option<String>,
}

/// One look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookupTrace {
    /// The table, such as `kingdee.customer`.
    pub table: String,
    /// The code.
    pub code: String,
    /// Its id, where it is known.
    pub id: Option<String>,
}

/// A condition, and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionTrace {
    /// Where it stands in the flow file.
    pub at: Position,
    /// As it is written.
    pub condition: String,
    /// What was found.
    pub reads: Vec<ReadValue>,
    /// Whether it holds; `None` where that cannot be told.
    pub holds: Option<bool>,
}

/// A line, or a block of lines, that the target does not get.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineTrace {
    /// The target's list.
    pub target: String,
    /// The source's line, such as `goods_list[2]`; empty for a block of lines whose `when` does not hold.
    pub line: String,
    /// The condition that does not hold.
    pub condition: ConditionTrace,
}

impl ConditionTrace {
    pub(crate) fn of(condition: &Condition, scope: &Scope<'_>, holds: Option<bool>) -> Self {
        let reads = reads_of(&condition.expression, scope);
        Self { at: condition.at, condition: condition.text.clone(), reads, holds }
    }
}

impl Trace {
    /// Of a document that came to this filter.
    pub(crate) fn of(filter: Option<ConditionTrace>) -> Self {
        Self { filter, ..Self::default() }
    }

    /// A rule begins to map a field.
    pub(crate) fn begin(&mut self, target: String, is_sent: bool, rule: &Rule, scope: &Scope<'_>) {
        let (takes, reads) = match &rule.take {
            Take::From(terms) => ("from", reads_of_terms(terms, scope)),
            Take::Parts(parts) => {
                ("from", parts.iter().flat_map(|terms| reads_of_terms(terms, scope)).collect())
            }
            Take::Copy(path) => ("copy", vec![ReadValue::of(path, scope)]),
            Take::Constant(_) => ("value", Vec::new()),
            Take::Setting(_) => ("setting", Vec::new()),
            Take::Text(pieces) => {
                ("text", pieces.iter().flat_map(|piece| reads_of_terms(piece.terms(), scope)).collect())
            }
            Take::Compute(expression) => ("compute", reads_of(expression, scope)),
        };
        let conversion = (!matches!(rule.take, Take::Constant(_))).then(|| rule.conversion.name());
        let source = if takes == "value" { String::new() } else { rule.source.clone() };
        let when = rule.when.as_ref().map(|when| when.text.clone());
        self.now = Some(FieldTrace {
            at: Some(rule.at),
            when,
            takes,
            source,
            reads,
            conversion,
            is_sent,
            ..FieldTrace::without_rule(target)
        });
    }

    /// The rule has been applied.
    pub(crate) fn end(&mut self, result: Option<&Value>) {
        let Some(mut field) = self.now.take() else { return };
        field.result = result.cloned();
        field.ended = match (&field.fault, result) {
            (Some(_), _) => Ended::Fault,
            (None, Some(_)) if field.ended == Ended::Default => Ended::Default,
            (None, Some(_)) => Ended::Value,
            (None, None) => Ended::LeftOut,
        };
        if field.ended != Ended::LeftOut {
            self.taken.extend(field.at.map(|at| Branch { at, way: Way::Rule }));
        }
        self.fields.push(field);
    }

    /// None of a field's rules applies. `first`: where the first of them stands.
    pub(crate) fn unmatched(&mut self, target: String, first: Option<Position>, is_known: bool) {
        let mut field = FieldTrace::without_rule(target);
        if is_known {
            self.taken.extend(first.map(|at| Branch { at, way: Way::NoRule }));
        } else {
            field.ended = Ended::Fault;
        }
        self.now = None;
        self.fields.push(field);
    }

    /// A line came to its list's `where`, or a block to its `when`.
    pub(crate) fn line(&mut self, condition: &Condition, passes: bool, left_out: impl FnOnce() -> LineTrace) {
        let way = if passes { Way::Passes } else { Way::LeftOut };
        self.taken.push(Branch { at: condition.at, way });
        if !passes {
            self.left_out.push(left_out());
        }
    }

    pub(crate) fn read_setting(&mut self, name: &str, value: Option<&String>) {
        if let Some(field) = &mut self.now {
            field.reads.push(ReadValue { path: name.to_owned(), value: value.cloned() });
        }
    }

    pub(crate) fn converted(&mut self, value: &Value) {
        if let Some(field) = &mut self.now {
            field.converted = Some(value.clone());
        }
    }

    pub(crate) fn looked_up(&mut self, asked: &LookupKey, id: Option<&String>) {
        if let Some(field) = &mut self.now {
            let LookupKey { table, key } = asked;
            field.lookup = Some(LookupTrace { table: table.clone(), code: key.clone(), id: id.cloned() });
        }
    }

    pub(crate) fn defaulted(&mut self) {
        if let Some(field) = &mut self.now {
            field.ended = Ended::Default;
        }
    }

    /// Of the field at hand, or of one that has no rule.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        let of_last = self.fields.last_mut().filter(|field| field.target == fault.target);
        if let Some(field) = self.now.as_mut().or(of_last) {
            field.fault = Some(fault.to_string());
            field.ended = Ended::Fault;
        }
    }

    /// A value that was changed after its rule had been applied.
    pub(crate) fn corrected(&mut self, target: &str, value: &Value) {
        if let Some(field) = self.fields.iter_mut().rev().find(|field| field.target == target) {
            field.result = Some(value.clone());
        }
    }
}

impl FieldTrace {
    fn without_rule(target: String) -> Self {
        Self {
            target,
            at: None,
            when: None,
            takes: "",
            source: String::new(),
            reads: Vec::new(),
            conversion: None,
            converted: None,
            lookup: None,
            result: None,
            is_sent: true,
            ended: Ended::NoRule,
            fault: None,
        }
    }
}
