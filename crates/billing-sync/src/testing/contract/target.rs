//! What a billing system has to keep, its reading half and its writing half together.

use super::must;
use crate::ids::{ClientId, LicenceId};
use crate::ports::{TargetReader, TargetWriter, Write, WriteOutcome};
use crate::target::{Standing, Subscription};
use std::collections::{BTreeMap, BTreeSet};

/// Names that are stored as they are, or confuse a system that does not.
const NAMES: [&str; 4] = [
    "Contract suite | Per GB",
    "Contract suite \"quoted\" & 'more'",
    "Contract suite: größer 测试",
    "Contract suite",
];

/// Runs the suite. It makes subscriptions under `client` and leaves them there with a count of 0, so give it a test system.
///
/// # Panics
/// When the target does not do what the ports promise.
pub async fn target<T: TargetReader + TargetWriter + ?Sized>(target: &T, client: ClientId) {
    assert!(target.batch_size() >= 1, "a batch holds at least one write");
    reads_agree(target, client).await;
    nothing_to_write_is_nothing_written(target).await;
    let made = creates_are_stored_as_they_are(target, client).await;
    a_count_is_set_and_nothing_else(target, client, &made).await;
    a_record_that_is_not_there_is_not_confirmed(target, client).await;
    zero_is_a_count(target, client, &made).await;
    reads_agree(target, client).await;
}

type Records = BTreeMap<LicenceId, Subscription>;

async fn records_of<T: TargetReader + ?Sized>(target: &T, client: ClientId) -> Records {
    let read = must(target.subscriptions_of(&BTreeSet::from([client])).await);
    read.records
        .items()
        .iter()
        .filter(|record| record.client == client)
        .map(|record| (record.id, record.clone()))
        .collect()
}

async fn reads_agree<T: TargetReader + ?Sized>(target: &T, client: ClientId) {
    let snapshot = must(target.snapshot().await);
    assert!(
        snapshot.client(client).is_some(),
        "client {client} is not in the snapshot"
    );
    assert_eq!(
        snapshot,
        must(target.snapshot().await),
        "two reads without a write between them differ"
    );
    let whole: Records = snapshot
        .subscriptions()
        .iter()
        .filter(|record| record.client == client)
        .map(|record| (record.id, record.clone()))
        .collect();
    assert_eq!(
        records_of(target, client).await,
        whole,
        "the subscriptions of client {client} differ from those in the snapshot"
    );
}

async fn nothing_to_write_is_nothing_written<T: TargetWriter + ?Sized>(target: &T) {
    assert_eq!(target.write(&[]).await, Vec::new());
}

async fn creates_are_stored_as_they_are<T: TargetReader + TargetWriter + ?Sized>(
    target: &T,
    client: ClientId,
) -> Vec<Subscription> {
    let before = records_of(target, client).await;
    let writes: Vec<Write> = NAMES
        .iter()
        .zip(3..)
        .map(|(name, count)| Write::Create {
            client,
            name: (*name).to_owned(),
            count,
        })
        .collect();
    let mut shown = Vec::new();
    for batch in writes.chunks(target.batch_size()) {
        shown.extend(confirmed(target.write(batch).await, batch));
    }
    let after = records_of(target, client).await;
    let made: Vec<Subscription> = after
        .values()
        .filter(|record| !before.contains_key(&record.id))
        .cloned()
        .collect();
    assert_eq!(
        made.len(),
        NAMES.len(),
        "so many records were made as there were creates"
    );
    assert!(
        before
            .iter()
            .all(|(id, record)| after.get(id) == Some(record)),
        "a create changed a record that was there before"
    );
    for (name, count) in NAMES.iter().zip(3..) {
        let alike: Vec<&Subscription> = made.iter().filter(|record| record.name == *name).collect();
        let [record] = alike.as_slice() else {
            panic!("{name:?} reads back {} times, not once", alike.len());
        };
        assert_eq!(
            (record.count, record.standing),
            (count, Standing::Active),
            "{name:?} reads back otherwise"
        );
    }
    for record in shown.into_iter().flatten() {
        assert_eq!(
            after.get(&record.id),
            Some(&record),
            "the record that was shown is not the one that is stored"
        );
    }
    made
}

async fn a_count_is_set_and_nothing_else<T: TargetReader + TargetWriter + ?Sized>(
    target: &T,
    client: ClientId,
    made: &[Subscription],
) {
    let Some(first) = made.first() else { return };
    let mut wanted = records_of(target, client).await;
    set(target, first, 40).await;
    if let Some(record) = wanted.get_mut(&first.id) {
        record.count = 40;
    }
    assert_eq!(
        records_of(target, client).await,
        wanted,
        "setting one count changed something else, or nothing"
    );
}

async fn a_record_that_is_not_there_is_not_confirmed<T: TargetReader + TargetWriter + ?Sized>(
    target: &T,
    client: ClientId,
) {
    let before = records_of(target, client).await;
    let missing = LicenceId::new(2_000_000_000);
    let write = Write::SetCount {
        id: missing,
        client,
        count: 1,
    };
    let outcomes = target.write(&[write]).await;
    assert!(
        matches!(outcomes.as_slice(), [one] if !matches!(one, WriteOutcome::Confirmed(_))),
        "a count was set on a record that does not exist: {outcomes:?}"
    );
    assert_eq!(
        records_of(target, client).await,
        before,
        "a refused write changed something"
    );
}

async fn zero_is_a_count<T: TargetReader + TargetWriter + ?Sized>(
    target: &T,
    client: ClientId,
    made: &[Subscription],
) {
    for record in made {
        set(target, record, 0).await;
    }
    let after = records_of(target, client).await;
    for record in made {
        let read = after.get(&record.id);
        assert_eq!(
            read.map(|read| (read.count, read.standing, read.name.as_str())),
            Some((0, Standing::Active, record.name.as_str())),
            "a subscription at 0 stays what it is"
        );
    }
}

async fn set<T: TargetWriter + ?Sized>(target: &T, record: &Subscription, count: i64) {
    let write = [Write::SetCount {
        id: record.id,
        client: record.client,
        count,
    }];
    confirmed(target.write(&write).await, &write);
}

/// The records that were shown; ends the suite when an outcome is missing or not a confirmation.
fn confirmed(outcomes: Vec<WriteOutcome>, batch: &[Write]) -> Vec<Option<Subscription>> {
    assert_eq!(
        outcomes.len(),
        batch.len(),
        "one outcome per write, in order"
    );
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            WriteOutcome::Confirmed(record) => record,
            other => panic!("a plain write was not confirmed: {other:?}"),
        })
        .collect()
}
