//! The flow files: the shipped ones, or the user's.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Context as _;
use relay_connector::{Connector, Document, Settings, SettingsError, Variant};
use relay_job::flow_tests::TestFile;
use relay_job::{FlowFile, Flows};

use crate::remarks::{self, Remark};

/// The flows that come with the program, by file name.
const SHIPPED: [(&str, &str); 5] = [
    ("direct-order-to-sharecrm", include_str!("../../flows/direct-order-to-sharecrm.toml")),
    ("direct-order-to-wangdian", include_str!("../../flows/direct-order-to-wangdian.toml")),
    ("shipping-to-sharecrm", include_str!("../../flows/shipping-to-sharecrm.toml")),
    ("stock-to-sharecrm", include_str!("../../flows/stock-to-sharecrm.toml")),
    ("trade-to-kingdee", include_str!("../../flows/trade-to-kingdee.toml")),
];

/// What the name of a test file ends with: `NAME.test.toml` tests the flow `NAME.toml`.
pub const TEST: &str = ".test.toml";

/// Where Lambda puts the files of a function's layers.
const LAYERS: &str = "/opt";

/// The user's flows where a folder is given, otherwise the shipped ones, checked by what vendors know by these settings.
///
/// # Errors
/// A folder that cannot be read, or [`relay_mapping::Diagnostics`]: every mistake of every file with its line.
pub fn load(folder: Option<&Path>, settings: &Settings) -> anyhow::Result<Flows> {
    let flows = Flows::parse(files(folder)?, &relay_connectors::catalog_by(settings))?;
    run_on_a_stack(&flows, settings)?;
    Ok(flows)
}

/// That a stack has a queue for the target of each flow.
fn run_on_a_stack(flows: &Flows, settings: &Settings) -> Result<(), SettingsError> {
    let problem = |Remark { file, line, message, .. }: Remark| format!("{file}:{line}: {message}");
    let problems: Vec<_> = remarks::of_targets(flows, settings).into_iter().map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(SettingsError { problems }) }
}

/// The same, without the files that have mistakes: for whoever looks at an installation, and does not work.
///
/// # Errors
/// A folder that cannot be read.
pub fn load_sound(folder: Option<&Path>, settings: &Settings) -> anyhow::Result<Flows> {
    Ok(Flows::sound(files(folder)?, &relay_connectors::catalog_by(settings)))
}

fn files(folder: Option<&Path>) -> anyhow::Result<Vec<FlowFile>> {
    Ok(match folder {
        // A stand-in of Lambda that mounts no layer runs the same stack. On Lambda itself a function whose layer is
        // missing does not start, so nobody's own flows are replaced in silence.
        Some(folder) if folder == Path::new(LAYERS) && !holds_flows(folder) => {
            tracing::warn!(
                "no layer has put flow files into {LAYERS} (RELAY_FLOWS_DIR): the shipped flows run"
            );
            shipped()
        }
        Some(folder) => read_folder(folder)?,
        None => shipped(),
    })
}

/// By which interface the flows are checked, of the vendors that have several: `KINGDEE_AUTH=v1 (not set)`.
#[must_use]
pub fn interfaces(flows: &Flows, settings: &Settings) -> Vec<String> {
    let is_of = |document: &Document, system: &str| {
        document.name.split_once('.').is_some_and(|(vendor, _)| vendor == system)
    };
    let is_used = |connector: &&&dyn Connector| {
        let system = connector.system();
        flows.iter().any(|routed| {
            let flow = &routed.flow;
            [flow.source().document, flow.target().document].iter().any(|end| is_of(end, system.name()))
        })
    };
    let used = relay_connectors::CONNECTORS.iter().filter(is_used);
    let chosen =
        used.flat_map(|connector| connector.variants()).filter(|variant| variant.is_chosen(settings));
    let told = |variant: &Variant| {
        let name = variant.setting.name;
        let unset = if settings.get(name).is_none() { " (not set)" } else { "" };
        format!("{name}={}{unset}", variant.value)
    };
    chosen.map(told).collect()
}

/// The test files of a folder.
///
/// # Errors
/// A folder or a file that cannot be read.
pub fn tests(folder: &Path) -> anyhow::Result<Vec<TestFile>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(flow) = name.strip_suffix(TEST) else { continue };
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let (flow, file, folder) = (flow.to_owned(), path.display().to_string(), folder.to_owned());
        let beside = Box::new(move |name: &str| fs::read_to_string(folder.join(name)));
        files.push(TestFile { flow, file, text, beside });
    }
    Ok(files)
}

fn shipped() -> Vec<FlowFile> {
    let file = |(name, text): (&str, &str)| FlowFile {
        name: name.to_owned(),
        file: format!("{name}.toml"),
        text: text.to_owned(),
    };
    SHIPPED.into_iter().map(file).collect()
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<FlowFile>> {
    let mut files = Vec::new();
    for path in entries(folder)?.into_iter().filter(|path| is_flow(path)) {
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        // What is not UTF-8 is a mistake of that file, which is found where its text is checked.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        files.push(FlowFile { name, file: path.display().to_string(), text });
    }
    if files.is_empty() {
        return Err(unusable(folder, "holds no flow files (*.toml)").into());
    }
    Ok(files)
}

/// What stands in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let unreadable = |error: io::Error| unusable(folder, &format!("cannot be read: {error}"));
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<_> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(unreadable)?;
    paths.sort_unstable();
    Ok(paths)
}

fn unusable(folder: &Path, why: &str) -> SettingsError {
    let problem = format!("the folder of flow files {} (RELAY_FLOWS_DIR) {why}", folder.display());
    SettingsError { problems: vec![problem] }
}

fn holds_flows(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_flow(&entry.path()))
}

fn is_flow(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".toml") && !name.ends_with(TEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_flows_run_where_no_layer_is_mounted_and_nowhere_else() {
        assert_eq!(
            load(Some(Path::new(LAYERS)), &Settings::default()).unwrap().iter().count(),
            SHIPPED.len()
        );
        let empty = tempfile::tempdir().unwrap();
        let error = load(Some(empty.path()), &Settings::default()).err().unwrap().to_string();
        assert!(error.contains("holds no flow files"), "{error}");
    }

    /// With excerpts and without: a function has none.
    #[test]
    fn a_mistake_is_told_with_its_place_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let (_, text) = SHIPPED[0];
        std::fs::write(folder.path().join("mine.toml"), text.replacen("[target]", "[targets]", 1)).unwrap();
        let error = load(Some(folder.path()), &Settings::default()).err().unwrap().to_string();
        let line = text.lines().position(|line| line == "[target]").unwrap() + 1;
        assert!(error.contains(&format!("mine.toml:{line}:2")), "{error}");
        assert!(error.contains("error: ") && error.contains("help: did you mean `target`"), "{error}");
    }
}
