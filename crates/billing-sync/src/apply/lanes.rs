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
    let concurrency = run.apply.concurrency.max(1);
    let lanes = pack(clients, run.apply.writer.batch_size(), concurrency);
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
    for lane in waiting.by_ref().take(concurrency) {
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

/// Packs changes into at most so many lanes, cut between clients, of full batches: a client may go on in the next batch of its
/// own lane. So there are hardly more batches than the changes fill, however few each client has.
fn pack(mut changes: Vec<(usize, ClientId)>, size: usize, lanes: usize) -> Vec<Lane> {
    let size = size.max(1);
    changes.sort_by_key(|(slot, client)| (*client, *slot));
    let batches = changes.len().div_ceil(size);
    let wanted = size.saturating_mul(batches.div_ceil(lanes.max(1)));
    let mut packed = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for client in changes.chunk_by(|(_, a), (_, b)| a == b) {
        if !open.is_empty() && open.len() + client.len() > wanted && packed.len() + 1 < lanes {
            packed.push(std::mem::take(&mut open));
        }
        open.extend(client.iter().map(|(slot, _)| *slot));
    }
    packed.push(open);
    packed
        .into_iter()
        .filter(|slots| !slots.is_empty())
        .map(|slots| slots.chunks(size).map(<[usize]>::to_vec).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::pack;
    use crate::ids::ClientId;
    use proptest::prelude::*;

    fn changes(clients: &[i64]) -> Vec<(usize, ClientId)> {
        clients
            .iter()
            .enumerate()
            .map(|(slot, client)| (slot, ClientId::new(*client)))
            .collect()
    }

    #[test]
    fn one_lane_fills_its_batches_whatever_the_clients() {
        assert_eq!(
            pack(changes(&[1, 1, 2, 2, 3]), 3, 1),
            vec![vec![vec![0, 1, 2], vec![3, 4]]]
        );
    }

    #[test]
    fn lanes_are_cut_between_clients_and_nowhere_else() {
        assert_eq!(
            pack(changes(&[1, 1, 2, 2, 3]), 3, 2),
            vec![vec![vec![0, 1]], vec![vec![2, 3, 4]]]
        );
        assert_eq!(
            pack(changes(&[1, 2, 2, 2, 3]), 2, 2),
            vec![vec![vec![0, 1], vec![2, 3]], vec![vec![4]]]
        );
    }

    #[test]
    fn what_fits_into_one_batch_is_one_request() {
        assert_eq!(pack(changes(&[1, 2, 3]), 25, 16), vec![vec![vec![0, 1, 2]]]);
    }

    #[test]
    fn no_size_no_lanes_and_no_changes_are_no_trouble() {
        assert_eq!(pack(changes(&[1]), 0, 0), vec![vec![vec![0]]]);
        assert!(pack(Vec::new(), 25, 4).is_empty());
    }

    proptest! {
        /// Every change once, no client in two lanes, and at most one batch per lane that is not full.
        #[test]
        fn packing_loses_nothing_and_keeps_clients_together(
            clients in proptest::collection::vec(0i64..40, 0..200),
            size in 1usize..30,
            lanes in 1usize..8,
        ) {
            let packed = pack(changes(&clients), size, lanes);
            prop_assert!(packed.len() <= lanes);
            let mut slots: Vec<usize> = packed.iter().flatten().flatten().copied().collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, (0..clients.len()).collect::<Vec<_>>());
            let mut lane_of = std::collections::BTreeMap::new();
            for (lane, batches) in packed.iter().enumerate() {
                for slot in batches.iter().flatten() {
                    prop_assert_eq!(*lane_of.entry(clients[*slot]).or_insert(lane), lane);
                }
                prop_assert!(batches.iter().all(|batch| batch.len() <= size));
            }
            let batches: usize = packed.iter().map(Vec::len).sum();
            prop_assert!(batches <= clients.len().div_ceil(size) + packed.len());
        }
    }
}
