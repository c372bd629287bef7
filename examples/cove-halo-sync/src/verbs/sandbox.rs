//! `sandbox`: serves the stand-ins of both services, for a first look and for other programs' tests.

use crate::app::App;
use crate::demo::{CREDENTIALS, PERIOD, live, settings};
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use ::sandbox::Sandbox;
use billing_sync::Period;
use cove_halo::ExitCode;
use serde_json::{Map, Value, json};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Serves on 127.0.0.1 until Ctrl-C. The credentials open nothing but the sandbox.

Examples:
  cove-halo-sync sandbox --port 8080
  cove-halo-sync sandbox --port 8080 --print-config > cove-halo.toml
  cove-halo-sync sandbox --format json")]
pub(crate) struct Args {
    /// Port on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "P", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The same seed makes the same MSP
    #[arg(long, value_name = "S", default_value_t = 7)]
    seed: u64,
    /// Customers of the made-up MSP, at least 40
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(40..=20_000))]
    customers: u32,
    /// Month that was invoiced last [default: 202610]
    #[arg(long, value_name = "YYYYMM")]
    period: Option<Period>,
    /// Print a settings file for it, with the credentials as comments
    #[arg(long)]
    print_config: bool,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let period = args.period.map_or(PERIOD, Period::number);
    let format = app.out.format();
    if format == Format::Csv || (args.print_config && format == Format::Json) {
        let what = if args.print_config {
            "`sandbox --print-config` prints TOML"
        } else {
            "`sandbox` has no csv"
        };
        return Err(Failure::usage(what).with_hint("leave --format out"));
    }
    let sandbox = start(args.port, args.seed, args.customers, period).await?;
    if args.print_config {
        app.out.result(&view::sandbox::config(&sandbox))?;
    } else if format == Format::Json {
        app.out.document(&document(&sandbox, period))?;
    } else {
        app.out
            .result(&view::sandbox::how_to_use(&sandbox, period))?;
    }
    tokio::select! {
        () = sandbox.wait() => {}
        () = app.signals.reached(1) => app.out.note("stopped\n"),
    }
    Ok(ExitCode::Done)
}

/// Starts the stand-ins.
pub(super) async fn start(
    port: u16,
    seed: u64,
    customers: u32,
    period: u32,
) -> Result<Sandbox, Failure> {
    Sandbox::builder()
        .port(port)
        .seed(seed)
        .customers(usize::try_from(customers).unwrap_or(usize::MAX))
        .period(period)
        .start()
        .await
        .map_err(|error| {
            Failure::new(format!("cannot serve the sandbox: {error}"))
                .with_hint("choose another --port, or leave it out for a free one")
        })
}

fn document(sandbox: &Sandbox, period: u32) -> Value {
    let environment: Map<String, Value> = CREDENTIALS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let live: Map<String, Value> = live(sandbox)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    json!({
        "schema": 1,
        "url": sandbox.url(),
        "billing_url": sandbox.billing_url(),
        "halo_url": sandbox.halo_url(),
        "management_url": sandbox.management_url(),
        "period": period.to_string(),
        "account_id": ::sandbox::ACCOUNT_ID,
        "tenant": ::sandbox::TENANT,
        "customer_field": ::sandbox::CUSTOM_FIELD,
        "environment": environment,
        "live": live,
        "settings": settings(sandbox, None),
    })
}
