//! `completions`: the completion script of a shell.

use crate::app::App;
use crate::cli::Cli;
use crate::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use cove_halo::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync completions bash > ~/.local/share/bash-completion/completions/cove-halo-sync
  cove-halo-sync completions zsh > ~/.zfunc/_cove-halo-sync")]
pub(crate) struct Args {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "cove-halo-sync",
        &mut script,
    );
    app.out.result(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}
