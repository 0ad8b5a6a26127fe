//! How an input is divided: a fuzzer knows bytes alone, and a person is to be able to read a corpus.

/// The line between the parts of an input.
const BETWEEN: &[u8] = b"\n====\n";

/// The parts of an input.
pub(crate) fn parts(input: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), input);
    while let Some(at) = position(rest, BETWEEN) {
        parts.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    parts.push(rest);
    parts
}

/// What stands before the first end of a line, and what follows.
pub(crate) fn first_line(input: &[u8]) -> (String, &[u8]) {
    let at = position(input, b"\n");
    let (line, rest) = at.map_or((input, &[][..]), |at| (&input[..at], &input[at + 1..]));
    (text(line), rest)
}

/// Headers up to an empty line, and the body after it.
pub(crate) fn headers_and_body(input: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), input);
    loop {
        let (line, after) = first_line(rest);
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None if line.trim().is_empty() => return (headers, after),
            // What is no header is the body already.
            None => return (headers, rest),
        }
        rest = after;
    }
}

pub(crate) fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// Where bytes stand in others.
pub(crate) fn position(input: &[u8], wanted: &[u8]) -> Option<usize> {
    input.windows(wanted.len()).position(|window| window == wanted)
}
