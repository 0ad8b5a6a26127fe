//! A store room whose stock changes wait in a pool, in place of a vendor.

use std::sync::Mutex;

use async_trait::async_trait;
use relay_connector::{
    Catalog, Class, Connection, Document, Failure, Field, Fields, Kind, Pages, Pools, Push, Query, Repeat,
    Role, Unacknowledged, Verdict, lenient,
};
use relay_core::clock::Deadline;
use serde_json::{Value, json};

/// What people call it.
const TITLE: &str = "某仓";

/// As many rows as a pull gives at most.
pub(crate) const CAP: usize = 4;

const CHANGE: Document = Document {
    name: "room.change",
    title: "库存变化",
    role: Role::Pool,
    routes: &["direct", "qimen"],
    params: &["shop_no"],
    fields: Fields::Written(&[
        Field::new("id", "编号", Kind::Text),
        Field::new("shop_no", "店铺", Kind::Text),
    ]),
    keys: &[&["id"]],
    pages: Some(Pages { first: 0, cap: 4 }),
    ..Document::UNKNOWN
};

const MOVE: Document = Document { name: "room.move", ..CHANGE };

const NUMBER: &[Field] = &[Field::required("number", "单号", Kind::Text)];

const fn bill(name: &'static str) -> Document {
    Document {
        name,
        title: "单据",
        role: Role::Target,
        fields: Fields::Written(NUMBER),
        push: Some(Push::new(Some("number"), Repeat::Refuses, None)),
        ..Document::UNKNOWN
    }
}

static DOCUMENTS: [Document; 4] = [CHANGE, MOVE, bill("one.bill"), bill("two.bill")];

pub(crate) fn catalog() -> Catalog {
    Catalog::default().with(&DOCUMENTS, &[])
}

/// The text of a flow from that pool to that system.
pub(crate) fn flow(target: &str, pool: &str, source: &str) -> String {
    format!(
        "[source]\ndocument = \"room.{pool}\"\nkey = \"id\"\n{source}\n\
         [target]\ndocument = \"{target}.bill\"\n[fields]\nnumber = \"id\"\n"
    )
}

/// The changes that wait, and what was asked.
#[derive(Default)]
pub(crate) struct Room {
    rows: Mutex<Vec<Value>>,
    pulls: Mutex<Vec<Query>>,
    /// What was acknowledged, with which words.
    pub(crate) acknowledged: Mutex<Vec<(String, Verdict)>>,
    /// Refuses to be asked for moves.
    pub(crate) refuses_moves: Mutex<bool>,
}

impl Room {
    pub(crate) fn add(&self, id: &str, shelf: &str) {
        self.add_row(json!({"id": id, "shop_no": shelf}));
    }

    pub(crate) fn add_row(&self, row: Value) {
        self.rows.lock().unwrap().push(row);
    }

    /// Takes a row out, as an acknowledgement does.
    pub(crate) fn take(&self, id: &str) {
        self.rows.lock().unwrap().retain(|row| lenient::field(row, "id").as_deref() != Some(id));
    }

    /// How many rows wait.
    pub(crate) fn waiting(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    /// The pulls since this was last asked.
    pub(crate) fn pulls(&self) -> Vec<Query> {
        std::mem::take(&mut self.pulls.lock().unwrap())
    }
}

fn shelf(query: &Query) -> Option<&str> {
    query.params.iter().find(|(name, _)| name == "shop_no").map(|(_, shelf)| shelf.as_str())
}

#[async_trait]
impl Pools for Room {
    async fn pull(&self, query: &Query, _deadline: Deadline) -> Result<Vec<Value>, Failure> {
        self.pulls.lock().unwrap().push(query.clone());
        if query.document.name == "room.move" {
            let refuses = *self.refuses_moves.lock().unwrap();
            let failure = || Failure::new(TITLE, "room.move", Class::Refused, None, "no moves for you");
            return if refuses { Err(failure()) } else { Ok(Vec::new()) };
        }
        let stands_there = |row: &&Value| {
            shelf(query).is_none_or(|shelf| lenient::field(row, "shop_no").as_deref() == Some(shelf))
        };
        Ok(self.rows.lock().unwrap().iter().filter(stands_there).take(CAP).cloned().collect())
    }

    async fn divided(&self, query: &Query, _deadline: Deadline) -> Result<Vec<Query>, Failure> {
        if shelf(query).is_some() {
            return Ok(Vec::new());
        }
        let of = |shelf: &str| {
            let params = [query.params.as_slice(), &[("shop_no".to_owned(), shelf.to_owned())]].concat();
            Query { params, ..query.clone() }
        };
        Ok(["left", "right"].map(of).to_vec())
    }

    async fn acknowledge(
        &self,
        _query: &Query,
        rows: &[(&Value, Verdict)],
        _deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure> {
        for (row, verdict) in rows {
            let id = lenient::field(row, "id").unwrap_or_default();
            self.rows.lock().unwrap().retain(|row| lenient::field(row, "id").as_deref() != Some(&id));
            self.acknowledged.lock().unwrap().push((id, verdict.clone()));
        }
        Ok(Vec::new())
    }
}

/// The store room, connected.
pub(crate) struct Connected(pub(crate) std::sync::Arc<Room>);

impl Connection for Connected {
    fn pools(&self) -> Option<&dyn Pools> {
        Some(self.0.as_ref())
    }
}
