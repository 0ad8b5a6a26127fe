//! Logs: spans with names, keys and numbers; never a body, a name, a phone, an address or a secret.

use std::cell::RefCell;
use std::env;
use std::fmt::Debug;
use std::io::{self, IsTerminal as _};
use std::panic;

use relay_connector::china;
use relay_connector::settings::Reader;
use relay_core::clock::{Clock as _, SystemClock};
use tracing::field::Field;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::layer::{Filter, Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Registry, fmt};

use crate::settings::declared::LOG;
use crate::{Settings, SettingsError, terminal};

/// What the names of our crates begin with: their lines are known to hold nothing private, at any level. `relay` is the
/// program itself.
const OURS: &str = "relay";

/// Where the Lambda runtime logs what a function fails with, which the function's host has logged by then.
const REPEATER: &str = "lambda_runtime::layers::panic";

/// Logs to standard output, where Lambda picks them up. A second call changes nothing.
pub fn for_lambda() {
    let asked = env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default().to_lowercase();
    let level = match asked.as_str() {
        "" => "info",
        "fatal" => "error",
        level => level,
    };
    _ = tracing::subscriber::set_global_default(lambda_lines(filter(level), io::stdout));
    log_panics();
}

/// Writes logs as Lambda takes them: one JSON object a line, with `timestamp` and `level`.
pub fn lambda_lines(
    filter: Targets,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let lines = fmt::layer().json().event_format(Line::default()).with_writer(writer);
    Registry::default().with(lines.with_filter(capped(filter)))
}

/// A line of JSON: what is told, the innermost span, and the fields of the outermost, which name the invocation. Logs are paid
/// by their length: a list of all spans would name each document twice, and which module tells it helps with what went
/// wrong alone.
struct Line {
    told: Format<Json>,
    warned: Format<Json>,
}

impl Default for Line {
    fn default() -> Self {
        let warned = || fmt::format().json().flatten_event(true).with_span_list(false);
        Self { told: warned().with_target(false), warned: warned() }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for Line {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        let form = if *event.metadata().level() == Level::INFO { &self.told } else { &self.warned };
        form.format_event(context, Writer::new(&mut line), event)?;
        let told = line.trim_end().strip_suffix('}').unwrap_or_default();
        let mut spans = context.event_scope().into_iter().flat_map(Scope::from_root);
        let outermost = spans.next().filter(|_| spans.next().is_some());
        let fields = outermost.and_then(|span| {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>()?.as_str().strip_prefix('{')?;
            Some(fields.strip_suffix('}')?.to_owned())
        });
        match fields.filter(|fields| !fields.is_empty()) {
            Some(fields) => writeln!(writer, "{told},{fields}}}"),
            None => writeln!(writer, "{told}}}"),
        }
    }
}

/// Text on standard error, so that standard output is the command's answer alone, or JSON where `RELAY_LOG` says so: one object a
/// line, as Lambda has it. A second call changes nothing.
///
/// # Errors
/// When `RELAY_LOG` names no form of ours; text is written all the same.
pub fn for_terminal(default: &str, settings: &Settings) -> Result<(), SettingsError> {
    let form = Reader::new(settings).optional(&LOG).unwrap_or_default();
    if form == "json" {
        _ = tracing::subscriber::set_global_default(lambda_lines(filter(default), io::stderr));
    } else {
        let lines = terminal_lines(filter(default), io::stderr, io::stderr().is_terminal());
        _ = tracing::subscriber::set_global_default(lines);
    }
    log_panics();
    let mut reader = Reader::new(settings);
    if !["text", "json"].contains(&form) {
        reader.problem(LOG.name, &format!("expects {}", LOG.expects));
    }
    reader.done(())
}

/// China time, as every time that a person reads.
struct ChinaTime;

impl FormatTime for ChinaTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", china::format(SystemClock.now()))
    }
}

/// Writes logs for people.
fn terminal_lines(
    filter: Targets,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    colours: bool,
) -> impl Subscriber + Send + Sync {
    let lines = fmt::layer()
        .with_writer(writer)
        .with_timer(ChinaTime)
        .with_ansi(colours)
        .fmt_fields(harmless_fields())
        .with_target(false)
        // Where standard error is closed there is nobody to tell that a line could not be written, and trying to panics.
        .log_internal_errors(false);
    Registry::default().with(lines.with_filter(capped(filter)))
}

/// Message and fields of a line. What a stranger has said is among them, and stays within its line: the layer's own fields
/// write out what is told as text, and not what displays itself.
fn harmless_fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    let write = |writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| {
        let text = format!("{value:?}");
        let text = terminal::in_one_line(&text);
        match field.name() {
            "message" => write!(writer, "{text}"),
            name => write!(writer, "{name}={text}"),
        }
    };
    debug_fn(write).delimited(" ")
}

/// What `RUST_LOG` says, as `info` or `warn,erp_pusher=debug`. Without the regular expressions that `EnvFilter` knows for
/// fields of spans: they make a function 0.3 MB larger.
fn filter(default: &str) -> Targets {
    let asked = env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    asked.or_else(|| default.parse().ok()).unwrap_or_default()
}

/// The filter, less what other crates say below a warning: HTTP and AWS clients trace headers, signatures and bodies,
/// and no setting of ours is to bring them out.
fn capped<S>(filter: Targets) -> impl Filter<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let harmless = |about: &Metadata<'_>| {
        let is_loud = *about.level() <= Level::WARN && about.target() != REPEATER;
        is_loud || is_ours(about.target())
    };
    filter.and(filter_fn(harmless).with_max_level_hint(LevelFilter::TRACE))
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE_OF_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic's own words may quote the document that it was about: only its place is told.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic, which is a mistake in the program");
        PLACE_OF_PANIC.set(place);
    }));
}

/// Where the panic was that this thread has just caught, for whoever tells of it.
#[must_use]
pub fn place_of_panic() -> Option<String> {
    PLACE_OF_PANIC.take()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_terminal_obeys_nothing_that_a_stranger_has_put_into_a_log() {
        let (lines, words) = (Lines::default(), "\u{1b}]0;owned\u{7} \u{9b}31m\nforged");
        let written = lines.clone();
        let subscriber = terminal_lines("trace".parse().unwrap(), move || written.clone(), false);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "relay", text = words, displayed = %words, debugged = ?words, "{words}");
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.matches("owned").count(), 4, "{written}");
        assert!(!written.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{written:?}");
        assert_eq!(written.lines().count(), 1, "{written}");
    }

    #[test]
    fn every_crate_of_ours_is_heard_and_no_other() {
        for library in libraries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")) {
            assert!(is_ours(&library), "{library}: our crates are called relay-…, so that logs know them");
        }
        assert!(is_ours("relay_erp_pusher::document"));
        for other in [
            "lambda_runtime::layers",
            "aws_smithy_runtime::client",
            "hyper",
            "h2::codec",
            "reqwest",
            "relayer",
            "",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }

    /// The names of the libraries in the folders that go into the programs.
    fn libraries(root: &Path) -> Vec<String> {
        let children =
            |folder: &str| root.join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path());
        let crates = ["functions", "shared", "shared/connectors"].into_iter().flat_map(children);
        let manifests = crates.filter_map(|path| fs::read_to_string(path.join("Cargo.toml")).ok());
        let found: Vec<_> = manifests.map(|text| library(&text.parse().unwrap())).collect();
        assert!(found.len() > 15, "{found:?}");
        found
    }

    fn library(manifest: &toml::Table) -> String {
        let named = |section: &str| manifest.get(section)?.get("name")?.as_str().map(str::to_owned);
        named("lib").or_else(|| named("package")).unwrap().replace('-', "_")
    }
}
