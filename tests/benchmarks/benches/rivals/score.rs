//! Several rounds, as min, median and max, each rival beside the relay.

use std::time::Duration;

/// What one round took.
pub(crate) struct Took {
    pub(crate) time: Duration,
    /// Of the rival's process.
    pub(crate) processor: Duration,
}

/// One figure over several rounds.
#[derive(Default)]
struct Spread(Vec<u64>);

impl Spread {
    fn add(&mut self, figure: u64) {
        self.0.push(figure);
        self.0.sort_unstable();
    }

    /// 0 without any round.
    fn median(&self) -> u64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    /// Min, median and max, each as `text` has it.
    fn told(&self, text: impl Fn(u64) -> String) -> String {
        let ends = [self.0.first(), self.0.get(self.0.len() / 2), self.0.last()];
        ends.map(|figure| text(figure.copied().unwrap_or_default())).join(", ")
    }
}

/// What one rival came to in a job.
#[derive(Default)]
pub(crate) struct Score {
    /// Documents a second.
    rate: Spread,
    /// Processor time of its process for each document, in microseconds.
    processor_us: Spread,
}

impl Score {
    /// One more round, of so many documents.
    pub(crate) fn add(&mut self, count: u32, took: &Took) {
        let (count, us) =
            (u64::from(count), |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        self.rate.add(count * 1_000_000 / us(took.time).max(1));
        self.processor_us.add(us(took.processor) / count.max(1));
    }
}

/// Prints scores beside the first, which is the relay's.
pub(crate) fn print(title: &str, what: &str, scores: &[(&str, Score)]) {
    println!("\n{title}\n");
    println!(
        "| | {what}/s (min, median, max) | the relay is | processor time each, ms (min, median, max) | the relay takes |"
    );
    println!("|---|---:|---:|---:|---:|");
    let Some((_, relay)) = scores.first() else { return };
    for (name, score) in scores {
        let faster = times(relay.rate.median(), score.rate.median());
        let less = times(relay.processor_us.median(), score.processor_us.median());
        let (rate, processor) = (score.rate.told(|rate| rate.to_string()), score.processor_us.told(millis));
        println!("| {name} | {rate} | {faster} times as fast | {processor} | {less} times as much |");
    }
}

fn times(relay: u64, other: u64) -> String {
    let hundredths = relay * 100 / other.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn millis(us: u64) -> String {
    format!("{}.{:03}", us / 1_000, us % 1_000)
}
