//! Is all well, and if not, why?

use maud::html;
use relay_operations::{OperationError, backups};

use super::{flows, issues, queues, vendors};
use crate::Asked;
use crate::page::{Page, mark, with_commands};

/// So many issues stand here; their page has all.
const ISSUES: usize = 10;

pub(crate) async fn page(asked: &Asked<'_>) -> Result<Page, OperationError> {
    let (desk, language) = (asked.desk, asked.language);
    let status = desk.operations.status().await?;
    let causes = relay_operations::issues::of(&desk.operations.failures(None).await?);
    let body = html! {
        @if status.attention == 0 {
            p.big { (mark("good", language.says("一切正常", "All is well"))) }
        } @else {
            p.big { (mark("bad", &format!("{} {}", status.attention, language.says("件事要人处理", "need a person")))) }
            ul { @for issue in &status.issues { li { (with_commands(issue.told(language))) } } }
        }
        @if !causes.is_empty() {
            h2 { (language.says("失败的原因", "Why documents fail")) }
            (issues::causes(&desk.operations, &causes[..causes.len().min(ISSUES)], language))
            @if causes.len() > ISSUES { p { a href="/issues" { (language.says("全部", "All")) " (" (causes.len()) ")" } } }
        }
        h2 { (language.says("流程", "Flows")) }
        (flows::table_of(&status, language))
        h2 { (language.says("系统与额度", "Systems and quotas")) }
        (vendors::table_of(&status, language))
        h2 { (language.says("队列", "Queues")) }
        (queues::table_of(&status, language))
        p { (language.says("存储:", "The store: ")) (status.size_in_words().told(language)) }
        @if status.size.is_some() {
            @let last = backups::last_in_words(status.backup.as_ref(), desk.operations.clock.now());
            p { (language.says("上次备份:", "The last backup: ")) (with_commands(last.told(language))) }
        } @else {
            p { (language.says("备份由 AWS 做(时间点恢复,35 天)。", "AWS makes the backups (point-in-time recovery, 35 days).")) }
        }
        @if let Some(restored) = status.restored { p { (backups::restored_in_words(restored).told(language)) } }
        @for program in &status.programs { p { (with_commands(program.told(desk.operations.clock.now()).told(language))) } }
        @if status.programs.is_empty() && status.size.is_some() {
            p { (with_commands(language.says("没有 `relay serve` 在这个存储上运行。", "No `relay serve` runs on this store."))) }
        }
        p { a href="/settings" { (language.says("生效的设置", "The settings in force")) } }
    };
    Ok(Page::new(language.says("总览", "Overview"), body))
}
