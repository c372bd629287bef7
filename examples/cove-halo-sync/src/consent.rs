//! Whether somebody agrees to a plan: beforehand by `--yes`, or asked on the terminal.

use crate::app::{App, Override, approval, can_ask};
use crate::failure::Failure;
use crate::text;
use billing_sync::plan::{Approval, Plan};

/// What to do where nobody can be asked.
pub(crate) const GIVE_YES: &str = "give --yes for an unattended run";

/// The flags that agree to a plan.
#[derive(Debug, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
    /// Go on in spite of a tripped guard; the reason enters the journal
    #[arg(long = "override", value_name = "GUARD=REASON")]
    overrides: Vec<Override>,
}

impl Consent {
    /// Whether nobody is asked.
    pub(crate) fn is_unattended(&self) -> bool {
        self.yes
    }

    /// The approval of whoever started the verb.
    pub(crate) fn approval(&self, verb: &str) -> Approval {
        if self.yes {
            approval(&format!("{verb} --yes"), &self.overrides)
        } else {
            approval(verb, &self.overrides)
        }
    }
}

/// Refuses to begin what would have to ask, where nobody can be asked; `instead` tells what to do then.
pub(crate) fn may_begin(unattended: bool, instead: &str) -> Result<(), Failure> {
    if unattended || can_ask() {
        return Ok(());
    }
    Err(Failure::usage("there is no terminal to ask on").with_hint(instead))
}

/// True when the changes of a plan are asked about.
pub(crate) fn is_needed(plan: &Plan) -> bool {
    plan.writes().next().is_some()
}

/// Asks whether the changes of a plan are to be made. A plan without any needs no answer.
pub(crate) async fn ask(plan: &Plan, app: &App<'_>) -> Result<(), Failure> {
    match plan.writes().count() {
        0 => Ok(()),
        writes => {
            let what = text::count(writes, "change", "changes");
            confirm(&format!("make {what} in HaloPSA?"), app).await
        }
    }
}

/// Asks; anything but yes is a failure.
pub(crate) async fn confirm(question: &str, app: &App<'_>) -> Result<(), Failure> {
    if app.ask(&format!("\n{question}")).await {
        Ok(())
    } else {
        Err(Failure::new("not confirmed; nothing was written"))
    }
}
