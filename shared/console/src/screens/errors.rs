//! What does a vendor's code or message mean, and what is to be done?

use maud::html;
use relay_operations::error_index::{self, Row};

use crate::Asked;
use crate::page::{Page, cell, table};

pub(crate) fn page(asked: &Asked<'_>) -> Page {
    let language = asked.language;
    let text = asked.request.field("text").unwrap_or_default();
    let columns = [
        language.says("厂商", "Vendor"),
        language.says("代码或原话", "Code or words"),
        language.says("意思", "What it means"),
        language.says("怎么办", "What to do"),
    ];
    let row = |row: &Row| {
        let told = [row.meaning.told(language), row.way_out.told(language)];
        [row.system().to_owned(), row.signs().join(", ")]
            .into_iter()
            .map(cell)
            .chain(told.map(cell))
            .collect()
    };
    let rows: Vec<Vec<_>> = error_index::about(text).map(row).collect();
    let body = html! {
        form.asked action="/errors" {
            p {
                label for="text" { (language.says("错误码、原话或厂商", "A code, words of a message, or a vendor")) }
                input id="text" name="text" value=(text) maxlength="500";
            }
            p { button { (language.says("查找", "Find")) } }
        }
        (table(language, &columns, &rows))
    };
    Page::new(language.says("报错索引", "Error index"), body)
}
