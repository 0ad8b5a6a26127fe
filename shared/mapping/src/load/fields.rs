//! `[fields]`: one target object with its rules, nested objects and lists.

use relay_connector::{ANY_FIELDS, Catalog, Document, Field, Kind, Need, field};
use toml_edit::Item;

use super::lines::LIST_WORDS;
use super::meant::{is_composed, stands_for};
use super::reach::{self, Level};
use super::report::Report;
use super::rule::{self, Wanted};
use super::table::{Entry, Table};
use crate::diagnostic::Severity;
use crate::expression::{self, Path, Root, Step};
use crate::rule::{Content, Fields, Take};

/// Keys of a table of fields that are no fields.
const WORDS: [&str; 3] = ["each", "where", "copy"];

pub(super) struct Loader<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) target: &'static Document,
    /// Whether the documents become bills together, whose numbers are their groups'.
    pub(super) is_group: bool,
}

impl Loader<'_> {
    /// The rules of the whole document.
    pub(super) fn document(&self, table: &Table<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Fields {
        self.fields(table, &WORDS, Some(self.target.fields()), level, report)
    }

    /// The rules of one object. `known`: its fields, or `None` where they are the tenant's own.
    pub(super) fn fields(
        &self,
        table: &Table<'_>,
        words: &[&str],
        known: Option<&'static [Field]>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Fields {
        // What is not sent no list of the vendor's fields knows; `check_order` sees to it that it has a rule.
        let of_target = known.filter(|_| table.entries().all(|entry| is_sent(&entry)));
        let level = level.for_target(of_target, self.target.is_open());
        let mut fields = Fields::default();
        for entry in table.entries().filter(|entry| !words.contains(&entry.key)) {
            let is_the_authors_own = is_the_authors_own(&entry, report);
            let is_sent = is_sent(&entry);
            let known = known.filter(|_| is_sent);
            self.refuse_number(&entry, known, report);
            let Some(wanted) = self.wanted(&entry, table, known, is_the_authors_own, report) else {
                continue;
            };
            let name = wanted.name(entry.key);
            if name != entry.key && table.get(name).is_some() {
                let message =
                    format!("`{}` is what the target calls `{name}`, which has a rule already", entry.key);
                report.mistake(entry.key_span, message, Some(format!("remove `{}`", entry.key)));
                continue;
            }
            let required = wanted.required;
            let content = match wanted.kind {
                Some(Kind::Object(inner)) => self.object(&entry, Some(inner), &level, report),
                Some(Kind::Map) => self.object(&entry, None, &level, report),
                Some(Kind::MapOfLists) => self.lists(&entry, &level, report),
                Some(Kind::List(inner)) => self.list(&entry, Some(inner), &level, report),
                Some(Kind::Any) => self.any(&entry, wanted, &level, report),
                None if is_composed(entry.item) => self.any(&entry, wanted, &level, report),
                _ => rule::rules(&entry, wanted, self.catalog, &level, report).map(Content::Value),
            };
            if let Some(content) = content {
                fields.0.push(crate::rule::Field { name: name.to_owned(), required, is_sent, content });
            }
        }
        if words != LIST_WORDS {
            refuse_words_of_lines(table, report);
        }
        if let Some(entry) = table.get("copy") {
            self.copies(&entry, table, known, &level, &mut fields, report);
        }
        let copied = |name: &str| fields.0.iter().any(|field| field.name == name);
        let all = known.unwrap_or_default();
        // One that stands there misspelt has been told.
        let unknown = table.entries().filter(|entry| {
            !is_the_authors_own(entry, report) && self.target.meant(all, entry.key).is_none()
        });
        let meant: Vec<_> = unknown.filter_map(|entry| stands_for(&entry, all)).collect();
        let is_missing = |field: &&Field| {
            !self.has(table, all, field) && !copied(field.name) && !meant.contains(&field.name)
        };
        for missing in all.iter().filter(is_missing) {
            self.missing(missing, known, table, report);
        }
        check_order(table, &fields, report);
        fields
    }

    /// Reports a field that the target requires, and warns of one that all examples send.
    fn missing(
        &self,
        field: &Field,
        known: Option<&'static [Field]>,
        table: &Table<'_>,
        report: &mut Report<'_>,
    ) {
        if self.is_group && self.is_number(field, known) {
            return;
        }
        let Field { name, title, need, .. } = field;
        let (severity, mut message) = match need {
            Need::Optional => return,
            Need::Expected => (
                Severity::Warning,
                format!(
                    "all known examples send `{name}` ({title}), and it has no rule here: the target may refuse what lacks it"
                ),
            ),
            Need::Required => {
                (Severity::Error, format!("the target requires `{name}` ({title}): it has no rule here"))
            }
        };
        if self.is_number(field, known) {
            message.push_str(", and without this number a repeated push makes a second document");
        }
        let help = match field.kind {
            Kind::List(_) => format!("write a table [….{name}] with `each = \"the source's list\"`"),
            _ => format!("{name} = \"…\""),
        };
        report.say_missing(severity, table.span.clone(), message, Some(help));
    }

    /// Reports a rule for the number of a bill, which is its group's.
    fn refuse_number(&self, entry: &Entry<'_>, known: Option<&'static [Field]>, report: &mut Report<'_>) {
        let number = known.and_then(|known| self.target.meant(known, entry.key));
        if self.is_group && number.is_some_and(|number| self.is_number(number, known)) {
            let message = format!(
                "`{}` is the bill's number, which is its group's with the number of its seal",
                entry.key
            );
            let help = "remove the rule; what the numbers begin with is `prefix` in [group]".to_owned();
            report.mistake(entry.key_span.clone(), message, Some(help));
        }
    }

    /// Whether the field, one of `known`, holds our number of the document.
    fn is_number(&self, field: &Field, known: Option<&'static [Field]>) -> bool {
        let is_top = known.is_some_and(|known| std::ptr::eq(known, self.target.fields()));
        is_top && self.target.number() == Some(field.name)
    }

    /// Whether a rule of the table is for that field, by either of its names.
    fn has(&self, table: &Table<'_>, known: &'static [Field], field: &Field) -> bool {
        let is_it = |entry: Entry<'_>| {
            self.target.meant(known, entry.key).is_some_and(|meant| meant.name == field.name)
        };
        table.entries().any(is_it)
    }

    /// What the target says about a field of a table; reports one that it does not have, or is not known to have. A target
    /// takes what it does not know without a word, and leaves it out: so it is a mistake where all but its name says that it
    /// is one that the target requires.
    fn wanted(
        &self,
        entry: &Entry<'_>,
        table: &Table<'_>,
        known: Option<&'static [Field]>,
        is_the_authors_own: bool,
        report: &mut Report<'_>,
    ) -> Option<Wanted> {
        let Some(known) = known else { return Some(Wanted::UNKNOWN) };
        if let Some(field) = self.target.meant(known, entry.key) {
            return Some(Wanted::by(field));
        }
        if is_the_authors_own {
            return Some(Wanted::UNKNOWN);
        }
        let meant = stands_for(entry, known).and_then(|name| known.iter().find(|field| field.name == name));
        let meant = meant.filter(|field| !self.has(table, known, field));
        let is_needed = meant.is_some_and(Field::is_required);
        let severity = if self.target.is_open() && !is_needed { Severity::Warning } else { Severity::Error };
        let message = format!("the target has no known field `{}` here", entry.key);
        report.say(severity, entry.key_span.clone(), message, Some(self.way_out(entry, known)));
        let holds_fields = |field: &&Field| matches!(field.kind, Kind::List(_) | Kind::Object(_));
        match meant.filter(holds_fields) {
            // What stands in it is looked at as that of the field that is meant.
            Some(field) if is_composed(entry.item) => Some(Wanted { required: false, ..Wanted::by(field) }),
            _ => self.target.is_open().then_some(Wanted::UNKNOWN),
        }
    }

    /// The name under which a field is sent that a flow has written so.
    pub(super) fn sent_as<'n>(&self, known: Option<&'static [Field]>, written: &'n str) -> &'n str {
        sent_as(self.target, known.unwrap_or_default(), written)
    }

    fn way_out(&self, entry: &Entry<'_>, known: &'static [Field]) -> String {
        let unknown = entry.key;
        let way_out = format!("A field that it has all the same is written in quotes: '{unknown}' = …");
        if let Some(place) = self.other_level(unknown, known) {
            return format!("{place}. {way_out}");
        }
        match (self.catalog.elsewhere(self.target.name, Some(unknown)), stands_for(entry, known)) {
            (Some(setting), _) => format!("it has one with {setting}. {way_out}"),
            (None, Some(meant)) => format!("did you mean `{meant}`? {way_out}"),
            (None, None) => way_out,
        }
    }

    /// Where the target has that field, if it is not here.
    fn other_level(&self, name: &str, known: &'static [Field]) -> Option<String> {
        let head = self.target.fields();
        let in_lines = |list: &&Field| matches!(list.kind, Kind::List(inner) if field(inner, name).is_some());
        match known.iter().find(in_lines) {
            Some(list) => {
                Some(format!("the target has it in the lines of `{0}`: write it in [….{0}]", list.name))
            }
            None => (!std::ptr::eq(known, head) && field(head, name).is_some())
                .then(|| "the target has it in the head: write it in [fields]".to_owned()),
        }
    }

    /// A field of which only the author knows what it is. A table under a head of its own is a list where it says `each`
    /// of what, and an object otherwise; everything else is a rule, as in other fields.
    fn any(
        &self,
        entry: &Entry<'_>,
        wanted: Wanted,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Option<Content> {
        match entry.item {
            Item::Table(table) if table.contains_key("each") => {
                self.list(entry, Some(ANY_FIELDS), level, report)
            }
            Item::ArrayOfTables(_) => self.list(entry, Some(ANY_FIELDS), level, report),
            Item::Table(_) => self.object(entry, Some(ANY_FIELDS), level, report),
            _ => rule::rules(entry, wanted, self.catalog, level, report).map(Content::Value),
        }
    }

    fn object(
        &self,
        entry: &Entry<'_>,
        known: Option<&'static [Field]>,
        level: &Level<'_>,
        report: &mut Report<'_>,
    ) -> Option<Content> {
        let table = entry.table(report)?;
        for word in ["each", "where"].into_iter().filter_map(|word| table.get(word)) {
            let message = format!("`{}` is one object, not a list", entry.key);
            report.mistake(word.key_span, message, Some(format!("remove `{}`", word.key)));
        }
        Some(Content::Object(self.fields(&table, &WORDS, known, level, report)))
    }

    fn lists(&self, entry: &Entry<'_>, level: &Level<'_>, report: &mut Report<'_>) -> Option<Content> {
        let table = entry.table(report)?;
        let lists = table.entries().filter_map(|entry| {
            let content = self.list(&entry, None, level, report)?;
            Some(crate::rule::Field { name: entry.key.to_owned(), required: false, is_sent: true, content })
        });
        Some(Content::Object(Fields(lists.collect())))
    }

    fn copies(
        &self,
        entry: &Entry<'_>,
        table: &Table<'_>,
        known: Option<&'static [Field]>,
        level: &Level<'_>,
        fields: &mut Fields,
        report: &mut Report<'_>,
    ) {
        for name in entry.texts(report).unwrap_or_default() {
            let Some(path) = report.parsed(&name, expression::path(name.text)) else { continue };
            let (key, is_the_authors_own) = copied_name(&path, name.text);
            if table.get(&key).is_some() || fields.0.iter().any(|field| field.name == key) {
                report.mistake(name.span, format!("`{key}` has a rule already"), None);
                continue;
            }
            let mistakes = report.mistakes();
            reach::check(&[expression::Term::Path(path.clone())], &name, 0, level, false, report);
            if report.mistakes() > mistakes {
                continue;
            }
            let target = Entry { key: &key, key_span: name.span.clone(), ..entry.clone() };
            let wanted = self.wanted(&target, table, known, is_the_authors_own, report);
            let Some(wanted) = wanted else { continue };
            let required = wanted.required;
            if let Some(rule) = rule::copy(path, &name, wanted, report) {
                let (name, content) = (wanted.name(&key).to_owned(), Content::Value(vec![rule]));
                fields.0.push(crate::rule::Field { name, required, is_sent: true, content });
            }
        }
    }
}

/// The name under which a target is sent the field, one of `known`, that is written so.
pub(crate) fn sent_as<'n>(target: &Document, known: &'static [Field], written: &'n str) -> &'n str {
    target.meant(known, written).map_or(written, |field| Wanted::by(field).name(written))
}

/// The name that a copied field keeps, and whether it was written in quotes, as `.'x'`.
fn copied_name(path: &Path, written: &str) -> (String, bool) {
    match path.steps.as_slice() {
        [Step::Field(name, span)] if path.root == Root::Up(0) => {
            (name.clone(), expression::is_quoted(name, span))
        }
        _ => (written.to_owned(), false),
    }
}

/// Reports what only lines have.
fn refuse_words_of_lines(table: &Table<'_>, report: &mut Report<'_>) {
    const WORDS: [(&str, &str); 2] = [
        ("remainder", "`remainder` belongs to an amount of a list's lines"),
        ("unique", "`unique` belongs to a field of a list's lines: no two of them have the same"),
    ];
    for entry in table.entries() {
        let written = |word| entry.item.as_inline_table().and_then(|rule| rule.get(word));
        for (found, message) in WORDS.iter().filter_map(|(word, message)| Some((written(*word)?, message))) {
            let span = found.span().unwrap_or_else(|| entry.span.clone());
            report.mistake(span, *message, Some("remove it".to_owned()));
        }
    }
}

/// Whether the target is sent a field: `send = false` says that it is not.
fn is_sent(entry: &Entry<'_>) -> bool {
    let is_held_back =
        |rule: &toml_edit::InlineTable| rule.get("send").and_then(toml_edit::Value::as_bool) == Some(false);
    match entry.item.as_array() {
        Some(rules) => !rules.iter().filter_map(toml_edit::Value::as_inline_table).any(is_held_back),
        None => !entry.item.as_inline_table().is_some_and(is_held_back),
    }
}

/// Reports what reads a target field that is not mapped before it.
fn check_order(table: &Table<'_>, fields: &Fields, report: &mut Report<'_>) {
    let mut mapped: Vec<&str> =
        fields.0.iter().filter(|field| !field.reads_target()).map(|field| field.name.as_str()).collect();
    for field in fields.0.iter().filter(|field| field.reads_target()) {
        for name in target_fields(field) {
            if !mapped.contains(&name.as_str()) {
                let Some(entry) = table.get(&field.name) else { continue };
                let message = format!("`target.{name}` is not mapped before `{}`", field.name);
                let help = format!("give `{name}` a rule above it");
                report.mistake(entry.span, message, Some(help));
            }
        }
        mapped.push(&field.name);
    }
}

fn target_fields(field: &crate::rule::Field) -> Vec<String> {
    let Content::Value(rules) = &field.content else { return Vec::new() };
    let mut names = Vec::new();
    let mut note = |_: &[&Path], path: &Path| {
        if let (Root::Target, Some(Step::Field(name, _))) = (path.root, path.steps.first()) {
            names.push(name.clone());
        }
    };
    for rule in rules {
        let computed = match &rule.take {
            Take::Compute(expression) => Some(expression),
            _ => None,
        };
        for expression in rule.when.iter().map(|when| &when.expression).chain(computed) {
            expression.visit(&mut Vec::new(), &mut note);
        }
    }
    names
}

/// Whether its author says, by quotes, that the target has a field of that name all the same.
fn is_the_authors_own(entry: &Entry<'_>, report: &Report<'_>) -> bool {
    report.text_at(&entry.key_span).starts_with(['\'', '"'])
}
