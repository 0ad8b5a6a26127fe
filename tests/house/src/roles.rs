//! What the roles in `template.yaml` allow of the tables, and what the adapter for AWS asks of them: a function that needs
//! what its role leaves out fails on AWS and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Context as _;

/// What a role allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role(Vec<Statement>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Statement {
    actions: Vec<String>,
    /// `GroupTable`, or `LedgerTable/index/failed`.
    resources: Vec<String>,
    /// The keys that it is for; empty: all.
    keys: Vec<String>,
}

impl Role {
    /// The role of a function, by its name in the template: its own statements, and those that all functions share.
    ///
    /// # Errors
    /// When the template has no such role.
    pub fn of(template: &str, function: &str) -> anyhow::Result<Self> {
        let mut statements = Vec::new();
        for name in [format!("{function}Role"), "SecretPolicy".to_owned()] {
            let policy = resource(template, &name).with_context(|| format!("no {name} in the template"))?;
            statements.extend(policy.split("Effect: Allow\n").skip(1).map(statement));
        }
        Ok(Self(statements))
    }

    /// Whether it may do that to the item of that key.
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str, key: &str) -> bool {
        let is_like = |pattern: &String| match pattern.split_once('*') {
            Some((start, end)) => key.starts_with(start) && key.ends_with(end),
            None => pattern == key,
        };
        self.0.iter().any(|statement| {
            statement.actions.iter().any(|allowed| allowed == action)
                && statement.resources.iter().any(|allowed| allowed == resource)
                && (statement.keys.is_empty() || statement.keys.iter().any(is_like))
        })
    }
}

/// The text of a resource: from its name up to the next of the same depth.
fn resource<'t>(template: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = template.split_once(&format!("\n  {name}:\n"))?;
    let is_next = |line: &str| line.starts_with("  ") && !line.starts_with("   ");
    let length: usize = rest.split_inclusive('\n').take_while(|line| !is_next(line)).map(str::len).sum();
    rest.get(..length)
}

fn statement(text: &str) -> Statement {
    let is_comment = |line: &&str| line.trim_start().starts_with('#');
    let text: String =
        text.lines().filter(|line| !is_comment(line)).map(|line| format!("{line}\n")).collect();
    let (before, condition) = text.split_once("Condition:").unwrap_or((&text, ""));
    let (actions, resources) = before.split_once("Resource:").unwrap_or((before, ""));
    let is_between = |c: char| c.is_whitespace() || "[],\"{}".contains(c);
    let words =
        |text: &str| text.split(is_between).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let actions: Vec<String> = words(actions);
    let keys = condition.split_once("LeadingKeys\":").map_or("", |(_, keys)| keys);
    let keys = keys.split(']').next().unwrap_or_default();
    let resource =
        |word: String| Some(word.replace('$', "").replace(".Arn", "")).filter(|word| word != "!GetAtt");
    // `!Sub ${LedgerTable.Arn}/index/failed` is one word once its brackets are gone.
    let resources: Vec<String> = words(&resources.replace("${", "").replace('}', ""));
    Statement {
        actions: actions.into_iter().filter(|word| word.contains(':') && !word.ends_with(':')).collect(),
        resources: resources.into_iter().filter_map(resource).collect(),
        keys: words(keys),
    }
}

/// What is asked of the tables: the resource, and the action.
pub type Asked = BTreeSet<(String, String)>;

/// What each operation of a port asks of the tables, by the port and its name, read from the adapter's sources.
///
/// # Errors
/// When they cannot be read.
pub fn asked() -> anyhow::Result<BTreeMap<(String, String), Asked>> {
    let mut functions = Vec::new();
    let mut folders = vec![crate::root().join("shared/store-aws/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                functions.extend(functions_of(&fs::read_to_string(path)?));
            }
        }
    }
    let ports = functions.iter().filter_map(|function| Some((function.port.clone()?, function.name.clone())));
    Ok(ports
        .map(|(port, name)| {
            let mut asked = Asked::new();
            gather(&functions, Some(&port), &name, &mut BTreeSet::new(), &mut asked);
            ((port, name), asked)
        })
        .collect())
}

/// A function of the adapter.
struct Function {
    /// The port whose operation it is.
    port: Option<String>,
    name: String,
    body: String,
}

/// The functions of a file that `cargo fmt` has written.
fn functions_of(source: &str) -> Vec<Function> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut port, mut functions, mut is_inside) = (None, Vec::<Function>::new(), false);
    for line in source.lines() {
        if let Some(named) = line.strip_prefix("impl ").and_then(|rest| rest.split_once(" for Aws")) {
            port = Some(named.0.to_owned());
        } else if !line.starts_with(' ') && !line.is_empty() && line != "}" {
            port = None;
        }
        let name = line.strip_prefix("    ").unwrap_or(line).split_once("fn ").filter(|(before, _)| {
            before.split(' ').all(|word| matches!(word, "" | "async" | "const") || word.starts_with("pub"))
        });
        if let Some((_, rest)) = name {
            let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            functions.push(Function { port: port.clone(), name, body: String::new() });
            is_inside = true;
        } else if let Some(function) = functions.last_mut().filter(|_| is_inside) {
            function.body.push_str(line);
            function.body.push('\n');
        }
        if line == "    }" || line == "}" {
            is_inside = false;
        }
    }
    functions
}

fn gather(
    functions: &[Function],
    port: Option<&str>,
    name: &str,
    seen: &mut BTreeSet<String>,
    asked: &mut Asked,
) {
    let is_it = |function: &&Function| function.name == name && function.port.as_deref() == port;
    let Some(function) = functions.iter().find(is_it) else { return };
    if !seen.insert(format!("{port:?} {name}")) {
        return;
    }
    for (place, _) in function.body.match_indices("_call(") {
        let (before, after) = function.body.split_at(place);
        let table = match before.rsplit(['.', ' ']).next().unwrap_or_default() {
            "checkpoints" => "CheckpointTable",
            "ledger" => "LedgerTable",
            "lookups" => "LookupTable",
            "groups" => "GroupTable",
            "operators" => "OperatorTable",
            _ => continue,
        };
        let action = after.split('"').nth(3).unwrap_or_default();
        // The ledger is only ever queried by the index of what has failed.
        let is_index = (table, action) == ("LedgerTable", "dynamodb:Query");
        let resource = if is_index { format!("{table}/index/failed") } else { table.to_owned() };
        asked.insert((resource, action.to_owned()));
    }
    let called = |start: &str| -> Vec<String> {
        let rest = function.body.split(start).skip(1);
        rest.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()).collect()
    };
    for called in called("self.").into_iter().chain(called("self\n            .")) {
        // Windows of quotas are kept among the checkpoints.
        let of_port = (port == Some("Quotas")).then_some("Checkpoints");
        gather(functions, of_port, &called, seen, asked);
        gather(functions, None, &called, seen, asked);
    }
}
