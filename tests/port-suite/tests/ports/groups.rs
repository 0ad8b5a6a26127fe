use relay_core::EntryId;
use relay_core::clock::Clock as _;
use relay_core::groups::{Bill, Contribution, GroupId, Member, Seal};
use serde_json::{Map, json};

use super::Ports;

fn group() -> GroupId {
    GroupId::new("orders-by-day", "S1/2026-11-29")
}

fn order(ports: &Ports, key: &str, quantity: &str) -> Contribution {
    Contribution {
        key: key.to_owned(),
        version: Some("1".to_owned()),
        received_at: ports.clock.now(),
        head: Map::new(),
        lines: vec![json!({"sku": "甲", "qty": quantity}).as_object().unwrap().clone()],
        is_withdrawn: false,
    }
}

fn seal(ports: &Ports, number: u32, member: &str) -> Seal {
    Seal {
        number,
        at: ports.clock.now(),
        members: vec![Member {
            key: member.to_owned(),
            version: None,
            hash: "h".to_owned(),
            is_withdrawn: false,
        }],
        bills: vec![Bill {
            name: format!("G-{number}"),
            is_return: false,
            head: Map::new(),
            lines: Vec::new(),
        }],
        is_queued: false,
    }
}

#[tokio::test]
async fn members_are_kept_by_key_and_read_page_by_page() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let mut expected = Vec::new();
    for key in ["A/1", "B", "C#2", "丁"] {
        let member = order(&ports, key, "1");
        assert!(groups.put(&group(), &member).await.unwrap());
        expected.push(member);
    }
    assert!(
        groups.put(&GroupId::new("orders-by-day", "S2/2026-11-29"), &order(&ports, "E", "1")).await.unwrap()
    );
    let (mut read, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = groups.members(&group(), after.as_deref(), 3).await.unwrap();
        after = page.last().map(|member| member.key.clone());
        let is_last = page.len() < 3;
        read.extend(page);
        if is_last {
            break;
        }
    }
    assert_eq!(read, expected);
    let all = groups.members(&group(), None, 100).await.unwrap();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_later_document_takes_the_place_of_an_earlier_one_and_never_the_other_way_round() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let earlier = order(&ports, "A", "1");
    ports.wait(1);
    let later = order(&ports, "A", "2");
    assert!(groups.put(&group(), &later).await.unwrap());
    assert!(!groups.put(&group(), &earlier).await.unwrap());
    assert!(groups.put(&group(), &later).await.unwrap(), "the same once more");
    assert_eq!(groups.members(&group(), None, 10).await.unwrap(), [later]);
    ports.wait(1);
    let withdrawn = Contribution::withdrawn("A", Some("3"), ports.clock.now());
    assert!(groups.put(&group(), &withdrawn).await.unwrap());
    assert_eq!(groups.members(&group(), None, 10).await.unwrap(), [withdrawn]);
}

#[tokio::test]
async fn a_document_that_is_put_into_another_group_leaves_the_former_one() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let (first, second) = (group(), GroupId::new("orders-by-day", "S1/2026-11-30"));
    let document = EntryId::new("orders-by-day", "A");
    assert_eq!(groups.group_of(&document).await.unwrap(), None);
    let earlier = order(&ports, "A", "1");
    groups.put(&first, &earlier).await.unwrap();
    assert_eq!(groups.group_of(&document).await.unwrap(), Some(first.clone()));
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    ports.wait(300);
    groups.looked(&open).await.unwrap();

    let later = order(&ports, "A", "2");
    assert!(groups.put(&second, &later).await.unwrap());
    assert!(groups.put(&second, &later).await.unwrap(), "the same once more");
    assert_eq!(groups.members(&first, None, 10).await.unwrap(), [later.left()]);
    assert_eq!(groups.members(&second, None, 10).await.unwrap(), std::slice::from_ref(&later));
    assert_eq!(groups.open("orders-by-day").await.unwrap().len(), 2, "the former has something to seal too");
    assert_eq!(groups.group_of(&document).await.unwrap(), Some(second.clone()));

    // One that was on its way for long comes last, wherever it was for.
    assert!(!groups.put(&first, &earlier).await.unwrap());
    assert_eq!(groups.members(&first, None, 10).await.unwrap(), [later.left()]);
    assert_eq!(groups.members(&second, None, 10).await.unwrap(), [later]);
    assert_eq!(groups.group_of(&document).await.unwrap(), Some(second));
    let other = EntryId::new("another-flow", "A");
    assert_eq!(groups.group_of(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_group_is_open_from_its_first_member_until_all_that_came_is_looked_at() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
    let began = ports.clock.now();
    groups.put(&group(), &order(&ports, "A", "1")).await.unwrap();
    ports.wait(300);
    groups.put(&group(), &order(&ports, "B", "1")).await.unwrap();
    assert_eq!(groups.open("other").await.unwrap(), []);
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    assert_eq!((open.id.clone(), open.asked), (group(), 0));
    assert!((open.since - began).num_seconds().abs() <= 1, "since the first member");

    // Something comes after it was read, and before it is noted.
    ports.wait(300);
    groups.put(&group(), &order(&ports, "C", "1")).await.unwrap();
    groups.looked(&open).await.unwrap();
    let still = groups.open("orders-by-day").await.unwrap().remove(0);
    assert!(still.since > open.since, "it is open since it was looked at");
    ports.wait(300);
    groups.looked(&still).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
    groups.put(&group(), &order(&ports, "D", "1")).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap().len(), 1);
}

/// Two close it at once, because one of them stood still for longer than its lease.
#[tokio::test]
async fn who_has_read_a_group_before_another_closed_it_closes_nothing_that_has_come_since() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    groups.put(&group(), &order(&ports, "A", "1")).await.unwrap();
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    ports.wait(300);
    groups.looked(&open).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
    groups.put(&group(), &order(&ports, "B", "1")).await.unwrap();
    ports.wait(300);
    groups.looked(&open).await.unwrap();
    let since = groups.open("orders-by-day").await.unwrap();
    assert_eq!(since.len(), 1, "of B no seal tells");
    ports.wait(300);
    groups.looked(&since[0]).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
}

#[tokio::test]
async fn a_person_asks_for_a_group_until_it_is_looked_at() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    groups.put(&group(), &order(&ports, "A", "1")).await.unwrap();
    groups.ask(&group()).await.unwrap();
    groups.put(&group(), &order(&ports, "B", "1")).await.unwrap();
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    assert!(open.asked > 0);
    ports.wait(300);
    groups.looked(&open).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
}

/// While the group is being closed, and something more has come.
#[tokio::test]
async fn a_person_who_asks_after_a_group_was_read_is_not_answered_by_what_was_read_before() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    groups.put(&group(), &order(&ports, "A", "1")).await.unwrap();
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    ports.wait(300);
    groups.put(&group(), &order(&ports, "B", "1")).await.unwrap();
    groups.ask(&group()).await.unwrap();
    groups.looked(&open).await.unwrap();
    let asked = groups.open("orders-by-day").await.unwrap().remove(0);
    assert!(asked.asked > 0);
    ports.wait(300);
    groups.looked(&asked).await.unwrap();
    assert_eq!(groups.open("orders-by-day").await.unwrap(), []);
}

/// And who has asked before asks once more.
#[tokio::test]
async fn a_person_who_asks_twice_is_heard_twice() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    groups.put(&group(), &order(&ports, "A", "1")).await.unwrap();
    groups.ask(&group()).await.unwrap();
    let open = groups.open("orders-by-day").await.unwrap().remove(0);
    ports.wait(300);
    groups.put(&group(), &order(&ports, "B", "1")).await.unwrap();
    groups.ask(&group()).await.unwrap();
    // Two closers, of which one has stood still.
    for _ in 0..2 {
        groups.looked(&open).await.unwrap();
        assert!(groups.open("orders-by-day").await.unwrap().remove(0).asked > 0, "for what has come since");
    }
}

#[tokio::test]
async fn a_seal_is_written_once_and_keeps_what_it_says() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let (first, other) = (seal(&ports, 1, "A"), seal(&ports, 1, "B"));
    assert!(groups.seal(&group(), &first).await.unwrap());
    assert!(!groups.seal(&group(), &other).await.unwrap());
    let second = seal(&ports, 2, "C");
    assert!(groups.seal(&group(), &second).await.unwrap());
    groups.queued(&group(), &first).await.unwrap();
    let seals = groups.seals(&group()).await.unwrap();
    assert_eq!(seals, [Seal { is_queued: true, ..first }, second]);
    assert_eq!(groups.seals(&GroupId::new("orders-by-day", "S2")).await.unwrap(), []);
    let sealed = groups.sealed("orders-by-day", 10).await.unwrap();
    assert_eq!(sealed.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&group()]);
}

#[tokio::test]
async fn a_group_that_is_billed_is_forgotten_when_the_ledger_has_forgotten_its_members_but_for_its_number() {
    const DAY: u64 = 86_400;
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let named = |name: &str| GroupId::new("orders-by-day", name);
    let (billed, unbilled, changed, waits) =
        (named("billed"), named("unbilled"), named("changed"), named("waits"));
    let first = seal(&ports, 1, "A");
    for group in [&billed, &unbilled, &changed, &waits] {
        groups.put(group, &order(&ports, &group.group, "1")).await.unwrap();
        assert!(groups.seal(group, &first).await.unwrap());
    }
    let open = groups.open("orders-by-day").await.unwrap();
    ports.wait(300);
    for group in [&billed, &changed, &waits] {
        groups.queued(group, &first).await.unwrap();
        let open = open.iter().find(|open| open.id == *group).unwrap();
        groups.looked(open).await.unwrap();
    }
    ports.wait(399 * DAY);
    assert!(!groups.lapse("orders-by-day").await.unwrap());
    assert_eq!(groups.seals(&billed).await.unwrap().len(), 1);

    // One has changed of late, and of one something waits to be sealed.
    let second = seal(&ports, 2, "A");
    assert!(groups.seal(&changed, &second).await.unwrap());
    groups.queued(&changed, &second).await.unwrap();
    groups.put(&waits, &order(&ports, "late", "1")).await.unwrap();
    ports.wait(2 * DAY);
    while groups.lapse("orders-by-day").await.unwrap() {}
    for group in [&unbilled, &changed, &waits] {
        assert!(!groups.members(group, None, 10).await.unwrap().is_empty(), "{}", group.group);
        assert!(groups.seals(group).await.unwrap()[0].bills.len() == 1, "{}", group.group);
    }
    assert_eq!(groups.members(&billed, None, 10).await.unwrap(), []);
    assert_eq!(groups.group_of(&EntryId::new("orders-by-day", "billed")).await.unwrap(), None);
    let left = groups.seals(&billed).await.unwrap();
    assert_eq!((left.len(), left[0].number, left[0].bills.len(), left[0].is_queued), (1, 1, 0, true));
    assert!(!groups.lapse("orders-by-day").await.unwrap());

    // What comes later than that is the next seal.
    groups.put(&billed, &order(&ports, "later", "1")).await.unwrap();
    let next = seal(&ports, 2, "later");
    assert!(groups.seal(&billed, &next).await.unwrap());
    let numbers: Vec<_> = groups.seals(&billed).await.unwrap().iter().map(|seal| seal.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(groups.members(&billed, None, 10).await.unwrap().len(), 1);
}

/// Five thousand members whose keys and hashes no compression makes small.
#[tokio::test]
async fn a_seal_may_be_larger_than_an_item_of_a_table() {
    let ports = Ports::open().await;
    let groups = &ports.stores.groups;
    let hash = |number: u32| relay_core::item::content_hash(&json!(number));
    let members = (0..10_000).map(|number| Member {
        key: hash(number),
        version: None,
        hash: hash(number + 10_000),
        is_withdrawn: false,
    });
    let large = Seal { members: members.collect(), ..seal(&ports, 1, "A") };
    assert!(groups.seal(&group(), &large).await.unwrap());
    assert!(!groups.seal(&group(), &seal(&ports, 1, "B")).await.unwrap());
    assert_eq!(groups.seals(&group()).await.unwrap(), [large]);
}
