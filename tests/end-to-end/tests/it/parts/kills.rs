use std::sync::Arc;

use super::{TO_KINGDEE, failed, order, push, there, to_http, with_flow};
use crate::fuse::Fuse;
use crate::house::House;

/// Has the pusher killed at its first step, at its second, and so on, each time in a new house, until it comes to its end.
pub(super) async fn killed_at_each_step(
    text: Option<&str>,
    prepared: impl Fn(House) -> House,
    before: impl AsyncFn(&House),
    then: impl AsyncFn(&House, u64),
) {
    for steps in 0.. {
        let (house, _folder) = text.map_or_else(|| to_http(steps), |text| with_flow(steps, text));
        let house = prepared(house);
        before(&house).await;
        let fuse: Arc<Fuse> = Fuse::after(steps);
        let killed = fuse.run(house.start_with(&fuse).drain()).await.is_none();
        house.start().drain_through_pauses().await;
        then(&house, steps).await;
        if !killed {
            assert!(steps > 20, "the work takes only {steps} steps: nothing was tried");
            return;
        }
    }
}

#[tokio::test]
async fn wherever_the_pusher_is_killed_each_part_is_there_once() {
    killed_at_each_step(
        Some(TO_KINGDEE),
        |house| house,
        async |house| {
            // Only our asking first prevents a second one then.
            house.vendors.kingdee.set_refuses_duplicates(false);
            let lines = [("WH01", "ML-250-24", 1), ("WH02", "ML-1L-12", 2)];
            push(house, &house.start(), &order("A", 1, &lines)).await;
        },
        async |house, steps| {
            let creates: Vec<_> = house.vendors.kingdee.creates().into_iter().collect();
            let once = [("A-WH01".to_owned(), 1), ("A-WH02".to_owned(), 1)];
            assert_eq!(creates, once, "killed after {steps} steps");
            assert!(failed(&house.start()).await.is_empty(), "killed after {steps} steps");
        },
    )
    .await;
}

/// The newer version drops a part, changes one and adds one.
#[tokio::test]
async fn wherever_it_is_killed_between_two_versions_the_newer_one_stands_and_what_it_lacks_is_told() {
    killed_at_each_step(
        None,
        |house| house,
        async |house| {
            let process = house.start();
            push(house, &process, &order("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)])).await;
            push(house, &process, &order("A", 2, &[("W1", "X", 3), ("W3", "Z", 4)])).await;
        },
        async |house, steps| {
            let there = there(house);
            let stands: Vec<_> =
                there.iter().map(|(number, (lines, _))| format!("{number}: {lines}")).collect();
            let process = house.start();
            let failed = failed(&process).await;
            let expected = if there.contains_key("A-W2") {
                assert_eq!(stands, ["A-W1: X 3", "A-W2: Y 2", "A-W3: Z 4"], "killed after {steps} steps");
                vec![("A/W2".to_owned(), "withdrawn".to_owned())]
            } else {
                assert_eq!(stands, ["A-W1: X 3", "A-W3: Z 4"], "killed after {steps} steps");
                Vec::new()
            };
            assert_eq!(failed, expected, "killed after {steps} steps");
            // Both versions come once more, the older one last.
            push(house, &process, &order("A", 2, &[("W1", "X", 3), ("W3", "Z", 4)])).await;
            push(house, &process, &order("A", 1, &[("W1", "X", 1), ("W2", "Y", 2)])).await;
            process.drain_through_pauses().await;
            assert_eq!(super::there(house), there, "killed after {steps} steps");
        },
    )
    .await;
}
