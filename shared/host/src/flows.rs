//! The flow files: the shipped ones, or the user's.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use anyhow::Context as _;
use relay_connector::{Catalog, Role};
use relay_core::System;
use relay_mapping::{Diagnostic, Diagnostics, Flow, Severity};

use crate::SettingsError;

/// The flows that come with the program, by file name.
const SHIPPED: [(&str, &str); 5] = [
    ("direct-order-to-sharecrm", include_str!("../../flows/direct-order-to-sharecrm.toml")),
    ("direct-order-to-wangdian", include_str!("../../flows/direct-order-to-wangdian.toml")),
    ("shipping-to-sharecrm", include_str!("../../flows/shipping-to-sharecrm.toml")),
    ("stock-to-sharecrm", include_str!("../../flows/stock-to-sharecrm.toml")),
    ("trade-to-kingdee", include_str!("../../flows/trade-to-kingdee.toml")),
];

/// Where Lambda puts the files of a function's layers.
const LAYERS: &str = "/opt";

/// The flows of an installation, by name.
pub struct Flows {
    flows: Vec<Arc<Routed>>,
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
    /// Reads and checks a flow file, given by name, file and text.
    ///
    /// # Errors
    /// [`Diagnostics`]: every mistake with its line; or a target that nothing delivers to.
    pub(crate) fn parse(name: &str, file: &str, text: String, catalog: &Catalog) -> anyhow::Result<Self> {
        let flow = Flow::parse(name, file, &text, catalog)?;
        let document = flow.target().document.name;
        let system = System::of_document(document)
            .with_context(|| format!("{file}: nothing delivers to `{document}`"))?;
        Ok(Self { flow, system, file: file.to_owned(), text })
    }

    /// The settings that its file names.
    #[must_use]
    pub fn settings(&self) -> BTreeSet<&str> {
        let mut settings = self.flow.settings();
        settings.extend(self.flow.source_settings());
        settings
    }
}

/// Everything that flows can name: the documents and look-ups of the four vendors.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::default()
        .with(relay_wangdian::catalog::documents(), &[])
        .with(relay_kingdee::catalog::documents(), relay_kingdee::catalog::lookups())
        .with(relay_sharecrm::catalog::documents(), &[])
        .with(relay_qince::catalog::documents(), &[])
}

impl Flows {
    /// The user's flows where a folder is given, otherwise the shipped ones.
    ///
    /// # Errors
    /// A folder that cannot be read, or [`Diagnostics`]: every mistake of every file with its line.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        match folder {
            // A stand-in of Lambda that mounts no layer runs the same stack. On Lambda itself a function whose layer is
            // missing does not start, so nobody's own flows are replaced in silence.
            Some(folder) if folder == Path::new(LAYERS) && !holds_flows(folder) => {
                tracing::warn!(
                    "no layer has put flow files into {LAYERS} (RELAY_FLOWS_DIR): the shipped flows run"
                );
                Self::shipped()
            }
            Some(folder) => Self::parse(read_folder(folder)?),
            None => Self::shipped(),
        }
    }

    fn shipped() -> anyhow::Result<Self> {
        Self::parse(SHIPPED.map(|(name, text)| (name.to_owned(), format!("{name}.toml"), text.to_owned())))
    }

    /// Checks flow files, each given by name, file and text.
    ///
    /// # Errors
    /// [`Diagnostics`]: every mistake of every file with its line, and the warnings of all.
    pub fn parse(files: impl IntoIterator<Item = (String, String, String)>) -> anyhow::Result<Self> {
        let catalog = catalog();
        let (mut flows, mut found) = (Vec::new(), Vec::new());
        for (name, file, text) in files {
            match Routed::parse(&name, &file, text, &catalog) {
                Ok(routed) => {
                    found.extend_from_slice(routed.flow.warnings());
                    flows.push(Arc::new(routed));
                }
                Err(error) => found.extend(error.downcast::<Diagnostics>()?.0),
            }
        }
        let found = Diagnostics(found);
        if found.of(Severity::Error).next().is_some() {
            return Err(found.into());
        }
        flows.sort_by(|one, two| one.flow.name().cmp(two.flow.name()));
        Ok(Self { flows })
    }

    /// These flows and others.
    #[must_use]
    pub fn and(&self, others: impl IntoIterator<Item = Arc<Routed>>) -> Self {
        let mut flows: Vec<_> = self.flows.iter().cloned().chain(others).collect();
        flows.sort_by(|one, two| one.flow.name().cmp(two.flow.name()));
        Self { flows }
    }

    /// What may be a mistake in the flow files.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.flows.iter().flat_map(|routed| routed.flow.warnings())
    }

    /// Logs what may be a mistake, each field once however often a flow names it.
    pub(crate) fn log_warnings(&self) {
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
        self.iter().flat_map(|routed| routed.settings()).collect()
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

fn read_folder(folder: &Path) -> anyhow::Result<Vec<(String, String, String)>> {
    let unusable = |why: &str| SettingsError {
        problems: vec![format!("the folder of flow files {} (RELAY_FLOWS_DIR) {why}", folder.display())],
    };
    let unreadable = |error: io::Error| unusable(&format!("cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_flow(&path) {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, path.display().to_string(), text));
        }
    }
    if files.is_empty() {
        return Err(unusable("holds no flow files (*.toml)").into());
    }
    Ok(files)
}

fn holds_flows(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_flow(&entry.path()))
}

fn is_flow(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_flows_run_where_no_layer_is_mounted_and_nowhere_else() {
        assert_eq!(Flows::load(Some(Path::new(LAYERS))).unwrap().iter().count(), SHIPPED.len());
        let empty = tempfile::tempdir().unwrap();
        let error = Flows::load(Some(empty.path())).err().unwrap().to_string();
        assert!(error.contains("holds no flow files"), "{error}");
    }
}
