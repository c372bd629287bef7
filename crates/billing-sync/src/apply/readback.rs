//! The end of a run: everything that was sent is read once more, what is proved is remembered as ours, and the run gets
//! the status that is true.

use super::book::News;
use super::judge::news_from;
use super::view::{View, name_of_record};
use super::{ApplyError, Running};
use crate::ids::{ContractId, CustomerId, Key, LicenceId};
use crate::memory::{Memory, Owned};
use crate::period::Period;
use crate::plan::{Change, ChangeKind};
use crate::ports::PortError;
use crate::run::{ChangeRecord, Outcome, Progress, RunReport, RunStatus};
use crate::state::StoreError;
use crate::target::Standing;
use std::collections::{BTreeSet, HashMap, HashSet};

/// True for a change that was sent and is not proved.
pub(super) fn to_check(record: &ChangeRecord) -> bool {
    !matches!(record.outcome, Outcome::Planned | Outcome::Verified)
}

/// Reads back what was sent. What cannot be read stays unproved, and says why.
pub(super) async fn read_back(run: &Running<'_>) -> Result<(), StoreError> {
    let slots = run.book.slots(to_check);
    if slots.is_empty() {
        return Ok(());
    }
    run.apply.watch.progress(&Progress::ReadingBack {
        changes: slots.len(),
    });
    let news = match run.apply.read(run.book.clients(&slots)).await {
        Ok(view) => news_from(run, &slots, &view, &run.known),
        Err(error) => unproved(run, &slots, &error),
    };
    run.book.record(news).await
}

fn unproved(run: &Running<'_>, slots: &[usize], error: &PortError) -> Vec<News> {
    tracing::warn!(run = %run.book.run_id, %error, "what was written cannot be read back");
    run.book
        .copies(slots)
        .into_iter()
        .filter(|(_, record)| is_unproved(record.outcome))
        .map(|(slot, record)| News {
            slot,
            outcome: record.outcome,
            written_id: record.written_id,
            note: match record.note.as_str() {
                "" => format!("not read back: {error}"),
                note => format!("{note}; not read back: {error}"),
            },
        })
        .collect()
}

/// True when it is not known, or only said by the system, that the count is there.
fn is_unproved(outcome: Outcome) -> bool {
    outcome.is_open() || outcome == Outcome::Applied
}

/// Remembers what is ours and ends the run.
pub(super) async fn finish(run: Running<'_>) -> Result<RunReport, ApplyError> {
    let apply = run.apply;
    let records = run.book.all();
    let (kept, adopted) = kept(&run);
    let owned: Vec<Owned> = belongings(&records, &kept, run.plan.period(), &run.memory);
    if !owned.is_empty() {
        apply
            .store
            .own(&run.book.run_id, &owned, &run.book.at())
            .await?;
    }
    let status = conclude(&records, apply.stop.is_stopped());
    apply
        .store
        .finish_run(&run.book.run_id, status, &run.book.at())
        .await?;
    tracing::info!(run = %run.book.run_id, status = status.word(), "run ended");
    Ok(RunReport {
        run_id: run.book.run_id.clone(),
        plan_id: run.plan.id().clone(),
        period: run.plan.period(),
        status,
        changes: records,
        exceptions: run.plan.exceptions().len(),
        adopted,
    })
}

fn conclude(records: &[ChangeRecord], stopped: bool) -> RunStatus {
    let any = |test: fn(Outcome) -> bool| records.iter().any(|record| test(record.outcome));
    if records.is_empty() {
        RunStatus::Nothing
    } else if any(is_unproved) {
        // Stored, as the system says, but not proved: `resume` reads it back.
        RunStatus::Unknown
    } else if any(|outcome| outcome == Outcome::Planned)
        || (stopped && any(|outcome| outcome == Outcome::NotApplied))
    {
        RunStatus::Stopped
    } else if any(Outcome::is_failed) {
        RunStatus::Partial
    } else {
        RunStatus::Applied
    }
}

/// A count that was right already.
struct Kept<'a> {
    change: &'a Change,
    licence: LicenceId,
    /// Whether a read showed it. If not, what was last proved of it stays as it is.
    is_proved: bool,
}

/// The records that needed no write and are still as the plan saw them, as far as they were read; and how many of them are
/// new to us.
fn kept<'a>(run: &Running<'a>) -> (Vec<Kept<'a>>, usize) {
    let owned: HashSet<LicenceId> = run.memory.owned.iter().map(|owned| owned.licence).collect();
    let bills = !run.plan.ledger().rows().is_empty();
    // Left alone, because absence of its usage is not proven: what it was last billed with stays what is proved.
    let held = |change: &Change, id| bills && change.sources.is_empty() && owned.contains(&id);
    let kept: Vec<_> = run
        .plan
        .changes()
        .iter()
        .filter(|change| change.kind == ChangeKind::Keep)
        .filter_map(|change| Some((change, change.licence_id?)))
        .filter(|(change, id)| !held(change, *id))
        .filter_map(|(change, licence)| {
            let view = shown_by(run, change, licence);
            let is_proved = view.map(|view| holds(change, licence, view));
            (is_proved != Some(false)).then_some(Kept {
                change,
                licence,
                is_proved: is_proved.is_some(),
            })
        })
        .collect();
    let adopted = kept.iter().filter(|kept| kept.change.adopted).count();
    (kept, adopted)
}

/// The latest read that shows a record, or that would show it; `None` when there was none since the plan was made.
fn shown_by<'r>(run: &'r Running<'_>, change: &Change, id: LicenceId) -> Option<&'r View> {
    let views = [Some(&run.view), run.made_from.as_ref()];
    let mut views = views.into_iter().flatten();
    // A target may answer with more than it was asked for.
    views.find(|view| view.covers(change.client_id) || view.record(id).is_some())
}

fn holds(change: &Change, id: LicenceId, view: &View) -> bool {
    view.record(id).is_some_and(|record| {
        record.standing == Standing::Active
            && record.client == change.client_id
            && record.name == name_of_record(change)
            && record.count == change.after
    })
}

fn belongings(
    records: &[ChangeRecord],
    kept: &[Kept<'_>],
    period: Period,
    memory: &Memory,
) -> Vec<Owned> {
    let earlier: HashMap<&Key, &Owned> = memory
        .owned
        .iter()
        .map(|owned| (&owned.key, owned))
        .collect();
    let written = records
        .iter()
        .filter(|record| record.outcome.is_done())
        .filter_map(|record| Some((&record.change, record.written_id?)));
    let proved = kept.iter().filter(|kept| kept.is_proved);
    let unread = kept.iter().filter(|kept| !kept.is_proved);
    written
        .chain(proved.map(|kept| (kept.change, kept.licence)))
        .map(|(change, licence)| {
            let known = earlier.get(&change.key()).copied();
            (known, belonging(change, licence, period, known))
        })
        .chain(unread.filter_map(|kept| {
            let known = earlier.get(&kept.change.key()).copied()?;
            Some((Some(known), with_usage_of(known, kept)?))
        }))
        .filter(|(known, owned)| *known != Some(owned))
        .map(|(_, owned)| owned)
        .collect()
}

/// What is known of a count that was not read again: the count and the month it was proved for stay. Whose usage it holds is
/// what the vendor says, and no read of the target would tell.
fn with_usage_of(known: &Owned, kept: &Kept<'_>) -> Option<Owned> {
    let is_same = known.licence == kept.licence && known.count == kept.change.after;
    if !is_same || kept.change.sources.is_empty() {
        return None;
    }
    let (customers, contracts) = usage_of(kept.change);
    Some(Owned {
        customers,
        contracts,
        ..known.clone()
    })
}

fn usage_of(change: &Change) -> (BTreeSet<CustomerId>, BTreeSet<ContractId>) {
    let sources = change.sources.iter();
    sources
        .map(|source| (source.customer_id.clone(), source.contract_id.clone()))
        .unzip()
}

fn belonging(
    change: &Change,
    licence: LicenceId,
    period: Period,
    earlier: Option<&Owned>,
) -> Owned {
    let (period, customers, contracts) = match earlier {
        // Nothing stands behind a count any more: whose it was is what a later return is recognised by. A count that is
        // taken back does not open a later month again.
        Some(earlier) if change.sources.is_empty() => (
            period.max(earlier.period),
            earlier.customers.clone(),
            earlier.contracts.clone(),
        ),
        _ => {
            let (customers, contracts) = usage_of(change);
            (period, customers, contracts)
        }
    };
    Owned {
        key: change.key(),
        licence,
        count: change.after,
        period,
        customers,
        contracts,
    }
}
