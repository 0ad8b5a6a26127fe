//! The frame of each page, and the pieces that pages share.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};
use relay_operations::times;

use crate::Asked;
use crate::language::Language;

/// The sheet of styles.
pub(crate) const STYLES: &str = include_str!("console.css");

/// A page: its title, and what stands on it.
pub(crate) struct Page {
    title: String,
    body: Markup,
}

impl Page {
    pub(crate) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body }
    }

    /// A page that says one thing.
    pub(crate) fn notice(title: &str, text: &str) -> Self {
        Self::new(title, html! { p { (text) } })
    }
}

impl Asked<'_> {
    /// The screens, in the order of the menu.
    fn menu(&self) -> [(&'static str, &str); 10] {
        let says = |chinese, english| self.language.says(chinese, english);
        [
            ("/", says("总览", "Overview")),
            ("/issues", says("问题", "Issues")),
            ("/flows", says("流程", "Flows")),
            ("/vendors", says("系统与额度", "Systems and quotas")),
            ("/queues", says("队列", "Queues")),
            ("/groups", says("汇总", "Groups")),
            ("/lookups", says("对照表", "Look-ups")),
            ("/reconciliation", says("对账", "Reconciliation")),
            ("/log", says("操作记录", "Audit trail")),
            ("/search", says("查找", "Search")),
        ]
    }

    /// A page, with what stands around each.
    pub(crate) fn framed(&self, page: &Page) -> String {
        let (language, path) = (self.language, self.request.path.as_str());
        let (other, other_name) = match language {
            Language::Chinese => ("en", "English"),
            Language::English => ("zh", "中文"),
        };
        let address = self.request.address();
        let joint = if address.contains('?') { '&' } else { '?' };
        let markup = html! {
            (DOCTYPE)
            html lang=(language.says("zh-CN", "en")) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (page.title) " · erp-relay" }
                    link rel="stylesheet" href="/console.css";
                    link rel="icon" href="data:,";
                }
                body {
                    header {
                        nav aria-label=(language.says("菜单", "menu")) {
                            @for (address, name) in self.menu() {
                                a href=(address) aria-current=[(address == path).then_some("page")] { (name) }
                            }
                        }
                        form action="/search" role="search" {
                            label for="q" { (language.says("单号", "Number")) }
                            input id="q" name="q" type="search" value=(self.request.field("q").unwrap_or_default())
                                placeholder=(language.says("订单、运单、单据号、对方的 id…", "an order, a waybill, a bill, an id…"));
                            button { (language.says("查找", "Find")) }
                        }
                    }
                    main {
                        h1 { (page.title) }
                        @if let Some(done) = self.request.field("done") {
                            p.done role="status" { (done) }
                        }
                        (page.body)
                    }
                    footer {
                        span { (self.desk.place) "; " (language.says("时间是中国时间", "times are China time")) }
                        @if !self.request.is_post {
                            a href={ (address) (joint) "lang=" (other) } lang=(other) { (other_name) }
                        }
                    }
                }
            }
        };
        markup.into_string()
    }
}

/// A table with a head; nothing in it is said as such.
pub(crate) fn table(language: Language, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        @if rows.is_empty() {
            p.nothing { (language.says("没有", "None")) }
        } @else {
            div.wide tabindex="0" role="group" {
                table {
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody {
                        @for row in rows { tr { @for cell in row { td { (cell) } } } }
                    }
                }
            }
        }
    }
}

/// A text in a cell.
pub(crate) fn cell(text: impl Into<String>) -> Markup {
    let text = text.into();
    html! { (text) }
}

/// A time, or a dash.
pub(crate) fn time(time: Option<DateTime<Utc>>) -> Markup {
    cell(time.map_or_else(|| "–".to_owned(), times::shown))
}

/// A span in seconds, or a dash.
pub(crate) fn span(seconds: Option<u64>) -> Markup {
    cell(seconds.map_or_else(|| "–".to_owned(), |seconds| times::span(Duration::from_secs(seconds))))
}

/// A mark that says how something stands, in a colour and in words.
pub(crate) fn mark(kind: &str, text: &str) -> Markup {
    html! { span.mark data-kind=(kind) { (text) } }
}

/// A link with fields.
pub(crate) fn link(path: &str, fields: &[(&str, &str)], text: &str) -> Markup {
    html! { a href=(address(path, fields)) { (text) } }
}

/// A link that leads to an action, which is weighed first.
pub(crate) fn act(fields: &[(&str, &str)], text: &str) -> Markup {
    html! { a.act href=(address("/do", fields)) { (text) } }
}

fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A document of a flow, as a link to its page.
pub(crate) fn document(flow: &str, key: &str) -> Markup {
    link("/document", &[("flow", flow), ("key", key)], key)
}
