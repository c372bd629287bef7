//! `map`: which client each customer is. Suggests, takes what a person decided, and writes it where it belongs.

mod apply;
mod decide;
mod look;
mod sheet;

use crate::app::App;
use crate::failure::Failure;
use billing_sync::Period;
use billing_sync::ids::{ClientId, CustomerId};
use clap::{Subcommand, ValueEnum};
use cove_halo::map::{MapPlace, MapProblem};
use cove_halo::{ExitCode, Service};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Customers are matched by a stable id, never by name. Names only make suggestions; you decide, and `map` writes the id into
HaloPSA's custom field (or Cove's customer reference), or keeps your decision in the state file.

Examples:
  cove-halo-sync map list                          who is matched, and who is not
  cove-halo-sync map export --out mapping.csv      suggestions to review: write yes into the column decision
  cove-halo-sync map import mapping.csv            check the reviewed sheet, make mapping-plan.json of it
  cove-halo-sync map apply                         write it, after showing before and after
  cove-halo-sync map set 2712428 1042              one customer, one client
  cove-halo-sync map choose 9016                   keep the count on this one of several records")]
pub(crate) struct Args {
    /// Month whose customers are looked at [default: the month before today, UTC]
    #[arg(long, global = true, value_name = "YYYYMM")]
    period: Option<Period>,
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List customers with the client each is: unmatched first; writes nothing
    List,
    /// Suggest clients by name, with score and reason; writes nothing
    Suggest,
    /// Write the sheet to review, decisions included
    Export(sheet::Export),
    /// Check a reviewed sheet and make a mapping plan of it; writes nothing to HaloPSA
    Import(sheet::Import),
    /// Map one customer to one client
    Set(apply::Set),
    /// Write a mapping plan
    Apply(apply::Apply),
    /// Keep the count on one of several records of the same name
    Choose(decide::Choose),
    /// Keep a count on a record that is named otherwise
    Adopt(decide::Adopt),
    /// Take a decision back
    Forget(decide::Forget),
}

/// Where a mapping is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// HaloPSA's custom field.
    Field,
    /// Cove's customer reference.
    Reference,
    /// The state file.
    State,
}

#[derive(Debug, clap::Args)]
struct Whither {
    /// Where it is kept [default: where customers are matched by]
    #[arg(long, value_enum, value_name = "PLACE")]
    to: Option<Place>,
}

impl Whither {
    fn place(&self, service: &Service) -> MapPlace {
        match self.to {
            Some(Place::Field) => MapPlace::Field,
            Some(Place::Reference) => MapPlace::Reference,
            Some(Place::State) => MapPlace::State,
            None => service.map_place(),
        }
    }
}

impl Args {
    /// Whether records or decisions may be written.
    pub(crate) fn writes(&self) -> bool {
        !matches!(
            self.step,
            Step::List | Step::Suggest | Step::Export(_) | Step::Import(_)
        )
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let period = args.period;
    match &args.step {
        Step::List => look::list(period, app).await,
        Step::Suggest => look::suggest(period, app).await,
        Step::Export(args) => sheet::export(args, period, app).await,
        Step::Import(args) => sheet::import(args, period, app).await,
        Step::Set(args) => apply::set(args, period, app).await,
        Step::Apply(args) => apply::apply(args, period, app).await,
        Step::Choose(args) => decide::choose(args, period, app).await,
        Step::Adopt(args) => decide::adopt(args, period, app).await,
        Step::Forget(args) => decide::forget(args, app).await,
    }
}

/// A command line to be run next, about the same month.
fn next(words: &str, period: Option<Period>, app: &App<'_>) -> String {
    match period {
        Some(period) => app.command(&format!("{words} --period {period}")),
        None => app.command(words),
    }
}

/// A customer's id as the vendor has it.
fn customer_id(text: &str) -> Result<CustomerId, String> {
    let id = CustomerId::new(text);
    if id.is_blank() {
        Err("a customer without an id cannot be mapped".to_owned())
    } else {
        Ok(id)
    }
}

fn client_id(text: &str) -> Result<ClientId, String> {
    super::plan::client_id(text)
}

/// Everything that speaks against a mapping, as one failure with all of it in the result.
fn refused(problems: &[MapProblem], app: &mut App<'_>) -> Failure {
    app.clear_progress();
    if problems.len() > 1 {
        let listed: Vec<String> = problems.iter().map(ToString::to_string).collect();
        crate::output::problems(listed.iter().map(String::as_str));
    }
    match problems {
        [one] => Failure::usage(one.to_string()),
        many => Failure::usage(format!("{} problems, listed above", many.len())),
    }
    .with_hint("nothing was written; `cove-halo-sync map list` shows ids and names")
}
