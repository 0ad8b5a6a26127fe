//! One flow: its two ends and the mapping between them.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_connector::{Catalog, Document, Role, own};
use relay_core::VersionKind;
use relay_core::item::content_hash;
use relay_core::ordered;
use serde_json::{Map, Value};

use crate::apply::{Context, Made, Mapped, Mapper, Traced};
use crate::check::Check;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::{Failing, Scope, Term, first, holds, written};
use crate::fault::Fault;
use crate::group::Group;
use crate::key::Key;
use crate::life::Life;
use crate::lookup::{Lookup, LookupKey};
use crate::of::Of;
use crate::params::{self, Param, resolve};
use crate::reads::Read;
use crate::rule::{Condition, Fields, Rule, Take, Through};
use crate::split::Split;
use crate::trace::{ConditionTrace, Trace};

/// A checked flow.
#[derive(Debug)]
pub struct Flow {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) source: Source,
    pub(crate) target: Target,
    pub(crate) key: Key,
    pub(crate) version: Option<(Vec<Term>, VersionKind)>,
    pub(crate) filter: Option<Condition>,
    pub(crate) fields: Fields,
    pub(crate) checks: Vec<Check>,
    pub(crate) group: Option<Group>,
    pub(crate) split: Option<Split>,
    pub(crate) life: Life,
    pub(crate) reads: Vec<Read>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// What a flow reads.
#[derive(Debug)]
pub struct Source {
    /// The document.
    pub document: &'static Document,
    /// `direct` or `qimen`, where the vendor has both and the flow says which.
    pub route: Option<String>,
    /// Whose outcomes are read, where it reads those.
    pub of: Option<Of>,
    /// Whether it takes what another flow of ours has made out of a document of the system that it writes to.
    pub takes_echoes: bool,
    /// Of failures of one cause one is told at once, and then one in so much time: the cause is the key then.
    pub damp: Option<Duration>,
    /// Request parameters that the flow fixes, and those that keep its windows over the time that it reads by.
    pub params: Vec<(String, Param)>,
    /// Of a pool: what is to be said where another flow takes its rows in another way.
    pub pool: Option<Diagnostic>,
}

/// What a flow writes.
#[derive(Debug)]
pub struct Target {
    /// The document.
    pub document: &'static Document,
    /// The route, where the vendor has several and the flow names one.
    pub route: Option<&'static str>,
    /// Request parameters that the flow fixes.
    pub params: Vec<(String, Param)>,
}

impl Flow {
    /// Reads and checks a flow file. `name` is the flow's name (the file's stem), `file` what diagnostics call it.
    ///
    /// # Errors
    /// Every mistake of the file at once, each with its place, the offending text and a suggestion; its warnings too.
    pub fn parse(name: &str, file: &str, text: &str, catalog: &Catalog) -> Result<Self, Diagnostics> {
        crate::load::flow(name, file, text, catalog)
    }

    /// The flow's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called for people, where its file says so: `销售订单 → 金蝶`.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What may be a mistake: names that our lists of fields, where they are incomplete, do not know.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What it reads.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What it writes.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The settings that [`Self::apply`] needs: of the mapping and of the target's parameters.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<&str> {
        let mut settings = ordered::set(params::settings(&self.target.params));
        self.rules(&mut |rule| {
            if let Take::Setting(name) = &rule.take {
                settings.insert(name);
            }
        });
        settings
    }

    /// The names of the tables in which its rules look codes up, results included: as [`LookupKey`] names them.
    #[must_use]
    pub fn lookup_tables(&self) -> BTreeSet<&str> {
        let mut tables = BTreeSet::new();
        self.rules(&mut |rule| {
            if let Through::Lookup(looked_up) = &rule.through {
                tables.insert(looked_up.name.as_str());
            }
        });
        tables
    }

    /// The settings that reading the source needs.
    #[must_use]
    pub fn source_settings(&self) -> BTreeSet<&str> {
        ordered::set(params::settings(&self.source.params))
    }

    /// Whether the flow takes this document; one that is cancelled, or withdrawn from its group, is taken to be told so. What is missing in
    /// it equals nothing.
    ///
    /// # Errors
    /// When the filter cannot be evaluated: it compares by size, or counts with, what is no number.
    pub fn admits(&self, document: &Value) -> Result<bool, Fault> {
        let Some(filter) = &self.filter else { return Ok(true) };
        if self.withdraws(document)? || self.cancels(document)? {
            return Ok(true);
        }
        holds(&filter.expression, &Scope::document(document)).map_err(|Failing { source, value, cause }| {
            Fault::new("filter".to_owned(), &source, value.as_deref(), cause)
        })
    }

    /// The document's key: what makes two documents versions of one. Of one path it is what stands there; of several it
    /// is their values with `/` between, and `/` and `%` within a value escaped.
    ///
    /// # Errors
    /// When the document lacks it, or one of its parts, which is named.
    pub fn key(&self, document: &Value) -> Result<String, Fault> {
        self.key.read(document)
    }

    /// The document's version as found; `None` where the flow names none or the document has none. An outcome has that of
    /// the document that it tells of.
    #[must_use]
    pub fn version(&self, document: &Value) -> Option<String> {
        match &self.version {
            Some((terms, _)) => Some(first(terms, &Scope::document(document))?.text()?.into_owned()),
            None if self.goes_by_outcomes() => Some(document.get(own::VERSION)?.as_str()?.to_owned()),
            None => None,
        }
    }

    /// Where the version is read, as the flow file has it.
    #[must_use]
    pub fn version_source(&self) -> Option<String> {
        let of_outcome = || self.goes_by_outcomes().then(|| own::VERSION.to_owned());
        self.version.as_ref().map(|(terms, _)| written(terms)).or_else(of_outcome)
    }

    /// How versions of a document compare; a flow that names none has documents that are known by when they were received.
    /// Outcomes compare as the documents that they tell of do.
    #[must_use]
    pub fn version_kind(&self, document: &Value) -> VersionKind {
        match &self.version {
            Some((_, kind)) => *kind,
            None if self.goes_by_outcomes() => {
                let kind = document.get(own::VERSION_KIND).cloned().unwrap_or_default();
                serde_json::from_value(kind).unwrap_or(VersionKind::Received)
            }
            None => VersionKind::Received,
        }
    }

    /// A hash of what a document says. When an outcome was is no part of it: the one that is told once more, because a crash
    /// came in between, is the same.
    #[must_use]
    pub fn content_hash(&self, document: &Value) -> String {
        match document {
            Value::Object(fields) if self.reads_outcomes() => {
                let mut fields = fields.clone();
                fields.remove(own::AT);
                content_hash(&Value::Object(fields))
            }
            document => content_hash(document),
        }
    }

    /// Whether a document has the version of what it tells of. Alerts of one cause tell of many.
    fn goes_by_outcomes(&self) -> bool {
        self.reads_outcomes() && self.source.damp.is_none()
    }

    /// Whether it reads what became of other flows' documents.
    #[must_use]
    pub fn reads_outcomes(&self) -> bool {
        self.source.document.role == Role::Own
    }

    /// The look-ups that its rules name, in the order of the file.
    #[must_use]
    pub fn tables(&self) -> Vec<&Lookup> {
        let mut tables = Vec::new();
        self.rules(&mut |rule| {
            if let Through::Lookup(looked_up) = &rule.through {
                tables.push(&looked_up.lookup);
            }
        });
        tables
    }

    /// How long a document waits for what is looked up there; `None`: nobody delivers that, so it waits for a person.
    #[must_use]
    pub fn wait_for(&self, table: &str) -> Option<Duration> {
        let waits_at = |lookup: &Lookup| {
            // A line that its bill does not have comes by nobody's delivery.
            lookup.table.bill().map_or_else(|| lookup.table.to_string(), |bill| bill.to_string())
        };
        let of_table = self.tables().into_iter().filter(|lookup| waits_at(lookup) == table);
        of_table.filter_map(|lookup| lookup.wait).min()
    }

    /// Whether its documents may wait for those of other flows.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        self.tables().iter().any(|lookup| lookup.wait.is_some())
    }

    /// Every rule: those of the fields, and that of the first open day.
    fn rules<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        self.fields.rules(visit);
        self.life.open_from.rules(visit);
    }

    /// What [`Self::apply`] will look up for this document.
    #[must_use]
    pub fn lookups(&self, document: &Value) -> BTreeSet<LookupKey> {
        let mut mapper = Mapper::new(None);
        for fields in [&self.fields, &self.life.open_from] {
            mapper.fields(fields, &Scope::document(document), None);
        }
        mapper.asked
    }

    /// The target's document.
    ///
    /// # Errors
    /// Every fault of the document at once.
    pub fn apply(&self, document: &Value, context: &Context<'_>) -> Result<Mapped, Vec<Fault>> {
        self.mapped(document, context, None).0
    }

    /// What the pusher makes of it, with how it came about. The filter is told too, and decides nothing here.
    #[must_use]
    pub fn trace(&self, document: &Value, context: &Context<'_>) -> Traced {
        let filter = self.filter.as_ref().map(|filter| {
            let holds = self.admits(document).ok();
            ConditionTrace::of(filter, &Scope::document(document), holds)
        });
        let trace = Some(Trace::of(filter));
        let (made, trace) = match (self.withdraws(document), &self.group) {
            (Err(fault), _) => (Err(vec![fault]), trace),
            (Ok(true), _) => (Ok(Made::Withdrawn), trace),
            (Ok(false), Some(group)) => {
                let (brought, trace) = self.brought(group, document, context, trace);
                (brought.map(Made::Brought), trace)
            }
            (Ok(false), None) => {
                let (mapped, trace) = self.mapped(document, context, trace);
                (mapped.map(Made::Mapped), trace)
            }
        };
        Traced { made, trace: trace.unwrap_or_default() }
    }

    fn mapped(
        &self,
        document: &Value,
        context: &Context<'_>,
        trace: Option<Trace>,
    ) -> (Result<Mapped, Vec<Fault>>, Option<Trace>) {
        let mut mapper = Mapper::new(Some(context));
        mapper.trace = trace;
        let mapped = self.whole(&mut mapper, document);
        let body = Value::Object(self.fields.sent(mapped));
        let open_from = match self.open_from(document, context) {
            Ok(open_from) => open_from,
            Err(faults) => {
                mapper.faults.extend(faults);
                None
            }
        };
        let mapped = match resolve(&self.target.params, context.settings) {
            Ok(params) if mapper.faults.is_empty() => {
                Ok(Mapped { body, params, route: self.target.route, open_from })
            }
            Ok(_) => Err(mapper.faults),
            Err(fault) => Err(mapper.faults.into_iter().chain([fault]).collect()),
        };
        (mapped, mapper.trace)
    }

    /// All fields, and faults where they do not hold what the checks ask for.
    pub(crate) fn whole(&self, mapper: &mut Mapper<'_>, document: &Value) -> Map<String, Value> {
        let mapped = mapper.fields(&self.fields, &Scope::document(document), None);
        if mapper.faults.is_empty() {
            mapper.faults.extend(self.checks.iter().filter_map(|check| check.fault(document, &mapped)));
        }
        mapped
    }
}
