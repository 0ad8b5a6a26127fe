//! Rows, and how they are written.

use std::collections::BTreeSet;

use relay_connector::{Document, Page, PageOf, Role, lenient};
use relay_simulators::Fault;
use serde_json::Value;

use crate::Suite;
use crate::bench::{Bench, FIRST_PAGE, document};
use crate::vendor::Read;

pub(crate) async fn every_row_comes_once_page_by_page(suite: Suite) {
    for read in suite.reads_as(Role::Windowed).chain(suite.reads_as(Role::Listed)) {
        let document = document(suite.vendor, read.document);
        let Some(cap) = document.pages.map(|pages| pages.cap) else {
            all_at_once(&suite, read).await;
            continue;
        };
        for size in [u32::MAX, cap, 7] {
            let per_page = size.min(cap);
            // The last page is full, or holds a part, or there is but one.
            for count in [per_page * 2, per_page * 2 + 1, per_page - 1] {
                let bench = Bench::of(suite.vendor);
                (read.load)(&bench.vendors, count);
                let pages = all_pages(&bench, read, size, per_page).await;
                assert!(pages.iter().all(|page| page.rows.len() <= per_page as usize), "{}", read.document);
                let rows: Vec<_> = pages.iter().flat_map(|page| &page.rows).collect();
                let keys: BTreeSet<_> = rows.iter().map(|row| key_of(row, document)).collect();
                assert_eq!((rows.len(), keys.len()), (count as usize, count as usize), "{}", read.document);
                let totals: BTreeSet<_> = pages.iter().filter_map(|page| page.total).collect();
                assert_eq!(totals, BTreeSet::from([u64::from(count)]), "{}: all that match", read.document);
            }
        }
    }
}

/// What has no pages comes as a whole.
async fn all_at_once(suite: &Suite, read: &Read) {
    for count in [0, 1, 250] {
        let bench = Bench::of(suite.vendor);
        (read.load)(&bench.vendors, count);
        let rows = bench.page(read, FIRST_PAGE).await.unwrap().rows;
        let keys: BTreeSet<_> =
            rows.iter().map(|row| key_of(row, document(suite.vendor, read.document))).collect();
        assert_eq!((rows.len(), keys.len()), (count as usize, count as usize), "{}", read.document);
        let behind = bench.page(read, PageOf { number: 1, size: 100 }).await.unwrap();
        assert!(behind.rows.is_empty(), "{}: there is nothing behind it", read.document);
    }
}

/// The values of a row's key; all of the row where nobody knows what tells it apart.
fn key_of(row: &Value, document: &Document) -> Vec<String> {
    let Some(key) = document.keys.first() else { return vec![row.to_string()] };
    key.iter().map(|name| lenient::field(row, name).unwrap()).collect()
}

/// The pages until one is not full.
async fn all_pages(bench: &Bench, read: &Read, size: u32, per_page: u32) -> Vec<Page> {
    let mut pages = Vec::new();
    for number in 0.. {
        let page = bench.page(read, PageOf { number, size }).await.unwrap();
        let is_last = page.rows.len() < per_page as usize;
        pages.push(page);
        if is_last {
            break;
        }
    }
    pages
}

pub(crate) async fn no_rows_are_no_rows_however_they_are_written(suite: Suite) {
    for read in suite.reads() {
        for fault in [Fault::EmptyLists, Fault::LeaveOutEmptyLists, Fault::NullLists] {
            for strings in [false, true] {
                let bench = Bench::of(suite.vendor);
                // What comes before, such as a token, is not what is looked at.
                bench.page(read, FIRST_PAGE).await.unwrap();
                if strings {
                    bench.inject(read.operation, Fault::StringNumbers);
                    assert!(bench.page(read, FIRST_PAGE).await.unwrap().rows.is_empty(), "{}", read.document);
                }
                bench.inject(read.operation, fault.clone());
                let page = bench.page(read, FIRST_PAGE).await;
                let page = page.unwrap_or_else(|failure| panic!("{} {fault:?}: {failure}", read.document));
                assert!(page.rows.is_empty() && page.total.is_none_or(|total| total == 0), "{fault:?}");
            }
        }
    }
}

pub(crate) async fn numbers_as_strings_are_the_same_rows(suite: Suite) {
    for read in suite.reads() {
        let mut told = BTreeSet::new();
        for fault in [Fault::StringNumbers, Fault::IntNumbers] {
            let bench = Bench::of(suite.vendor);
            (read.load)(&bench.vendors, 3);
            bench.inject(read.operation, fault);
            let page = bench.page(read, FIRST_PAGE).await.unwrap();
            assert_eq!(page.rows.len(), 3, "{}", read.document);
            let rows: Vec<_> = page.rows.iter().map(as_text).collect();
            told.insert((format!("{rows:?}"), page.total));
        }
        assert_eq!(told.len(), 1, "{}: {told:?}", read.document);
    }
}

/// The same row with every scalar as the text that a mapping reads.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), as_text(value))).collect())
        }
        scalar => lenient::text(scalar).map_or(Value::Null, Value::from),
    }
}
