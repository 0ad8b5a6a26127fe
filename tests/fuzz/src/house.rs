//! Flows, settings and documents that several targets need, loaded once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use relay_connector::Catalog;
use relay_job::{FlowFile, FlowSettings, Flows};
use relay_mapping::{Context, Fault, Flow, LookupKey, Mapped};
use serde_json::Value;

pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(relay_connectors::catalog);

/// The shipped flows.
pub(crate) static FLOWS: LazyLock<Flows> = LazyLock::new(|| {
    let files = [
        ("direct-order-to-sharecrm", include_str!("../../../shared/flows/direct-order-to-sharecrm.toml")),
        ("direct-order-to-wangdian", include_str!("../../../shared/flows/direct-order-to-wangdian.toml")),
        ("orders-to-http", include_str!("../../../shared/flows/examples/orders-to-http.toml")),
        ("shipping-to-sharecrm", include_str!("../../../shared/flows/shipping-to-sharecrm.toml")),
        ("stock-to-sharecrm", include_str!("../../../shared/flows/stock-to-sharecrm.toml")),
        ("trade-to-kingdee", include_str!("../../../shared/flows/trade-to-kingdee.toml")),
    ];
    let files = files.map(|(name, text)| FlowFile {
        name: name.to_owned(),
        file: format!("{name}.toml"),
        text: text.to_owned(),
    });
    Flows::parse(files, &CATALOG).expect("the shipped flows hold no mistake")
});

/// The settings that they name.
pub(crate) static FLOW_SETTINGS: LazyLock<FlowSettings> =
    LazyLock::new(|| FlowSettings(values(FLOWS.settings())));

/// A document of each vendor that documents come from, as it writes them.
static SAMPLES: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let samples = [
        ("qince.direct_order", include_str!("../../../events/qince/direct-order.json")),
        ("wangdian.trade_query", include_str!("../../../events/wangdian/trade.json")),
        ("wangdian.logistics_sync_query", include_str!("../../../events/wangdian/logistics-sync.json")),
        ("wangdian.api_goods_stock_change_query", include_str!("../../../events/wangdian/stock-change.json")),
    ];
    samples.into_iter().map(|(name, text)| (name, serde_json::from_str(text).unwrap())).collect()
});

/// A document of that name; a trade where there is none, which is no less a document.
pub(crate) fn sample(name: &str) -> &'static Value {
    SAMPLES.get(name).unwrap_or(&SAMPLES["wangdian.trade_query"])
}

/// The time of all targets: the same input does the same, whenever it is tried.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_320_000, 0).unwrap()
}

/// Maps a document, with every look-up answered and every setting there.
pub(crate) fn apply(flow: &Flow, document: &Value) -> Result<Mapped, Vec<Fault>> {
    let settings = values(flow.settings());
    let lookups: BTreeMap<LookupKey, String> =
        flow.lookups(document).into_iter().map(|asked| (asked, "1001".to_owned())).collect();
    flow.apply(document, &Context { settings: &settings, lookups: &lookups })
}

/// All that is asked of a document before it is sent.
pub(crate) fn follow(flow: &Flow, document: &Value) -> Result<Mapped, Vec<Fault>> {
    _ = flow.admits(document).map_err(|fault| one_line(&fault));
    _ = flow.key(document).map_err(|fault| one_line(&fault));
    if let Some(version) = flow.version(document) {
        _ = flow.version_kind(document).parse(&version);
    }
    assert!(flow.absent_paths(document).len() <= flow.paths().count());
    let mapped = apply(flow, document);
    match &mapped {
        Ok(mapped) => assert!(mapped.body.is_object(), "a target's document is an object"),
        Err(faults) => {
            assert!(!faults.is_empty(), "what is not mapped has a reason");
            faults.iter().for_each(one_line);
        }
    }
    mapped
}

fn one_line(fault: &Fault) {
    assert!(!fault.to_string().contains('\n'), "a fault is one line of the ledger: {fault}");
}

fn values<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    names.into_iter().map(|name| (name.to_owned(), format!("<{name}>"))).collect()
}
