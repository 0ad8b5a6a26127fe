//! Prints how much of each quota a backlog uses, by how long the vendor takes to answer, and draws it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use simulation::quota_use::{BACKLOGS, Backlog, used};

/// Prints how much of each quota a backlog uses, by how long the vendor takes to answer, and draws it.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long a vendor takes to answer, in milliseconds.
    #[arg(long, value_delimiter = ',', default_value = "50,350,1000,3000")]
    latencies: Vec<u64>,
    /// How many processes work the backlog.
    #[arg(long, value_delimiter = ',', default_value = "1,3")]
    processes: Vec<u32>,
    /// Flows whose names hold this alone.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the plot goes.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// A file with such a table, which is drawn: nothing is measured then.
    #[arg(long, requires = "plot")]
    table: Option<PathBuf>,
}

/// One line of the table and of the plot.
struct Line {
    name: String,
    /// Of a thousand calls, for each latency; `None` where it was not measured.
    used: Vec<Option<u64>>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (latencies, lines) = match &arguments.table {
        Some(file) => read(&fs::read_to_string(file)?)?,
        None => measured(&arguments)?,
    };
    if let Some(path) = arguments.plot {
        fs::write(path, plot(&lines, &latencies)?)?;
    }
    Ok(())
}

/// The table, printed while it is made.
#[expect(clippy::print_stdout, reason = "its output is its use")]
fn measured(arguments: &Arguments) -> anyhow::Result<(Vec<String>, Vec<Line>)> {
    let latencies: Vec<_> = arguments.latencies.iter().map(|millis| format!("{millis} ms")).collect();
    println!("| backlog of | processes | {} |", latencies.join(" | "));
    println!("|---|---:|{}", "---:|".repeat(latencies.len()));
    let mut lines = Vec::new();
    for backlog in BACKLOGS.iter().filter(|backlog| backlog.flow.contains(&arguments.only)) {
        for processes in &arguments.processes {
            let mut shares = Vec::new();
            print!("| {} | {processes} |", name(backlog));
            for millis in &arguments.latencies {
                let used = used(backlog, Duration::from_millis(*millis), *processes)?;
                let above = if used.above > 0 { format!(", {} above", used.above) } else { String::new() };
                let (whole, tenth) = (used.per_mille / 10, used.per_mille % 10);
                print!(" {whole}.{tenth} % ({} documents{above}) |", used.documents);
                shares.push(Some(used.per_mille));
            }
            println!();
            lines.push(Line { name: format!("{}, processes: {processes}", name(backlog)), used: shares });
        }
    }
    Ok((latencies, lines))
}

/// The table that a text holds: the latencies of its head, and its lines. A line called "the same" is of the backlog above it.
fn read(text: &str) -> anyhow::Result<(Vec<String>, Vec<Line>)> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| backlog of "));
    let rows = rows.take_while(|line| line.starts_with('|'));
    let mut rows = rows
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>());
    let head = rows.next().context("no table of backlogs")?;
    let mut lines = Vec::new();
    let mut backlog = String::new();
    for row in rows.skip(1) {
        let [name, processes, used @ ..] = &row[..] else { anyhow::bail!("no line of the table: {row:?}") };
        if name != "the same" {
            backlog.clone_from(name);
        }
        let used = used.iter().map(|cell| per_mille(cell)).collect();
        lines.push(Line { name: format!("{backlog}, processes: {processes}"), used });
    }
    Ok((head.into_iter().skip(2).collect(), lines))
}

/// `98.3 %`, with whatever stands behind it.
fn per_mille(cell: &str) -> Option<u64> {
    let (whole, tenth) = cell.split_once(" %")?.0.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 10 + tenth.parse::<u64>().ok()?)
}

fn name(backlog: &Backlog) -> String {
    format!("{}, {} in {} s", backlog.flow, backlog.quota.1, backlog.period.as_secs())
}

const COLOURS: [&str; 12] = [
    "#1b6ca8", "#7fb2d9", "#c0492f", "#e59a88", "#4b7f52", "#9dc3a2", "#7a5195", "#bfa5cf", "#b8860b",
    "#e3c878", "#444444", "#aaaaaa",
];
/// What is asked of each, in percent.
const AT_LEAST: u64 = 95;
const BAR: u64 = 16;
const HEIGHT: u64 = 240;
const MARGIN: u64 = 48;

/// Bars, a group for each latency, and the whole quota as a line.
fn plot(lines: &[Line], latencies: &[String]) -> Result<String, std::fmt::Error> {
    let bars = lines.len() as u64;
    let (group, bottom) = ((bars + 2) * BAR, MARGIN + HEIGHT);
    let (width, height) = (MARGIN * 2 + group * latencies.len() as u64, bottom + MARGIN + bars * 18);
    let right = width - MARGIN;
    let mut svg = String::new();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(svg, r#"<rect width="100%" height="100%" fill="white"/>"#)?;
    let title =
        "Use of a quota under a backlog, by how long the vendor takes to answer (a gap: not measured)";
    writeln!(svg, r#"<text x="{MARGIN}" y="20">{title}</text>"#)?;
    for percent in [0, 25, 50, 75, 100] {
        let y = bottom - HEIGHT * percent / 100;
        writeln!(svg, r##"<line x1="{MARGIN}" y1="{y}" x2="{right}" y2="{y}" stroke="#ccc"/>"##)?;
        writeln!(svg, r#"<text x="4" y="{}">{percent} %</text>"#, y + 4)?;
    }
    let y = bottom - HEIGHT * AT_LEAST / 100;
    for (place, latency) in latencies.iter().enumerate() {
        let left = MARGIN + group * place as u64 + BAR;
        for (x, (line, colour)) in
            (left..).step_by(BAR as usize).zip(lines.iter().zip(COLOURS.iter().cycle()))
        {
            let tall = HEIGHT * line.used.get(place).copied().flatten().unwrap_or_default() / 1_000;
            let (y, wide) = (bottom - tall, BAR - 2);
            writeln!(svg, r#"<rect x="{x}" y="{y}" width="{wide}" height="{tall}" fill="{colour}"/>"#)?;
        }
        writeln!(svg, r#"<text x="{left}" y="{}">{latency}</text>"#, bottom + 16)?;
    }
    writeln!(
        svg,
        r#"<line x1="{MARGIN}" y1="{y}" x2="{right}" y2="{y}" stroke="black" stroke-dasharray="4 3"/>"#
    )?;
    writeln!(svg, r#"<text x="{}" y="{}">{AT_LEAST} %</text>"#, right + 4, y + 4)?;
    for (y, (line, colour)) in (bottom + 40..).step_by(18).zip(lines.iter().zip(COLOURS.iter().cycle())) {
        writeln!(svg, r#"<rect x="{MARGIN}" y="{}" width="12" height="12" fill="{colour}"/>"#, y - 10)?;
        writeln!(svg, r#"<text x="{}" y="{y}">{}</text>"#, MARGIN + 18, line.name)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
