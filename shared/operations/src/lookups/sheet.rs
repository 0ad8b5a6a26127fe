//! A CSV file as Excel writes it: in UTF-8 with or without a byte order mark, in UTF-16, in GBK; with commas, semicolons or
//! tabs.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};

/// The rows of a file with their lines.
pub(super) struct Sheet {
    /// The names of the columns.
    pub(super) columns: Vec<String>,
    /// Each row with its line, from 1. As many cells as there are columns.
    pub(super) rows: Vec<(u64, Vec<String>)>,
    /// What is wrong with the file.
    pub(super) mistakes: Vec<String>,
}

impl Sheet {
    /// Reads a file. `columns`: what its columns are, where it has no header.
    pub(super) fn read(bytes: &[u8], columns: Option<&[String]>) -> Self {
        let mut sheet = Self { columns: Vec::new(), rows: Vec::new(), mistakes: Vec::new() };
        match text(bytes) {
            Ok(text) => sheet.fill(&text, columns),
            Err(mistake) => sheet.mistakes.push(mistake),
        }
        sheet
    }

    fn fill(&mut self, text: &str, columns: Option<&[String]>) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        let mut header = columns.map(<[String]>::to_vec);
        let mut header_line = 0;
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    self.mistakes.push(error.to_string());
                    continue;
                }
            };
            let line = record.position().map_or(0, |position| line(text, position));
            let mut cells: Vec<_> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            // Excel writes the empty rows and columns beside a table too.
            if cells.iter().all(String::is_empty) {
                continue;
            }
            match &header {
                None => {
                    header_line = line;
                    while cells.last().is_some_and(String::is_empty) {
                        cells.pop();
                    }
                    self.mistakes
                        .extend(mistake_in_header(&cells).map(|mistake| format!("line {line}: {mistake}")));
                    header = Some(cells);
                }
                Some(header) => self.add(line, cells, header.len()),
            }
        }
        self.columns = header.unwrap_or_default();
        if self.columns.is_empty() {
            self.mistakes.push("the file is empty".to_owned());
        }
        if let Some(cell) = self.code_as_a_name().filter(|_| columns.is_none() && self.mistakes.is_empty()) {
            self.mistakes.push(format!(
                "line {header_line}: the first line must name the columns, and `{cell}` looks like one of the codes below it: \
                 write a line of names above it, or say what they are (--columns code,name,…)"
            ));
        }
    }

    /// A name of a column that has the shape of everything that stands in it, as `S1` above `S2`, `S3`: who has no header would
    /// lose the first row, and hear of it when its code is missing.
    fn code_as_a_name(&self) -> Option<String> {
        let is_code = |(place, name): &(usize, &String)| {
            let shape = shape(name);
            let mut cells = self.rows.iter().map(|(_, cells)| &cells[*place]).filter(|cell| !cell.is_empty());
            let like = |cell: &String| self::shape(cell) == shape;
            shape.contains('9') && cells.next().is_some_and(like) && cells.all(like)
        };
        self.columns.iter().enumerate().find(is_code).map(|(_, name)| name.clone())
    }

    fn add(&mut self, line: u64, mut cells: Vec<String>, columns: usize) {
        while cells.len() > columns && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.len() > columns {
            let count = cells.len();
            self.mistakes
                .push(format!("line {line}: it has {count} cells, and the header names {columns} columns"));
        } else {
            cells.resize(columns, String::new());
            self.rows.push((line, cells));
        }
    }
}

/// The line of a record. Its position is where the one before it has ended, and blank lines may lie in between.
fn line(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.bytes().skip(start).take_while(|byte| *byte == b'\n').count();
    position.line() + blank as u64
}

/// The file's text.
fn text(bytes: &[u8]) -> Result<String, String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err("it is a workbook of Excel: save it as CSV (文件 → 另存为 → CSV UTF-8)".to_owned());
    }
    let marked = Encoding::for_bom(bytes).map(|(encoding, length)| (encoding, &bytes[length..]));
    let decoded = match marked {
        Some((encoding, rest)) if encoding == UTF_16LE || encoding == UTF_16BE => {
            encoding.decode_without_bom_handling_and_without_replacement(rest)
        }
        Some((_, rest)) => std::str::from_utf8(rest).ok().map(Into::into),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.into()),
            Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
        },
    };
    let text =
        decoded.ok_or("it is text neither in UTF-8 nor in GBK: save it as CSV UTF-8 (文件 → 另存为)")?;
    if text.contains('\0') {
        return Err("it is no text: save it as CSV (文件 → 另存为 → CSV UTF-8)".to_owned());
    }
    // The reader counts lines by their line feeds.
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What stands between the cells: what the first line has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: &u8| first.bytes().filter(|byte| byte == sign).count();
    // Of equal counts the last: a comma.
    [b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// Why a line cannot name columns.
fn mistake_in_header(cells: &[String]) -> Option<String> {
    if let Some(place) = cells.iter().position(String::is_empty) {
        return Some(format!("column {} has no name", place + 1));
    }
    if let Some((place, name)) = cells.iter().enumerate().find(|(place, cell)| cells[..*place].contains(cell))
    {
        return Some(format!("two columns are called `{name}`, the second is column {}", place + 1));
    }
    let number = cells.iter().find(|cell| is_number(cell))?;
    Some(format!(
        "the first line must name the columns, and `{number}` is a number: write a line of names above it, or say what \
         they are (--columns code,name,…)"
    ))
}

/// What kinds of signs follow one another in a cell: `SH-001` is `a-9`.
fn shape(cell: &str) -> String {
    let mut shape = String::new();
    for sign in cell.chars() {
        let kind = match sign {
            sign if sign.is_ascii_digit() => '9',
            sign if sign.is_alphabetic() => 'a',
            sign => sign,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

/// `-1.50`, `00123`, an id of twenty digits; neither `1e5` nor `inf`, which may be names.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty()) && is_digits(whole) && is_digits(fraction)
}
