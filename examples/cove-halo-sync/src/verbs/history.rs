//! `history`: earlier runs out of the state file; needs neither network nor credentials.

use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::ids::RunId;
use cove_halo::{ExitCode, Service};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync history
  cove-halo-sync history RUN --format csv > run.csv
  cove-halo-sync history --check")]
pub(crate) struct Args {
    /// Run to show in full
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Check that nobody changed the journal
    #[arg(long, conflicts_with = "run")]
    check: bool,
    /// Runs to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl Args {
    /// A run is one of one pair.
    pub(crate) fn is_for_all(&self) -> bool {
        self.run.is_none()
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = app.offline_service()?;
    match &args.run {
        _ if args.check => check(&service, app).await,
        Some(run) => one(&service, &RunId::new(run), app).await,
        None => list(&service, args.limit, app).await,
    }
}

async fn list(service: &Service, limit: usize, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let runs = service.history(limit).await?;
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::history::page(&runs, look))?;
        }
        Format::Json => app.out.document(&json!({"schema": 1, "runs": runs}))?,
        Format::Csv => {
            let rows = view::rows::runs(&runs)?;
            app.out.result(&rows)?;
        }
    }
    Ok(ExitCode::Done)
}

async fn one(service: &Service, run: &RunId, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let Some(stored) = service.history_of(run).await? else {
        return Err(Failure::usage(format!("there is no run `{run}`"))
            .with_hint("`cove-halo-sync history` lists the runs"));
    };
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::history::run_page(&stored, look))?;
        }
        Format::Json => app.out.document(&json!({
            "schema": 1,
            "run": stored.summary,
            "overrides": stored.overrides,
            "changes": stored.changes,
            "plan": stored.plan.to_json(false),
        }))?,
        Format::Csv => {
            let rows = view::rows::run(&stored.changes)?;
            app.out.result(&rows)?;
        }
    }
    Ok(ExitCode::Done)
}

async fn check(service: &Service, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let rows = service.check_journal().await?;
    match app.out.format() {
        Format::Table => app.out.result(&format!(
            "the journal is whole: {rows} rows, every one fits the one before, and the tables are as they say\n"
        ))?,
        Format::Json => app
            .out
            .document(&json!({"schema": 1, "journal": {"rows": rows, "whole": true}}))?,
        Format::Csv => {
            let sheet = view::rows::sheet(
                &["journal_rows", "whole"],
                std::iter::once(vec![rows.to_string(), "true".to_owned()]),
            )?;
            app.out.result(&sheet)?;
        }
    }
    Ok(ExitCode::Done)
}
