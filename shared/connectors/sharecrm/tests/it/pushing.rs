use std::sync::Arc;

use relay_connector::{Class, Response, TransportError};
use relay_core::clock::Deadline;
use relay_sharecrm::Settings;
use serde_json::json;

use crate::support::{Answer, ShareCrm, body, code, document, header, payload, says, settings};

async fn pushing(answer: Answer) -> Result<String, relay_connector::Failure> {
    Arc::new(ShareCrm::answering([answer])).client().push(&document(), Deadline::NONE).await
}

#[tokio::test]
async fn everything_sits_inside_data_under_the_common_headers() {
    let sharecrm = Arc::new(ShareCrm::answering([says(200, "accepted.json")]));
    let trace_id = sharecrm.client().push(&document(), Deadline::NONE).await;
    assert_eq!(trace_id.as_deref(), Ok("E-O.827xxxxxx"));
    let push = &sharecrm.sent_to("/push")[0];
    assert_eq!(push.url.path(), "/cgi/crm/erp/syncdata/objdata/push");
    assert_eq!(body(push), json!({ "data": document() }));
    for (name, value) in [
        ("content-type", "application/json"),
        ("authorization", "Bearer tok-1"),
        ("x-fs-ea", "54171"),
        ("x-fs-userid", "1000"),
        ("token", "console-t0ken"),
    ] {
        assert_eq!(header(push, name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn every_request_has_a_trace_id_of_its_own() {
    let answers = [code(20016), says(200, "accepted.json"), says(200, "accepted.json")];
    let sharecrm = Arc::new(ShareCrm::answering(answers));
    let client = sharecrm.client();
    client.push(&document(), Deadline::NONE).await.unwrap();
    client.push(&document(), Deadline::NONE).await.unwrap();
    let mut traces: Vec<_> =
        sharecrm.sent_to("").iter().map(|request| request.url.query().unwrap().to_owned()).collect();
    assert!(traces.iter().all(|trace| trace.len() == "thirdTraceId=".len() + 36), "{traces:?}");
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), 5, "two log-ins and three pushes");
}

#[tokio::test]
async fn the_code_alone_decides_whatever_wording_and_status() {
    let ours = pushing(says(200, "accepted_as_string.json")).await.unwrap();
    assert_eq!(ours.len(), 36, "our own trace id where the vendor gives none");
    assert!(pushing(says(500, "accepted.json")).await.is_ok());
    let worded_as_success = Ok(Response::new(200, br#"{"errorCode":"32000","errorMessage":"OK"}"#));
    assert_eq!(pushing(worded_as_success).await.unwrap_err().class, Class::Refused);
}

#[tokio::test]
async fn each_code_has_its_class() {
    let retry = Class::Retry { after: None };
    let paused = Class::Paused { until: None };
    for (codes, class) in [
        (&[-1, -2, 14001, 30004][..], retry),
        (&[50009], Class::Unknown),
        (&[30003, 20006, 20015, 20020, 20021, 20022, 15003, 20014, 10006, 20017], paused),
        (&[32000, 15002, 10001, 99999], Class::Refused),
    ] {
        for number in codes {
            let failure = pushing(code(*number)).await.unwrap_err();
            assert_eq!(failure.class, class, "{number}");
            assert_eq!(failure.code, Some(number.to_string()));
            assert!(failure.message.starts_with("why"), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_used_up_pack_pauses_until_midnight_in_china() {
    let failure = pushing(code(30002)).await.unwrap_err();
    let Class::Paused { until: Some(until) } = failure.class else { panic!("{failure:?}") };
    assert_eq!(until.to_rfc3339(), "2026-11-23T16:00:00+00:00");
}

#[tokio::test]
async fn a_locked_record_is_certain_not_to_be_written() {
    let failure = pushing(says(200, "locked.json")).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("E-O.5"), "{failure}");
}

#[tokio::test]
async fn a_refusal_is_read_whatever_it_is_written_in() {
    for name in ["locked_in_gbk.json", "locked_in_a_page.html"] {
        let failure = pushing(says(200, name)).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused, "{name}: {failure}");
        assert!(failure.message.contains("锁定"), "{name}: {failure}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_judged_by_where_it_comes_from() {
    // A page under 200 may be a proxy's accident: one of them must not stop the target.
    for (status, class) in [(302, Class::Paused { until: None }), (200, Class::Unknown)] {
        let failure = pushing(says(status, "wrong_host.html")).await.unwrap_err();
        assert_eq!(failure.class, class, "{status}");
        assert!(failure.message.contains("SHARECRM_BASE_URL"), "{failure}");
    }
    let cut_off = Ok(Response::new(200, payload("accepted.json").into_bytes()[..20].to_vec()));
    for answer in [cut_off, says(502, "wrong_host.html"), Err(TransportError::Lost("timed out".into()))] {
        assert_eq!(pushing(answer).await.unwrap_err().class, Class::Unknown);
    }
}

#[tokio::test]
async fn what_the_platform_cannot_know_a_record_without_is_asked_for_before_sending() {
    let sharecrm = Arc::new(ShareCrm::answering([]));
    let client = sharecrm.client();
    for (missing, way_out) in
        [("objAPIName", "flow"), ("dataCenterId", "SHARECRM_DATA_CENTER_ID"), ("id", "key")]
    {
        let mut incomplete = document();
        incomplete[missing] = json!("");
        let failure = client.push(&incomplete, Deadline::NONE).await.unwrap_err();
        assert_eq!(failure.class, Class::Refused);
        assert!(failure.message.contains(missing) && failure.message.contains(way_out), "{failure}");
    }
    let mut direct = document();
    direct["directSync"] = json!(true);
    assert!(client.push(&direct, Deadline::NONE).await.unwrap_err().message.contains("destObjectApiName"));
    assert!(sharecrm.sent_to("").is_empty());
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_sent() {
    let mut large = document();
    large["masterFieldVal"]["remark"] = json!("长".repeat(400));
    let sharecrm = Arc::new(ShareCrm::answering([]));
    let failure = sharecrm.client().push(&large, Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(failure.message.contains("the limit of 1024") && failure.message.contains(" bytes"), "{failure}");
    assert!(sharecrm.sent_to("").is_empty());
}

#[tokio::test]
async fn a_hundred_pushes_in_20_s_are_never_exceeded_by_one_process_nor_by_two_that_share() {
    for (allowed, limit) in [(80, 100), (40, 50)] {
        let sharecrm = Arc::new(ShareCrm::answering((0..250).map(|_| says(200, "accepted.json"))));
        let pushes_in_20_seconds = allowed.try_into().unwrap();
        let client = sharecrm.client_of(Settings { pushes_in_20_seconds, ..settings() });
        for _ in 0..250 {
            client.push(&document(), Deadline::NONE).await.unwrap();
        }
        let times = sharecrm.times_of("/push");
        let spans: Vec<_> = times.windows(limit + 1).map(|window| window[limit] - window[0]).collect();
        assert!(spans.iter().all(|span| span.num_milliseconds() >= 20_000), "{allowed}");
    }
}

#[test]
fn the_limit_of_the_settings_holds_an_ordinary_document() {
    assert!(document().to_string().len() < settings().max_body_bytes);
}
