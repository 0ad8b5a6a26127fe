//! The flows of an installation, each with the system that it delivers to.

use std::collections::BTreeSet;
use std::sync::Arc;

use relay_connector::{Catalog, Query, Role};
use relay_core::System;
use relay_core::ordered;
use relay_mapping::{Diagnostic, Diagnostics, Flow, LookupTable, Severity};

use crate::line_links::untold_lines;
use crate::{group_numbers, listeners, shared_pools, suggest};

/// A flow file, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFile {
    /// The flow's name.
    pub name: String,
    /// The file, as messages call it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// The flows of an installation, by name.
pub struct Flows {
    flows: Vec<Arc<Routed>>,
    broken: Vec<BrokenFile>,
}

/// A flow file with mistakes.
#[derive(Debug, Clone)]
pub struct BrokenFile {
    /// The flow's name.
    pub name: String,
    /// The file, as messages call it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What is wrong with it, and what may be.
    pub found: Diagnostics,
}

impl BrokenFile {
    /// Its mistakes.
    pub fn mistakes(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.of(Severity::Error)
    }
}

/// A flow, and the system that it delivers to.
pub struct Routed {
    /// What is read, when, and how it becomes the target's document.
    pub flow: Flow,
    /// The system whose queue carries it.
    pub system: System,
    /// Its file, as messages call it.
    pub file: String,
    /// Its file's text.
    pub text: String,
}

impl Routed {
    /// Reads and checks a flow file.
    ///
    /// # Errors
    /// [`Diagnostics`]: every mistake with its line.
    pub fn parse(FlowFile { name, file, text }: FlowFile, catalog: &Catalog) -> Result<Self, Diagnostics> {
        let flow = Flow::parse(&name, &file, &text, catalog)?;
        let system = System::of_document(flow.target().document.name);
        Ok(Self { flow, system, file, text })
    }

    /// The settings that its file names.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<&str> {
        let mut settings = self.flow.settings();
        settings.extend(self.flow.source_settings());
        settings
    }

    /// The system that its documents come from.
    #[must_use]
    pub fn source_system(&self) -> System {
        System::of_document(self.flow.source().document.name)
    }

    /// What it reads, with the values of the settings that it names and over the route that it names or else the usual
    /// one: flows that read the same have equal queries.
    ///
    /// # Errors
    /// A setting that has no value.
    pub fn query(&self, settings: &FlowSettings) -> anyhow::Result<Query> {
        let source = self.flow.source();
        let values = settings.values(self.flow.source_settings())?;
        let params = relay_mapping::resolve(&source.params, &values)?;
        let usual = source.document.routes.first().copied();
        let route = source.route.as_deref().or(usual).map(str::to_owned);
        Ok(Query { document: source.document, route, params })
    }
}

impl Flows {
    /// Checks flow files.
    ///
    /// # Errors
    /// [`Diagnostics`]: every mistake of every file with its line, and the warnings of all.
    pub fn parse(files: impl IntoIterator<Item = FlowFile>, catalog: &Catalog) -> Result<Self, Diagnostics> {
        let (mut flows, mut found, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            names.push(file.name.clone());
            match Routed::parse(file, catalog) {
                Ok(routed) => {
                    found.extend_from_slice(routed.flow.warnings());
                    flows.push(Arc::new(routed));
                }
                Err(diagnostics) => found.extend(diagnostics.0),
            }
        }
        found.extend(unknown_flows(&flows, &names));
        found.extend(flows.iter().flat_map(|routed| untold_lines(routed, &flows, catalog)));
        found.extend(listeners::going_round(&flows));
        found.extend(shared_pools::divided(&flows));
        found.extend(group_numbers::alike(&flows));
        let found = Diagnostics(found);
        if found.of(Severity::Error).next().is_some() {
            return Err(found);
        }
        Ok(Self::of(flows, Vec::new()))
    }

    /// The flows whose files have no mistakes; those with some are [`broken`](Self::broken). For whoever looks at an
    /// installation: what works reads all files or none.
    #[must_use]
    pub fn sound(files: impl IntoIterator<Item = FlowFile>, catalog: &Catalog) -> Self {
        let (mut flows, mut broken, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            names.push(file.name.clone());
            match Routed::parse(file.clone(), catalog) {
                Ok(routed) => flows.push(Arc::new(routed)),
                Err(found) => {
                    let FlowFile { name, file, text } = file;
                    broken.push(BrokenFile { name, file, text, found });
                }
            }
        }
        let mut together = listeners::going_round(&flows);
        together.extend(shared_pools::divided(&flows));
        together.extend(group_numbers::alike(&flows));
        let all = flows.clone();
        flows.retain(|routed| {
            let untold = untold_lines(routed, &all, catalog).into_iter();
            let untold = untold.filter(|found| found.severity == Severity::Error);
            let mut found = unknown_flows(std::slice::from_ref(routed), &names);
            found.extend(untold);
            found.extend(together.iter().filter(|found| found.file == routed.file).cloned());
            let is_sound = found.is_empty();
            if !is_sound {
                let (name, file, text) =
                    (routed.flow.name().to_owned(), routed.file.clone(), routed.text.clone());
                broken.push(BrokenFile { name, file, text, found: Diagnostics(found) });
            }
            is_sound
        });
        Self::of(flows, broken)
    }

    fn of(mut flows: Vec<Arc<Routed>>, broken: Vec<BrokenFile>) -> Self {
        flows.sort_by(|one, two| one.flow.name().cmp(two.flow.name()));
        Self { flows, broken }
    }

    /// The files with mistakes, where flows were read without them.
    #[must_use]
    pub fn broken(&self) -> &[BrokenFile] {
        &self.broken
    }

    /// The file of that flow, where it has mistakes.
    #[must_use]
    pub fn broken_named(&self, name: &str) -> Option<&BrokenFile> {
        self.broken.iter().find(|file| file.name == name)
    }

    /// These flows and others.
    #[must_use]
    pub fn and(&self, others: impl IntoIterator<Item = Arc<Routed>>) -> Self {
        Self::of(self.flows.iter().cloned().chain(others).collect(), self.broken.clone())
    }

    /// What may be a mistake in the flow files.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.flows.iter().flat_map(|routed| routed.flow.warnings())
    }

    /// Logs what may be a mistake, each field once however often a flow names it.
    pub fn log_warnings(&self) {
        for routed in &self.flows {
            let mut said = BTreeSet::new();
            for Diagnostic { file, line, message, help, .. } in routed.flow.warnings() {
                if said.insert(message) {
                    let flow = routed.flow.name();
                    tracing::warn!(flow, file, line, help, "a flow file may hold a mistake: {message}");
                }
            }
        }
    }

    /// Every flow, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Routed>> {
        self.flows.iter()
    }

    /// The settings that the flows name.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<&str> {
        ordered::set(self.iter().flat_map(|routed| routed.settings()))
    }

    /// The flow of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<Routed>> {
        self.flows.iter().find(|routed| routed.flow.name() == name)
    }

    /// The flows whose source has that role.
    pub fn with_source(&self, role: Role) -> impl Iterator<Item = &Arc<Routed>> {
        self.flows.iter().filter(move |routed| routed.flow.source().document.role == role)
    }
}

/// What is to be said where a flow names one that there is not: to look its deliveries up, or to hear of its outcomes.
fn unknown_flows(flows: &[Arc<Routed>], names: &[String]) -> Vec<Diagnostic> {
    let meant = |name: &str| suggest::closest(name, names.iter().map(String::as_str));
    let heard = flows.iter().filter_map(|routed| routed.flow.source().of.as_ref()?.flows.as_ref()).flatten();
    let unheard = heard.filter(|named| !names.contains(&named.flow)).map(|named| {
        let missing = named.missing.clone();
        match meant(&named.flow) {
            Some(meant) => missing.with_help(format!("did you mean `{meant}`?")),
            None => missing,
        }
    });
    let named = flows.iter().flat_map(|routed| routed.flow.tables());
    let unknown = named.filter_map(|lookup| match &lookup.table {
        LookupTable::Delivered { flow, .. } | LookupTable::Line { flow, .. } if !names.contains(flow) => {
            let help = meant(flow).map(|meant| format!("did you mean `delivered.{meant}`?"));
            Some(match help {
                Some(help) => lookup.missing.clone().with_help(help),
                None => lookup.missing.clone(),
            })
        }
        _ => None,
    });
    unknown.chain(unheard).collect()
}

/// The values of the settings that flows may name: no secret is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowSettings(pub std::collections::BTreeMap<String, String>);

impl FlowSettings {
    /// The values of these settings.
    ///
    /// # Errors
    /// The settings that have none.
    pub fn values<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<std::collections::BTreeMap<String, String>> {
        let (mut values, mut missing) = (std::collections::BTreeMap::new(), Vec::new());
        for name in names {
            match self.0.get(name) {
                Some(value) => _ = values.insert(name.to_owned(), value.clone()),
                None => missing
                    .push(format!("{name} is not set: it expects a value, because a flow file names it")),
            }
        }
        anyhow::ensure!(missing.is_empty(), "settings: {}", missing.join("; "));
        Ok(values)
    }
}
