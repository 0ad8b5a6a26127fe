#![expect(clippy::disallowed_methods, reason = "what the mapping costs is timed, by the machine's own time")]

use std::time::{Duration, Instant};

use super::{apply, document, shipped};

#[test]
fn two_thousand_lines_are_mapped_in_well_under_a_second() {
    for (flow, path, list) in [
        ("trade-to-kingdee", "wangdian/trade.json", "goods_list"),
        ("direct-order-to-wangdian", "qince/direct-order.json", "prods"),
    ] {
        let flow = shipped(flow);
        let mut document = document(path);
        let line = document[list][0].clone();
        document[list] = std::iter::repeat_n(line, 2_000).collect();
        let started = Instant::now();
        let mapped = apply(&flow, &document).unwrap();
        // Without optimisation and beside other tests; two orders of magnitude above what it takes.
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let lines = mapped.body.as_object().unwrap().values().find_map(|value| value.as_array()).unwrap();
        assert_eq!(lines.len(), 2_000);
    }
}
