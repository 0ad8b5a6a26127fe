//! The rules of a document, in words.

use relay_connector::{Document, Push, Repeat, Role, Step};
use serde::Serialize;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about, such as `key`.
    pub about: &'static str,
    /// What holds.
    pub says: String,
}

/// Everything that the author of a flow must know of a document besides its fields.
pub(super) fn of(document: &Document) -> Vec<Fact> {
    let mut facts = vec![fact("role", role(document))];
    if !document.routes.is_empty() && document.role != Role::Target {
        facts.push(fact("routes", quoted(document.routes, ", ")));
    }
    if !document.keys.is_empty() {
        let sets: Vec<_> = document.keys.iter().map(|set| quoted(set, " and ")).collect();
        facts.push(fact("key", sets.join("; or ")));
    }
    facts.extend(super::version(document).map(|field| fact("version", format!("`{field}`"))));
    facts.extend(document.window_times.iter().enumerate().map(|(place, time)| {
        let (field, title) = (time.field, time.title);
        let asked = if place == 0 { "" } else { ", where the flow says so" };
        fact("windows", format!("over `{field}` ({title}) where {}{asked}", time.in_words()))
    }));
    facts.extend(document.pages.map(|pages| fact("rows of a page", format!("at most {}", pages.cap))));
    if !document.defaults.is_empty() {
        let sent: Vec<_> =
            document.defaults.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
        facts.push(fact("sent unless a flow says otherwise", sent.join(", ")));
    }
    facts.extend(document.push.iter().flat_map(|push| of_push(push, document)));
    facts.extend(document.cautions.iter().map(|caution| {
        let about = if caution.is_refused { "refused" } else { "caution" };
        fact(about, format!("{}: {}", caution.says, caution.help))
    }));
    let known = match document.is_open() {
        true => {
            "the list may be incomplete: a field that is there all the same is written in quotes (`.'x'`, `'x' = …`)"
        }
        false => "the list is complete: every other name is a mistake",
    };
    facts.push(fact("fields", known.to_owned()));
    facts
}

fn role(document: &Document) -> String {
    match document.role {
        Role::Pushed => "a source: the vendor pushes it to our webhook".to_owned(),
        Role::Windowed => {
            let span = crate::times::span(document.max_span.unwrap_or_default());
            format!("a source: read by windows over the last change, each of at most {span}")
        }
        Role::Pool => "a source: pulled from a pool, whose rows stay until each is acknowledged".to_owned(),
        Role::Own => {
            "a source: the relay itself tells what became of the documents of the flows that `of` names".to_owned()
        }
        Role::Target => "a target: documents are pushed to the vendor".to_owned(),
        Role::Listed => {
            "a source: listed as a whole once an hour, and what is new or has changed goes on; for look-ups too".to_owned()
        }
    }
}

fn of_push(push: &Push, document: &Document) -> Vec<Fact> {
    let mut facts = Vec::new();
    let asked = match push.asked {
        Some(question) => format!("after a lost answer `{}` is asked for it", question.document),
        None => "the vendor cannot be asked for it".to_owned(),
    };
    if let Some(number) = push.number {
        facts.push(fact("number", format!("`{number}` is what the target knows a document by; {asked}")));
    }
    let again = match push.repeat {
        Repeat::Replaces => "takes the place of what is there",
        Repeat::Refuses => "is refused by the vendor",
        Repeat::Doubles => "is not known to be refused, so nothing is sent again that cannot be asked for",
    };
    facts.push(fact("the same again", again.to_owned()));
    if document.batch() > 1 {
        facts.push(fact("documents of a call", format!("at most {}", document.batch())));
    }
    facts.extend(push.lines.map(|(list, most)| fact("lines", format!("`{list}` takes at most {most}"))));
    facts.extend(push.hours.map(|hours| {
        fact("hours", format!("taken from {:02}:00 until {:02}:00 in China", hours.from, hours.until))
    }));
    facts.extend(push.calls_a_day.map(|calls| fact("calls a day", format!("at most {calls}"))));
    if push.steps.iter().any(|step| *step != Step::Save) {
        let steps: Vec<_> = push.steps.iter().map(|step| step_name(*step)).collect();
        facts.push(fact("steps", steps.join(", ")));
    }
    facts
}

fn step_name(step: Step) -> &'static str {
    match step {
        Step::Save => "save (保存)",
        Step::Submit => "submit (提交)",
        Step::Audit => "audit (审核)",
        Step::Unaudit => "unaudit (反审核)",
        Step::Delete => "delete (删除)",
    }
}

fn fact(about: &'static str, says: impl Into<String>) -> Fact {
    Fact { about, says: says.into() }
}

fn quoted(names: &[&str], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
