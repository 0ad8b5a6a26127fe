//! Documents of which nothing is known but what the user makes of them.

use relay_connector::{ANY_FIELDS, Catalog, Document, Field, Fields, Kind, Push, Repeat, Role};
use relay_mapping::{Flow, Severity};
use serde_json::json;

use super::apply;

static OPEN: [Document; 2] = [
    Document {
        name: "any.event",
        role: Role::Pushed,
        fields: Fields::Written(ANY_FIELDS),
        ..Document::UNKNOWN
    },
    Document {
        name: "any.call",
        role: Role::Target,
        fields: Fields::Written(&[
            Field::required("id", "编号", Kind::Text),
            Field::new("*", "任意字段", Kind::Any),
        ]),
        push: Some(Push::new(Some("id"), Repeat::Doubles, None)),
        ..Document::UNKNOWN
    },
];

fn flow(fields: &str) -> Result<Flow, relay_mapping::Diagnostics> {
    let text = format!(
        "[source]\ndocument = \"any.event\"\nkey = \"head.no\"\nversion = \"changed\"\nfilter = \"kind = 'sale'\"\n\
         [target]\ndocument = \"any.call\"\n[fields]\n{fields}"
    );
    Flow::parse("f", "f.toml", &text, &Catalog::default().with(&OPEN, &[]))
}

#[test]
fn the_authors_own_names_are_read_and_written_at_any_depth_without_a_warning() {
    let flow = flow(
        "id = \"head.no\"\ncopy = [\"tags\"]\npaid = \"paid\"\nleft = { compute = \"paid - 1\" }\nno = { from = \"paid\", as = \"text\" }\nto = { text = \"{head.shop}!\" }\n\
         [fields.buyer]\nname = \"buyer.name\"\n[fields.buyer.home]\ncity = \"buyer.city\"\n\
         [fields.lines]\neach = \"rows\"\nno = { text = \"{^.head.no}-{sku}\" }\n",
    )
    .unwrap();
    assert_eq!(flow.warnings(), []);
    let document = json!({
        "head": {"no": "A-1", "shop": "S"}, "kind": "sale", "changed": "7", "paid": 12.5, "tags": ["x", {"y": 1}],
        "buyer": {"name": "n", "city": "c"}, "rows": [{"sku": "K1"}, {"sku": "K2"}],
    });
    assert_eq!(flow.key(&document).unwrap(), "A-1");
    assert_eq!(flow.version(&document).as_deref(), Some("7"));
    assert!(flow.admits(&document).unwrap());
    assert_eq!(
        apply(&flow, &document).unwrap().body,
        json!({
            "id": "A-1", "tags": ["x", {"y": 1}], "paid": 12.5, "left": 11.5, "no": "12.5", "to": "S!", "buyer": {"name": "n", "home": {"city": "c"}},
            "lines": [{"no": "A-1-K1"}, {"no": "A-1-K2"}],
        })
    );
}

#[test]
fn what_is_known_of_it_is_checked_all_the_same() {
    let mistakes = flow("to = \"x\"\n").unwrap_err();
    let errors: Vec<_> = mistakes.of(Severity::Error).map(|mistake| mistake.message.as_str()).collect();
    assert!(errors.len() == 1 && errors[0].contains("requires `id`"), "{errors:?}");
    let mistakes = flow("id = { value = \"1\" }\n").unwrap_err().to_string();
    assert!(mistakes.contains("different documents would have the same one"), "{mistakes}");
}
