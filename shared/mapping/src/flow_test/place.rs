//! Places of a target's document, as tests name them: by the names of either of its vendor's interfaces. One at which nothing
//! can ever stand is a mistake where nothing is expected there, for it would be absent whatever the flow does.

use relay_connector::{Document, Field, Kind};

use crate::flow::Flow;
use crate::load::fields::sent_as;
use crate::load::report::{Report, Written};
use crate::rule::{Content, Fields};

/// The place by the names under which the target is sent its fields: `material_entity[0].tax_price` for `….taxprice`.
pub(super) fn sent(place: &str, target: &Document) -> String {
    let mut known = target.fields();
    let steps = place.split('.').map(|step| {
        let (name, index) = step.split_at(step.find('[').unwrap_or(step.len()));
        // `[1]`: of a document that is split, the second that is sent.
        if name.is_empty() {
            return step.to_owned();
        }
        let name = sent_as(target, known, name);
        known = within(known, name);
        format!("{name}{index}")
    });
    steps.collect::<Vec<_>>().join(".")
}

/// What is known of the fields of a field.
pub(super) fn within(known: &'static [Field], name: &str) -> &'static [Field] {
    match known.iter().find(|field| field.name == name).map(|field| field.kind) {
        Some(Kind::Object(inner) | Kind::List(inner)) => inner,
        _ => &[],
    }
}

/// Reports a place, such as `material_entity[0].cess`, for which neither the flow has a rule nor the target a field.
pub(super) fn check(written: &Written<'_>, flow: &Flow, report: &mut Report<'_>) {
    let target = flow.target.document;
    let mut level = Level { rules: vec![&flow.fields], known: target.fields() };
    for step in sent(written.text, target).split('.') {
        let name = step.split_once('[').map_or(step, |(name, _)| name);
        if name.is_empty() && flow.split().is_some() {
            continue;
        }
        match level.at(name) {
            Found::Level(next) => level = next,
            Found::Open => return,
            Found::Nothing => {
                let message =
                    format!("neither the flow has a rule for `{name}` nor the target a field of this name");
                return report.unknown(written.span.clone(), message, name, &level.names());
            }
        }
    }
}

/// What may stand at a place: what the flow's rules make, and what the target's document has.
struct Level<'f> {
    rules: Vec<&'f Fields>,
    known: &'static [Field],
}

enum Found<'f> {
    Level(Level<'f>),
    /// A value of which nobody knows the fields.
    Open,
    Nothing,
}

impl<'f> Level<'f> {
    fn at(&self, name: &str) -> Found<'f> {
        let ruled: Vec<_> = self.rules.iter().filter_map(|fields| fields.get(name)).collect();
        let field = self.known.iter().find(|field| field.name == name);
        if ruled.is_empty() && field.is_none() {
            return Found::Nothing;
        }
        let rules = ruled.iter().flat_map(|field| match &field.content {
            Content::Value(_) => Vec::new(),
            Content::Object(fields) => vec![fields],
            Content::List(blocks) => blocks.iter().map(|block| &block.fields).collect(),
        });
        let rules: Vec<_> = rules.collect();
        let known = within(self.known, name);
        let is_any = field.is_some_and(|field| field.kind == Kind::Any) || !ruled.is_empty();
        match rules.is_empty() && known.is_empty() && is_any {
            // A list or an object that is copied as it stands.
            true => Found::Open,
            false => Found::Level(Self { rules, known }),
        }
    }

    fn names(&self) -> Vec<&'f str> {
        let ruled = self.rules.iter().flat_map(|fields| &fields.0).map(|field| field.name.as_str());
        let mut names: Vec<_> = ruled.chain(self.known.iter().map(|field| field.name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
