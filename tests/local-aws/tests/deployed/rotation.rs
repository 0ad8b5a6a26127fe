use local_aws::on_the_stack;
use local_aws::stack::minutes_ago;
use relay_simulators::qince::PushStyle;
use serde_json::json;

/// The vendors take their credentials of today; the functions have started with those of yesterday.
#[test]
#[ignore = "needs the local AWS: tests/local-aws/run"]
fn a_rotated_secret_costs_no_document() {
    on_the_stack(async |stack| {
        let today = stack.secret().await.unwrap();
        let mut yesterday = today.clone();
        for secret in [
            "SHARECRM_APP_SECRET",
            "KINGDEE_CLIENT_SECRET",
            "WDT_APPSECRET",
            "QIMEN_APP_SECRET",
            "QINCE_PUSH_SECRETS",
        ] {
            assert!(today[secret].is_string(), "{secret}");
            yesterday[secret] = json!(format!("{secret} of yesterday"));
        }
        stack.put_secret(&yesterday.to_string()).await.unwrap();
        for function in ["WebhookReceiver", "TradePoller", "ErpPusher"] {
            stack.kill(function).unwrap();
        }
        // Each starts, and meets no vendor yet.
        assert!(!stack.invoke("ErpPusher", &json!({ "Records": [] })).await.unwrap().failed);
        stack.invoke("WebhookReceiver", &json!({})).await.unwrap();
        stack.invoke("TradePoller", &json!({ "flow": "none" })).await.unwrap();
        stack.put_secret(&today.to_string()).await.unwrap();
        let read = stack.requests().unwrap()["GetSecretValue"];

        let order = stack.vendors.qince.order(minutes_ago(1));
        let push = stack.vendors.qince.push(&order, &PushStyle::default());
        assert_eq!(stack.push(&push).await.unwrap(), (200, true));
        let trades = stack.new_trades(3).await.unwrap();
        stack.poll().await.unwrap();
        stack.until_quiet().await.unwrap();

        assert!(
            stack.requests().unwrap()["GetSecretValue"] >= read + 3,
            "each was refused, and read it again"
        );
        let id = order["id"].as_str().unwrap();
        let record = &stack.vendors.sharecrm.records()[&("erpSalesOrderObj".to_owned(), id.to_owned())];
        assert_eq!(record.history.len(), 1);
        assert_eq!(stack.vendors.wangdian.pushed_orders()[id].creates, 1);
        assert!(stack.creates(&trades).iter().all(|count| *count == 1));
    });
}
