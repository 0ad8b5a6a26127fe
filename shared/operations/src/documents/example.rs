//! The part of a flow file that names a document: what must stand there, and `…` where only the author knows it.

use relay_connector::{Document, Field, Kind, Need, Role, Test, field, own};

/// What is written where the author knows better.
const UNKNOWN: &str = "…";

/// `[source]`; or `[target]`, with a rule for each field that the target insists on.
pub(super) fn of(document: &Document) -> String {
    match document.role {
        Role::Target => target(document),
        Role::Pushed | Role::Windowed | Role::Pool | Role::Listed | Role::Own => source(document),
    }
}

fn source(document: &Document) -> String {
    let mut lines = vec!["[source]".to_owned(), format!("document = \"{}\"", document.name)];
    if document.role == Role::Own {
        // Health is of no flow.
        lines.extend((document.name != own::HEALTH).then(|| format!("of       = \"{UNKNOWN}\"")));
        return lines.join("\n") + "\n";
    }
    if document.role != Role::Pushed {
        lines.extend(document.routes.first().map(|route| format!("route    = \"{route}\"")));
    }
    lines.extend(params(document));
    let key = match document.keys.first() {
        None => format!("\"{UNKNOWN}\""),
        Some([only]) => format!("\"{}\"", read(document, only)),
        Some(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| read(document, part)).collect();
            format!("[\"{}\"]", parts.join("\", \""))
        }
    };
    lines.push(format!("key      = {key}"));
    lines.extend(
        super::version(document).map(|version| format!("version  = \"{}\"", read(document, version))),
    );
    lines.join("\n") + "\n"
}

/// A field as a flow reads it: one that our list does not have in quotes.
fn read(document: &Document, name: &str) -> String {
    match field(document.fields(), name) {
        Some(_) => name.to_owned(),
        None => format!(".'{name}'"),
    }
}

fn target(document: &Document) -> String {
    let mut lines = vec!["[target]".to_owned(), format!("document = \"{}\"", document.name)];
    lines.extend(document.routes.first().map(|route| format!("route    = \"{route}\"")));
    lines.extend(params(document));
    lines.push(String::new());
    lines.push("[fields]".to_owned());
    object(document.fields(), "fields", document.number(), &mut lines);
    lines.join("\n") + "\n"
}

/// The rules of one object, then the tables within it.
fn object(fields: &[Field], table: &str, number: Option<&str>, lines: &mut Vec<String>) {
    let is_sent = |field: &&Field| field.need != Need::Optional || Some(field.name) == number;
    let (tables, rules): (Vec<_>, Vec<_>) = fields.iter().filter(is_sent).partition(|field| {
        matches!(field.kind, Kind::List(_) | Kind::Object(_) | Kind::Map | Kind::MapOfLists)
    });
    for Field { name, title, kind, codes, .. } in rules {
        let codes = if codes.is_empty() { String::new() } else { format!(" ({codes})") };
        lines.push(format!("{name} = \"{UNKNOWN}\"    # {}: {title}{codes}", kind.name()));
    }
    for Field { name, title, kind, .. } in tables {
        lines.push(String::new());
        lines.push(format!("[{table}.{name}]    # {title}"));
        match kind {
            Kind::List(inner) => {
                lines.push(format!("each = \"{UNKNOWN}\""));
                object(inner, &format!("{table}.{name}"), None, lines);
            }
            Kind::Object(inner) => object(inner, &format!("{table}.{name}"), None, lines),
            _ => lines.push(format!("# {UNKNOWN}")),
        }
    }
}

/// The parameters without which a request is refused, or is not over the last change.
fn params(document: &Document) -> Option<String> {
    let required = document.param_fields().filter(|param| param.need != Need::Optional);
    let mut params: Vec<_> = required.map(|param| (param.name, value(Test::Given, Some(param)))).collect();
    if let Some(time) = document.window_times.first() {
        let is_sent = |param: &str| time.sends.iter().any(|(sent, _)| *sent == param);
        let conditions = time.requests.first().copied().unwrap_or_default();
        let wanted = conditions.iter().filter(|condition| !is_sent(condition.param));
        params.extend(wanted.map(|it| (it.param, value(it.test, document.param(it.param)))));
    }
    let mut written: Vec<String> = Vec::new();
    for (name, value) in params {
        let is_new = !written.iter().any(|one| one.starts_with(&format!("{name} = ")));
        written.extend(value.filter(|_| is_new).map(|value| format!("{name} = \"{value}\"")));
    }
    (!written.is_empty()).then(|| format!("params   = {{ {} }}", written.join(", ")))
}

/// A value that meets the test, where one must be sent for that.
fn value(test: Test, param: Option<&Field>) -> Option<String> {
    let codes: Vec<_> = param.into_iter().flat_map(Field::codes).map(|(code, _)| code).collect();
    let number = |code: &&&str| code.parse::<u32>().ok();
    match test {
        Test::Absent | Test::IsNot(_) => None,
        Test::Is(value) => Some(value.to_owned()),
        // Of states, that of what is done.
        Test::Given => {
            let done = param.into_iter().flat_map(Field::codes).find(|(_, says)| says.contains("完成"));
            Some(done.map(|(code, _)| code).or(codes.last().copied()).unwrap_or(UNKNOWN).to_owned())
        }
        Test::Below(bound) => {
            let mut below = codes.iter().filter(|code| number(code).is_some_and(|number| number < bound));
            Some(below.next_back().map_or_else(|| (bound - 1).to_string(), |code| (*code).to_owned()))
        }
        Test::From(bound) => Some(bound.to_string()),
    }
}
