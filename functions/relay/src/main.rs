//! The same functions in one process on SQLite, and the operator's command line.

// They panic where nobody reads them: `say!` and `tell!` do not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod alive;
mod cli;
mod commands;
mod config;
mod demo;
mod disk;
mod drain;
mod file_limit;
mod language;
mod output;
mod server;
mod shipped;
mod start;
mod supervise;
mod tally;

use std::fmt;
use std::process::ExitCode;

use mimalloc::MiMalloc;
use relay_host::{Settings, SettingsError, settings};
use relay_mapping::Diagnostics;
use relay_operations::OperationError;
use serde_json::json;

use crate::cli::{Cli, Command, ConsoleCommand, FlowsCommand, ReplayArguments};
use crate::commands::flows::test::FailingTests;
use crate::language::Language;
use crate::output::{Form, say, tell};

/// A document is hundreds of small texts: a third of the time to read it was the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit status of wrong usage, settings, flow files or stores.
const WRONG: u8 = 2;

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// All of it.
    Well,
    /// Something failed and has been listed.
    WithFailures,
    /// What was asked for could not be told.
    NotCompared,
}

/// Wrong usage that the command line's own rules do not see.
#[derive(Debug)]
struct WrongUsage(String);

impl fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

#[tokio::main]
async fn main() -> ExitCode {
    // A language that is none is told where the settings are read.
    _ = language::begin_with(&Settings::from_environment());
    let status = match Cli::read() {
        Ok(cli) => execute(cli).await,
        Err(wrong) if wrong.use_stderr() => {
            let told = cli::wrong_usage(&wrong);
            tell!("{told}");
            if std::env::args().any(|argument| argument == "--json") {
                say!("{}", json!({ "error": told, "exit_status": WRONG }));
            }
            WRONG
        }
        Err(help) => {
            help.render().to_string().lines().for_each(|line| say!("{line}"));
            0
        }
    };
    match output::finish() {
        Ok(()) => ExitCode::from(status),
        Err(error) => {
            tell!(
                "错误:回答写不到标准输出:{error}",
                "error: the answer cannot be written to standard output: {error}"
            );
            ExitCode::from(status.max(1))
        }
    }
}

/// Runs a command, and answers with its exit status.
async fn execute(cli: Cli) -> u8 {
    let json = cli.json;
    let counts = cli.has_settings();
    let done = match begin(&cli) {
        Ok(()) => {
            let done = run(cli).await;
            if counts {
                commands::calls::keep().await;
            }
            done
        }
        Err(wrong) => Err(wrong.into()),
    };
    match done {
        Ok(Done::Well) => 0,
        Ok(Done::WithFailures) => 1,
        Ok(Done::NotCompared) => 2,
        Err(error) => {
            let status = exit_status(&error);
            match language::current() {
                Language::Chinese => tell!("{}", in_chinese(&error)),
                Language::English => tell!("{}", in_english(&error)),
            }
            if json {
                say!("{}", json!({ "error": format!("{error:#}"), "exit_status": status }));
            }
            status
        }
    }
}

/// Reads the settings file, and has the process log, speak and keep its memory closed as it says.
fn begin(cli: &Cli) -> Result<(), SettingsError> {
    let read = if cli.has_settings() || cli.config.is_some() {
        config::read(cli.config.as_deref()).map(settings::begin_with)
    } else {
        Ok(())
    };
    let settings = settings::of_process();
    let logs = relay_host::logs::for_terminal(cli.default_log_level(), &settings);
    relay_host::memory::close();
    file_limit::survive();
    let begun = SettingsError::both(language::begin_with(&settings), logs);
    SettingsError::both(read, begun).map(|_| ())
}

async fn run(cli: Cli) -> anyhow::Result<Done> {
    let json = cli.json;
    match cli.command.unwrap_or(Command::Demo) {
        Command::Demo => demo::run(json).await,
        Command::Serve { listen, dry_run: true, .. } => commands::dry_run::run(listen, json).await,
        Command::Serve { listen, dry_run: false, console, no_reconcile } => {
            commands::serve::run(listen, console, !no_reconcile).await
        }
        Command::Console { listen, command: None } => commands::console::run(listen).await,
        Command::Console { command: Some(ConsoleCommand::HashPassword { name, role }), .. } => {
            commands::hash_password::run(&name, role)
        }
        Command::Console { command: Some(ConsoleCommand::Users), .. } => commands::users::run(json),
        Command::Invoke { function, event } => commands::invoke::run(function, &event).await,
        Command::Doctor => commands::doctor::run(json).await,
        Command::TestAlert { flow } => commands::test_alert::run(flow.as_deref(), json).await,
        Command::Drain => commands::drain::run(json).await,
        Command::Backup { file } => commands::backup::run(&file, json).await,
        Command::Status { watch } => commands::status::run(watch, json).await,
        Command::Failures { which, limit, recheck, csv } => {
            commands::failures::run(&which, limit, recheck, Form::of(json, csv)).await
        }
        Command::History { which } => commands::history::run(&which, json).await,
        Command::Delivered { which } => commands::delivered::run(&which, json).await,
        Command::Calls { csv } => commands::calls::run(Form::of(json, csv)).await,
        Command::Log { which } => commands::log::run(&which, json).await,
        Command::Backfill { flow, from, to, yes } => {
            commands::backfill::run(&flow, from, to, yes, json).await
        }
        Command::Rewind { flow, to, yes } => commands::rewind::run(&flow, to, yes, json).await,
        Command::Replay(ReplayArguments { key: Some(key), edit: Some(file), which, reason, .. }) => {
            commands::edit::run(which.flow().unwrap_or_default(), &key, &file, reason.as_deref(), json).await
        }
        Command::Replay(asked) => commands::replay::run(asked, json).await,
        Command::Reconcile(asked) => {
            let form = Form::of(json, asked.csv);
            match asked.kept {
                true => commands::reconciled::run(asked.flow.as_deref(), &asked.days, form).await,
                false => commands::reconcile::run(asked, form).await,
            }
        }
        Command::Settle { which, key, reason, by, yes } => {
            commands::settle::run(&which, key.as_deref(), reason.as_deref(), by.as_deref(), yes, json).await
        }
        Command::Pause { name, reason, by, lasts, source } => {
            commands::pause::run(&name, source, reason.as_deref(), by.as_deref(), lasts, json).await
        }
        Command::Resume { name, source } => commands::resume::run(&name, source, json).await,
        Command::Show { flow: Some(flow), key: Some(key), .. } => {
            commands::show::run(&flow, &key, json).await
        }
        Command::Show { numbers, flow, .. } => commands::show::find(&numbers, flow.as_deref(), json).await,
        Command::Explain { which } => commands::explain::run(&which, json).await,
        Command::Waiting { which } => commands::waiting::run(&which, json).await,
        Command::Dead { target, redrive: false, .. } => commands::dead::list(target.as_deref(), json).await,
        Command::Dead { target, redrive: true, ids } => {
            commands::dead::redrive(target.as_deref(), &ids, json).await
        }
        Command::Groups { flow, command: Some(command), .. } => {
            commands::groups::run(command, flow.as_deref(), json).await
        }
        Command::Groups { flow, sums, csv, command: None } => {
            commands::groups::list(flow.as_deref(), sums, Form::of(json, csv)).await
        }
        Command::Lookups { command } => commands::lookups::run(command, json).await,
        Command::Flows { command: FlowsCommand::Reload } => commands::flows::reload::run(json).await,
        Command::Flows { command: FlowsCommand::Show { name } } => {
            commands::flows::show::run(&name, json).await
        }
        Command::Flows { command: FlowsCommand::Try { folder, flow, last, yes } } => {
            commands::flows::try_out::run(folder.as_deref(), flow.as_deref(), last, yes, json).await
        }
        Command::Flows { command: FlowsCommand::Check { folder } } => {
            commands::flows::check::run(folder.as_deref(), json).await
        }
        Command::Flows { command: FlowsCommand::Record { key, flow } } => {
            commands::flows::record::run(&key, flow.as_deref(), json).await
        }
        Command::Flows { command: FlowsCommand::Test { folder } } => {
            commands::flows::test::run(folder.as_deref(), json)
        }
        Command::Flows { command: FlowsCommand::Retire { name } } => {
            commands::flows::retire::run(&name, json).await
        }
        Command::Flows { command: FlowsCommand::Export { folder } } => {
            commands::flows::export::run(&folder, json)
        }
        Command::Completions { shell } => Ok(commands::completions::run(shell)),
        Command::Man { folder } => commands::man::run(folder.as_deref()),
        Command::Init { set, folder } => commands::init::run(set, &folder, json),
        Command::Errors { text } => Ok(commands::errors::run(text.as_deref(), json)),
        Command::Settings { text } => commands::in_force::run(text.as_deref(), json).await,
        Command::Documents { text } => Ok(commands::documents::run(text.as_deref(), json)),
        Command::Fields { document, text } => commands::fields::run(&document, text.as_deref(), json),
    }
}

/// An error for people: what we say is in their language, and what vendors and the system say is theirs.
fn in_chinese(error: &anyhow::Error) -> String {
    let told = error.chain().map(|cause| match cause.downcast_ref::<OperationError>() {
        Some(operation) => operation.in_chinese(),
        None => match cause.downcast_ref::<Diagnostics>() {
            Some(mistakes) => mistakes.told(&|words| Language::Chinese.words(words).into_owned()),
            None => Language::Chinese.words(&cause.to_string()).into_owned(),
        },
    });
    format!("错误:{}", told.collect::<Vec<_>>().join(":"))
}

fn in_english(error: &anyhow::Error) -> String {
    format!("error: {error:#}")
}

/// 2 where the usage, the settings or the flow files are wrong, 1 for everything else.
fn exit_status(error: &anyhow::Error) -> u8 {
    let is_wrong = error.chain().any(|cause| {
        let operation = cause.downcast_ref::<OperationError>().is_some_and(OperationError::is_wrong_usage);
        operation
            || cause.is::<WrongUsage>()
            || cause.is::<FailingTests>()
            || cause.is::<SettingsError>()
            || cause.is::<Diagnostics>()
    });
    if is_wrong { WRONG } else { 1 }
}
