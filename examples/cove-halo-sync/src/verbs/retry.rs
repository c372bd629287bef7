//! `retry`: tries the failed changes of a run again, alone, by a plan of their own; on a terminal it asks first.

use super::follow_up;
use crate::app::App;
use crate::consent::Consent;
use crate::failure::Failure;
use billing_sync::ids::RunId;
use cove_halo::{ExitCode, FollowUp};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Only what failed in that run, with the counts it had: each change is held against a fresh read first, and one whose record
somebody changed since is listed and left alone (5). It is a run of its own, with guards, journal and read-back. A run that
was stopped or killed is gone on with by `resume`; a new `sync` tries what failed again, too, with the usage of then.

Examples:
  cove-halo-sync retry
  cove-halo-sync retry RUN --yes --override max_zeroed='checked, ticket 4711'")]
pub(crate) struct Args {
    /// Run whose failed changes are tried again, as `history` lists it [default: the newest]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let what = FollowUp::Retry(args.run.as_ref().map(RunId::new));
    follow_up::run(what, &args.consent, app).await
}
