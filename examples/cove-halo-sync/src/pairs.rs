//! A verb over every pair of the settings: one after the other or side by side, one failing never stopping the others.

use crate::app::{App, can_ask};
use crate::cli::Verb;
use crate::dispatch;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::{Kept, Output};
use cove_halo::{ExitCode, Pair, SettingsFile, SharedBudgets, SystemClock};
use futures_util::future;
use serde_json::{Value, json};
use std::sync::Arc;

/// How a verb ended for one pair.
struct Ended {
    pair: String,
    code: ExitCode,
    kept: Kept,
}

/// Runs a verb: for all pairs where the settings have some, none is named and the verb is for all.
pub(crate) async fn run(verb: &Verb, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if verb.runs_over_pairs(app.out.format())
        && app.globals().pair.is_none()
        && let SettingsFile::Pairs(pairs) = app.settings_file()?
    {
        return over(verb, pairs, app).await;
    }
    dispatch(verb, app).await
}

async fn over(verb: &Verb, pairs: Vec<Pair>, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if app.globals().state.is_some() {
        return Err(
            Failure::usage("--state FILE is the file of one pair, and there are several")
                .with_hint("name the pair, too: --pair NAME"),
        );
    }
    let parallel = app.globals().parallel;
    if parallel && verb.asks() && can_ask() {
        return Err(
            Failure::usage("several pairs at once cannot be asked about")
                .with_hint("give --yes, or leave --parallel out"),
        );
    }
    let budgets = SharedBudgets::new(&pairs, &(Arc::new(SystemClock) as _));
    let keep = parallel || app.out.format() != Format::Table;
    let ended = if parallel {
        let shared = &*app;
        let each = pairs.into_iter().map(|pair| {
            let out = shared.out.of_pair(pair.name.as_str(), keep);
            one(verb, pair, budgets.clone(), shared, out)
        });
        let all = future::join_all(each).await;
        all.into_iter().map(|(ended, _)| ended).collect()
    } else {
        let mut all = Vec::new();
        for pair in pairs {
            if app.is_stopping() {
                app.out.note(&format!("pair {} was not begun\n", pair.name));
                all.push(Ended {
                    pair: pair.name.to_string(),
                    code: ExitCode::Failure,
                    kept: Kept::default(),
                });
                continue;
            }
            if !keep {
                heading(pair.name.as_str(), all.is_empty(), app)?;
            }
            let out = app.out.of_pair(pair.name.as_str(), keep);
            let (ended, closed) = one(verb, pair, budgets.clone(), app, out).await;
            if closed {
                app.out.close();
            }
            all.push(ended);
        }
        all
    };
    app.clear_progress();
    show(&ended, parallel, app)?;
    Ok(ExitCode::worst(ended.iter().map(|ended| ended.code)))
}

async fn one(
    verb: &Verb,
    pair: Pair,
    budgets: SharedBudgets,
    app: &App<'_>,
    mut out: Output,
) -> (Ended, bool) {
    let name = pair.name.to_string();
    let result = {
        let mut app = app.of_pair(pair, budgets, &mut out);
        Box::pin(dispatch(verb, &mut app)).await
    };
    let code = result.unwrap_or_else(|failure| {
        app.clear_progress();
        out.failure(&failure);
        failure.code()
    });
    let (kept, closed) = out.into_kept();
    let ended = Ended {
        pair: name,
        code,
        kept,
    };
    (ended, closed)
}

fn heading(pair: &str, first: bool, app: &mut App<'_>) -> Result<(), Failure> {
    let gap = if first { "" } else { "\n" };
    let heading = app.out.look().heading(&format!("Pair {pair}"));
    app.out.result(&format!("{gap}{heading}\n"))
}

fn show(ended: &[Ended], parallel: bool, app: &mut App<'_>) -> Result<(), Failure> {
    match app.out.format() {
        Format::Table => {
            if parallel {
                for (index, it) in ended.iter().enumerate() {
                    heading(&it.pair, index == 0, app)?;
                    app.out.result(&it.kept.text)?;
                }
            }
            Ok(())
        }
        Format::Json => {
            let pairs: Vec<Value> = ended.iter().map(part).collect();
            app.out.document(&json!({"schema": 1, "pairs": pairs}))
        }
        Format::Csv => {
            let rows = rows(ended)?;
            app.out.result(&rows)
        }
    }
}

/// A pair's part of the one document: its result, or its error with what was shown of it.
fn part(ended: &Ended) -> Value {
    let mut part = json!({"pair": ended.pair, "exit_code": ended.code.code()});
    let Some(document) = &ended.kept.document else {
        part["error"] = json!({"code": ended.code.code(), "message": "not begun", "hint": null});
        return part;
    };
    match document.get("error") {
        Some(error) => {
            part["error"] = error.clone();
            for key in ["drift", "plan"] {
                part[key] = document.get(key).cloned().unwrap_or_default();
            }
        }
        None => part["result"] = document.clone(),
    }
    part
}

/// One sheet for all: the pair, and then the columns of the verb.
fn rows(ended: &[Ended]) -> Result<String, Failure> {
    let mut header: Option<Vec<String>> = None;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for it in ended {
        let mut sheet = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(it.kept.text.as_bytes());
        for (index, record) in sheet.records().enumerate() {
            let cells = record?.iter().map(str::to_owned).collect::<Vec<_>>();
            if index == 0 {
                header.get_or_insert(cells);
            } else {
                rows.push(std::iter::once(it.pair.clone()).chain(cells).collect());
            }
        }
    }
    let Some(header) = header else {
        return Ok(String::new());
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("pair").chain(header.iter().map(String::as_str)))?;
    for row in &rows {
        // The cells were made safe when the pair wrote them.
        writer.write_record(row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
