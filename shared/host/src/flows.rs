//! The flow files: the shipped ones, or the user's.

use std::path::Path;
use std::{fs, io};

use anyhow::Context as _;
use relay_connector::SettingsError;
use relay_job::{FlowFile, Flows};

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

/// The user's flows where a folder is given, otherwise the shipped ones.
///
/// # Errors
/// A folder that cannot be read, or [`relay_mapping::Diagnostics`]: every mistake of every file with its line.
pub fn load(folder: Option<&Path>) -> anyhow::Result<Flows> {
    let files = match folder {
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
    };
    Ok(Flows::parse(files, &relay_connectors::catalog())?)
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
            files.push(FlowFile { name, file: path.display().to_string(), text });
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
        assert_eq!(load(Some(Path::new(LAYERS))).unwrap().iter().count(), SHIPPED.len());
        let empty = tempfile::tempdir().unwrap();
        let error = load(Some(empty.path())).err().unwrap().to_string();
        assert!(error.contains("holds no flow files"), "{error}");
    }
}
