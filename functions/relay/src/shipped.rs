//! The flow files that come with the program, each with its tests where it has any, to be written into a folder.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use relay_host::flows::TEST;
use relay_job::FlowFile;
use relay_job::flow_tests::TestFile;

use crate::language;

/// A file that comes with the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// What belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    /// What runs where nobody has flow files of his own
    Default,
    /// 电商: what WDT sells, buys and keeps becomes Kingdee's bills
    ECommerce,
    /// 电商日汇总: the same, but sales become one bill for each shop, warehouse and day (above some 5,000 orders a day)
    ECommerceDaily,
    /// 车销快消: Qince's orders in ShareCRM and WDT, with what becomes of them
    FieldSales,
}

/// What was written, and what was there already and is left as it was.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) new: Vec<String>,
    pub(crate) kept: Vec<String>,
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Everyone,
    OwnerAlone,
}

/// Files of a folder of `shared/flows`, by their names.
macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(File {
            name: $name,
            text: include_str!(concat!("../../../shared/flows/", $folder, $name)),
        }),*]
    };
}

const DEFAULT: &[File] = files!["":
    "direct-order-to-sharecrm.test.toml",
    "direct-order-to-sharecrm.toml",
    "direct-order-to-wangdian.test.toml",
    "direct-order-to-wangdian.toml",
    "shipping-to-sharecrm.test.toml",
    "shipping-to-sharecrm.toml",
    "stock-to-sharecrm.test.toml",
    "stock-to-sharecrm.toml",
    "tests/direct-order.json",
    "tests/stock-change.json",
    "tests/trade.json",
    "tests/waybill.json",
    "trade-to-kingdee.test.toml",
    "trade-to-kingdee.toml",
];

/// Of `shared/flows/e-commerce`.
const E_COMMERCE: &[File] = files!["e-commerce/":
    "count-gain-to-kingdee.test.toml",
    "count-gain-to-kingdee.toml",
    "count-loss-to-kingdee.test.toml",
    "count-loss-to-kingdee.toml",
    "goods-to-kingdee.test.toml",
    "goods-to-kingdee.toml",
    "kingdee-v2/purchase-order-to-wangdian.test.toml",
    "kingdee-v2/purchase-order-to-wangdian.toml",
    "kingdee-v2/purchase-to-kingdee.test.toml",
    "kingdee-v2/purchase-to-kingdee.toml",
    "kingdee-v2/transfer-in-to-kingdee.test.toml",
    "kingdee-v2/transfer-in-to-kingdee.toml",
    "other-in-to-kingdee.test.toml",
    "other-in-to-kingdee.toml",
    "other-out-to-kingdee.test.toml",
    "other-out-to-kingdee.toml",
    "purchase-return-to-kingdee.test.toml",
    "purchase-return-to-kingdee.toml",
    "purchase-to-kingdee.test.toml",
    "purchase-to-kingdee.toml",
    "return-to-kingdee.test.toml",
    "return-to-kingdee.toml",
    "shop-to-kingdee.test.toml",
    "shop-to-kingdee.toml",
    "stockout-to-kingdee.test.toml",
    "stockout-to-kingdee.toml",
    "supplier-to-kingdee.test.toml",
    "supplier-to-kingdee.toml",
    "tests/stockout.json",
    "transfer-to-kingdee.test.toml",
    "transfer-to-kingdee.toml",
];

/// Of `shared/flows/e-commerce-daily`: what takes the place of those of `e-commerce` that book sales one by one.
const E_COMMERCE_DAILY: &[File] = files!["e-commerce-daily/":
    "kingdee-v2/return-to-kingdee.test.toml",
    "kingdee-v2/return-to-kingdee.toml",
    "kingdee-v2/stockout-by-day-to-kingdee.toml",
    "stockout-by-day-to-kingdee.test.toml",
    "stockout-by-day-to-kingdee.toml",
];

/// Of `e-commerce`, what books sales one by one.
const ONE_BY_ONE: [&str; 3] =
    ["stockout-to-kingdee.toml", "stockout-to-kingdee.test.toml", "tests/stockout.json"];

/// Of `shared/flows/field-sales`.
const FIELD_SALES: &[File] = files!["field-sales/":
    "cancelled-order-to-wangdian.test.toml",
    "cancelled-order-to-wangdian.toml",
    "qince-write-back/shipping-to-qince.test.toml",
    "qince-write-back/shipping-to-qince.toml",
    "refund-to-sharecrm.test.toml",
    "refund-to-sharecrm.toml",
    "stock-snapshot-to-sharecrm.test.toml",
    "stock-snapshot-to-sharecrm.toml",
    "tests/direct-order.json",
    "tests/refund.json",
];

/// Failures, and what else needs a person, are told to a robot, in every set, once there is one.
const ALERTS: [File; 4] = [
    File {
        name: "alerts/failures-to-wecom.test.toml",
        text: include_str!("../../../shared/flows/examples/failures-to-wecom.test.toml"),
    },
    File {
        name: "alerts/failures-to-wecom.toml",
        text: include_str!("../../../shared/flows/examples/failures-to-wecom.toml"),
    },
    File {
        name: "alerts/health-to-wecom.test.toml",
        text: include_str!("../../../shared/flows/examples/health-to-wecom.test.toml"),
    },
    File {
        name: "alerts/health-to-wecom.toml",
        text: include_str!("../../../shared/flows/examples/health-to-wecom.toml"),
    },
];

/// Of the default flows, those that a set has too.
const FIELD_SALES_OF_DEFAULT: [&str; 3] =
    ["direct-order-to-sharecrm", "direct-order-to-wangdian", "shipping-to-sharecrm"];

impl Set {
    /// As a person types it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it is for.
    pub(crate) fn title(self) -> &'static str {
        let (chinese, english) = match self {
            Self::Default => (
                "自带的流程(没有自己的流程文件夹时就运行它们)",
                "the flows that run where nobody has flow files of his own",
            ),
            Self::ECommerce => ("电商", "e-commerce"),
            Self::ECommerceDaily => ("电商,销售按日汇总", "e-commerce, sales by the day"),
            Self::FieldSales => ("车销快消", "field sales"),
        };
        language::current().says(chinese, english)
    }

    /// Its flows.
    pub(crate) fn flows(self) -> Vec<FlowFile> {
        let is_flow = |file: &&File| is_active(file.name);
        let flow = |file: File| {
            let name = file.name.trim_end_matches(".toml").to_owned();
            FlowFile { name, file: file.name.to_owned(), text: file.text.to_owned() }
        };
        self.files().iter().filter(is_flow).copied().map(flow).collect()
    }

    /// Its flows that run nowhere until they are moved up, by the folder, which tells by its name what they need.
    pub(crate) fn waiting(self) -> BTreeMap<&'static str, Vec<&'static str>> {
        let mut waiting = BTreeMap::<_, Vec<_>>::new();
        for File { name, .. } in self.files() {
            let within = name.strip_suffix(".toml").and_then(|name| name.split_once('/'));
            if let Some((folder, flow)) = within.filter(|(_, flow)| !flow.ends_with(".test")) {
                waiting.entry(folder).or_default().push(flow);
            }
        }
        waiting
    }

    fn files(self) -> Vec<File> {
        match self {
            Self::Default => DEFAULT.to_vec(),
            Self::ECommerce => [E_COMMERCE, &ALERTS].concat(),
            Self::ECommerceDaily => {
                let is_of_set = |file: &&File| !ONE_BY_ONE.contains(&file.name);
                let shared = E_COMMERCE.iter().filter(is_of_set);
                shared.chain(E_COMMERCE_DAILY).chain(&ALERTS).copied().collect()
            }
            Self::FieldSales => {
                let is_of_set = |file: &&File| {
                    let flow = file.name.trim_end_matches(".toml").trim_end_matches(".test");
                    FIELD_SALES_OF_DEFAULT.contains(&flow) || file.name == "tests/waybill.json"
                };
                let shared = DEFAULT.iter().filter(is_of_set);
                FIELD_SALES.iter().chain(shared).chain(&ALERTS).copied().collect()
            }
        }
    }
}

/// Whether it is a flow file that runs where it is written: one in a folder of its own waits there.
fn is_active(name: &str) -> bool {
    name.ends_with(".toml") && !name.ends_with(TEST) && !name.contains('/')
}

impl Written {
    /// Names the files from the folder above.
    pub(crate) fn within(&mut self, folder: &str) {
        self.new.iter_mut().chain(&mut self.kept).for_each(|file| *file = format!("{folder}/{file}"));
    }
}

/// Writes the files of a set into a folder, which is made where it is missing. A file that is there is never overwritten.
///
/// # Errors
/// A folder or file that cannot be written.
pub(crate) fn write(set: Set, folder: &Path) -> anyhow::Result<Written> {
    let mut written = Written::default();
    for File { name, text } in set.files() {
        let is_new = write_new(&folder.join(name), text, For::Everyone)?;
        let told = if is_new { &mut written.new } else { &mut written.kept };
        told.push(name.to_owned());
    }
    Ok(written)
}

/// Writes one flow file of a set into a folder, where it runs; it is left as it was where it is there already.
///
/// # Errors
/// A set that does not have it; a file that cannot be written.
pub(crate) fn write_one(set: Set, name: &str, folder: &Path) -> anyhow::Result<()> {
    let file = set.files().into_iter().find(|file| file.name == name);
    let file = file.with_context(|| format!("the set {} has no file {name}", set.name()))?;
    let its_name = Path::new(name).file_name().unwrap_or_default();
    write_new(&folder.join(its_name), file.text, For::Everyone).map(drop)
}

/// Writes a file where there is none, with its folder; says whether it did.
///
/// # Errors
/// A folder or file that cannot be written.
pub(crate) fn write_new(path: &Path, text: &str, reader: For) -> anyhow::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if reader == For::OwnerAlone {
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
    }
}

/// The tests of the flows that run where nobody has flow files of his own.
pub(crate) fn tests() -> Vec<TestFile> {
    let beside = |name: &str| match DEFAULT.iter().find(|file| file.name == name) {
        Some(file) => Ok(file.text.to_owned()),
        None => Err(io::Error::from(ErrorKind::NotFound)),
    };
    let test = |File { name, text }: &File| {
        let flow = name.strip_suffix(TEST)?.to_owned();
        let (file, text) = ((*name).to_owned(), (*text).to_owned());
        Some(TestFile { flow, file, text, beside: Box::new(beside) })
    };
    DEFAULT.iter().filter_map(test).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The flow files and tests of a folder of `shared/flows`, and the documents that these name.
    fn files_of(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/flows").join(folder);
        let names = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let flows = names(&folder).into_iter().filter(|name| name.ends_with(".toml"));
        let within = |inner: &'static str| {
            let names = if folder.join(inner).exists() { names(&folder.join(inner)) } else { Vec::new() };
            names.into_iter().map(move |name| format!("{inner}/{name}"))
        };
        flows.chain(["tests", "kingdee-v2", "qince-write-back"].into_iter().flat_map(within)).collect()
    }

    #[test]
    fn every_shipped_file_of_a_set_comes_with_the_program() {
        for (files, folder) in [
            (DEFAULT, ""),
            (E_COMMERCE, "e-commerce"),
            (E_COMMERCE_DAILY, "e-commerce-daily"),
            (FIELD_SALES, "field-sales"),
        ] {
            let known: BTreeSet<_> = files.iter().map(|file| file.name.to_owned()).collect();
            assert_eq!(known, files_of(folder), "{folder}");
        }
    }

    #[test]
    fn each_flow_of_a_set_has_tests() {
        for set in [Set::ECommerce, Set::ECommerceDaily, Set::FieldSales] {
            let names: Vec<_> = set.files().iter().map(|file| file.name).collect();
            for FlowFile { name, .. } in set.flows() {
                assert!(names.contains(&format!("{name}.test.toml").as_str()), "{name}");
            }
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each file once");
        }
    }

    #[test]
    fn the_daily_set_books_no_sale_one_by_one() {
        let flows = Set::ECommerceDaily.flows();
        let takes = |flow: &&FlowFile| flow.text.contains("kingdee.sal_outbound_save");
        let names: Vec<_> = flows.iter().filter(takes).map(|flow| flow.name.as_str()).collect();
        assert_eq!(names, ["stockout-by-day-to-kingdee"]);
    }
}
