//! Flows that look up lines of what others deliver: whether the targets of those tell any lines.

use std::sync::Arc;

use relay_connector::{Catalog, Document, Kind, field};
use relay_mapping::{Diagnostic, LookupTable, Severity};

use crate::flows::Routed;
use crate::suggest;

/// What is to be said where a flow looks up the line of a bill whose target tells no lines, or has no such field in them.
pub(crate) fn untold_lines(routed: &Routed, flows: &[Arc<Routed>], catalog: &Catalog) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for lookup in routed.flow.tables() {
        let LookupTable::Line { flow, by } = &lookup.table else { continue };
        let Some(other) = flows.iter().find(|other| other.flow.name() == flow) else { continue };
        let document = other.flow.target().document;
        let tells = |document: &Document| document.push.is_some_and(|push| push.entries.is_some());
        let say = |severity, message, help: Option<String>| {
            let said = lookup.missing.clone().saying(severity, message);
            match help {
                Some(help) => said.with_help(help),
                None => said,
            }
        };
        let Some(entries) = document.push.and_then(|push| push.entries) else {
            let here =
                catalog.known_by(document.name).map(|here| format!(" with {here}")).unwrap_or_default();
            let message = format!(
                "`{}`, which `{flow}` delivers, does not tell the ids of its lines{here}",
                document.name
            );
            let help = match catalog.elsewhere_where(document.name, tells) {
                Some(setting) => {
                    format!("it does with {setting}; or leave the line out: the bill's id goes without")
                }
                None => "leave the line out: the bill's id goes without".to_owned(),
            };
            found.push(say(Severity::Error, message, Some(help)));
            continue;
        };
        let whole = document.push.and_then(|push| push.whole);
        let Some(whole) = whole.and_then(|whole| catalog.document(whole)) else { continue };
        let list = field(whole.fields(), entries.list).map(|list| list.kind);
        let Some(Kind::List(fields)) = list else { continue };
        for name in by.iter().filter(|name| field(fields, name).is_none()) {
            let meant = suggest::closest(name, fields.iter().map(|field| field.name));
            let message = format!("the lines of `{}` have no known field `{name}`", whole.name);
            let severity =
                if whole.is_open() && meant.is_none() { Severity::Warning } else { Severity::Error };
            found.push(say(severity, message, meant.map(|meant| format!("did you mean `{meant}`?"))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use relay_connector::Settings;

    use crate::flows::{FlowFile, Flows};

    const ORDERS: &str = r#"
[source]
document = "http.webhook"
key      = "id"

[target]
document = "kingdee.sal_order_save"

[fields]
billno        = "id"
billdate      = { from = "day", as = "date" }
customerid_id = "customer"

[fields.material_entity]
each          = "items"
materialid_id = "sku"
unit_id       = "unit"
qty           = "quantity"
"#;

    const SHIPMENTS: &str = r#"
[source]
document = "http.webhook"
key      = "id"

[target]
document = "http.post"

[fields]
id    = "id"
entry = { from = "order", lookup = "delivered.orders", line = "sku", by = "BY" }
"#;

    fn said(by: &str, version: &str) -> String {
        let files = [("orders", ORDERS.to_owned()), ("shipments", SHIPMENTS.replace("BY", by))];
        let files =
            files.map(|(name, text)| FlowFile { name: name.to_owned(), file: format!("{name}.toml"), text });
        let settings = Settings::from_iter([("KINGDEE_AUTH".to_owned(), version.to_owned())]);
        let found = Flows::parse(files, &relay_connectors::catalog_by(&settings));
        found.map_or_else(|found| found.to_string(), |_| String::new())
    }

    #[test]
    fn what_an_interface_cannot_tell_is_refused_with_the_one_that_can() {
        let found = said("material_number", "v1");
        for words in [
            "`kingdee.sal_order_save`, which `orders` delivers, does not tell the ids of its lines with KINGDEE_AUTH=v1",
            "it does with KINGDEE_AUTH=v2",
            "shipments.toml:11",
        ] {
            assert!(found.contains(words), "`{words}` is not in {found}");
        }
        assert_eq!(said("material_number", "v2"), "");
    }

    #[test]
    fn a_field_that_no_line_has_is_refused() {
        let found = said("material_numbr", "v2");
        assert!(found.contains("did you mean `material_number`?"), "{found}");
    }
}
