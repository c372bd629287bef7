//! `map export` and `map import`: the sheet a person reviews, out and back.

use super::{Whither, next, refused};
use crate::app::App;
use crate::failure::Failure;
use crate::globals::{Format, quoted};
use crate::text::json;
use crate::{files, view};
use billing_sync::Period;
use cove_halo::ExitCode;
use cove_halo::map::sheet;
use std::path::{Path, PathBuf};

/// The mapping plan that `import` makes and `apply` takes when none is named.
pub(super) const PLAN_FILE: &str = "mapping-plan.json";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Customers without a client, each with its suggestion, and what was decided before (as yes). Write yes into the column
`decision` of the rows that are right, correct client_id where it is not, and leave the others empty.

Examples:
  cove-halo-sync map export --out mapping.csv
  cove-halo-sync map export > mapping.csv")]
pub(super) struct Export {
    /// Write the sheet to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Only rows whose decision is yes count. Every problem is listed with its line, and then no plan is made.

Examples:
  cove-halo-sync map import mapping.csv
  cove-halo-sync map import mapping.csv --to state --out moved.json")]
pub(super) struct Import {
    /// The reviewed sheet, as CSV
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The mapping plan to make
    #[arg(long, value_name = "FILE", default_value = PLAN_FILE)]
    out: PathBuf,
    #[command(flatten)]
    whither: Whither,
}

pub(super) async fn export(
    args: &Export,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    let mapping = app.service()?.mapping(period).await?;
    app.clear_progress();
    let rows = sheet::rows(&mapping);
    let text = view::rows::sheet(&sheet::COLUMNS, rows.iter().map(|row| row.to_vec()))?;
    if let Some(path) = &args.out {
        files::replace(path, text.as_bytes())?;
        app.out.note(&format!(
            "{} rows in {}; after the review: {}\n",
            rows.len(),
            path.display(),
            next(&format!("map import {}", word(path)), period, app)
        ));
    }
    match app.out.format() {
        Format::Json => app.out.document(&view::map::sheet_document(&rows))?,
        Format::Table | Format::Csv if args.out.is_none() => app.out.result(&text)?,
        Format::Table | Format::Csv => {}
    }
    Ok(ExitCode::Done)
}

pub(super) async fn import(
    args: &Import,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    let review = match sheet::read(&read(&args.file)?) {
        Ok(review) => review,
        Err(problems) => return Err(refused(&problems, app)),
    };
    let service = app.service()?;
    let place = args.whither.place(&service);
    let mapping = service.mapping(period).await?;
    let choices: Vec<_> = review
        .choices
        .into_iter()
        .map(|(line, choice)| (Some(line), choice))
        .collect();
    let plan = match mapping.plan(&review.wishes, &choices, place) {
        Ok(plan) => plan,
        Err(problems) => return Err(refused(&problems, app)),
    };
    app.clear_progress();
    let document = view::map::plan_document(&plan)?;
    files::replace(&args.out, json(&document).as_bytes())?;
    match app.out.format() {
        Format::Table => {
            let page = view::map::plan(&plan, app.out.look());
            app.out.result(&page)?;
        }
        Format::Json => app.out.document(&document)?,
        Format::Csv => {
            let rows = view::map::changes(&plan)?;
            app.out.result(&rows)?;
        }
    }
    app.out.note(&format!(
        "\n{} of {} rows; to write: {}\n",
        review.wishes.len() + choices.len(),
        review.rows,
        // The plan says which month it is for.
        app.command(&format!("map apply {}", word(&args.out)))
    ));
    Ok(ExitCode::Done)
}

fn word(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |what: String| {
        Failure::usage(format!("cannot read {}: {what}", path.display())).with_hint(
            "`cove-halo-sync map export --out FILE` writes a sheet; save it as CSV in UTF-8",
        )
    };
    let size = std::fs::metadata(path)
        .map_err(|error| failed(error.to_string()))?
        .len();
    if size > sheet::MAX_SHEET {
        return Err(failed(format!("it has {size} bytes, too many for a sheet")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}
