//! Lists of the target: their blocks of lines, and what is done to lines together.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::apply::{Mapper, Place};
use crate::expression::{Datum, Failing, Scope, amount, holds, lines};
use crate::group::BLOCK;
use crate::number;
use crate::remainder::Remainder;
use crate::rule::{Condition, Lines};
use crate::trace::{ConditionTrace, LineTrace};

impl Mapper<'_> {
    pub(crate) fn list(
        &mut self,
        blocks: &[Lines],
        scope: &Scope<'_>,
        place: &Place<'_>,
        parent: Option<&Place<'_>>,
    ) -> Option<Vec<Value>> {
        let mut mapped = Vec::new();
        for (number, block) in blocks.iter().enumerate() {
            let lines = match self.passes(block.when.as_ref(), scope, place) {
                Ok(true) => self.lines(block, scope, place, parent, mapped.len())?,
                Ok(false) => Vec::new(),
                Err(failing) => {
                    self.failing(place, failing);
                    return None;
                }
            };
            mapped.extend(lines.into_iter().map(|mut line| {
                if self.marks_blocks {
                    line.insert(BLOCK.to_owned(), number.into());
                }
                line
            }));
        }
        for name in blocks.iter().flat_map(|block| &block.unique) {
            make_unique(&mut mapped, name);
            self.corrected(&mapped, name, 0, place, parent);
        }
        Some(mapped.into_iter().map(Value::Object).collect())
    }

    /// The lines of one block, of which the first is number `first` of its list.
    fn lines(
        &mut self,
        block: &Lines,
        scope: &Scope<'_>,
        place: &Place<'_>,
        parent: Option<&Place<'_>>,
        first: usize,
    ) -> Option<Vec<Map<String, Value>>> {
        let faults_before = self.faults.len();
        let mut scopes = Vec::new();
        match &block.each {
            None => scopes.push(*scope),
            Some(each) => match lines(each, scope) {
                Ok(sources) => {
                    for (index, source) in sources.into_iter().enumerate() {
                        let line = Scope::line(scope, each, source, index);
                        match self.passes(block.filter.as_ref(), &line, place) {
                            Ok(true) => scopes.push(line),
                            Ok(false) => {}
                            Err(failing) => self.failing(place, failing.at_line(each, index)),
                        }
                    }
                }
                Err(failing) => {
                    self.failing(place, failing);
                    return None;
                }
            },
        }
        let line_place = |index| Place { parent, name: place.name, index: Some(first + index) };
        let mut mapped: Vec<_> = scopes
            .iter()
            .enumerate()
            .map(|(index, line)| self.read(&block.fields, line, Some(&line_place(index))))
            .collect();
        if self.faults.len() == faults_before {
            // A total is the same for all lines, and is asked for where there are none too.
            let no_line = block.each.as_ref().map(|each| Scope::line(scope, each, &Value::Null, 0));
            for (name, remainder) in &block.remainders {
                let line = scopes.first().or(no_line.as_ref());
                self.round_together(&mut mapped, name, remainder, line, place);
                self.corrected(&mapped, name, first, place, parent);
            }
        }
        if self.faults.len() > faults_before {
            return Some(mapped);
        }
        let lines = mapped.into_iter().zip(&scopes).enumerate();
        let derived = lines.map(|(index, (mapped, line))| {
            self.derive(&block.fields, line, Some(&line_place(index)), mapped)
        });
        Some(derived.collect())
    }

    /// Whether a block, or a line, is one that the target gets.
    fn passes(
        &mut self,
        condition: Option<&Condition>,
        scope: &Scope<'_>,
        place: &Place<'_>,
    ) -> Result<bool, Failing> {
        let Some(condition) = condition else { return Ok(true) };
        let passes = holds(&condition.expression, scope)?;
        self.traced(|trace| {
            trace.line(condition, passes, || LineTrace {
                target: place.spelled(),
                line: scope.place(),
                condition: ConditionTrace::of(condition, scope, Some(false)),
            });
        });
        Ok(passes)
    }

    /// Tells the trace what became of a field that was changed when all lines were there, of which the first is number
    /// `first`.
    fn corrected(
        &mut self,
        lines: &[Map<String, Value>],
        name: &str,
        first: usize,
        list: &Place<'_>,
        parent: Option<&Place<'_>>,
    ) {
        self.traced(|trace| {
            for (index, line) in lines.iter().enumerate() {
                let line_place = Place { parent, name: list.name, index: Some(first + index) };
                let place = Place { parent: Some(&line_place), name, index: None };
                if let Some(value) = line.get(name) {
                    trace.corrected(&place.spelled(), value);
                }
            }
        });
    }

    /// Rounds a field of all lines of a block, so that nothing is gained or lost in their sum.
    fn round_together(
        &mut self,
        lines: &mut [Map<String, Value>],
        name: &str,
        remainder: &Remainder,
        line: Option<&Scope<'_>>,
        place: &Place<'_>,
    ) {
        // Without a context there are no values to round.
        let (Some(line), Some(_)) = (line, self.context) else { return };
        let total = match remainder.total.as_ref().map(|total| amount(&total.amount, line)).transpose() {
            Ok(total) => total,
            Err(failing) => return self.failing(place, failing),
        };
        let values = |line: &Map<String, Value>| line.get(name).map(|value| Datum::Json(value).decimal());
        let rounded = lines
            .iter()
            .filter_map(values)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|exact| remainder.rounded(&exact, total));
        let texts = rounded.and_then(|amounts| {
            amounts
                .into_iter()
                .map(|amount| number::write_at(amount, remainder.scale))
                .collect::<Result<Vec<_>, _>>()
        });
        match texts {
            Ok(texts) => {
                let fields = lines.iter_mut().filter_map(|line| line.get_mut(name));
                fields.zip(texts).for_each(|(field, text)| *field = Value::String(text));
            }
            Err(cause) => {
                let source =
                    remainder.total.as_ref().map_or("the sum of the lines", |total| total.source.as_str());
                let field = Place { parent: Some(place), name, index: None };
                self.fault(&field, source, None, cause);
            }
        }
    }
}

/// Repeated values get `-2`, `-3`, … in the order of the lines: the same document always gives the same ones.
fn make_unique(lines: &mut [Map<String, Value>], name: &str) {
    let mut taken = HashSet::new();
    let mut repeats: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let Some(Value::String(text)) = line.get_mut(name) else { continue };
        if taken.contains(text.as_str()) {
            let original = text.clone();
            let count = repeats.entry(original.clone()).or_insert(1);
            while taken.contains(text.as_str()) {
                *count += 1;
                *text = format!("{original}-{count}");
            }
        }
        taken.insert(text.clone());
    }
}
