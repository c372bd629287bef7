//! How many requests a plan will take, told before it is applied: at 300 in five minutes, that is how long it takes.

use super::{Change, ChangeKind, RequestEstimate};
use crate::ids::ClientId;
use crate::target::TargetSnapshot;
use std::collections::BTreeSet;

/// How much fits into one request to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestSizes {
    /// Writes.
    pub writes: usize,
    /// Rows of a list.
    pub rows: usize,
}

impl Default for RequestSizes {
    fn default() -> Self {
        Self {
            writes: 25,
            rows: 100,
        }
    }
}

/// Counts batches, and the pages of reading the records before and after: the lists of the clients concerned or the list of
/// all subscriptions, whichever is shorter.
pub(crate) fn estimate(
    changes: &[Change],
    target: &TargetSnapshot,
    sizes: RequestSizes,
    read: u64,
) -> RequestEstimate {
    let written = || {
        changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Keep)
    };
    let writes = written().count();
    if writes == 0 {
        return RequestEstimate {
            read,
            write_estimate: 0,
        };
    }
    let clients: BTreeSet<ClientId> = written().map(|change| change.client_id).collect();
    let created = written()
        .filter(|change| change.licence_id.is_none())
        .count();
    let pages = |rows: usize| rows.div_ceil(sizes.rows.max(1)).clamp(1, clients.len());
    let before = target.subscriptions().len();
    let requests = writes.div_ceil(sizes.writes.max(1))
        + pages(before)
        + pages(before.saturating_add(created));
    RequestEstimate {
        read,
        write_estimate: u64::try_from(requests).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestSizes, estimate};
    use crate::ids::{ClientId, LicenceId};
    use crate::plan::RequestEstimate;
    use crate::target::{CompleteList, Standing, Subscription, TargetSnapshot};
    use crate::testing::{create, keep, update};

    fn target(records: i64) -> TargetSnapshot {
        let records = (1..=records).map(|id| Subscription {
            id: LicenceId::new(id),
            client: ClientId::new(id),
            name: "A".to_owned(),
            count: 1,
            standing: Standing::Active,
        });
        TargetSnapshot::new(
            CompleteList::proven(Vec::new(), 0, None).unwrap(),
            CompleteList::proven(records.collect(), 0, None).unwrap(),
            Vec::new(),
        )
    }

    #[test]
    fn nothing_to_write_takes_nothing() {
        let changes = [keep(1, 1, "A", 1, false)];
        let told = estimate(&changes, &target(500), RequestSizes::default(), 7);
        assert_eq!(
            told,
            RequestEstimate {
                read: 7,
                write_estimate: 0
            }
        );
    }

    #[test]
    fn few_clients_are_read_one_by_one_and_many_by_the_pages_of_the_list() {
        let sizes = RequestSizes {
            writes: 10,
            rows: 100,
        };
        let few = [update(1, 1, "A", 1, 2), update(2, 2, "A", 1, 2)];
        assert_eq!(
            estimate(&few, &target(500), sizes, 0).write_estimate,
            1 + 2 + 2
        );
        let many: Vec<_> = (1..=40).map(|id| update(id, id, "A", 1, 2)).collect();
        assert_eq!(
            estimate(&many, &target(500), sizes, 0).write_estimate,
            4 + 5 + 5
        );
    }

    #[test]
    fn what_is_created_is_read_back_with_the_rest() {
        let sizes = RequestSizes {
            writes: 25,
            rows: 100,
        };
        let new: Vec<_> = (1..=250).map(|client| create(client, "B", 1)).collect();
        assert_eq!(
            estimate(&new, &target(0), sizes, 0).write_estimate,
            10 + 1 + 3
        );
    }
}
