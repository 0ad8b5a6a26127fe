//! The fields of a document, in a data file.
//!
//! Data files are made by `shared/connector/catalog/make`, one a document, and stand in the program as they are. Each is
//! read when it is first asked for: a process reads those of its flows' documents alone, and a cold start pays for no other.

use std::iter::Peekable;
use std::sync::LazyLock;

use super::field::{Certainty, Field, Kind, Need};

/// A data file, read when it is first asked for.
pub type Sheet = LazyLock<FieldList>;

/// What a data file says of a document.
#[derive(Debug)]
pub struct FieldList {
    /// The request parameters that a flow may fix.
    pub params: &'static [Field],
    /// The fields of the document itself.
    pub fields: &'static [Field],
    /// Whether these are all: a name outside of them is a mistake.
    pub is_complete: bool,
    /// Where the document begins in a call or an answer, such as `trades[]`; empty where that is at the top.
    pub root: &'static str,
    /// Lines that say nothing: there are none in a file that `make` has written.
    pub unreadable: Vec<&'static str>,
}

/// The fields of a data file of this crate, by its path from the source file that names it.
#[macro_export]
macro_rules! sheet {
    ($path:expr) => {{
        static SHEET: $crate::Sheet = $crate::Sheet::new(|| $crate::FieldList::read(include_str!($path)));
        $crate::Fields::Sheet(&SHEET)
    }};
}

impl FieldList {
    /// Reads a data file. What it holds is kept for as long as the process runs.
    #[must_use]
    pub fn read(file: &'static str) -> Self {
        let header = |name: &str| {
            let lines = file.lines().filter_map(|line| line.strip_prefix("# "));
            lines.filter_map(|line| line.strip_prefix(name)).next().unwrap_or_default()
        };
        let mut unreadable = Vec::new();
        let mut rows = file.lines().filter(|line| !line.starts_with("# ")).skip(1).map(Row::of).peekable();
        let params = level(&mut rows, "param", "", &mut unreadable);
        let fields = level(&mut rows, "field", "", &mut unreadable);
        unreadable.extend(rows.map(|row| row.line));
        Self {
            params: params.leak(),
            fields: fields.leak(),
            is_complete: header("list: ") == "complete",
            root: header("root: "),
            unreadable,
        }
    }
}

/// One line: place, path, title, kind, required, codes, certainty, note. Those at its end may be left out; what is said of no
/// certainty is said by the vendor.
struct Row {
    line: &'static str,
    place: &'static str,
    path: &'static str,
    cells: [&'static str; 6],
}

impl Row {
    fn of(line: &'static str) -> Self {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap_or_default();
        let (place, path) = (next(), next());
        Self { line, place, path, cells: std::array::from_fn(|_| next()) }
    }
}

/// Reads the rows of one level, each of which is followed by those within it.
fn level(
    rows: &mut Peekable<impl Iterator<Item = Row>>,
    place: &str,
    prefix: &str,
    unreadable: &mut Vec<&'static str>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    while let Some(row) = rows.next_if(|row| row.place == place && row.path.starts_with(prefix)) {
        let name = row.path[prefix.len()..].trim_end_matches("[]");
        let [title, kind, need, codes, certainty, note] = row.cells;
        let within = || format!("{}.", row.path);
        let is_number = kind == "number";
        let kind = match kind {
            "list" => Some(Kind::List(level(rows, place, &within(), unreadable).leak())),
            "object" => Some(Kind::Object(level(rows, place, &within(), unreadable).leak())),
            _ => scalar(kind),
        };
        let need = match need {
            "" => Some(Need::Optional),
            "yes" => Some(Need::Required),
            "likely" => Some(Need::Expected),
            _ => None,
        };
        let certainty = match certainty {
            "" => Some(Certainty::Vendor),
            "seen" => Some(Certainty::Seen),
            "inferred" => Some(Certainty::Inferred),
            _ => None,
        };
        match (kind, need, certainty) {
            (Some(kind), Some(need), Some(certainty)) if !name.is_empty() && !name.contains('.') => {
                fields.push(Field { name, title, kind, need, codes, certainty, note, is_number });
            }
            _ => unreadable.push(row.line),
        }
    }
    fields
}

fn scalar(kind: &str) -> Option<Kind> {
    Some(match kind {
        "text" => Kind::Text,
        "integer" => Kind::Integer,
        "decimal" | "number" => Kind::Decimal,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "flag" => Kind::Flag,
        "map" => Kind::Map,
        "lists" => Kind::MapOfLists,
        "any" => Kind::Any,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field;

    const FILE: &str = "# made by hand\n# list: complete\n# root: trades[]\nplace\tpath\ttitle\tkind\trequired\tcodes\tcertainty\n\
        param\tstatus\t状态\ttext\t\t5 已取消; 55 已审核\n\
        field\ttrade_no\t订单编号\ttext\tyes\n\
        field\tgoods_list[]\t\tlist\t\t\tseen\n\
        field\tgoods_list[].num\t数量\tdecimal\tlikely\t\tinferred\tshipped\n\
        field\tgoods_list[].price\t单价\tnumber\n\
        field\tbuyer\t\tobject\t\t\tseen\n\
        field\tbuyer.name\t\ttext\t\t\tseen\n\
        field\tremark\t备注\ttext\t\t\tseen\n";

    #[test]
    fn a_data_file_is_a_tree_of_fields() {
        let list = FieldList::read(FILE);
        assert_eq!(list.unreadable, Vec::<&str>::new());
        assert!(list.is_complete);
        assert_eq!(list.root, "trades[]");
        assert!(list.params[0].takes("55") && !list.params[0].takes("56"));
        let names = |fields: &[Field]| fields.iter().map(|field| field.name).collect::<Vec<_>>();
        assert_eq!(names(list.fields), ["trade_no", "goods_list", "buyer", "remark"]);
        assert!(list.fields[0].is_required());
        let Kind::List(lines) = list.fields[1].kind else { panic!("no lines") };
        let num = field(lines, "num").unwrap();
        assert_eq!((num.kind, num.need, num.certainty), (Kind::Decimal, Need::Expected, Certainty::Inferred));
        assert_eq!((num.title, num.note, num.is_number), ("数量", "shipped", false));
        let price = field(lines, "price").unwrap();
        assert_eq!((price.kind, price.is_number), (Kind::Decimal, true));
        let Kind::Object(buyer) = list.fields[2].kind else { panic!("no object") };
        assert_eq!(names(buyer), ["name"]);
    }

    #[test]
    fn lines_that_say_nothing_are_left_out_and_told() {
        let list = FieldList::read(
            "place\nfield\tgood\t\ttext\t\t\tseen\nfield\tbad\t\tmoney\t\t\tseen\n\
             field\tlost.name\t\ttext\t\t\tseen\nnonsense\n",
        );
        assert_eq!(list.fields.len(), 1);
        assert!(!list.is_complete);
        assert_eq!(list.unreadable.len(), 3);
    }
}
