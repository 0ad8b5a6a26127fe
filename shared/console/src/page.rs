//! The frame of each page, and the pieces that pages share.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};
use relay_operations::times;

use crate::language::{self, Language};
use crate::{Asked, Place, Request};

/// What stands before the title of a browser's tab.
pub(crate) const ICON: &str = include_str!("icon.svg");

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
    fn menu(&self) -> [(&'static str, &str); 12] {
        let says = |chinese, english| self.language.says(chinese, english);
        [
            ("/", says("总览", "Overview")),
            ("/issues", says("问题", "Issues")),
            ("/flows", says("流程", "Flows")),
            ("/delivered", says("已送达", "Delivered")),
            ("/history", says("经过", "History")),
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
        let (other, other_name) = language::other(language);
        let address = self.request.address();
        let joint = if address.contains('?') { '&' } else { '?' };
        let markup = html! {
            (DOCTYPE)
            html lang=(language.says("zh-CN", "en")) {
                (head(page))
                body {
                    a.skip href="#main" { (language.says("跳到内容", "To the content")) }
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
                    main id="main" tabindex="-1" {
                        h1 { (page.title) }
                        @if let Some(done) = self.request.field("done") {
                            p.done role="status" { (done) }
                        }
                        (page.body)
                    }
                    footer {
                        span { (placed(&self.desk.place, language)) }
                        @if let Some(user) = self.user {
                            form method="post" action="/logout" {
                                input type="hidden" name="token" value=(self.token);
                                span { (user.name) " " }
                                button { (language.says("退出", "Log out")) }
                            }
                        }
                        @if !self.request.is_post {
                            a href={ (address) (joint) "lang=" (other) } lang=(other) { (other_name) }
                        }
                    }
                }
            }
        };
        let page = markup.into_string();
        if self.may_act() { page } else { without_actions(&page) }
    }
}

/// The page of whoever has not logged in: it tells nothing of the installation.
pub(crate) fn framed_alone(page: &Page, language: Language, request: &Request) -> String {
    let (other, other_name) = language::other(language);
    let next = request.field("next").unwrap_or("/");
    let markup = html! {
        (DOCTYPE)
        html lang=(language.says("zh-CN", "en")) {
            (head(page))
            body {
                main id="main" { h1 { (page.title) } (page.body) }
                @if !request.is_post {
                    footer { span { "erp-relay" } a href=(address("/login", &[("next", next), ("lang", other)])) lang=(other) { (other_name) } }
                }
            }
        }
    };
    markup.into_string()
}

fn head(page: &Page) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (page.title) " · erp-relay" }
            link rel="stylesheet" href="/console.css";
            link rel="icon" href="/icon.svg";
        }
    }
}

fn placed(place: &Place, language: Language) -> String {
    let flows = place.flows.as_deref().unwrap_or(language.says("自带的", "the shipped ones"));
    let (store, of_flows) = (language.says("存储", "Store"), language.says("流程文件", "flows"));
    format!(
        "{store}: {}; {of_flows}: {flows}; {}",
        place.store,
        language.says("时间是中国时间", "times are China time")
    )
}

/// A table with a head; nothing in it is said as such.
pub(crate) fn table(language: Language, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        @if rows.is_empty() {
            p.nothing { (language.says("没有", "None")) }
        } @else {
            div.wide tabindex="0" role="group" {
                table role="table" {
                    thead role="rowgroup" {
                        tr role="row" { @for column in columns { th scope="col" role="columnheader" { (column) } } }
                    }
                    tbody role="rowgroup" {
                        @for row in rows {
                            tr role="row" {
                                // On a phone a row is a card, in which each cell stands beside the name of its column.
                                @for (column, cell) in columns.iter().zip(row) { td role="cell" data-column=(column) { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A text in which commands stand between backquotes.
pub(crate) fn with_commands(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 0 { (part) } @else { code { (part) } }
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

/// A page for whoever may do nothing. Actions are taken out of the whole page, so that no screen can forget it: only [`act`] writes
/// such a link, and whatever else a page shows has its brackets escaped.
fn without_actions(page: &str) -> String {
    let mut parts = page.split(ACT);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once("</a>").map_or("", |(_, rest)| rest))
}

/// What the link of an action begins with.
const ACT: &str = "<a class=\"act\"";

/// A link that leads to an action, which is weighed first.
pub(crate) fn act(fields: &[(&str, &str)], text: &str) -> Markup {
    html! { a.act href=(address("/do", fields)) { (text) } }
}

/// An address with fields.
pub(crate) fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A document of a flow, as a link to its page.
pub(crate) fn document(flow: &str, key: &str) -> Markup {
    link("/document", &[("flow", flow), ("key", key)], key)
}

/// The way to all that a page lists as a file, asked for with the same fields.
pub(crate) fn download(asked: &Asked<'_>, path: &str, fields: &[&str]) -> Markup {
    let words = asked.language.says("下载 CSV(Excel)", "Download as CSV (Excel)");
    let fields: Vec<_> = fields.iter().filter_map(|name| Some((*name, asked.request.field(name)?))).collect();
    html! { p { a href=(address(path, &fields)) download { (words) } } }
}

/// One page of a long list, and the way to the others.
pub(crate) fn paged<'r, T>(asked: &Asked<'_>, all: &'r [T], size: usize) -> (&'r [T], Markup) {
    let last = all.len().div_ceil(size).max(1);
    let number = asked.request.field("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, last);
    let from = (number - 1) * size;
    let language = asked.language;
    let others = asked.request.fields.iter().filter(|(name, _)| name != "page" && name != "done");
    let others: Vec<_> = others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let to = |page: usize, text: &str| {
        let page = page.to_string();
        let fields: Vec<_> = others.iter().copied().chain([("page", page.as_str())]).collect();
        link(&asked.request.path, &fields, text)
    };
    let pager = html! {
        @if last > 1 {
            nav.pager aria-label=(language.says("页", "pages")) {
                @if number > 1 { (to(number - 1, language.says("上一页", "Previous"))) }
                span { (number) " / " (last) " (" (all.len()) ")" }
                @if number < last { (to(number + 1, language.says("下一页", "Next"))) }
            }
        }
    };
    (&all[from..(from + size).min(all.len())], pager)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_do_nothing_sees_no_action() {
        let page = html! {
            p { (cell("<a class=\"act\" typed by somebody</a>")) (act(&[("what", "replay")], "Send again")) " stays" }
            p { (act(&[("what", "settle")], "Settle")) (link("/issues", &[], "Issues")) }
        };
        let page = without_actions(&page.into_string());
        assert!(!page.contains("/do") && !page.contains("Send again") && !page.contains("Settle"), "{page}");
        assert!(
            page.contains("typed by somebody") && page.contains(" stays") && page.contains("Issues"),
            "{page}"
        );
    }
}
