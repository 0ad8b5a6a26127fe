//! A flow for a document that no shipped flow uses, written from the user's pages alone, works at the first try.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::house::{House, object};

/// Kept as it was written: what had to be changed for it to work stands in the pages and not here.
const FLOW: &str = include_str!("flows/suites.toml");

/// The flow files that are shipped.
fn shipped(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| shipped(folder))).collect()
}

#[test]
fn no_shipped_flow_uses_its_document() {
    let files = shipped(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows"));
    assert!(files.len() >= 5);
    for file in files {
        assert!(!fs::read_to_string(&file).unwrap().contains("suites_query"), "{}", file.display());
    }
}

#[tokio::test]
async fn a_flow_that_was_written_from_the_pages_alone_works_at_the_first_try() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("组合装.toml"), FLOW).unwrap();
    let house = House::new(1).with("RELAY_FLOWS_DIR", folder.path().to_str().unwrap());
    let row = json!({
        "suite_id": 12, "suite_no": "ZH001", "suite_name": "洗护套装", "brand_name": "蓝月", "retail_price": "59.9000",
        "modified": "2026-11-22 11:50:00",
        "specs_list": [
            {"suite_id": 12, "spec_no": "P0001-2KG", "goods_name": "洗衣液", "num": "2.0000", "fixed_price": "20.0000"},
            {"suite_id": 12, "spec_no": "P0002", "goods_name": "洗手液", "num": "1.0000", "fixed_price": "9.9000"},
            {"suite_id": 12, "spec_no": "P0003", "goods_name": "赠品", "num": "0.0000", "fixed_price": "0.0000"},
        ],
    });
    house.vendors.wangdian.put_row("suites_query", &["suite_no"], object(row));
    house.clock.advance(Duration::from_secs(300));
    let process = house.start();
    assert_eq!(process.wiring.flows.warnings().count(), 0);
    assert_eq!(process.poll().await.error, None);
    process.drain().await;
    assert_eq!(process.failures().await, []);
    let records = house.vendors.sharecrm.records();
    let record = &records[&("erpSuiteObj".to_owned(), "ZH001".to_owned())];
    let record = format!("{record:?}");
    for said in ["洗护套装", "59.90", "49.90", "ZH001-1", "ZH001-2"] {
        assert!(record.contains(said), "{said} in {record}");
    }
    assert!(!record.contains("P0003"), "{record}");
}
