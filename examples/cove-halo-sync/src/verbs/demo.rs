//! `demo`: the whole job against built-in stand-ins, from plan to proof, with nothing left behind.

use super::sandbox::start;
use crate::app::{App, approval};
use crate::demo::{PERIOD, Story, Verdict, credential, settings};
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use ::sandbox::Sandbox;
use billing_sync::Period;
use cove_halo::{ExitCode, PlanRequest, Secrets, Service, Settings};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync demo
  cove-halo-sync demo --customers 200 --seed 3
  cove-halo-sync demo --serve            keep the stand-ins and try the other verbs on them")]
pub(crate) struct Args {
    /// Customers of the made-up MSP, at least 40
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(40..=20_000))]
    customers: u32,
    /// The same seed makes the same MSP
    #[arg(long, value_name = "S", default_value_t = 7)]
    seed: u64,
    /// Keep serving afterwards, until Ctrl-C
    #[arg(long)]
    pub(crate) serve: bool,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if app.out.format() == Format::Csv {
        return Err(Failure::usage("`demo` has no csv").with_hint("use --format table or json"));
    }
    let sandbox = start(0, args.seed, args.customers, PERIOD).await?;
    let story = Box::pin(play(&sandbox, app)).await?;
    app.clear_progress();
    match app.out.format() {
        Format::Table | Format::Csv => {
            let page = view::demo::page(&story, app.out.look());
            app.out.result(&page)?;
        }
        Format::Json => app.out.document(&json!({
            "schema": 1,
            "plan": story.plan.to_json(false),
            "run": story.run.to_json(),
            "verify": story.verify.to_json(),
            "plan_again": story.again.to_json(false),
            "expected": story.verdict.to_json(),
        }))?,
    }
    if args.serve {
        app.out.note(&view::sandbox::how_to_use(&sandbox, PERIOD));
        app.signals.reached(1).await;
    }
    if story.verdict.is_right() && story.again.writes().next().is_none() {
        Ok(ExitCode::Done)
    } else {
        Err(Failure::new(story.verdict.sentence()))
    }
}

async fn play(sandbox: &Sandbox, app: &App<'_>) -> Result<Story, Failure> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(format!("cannot make a temporary folder: {error}")))?;
    let settings = settings(sandbox, Some(&folder.path().join("demo.db")));
    let service: Service = app.build(Service::builder(
        Settings::from_toml(&settings, "demo settings")?,
        Secrets::from_env(&credential)?,
    ))?;
    let period = Period::try_from(PERIOD).map_err(|error| Failure::new(error.to_string()))?;
    let request = PlanRequest {
        period: Some(period),
        only: None,
    };
    let before = sandbox.subscriptions();
    let plan = service.plan(&request).await?;
    let run = service.apply(plan.clone(), approval("demo", &[])).await?;
    let verify = service.verify(Some(&run.report.run_id)).await?;
    let again = service.plan(&request).await?;
    let verdict = Verdict::of(sandbox, &before);
    // The state file closes before its folder goes.
    drop(service);
    folder
        .close()
        .map_err(|error| Failure::new(format!("cannot remove the temporary folder: {error}")))?;
    Ok(Story {
        plan,
        run,
        verify,
        again,
        verdict,
    })
}
