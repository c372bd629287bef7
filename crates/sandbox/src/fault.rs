//! Faults on demand: which request is hit, and what happens to it.

mod examples;

use serde::{Deserialize, Serialize};

use crate::log::Service;

/// One fault: `kind` happens to the requests that `when` picks.
///
/// When several faults pick one request, latencies add up and the first other kind applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests.
    pub when: When,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault.
    pub fn new(when: When, kind: FaultKind) -> Self {
        Self { when, kind }
    }
}

/// Which requests a fault hits. Counts are 1-based and restart when the faults are set or cleared and when the request
/// log is cleared. Calls to `/_sandbox` are never counted nor hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The n-th request to any service.
    Nth(u64),
    /// The n-th request to one service whose path contains a text.
    NthOf {
        /// The service.
        service: Service,
        /// Part of the path, for example `SoftwareLicence`. Empty: every path. The method of a call to Cove's JSON-RPC API
        /// counts as the end of its path: `/jsonapi/EnumeratePartners`.
        path_contains: String,
        /// Which of them.
        nth: u64,
    },
    /// The n-th, 2n-th, 3n-th … request. `Every(0)` hits none.
    Every(u64),
    /// Every request.
    Always,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Waits so many milliseconds, then handles the request as usual.
    Latency(u64),
    /// Handles the request and sends the body in small pieces with pauses.
    Drip,
    /// Answers with this status; nothing is stored.
    Status(u16),
    /// Handles the request, then answers with this status.
    StatusAfterCommit(u16),
    /// Resets the connection without an answer; nothing is stored.
    ResetBeforeCommit,
    /// Handles the request, then resets the connection without an answer.
    ResetAfterCommit,
    /// Answers 429; nothing is stored.
    TooManyRequests {
        /// Seconds for `Retry-After`; written as a date when the switch says so.
        retry_after: Option<u32>,
    },
    /// Answers 200 with an HTML login page; nothing is stored.
    Html200,
    /// Handles the request, then answers with broken JSON.
    MalformedJson,
    /// Handles the request; in the answer, the first `Quantity` is the word `many`.
    UnreadableQuantity,
    /// Handles the request, then closes the connection half way through the body.
    TruncatedBody,
    /// Handles the request, then answers 200 without a body.
    EmptyBody,
    /// Handles the request, then answers 200 with `null`.
    NullBody,
    /// Revokes every Halo token and Cove visa, then handles the request.
    TokenRevoked,
    /// Takes the scope away from the caller, then handles the request: the Halo token that it carries lives on and lets in
    /// nowhere, and every token that is given out from then on is without scope, until the faults are set anew. Other
    /// tokens keep theirs. (Observed in public clients: a token without scope is given out, and every call answers 401.)
    ScopeLost,
    /// Says nothing for so many milliseconds, then closes the connection; nothing is stored.
    HangMs(u64),
    /// Handles the request, says nothing for so many milliseconds, then closes the connection.
    HangAfterCommitMs(u64),
    /// Another person changes the count of the subscription that the request touches next: before a read is answered
    /// (its first Cove subscription), after a write is stored (its first record).
    EditCount,
    /// A page of a Halo list or of Cove's device statistics repeats the page before it.
    DuplicatePage,
    /// A page of a Halo list lacks its last row; the count of records beside it is right.
    ShortPage,
    /// Somebody adds a record to the front of a Halo list, or a device at Cove, while the list is paged.
    ShiftPage,
}

impl FaultKind {
    /// Whether the request never reaches the service.
    pub(crate) fn is_before_commit(&self) -> bool {
        match self {
            Self::Status(_)
            | Self::ResetBeforeCommit
            | Self::TooManyRequests { .. }
            | Self::Html200
            | Self::HangMs(_) => true,
            Self::Latency(_)
            | Self::Drip
            | Self::StatusAfterCommit(_)
            | Self::ResetAfterCommit
            | Self::MalformedJson
            | Self::UnreadableQuantity
            | Self::TruncatedBody
            | Self::EmptyBody
            | Self::NullBody
            | Self::TokenRevoked
            | Self::ScopeLost
            | Self::HangAfterCommitMs(_)
            | Self::EditCount
            | Self::DuplicatePage
            | Self::ShortPage
            | Self::ShiftPage => false,
        }
    }
}

/// The faults that are set, with their counters.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<(Fault, u64)>,
    seen: u64,
    /// New Halo tokens come without scope.
    pub(crate) scope_is_lost: bool,
}

impl Faults {
    pub(crate) fn set(&mut self, faults: Vec<Fault>) {
        self.armed = faults.into_iter().map(|fault| (fault, 0)).collect();
        self.seen = 0;
        self.scope_is_lost = false;
    }

    pub(crate) fn restart(&mut self) {
        self.seen = 0;
        for (_, seen) in &mut self.armed {
            *seen = 0;
        }
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.armed.iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// Counts a request and returns what happens to it.
    pub(crate) fn hit(&mut self, service: Service, path: &str) -> Vec<FaultKind> {
        self.seen += 1;
        let seen = self.seen;
        let mut kinds = Vec::new();
        for (fault, own) in &mut self.armed {
            let hit = match &fault.when {
                When::Nth(n) => *n == seen,
                When::NthOf {
                    service: wanted,
                    path_contains,
                    nth,
                } => {
                    let counts = *wanted == service && path.contains(path_contains.as_str());
                    *own += u64::from(counts);
                    counts && *own == *nth
                }
                When::Every(n) => *n != 0 && seen.is_multiple_of(*n),
                When::Always => true,
            };
            if hit {
                kinds.push(fault.kind.clone());
            }
        }
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Faults, When};
    use crate::log::Service;

    #[test]
    fn counts_all_requests_or_those_of_one_service_and_path() {
        let mut faults = Faults::default();
        faults.set(vec![
            Fault::new(When::Nth(2), FaultKind::Drip),
            Fault::new(
                When::NthOf {
                    service: Service::Halo,
                    path_contains: "Client".into(),
                    nth: 2,
                },
                FaultKind::NullBody,
            ),
            Fault::new(When::Every(3), FaultKind::EmptyBody),
        ]);
        assert_eq!(faults.hit(Service::Halo, "/api/Client"), []);
        assert_eq!(faults.hit(Service::Billing, "/Client"), [FaultKind::Drip]);
        assert_eq!(
            faults.hit(Service::Halo, "/api/Client/3"),
            [FaultKind::NullBody, FaultKind::EmptyBody]
        );
        faults.restart();
        assert_eq!(faults.hit(Service::Halo, "/api/Client"), []);
        assert_eq!(faults.hit(Service::Halo, "/x"), [FaultKind::Drip]);
    }

    #[test]
    fn every_zero_hits_nothing() {
        let mut faults = Faults::default();
        faults.set(vec![Fault::new(When::Every(0), FaultKind::Drip)]);
        assert_eq!(faults.hit(Service::Halo, "/"), []);
    }

    #[test]
    fn faults_are_plain_json() {
        let fault = Fault::new(
            When::NthOf {
                service: Service::HaloAuth,
                path_contains: String::new(),
                nth: 1,
            },
            FaultKind::TooManyRequests {
                retry_after: Some(2),
            },
        );
        let json = serde_json::json!({
            "when": {"nth_of": {"service": "halo_auth", "path_contains": "", "nth": 1}},
            "kind": {"too_many_requests": {"retry_after": 2}},
        });
        assert_eq!(serde_json::to_value(&fault).unwrap(), json);
        assert_eq!(serde_json::from_value::<Fault>(json).unwrap(), fault);
    }
}
