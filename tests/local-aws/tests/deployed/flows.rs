use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_aws::on_the_stack;

/// The flow files travel as a layer.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_changed_flow_needs_a_deployment_and_no_build() {
    on_the_stack(async |stack| {
        let changed = flows_with("[fields]\nremark = { value = \"by the changed flow\" }\n");
        deploy(Some(&changed));
        let trades = stack.new_trades(2).await.unwrap();
        stack.poll().await.unwrap();
        stack.until_quiet().await.unwrap();
        deploy(None);

        for trade in &trades {
            let orders = stack.vendors.kingdee.orders(trade);
            assert_eq!(orders.len(), 1);
            assert_eq!(orders[0].body["remark"], "by the changed flow");
        }
    });
}

/// The shipped flows, with these fields of the trades' flow besides.
fn flows_with(fields: &str) -> PathBuf {
    let folder = shipped_flows();
    let file = folder.join("trade-to-kingdee.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, text.replace("[fields]\n", fields)).unwrap();
    folder
}

/// The shipped flows, and more of them, by their names.
pub(crate) fn shipped_flows_and(more: &[(&str, &str)]) -> PathBuf {
    let folder = shipped_flows();
    for (name, flow) in more {
        fs::write(folder.join(name).with_extension("toml"), flow).unwrap();
    }
    folder
}

/// A folder with the shipped flows and nothing else.
fn shipped_flows() -> PathBuf {
    let folder = root().join("target/local-aws/flows");
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let entries = fs::read_dir(root().join("shared/flows")).unwrap().map(Result::unwrap);
    for file in entries.filter(|entry| entry.path().is_file()) {
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    folder
}

pub(crate) fn deploy(flows: Option<&Path>) {
    let script = root().join("tests/local-aws/run");
    assert!(Command::new(script).arg("deploy").args(flows).status().unwrap().success());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
