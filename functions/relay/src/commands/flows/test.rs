use std::fmt;
use std::path::{Path, PathBuf};

use relay_host::{Settings, settings};
use relay_job::flow_tests::{self, TestedFlow};
use relay_mapping::flow_test::{Difference, Tested};
use relay_mapping::{Diagnostics, Missing, Position};
use serde_json::json;

use super::check::diagnostics_as_json;
use crate::language::{self, said};
use crate::output::{counted, say};
use crate::{Done, shipped};

/// Flow files whose own tests fail: nothing is begun with them.
#[derive(Debug)]
pub(crate) struct FailingTests(String);

impl fmt::Display for FailingTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the flow files' own tests fail, so nothing is begun with them (`relay flows test`):\n{}",
            self.0
        )
    }
}

impl std::error::Error for FailingTests {}

/// Refuses a folder whose tests fail. The shipped flows were tested when this program was built. A test whose flow is away
/// stops nothing: what comes for that flow is to be kept.
pub(crate) fn must_pass(settings: &Settings) -> anyhow::Result<()> {
    let Some(folder) = settings::flows_folder(settings) else { return Ok(()) };
    let flows = relay_host::flows::load(Some(&folder), settings)?;
    let failing = match flow_tests::run(&flows, &relay_host::flows::tests(&folder)?) {
        Ok(flows) => {
            let failing = flows.iter().filter(|flow| flow.failed().next().is_some());
            failing.flat_map(|flow| flow.failed().flat_map(|test| failure(flow, test))).collect::<Vec<_>>()
        }
        Err(mistakes) => vec![mistakes.to_string()],
    };
    if failing.is_empty() { Ok(()) } else { Err(FailingTests(failing.join("\n")).into()) }
}

/// What the tests of one flow come to, or what is wrong with the folder.
pub(crate) fn of_flow(name: &str, settings: &Settings) -> Result<Option<TestedFlow>, String> {
    let folder = settings::flows_folder(settings);
    let flows = tested(folder.as_deref(), settings).map_err(|error| format!("{error:#}"))?;
    let flows = flows.map_err(|mistakes| mistakes.to_string())?;
    Ok(flows.into_iter().find(|flow| flow.flow == name))
}

/// `relay flows test`
pub(crate) fn run(folder: Option<&Path>, json: bool) -> anyhow::Result<Done> {
    let settings = settings::of_process();
    let folder: Option<PathBuf> = folder.map(Path::to_owned).or_else(|| settings::flows_folder(&settings));
    let flows = match tested(folder.as_deref(), &settings)? {
        Ok(flows) => flows,
        Err(mistakes) => {
            let found: Vec<_> = mistakes.0.iter().collect();
            if json {
                say!("{}", json!({ "mistakes": diagnostics_as_json(&found) }));
            } else {
                found.iter().for_each(|mistake| say!("{}\n", language::told(mistake)));
                say!("{}。", "{}.", counted(found.len(), "处错误", "mistake"));
            }
            return Ok(Done::WithFailures);
        }
    };
    let failed = flows.iter().flat_map(TestedFlow::failed).count();
    if json {
        say!("{}", json!({ "flows": flows, "failed": failed }));
    } else {
        flows.iter().for_each(print);
        let tests: usize = flows.iter().map(|flow| flow.tests.len()).sum();
        let failed = match failed {
            0 => said!("全部通过", "none failed"),
            failed => said!("{failed} 个没通过", "{failed} failed"),
        };
        let (flows, tests) = (counted(flows.len(), "个流程", "flow"), counted(tests, "个测试", "test"));
        say!("{flows},{tests},{failed}。", "{flows}, {tests}, {failed}.");
    }
    Ok(if failed == 0 { Done::Well } else { Done::WithFailures })
}

/// What the tests of a folder come to, or its mistakes.
fn tested(
    folder: Option<&Path>,
    settings: &Settings,
) -> anyhow::Result<Result<Vec<TestedFlow>, Diagnostics>> {
    let flows = match relay_host::flows::load(folder, settings) {
        Ok(flows) => flows,
        Err(error) => return error.downcast::<Diagnostics>().map(Err),
    };
    let tests = folder.map_or_else(|| Ok(shipped::tests()), relay_host::flows::tests)?;
    let mistakes = flow_tests::without_flow(&flows, &tests);
    Ok(match flow_tests::run(&flows, &tests) {
        Ok(flows) if mistakes.is_empty() => Ok(flows),
        Ok(_) => Err(Diagnostics(mistakes)),
        Err(found) => Err(Diagnostics(mistakes.into_iter().chain(found.0).collect())),
    })
}

fn print(flow: &TestedFlow) {
    let TestedFlow { flow: name, flow_file, tests, coverage, .. } = flow;
    if tests.is_empty() {
        say!(
            "{name}:没有测试(在旁边写一个 {name}.test.toml)\n",
            "{name}: no tests (write {name}.test.toml beside it)\n"
        );
        return;
    }
    let (reached, of) = (coverage.reached, coverage.of);
    say!(
        "{name}:{};用到了 {of} 条规则和条件里的 {reached} 条",
        "{name}: {}; they reach {reached} of {of} rules and conditions",
        counted(tests.len(), "个测试", "test")
    );
    flow.failed().flat_map(|test| failure(flow, test)).for_each(|line| say!("{line}"));
    for Missing { at: Position { line, column }, target, what } in &coverage.missing {
        say!(
            "  没用到:{target}:{}({flow_file}:{line}:{column})",
            "  not reached: {target}: {} ({flow_file}:{line}:{column})",
            language::words(what)
        );
    }
    say!("");
}

/// The lines that tell of a test that failed.
fn failure(flow: &TestedFlow, test: &Tested) -> Vec<String> {
    let Tested { name, line, differences, .. } = test;
    let file = flow.test_file.as_deref().unwrap_or_default();
    let difference = |Difference { field, line, expected, found }: &Difference| {
        said!(
            "    {field}:应为 {expected},得到 {found}({file}:{line})",
            "    {field}: expected {expected}, found {found} ({file}:{line})"
        )
    };
    let head = said!("  没通过 {name}({file}:{line})", "  FAILED {name} ({file}:{line})");
    std::iter::once(head).chain(differences.iter().map(difference)).collect()
}
