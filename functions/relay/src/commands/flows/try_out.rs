//! `relay flows try`: what would happen if flow files were begun with.

use std::path::{Path, PathBuf};

use relay_host::settings;
use relay_job::flow_tests;
use relay_operations::lines::Line;
use relay_operations::trial::{Fate, FieldChange, FlowTrial, Otherwise, Stands, Trial, Tried};
use serde_json::{Value, json};

use crate::Done;
use crate::commands::delivered::may_read_through;
use crate::commands::{looked_at, operations};
use crate::language::{self, said};
use crate::output::{counted, say};

/// So many fields are told; `--json` has all.
const FIELDS: usize = 20;

/// `relay flows try`
pub(crate) async fn run(
    folder: Option<&Path>,
    flow: Option<&str>,
    last: usize,
    yes: bool,
    json: bool,
) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let folder: Option<PathBuf> =
        folder.map(Path::to_owned).or_else(|| settings::flows_folder(&wiring.settings));
    let flows = relay_host::flows::load_sound(folder.as_deref(), &wiring.settings)?;
    let operations = operations(&wiring);
    if !may_read_through(&operations, yes).await? {
        return Ok(Done::Well);
    }
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let trial = operations.try_flows(&flows, flow, last, &connect).await?;
    let tests = match &folder {
        Some(folder) => relay_host::flows::tests(folder)?,
        None => crate::shipped::tests(),
    };
    let failing: Vec<_> = match flow_tests::run(&flows, &tests) {
        Ok(tested) => {
            let failing = tested
                .iter()
                .flat_map(|flow| flow.failed().map(|test| format!("{}: {}", flow.flow, test.name)));
            failing.collect()
        }
        Err(mistakes) => vec![mistakes.to_string()],
    };
    let begins = failing.is_empty() && trial.flows.iter().all(|flow| flow.stands != Stands::Broken);
    if json {
        let folder = folder.map(|folder| folder.display().to_string());
        let answer =
            json!({ "tried": folder, "flows": trial.flows, "failing_tests": failing, "begins": begins });
        say!("{}", place.with(answer));
    } else {
        say!("{};什么都不发送\n", "{}; nothing is sent\n", place.line());
        print(&trial, &failing, begins);
    }
    let fares_worse = |flow: &FlowTrial| {
        flow.stands == Stands::Gone || flow.tried.as_ref().is_some_and(|tried| tried.otherwise > 0)
    };
    Ok(if begins && !trial.flows.iter().any(fares_worse) { Done::Well } else { Done::WithFailures })
}

fn print(trial: &Trial, failing: &[String], begins: bool) {
    trial.flows.iter().filter(|flow| flow.stands != Stands::Same).for_each(print_flow);
    let same = trial.flows.iter().filter(|flow| flow.stands == Stands::Same).count();
    if same > 0 {
        let same = counted(same, "个流程", "flow");
        say!("没有变化:{same}。", "The same as what runs: {same}.");
    }
    failing.iter().for_each(|test| say!("没通过的测试:{test}", "A test that fails: {test}"));
    match begins {
        true => say!(
            "这些文件可以启用:`relay flows reload`,整套(AWS)则重新部署。",
            "They can be begun with: `relay flows reload`, or of a stack a deployment."
        ),
        false => say!(
            "这些文件不能启用:运行中的会按原来的继续。",
            "They cannot be begun with: what runs would go on by the text before."
        ),
    }
}

fn print_flow(flow: &FlowTrial) {
    let language = language::current();
    let stands = match flow.stands {
        Stands::Same => language.says("没有变化", "the same"),
        Stands::Changed => language.says("有变化", "changed"),
        Stands::New => language.says("新流程", "new"),
        Stands::Gone => language.says(
            "正在运行,而这里没有它的文件:为它来的会记为失败",
            "runs, and has no file here: what comes for it would be recorded as failed",
        ),
        Stands::Broken => language.says("文件有错误", "its file has mistakes"),
    };
    say!("{}:{stands}", "{}: {stands}", flow.flow);
    flow.mistakes.iter().for_each(|mistake| say!("  {}", language::words(mistake)));
    flow.lines.iter().map(Line::told).for_each(|line| say!("  {line}"));
    flow.tried.iter().for_each(print_tried);
    say!("");
}

fn print_tried(Tried { documents, same, fields, otherwise, named }: &Tried) {
    if *documents == 0 {
        say!("  没有留存的单据可试。", "  No document of it is kept to be tried.");
        return;
    }
    let tried = usize::try_from(*documents).unwrap_or(usize::MAX);
    let tried = counted(tried, "张单据", "document");
    say!(
        "  最近的 {tried} 试过:{same} 张一样,{otherwise} 张结果不同,字段不同的 {} 张",
        "  Tried with the last {tried}: {same} the same, {otherwise} with another fate, {} with other content",
        documents - same - otherwise
    );
    for FieldChange { field, documents, such_as, before, after } in fields.iter().take(FIELDS) {
        let value =
            |value: &Option<Value>| value.as_ref().map_or_else(|| said!("没有", "nothing"), Value::to_string);
        say!(
            "    {field}:{documents} 张,例如 {such_as}:{} → {}",
            "    {field}: {documents}, such as {such_as}: {} → {}",
            value(before),
            value(after)
        );
    }
    if fields.len() > FIELDS {
        say!("    还有 {} 个字段:--json", "    and {} more fields: --json", fields.len() - FIELDS);
    }
    for Otherwise { key, before, after } in named {
        say!("    {key}: {} → {}", fate(before), fate(after));
    }
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Sent => said!("发送", "sent"),
        Fate::LeftOut => said!("过滤条件不要", "left out by the filter"),
        Fate::Fails(why) => said!("失败:{}", "fails: {}", language::words(why)),
        Fate::Unknown(why) => said!("说不准:{}", "cannot be told: {}", language::words(why)),
    }
}
