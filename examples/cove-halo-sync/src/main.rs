//! The command-line tool: parses, calls the service, prints, and ends with a code. It decides nothing about billing.

mod app;
#[cfg(test)]
mod book;
mod cli;
mod consent;
mod demo;
mod failure;
mod files;
mod globals;
mod output;
mod pairs;
mod progress;
mod signals;
mod text;
mod unbuilt;
mod verbs;
mod view;

use crate::app::App;
use crate::cli::{Cli, Verb};
use crate::failure::Failure;
use crate::output::Output;
use clap::Parser;
use clap::error::ErrorKind;
use cove_halo::ExitCode;
use std::io::Write as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> std::process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log_to_stderr(cli.globals.verbose);
    let mut out = Output::new(&cli.globals);
    let writes = cli.verb.writes();
    let code = run(cli, &mut out).unwrap_or_else(|failure| {
        out.failure(&failure);
        failure.code()
    });
    out.exit_code(code, writes).code().into()
}

fn run(cli: Cli, out: &mut Output) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let Cli { globals, verb } = cli;
    let result = runtime.block_on(async {
        let mut app = App::new(globals, out)?;
        let interrupted = app.interrupted(verb.interruption());
        tokio::select! {
            biased;
            result = Box::pin(pairs::run(&verb, &mut app)) => result,
            failure = interrupted => Err(failure),
        }
    });
    // A question that nobody answers must not keep the process alive.
    runtime.shutdown_background();
    result
}

async fn dispatch(verb: &Verb, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Demo(args) => verbs::demo::run(args, app).await,
        Verb::Init(args) => verbs::init::run(args, app).await,
        Verb::Doctor(args) => verbs::doctor::run(args, app).await,
        Verb::Plan(args) => verbs::plan::run(args, app).await,
        Verb::Apply(args) => verbs::apply::run(args, app).await,
        Verb::Sync(args) => verbs::sync::run(args, app).await,
        Verb::Resume(args) => verbs::resume::run(args, app).await,
        Verb::Retry(args) => verbs::retry::run(args, app).await,
        Verb::Verify(args) => verbs::verify::run(args, app).await,
        Verb::Why(args) => verbs::why::run(args, app).await,
        Verb::Drift(args) => verbs::drift::run(args, app).await,
        Verb::Revert(args) => verbs::revert::run(args, app).await,
        Verb::History(args) => verbs::history::run(args, app).await,
        Verb::Lint(args) => verbs::lint::run(args, app).await,
        Verb::Report(args) => verbs::report::run(args, app).await,
        Verb::Schedule(args) => verbs::schedule::run(args, app).await,
        Verb::Map(args) => verbs::map::run(args, app).await,
        Verb::Sandbox(args) => verbs::sandbox::run(args, app).await,
        Verb::Completions(args) => verbs::completions::run(args, app),
        Verb::Man(args) => verbs::man::run(args, app),
    }
}

/// Help and version go to stdout with 0, everything else about the command line to stderr with 2.
fn usage(error: &clap::Error) -> std::process::ExitCode {
    // Best effort: there is nobody left to tell when this cannot be written.
    let code = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::Done
        }
        _ => {
            let text = error.render().to_string();
            let (what, _) = text
                .split_once("\n\nFor more information")
                .unwrap_or((&text, ""));
            let hint = "hint: `cove-halo-sync --help`, or `--help` after a verb, shows how";
            let _ = writeln!(std::io::stderr(), "{}\n{hint}", what.trim_end());
            ExitCode::Usage
        }
    };
    code.code().into()
}

/// Logs our own crates only: a library's own log may show headers.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let ours = [
        "cove_halo_sync",
        "cove_halo",
        "billing_sync",
        "cove_api",
        "halopsa_api",
        "api_core",
    ];
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(Targets::new().with_targets(ours.map(|target| (target, level))));
    tracing_subscriber::registry().with(lines).init();
}
