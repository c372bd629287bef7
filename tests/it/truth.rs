//! Holds the journal against what the server has: every change that is called done is there, every one that is called
//! not done is not.

use crate::bench::Bench;
use billing_sync::plan::ChangeKind;
use billing_sync::run::{ChangeRecord, Outcome};
use sandbox::Subscription;

/// What the newest run says that is not so. Only for a world that nobody else edits after the run.
pub(crate) async fn of_journal(bench: &Bench) -> Vec<String> {
    let mut problems = Vec::new();
    let newest = bench.store.runs(1).await.unwrap();
    let Some(newest) = newest.first() else {
        return problems;
    };
    let run = bench.store.run(&newest.run_id).await.unwrap().unwrap();
    let now = bench.sandbox.subscriptions();
    for change in &run.changes {
        let there = is_there(change, &now);
        let true_word = match change.outcome {
            Outcome::Applied | Outcome::Verified => there,
            Outcome::Planned | Outcome::NotApplied | Outcome::Rejected => !there,
            // Says itself that it does not know, or that somebody else was there.
            Outcome::Started | Outcome::Unknown | Outcome::Mismatch => true,
        };
        if !true_word {
            problems.push(format!(
                "the journal calls {:?} of client {} {}, which is false",
                change.change.kind,
                change.change.client_id,
                change.outcome.word()
            ));
        }
    }
    if let Err(error) = bench.store.check_journal().await {
        problems.push(format!("the journal is not whole: {error}"));
    }
    problems
}

/// Whether the server has what the change wanted, on the record it was for.
fn is_there(change: &ChangeRecord, now: &[Subscription]) -> bool {
    let wanted = &change.change;
    let live = now.iter().filter(|record| {
        record.client_id == wanted.client_id.get()
            && record.name == wanted.name
            && record.kind == 1
            && record.is_active
            && !record.deleted
    });
    let mut counts = live.map(|record| (record.id, record.count));
    match (wanted.kind, wanted.licence_id) {
        (ChangeKind::Create, _) => counts.any(|(_, count)| count == wanted.after),
        (_, Some(id)) => counts.any(|found| found == (id.get(), wanted.after)),
        (_, None) => counts.any(|(_, count)| count == wanted.after),
    }
}
