//! `map list` and `map suggest`: reading only.

use super::next;
use crate::app::App;
use crate::failure::Failure;
use crate::globals::Format;
use crate::view;
use billing_sync::Period;
use cove_halo::ExitCode;
use serde_json::json;

pub(super) async fn list(period: Option<Period>, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let mapping = app.service()?.mapping(period).await?;
    app.clear_progress();
    match app.out.format() {
        Format::Table => {
            let page = view::map::list(&mapping, app.out.look());
            app.out.result(&page)?;
        }
        Format::Json => app.out.document(&mapping.to_json())?,
        Format::Csv => {
            let rows = view::map::customers(&mapping)?;
            app.out.result(&rows)?;
        }
    }
    let undecided = mapping
        .records
        .iter()
        .any(|records| records.chosen.is_none());
    Ok(if mapping.open() > 0 || undecided {
        ExitCode::Exceptions
    } else {
        ExitCode::Done
    })
}

pub(super) async fn suggest(
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    let mapping = app.service()?.mapping(period).await?;
    let found = mapping.suggestions();
    app.clear_progress();
    match app.out.format() {
        Format::Table => {
            let page = view::map::suggestions(&mapping, &found, app.out.look());
            app.out.result(&page)?;
            let next = next("map export --out mapping.csv", period, app);
            app.out.note(&format!("\nto review them: {next}\n"));
        }
        Format::Json => app.out.document(&json!({
            "schema": 1, "period": mapping.period, "suggestions": found.offered, "ties": found.ties,
        }))?,
        Format::Csv => {
            let rows = view::map::suggested(&found)?;
            app.out.result(&rows)?;
        }
    }
    Ok(ExitCode::Done)
}
