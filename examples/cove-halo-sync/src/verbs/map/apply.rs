//! `map set` and `map apply`: writing, after before and after were shown.

use super::sheet::PLAN_FILE;
use super::{Whither, client_id, customer_id, refused};
use crate::app::{App, user};
use crate::failure::Failure;
use crate::globals::Format;
use crate::{consent, text, view};
use billing_sync::Period;
use billing_sync::ids::{ClientId, CustomerId};
use cove_halo::map::{MapPlan, Wish};
use cove_halo::{ExitCode, MapOutcome, Service};
use std::path::{Path, PathBuf};

/// Largest mapping plan that is read, in bytes.
const MAX_PLAN: u64 = 64 << 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync map set 2712428 1042
  cove-halo-sync map set 2712428 1042 --to state --yes")]
pub(super) struct Set {
    /// The vendor's customer id, as `map list` shows it
    #[arg(value_parser = customer_id)]
    customer: CustomerId,
    /// HaloPSA's client id
    #[arg(value_parser = client_id)]
    client: ClientId,
    #[command(flatten)]
    whither: Whither,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything is read again first: a client whose field holds something else by now stops it before anything is written (6).
Each write is read back; what is there already is not written again. The plan says which month, account and tenant it is for.

Examples:
  cove-halo-sync map apply
  cove-halo-sync map apply moved.json --yes")]
pub(super) struct Apply {
    /// Mapping plan, made by `map import`
    #[arg(value_name = "FILE", default_value = PLAN_FILE)]
    file: PathBuf,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn set(
    args: &Set,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    consent::may_begin(args.yes, consent::GIVE_YES)?;
    let service = app.service()?;
    let mapping = service.mapping(period).await?;
    let wish = Wish {
        line: None,
        customer: args.customer.clone(),
        client: args.client,
    };
    match mapping.plan(&[wish], &[], args.whither.place(&service)) {
        Ok(plan) => write(&service, &plan, args.yes, app).await,
        Err(problems) => Err(refused(&problems, app)),
    }
}

pub(super) async fn apply(
    args: &Apply,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    consent::may_begin(args.yes, consent::GIVE_YES)?;
    let plan = read(&args.file)?;
    if let Some((asked, made_for)) = period.zip(plan.period())
        && asked != made_for
    {
        return Err(Failure::usage(format!(
            "the mapping plan was made for {made_for}, not for {asked}"
        ))
        .with_hint(
            "nothing was written; leave --period out: the plan says which month it is for",
        ));
    }
    let service = app.service()?;
    write(&service, &plan, args.yes, app).await
}

/// Shows a mapping plan, asks, and writes exactly that.
pub(super) async fn write(
    service: &Service,
    plan: &MapPlan,
    yes: bool,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    app.clear_progress();
    let writes = plan.write_count();
    if !yes {
        app.out
            .page_before(writes > 0, |look| view::map::plan(plan, look))?;
        if writes > 0 {
            let what = text::count(writes, "mapping", "mappings");
            consent::confirm(&format!("write {what}?"), app).await?;
            app.out.note("\n");
        }
    }
    let by = format!("{} (map)", user());
    let outcome = service.apply_mapping(plan, &by).await?;
    app.clear_progress();
    show(&outcome, app)?;
    Ok(outcome.exit_code())
}

fn show(outcome: &MapOutcome, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            let page = view::map::outcome(outcome, app.out.look());
            app.out.result(&page)
        }
        Format::Json => app.out.document(&outcome.to_json()),
        Format::Csv => {
            let rows = view::map::results(outcome)?;
            app.out.result(&rows)
        }
    }
}

fn read(path: &Path) -> Result<MapPlan, Failure> {
    let failed = |what: String| {
        Failure::usage(format!("{}: {what}", path.display()))
            .with_hint("make a mapping plan with `cove-halo-sync map import FILE`")
    };
    let size = std::fs::metadata(path)
        .map_err(|error| failed(error.to_string()))?
        .len();
    if size > MAX_PLAN {
        return Err(failed(format!("it has {size} bytes, too many")));
    }
    let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    MapPlan::from_json(&text).map_err(failed)
}
