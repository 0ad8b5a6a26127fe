//! A flow's mapping as it is applied: checked, with every expression parsed.

use serde_json::Value;

use crate::conversion::Conversion;
use crate::expression::{Expression, Path, Term};
use crate::template::Piece;

/// One target object: its fields in the order of the flow file.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<Field>);

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// The first rule whose condition holds.
    Value(Vec<Rule>),
    Object(Fields),
    List(List),
}

/// One target line per source line that passes the filter.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) each: Path,
    pub(crate) filter: Option<Expression>,
    pub(crate) fields: Fields,
    /// Fields whose repeated values get `-2`, `-3`, ….
    pub(crate) unique: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) when: Option<Expression>,
    pub(crate) take: Take,
    /// What is read, as written: for faults.
    pub(crate) source: String,
    pub(crate) strip_emoji: bool,
    pub(crate) conversion: Conversion,
    pub(crate) through: Through,
    pub(crate) absent: Absent,
    /// Whether it reads what was mapped before it.
    pub(crate) reads_target: bool,
}

#[derive(Debug)]
pub(crate) enum Take {
    From(Vec<Term>),
    /// A field as it stands, empty or not.
    Copy(Path),
    Constant(Value),
    Setting(String),
    Text(Vec<Piece>),
    Compute(Expression),
}

/// What the value goes through after its conversion.
#[derive(Debug)]
pub(crate) enum Through {
    Nothing,
    Lookup(String),
    Codes { codes: Vec<(String, Value)>, otherwise: Option<Value> },
}

/// What to do where there is nothing to read.
#[derive(Debug, Clone)]
pub(crate) enum Absent {
    Error,
    Omit,
    Default(Value),
}

impl Fields {
    /// Every rule, lists and objects included.
    pub(crate) fn rules<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        for field in &self.0 {
            match &field.content {
                Content::Value(rules) => rules.iter().for_each(&mut *visit),
                Content::Object(fields) => fields.rules(visit),
                Content::List(list) => list.fields.rules(visit),
            }
        }
    }
}

impl Field {
    pub(crate) fn reads_target(&self) -> bool {
        matches!(&self.content, Content::Value(rules) if rules.iter().any(|rule| rule.reads_target))
    }
}
