//! `revert`: takes a run back by a plan of its own; on a terminal it asks first.

use super::follow_up;
use crate::app::App;
use crate::consent::Consent;
use crate::failure::Failure;
use billing_sync::ids::RunId;
use cove_halo::{ExitCode, FollowUp};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Counts go back to what they were before the run; what the run made goes to 0 and is never deleted. A record that somebody
changed since is listed and left alone (5). The inverse is a run of its own, with guards, journal and read-back; the next
`sync` brings the invoiced counts again.

Examples:
  cove-halo-sync revert RUN
  cove-halo-sync revert RUN --yes --override max_changed_percent='wrong month, ticket 4711'")]
pub(crate) struct Args {
    /// Run to take back, as `history` lists it
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let what = FollowUp::Revert(RunId::new(&args.run));
    follow_up::run(what, &args.consent, app).await
}
