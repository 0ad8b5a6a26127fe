//! The lines in which two texts differ.

use serde::Serialize;

/// More places are not compared one by one: a file that was written anew differs in all of its lines.
const MOST: usize = 4_000_000;

/// A line that one of two texts has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Whether the later text has it; else the earlier one had it.
    pub is_new: bool,
    /// Its number in that text, from 1.
    pub number: usize,
    /// The line.
    pub text: String,
}

impl Line {
    /// As a person reads it: `+ 12 damp = "1h"`.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { is_new, number, text } = self;
        format!("{} {number:>4}  {text}", if *is_new { '+' } else { '-' })
    }
}

/// Where a text differs from the one before it, in the order of the file.
#[must_use]
pub fn differing(before: &str, after: &str) -> Vec<Line> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let head = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev());
    let tail = tail.take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let line =
        |is_new, number: usize, text: &str| Line { is_new, number: head + number + 1, text: text.to_owned() };
    if old.len() * new.len() > MOST {
        let gone = old.iter().enumerate().map(|(number, text)| line(false, number, text));
        return gone.chain(new.iter().enumerate().map(|(number, text)| line(true, number, text))).collect();
    }
    let shared = shared(old, new);
    let (mut one, mut other, mut found) = (0, 0, Vec::new());
    while one < old.len() || other < new.len() {
        if one < old.len() && other < new.len() && old[one] == new[other] {
            (one, other) = (one + 1, other + 1);
        } else if other == new.len() || (one < old.len() && shared[one + 1][other] >= shared[one][other + 1])
        {
            found.push(line(false, one, old[one]));
            one += 1;
        } else {
            found.push(line(true, other, new[other]));
            other += 1;
        }
    }
    found
}

/// How many lines the rests of both texts have in common, from each place of either on.
fn shared(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut shared = vec![vec![0; new.len() + 1]; old.len() + 1];
    for one in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            shared[one][other] = match old[one] == new[other] {
                true => shared[one + 1][other + 1] + 1,
                false => shared[one + 1][other].max(shared[one][other + 1]),
            };
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        let signed =
            |line: Line| format!("{}{}{}", if line.is_new { '+' } else { '-' }, line.number, line.text);
        differing(before, after).into_iter().map(signed).collect()
    }

    #[test]
    fn lines_that_stay_are_not_told() {
        assert_eq!(told("a\nb\nc\n", "a\nb\nc\n"), [""; 0]);
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\nd\n"), ["-2b", "+2x", "+4d"]);
        assert_eq!(told("a\nb\nc\nd\ne", "a\nc\nb2\nd\ne"), ["-2b", "+3b2"]);
        assert_eq!(told("", "a\nb"), ["+1a", "+2b"]);
        assert_eq!(told("a\na", "a"), ["-2a"]);
    }
}
