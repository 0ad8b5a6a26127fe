//! `[group]`: many documents that become one bill together.
//!
//! What a document brings ([`Flow::contribution`]) is mapped as ever, but for the fields that read `target`: those are
//! worked out of the sums, when the bill is made ([`Flow::bill`]).

use chrono::{DateTime, NaiveDate, Utc};
use relay_connector::Document;
use relay_core::groups::{Bill, Close, Contribution, Difference, Rules};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::apply::{Context, Mapped, Mapper, Place};
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Failing, Scope, Term, first, holds, written};
use crate::fault::{Cause, Fault};
use crate::flow::Flow;
use crate::lookup::joined;
use crate::params::resolve;
use crate::rule::{Content, Fields, Lines};
use crate::time;
use crate::trace::Trace;

/// The field of a contribution's line that tells its block, because each block derives its fields in its own way. No
/// target has a field of this name.
pub(crate) const BLOCK: &str = "#";

/// What the numbers of bills end with that take back.
const TAKES_BACK: &str = "-R";

/// Amounts of so many decimals, and digits before them, are summed: what a million of them come to has no more than 28.
const DECIMALS: u32 = 10;
const DIGITS: u32 = 12;

/// How a flow's documents become bills together.
#[derive(Debug)]
pub struct Group {
    pub(crate) by: Vec<Part>,
    /// The list of the target whose lines are summed.
    pub(crate) list: String,
    pub(crate) rules: Rules,
    pub(crate) close: Close,
    pub(crate) withdrawn_when: Option<Expression>,
    /// What lines become that take back what was billed.
    pub(crate) returns: Option<&'static Document>,
    /// What the numbers of its bills begin with.
    pub(crate) prefix: String,
    /// `by`, as the flow file has it.
    pub(crate) written: Vec<String>,
    /// What is to be said where another flow numbers bills of the same kind alike.
    pub(crate) alike: Diagnostic,
}

/// One of the values that members have in common.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) terms: Vec<Term>,
    /// Of a time, its day in China.
    pub(crate) is_day: bool,
}

impl Group {
    /// How lines are summed, and what becomes of differences.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// When its groups are closed.
    #[must_use]
    pub fn close(&self) -> Close {
        self.close
    }

    /// The day of a group, where it has one.
    #[must_use]
    pub fn day(&self, group: &str) -> Option<NaiveDate> {
        let place = self.by.iter().position(|part| part.is_day)?;
        group.split('/').nth(place)?.parse().ok()
    }

    /// What lines become that take back what was billed, where that is a document of another kind.
    #[must_use]
    pub fn returns(&self) -> Option<&'static Document> {
        self.returns
    }

    /// The bills that it makes of that target: which document, and how its number ends.
    fn makes(&self, target: &'static Document) -> [(&'static str, &'static str); 2] {
        let back = match self.rules.difference {
            Difference::Supplement => "",
            Difference::Red | Difference::Return => TAKES_BACK,
        };
        [(target.name, ""), (self.returns.unwrap_or(target).name, back)]
    }

    fn name(&self, document: &Value) -> Result<String, Fault> {
        let scope = Scope::document(document);
        let parts: Result<Vec<_>, _> = self.by.iter().map(|part| part.read(&scope)).collect();
        Ok(joined(&parts?))
    }
}

impl Group {
    /// The amounts of which a sum would not be exact. Their document fails by itself, and holds no other of its group up.
    fn not_summed(&self, lines: &[Map<String, Value>]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            for name in &self.rules.sums {
                let text = match line.get(name) {
                    None | Some(Value::Null) => continue,
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                let amount = Decimal::from_str_exact(&text).map(|amount| amount.normalize());
                let is_summed = |amount: Decimal| {
                    amount.scale() <= DECIMALS && amount.abs() < Decimal::from(10_u64.pow(DIGITS))
                };
                if !amount.is_ok_and(is_summed) {
                    let cause = Cause::NotSummed { decimals: DECIMALS, digits: DIGITS };
                    faults.push(Fault::new(
                        format!("{}[{index}].{name}", self.list),
                        name,
                        Some(&text),
                        cause,
                    ));
                }
            }
        }
        faults
    }
}

impl Part {
    fn read(&self, scope: &Scope<'_>) -> Result<String, Fault> {
        let datum = first(&self.terms, scope);
        let fault = |cause| {
            let value = datum.as_ref().map(|datum| datum.shown().into_owned());
            Fault::new("group".to_owned(), &written(&self.terms), value.as_deref(), cause)
        };
        let text = match &datum {
            None => return Err(fault(Cause::Absent)),
            Some(datum) => datum.text().ok_or_else(|| {
                fault(Cause::Unreadable { expected: "one value (it is a list or an object)" })
            })?,
        };
        if !self.is_day {
            return Ok(text.into_owned());
        }
        let read = time::read(&text, &[], time::china());
        let time =
            read.ok_or_else(|| fault(Cause::Unreadable { expected: "a time such as 2016-12-01 00:00:00" }))?;
        Ok(time.with_timezone(&time::china()).date_naive().to_string())
    }
}

/// What a document brings into its group: the fields of the bill's head, and lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// The group, such as `S1/W1/2026-11-29`.
    pub group: String,
    /// The fields of the head.
    pub head: Map<String, Value>,
    /// The lines.
    pub lines: Vec<Map<String, Value>>,
}

impl Brought {
    /// What the group stores of it.
    #[must_use]
    pub fn contribution(self, key: &str, version: Option<&str>, received_at: DateTime<Utc>) -> Contribution {
        let (key, version) = (key.to_owned(), version.map(str::to_owned));
        Contribution { key, version, received_at, head: self.head, lines: self.lines, is_withdrawn: false }
    }
}

impl Flow {
    /// How its documents become bills together, where they do.
    #[must_use]
    pub fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// What is to be said of its groups where bills of another flow's have the same numbers: the target would be asked for the one
    /// and answer with the other.
    #[must_use]
    pub fn numbers_bills_as(&self, other: &Self) -> Option<&Diagnostic> {
        let (group, others) = (self.group.as_ref()?, other.group.as_ref()?);
        let (made, theirs) = (group.makes(self.target.document), others.makes(other.target.document));
        let is_alike = group.prefix == others.prefix
            && group.written == others.written
            && self.target.params == other.target.params
            && made.iter().any(|made| theirs.contains(made));
        is_alike.then_some(&group.alike)
    }

    /// Whether the document is withdrawn from its group: `withdrawn_when`.
    ///
    /// # Errors
    /// When that cannot be evaluated.
    pub fn withdraws(&self, document: &Value) -> Result<bool, Fault> {
        let condition = self.group.as_ref().and_then(|group| group.withdrawn_when.as_ref());
        let Some(condition) = condition else { return Ok(false) };
        holds(condition, &Scope::document(document)).map_err(|Failing { source, value, cause }| {
            Fault::new("withdrawn_when".to_owned(), &source, value.as_deref(), cause)
        })
    }

    /// What a document brings into its group.
    ///
    /// # Errors
    /// Every fault of the document at once; what its checks find too, and a value of the group that it lacks.
    pub fn contribution(&self, document: &Value, context: &Context<'_>) -> Result<Brought, Vec<Fault>> {
        match &self.group {
            Some(group) => self.brought(group, document, context, None).0,
            None => Err(vec![not_a_bill("the flow has no groups any more")]),
        }
    }

    /// The same, with how it came about where somebody asks.
    pub(crate) fn brought(
        &self,
        group: &Group,
        document: &Value,
        context: &Context<'_>,
        trace: Option<Trace>,
    ) -> (Result<Brought, Vec<Fault>>, Option<Trace>) {
        let mut mapper = Mapper::new(Some(context));
        (mapper.marks_blocks, mapper.trace) = (true, trace);
        let head = self.whole(&mut mapper, document);
        let brought = match group.name(document) {
            Ok(name) if mapper.faults.is_empty() => {
                let brought = self.without_derived(group, name, head);
                let faults = group.not_summed(&brought.lines);
                if faults.is_empty() { Ok(brought) } else { Err(faults) }
            }
            Ok(_) => Err(mapper.faults),
            Err(fault) => Err(mapper.faults.into_iter().chain([fault]).collect()),
        };
        (brought, mapper.trace)
    }

    /// What is mapped, but for what is worked out of the sums.
    fn without_derived(&self, group: &Group, name: String, mut head: Map<String, Value>) -> Brought {
        let lines = head.shift_remove(&group.list);
        self.fields.forget_derived(&mut head);
        let blocks = self.blocks(group);
        let line = |line| match line {
            Value::Object(mut line) => {
                let block =
                    line.get(BLOCK).and_then(Value::as_u64).and_then(|block| usize::try_from(block).ok());
                if let Some(block) = block.and_then(|block| blocks.get(block)) {
                    block.fields.forget_derived(&mut line);
                }
                Some(line)
            }
            _ => None,
        };
        let lines = lines.and_then(|lines| match lines {
            Value::Array(lines) => Some(lines.into_iter().filter_map(line).collect()),
            _ => None,
        });
        Brought { group: name, head, lines: lines.unwrap_or_default() }
    }

    /// What a document brings as people read it: a document of the target, with its lines in their list.
    #[must_use]
    pub fn brought_as_document(&self, brought: &Brought) -> Value {
        let mut document = brought.head.clone();
        if let Some(group) = &self.group {
            let line = |line: &Map<String, Value>| {
                let mut line = line.clone();
                line.shift_remove(BLOCK);
                Value::Object(line)
            };
            document.insert(group.list.clone(), brought.lines.iter().map(line).collect());
        }
        Value::Object(document)
    }

    /// A bill in its target's form, and the document that it is there.
    ///
    /// # Errors
    /// Every fault at once, such as a price that cannot be worked out of its sums.
    pub fn bill(
        &self,
        bill: &Value,
        context: &Context<'_>,
    ) -> Result<(&'static Document, Mapped), Vec<Fault>> {
        let unreadable = |reason: &str| vec![not_a_bill(reason)];
        let group = self.group.as_ref().ok_or_else(|| unreadable("the flow has no groups any more"))?;
        let Bill { name, is_return, mut head, lines } =
            serde_json::from_value(bill.clone()).map_err(|error| unreadable(&error.to_string()))?;
        let document = group.returns.filter(|_| is_return).unwrap_or(self.target.document);
        let mut mapper = Mapper::new(Some(context));
        let (source, blocks) = (Value::Null, self.blocks(group));
        let scope = Scope::document(&source);
        let mut derived = Vec::with_capacity(lines.len());
        for (index, mut line) in lines.into_iter().enumerate() {
            let block = line.shift_remove(BLOCK).and_then(|block| block.as_u64()).unwrap_or_default();
            let place = Place { parent: None, name: &group.list, index: Some(index) };
            let block = usize::try_from(block).ok().and_then(|block| blocks.get(block));
            let block =
                block.ok_or_else(|| unreadable("a line of a block that the flow does not have any more"))?;
            derived.push(Value::Object(mapper.derive(&block.fields, &scope, Some(&place), line)));
        }
        head.insert(group.list.clone(), Value::Array(derived));
        let mut body = mapper.derive(&self.fields, &scope, None, head);
        if !mapper.faults.is_empty() {
            return Err(mapper.faults);
        }
        let mut body = self.fields.sent(self.fields.in_order(&mut body));
        if let Some(number) = document.number() {
            body.insert(number.to_owned(), Value::String(format!("{}{name}", group.prefix)));
        }
        let params = resolve(&self.target.params, context.settings).map_err(|fault| vec![fault])?;
        let open_from = self.open_from(&source, context)?;
        Ok((document, Mapped { body: Value::Object(body), params, route: self.target.route, open_from }))
    }

    fn blocks(&self, group: &Group) -> &[Lines] {
        match self.fields.get(&group.list).map(|field| &field.content) {
            Some(Content::List(blocks)) => blocks,
            _ => &[],
        }
    }
}

fn not_a_bill(reason: &str) -> Fault {
    let cause = Cause::Unreadable { expected: "a bill of this flow's groups" };
    Fault::new("group".to_owned(), "bill", Some(reason), cause)
}

impl Fields {
    /// Takes out what reads the target: it is worked out anew.
    fn forget_derived(&self, mapped: &mut Map<String, Value>) {
        for field in self.0.iter().filter(|field| field.reads_target()) {
            mapped.shift_remove(&field.name);
        }
    }

    /// In the order of the flow file.
    fn in_order(&self, mapped: &mut Map<String, Value>) -> Map<String, Value> {
        self.0.iter().filter_map(|field| mapped.shift_remove_entry(&field.name)).collect()
    }
}
