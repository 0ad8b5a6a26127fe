//! Pools, and the acknowledgement of their rows.

use std::collections::BTreeSet;

use relay_connector::{Role, Unacknowledged, lenient};
use relay_core::clock::Deadline;
use relay_simulators::Fault;
use serde_json::Value;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE, document};
use crate::vendor::Read;

async fn pull(bench: &Bench, pool: &Read) -> Vec<Value> {
    bench.page(pool, FIRST_PAGE).await.unwrap().rows
}

async fn acknowledge(bench: &Bench, pool: &Read, rows: &[Value]) -> Vec<Unacknowledged> {
    let taken: Vec<_> = rows.iter().map(|row| (row, Ok(()))).collect();
    let pools = bench.connection.pools().unwrap();
    pools.acknowledge(&bench.query(pool), &taken, Deadline::NONE).await.unwrap()
}

fn keys(suite: &Suite, pool: &Read, rows: &[Value]) -> BTreeSet<Vec<Option<String>>> {
    let key = document(suite.vendor, pool.document).keys.first().unwrap();
    rows.iter().map(|row| key.iter().map(|name| lenient::field(row, name)).collect()).collect()
}

pub(crate) async fn a_pool_gives_its_rows_until_they_are_acknowledged(suite: Suite) {
    for pool in suite.reads_as(Role::Pool) {
        let bench = Bench::of(suite.vendor);
        let cap = document(suite.vendor, pool.document).pages.unwrap().cap as usize;
        let count = cap * 2 + 20;
        (pool.load)(&bench.vendors, u32::try_from(count).unwrap());
        let first = pull(&bench, pool).await;
        assert_eq!(
            keys(&suite, pool, &first),
            keys(&suite, pool, &pull(&bench, pool).await),
            "the same again"
        );
        let mut seen = BTreeSet::new();
        loop {
            let rows = pull(&bench, pool).await;
            if rows.is_empty() {
                break;
            }
            assert!(rows.len() <= cap, "{}: {} rows", pool.document, rows.len());
            for key in keys(&suite, pool, &rows) {
                assert!(seen.insert(key), "{}: a row that was acknowledged came again", pool.document);
            }
            assert_eq!(acknowledge(&bench, pool, &rows).await, [], "{}", pool.document);
        }
        assert_eq!(seen.len(), count, "{}", pool.document);
        // An answer that got lost is no reason to refuse.
        assert_eq!(acknowledge(&bench, pool, &first).await, [], "{}: acknowledged before", pool.document);
    }
}

pub(crate) async fn a_row_that_is_not_acknowledged_holds_up_no_other(suite: Suite) {
    for pool in suite.reads_as(Role::Pool) {
        let bench = Bench::of(suite.vendor);
        (pool.load)(&bench.vendors, 3);
        let rows = pull(&bench, pool).await;
        bench.inject(&pool.operation.replace("_query", "_ack"), Fault::ErrorsUnderCodeZero);
        let refused: Vec<_> = acknowledge(&bench, pool, &rows).await.iter().map(|each| each.place).collect();
        assert_eq!(refused, [0], "{}", pool.document);
        let left = pull(&bench, pool).await;
        assert_eq!(keys(&suite, pool, &left), keys(&suite, pool, &rows[..1]), "{}", pool.document);
        assert_eq!(acknowledge(&bench, pool, &left).await, [], "{}", pool.document);
        assert!(pull(&bench, pool).await.is_empty(), "{}", pool.document);
    }
}
