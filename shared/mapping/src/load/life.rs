//! `then`, `changes`, `when_cancelled`, `closed_period` and `open_from` of `[target]`, `cancelled_when` of `[source]` and
//! `withdrawn` of `[split]`: the life of a bill, checked against what its row says that the target can do.

use relay_connector::{Catalog, Document, Kind, Repeat, Step};
use relay_core::life::Change;

use super::fitting;
use super::reach::{self, Level};
use super::report::{Report, Written};
use super::rule::{self, Wanted};
use super::table::Table;
use crate::life::Life;
use crate::rule::{Condition, Content, Field, Fields, Rule, Take, Through};

pub(super) const KEYS: [&str; 5] = ["then", "changes", "when_cancelled", "closed_period", "open_from"];

/// The steps that a flow may name after the saving.
const FORWARD: [Step; 2] = [Step::Submit, Step::Audit];
const CHANGES: [&str; 4] = ["refuse", "edit", "reopen", "offset"];
const CANCELS: [&str; 4] = ["refuse", "delete", "unaudit+delete", "offset"];
const WITHDRAWN: [&str; 4] = ["fail", "delete", "unaudit+delete", "offset"];
const CLOSED: [&str; 2] = ["refuse", "next_open_day"];

/// What a flow's checks need to know of it.
pub(super) struct Loader<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) document: &'static Document,
    pub(super) is_group: bool,
}

impl Loader<'_> {
    pub(super) fn life(
        &self,
        source: Option<&Table<'_>>,
        target: &Table<'_>,
        split: Option<&Table<'_>>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Life {
        if self.is_group {
            self.refuse_of_groups(target, report);
        }
        let moves_date = self.closed_period(target, report);
        Life {
            then: self.then(target, report),
            changes: self.changes(target, report),
            cancelled_when: self.cancelled_when(source, target, level, report),
            when_cancelled: self.when_cancelled(source, target, report),
            when_withdrawn: split.and_then(|split| self.when_withdrawn(split, report)),
            moves_date,
            open_from: self.open_from(target, moves_date, level, report),
        }
    }

    /// A group's bill is what was sealed: what changes or is withdrawn makes another bill.
    fn refuse_of_groups(&self, target: &Table<'_>, report: &mut Report<'_>) {
        for (key, instead) in [("changes", "difference"), ("when_cancelled", "withdrawn_when")] {
            if let Some(entry) = target.get(key) {
                let message = format!("the bill of a group never changes: `{key}` has no meaning there");
                let help = format!("what changes makes another bill: `{instead}` in [group]");
                report.mistake(entry.key_span, message, Some(help));
            }
        }
    }

    fn then(&self, target: &Table<'_>, report: &mut Report<'_>) -> Vec<Step> {
        let Some(entry) = target.get("then") else { return Vec::new() };
        let mut steps = Vec::new();
        for written in entry.texts(report).unwrap_or_default() {
            let Some(step) = FORWARD.into_iter().find(|step| step.name() == written.text) else {
                let message = format!("`{}` is no step that follows upon saving", written.text);
                report.unknown(written.span, message, written.text, &FORWARD.map(Step::name));
                continue;
            };
            if !self.document.steps().contains(&step) {
                self.lacks(&written, &format!("the step `{}`", step.name()), report, |document| {
                    document.steps().contains(&step)
                });
            } else if steps.iter().any(|taken: &Step| rank(*taken) >= rank(step)) {
                let message = format!("`{}` comes before the step that is named before it", step.name());
                report.mistake(written.span, message, None);
            } else {
                steps.push(step);
            }
        }
        steps
    }

    fn changes(&self, target: &Table<'_>, report: &mut Report<'_>) -> Option<Change> {
        let written = target.text("changes", report)?;
        let change = match written.text {
            "refuse" => Change::Refuse,
            "edit" => Change::WhileOpen,
            "reopen" => Change::Reopen,
            "offset" => Change::Offset,
            text => {
                let message = format!("a newer version does not do `{text}`");
                report.unknown(written.span, message, text, &CHANGES);
                return None;
            }
        };
        if matches!(change, Change::WhileOpen | Change::Reopen) && !can_be_changed(self.document) {
            self.lacks(&written, "a way to change what is there", report, can_be_changed);
        }
        self.check_way(change, &written, report);
        Some(change)
    }

    fn when_cancelled(
        &self,
        source: Option<&Table<'_>>,
        target: &Table<'_>,
        report: &mut Report<'_>,
    ) -> Option<Change> {
        let written = target.text("when_cancelled", report)?;
        if source.is_some_and(|source| source.get("cancelled_when").is_none()) && !self.is_group {
            let message = "`when_cancelled` needs to know which documents are cancelled";
            let help = "cancelled_when = \"status = 5\" in [source]".to_owned();
            report.mistake(written.span.clone(), message, Some(help));
        }
        self.undoing(&written, &CANCELS, "a cancelled document", report)
    }

    /// What becomes of a part that a newer version has no lines for; `None`: a person is asked.
    fn when_withdrawn(&self, split: &Table<'_>, report: &mut Report<'_>) -> Option<Change> {
        let written = split.text("withdrawn", report)?;
        let change = self.undoing(&written, &WITHDRAWN, "a part that is withdrawn", report)?;
        if change == Change::Refuse {
            return None;
        }
        if self.is_group {
            let message = "a part that is withdrawn leaves its group: `withdrawn` has no meaning there";
            let help = "what changes makes another bill: `difference` in [group]".to_owned();
            report.mistake(written.span, message, Some(help));
        }
        Some(change)
    }

    /// How a bill is undone; of these words the first leaves it to a person.
    fn undoing(
        &self,
        written: &Written<'_>,
        words: &[&str; 4],
        whose: &str,
        report: &mut Report<'_>,
    ) -> Option<Change> {
        const CHANGES: [Change; 4] = [Change::Refuse, Change::WhileOpen, Change::Reopen, Change::Offset];
        let Some(change) = words.iter().zip(CHANGES).find(|(word, _)| **word == written.text) else {
            let message = format!("{whose} does not do `{}`", written.text);
            report.unknown(written.span.clone(), message, written.text, words);
            return None;
        };
        let change = change.1;
        if matches!(change, Change::WhileOpen | Change::Reopen) {
            self.check_step(Step::Delete, written, report);
        }
        self.check_way(change, written, report);
        Some(change)
    }

    /// What both words need.
    fn check_way(&self, change: Change, written: &Written<'_>, report: &mut Report<'_>) {
        match change {
            Change::Reopen => self.check_step(Step::Unaudit, written, report),
            Change::Offset if !can_be_offset(self.document) => {
                let what = "a bill of its own kind that takes it back";
                self.lacks(written, what, report, can_be_offset);
            }
            _ => {}
        }
    }

    fn check_step(&self, step: Step, written: &Written<'_>, report: &mut Report<'_>) {
        if !self.document.steps().contains(&step) {
            self.lacks(written, &format!("the step `{}`", step.name()), report, |document| {
                document.steps().contains(&step)
            });
        }
    }

    fn cancelled_when(
        &self,
        source: Option<&Table<'_>>,
        target: &Table<'_>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Option<Condition> {
        let written = source?.text("cancelled_when", report)?;
        if self.is_group {
            let help = "`withdrawn_when` in [group]".to_owned();
            report.mistake(written.span, "a cancelled member leaves its group", Some(help));
            return None;
        }
        if target.get("when_cancelled").is_none() {
            let message = "`cancelled_when` needs a word on what becomes of the bill";
            let help = format!("when_cancelled in [target]: `{}`", CANCELS.join("`, `"));
            report.mistake(written.span.clone(), message, Some(help));
        }
        let condition = report.condition(&written)?;
        reach::expression(&condition.expression, &written, level, report);
        fitting::expression(&condition.expression, &written, level, report);
        Some(condition)
    }

    fn closed_period(&self, target: &Table<'_>, report: &mut Report<'_>) -> bool {
        let Some(written) = target.text("closed_period", report) else { return false };
        let is_dated = |document: &Document| document.push.is_some_and(|push| push.dated.is_some());
        match written.text {
            "refuse" => false,
            "next_open_day" => {
                if !is_dated(self.document) {
                    self.lacks(&written, "a date and a remark that are known", report, is_dated);
                }
                true
            }
            text => {
                let message = format!("what lies in a closed period does not do `{text}`");
                report.unknown(written.span, message, text, &CLOSED);
                false
            }
        }
    }

    /// The first open day, as the rule of a field: a setting, or a row of a table.
    fn open_from(
        &self,
        target: &Table<'_>,
        moves_date: bool,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Fields {
        let Some(entry) = target.get("open_from") else { return Fields::default() };
        if !moves_date {
            let help = Some("closed_period = \"next_open_day\"".to_owned());
            report.mistake(entry.key_span.clone(), "`open_from` belongs to `closed_period`", help);
        }
        let wanted = Wanted { kind: Some(Kind::Date), required: true, field: None };
        let rules = rule::rules(&entry, wanted, self.catalog, level, report).unwrap_or_default();
        let is_plain = |rule: &Rule| {
            matches!(rule.take, Take::Setting(_) | Take::Constant(_))
                && matches!(rule.through, Through::Nothing)
        };
        if self.is_group && !rules.iter().all(is_plain) {
            let message = "the first open day of a group's bill is a setting, or what the target says when it refuses one";
            let help = "open_from = { setting = \"BOOKS_OPEN_FROM\" }, or none".to_owned();
            report.mistake(entry.span, message, Some(help));
        }
        let content = Content::Value(rules);
        Fields(vec![Field { name: "open_from".to_owned(), required: true, is_sent: false, content }])
    }

    /// Reports what the target cannot do, and where it could.
    fn lacks(
        &self,
        written: &Written<'_>,
        what: &str,
        report: &mut Report<'_>,
        has: impl Fn(&Document) -> bool,
    ) {
        let name = self.document.name;
        let here = self.catalog.known_by(name).map(|setting| format!(" with {setting}")).unwrap_or_default();
        let steps: Vec<_> = self.document.steps().iter().map(|step| step.name()).collect();
        let message = format!(
            "`{name}` does not have {what}{here}; the steps in its life are `{}`",
            steps.join("`, `")
        );
        let by_hand = "leave it out, and do it by hand there";
        let is_undone = written.text.contains(Step::Delete.name()) && can_be_offset(self.document);
        let by_hand = if is_undone {
            format!("`offset` takes the bill back with another; or {by_hand}")
        } else {
            by_hand.to_owned()
        };
        let help = match self.catalog.elsewhere_where(name, has) {
            Some(setting) => format!("it has with {setting}; or {by_hand}"),
            None => by_hand,
        };
        report.mistake(written.span.clone(), message, Some(help));
    }
}

fn rank(step: Step) -> usize {
    FORWARD.iter().position(|known| *known == step).unwrap_or_default()
}

fn can_be_changed(document: &Document) -> bool {
    document.push.is_some_and(|push| push.is_changed_by_id || push.repeat == Repeat::Replaces)
}

fn can_be_offset(document: &Document) -> bool {
    document.push.is_some_and(|push| !push.signed.is_empty() && push.number.is_some())
}
