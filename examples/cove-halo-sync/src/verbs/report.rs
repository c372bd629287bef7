//! `report`: the month as a page, a workbook, sheets or JSON. Reads only.

use crate::app::App;
use crate::failure::Failure;
use crate::files;
use crate::globals::Format;
use billing_sync::Period;
use cove_halo::report::Report;
use cove_halo::{ExitCode, PlanRequest};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The page is one file: it needs no network, works without scripts and can be printed. With --format json the report is the
result on stdout. Nothing is written to either service. Earlier months are known from the state file.

Examples:
  cove-halo-sync report --period 202610 --html october.html
  cove-halo-sync report --html report.html --xlsx report.xlsx --csv tables
  cove-halo-sync report --html to-show.html --mask
  cove-halo-sync report --format json > report.json")]
pub(crate) struct Args {
    /// Month to report on [default: the month before today, UTC]
    #[arg(long, value_name = "YYYYMM")]
    period: Option<Period>,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the tables to this workbook
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// Write the tables to sheets in this folder, one file each; the folder is made if it is missing
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Replace the names of customers, clients and devices by numbers
    #[arg(long)]
    mask: bool,
}

impl Args {
    /// Whether it is for all pairs where there are some: a file is for one.
    pub(crate) fn is_for_all(&self, format: Format) -> bool {
        let names_file = self.html.is_some() || self.xlsx.is_some() || self.csv.is_some();
        format == Format::Json && !names_file
    }
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let Args {
        period,
        html,
        xlsx,
        csv,
        mask,
    } = args;
    let json = app.out.format() == Format::Json;
    if app.out.format() == Format::Csv {
        return Err(
            Failure::usage("a report has many tables, stdout has room for one")
                .with_hint("name a folder for them: --csv DIR"),
        );
    }
    if html.is_none() && xlsx.is_none() && csv.is_none() && !json {
        return Err(
            Failure::usage("nothing says where the report goes").with_hint(
                "name a file or folder: --html FILE, --xlsx FILE, --csv DIR; or --format json",
            ),
        );
    }
    let request = PlanRequest {
        period: *period,
        only: None,
    };
    let report = Box::pin(app.service()?.report(&request, *mask)).await?;
    app.clear_progress();
    let mut written = Vec::new();
    // Everything is made before anything is written.
    let page = html.as_ref().map(|_| report.to_html()).transpose()?;
    let workbook = xlsx.as_ref().map(|_| report.to_xlsx()).transpose()?;
    if let (Some(path), Some(page)) = (html, page) {
        files::replace(path, page.as_bytes())?;
        written.push(path.display().to_string());
    }
    if let (Some(path), Some(workbook)) = (xlsx, workbook) {
        files::replace(path, &workbook)?;
        written.push(path.display().to_string());
    }
    if let Some(folder) = csv {
        written.extend(sheets(&report, folder)?);
    }
    if json {
        app.out.document(&report.to_json())?;
    } else {
        let mut text = format!("{}\n", report.headline);
        for file in &written {
            text.push_str("written: ");
            text.push_str(file);
            text.push('\n');
        }
        app.out.result(&text)?;
    }
    Ok(if report.totals.plan.exceptions > 0 {
        ExitCode::Exceptions
    } else {
        ExitCode::Done
    })
}

/// One file for each table, empty ones too: a file that is missing says nothing.
fn sheets(report: &Report, folder: &Path) -> Result<Vec<String>, Failure> {
    let tables = report
        .tables()
        .into_iter()
        .map(|table| Ok((format!("{}.csv", table.name), table.to_csv()?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(format!(
            "cannot make the folder {}: {error}",
            folder.display()
        ))
        .with_hint("check that it can be made there and is not a file")
    })?;
    tables
        .into_iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            files::replace(&path, text.as_bytes())?;
            Ok(path.display().to_string())
        })
        .collect()
}
