use chrono::{Days, TimeDelta};
use local_aws::on_the_stack;
use local_aws::stack::{TRADES, minutes_ago};
use relay_core::registry;
use serde_json::{Value, json};

/// By the deployed function, under its role: a trade that was never read is missing.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_day_is_compared_by_the_deployed_reconciler_and_its_result_is_told() {
    on_the_stack(async |stack| {
        // The day before, once it is three o'clock in China.
        let day = (minutes_ago(0) + TimeDelta::hours(5)).date_naive() - Days::new(1);
        let noon = day.and_hms_opt(4, 0, 0).unwrap().and_utc();
        let checkpoints = stack.stores.checkpoints.as_ref();
        stack.read_trades_from(minutes_ago(52)).await.unwrap();
        stack.poll().await.unwrap();
        stack.until_quiet().await.unwrap();
        registry::change(checkpoints, |known| {
            known.entry(TRADES.to_owned()).and_modify(|flow| flow.since = noon - TimeDelta::days(1));
        })
        .await
        .unwrap();
        let missing = stack.vendors.wangdian.generate_trade("S001", 55, noon);

        let days = async || {
            let invoked = stack.invoke("DayReconciler", &json!({})).await.unwrap();
            assert!(!invoked.failed, "{}", invoked.payload);
            invoked.payload["days"].clone()
        };
        let compared = days().await;
        let of_trades: Vec<_> = compared["compared"].as_array().unwrap().iter().collect();
        let told = json!({ "flow": TRADES, "day": day, "standing": "different", "differences": 1 });
        assert_eq!(of_trades, [&told], "{compared}");
        assert_eq!(days().await["compared"], json!([]), "the night's turn was had");
        let kept = checkpoints.get(&format!("reconciliation/{day}/{TRADES}")).await.unwrap().unwrap();
        let kept: Value = serde_json::from_str(&kept.value).unwrap();
        assert_eq!(kept["documents"][0]["key"], json!(missing), "{kept}");

        // The same that a person is told of, who sends what is missing.
        let status = stack.end_of(stack.relay(&["status"]).unwrap()).await.unwrap();
        let log = stack.relays_log().unwrap();
        assert_eq!(status, 1);
        assert!(log.contains(&format!("{TRADES}: the sides differ on {day} (1 missing)")), "{log}");
        let again = day.to_string();
        let heal = ["reconcile", TRADES, "--day", &again, "--heal", "--yes"];
        assert_eq!(stack.end_of(stack.relay(&heal).unwrap()).await.unwrap(), 1);
        stack.until_quiet().await.unwrap();
        stack.run_relay(&["reconcile", TRADES, "--day", &again, "--yes"]).await.unwrap();
        assert_eq!(stack.creates(&[missing].into()), [1]);
    });
}
