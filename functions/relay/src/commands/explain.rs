use relay_mapping::{ConditionTrace, Ended, FieldTrace, LineTrace, ReadValue};
use relay_operations::explain::{Asked, Becomes, Brings, Compared, Explained, Request, Target};
use relay_operations::times::shown;
use serde_json::{Value, json};

use super::{existing_or_none, invoke, looked_at, operations};
use crate::cli::ExplainArguments;
use crate::language::{self, said};
use crate::output::say;
use crate::{Done, WrongUsage};

/// `relay explain`
pub(crate) async fn run(
    ExplainArguments { file, flow, key, number }: &ExplainArguments,
    json: bool,
) -> anyhow::Result<Done> {
    let asked = match (file, key, number) {
        (Some(file), ..) => Asked::Document(invoke::read("document", file)?),
        (None, Some(key), _) => Asked::Key(key),
        (None, None, Some(number)) => Asked::Fetched(number),
        (None, None, None) => {
            return Err(WrongUsage(said!(
                "给一个文件,或 --key,或 --number",
                "name a file, --key or --number"
            ))
            .into());
        }
    };
    // What is not asked of the store needs none: a flow can be tried before anything runs.
    let (wiring, place, _folder) = match &asked {
        Asked::Document(_) | Asked::HandedOver(_) | Asked::Fetched(_) => existing_or_none().await?,
        Asked::Key(_) => looked_at().await.map(|(wiring, place)| (wiring, place, None))?,
    };
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let explained = operations(&wiring).explain(flow, asked, &connect, Target::IsRead).await?;
    if json {
        say!("{}", place.with(json!(explained)));
    } else {
        say!("{};什么都不发送\n", "{}; nothing is sent\n", place.line());
        print(&explained);
    }
    let parts = explained.parts.iter().map(|part| part.verdict.becomes);
    let is_well = |becomes| !matches!(becomes, Becomes::Fails | Becomes::Unknown);
    let is_well = parts.chain([explained.verdict.becomes]).all(is_well);
    Ok(if is_well { Done::Well } else { Done::WithFailures })
}

/// Shows in short what would become of a document.
pub(super) fn summarize(explained: &Explained) {
    head(explained);
    explained.brings.iter().for_each(brings);
    explained.request.iter().for_each(request);
    say!("");
    explained.parts.iter().for_each(summarize);
}

/// Shows what would become of a document.
fn print(explained: &Explained) {
    let Explained { flow_file, trace, .. } = explained;
    head(explained);
    if !explained.parts.is_empty() {
        for part in &explained.parts {
            say!("");
            print(part);
        }
        return;
    }
    if let Some(filter) = &trace.filter {
        let holds = match filter.holds {
            Some(true) => said!("成立", "holds"),
            Some(false) => said!("不成立", "does not hold"),
            None => said!("算不出来", "cannot be told"),
        };
        say!("\n过滤条件{holds}:{}", "\nThe filter {holds}: {}", condition(filter));
    }
    say!("\n字段({flow_file}):", "\nThe fields ({flow_file}):");
    trace.fields.iter().for_each(field);
    for LineTrace { target, line, condition: left_out } in &trace.left_out {
        let line =
            if line.is_empty() { language::current().says("一组行", "a block of lines") } else { line };
        say!("  {target}:{line} 不要:{}", "  {target}: {line} is left out: {}", condition(left_out));
    }
    explained.brings.iter().for_each(brings);
    explained.request.iter().for_each(request);
    let language = language::current();
    compared(
        language.says("上次发送的", "what was sent last"),
        language.says("已发", "sent"),
        &explained.sent_last,
    );
    compared(
        language.says("目标里现有的", "what the target holds now"),
        language.says("那里", "there"),
        &explained.target_now,
    );
}

/// Which document it is, and what would become of it.
fn head(explained: &Explained) {
    let Explained { flow, origin, key, version, verdict, faults, unresolved, .. } = explained;
    let (key, version) = (
        key.as_deref().unwrap_or(language::current().says("(没有键)", "(no key)")),
        version.as_deref().unwrap_or("-"),
    );
    let origin = language::words(origin);
    say!("{flow} {key},版本 {version},来自 {origin}", "{flow} {key}, version {version}, from {origin}");
    let becomes = match verdict.becomes {
        Becomes::Sent => said!("会发送", "It would be sent"),
        Becomes::Grouped => said!("会进它的组", "It would go into its group"),
        Becomes::Withdrawn => said!("会从它的组里拿出来", "It would be taken out of its group"),
        Becomes::Nothing => said!("什么都不会发送", "Nothing would be sent"),
        Becomes::Fails => said!("会失败", "It would fail"),
        Becomes::Unknown => said!("说不准会怎样", "It cannot be told what would become of it"),
    };
    let why = verdict.why.as_deref().map(|why| format!(": {}", language::words(why))).unwrap_or_default();
    say!("{becomes}{why}。", "{becomes}{why}.");
    faults.iter().for_each(|fault| say!("- {}", language::words(fault)));
    if !explained.parts.is_empty() {
        say!("它拆成 {} 份。", "It is split into {} parts.", explained.parts.len());
    }
    for part in &explained.withdrawn {
        say!(
            "它不再有 {part} 这一份的行,这一份会被撤回。",
            "It has no lines for the part {part} any more, which would be withdrawn."
        );
    }
    for code in unresolved {
        say!(
            "- {} `{}` 没问到:{}",
            "- {} `{}` could not be asked for: {}",
            code.table,
            code.code,
            language::words(&code.why)
        );
    }
}

fn field(field: &FieldTrace) {
    let FieldTrace { target, when, takes, source, conversion, lookup, result, ended, .. } = field;
    let value = match (result, ended) {
        (Some(value), _) if !field.is_sent => said!("{value}(不发送)", "{value} (not sent)"),
        (Some(value), Ended::Default) => said!("{value}(默认值)", "{value} (the default)"),
        (Some(value), _) => value.to_string(),
        (None, Ended::Fault) => said!("出错", "FAULT"),
        (None, Ended::NoRule) => said!("(不写:没有规则适用)", "(left out: no rule applies)"),
        (None, _) => said!("(不写:没有可读的)", "(left out: there is nothing to read)"),
    };
    let mut steps = Vec::new();
    steps.extend(when.as_ref().map(|when| said!("条件 {when}", "when {when}")));
    steps.extend((!source.is_empty()).then(|| said!("取自 {source}", "{takes} {source}")));
    steps.extend(field.reads.iter().map(read));
    let is_changed = field.converted.is_some() && !source.is_empty();
    steps.extend(conversion.as_ref().filter(|_| is_changed).map(|name| said!("转为 {name}", "as {name}")));
    steps.extend(lookup.as_ref().map(|lookup| {
        let id = lookup.id.as_deref().unwrap_or(language::current().says("不认识", "unknown"));
        said!("{} {} 是 {id}", "{} {} is {id}", lookup.table, lookup.code)
    }));
    let line = field.at.map(|at| said!("第 {} 行", "line {}", at.line));
    let how = line.into_iter().chain(steps).collect::<Vec<_>>().join("; ");
    say!("  {target} = {value}");
    if !how.is_empty() {
        say!("      {how}");
    }
}

fn read(ReadValue { path, value }: &ReadValue) -> String {
    match value {
        Some(value) => format!("{path} = {}", Value::from(value.as_str())),
        None => said!("没有 {path}", "{path} is absent"),
    }
}

fn condition(condition: &ConditionTrace) -> String {
    let found: Vec<_> = condition.reads.iter().map(read).collect();
    said!("{}({};第 {} 行)", "{} ({}; line {})", condition.condition, found.join(", "), condition.at.line)
}

fn brings(brings: &Brings) {
    let Brings { group, document, leaves } = brings;
    say!(
        "\n它给组 {group} 带来的(价格在封上时由合计算出):",
        "\nWhat it brings into the group {group} (prices are worked out of the sums, when it is closed):"
    );
    say!("  {document}");
    if let Some(leaves) = leaves {
        say!(
            "  它离开组 {leaves},那里有它的旧版本。",
            "  It leaves the group {leaves}, which has an older version of it."
        );
    }
}

fn request(request: &Request) {
    say!("\n请求({}):", "\nThe request ({}):", request.document);
    if let Some(call) = &request.call {
        say!("  {} {}", call.vendor, call.operation);
        call.parameters.iter().for_each(|(name, value)| say!("  {name}={value}"));
        if !call.body.is_empty() {
            say!("  {}", call.body);
        }
        return;
    }
    request.params.iter().for_each(|(name, value)| say!("  {name}={value}"));
    say!("  {}", request.body);
    if let Some(why) = &request.no_call {
        let why = language::words(why);
        say!(
            "  (流程做出的样子;厂商实际收到的样子显示不了:{why})",
            "  (as the flow makes it; how the vendor takes it cannot be shown: {why})"
        );
    }
}

fn compared(with: &str, there: &str, compared: &Compared) {
    let at = compared.at.map(|at| format!(" ({})", shown(at))).unwrap_or_default();
    match &compared.not_compared {
        Some(why) => {
            let why = language::words(why);
            say!("\n与{with}相比:{why}。", "\nBeside {with}: {why}.");
        }
        None if compared.differing.is_empty() => {
            say!("\n与{with}{at}相比:没有不同。", "\nBeside {with}{at}: no difference.");
        }
        None => say!("\n与{with}{at}相比:", "\nBeside {with}{at}:"),
    }
    for differing in &compared.differing {
        let value =
            |value: &Option<Value>| value.as_ref().map_or_else(|| said!("没有", "nothing"), Value::to_string);
        say!(
            "  {}:{there} {},现在 {}",
            "  {}: {there} {}, now {}",
            differing.field,
            value(&differing.there),
            value(&differing.now)
        );
    }
}
