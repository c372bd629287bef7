//! One batch of writes: intent first, then the request, then what became of it. A refused batch is read back and
//! halved until the write that is at fault stands alone.

use super::book::News;
use super::view::{Finding, examine};
use super::{Running, judge};
use crate::ids::LicenceId;
use crate::plan::Change;
use crate::ports::{Write, WriteOutcome};
use crate::run::{ChangeRecord, Outcome};
use crate::state::StoreError;
use crate::target::{Standing, Subscription};

/// Sends a batch. Returns early, with everything recorded, when the run may not send any more.
pub(super) async fn send(run: &Running<'_>, slots: Vec<usize>) -> Result<(), StoreError> {
    let mut parts = vec![slots];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        if !run.may_send() {
            return Ok(());
        }
        let again = send_once(run, &part).await?;
        let (first, second) = again.split_at(again.len().div_ceil(2));
        parts.push(second.to_vec());
        parts.push(first.to_vec());
    }
    Ok(())
}

/// Sends a batch once; returns what was refused together with others and is proved not to be there.
async fn send_once(run: &Running<'_>, slots: &[usize]) -> Result<Vec<usize>, StoreError> {
    // A change whose write cannot be told is never guessed at: it stays as it is.
    let (writes, records): (Vec<Write>, Vec<(usize, ChangeRecord)>) = run
        .book
        .copies(slots)
        .into_iter()
        .filter_map(|(slot, record)| Some((Write::of(&record.change)?, (slot, record))))
        .unzip();
    let started = records
        .iter()
        .map(|(slot, record)| News {
            slot: *slot,
            outcome: Outcome::Started,
            written_id: record.change.licence_id,
            note: String::new(),
        })
        .collect();
    run.book.record(started).await?;

    let mut outcomes = run.apply.writer.write(&writes).await.into_iter();
    let mut news = Vec::with_capacity(records.len());
    let mut refused = Vec::new();
    for (slot, record) in &records {
        let (outcome, written_id, note) = match outcomes.next() {
            Some(WriteOutcome::Confirmed(shown)) => {
                let made = shown.filter(|shown| is_made(shown, &record.change, run));
                let note = match &made {
                    Some(made) if made.name != record.change.name => {
                        format!("it was stored as `{}`", made.name)
                    }
                    _ => String::new(),
                };
                let id = record.change.licence_id.or(made.map(|made| made.id));
                (Outcome::Applied, id, note)
            }
            Some(WriteOutcome::Refused(why)) if records.len() > 1 => {
                refused.push((*slot, record, why));
                continue;
            }
            Some(WriteOutcome::Refused(why)) => (Outcome::Rejected, record.change.licence_id, why),
            Some(WriteOutcome::Denied(why)) => {
                run.give_up();
                (Outcome::Rejected, record.change.licence_id, why)
            }
            Some(WriteOutcome::NotSent(why)) => {
                (Outcome::NotApplied, record.change.licence_id, why)
            }
            Some(WriteOutcome::Unknown(why)) => (Outcome::Unknown, record.change.licence_id, why),
            None => (
                Outcome::Unknown,
                record.change.licence_id,
                "the target gave no outcome".to_owned(),
            ),
        };
        news.push(News {
            slot: *slot,
            outcome,
            written_id,
            note,
        });
    }
    let again = sort_out(run, refused, &mut news).await;
    run.announce(&news, &again);
    run.book.record(news).await?;
    Ok(again)
}

/// True for the record that a create made, as the answer shows it. A system may store its name otherwise; but a record that
/// was there before is not new, and one that has the name of another create is that one's.
fn is_made(shown: &Subscription, change: &Change, run: &Running<'_>) -> bool {
    let is_as_sent = shown.key() == change.key();
    let is_anothers = || run.plan.writes().any(|other| other.key() == shown.key());
    let fits = shown.client == change.client_id
        && shown.count == change.after
        && shown.standing == Standing::Active
        && !run.known.contains(&shown.id);
    is_as_sent || (fits && !is_anothers())
}

/// Reads what became of writes that were refused together. Those that are proved not to be there may go again.
async fn sort_out(
    run: &Running<'_>,
    refused: Vec<(usize, &ChangeRecord, String)>,
    news: &mut Vec<News>,
) -> Vec<usize> {
    if refused.is_empty() {
        return Vec::new();
    }
    let clients = refused
        .iter()
        .map(|(_, record, _)| record.change.client_id)
        .collect();
    let view = run.apply.read(clients).await;
    let accounts = run.accounts();
    let mut again = Vec::new();
    for (slot, record, why) in refused {
        let planned: Option<LicenceId> = record.change.licence_id;
        let finding = match &view {
            Ok(view) => examine(&record.change, None, view, &run.known, &accounts),
            Err(error) => Finding::Unclear(error.to_string()),
        };
        let (outcome, written_id, note) = match finding {
            Finding::AsPlanned(id) => (Outcome::Applied, Some(id), judge::by_reading(&why)),
            Finding::AsBefore => {
                again.push(slot);
                (Outcome::NotApplied, planned, why)
            }
            Finding::Different(what) => (Outcome::Mismatch, planned, what),
            Finding::Unclear(detail) | Finding::Misnamed(detail) => {
                (Outcome::Unknown, planned, format!("{why}; {detail}"))
            }
        };
        news.push(News {
            slot,
            outcome,
            written_id,
            note,
        });
    }
    again
}
