//! A flow's mapping as it is applied: checked, with every expression parsed.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::conversion::Conversion;
use crate::expression::{Expression, Path, Term};
use crate::fault::Cause;
use crate::lookup::{Lookup, LookupKey, Miss};
use crate::remainder::Remainder;
use crate::template::Piece;

/// Where something stands in a flow file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A condition, as it is evaluated and as it is written.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) expression: Expression,
    pub(crate) text: String,
    pub(crate) at: Position,
}

/// One target object: its fields in the order of the flow file.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<Field>);

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) required: bool,
    /// Whether the target is sent it; what it is not sent is there for `target.x` and for the checks.
    pub(crate) is_sent: bool,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// The first rule whose condition holds.
    Value(Vec<Rule>),
    Object(Fields),
    /// The lines of each block, one block after the other.
    List(Vec<Lines>),
}

/// A block of lines: one target line per source line that passes the filter, or a single one.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Whether the block gives lines at all, by what the enclosing document says.
    pub(crate) when: Option<Condition>,
    /// The source's list; `None` for a single line, which reads the enclosing document itself.
    pub(crate) each: Option<Path>,
    pub(crate) filter: Option<Condition>,
    pub(crate) fields: Fields,
    /// Fields whose repeated values get `-2`, `-3`, ….
    pub(crate) unique: Vec<String>,
    /// Amounts that are rounded so that their sum is.
    pub(crate) remainders: Vec<(String, Remainder)>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) at: Position,
    pub(crate) when: Option<Condition>,
    pub(crate) take: Take,
    /// What is read, as written: for faults.
    pub(crate) source: String,
    pub(crate) strip_emoji: bool,
    pub(crate) conversion: Conversion,
    pub(crate) through: Through,
    pub(crate) absent: Absent,
    /// Whether it reads what was mapped before it.
    pub(crate) reads_target: bool,
    /// How the amounts of its lines are rounded, where they are rounded together.
    pub(crate) remainder: Option<Remainder>,
}

#[derive(Debug)]
pub(crate) enum Take {
    From(Vec<Term>),
    /// Several, each with its fall-backs, that make one code together.
    Parts(Vec<Vec<Term>>),
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
    Lookup(Box<LookedUp>),
    Codes { codes: Vec<(String, Value)>, otherwise: Option<Value> },
}

/// A look-up, and what becomes of its answer.
#[derive(Debug)]
pub(crate) struct LookedUp {
    pub(crate) lookup: Lookup,
    /// Its table's name.
    pub(crate) name: String,
    /// How the answer is written.
    pub(crate) then: Conversion,
}

impl LookedUp {
    /// What is said where the code is not known.
    pub(crate) fn miss(&self, asked: LookupKey) -> Cause {
        Cause::NoEntry(Box::new(Miss { asked, table: self.lookup.table.clone() }))
    }
}

/// What to do where there is nothing to read.
#[derive(Debug, Clone)]
pub(crate) enum Absent {
    Error,
    Omit,
    Default(Value),
}

impl Fields {
    /// What of a mapped object the target is sent.
    pub(crate) fn sent(&self, mut mapped: Map<String, Value>) -> Map<String, Value> {
        for field in self.0.iter().filter(|field| field.holds_back()) {
            match (field.is_sent, &field.content, mapped.get_mut(&field.name)) {
                (false, ..) => {
                    mapped.shift_remove(&field.name);
                }
                (true, Content::Object(inner), Some(Value::Object(object))) => {
                    *object = inner.sent(std::mem::take(object));
                }
                // What one block holds back no other sends.
                (true, Content::List(blocks), Some(Value::Array(lines))) => {
                    for line in lines.iter_mut().filter_map(Value::as_object_mut) {
                        let whole = std::mem::take(line);
                        *line = blocks.iter().fold(whole, |line, block| block.fields.sent(line));
                    }
                }
                _ => {}
            }
        }
        mapped
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.name == name)
    }

    /// Every rule, lists and objects included.
    pub(crate) fn rules<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        for field in &self.0 {
            match &field.content {
                Content::Value(rules) => rules.iter().for_each(&mut *visit),
                Content::Object(fields) => fields.rules(visit),
                Content::List(blocks) => blocks.iter().for_each(|lines| lines.fields.rules(&mut *visit)),
            }
        }
    }
}

impl Field {
    /// Whether the target is sent less than was mapped.
    fn holds_back(&self) -> bool {
        let any = |fields: &Fields| fields.0.iter().any(Self::holds_back);
        !self.is_sent
            || match &self.content {
                Content::Value(_) => false,
                Content::Object(fields) => any(fields),
                Content::List(blocks) => blocks.iter().any(|block| any(&block.fields)),
            }
    }

    pub(crate) fn reads_target(&self) -> bool {
        matches!(&self.content, Content::Value(rules) if rules.iter().any(|rule| rule.reads_target))
    }
}
