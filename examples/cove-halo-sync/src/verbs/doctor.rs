//! `doctor`: is everything ready? One line per check; writes nothing.

use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use cove_halo::{CheckState, ExitCode};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 0 when nothing is wrong, warnings included, and with 1 when there is a problem.

Examples:
  cove-halo-sync doctor
  cove-halo-sync doctor --config acme.toml --format json")]
pub(crate) struct Args {}

pub(crate) async fn run(_args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let checks = app.service()?.doctor().await;
    app.clear_progress();
    match app.out.format() {
        Format::Table => {
            let look = app.out.look();
            app.out.result(&view::doctor::page(&checks, look))?;
        }
        Format::Json => {
            let checks: Vec<Value> = checks
                .iter()
                .map(|check| {
                    json!({
                        "name": check.name,
                        "state": view::doctor::word(check.state),
                        "detail": check.detail,
                        "hint": check.hint,
                    })
                })
                .collect();
            app.out.document(&json!({"schema": 1, "checks": checks}))?;
        }
        Format::Csv => {
            let sheet = view::rows::sheet(
                &["name", "state", "detail", "hint"],
                checks.iter().map(|check| {
                    vec![
                        check.name.to_owned(),
                        view::doctor::word(check.state).to_owned(),
                        check.detail.clone(),
                        check.hint.clone().unwrap_or_default(),
                    ]
                }),
            )?;
            app.out.result(&sheet)?;
        }
    }
    let problem = checks
        .iter()
        .any(|check| check.state == CheckState::Problem);
    Ok(if problem {
        ExitCode::Failure
    } else {
        ExitCode::Done
    })
}
