//! Every kind of fault, so that suites which try all of them cannot forget one.

use super::FaultKind;

/// Examples of one variant, and what is of it.
type Row = (Vec<FaultKind>, fn(&FaultKind) -> bool);

/// Lists examples by the variant they are of. A new variant does not compile until it has a row here.
macro_rules! every_kind {
    ($($variant:pat => [$($example:expr),+ $(,)?],)+) => {
        const _: fn(&FaultKind) = |kind| match kind { $($variant => {})+ };

        fn rows() -> Vec<Row> {
            vec![$((vec![$($example),+], |kind| matches!(kind, $variant))),+]
        }
    };
}

/// Longer than a test waits: who asks has to have a time limit of its own.
const HANG_MS: u64 = 60_000;

every_kind![
    FaultKind::Latency(_) => [FaultKind::Latency(2)],
    FaultKind::Drip => [FaultKind::Drip],
    FaultKind::Status(_) => [
        FaultKind::Status(400),
        FaultKind::Status(401),
        FaultKind::Status(403),
        FaultKind::Status(404),
        FaultKind::Status(500),
        FaultKind::Status(502),
        FaultKind::Status(503),
        FaultKind::Status(504),
    ],
    FaultKind::StatusAfterCommit(_) => [
        FaultKind::StatusAfterCommit(500),
        FaultKind::StatusAfterCommit(502),
        FaultKind::StatusAfterCommit(503),
        FaultKind::StatusAfterCommit(504),
    ],
    FaultKind::ResetBeforeCommit => [FaultKind::ResetBeforeCommit],
    FaultKind::ResetAfterCommit => [FaultKind::ResetAfterCommit],
    FaultKind::TooManyRequests { .. } => [
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::TooManyRequests { retry_after: Some(7) },
    ],
    FaultKind::Html200 => [FaultKind::Html200],
    FaultKind::MalformedJson => [FaultKind::MalformedJson],
    FaultKind::UnreadableQuantity => [FaultKind::UnreadableQuantity],
    FaultKind::TruncatedBody => [FaultKind::TruncatedBody],
    FaultKind::EmptyBody => [FaultKind::EmptyBody],
    FaultKind::NullBody => [FaultKind::NullBody],
    FaultKind::TokenRevoked => [FaultKind::TokenRevoked],
    FaultKind::ScopeLost => [FaultKind::ScopeLost],
    FaultKind::HangMs(_) => [FaultKind::HangMs(HANG_MS)],
    FaultKind::HangAfterCommitMs(_) => [FaultKind::HangAfterCommitMs(HANG_MS)],
    FaultKind::EditCount => [FaultKind::EditCount],
    FaultKind::DuplicatePage => [FaultKind::DuplicatePage],
    FaultKind::ShortPage => [FaultKind::ShortPage],
    FaultKind::ShiftPage => [FaultKind::ShiftPage],
];

impl FaultKind {
    /// Examples of every kind there is, those of one kind together: what a suite that is to try every fault has to try. The
    /// hangs are of a minute; a client that meets them needs a shorter time limit.
    pub fn examples() -> Vec<Vec<Self>> {
        rows().into_iter().map(|(examples, _)| examples).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn each_example_is_of_its_row() {
        for (examples, is_of_it) in rows() {
            assert!(examples.iter().all(is_of_it), "{examples:?}");
        }
    }
}
