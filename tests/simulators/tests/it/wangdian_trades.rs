use std::collections::BTreeSet;
use std::time::Duration;

use relay_simulators::Fault;
use relay_simulators::wangdian::TradeMix;
use serde_json::{Value, json};

use crate::bench::{Bench, Given, object, rows, text, utc};

const HOUR: &[(&str, &str)] = &[
    ("start_time", "2026-11-22 10:00:00"),
    ("end_time", "2026-11-22 11:00:00"),
    ("page_no", "0"),
    ("page_size", "100"),
];

fn hour_with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = HOUR.iter().filter(|(name, _)| more.iter().all(|(other, _)| name != other));
    kept.copied().chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect()
}

#[tokio::test]
async fn queries_outside_the_rules_are_refused() {
    let bench = Bench::new();
    let cases: &[(&str, &str, Given)] = &[
        ("trade_query", "时间跨度", &[("start_time", "2026-11-22 09:59:59")]),
        ("trade_query", "结束时间", &[("start_time", "2026-11-22 11:00:01")]),
        ("trade_query", "start_time不能为空", &[("start_time", "")]),
        ("trade_query", "end_time格式错误", &[("end_time", "2026-11-22T11:00:00")]),
        ("trade_query", "page_size超出范围", &[("page_size", "101")]),
        ("trade_query", "page_size超出范围", &[("page_size", "0")]),
        ("trade_query", "page_no", &[("page_no", "-1")]),
        ("trade_query", "未知的参数", &[("begin_time", "1")]),
        ("stock_query", "时间跨度", &[("start_time", "2026-10-22 00:00:00")]),
        ("refund_query", "page_size超出范围", &[("page_size", "41")]),
        ("api_goods_stock_change_query", "未知的参数", &[]),
        (
            "logistics_sync_query",
            "limit",
            &[("limit", "0"), ("start_time", ""), ("end_time", ""), ("page_no", ""), ("page_size", "")],
        ),
    ];
    for (name, expected, change) in cases {
        let answer = bench.direct(name, &hour_with(change)).await;
        assert_ne!(text(&answer["code"]), "0", "{name} {change:?}: {answer}");
        assert!(text(&answer["message"]).contains(expected), "{name} {change:?}: {answer}");
    }
}

#[tokio::test]
async fn the_window_is_closed_at_both_ends_and_knows_no_future() {
    let bench = Bench::new();
    for (trade_no, modified) in [
        ("before", "2026-11-22 09:59:59"),
        ("first", "2026-11-22 10:00:00"),
        ("last", "2026-11-22 11:00:00"),
        ("after", "2026-11-22 11:00:01"),
    ] {
        bench
            .vendors
            .wangdian
            .add_trade(object(&json!({"trade_no": trade_no, "modified": modified}).to_string()));
    }
    let answer = bench.direct("trade_query", HOUR).await;
    let found: Vec<String> = rows(&answer, "trades").iter().map(|row| text(&row["trade_no"])).collect();
    assert_eq!(found, ["first", "last"]);

    let later = json!({"trade_no": "later", "modified": "2026-11-22 12:30:00"});
    bench.vendors.wangdian.add_trade(object(&later.to_string()));
    let window = [("start_time", "2026-11-22 12:00:00"), ("end_time", "2026-11-22 13:00:00")];
    assert!(rows(&bench.direct("trade_query", &hour_with(&window)).await, "trades").is_empty());
    bench.clock.advance(Duration::from_secs(1_800));
    assert_eq!(rows(&bench.direct("trade_query", &hour_with(&window)).await, "trades").len(), 1);
}

#[tokio::test]
async fn a_lag_shows_changes_late() {
    let bench = Bench::new();
    bench.vendors.wangdian.set_lag(Duration::from_secs(90));
    bench.vendors.wangdian.generate_trade("S001", 55, utc("2026-11-22T11:59:00+08:00"));
    let window = [("start_time", "2026-11-22 11:00:00"), ("end_time", "2026-11-22 12:00:00")];
    assert!(rows(&bench.direct("trade_query", &hour_with(&window)).await, "trades").is_empty());
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(rows(&bench.direct("trade_query", &hour_with(&window)).await, "trades").len(), 1);
}

#[tokio::test]
async fn pages_add_up_and_only_page_0_counts() {
    let bench = Bench::new();
    let (from, to) = (utc("2026-11-22T10:00:00+08:00"), utc("2026-11-22T11:00:00+08:00"));
    bench.vendors.wangdian.generate_trades(250, from, to, TradeMix::default());
    let mut found = BTreeSet::new();
    for (page, rows_there, counted) in
        [("0", 100, true), ("1", 100, false), ("2", 50, false), ("3", 0, false)]
    {
        let answer = bench.direct("trade_query", &hour_with(&[("page_no", page)])).await;
        assert_eq!(rows(&answer, "trades").len(), rows_there);
        assert_eq!(answer.get("total_count").map(text), counted.then(|| "250".to_owned()));
        found.extend(rows(&answer, "trades").iter().map(|row| text(&row["trade_no"])));
    }
    assert_eq!(found.len(), 250);
}

#[tokio::test]
async fn a_number_makes_the_other_parameters_void() {
    let bench = Bench::new();
    bench.vendors.wangdian.generate_trades(
        5,
        utc("2026-11-20T10:00:00+08:00"),
        utc("2026-11-20T11:00:00+08:00"),
        TradeMix::default(),
    );
    let trade_no = bench.vendors.wangdian.trades()[3].trade_no.clone();
    let answer = bench.direct("trade_query", &hour_with(&[("trade_no", &trade_no), ("status", "5")])).await;
    let row = &rows(&answer, "trades")[0];
    assert_eq!(text(&row["trade_no"]), trade_no);
    let answer = bench.direct("trade_query", &[("src_tid", &text(&row["src_tids"]))]).await;
    assert_eq!(text(&rows(&answer, "trades")[0]["trade_no"]), trade_no);
}

#[tokio::test]
async fn taobao_trades_come_over_qimen_alone_without_private_fields() {
    let bench = Bench::new();
    for _ in 0..6 {
        bench.vendors.wangdian.generate_trade("S002", 55, utc("2026-11-22T10:30:00+08:00"));
    }
    bench.vendors.wangdian.generate_trade("S001", 55, utc("2026-11-22T10:30:00+08:00"));
    assert_eq!(rows(&bench.direct("trade_query", HOUR).await, "trades").len(), 1);
    let answer = bench.qimen("wdt.trade.query", HOUR).await["response"].clone();
    let found = rows(&answer, "trades");
    assert_eq!(found.len(), 7);
    for row in found {
        let nick = row.get("buyer_nick").map(text).unwrap_or_default();
        let is_private = text(&row["platform_id"]) == "1";
        assert_eq!(["", "***"].contains(&nick.as_str()), is_private, "{nick}");
    }
}

#[tokio::test]
async fn rows_hold_every_field_and_add_up() {
    let bench = Bench::new();
    let (from, to) = (utc("2026-11-22T10:00:00+08:00"), utc("2026-11-22T11:00:00+08:00"));
    bench.vendors.wangdian.generate_trades(50, from, to, TradeMix::default());
    for row in rows(&bench.direct("trade_query", HOUR).await, "trades") {
        assert_eq!(row.as_object().unwrap().len(), 120);
        let sum = |field: &str| -> rust_decimal::Decimal {
            let lines = rows(row, "goods_list").iter();
            lines.map(|line| text(&line[field]).parse::<rust_decimal::Decimal>().unwrap()).sum()
        };
        assert!(rows(row, "goods_list").iter().all(|line| line.as_object().unwrap().len() == 65));
        let paid = sum("share_amount") + text(&row["post_amount"]).parse::<rust_decimal::Decimal>().unwrap();
        assert_eq!(text(&row["paid"]).parse::<rust_decimal::Decimal>().unwrap(), paid);
    }
}

#[tokio::test]
async fn moving_pages_take_rows_out_of_the_window() {
    let bench = Bench::new();
    let (from, to) = (utc("2026-11-22T10:00:00+08:00"), utc("2026-11-22T11:00:00+08:00"));
    bench.vendors.wangdian.generate_trades(40, from, to, TradeMix::default());
    bench.vendors.wangdian.faults.inject_for("trade_query", Fault::MovingPages);
    let before = bench.direct("trade_query", HOUR).await;
    let after = bench.direct("trade_query", HOUR).await;
    let (before, after) = (rows(&before, "trades").len(), rows(&after, "trades").len());
    assert!(before == 40 && (37..40).contains(&after), "{before} {after}");
    let changed = bench.vendors.wangdian.trades();
    assert_eq!(changed.iter().filter(|trade| trade.version_id > 1).count(), 40 - after);
    assert_eq!(changed.len(), 41);
}

#[tokio::test]
async fn a_hundred_thousand_trades_are_kept() {
    let bench = Bench::new();
    let (from, to) = (utc("2026-11-22T10:00:00+08:00"), utc("2026-11-22T11:00:00+08:00"));
    bench.vendors.wangdian.generate_trades(
        100_000,
        from,
        to,
        TradeMix { taobao_per_mille: 100, ..TradeMix::default() },
    );
    let answer = bench.qimen("wdt.trade.query", &hour_with(&[("status", "55")])).await;
    assert_eq!(text(&answer["response"]["total_count"]), "100000");
    assert_ne!(answer["response"]["trades"], Value::Null);
}
