//! What the vendor pushes to us.

use chrono::TimeDelta;
use relay_connector::{PushRequest, RefusalKind};
use serde_json::{Value, json};

use crate::Suite;
use crate::bench::Bench;
use crate::vendor::Signed;

pub(crate) async fn a_push_is_believed_by_its_sign_alone(suite: Suite) {
    for push in suite.pushes() {
        let bench = Bench::of(suite.vendor);
        let data = (push.data)(&bench.vendors);
        let verified = bench.verify(push, &data, Signed::Rightly).unwrap();
        assert_eq!(verified.document.map(|document| document.name), Some(push.document));
        assert_eq!(verified.data, data);
        for signed in [Signed::Wrongly, Signed::Tampered] {
            let refused = bench.verify(push, &data, signed).unwrap_err();
            assert_eq!((refused.kind, refused.kept), (RefusalKind::Digest, None), "{signed:?}");
        }
        for minutes in [-60, -2, 2, 60] {
            let ahead = TimeDelta::minutes(minutes);
            bench.machine.set_ahead(ahead);
            let is_tolerated = push.tolerated.is_none_or(|most| ahead.abs().to_std().unwrap() <= most);
            let verified = bench.verify(push, &data, Signed::Rightly);
            assert_eq!(verified.is_ok(), is_tolerated, "our clock is {minutes} minutes ahead");
        }
    }
}

pub(crate) async fn a_push_is_refused_for_its_age_where_a_setting_limits_it_and_nowhere_else(suite: Suite) {
    for push in suite.pushes() {
        let verified = |settings: &[(&str, &str)], ahead, signed| {
            let bench = Bench::with(suite.vendor, settings);
            bench.machine.set_ahead(ahead);
            bench.verify(push, &(push.data)(&bench.vendors), signed)
        };
        for settings in [&[][..], &[(push.age, "0")]] {
            assert!(verified(settings, TimeDelta::days(400), Signed::Rightly).is_ok());
        }
        let limited = [(push.age, "10")];
        for minutes in [-9, 0, 9] {
            assert!(verified(&limited, TimeDelta::minutes(minutes), Signed::Rightly).is_ok(), "{minutes}");
        }
        for minutes in [-11, 11] {
            let refused = verified(&limited, TimeDelta::minutes(minutes), Signed::Rightly).unwrap_err();
            assert_eq!((refused.kind, &refused.kept), (RefusalKind::Age, &None), "{refused}");
            assert!(refused.message.contains(push.age) && refused.message.contains("clocks"), "{refused}");
        }
        // Who cannot sign learns nothing of it.
        let stranger = verified(&limited, TimeDelta::days(1), Signed::Wrongly).unwrap_err();
        assert_eq!(stranger.kind, RefusalKind::Digest);
    }
}

pub(crate) async fn a_push_comes_as_it_was_sent(suite: Suite) {
    for push in suite.pushes() {
        let bench = Bench::of(suite.vendor);
        let data = (push.data)(&bench.vendors);
        let mut without = data.clone();
        without.as_object_mut().unwrap().remove(push.list).unwrap();
        let with = |name: &str, value: Value| {
            let mut data = data.clone();
            data[name] = value;
            data
        };
        for data in [
            without,
            with(push.list, Value::Null),
            with(push.list, json!([])),
            with("number", json!(7_226_306_356_013_346_628_u64)),
            with("number", json!("7226306356013346628")),
            with("price", serde_json::from_str("12.50000000").unwrap()),
        ] {
            let verified = bench.verify(push, &data, Signed::Rightly).unwrap();
            assert_eq!(verified.data.to_string(), data.to_string(), "every digit and every field");
        }
    }
}

pub(crate) async fn a_push_that_comes_again_is_the_same_document(suite: Suite) {
    for push in suite.pushes() {
        let bench = Bench::of(suite.vendor);
        let data = (push.data)(&bench.vendors);
        let first = bench.verify(push, &data, Signed::Rightly).unwrap();
        let again = bench.verify(push, &data, Signed::Again).unwrap();
        assert_eq!((&first.kind, &first.id, &first.data), (&again.kind, &again.id, &again.data));
        assert!(!first.id.is_empty());
    }
}

pub(crate) async fn a_push_over_the_cap_is_refused(suite: Suite) {
    for push in suite.pushes() {
        let bench = Bench::of(suite.vendor);
        let webhook = bench.connection.webhook().unwrap();
        let mut data = (push.data)(&bench.vendors);
        data["remark"] = json!("很".repeat(webhook.max_body_bytes()));
        let sent = (push.request)(&bench.vendors, &data, Signed::Rightly);
        let request =
            PushRequest { method: "POST", path: sent.path, headers: &sent.headers, body: &sent.body };
        assert_eq!(webhook.verify(&request).unwrap_err().kind, RefusalKind::TooLarge, "{}", push.document);
    }
}
