//! Holds the journal against what the server has and against its log: every change that is called done is there and was
//! stored by one request, every one that is called not done is not and was not, and no request stored what no journal knows.

use crate::bench::{Bench, PERIOD, Write};
use billing_sync::plan::ChangeKind;
use billing_sync::run::{ChangeRecord, Outcome};
use billing_sync::state::StoredRun;
use sandbox::{StoredLicence, Subscription};
use std::collections::BTreeMap;

/// When the journal is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// After a run that may have been cut short: it may say that it does not know.
    Any,
    /// After a sync that nothing disturbed: everything is known.
    End,
}

/// What the journal says that is not so, and what it does not say.
pub(crate) async fn of_journal(bench: &Bench, at: At) -> Vec<String> {
    let runs = runs_of_the_month(bench).await;
    let writes = bench.writes();
    let mut problems = Vec::new();
    // What is done by what the server said and was not read back yet may be false where the server says too much.
    let believed = |change: &ChangeRecord| {
        at == At::Any && bench.says_too_much && change.outcome == Outcome::Applied
    };
    if let Some(newest) = runs.first()
        && !bench.is_edited
    {
        let now = bench.sandbox.subscriptions();
        problems.extend(against_records(newest, &now, &believed));
    }
    for run in &runs {
        problems.extend(against_log(run, &writes, &believed));
        if at == At::End {
            let open = run.changes.iter().filter(|one| one.outcome.is_open());
            problems.extend(open.map(|one| word(one, "which is no end")));
        }
    }
    for write in &writes {
        problems.extend(unrecorded(write, &runs));
    }
    problems.extend(sent_twice(&writes, bench.is_edited));
    if let Err(error) = bench.store.check_journal().await {
        problems.push(format!("the journal is not whole: {error}"));
    }
    problems
}

/// The runs of the month, the newest first.
async fn runs_of_the_month(bench: &Bench) -> Vec<StoredRun> {
    let mut runs = Vec::new();
    for one in bench.store.runs(100).await.unwrap() {
        if one.period.to_string().replace('-', "") == PERIOD.to_string() {
            runs.push(bench.store.run(&one.run_id).await.unwrap().unwrap());
        }
    }
    runs
}

fn word(change: &ChangeRecord, why: &str) -> String {
    format!(
        "the journal calls {:?} of client {} `{}` {}, {why}",
        change.change.kind,
        change.change.client_id,
        change.change.name,
        change.outcome.word()
    )
}

/// What the newest run says of the records as they are.
fn against_records(
    run: &StoredRun,
    now: &[Subscription],
    believed: &dyn Fn(&ChangeRecord) -> bool,
) -> Vec<String> {
    let is_false = |change: &&ChangeRecord| {
        let there = is_there(change, now);
        match change.outcome {
            Outcome::Applied | Outcome::Verified => !there,
            Outcome::Planned | Outcome::NotApplied | Outcome::Rejected => there,
            // Says itself that it does not know, or that somebody else was there.
            Outcome::Started | Outcome::Unknown | Outcome::Mismatch => false,
        }
    };
    let changes = run.changes.iter().filter(|change| !believed(change));
    let wrong = changes.filter(is_false);
    wrong.map(|one| word(one, "which is false")).collect()
}

/// What a run says of the requests that it sent.
fn against_log(
    run: &StoredRun,
    writes: &[Write],
    believed: &dyn Fn(&ChangeRecord) -> bool,
) -> Vec<String> {
    let mut problems = Vec::new();
    for change in run.changes.iter().filter(|change| !believed(change)) {
        let own = writes
            .iter()
            .filter(|write| write.run.as_ref() == Some(&run.summary.run_id));
        let stored = own.filter(|write| is_of(&write.stored, change)).count();
        match (change.outcome, stored) {
            (Outcome::Applied | Outcome::Verified, 0) => {
                problems.push(word(change, "and no request stored it"));
            }
            (Outcome::Planned | Outcome::NotApplied | Outcome::Rejected, 1..) => {
                problems.push(word(change, "and a request stored it"));
            }
            _ => {}
        }
    }
    problems
}

/// A write that stands in no run.
fn unrecorded(write: &Write, runs: &[StoredRun]) -> Option<String> {
    let run = runs
        .iter()
        .find(|run| write.run.as_ref() == Some(&run.summary.run_id));
    let changes = run.map_or(&[][..], |run| &run.changes);
    let known = changes.iter().any(|change| is_of(&write.stored, change));
    (!known).then(|| format!("stored, and in no journal: {:?}", write.stored))
}

/// What was stored more than once. The same count again is right only where somebody else edited it in between.
fn sent_twice(writes: &[Write], is_edited: bool) -> Vec<String> {
    let mut times = BTreeMap::<_, usize>::new();
    let mut made = BTreeMap::<_, usize>::new();
    for Write { run, stored } in writes {
        let run = run.as_ref().filter(|_| is_edited).map(ToString::to_string);
        *times.entry((run, stored.id, stored.count)).or_default() += 1;
        let key = (stored.client_id, stored.name.as_str());
        *made.entry(key).or_default() += usize::from(stored.is_new);
    }
    let times = times.into_iter().filter(|(_, times)| *times > 1);
    let times = times.map(|((_, id, count), times)| {
        format!("record {id} was set to {count} by {times} requests")
    });
    let made = made.into_iter().filter(|(_, times)| *times > 1);
    let made = made.map(|((client, name), _)| format!("client {client} `{name}`: made twice"));
    times.chain(made).collect()
}

/// Whether a request stored exactly this change.
fn is_of(stored: &StoredLicence, change: &ChangeRecord) -> bool {
    let wanted = &change.change;
    let is_its_record = match (wanted.kind, wanted.licence_id) {
        (ChangeKind::Create, _) => {
            let written = change.written_id.is_none_or(|id| id.get() == stored.id);
            stored.is_new && written
        }
        (_, Some(id)) => id.get() == stored.id && !stored.is_new,
        (_, None) => false,
    };
    let key = (wanted.client_id.get(), wanted.name.as_str());
    is_its_record && stored.count == wanted.after && (stored.client_id, stored.name.as_str()) == key
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
