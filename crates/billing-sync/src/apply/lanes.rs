//! Which writes go together and which wait for each other: a client is in one lane only, so that two requests never
//! hold the same client at the same time.

use super::book::News;
use super::{Running, batch};
use crate::ids::ClientId;
use crate::run::{Outcome, Progress};
use crate::state::StoreError;
use futures_util::stream::{FuturesUnordered, StreamExt};

/// Batches that are sent one after the other.
type Lane = Vec<Vec<usize>>;

/// Sends these changes, so many lanes at a time, until they are done, somebody asks to stop, or the store fails.
pub(super) async fn send(run: &Running<'_>, slots: &[usize]) -> Result<(), StoreError> {
    let clients: Vec<(usize, ClientId)> = run
        .book
        .copies(slots)
        .into_iter()
        .map(|(slot, record)| (slot, record.change.client_id))
        .collect();
    let lanes = pack(clients, run.apply.writer.batch_size());
    if lanes.is_empty() {
        return Ok(());
    }
    run.begin_sending(slots.len());
    run.apply.watch.progress(&Progress::Writing {
        changes: slots.len(),
        batches: lanes.iter().map(Vec::len).sum(),
    });
    let mut waiting = lanes.into_iter();
    let mut working = FuturesUnordered::new();
    for lane in waiting.by_ref().take(run.apply.concurrency.max(1)) {
        working.push(walk(run, lane));
    }
    let mut failure = None;
    // Requests that are out are waited for even when the store failed: dropping them would know less, not more.
    while let Some(ended) = working.next().await {
        if let Err(error) = ended {
            run.give_up();
            failure.get_or_insert(error);
        }
        if run.may_send()
            && let Some(lane) = waiting.next()
        {
            working.push(walk(run, lane));
        }
    }
    match failure {
        Some(error) => Err(error),
        None if run.gave_up() => note_unsent(run, slots).await,
        None => Ok(()),
    }
}

/// What was left out because the target takes no writes at all is no stop: it has failed, and says why.
async fn note_unsent(run: &Running<'_>, slots: &[usize]) -> Result<(), StoreError> {
    let unsent = run
        .book
        .copies(slots)
        .into_iter()
        .filter(|(_, record)| record.outcome == Outcome::Planned)
        .map(|(slot, record)| News {
            slot,
            outcome: Outcome::NotApplied,
            written_id: record.change.licence_id,
            note: "not sent: the target accepts no writes".to_owned(),
        })
        .collect();
    run.book.record(unsent).await
}

async fn walk(run: &Running<'_>, lane: Lane) -> Result<(), StoreError> {
    for part in lane {
        batch::send(run, part).await?;
    }
    Ok(())
}

/// Packs changes into lanes. Small clients share a batch; a client that does not fit into one gets a lane of its own.
fn pack(mut changes: Vec<(usize, ClientId)>, size: usize) -> Vec<Lane> {
    let size = size.max(1);
    changes.sort_by_key(|(slot, client)| (*client, *slot));
    let mut lanes = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for client in changes.chunk_by(|(_, a), (_, b)| a == b) {
        let slots: Vec<usize> = client.iter().map(|(slot, _)| *slot).collect();
        if slots.len() > size {
            lanes.push(slots.chunks(size).map(<[usize]>::to_vec).collect());
            continue;
        }
        if open.len() + slots.len() > size {
            lanes.push(vec![std::mem::take(&mut open)]);
        }
        open.extend(slots);
    }
    if !open.is_empty() {
        lanes.push(vec![open]);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::pack;
    use crate::ids::ClientId;

    fn changes(clients: &[i64]) -> Vec<(usize, ClientId)> {
        clients
            .iter()
            .enumerate()
            .map(|(slot, client)| (slot, ClientId::new(*client)))
            .collect()
    }

    #[test]
    fn small_clients_share_a_batch_and_are_never_split() {
        assert_eq!(
            pack(changes(&[1, 1, 2, 2, 3]), 3),
            vec![vec![vec![0, 1]], vec![vec![2, 3, 4]]]
        );
    }

    #[test]
    fn a_large_client_has_a_lane_of_its_own() {
        assert_eq!(
            pack(changes(&[1, 2, 2, 2, 3]), 2),
            vec![vec![vec![1, 2], vec![3]], vec![vec![0, 4]]]
        );
    }

    #[test]
    fn no_size_and_no_changes_are_no_trouble() {
        assert_eq!(pack(changes(&[1]), 0), vec![vec![vec![0]]]);
        assert!(pack(Vec::new(), 25).is_empty());
    }
}
