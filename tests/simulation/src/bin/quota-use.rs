//! Prints how much of each quota a backlog uses, by how long the vendor takes to answer, and draws it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

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
}

/// One line of the table and of the plot.
struct Line {
    name: String,
    /// Of a thousand calls, for each latency.
    used: Vec<u64>,
}

#[expect(clippy::print_stdout, reason = "its output is its use")]
fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
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
                shares.push(used.per_mille);
            }
            println!();
            lines.push(Line { name: format!("{}, processes: {processes}", name(backlog)), used: shares });
        }
    }
    if let Some(path) = arguments.plot {
        fs::write(path, plot(&lines, &latencies)?)?;
    }
    Ok(())
}

fn name(backlog: &Backlog) -> String {
    format!("{}, {} in {} s", backlog.flow, backlog.quota.1, backlog.period.as_secs())
}

const COLOURS: [&str; 8] =
    ["#1b6ca8", "#7fb2d9", "#c0492f", "#e59a88", "#4b7f52", "#9dc3a2", "#7a5195", "#bfa5cf"];
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
    let title = "Use of a quota under a backlog, by how long the vendor takes to answer";
    writeln!(svg, r#"<text x="{MARGIN}" y="20">{title}</text>"#)?;
    for percent in [0, 25, 50, 75, 100] {
        let y = bottom - HEIGHT * percent / 100;
        writeln!(svg, r##"<line x1="{MARGIN}" y1="{y}" x2="{right}" y2="{y}" stroke="#ccc"/>"##)?;
        writeln!(svg, r#"<text x="4" y="{}">{percent} %</text>"#, y + 4)?;
    }
    for (place, latency) in latencies.iter().enumerate() {
        let left = MARGIN + group * place as u64 + BAR;
        for (x, (line, colour)) in
            (left..).step_by(BAR as usize).zip(lines.iter().zip(COLOURS.iter().cycle()))
        {
            let tall = HEIGHT * line.used[place] / 1_000;
            let (y, wide) = (bottom - tall, BAR - 2);
            writeln!(svg, r#"<rect x="{x}" y="{y}" width="{wide}" height="{tall}" fill="{colour}"/>"#)?;
        }
        writeln!(svg, r#"<text x="{left}" y="{}">{latency}</text>"#, bottom + 16)?;
    }
    for (y, (line, colour)) in (bottom + 40..).step_by(18).zip(lines.iter().zip(COLOURS.iter().cycle())) {
        writeln!(svg, r#"<rect x="{MARGIN}" y="{}" width="12" height="12" fill="{colour}"/>"#, y - 10)?;
        writeln!(svg, r#"<text x="{}" y="{y}">{}</text>"#, MARGIN + 18, line.name)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
