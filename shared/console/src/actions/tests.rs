use super::*;

fn asked(query: &str) -> Option<Action> {
    Action::of(&Request { fields: Request::parsed(query.as_bytes()), ..Request::default() })
}

#[test]
fn an_action_says_which_documents_it_means() {
    assert_eq!(asked("what=replay"), None, "never all of them by a slip");
    assert_eq!(asked("what=settle&flow=a"), None);
    assert!(asked("what=replay&cause=ab12").is_some());
    assert!(asked("what=settle&flow=a&key=1").is_some());
    assert_eq!(asked("what=drop&name=a"), None);
    assert_eq!(asked("what=backfill&flow=a&from=yesterday&to=2026-11-29"), None);
}

#[test]
fn its_fields_name_it_again_and_its_command_is_safe_to_paste() {
    for query in [
        "what=replay&flow=a&key=x%27y",
        "what=replay&flow=a&key=1&delivered=yes",
        "what=settle&cause=ab12",
        "what=settle&flow=a&grep=it%27s",
        "what=rewind&flow=a&to=2026-11-28T08:00",
        "what=pause&name=kingdee",
        "what=resume&name=wangdian&side=source",
        "what=redrive&target=kingdee",
        "what=close&flow=a&group=S1/W1",
        "what=test-alert",
        "what=test-alert&flow=a",
        "what=settle&flow=a&key=1&key=2",
        "what=backfill&flow=a&from=2026-11-28T08:00&to=2026-11-29T08:00:30",
    ] {
        let action = asked(query).unwrap();
        let fields = action.fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(Action::of(&Request { fields, ..Request::default() }), Some(action.clone()));
    }
    let action = asked("what=replay&flow=a&key=x%27y").unwrap();
    assert_eq!(action.command(), r"relay replay --flow a --key 'x'\''y'");
    let action = asked("what=settle&flow=a&grep=no+stock").unwrap();
    assert_eq!(action.command(), "relay settle --flow a --grep 'no stock' --reason …");
    assert_eq!(asked("what=test-alert&flow=a").unwrap().command(), "relay test-alert a");
    let action = asked("what=rewind&flow=a&to=2026-11-28T08:00").unwrap();
    assert_eq!(action.command(), "relay rewind a --to '2026-11-28 08:00:00'");
}
