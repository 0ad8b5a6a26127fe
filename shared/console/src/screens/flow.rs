//! What does a flow do, do its tests pass, and what would it make of this document?

use maud::{Markup, html};
use relay_connector::Role;
use relay_job::Routed;
use relay_job::flow_tests::TestedFlow;
use relay_operations::OperationError;
use relay_operations::flow_texts::FlowShown;
use relay_operations::lines::Line;
use relay_operations::times::shown;

use crate::Asked;
use crate::language::Language;
use crate::page::{Page, act, mark};

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (desk, language) = (asked.desk, asked.language);
    let name = asked.request.field("flow").unwrap_or_default();
    let operations = &desk.operations;
    operations.check_flow(name).await?;
    let status = operations.status().await?;
    let known = status.flows.get(name);
    let routed = operations.flows.named(name);
    let is_paused = known.is_some_and(|flow| flow.paused.is_some());
    let (what, words) = match is_paused {
        true => ("resume", language.says("恢复", "Resume")),
        false => ("pause", language.says("暂停", "Pause")),
    };
    let body = html! {
        @if let Some(flow) = known {
            dl {
                dt { (language.says("从 → 到", "From → to")) } dd { (flow.source) " → " (flow.target) }
                dt { (language.says("失败", "Failed")) } dd { a href={ "/issues?flow=" (name) } { (flow.failed) } }
                dt { (language.says("读到", "Read until")) } dd { (flow.read_until.map_or_else(|| "–".to_owned(), shown)) }
                @for note in &flow.notes {
                    dt { (language.says("另外", "Besides")) } dd { (note.told(language)) }
                }
            }
        }
        p { (act(&[("what", what), ("name", name)], words)) }
        @match routed {
            Some(routed) => {
                (changes(&operations.flow(name).await?, language))
                (of_file(asked, routed))
            }
            None => { p { (language.says("它的文件不在了,或有错误。", "Its file is away, or has mistakes.")) } }
        }
    };
    Ok(Page::new(name, body))
}

fn of_file(asked: &Asked<'_>, routed: &Routed) -> Markup {
    let (language, name) = (asked.language, routed.flow.name());
    html! {
        @if asked.may_act() {
            @match routed.flow.source().document.role {
                Role::Windowed => { (backfill(name, language)) (rewind(name, language)) }
                Role::Listed => { (read_anew(asked, name)) }
                _ => {}
            }
        }
        @if asked.may_act() { (try_it(asked, name)) }
        h2 { (language.says("如果来了这样的单据", "What would become of a document")) }
        form.asked method="post" action="/explain" {
            input type="hidden" name="token" value=(asked.token);
            input type="hidden" name="flow" value=(name);
            p {
                label for="pasted" { (language.says("来源单据(JSON):什么都不会发送", "The source's document as JSON; nothing is sent")) }
                textarea id="pasted" name="document" rows="6" required {}
            }
            p { button { (language.says("解释", "Explain")) } }
        }
        h2 { (language.says("测试", "Tests")) }
        (tests(asked, name))
        h2 { (language.says("文件", "File")) }
        p.faint { (routed.file) }
        pre.file tabindex="0" { @for (place, line) in routed.text.lines().enumerate() { span id={ "L" (place + 1) } { (line) } } }
    }
}

/// The form that tries a changed file.
fn try_it(asked: &Asked<'_>, name: &str) -> Markup {
    let language = asked.language;
    html! {
        h2 { (language.says("如果换上改过的文件", "What would happen with a changed file")) }
        form.asked method="post" action="/try" {
            input type="hidden" name="token" value=(asked.token);
            input type="hidden" name="flow" value=(name);
            p {
                label for="text" { (language.says("改过的流程文件全文:用最近的单据试,什么都不会发送", "The changed file's whole text: it is tried with the last documents, and nothing is sent")) }
                textarea id="text" name="text" rows="6" required {}
            }
            p { button { (language.says("试一试", "Try it")) } }
        }
    }
}

/// What has changed in its file, and when.
fn changes(flow: &FlowShown, language: Language) -> Markup {
    let listed = |lines: &[Line]| {
        html! { pre tabindex="0" { @for line in lines { (line.told()) "\n" } } }
    };
    html! {
        @if !flow.not_begun.is_empty() {
            h2 { (language.says("文件已改,还没启用", "The file has changed, and was not begun with")) }
            (listed(&flow.not_begun))
            p { code { "relay flows try --flow " (flow.flow) } " " code { "relay flows reload" } }
        }
        @if !flow.changes.is_empty() {
            h2 { (language.says("改动", "Changes")) }
            @for change in &flow.changes {
                details {
                    summary {
                        (shown(change.since)) " "
                        @if change.lines.is_empty() { (language.says("留存的第一份", "the first text that is kept")) }
                        @else { (change.lines.len()) " " (language.says("行", "lines")) }
                    }
                    @if !change.lines.is_empty() { (listed(&change.lines)) }
                }
            }
        }
    }
}

/// The form that leads to reading a range again, which is weighed first.
fn backfill(name: &str, language: Language) -> Markup {
    html! {
        h2 { (language.says("补读", "Read a range again")) }
        form.asked action="/do" {
            input type="hidden" name="what" value="backfill";
            input type="hidden" name="flow" value=(name);
            p {
                label for="from" { (language.says("从(中国时间,按来源的修改时间)", "From (China time, by when the source has changed it)")) }
                input id="from" name="from" type="datetime-local" required;
            }
            p {
                label for="to" { (language.says("到", "Until")) }
                input id="to" name="to" type="datetime-local" required;
            }
            p { button { (language.says("先数一数", "Count first")) } }
        }
    }
}

/// The form that leads to reading again from a time on, which is weighed first.
fn rewind(name: &str, language: Language) -> Markup {
    html! {
        h2 { (language.says("回退重读", "Read again from a time on")) }
        form.asked action="/do" {
            input type="hidden" name="what" value="rewind";
            input type="hidden" name="flow" value=(name);
            p {
                label for="rewind-to" { (language.says("从(中国时间,按来源的修改时间),排在新单之前", "From (China time, by when the source has changed it), before anything new")) }
                input id="rewind-to" name="to" type="datetime-local" required;
            }
            p { button { (language.says("先看后果", "See what that does")) } }
        }
    }
}

/// A list has no times: all of it is read.
fn read_anew(asked: &Asked<'_>, name: &str) -> Markup {
    let now = shown(asked.desk.operations.clock.now());
    let words = asked.language.says("整个列表重新读", "Read its whole list again");
    html! { p { (act(&[("what", "rewind"), ("flow", name), ("to", now.as_str())], words)) } }
}

fn tests(asked: &Asked<'_>, name: &str) -> Markup {
    let language = asked.language;
    let tested = match (asked.desk.tested)(name) {
        Ok(Some(tested)) if !tested.tests.is_empty() => tested,
        Ok(_) => return html! { p.nothing { (language.says("没有测试。", "It has no tests.")) } },
        Err(why) => {
            return html! { p { (mark("bad", language.says("无法运行", "They cannot be run"))) " " (why) } };
        }
    };
    let TestedFlow { tests, coverage, test_file, .. } = tested;
    html! {
        p.faint {
            (test_file.unwrap_or_default()) " · " (language.says("覆盖的规则", "rules reached")) " "
            (coverage.reached) " / " (coverage.of)
        }
        ul.plain {
            @for test in &tests {
                li {
                    @if test.differences.is_empty() { (mark("good", language.says("通过", "passes"))) }
                    @else { (mark("bad", language.says("不通过", "fails"))) }
                    " " (test.name)
                    @for differing in &test.differences {
                        p.faint {
                            (differing.field) ": " (language.says("应为", "expected")) " " (differing.expected) ", "
                            (language.says("实为", "found")) " " (differing.found) " (" (differing.line) ")"
                        }
                    }
                }
            }
        }
    }
}
