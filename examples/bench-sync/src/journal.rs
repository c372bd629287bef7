//! The state store alone: how fast intent becomes durable, batch by batch, as apply records it.

use anyhow::Context as _;
use billing_sync::ids::RunId;
use billing_sync::run::{ChangeRecord, Outcome, RunStatus};
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::state::{JournalEntry, NewRun, StateStore};
use billing_sync::testing::{create, plan_of};
use std::collections::BTreeMap;
use std::time::Instant;

const CHANGES: usize = 100_000;
const AT: &str = "2026-11-06T06:00:00Z";

pub(crate) async fn measure() -> anyhow::Result<()> {
    println!("{CHANGES} changes; each batch durable (one sync to disk) before its request");
    println!("| per batch | begin s | record s | changes per s |");
    println!("|---|---|---|---|");
    for batch in [25, 100, 200, 1_000] {
        let folder = tempfile::tempdir()?;
        let store = SqliteStore::open(folder.path().join("state.db"))?;
        let changes = (0..CHANGES)
            .map(|number| Ok(create(i64::try_from(number)? + 1, "Cove | Server", 3)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let plan = plan_of("202610".parse().map_err(anyhow::Error::msg)?, changes);
        let run = RunId::new("measured");
        let overrides = BTreeMap::new();
        let began = Instant::now();
        store
            .begin_run(&NewRun {
                run_id: &run,
                plan: &plan,
                approved_by: "measurement",
                overrides: &overrides,
                at: AT.to_owned(),
            })
            .await?;
        let opening = began.elapsed().as_secs_f64();
        let entries: Vec<JournalEntry> = plan
            .writes()
            .enumerate()
            .map(|(position, change)| JournalEntry {
                record: ChangeRecord {
                    position,
                    change: change.clone(),
                    outcome: Outcome::Started,
                    written_id: None,
                    note: String::new(),
                },
                at: AT.to_owned(),
            })
            .collect();
        let began = Instant::now();
        for part in entries.chunks(batch) {
            store.record(&run, part).await?;
        }
        let record = began.elapsed().as_secs_f64();
        store.finish_run(&run, RunStatus::Unknown, AT).await?;
        let rows = store.check_journal().await?;
        anyhow::ensure!(usize::try_from(rows)? == CHANGES + 2, "{rows} rows");
        let changes = f64::from(u32::try_from(CHANGES).context("count")?);
        println!(
            "| {batch} | {opening:.2} | {record:.2} | {:.0} |",
            changes / record
        );
    }
    Ok(())
}
