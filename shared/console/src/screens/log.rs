//! Who has done what?

use maud::{Markup, html};
use relay_core::Action;
use relay_operations::times::shown;
use relay_operations::{OperationError, export};

use super::between::{picked, time};
use crate::page::{Page, cell, download, link, table};
use crate::{Asked, Role};

/// So many actions a file has at most: those of years.
const IN_FILE: usize = 20_000;

/// All of them, as a file.
pub(crate) async fn file(asked: &Asked<'_>) -> Result<String, OperationError> {
    let (request, operations) = (asked.request, &asked.desk.operations);
    let actions = operations.actions(time(request, "since")?, request.field("about"), IN_FILE).await?;
    export::actions(&actions, asked.language)
}

fn user((name, role): (&str, Role)) -> Vec<Markup> {
    vec![link("/log", &[("about", name)], name), cell(role.name())]
}

/// So many actions stand on the page.
const LISTED: usize = 200;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let language = asked.language;
    let about = asked.request.field("about");
    let since = time(asked.request, "since")?;
    let actions = asked.desk.operations.actions(since, about, LISTED).await?;
    let columns = [
        language.says("时间", "When"),
        language.says("谁", "Who"),
        language.says("做了什么", "Did what"),
        language.says("对什么", "To what"),
        language.says("数量", "How many"),
        language.says("原因", "Why"),
    ];
    let row = |action: &Action| {
        vec![
            cell(shown(action.at)),
            link("/log", &[("about", &action.by)], &action.by),
            cell(action.did.as_str()),
            cell(action.to.as_str()),
            cell(action.count.map(|count| count.to_string()).unwrap_or_default()),
            cell(action.reason.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = actions.iter().map(row).collect();
    let body = html! {
        form.asked action="/log" {
            p {
                label for="about" { (language.says("其中含有(人名、命令、单号、原因)", "With this text (a person, a command, a number, a reason)")) }
                input id="about" name="about" value=(about.unwrap_or_default()) maxlength="200";
            }
            p {
                label for="since" { (language.says("从(中国时间)", "Since (China time)")) }
                input id="since" name="since" type="datetime-local" step="1" value=[since.map(picked)];
            }
            p { button { (language.says("筛选", "Filter")) } }
        }
        (download(asked, "/log.csv", &["about", "since"]))
        @if let Some(about) = about {
            p { (language.says("只列含有", "Those that hold")) " " strong { (about) } " · "
                a href="/log" { (language.says("全部", "All")) } }
        }
        (table(language, &columns, &rows))
        @if let Some(users) = asked.users {
            h2 { (language.says("可以登录的用户", "Who may log in")) }
            (table(language, &[language.says("用户", "User"), language.says("角色", "Role")], &users.listed().map(user).collect::<Vec<_>>()))
        }
    };
    Ok(Page::new(language.says("操作记录", "Audit trail"), body))
}
