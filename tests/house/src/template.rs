//! The vendors' part of `template.yaml`.
//!
//! The template is written by hand but for what each vendor has of its own. Comments mark what is made, and by which of
//! three rules:
//!
//! | mark | what is made |
//! |---|---|
//! | `[made: …]` to `[end]` | what the connectors declare, such as the parameters: [`declared`] |
//! | `[for each …]` to `[made]`, then to `[end]` | the first part is an example, written by hand for one vendor; the second part says the same of the others: [`Vendor`] |
//! | none: a line that names Kingdee's queue | the lines that follow it and name a queue, for each target as for Kingdee. A dashboard is text, in which a comment cannot stand |
//!
//! So the template says how a queue is made, and nothing of that is said here.

pub mod declared;
mod vendor;

use anyhow::Context as _;

pub use vendor::{Vendor, vendors};

/// Where it stands.
pub const FILE: &str = "template.yaml";

/// The target that the examples are written for.
const TARGET: &str = "kingdee";
/// The same of those that push.
const PUSHING: &str = "qince";

/// The template, with everything that is made of these vendors made anew.
///
/// # Errors
/// A mark that nobody knows or whose end is missing.
pub fn filled(template: &str, vendors: &[Vendor]) -> anyhow::Result<String> {
    let targets = Copies::of(TARGET, vendors, |vendor| vendor.queue.is_some())?;
    let pushing = Copies::of(PUSHING, vendors, |vendor| vendor.webhook.is_some())?;
    let lines: Vec<_> = template.lines().collect();
    let mut rest = lines.as_slice();
    let mut filled = Vec::new();
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        if targets.names_a_queue_of_the_example(line) {
            let length = rest.iter().take_while(|line| names_a_queue(line)).count();
            let (run, after) = rest.split_at(length);
            rest = after;
            let is_last = after.first().is_some_and(|line| line.trim_start().starts_with(']'));
            filled.extend(targets.lines(line, run, is_last));
            continue;
        }
        filled.push((*line).to_owned());
        let indent = line.len() - line.trim_start().len();
        match mark(line) {
            Some("made: groups") => filled.extend(indented(indent, declared::groups(vendors))),
            Some("made: parameters") => filled.extend(indented(indent, declared::parameters(vendors))),
            Some("made: conditions") => filled.extend(indented(indent, declared::conditions(vendors))),
            Some("made: variables") => filled.extend(indented(indent, declared::variables(vendors))),
            Some("for each target") => rest = targets.after_example(&mut filled, rest)?,
            Some("for each webhook") => rest = pushing.after_example(&mut filled, rest)?,
            Some("end") | None => continue,
            Some(other) => anyhow::bail!("{FILE}: nobody knows the mark [{other}]"),
        }
        (_, rest) = up_to("end", rest)?;
    }
    Ok(filled.join("\n") + "\n")
}

/// What a mark says: a comment that is nothing but brackets.
fn mark(line: &str) -> Option<&str> {
    line.trim().strip_prefix("# [")?.strip_suffix(']')
}

/// The lines before the next mark of that name, and those from it on.
fn up_to<'a, 'b>(name: &str, lines: &'a [&'b str]) -> anyhow::Result<(&'a [&'b str], &'a [&'b str])> {
    let place = lines.iter().position(|line| mark(line) == Some(name));
    let place = place.with_context(|| format!("{FILE}: a mark [{name}] is missing"))?;
    Ok(lines.split_at(place))
}

/// Whether a line names the queue or the dead letters of a target, by a logical id such as `KingdeeQueue`.
fn names_a_queue(line: &str) -> bool {
    let is_queue = |word: &str| {
        let target = word.strip_suffix("Queue").or_else(|| word.strip_suffix("DeadLetters"));
        target.is_some_and(|target| !target.is_empty())
    };
    line.split(|c: char| !c.is_ascii_alphanumeric()).any(is_queue)
}

fn indented(by: usize, lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(move |line| format!("{:by$}{line}", ""))
}

/// The vendor that an example is written for, and those that it is copied for.
struct Copies<'a> {
    example: &'a Vendor,
    others: Vec<&'a Vendor>,
}

impl<'a> Copies<'a> {
    fn of(example: &str, vendors: &'a [Vendor], takes_part: fn(&Vendor) -> bool) -> anyhow::Result<Self> {
        let (one, others): (Vec<_>, Vec<_>) =
            vendors.iter().filter(|vendor| takes_part(vendor)).partition(|vendor| vendor.system == example);
        let example = one.first().with_context(|| format!("no {example}, which the examples are of"))?;
        Ok(Self { example, others })
    }

    fn names_a_queue_of_the_example(&self, line: &str) -> bool {
        names_a_queue(line) && line.contains(&self.example.logical_id())
    }

    /// The first line and those of its run that are the example's, then the same for the others. In a list of JSON each
    /// ends with a comma, but for the last of the list.
    fn lines(&self, first: &str, run: &[&str], is_last: bool) -> Vec<String> {
        let of_example = run.iter().copied().filter(|line| self.names_a_queue_of_the_example(line));
        let example: Vec<_> =
            [first].into_iter().chain(of_example).map(|line| line.trim_end_matches(',')).collect();
        let example = example.join("\n");
        let copies = self.others.iter().map(|other| self.example.copied(other, &example));
        let mut lines: Vec<_> =
            [example.clone()].into_iter().chain(copies).flat_map(|copy| owned_lines(&copy)).collect();
        if first.trim_start().starts_with('[') {
            let commas = lines.len() - usize::from(is_last);
            lines.iter_mut().take(commas).for_each(|line| line.push(','));
        }
        lines
    }

    /// Keeps an example, and makes the same for the others, without its comments. What is left is what was made before.
    fn after_example<'b, 'c>(
        &self,
        filled: &mut Vec<String>,
        lines: &'b [&'c str],
    ) -> anyhow::Result<&'b [&'c str]> {
        let (example, rest) = up_to("made", lines)?;
        filled.extend(example.iter().map(|line| (*line).to_owned()));
        filled.extend(rest.first().map(|mark| (*mark).to_owned()));
        let is_text = |line: &&str| !line.trim_start().starts_with('#') && !line.is_empty();
        let text = example.iter().copied().filter(is_text).collect::<Vec<_>>().join("\n");
        for other in &self.others {
            filled.extend(owned_lines(&self.example.copied(other, &text)));
        }
        Ok(rest)
    }
}

fn owned_lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
