//! `man`: one manual page per verb, made from the help itself.

use crate::app::App;
use crate::cli::Cli;
use crate::failure::Failure;
use crate::files;
use crate::globals::Format;
use clap::{Command, CommandFactory};
use cove_halo::ExitCode;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync man ~/.local/share/man/man1
  cove-halo-sync man . && man ./cove-halo-sync-plan.1")]
pub(crate) struct Args {
    /// Folder to write the pages to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if !args.folder.is_dir() {
        return Err(
            Failure::usage(format!("there is no folder {}", args.folder.display()))
                .with_hint("make the folder first"),
        );
    }
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut written = Vec::new();
    pages(&command, &args.folder, &mut written)?;
    match app.out.format() {
        Format::Table | Format::Csv => {
            app.out.result(&(written.join("\n") + "\n"))?;
        }
        Format::Json => app
            .out
            .document(&json!({"schema": 1, "written": written}))?,
    }
    Ok(ExitCode::Done)
}

fn pages(command: &Command, folder: &Path, written: &mut Vec<String>) -> Result<(), Failure> {
    // `cove-halo-sync map list` has the page cove-halo-sync-map-list.
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::new(format!("cannot make the page {name}: {error}")))?;
    let file = format!("{name}.1");
    files::replace(&folder.join(&file), &page)?;
    written.push(file);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        pages(verb, folder, written)?;
    }
    Ok(())
}
