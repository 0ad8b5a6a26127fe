//! From a source document to the target's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::conversion::{Conversion, convert, without_emoji};
use crate::expression::{Datum, Failing, Scope, amount, find, first, holds};
use crate::fault::{Cause, Fault};
use crate::group::Brought;
use crate::lookup::{LookupKey, Miss, joined};
use crate::rule::{Absent, Content, Field, Fields, LookedUp, Rule, Take, Through};
use crate::template;
use crate::trace::Trace;

/// What the mapping needs besides the document.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Settings by name.
    pub settings: &'a BTreeMap<String, String>,
    /// What is known of the codes that [`crate::Flow::lookups`] names.
    pub lookups: &'a BTreeMap<LookupKey, String>,
}

/// The target's document.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// Its fields.
    pub body: Value,
    /// The request parameters of the target.
    pub params: Vec<(String, String)>,
    /// The route that it goes over; `None` for the usual one.
    pub route: Option<&'static str>,
    /// The first day whose books are open, where the flow knows it: what lies before it is sent with that day.
    pub open_from: Option<NaiveDate>,
}

/// What a flow makes of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// The target's document.
    Mapped(Mapped),
    /// What it brings into a group.
    Brought(Brought),
    /// Nothing: it is taken out of the group that has an older version of it.
    Withdrawn,
}

/// What a flow makes of a document, or why it makes nothing, with how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// What is made of it, or every fault at once.
    pub made: Result<Made, Vec<Fault>>,
    /// How it came about.
    pub trace: Trace,
}

/// Maps one document. Without a context it only finds out what would be looked up.
pub(crate) struct Mapper<'c> {
    pub(crate) context: Option<&'c Context<'c>>,
    pub(crate) asked: BTreeSet<LookupKey>,
    pub(crate) faults: Vec<Fault>,
    /// Told how each field comes about, where somebody asks.
    pub(crate) trace: Option<Trace>,
    /// Whether lines tell which block of their list they are of.
    pub(crate) marks_blocks: bool,
}

/// Where a field stands in the target, spelled out only for a fault.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) parent: Option<&'a Place<'a>>,
    pub(crate) name: &'a str,
    pub(crate) index: Option<usize>,
}

impl Place<'_> {
    pub(crate) fn spelled(&self) -> String {
        let mut place = self.parent.map(|parent| parent.spelled() + ".").unwrap_or_default();
        place.push_str(self.name);
        if let Some(index) = self.index {
            place.push_str(&format!("[{index}]"));
        }
        place
    }
}

/// The first rule whose condition holds.
fn applying<'a>(rules: &'a [Rule], scope: &Scope<'_>) -> Result<Option<&'a Rule>, Failing> {
    for rule in rules {
        if rule.when.as_ref().map_or(Ok(true), |when| holds(&when.expression, scope))? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}

impl<'c> Mapper<'c> {
    pub(crate) fn new(context: Option<&'c Context<'c>>) -> Self {
        let (asked, faults) = (BTreeSet::new(), Vec::new());
        Self { context, asked, faults, trace: None, marks_blocks: false }
    }

    pub(crate) fn fields(
        &mut self,
        fields: &Fields,
        scope: &Scope<'_>,
        parent: Option<&Place<'_>>,
    ) -> Map<String, Value> {
        let faults_before = self.faults.len();
        let mapped = self.read(fields, scope, parent);
        // What reads a target that has faults would only repeat them.
        if self.faults.len() == faults_before { self.derive(fields, scope, parent, mapped) } else { mapped }
    }

    /// The fields that read the source alone.
    pub(crate) fn read(
        &mut self,
        fields: &Fields,
        scope: &Scope<'_>,
        parent: Option<&Place<'_>>,
    ) -> Map<String, Value> {
        let mut mapped = Map::with_capacity(fields.0.len());
        for field in fields.0.iter().filter(|field| !field.reads_target()) {
            if let Some(value) = self.field(field, scope, parent) {
                mapped.insert(field.name.clone(), value);
            }
        }
        mapped
    }

    /// Adds the fields that read the target object at hand.
    pub(crate) fn derive(
        &mut self,
        fields: &Fields,
        scope: &Scope<'_>,
        parent: Option<&Place<'_>>,
        mut mapped: Map<String, Value>,
    ) -> Map<String, Value> {
        let mut readers = fields.0.iter().filter(|field| field.reads_target()).peekable();
        if readers.peek().is_none() {
            return mapped;
        }
        for field in readers {
            let value = self.field(field, &scope.with_target(&mapped), parent);
            if let Some(value) = value {
                mapped.insert(field.name.clone(), value);
            }
        }
        // In the order of the flow file, whichever was mapped first.
        fields.0.iter().filter_map(|field| mapped.remove_entry(&field.name)).collect()
    }

    pub(crate) fn field(
        &mut self,
        field: &Field,
        scope: &Scope<'_>,
        parent: Option<&Place<'_>>,
    ) -> Option<Value> {
        let place = Place { parent, name: &field.name, index: None };
        match &field.content {
            Content::Value(rules) => {
                let rule = match applying(rules, scope) {
                    Ok(rule) => rule,
                    Err(failing) => {
                        self.unmatched(rules, &place, false);
                        self.failing(&place, failing);
                        return None;
                    }
                };
                let Some(rule) = rule else {
                    self.unmatched(rules, &place, true);
                    if field.required {
                        let conditions: Vec<_> = rules.iter().map(|rule| rule.source.as_str()).collect();
                        self.fault(&place, &conditions.join(", "), None, Cause::Absent);
                    }
                    return None;
                };
                self.traced(|trace| trace.begin(place.spelled(), field.is_sent, rule, scope));
                let value = self.rule(rule, scope, &place);
                self.traced(|trace| trace.end(value.as_ref()));
                value
            }
            Content::Object(fields) => Some(self.fields(fields, scope, Some(&place)))
                .filter(|object| !object.is_empty())
                .map(Value::Object),
            Content::List(blocks) => {
                let lines = self.list(blocks, scope, &place, parent)?;
                if lines.is_empty() && field.required {
                    let lists = blocks.iter().filter_map(|block| Some(block.each.as_ref()?.text.as_str()));
                    self.fault(&place, &lists.collect::<Vec<_>>().join(", "), None, Cause::NoLines);
                }
                Some(lines).filter(|lines| !lines.is_empty()).map(Value::Array)
            }
        }
    }

    fn unmatched(&mut self, rules: &[Rule], place: &Place<'_>, is_known: bool) {
        self.traced(|trace| trace.unmatched(place.spelled(), rules.first().map(|rule| rule.at), is_known));
    }

    /// Tells the trace, where there is one.
    pub(crate) fn traced(&mut self, tell: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &mut self.trace {
            tell(trace);
        }
    }

    fn rule(&mut self, rule: &Rule, scope: &Scope<'_>, place: &Place<'_>) -> Option<Value> {
        let datum = match &rule.take {
            Take::Constant(value) => return Some(value.clone()),
            Take::Copy(path) => return find(path, scope).and_then(|value| copied(value, &rule.conversion)),
            Take::Setting(name) => return self.setting(name, rule, place),
            Take::From(terms) => first(terms, scope).map(|datum| self.converted(rule, &datum, place)),
            Take::Parts(parts) => {
                let parts: Option<Vec<_>> =
                    parts.iter().map(|terms| Some(first(terms, scope)?.text()?.into_owned())).collect();
                parts.map(|parts| self.converted(rule, &Datum::Text(&joined(&parts)), place))
            }
            Take::Text(pieces) => match template::fill(pieces, scope) {
                Ok(text) => Some(self.converted(rule, &Datum::Text(&text), place)),
                Err(_) => None,
            },
            Take::Compute(expression) => match amount(expression, scope) {
                Ok(number) => Some(self.converted(rule, &Datum::Number(number), place)),
                Err(Failing { cause: Cause::Absent, .. }) if !matches!(rule.absent, Absent::Error) => None,
                Err(failing) => {
                    self.failing(place, failing);
                    return None;
                }
            },
        };
        match datum {
            // A fault has been noted.
            Some(Err(())) => None,
            Some(Ok(Some(value))) => Some(value),
            Some(Ok(None)) | None => self.absent(rule, place),
        }
    }

    fn converted(&mut self, rule: &Rule, datum: &Datum<'_>, place: &Place<'_>) -> Result<Option<Value>, ()> {
        let stripped = if rule.strip_emoji { datum.text().map(|text| without_emoji(&text)) } else { None };
        if stripped.as_deref() == Some("") {
            return Ok(None);
        }
        let datum = stripped.as_deref().map_or(*datum, Datum::Text);
        let value = match convert(&rule.conversion, &datum) {
            Ok(Some(value)) => value,
            Ok(None) => return Ok(None),
            Err(Cause::Unsplittable { .. }) if matches!(rule.absent, Absent::Default(_)) => return Ok(None),
            Err(cause) => {
                self.fault(place, &rule.source, Some(&datum.shown()), cause);
                return Err(());
            }
        };
        self.traced(|trace| trace.converted(&value));
        match (&rule.through, value) {
            (Through::Nothing, value) => Ok(Some(value)),
            (Through::Lookup(lookup), Value::String(key)) => self.looked_up(lookup, key, rule, place),
            (Through::Codes { codes, otherwise }, Value::String(code)) => {
                let found = codes.iter().find(|(known, _)| *known == code).map(|(_, value)| value);
                if let Some(found) = found.or(otherwise.as_ref()) {
                    return Ok(Some(found.clone()));
                }
                let known: Vec<_> = codes.iter().map(|(known, _)| known.as_str()).collect();
                self.fault(place, &rule.source, Some(&code), Cause::UnknownCode { known: known.join(", ") });
                Err(())
            }
            // Only a flag is no text, and the loader takes none with a look-up or codes.
            (Through::Lookup(_) | Through::Codes { .. }, value) => Ok(Some(value)),
        }
    }

    fn looked_up(
        &mut self,
        lookup: &LookedUp,
        key: String,
        rule: &Rule,
        place: &Place<'_>,
    ) -> Result<Option<Value>, ()> {
        let bill = lookup.lookup.table.line_of(&key).map(|(bill, _)| bill);
        let asked = LookupKey { table: lookup.name.clone(), key };
        let Some(context) = self.context else {
            self.asked.extend(bill);
            self.asked.insert(asked);
            return Err(());
        };
        if let (Some(bill), Some(table)) = (bill, lookup.lookup.table.bill())
            && !context.lookups.contains_key(&bill)
        {
            // It is not there yet, so that nothing can be told of its lines.
            self.traced(|trace| trace.looked_up(&bill, None));
            let key = bill.key.clone();
            self.fault(
                place,
                &rule.source,
                Some(&key),
                Cause::NoEntry(Box::new(Miss { asked: bill, table })),
            );
            return Err(());
        }
        let found = context.lookups.get(&asked);
        self.traced(|trace| trace.looked_up(&asked, found));
        match found {
            Some(found) => convert(&lookup.then, &Datum::Text(found)).map_err(|cause| {
                let source = format!("{} of {}", lookup.name, asked.key);
                self.fault(place, &source, Some(found), cause);
            }),
            None => {
                let key = asked.key.clone();
                self.fault(place, &rule.source, Some(&key), lookup.miss(asked));
                Err(())
            }
        }
    }

    fn setting(&mut self, name: &str, rule: &Rule, place: &Place<'_>) -> Option<Value> {
        let setting = self.context?.settings.get(name).filter(|value| !value.is_empty());
        self.traced(|trace| trace.read_setting(name, setting));
        match (setting, &rule.absent) {
            (Some(setting), _) => self.converted(rule, &Datum::Text(setting), place).ok().flatten(),
            (None, Absent::Default(value)) => Some(self.defaulted(value)),
            (None, Absent::Omit) => None,
            (None, Absent::Error) => {
                self.fault(place, name, None, Cause::NoSetting { name: name.to_owned() });
                None
            }
        }
    }

    fn absent(&mut self, rule: &Rule, place: &Place<'_>) -> Option<Value> {
        match &rule.absent {
            Absent::Omit => None,
            Absent::Default(value) => Some(self.defaulted(value)),
            Absent::Error => {
                self.fault(place, &rule.source, None, Cause::Absent);
                None
            }
        }
    }

    fn defaulted(&mut self, value: &Value) -> Value {
        self.traced(Trace::defaulted);
        value.clone()
    }

    pub(crate) fn failing(&mut self, place: &Place<'_>, failing: Failing) {
        let Failing { source, value, cause } = failing;
        self.fault(place, &source, value.as_deref(), cause);
    }

    pub(crate) fn fault(&mut self, place: &Place<'_>, source: &str, value: Option<&str>, cause: Cause) {
        let fault = Fault::new(place.spelled(), source, value, cause);
        self.traced(|trace| trace.fault(&fault));
        self.faults.push(fault);
    }
}

/// A field as it stands, as text unless its target takes any value: empty text is carried, so that what was emptied does
/// not keep its old value.
fn copied(value: &Value, conversion: &Conversion) -> Option<Value> {
    match (value, conversion) {
        (Value::Null, _) => None,
        (Value::String(_), _) | (_, Conversion::Value) => Some(value.clone()),
        _ => convert(&Conversion::Json, &Datum::Json(value)).ok().flatten(),
    }
}
