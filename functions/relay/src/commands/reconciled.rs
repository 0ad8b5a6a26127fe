//! `relay reconcile --kept`: what days came to when they were compared last.

use chrono::{Days, NaiveDate};
use relay_operations::times::shown;
use relay_operations::{Operations, export};
use relay_reconcile::{Day, days};
use serde_json::json;

use super::reconcile::{done, print, standing};
use super::{looked_at, operations};
use crate::Done;
use crate::cli::DayRange;
use crate::language;
use crate::output::{Form, csv, say};

/// So many days back are told where nobody says which.
const MONTH: u64 = 31;

pub(crate) async fn run(flow: Option<&str>, range: &DayRange, form: Form) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let operations = operations(&wiring);
    if let Some(flow) = flow {
        operations.check_flow(flow).await?;
    }
    let today = days::of(wiring.clock.now());
    let last = range.day.or(range.to).unwrap_or(today);
    let first = range.day.or(range.from).or_else(|| last.checked_sub_days(Days::new(MONTH))).unwrap_or(last);
    let kept = kept(&operations, flow, first, last).await?;
    match form {
        Form::Json => say!("{}", place.with(json!({ "days": kept }))),
        Form::Csv => csv(&export::days(&kept, language::current())?),
        Form::Text => {
            say!("{};时间为北京时间", "{}; times are China time", place.line());
            kept.iter().for_each(|day| if range.day.is_some() { print(day) } else { line(day) });
            if kept.is_empty() {
                say!("{first} 到 {last} 没有对过账。", "Nothing of {first} to {last} was compared.");
            }
        }
    }
    Ok(done(&kept))
}

/// The days that are kept, the latest first.
async fn kept(
    operations: &Operations<'_>,
    flow: Option<&str>,
    first: NaiveDate,
    last: NaiveDate,
) -> anyhow::Result<Vec<Day>> {
    let mut kept = Vec::new();
    for (name, calendar) in operations.reconciled_days().await? {
        if flow.is_some_and(|flow| flow != name) || first > last {
            continue;
        }
        for day in calendar.range(first..=last).map(|(day, _)| *day) {
            kept.extend(operations.reconciled_day(&name, day).await?);
        }
    }
    kept.sort_by(|one, other| (other.day, &one.flow).cmp(&(one.day, &other.flow)));
    Ok(kept)
}

fn line(day: &Day) {
    let differing: Vec<_> = day
        .counts
        .iter()
        .filter(|(verdict, _)| verdict.is_difference())
        .map(|(verdict, count)| format!("{} {count}", language::current().verdict(*verdict)))
        .collect();
    let differing = if differing.is_empty() { String::new() } else { format!(" ({})", differing.join(", ")) };
    say!(
        "{} {}:{}{differing},{} 对的账",
        "{} {}: {}{differing}, compared {}",
        day.day,
        day.flow,
        standing(day.standing),
        shown(day.at)
    );
}
