//! What the engine needs from outside: a source of usage, a target to read, a target to write, a clock, an audience.
//! Reading and writing are separate, so that planning cannot write, by type.

use crate::ids::{ClientId, LicenceId};
use crate::period::Period;
use crate::plan::Change;
use crate::run::Progress;
use crate::target::{Client, CompleteList, Subscription, TargetSnapshot, UnreadableRecord};
use crate::usage::Usage;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::SystemTime;

/// Where the invoiced usage comes from.
#[async_trait]
pub trait UsageSource: Debug + Send + Sync {
    /// Reads everything the vendor says about a period.
    ///
    /// # Errors
    /// When anything could not be read to its end: half a `Usage` must never be returned.
    async fn fetch(&self, period: Period) -> Result<Usage, PortError>;
}

/// The reading half of the billing system.
#[async_trait]
pub trait TargetReader: Debug + Send + Sync {
    /// Reads all clients and all subscriptions (inactive and deleted ones too, where the system shows them).
    ///
    /// # Errors
    /// When a list could not be read to its proven end.
    async fn snapshot(&self) -> Result<TargetSnapshot, PortError>;

    /// Reads all subscriptions of these clients anew. May return more than was asked for.
    ///
    /// # Errors
    /// When a list could not be read to its proven end.
    async fn subscriptions_of(
        &self,
        clients: &BTreeSet<ClientId>,
    ) -> Result<SubscriptionRead, PortError>;

    /// Reads these clients anew, as [`TargetReader::snapshot`] shows them. May return more than was asked for; one that is
    /// not among them is gone. A target that can read single clients does it with fewer requests than this does.
    ///
    /// # Errors
    /// When they could not be read to the proven end.
    async fn clients(&self, clients: &BTreeSet<ClientId>) -> Result<ClientRead, PortError> {
        let whole = self.snapshot().await?;
        let wanted = whole
            .clients()
            .iter()
            .filter(|client| clients.contains(&client.id));
        let records = CompleteList::proven(wanted.cloned().collect(), 0, None)
            .map_err(|error| PortError::new(PortErrorKind::Unreadable, error.to_string()))?;
        Ok(ClientRead {
            records,
            unreadable: whole.unreadable().to_vec(),
        })
    }

    /// Requests it has sent so far; 0 when it does not count.
    fn requests_sent(&self) -> u64 {
        0
    }
}

/// Subscriptions as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRead {
    /// The records.
    pub records: CompleteList<Subscription>,
    /// What could not be read.
    pub unreadable: Vec<UnreadableRecord>,
}

/// Clients as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRead {
    /// The clients.
    pub records: CompleteList<Client>,
    /// What could not be read.
    pub unreadable: Vec<UnreadableRecord>,
}

/// The writing half of the billing system.
#[async_trait]
pub trait TargetWriter: Debug + Send + Sync {
    /// Sends these writes, at most [`TargetWriter::batch_size`] of them, in one request if it can. Nothing that may
    /// have arrived is sent again. Returns one outcome per write, in order.
    async fn write(&self, batch: &[Write]) -> Vec<WriteOutcome>;

    /// How many writes fit into one call. At least 1.
    fn batch_size(&self) -> usize {
        1
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Make a subscription.
    Create {
        /// Under this client.
        client: ClientId,
        /// With this name.
        name: String,
        /// And this count.
        count: i64,
    },
    /// Set the count of a record; nothing else about it changes.
    SetCount {
        /// The record.
        id: LicenceId,
        /// Its client.
        client: ClientId,
        /// The new count.
        count: i64,
    },
}

impl Write {
    /// The write that brings a planned change about; `None` for a change that needs none.
    pub fn of(change: &Change) -> Option<Self> {
        use crate::plan::ChangeKind;
        match (change.kind, change.licence_id) {
            (ChangeKind::Keep, _) => None,
            (_, Some(id)) => Some(Self::SetCount {
                id,
                client: change.client_id,
                count: change.after,
            }),
            (_, None) => Some(Self::Create {
                client: change.client_id,
                name: change.name.clone(),
                count: change.after,
            }),
        }
    }
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteOutcome {
    /// The system says it is stored, and may show the record.
    Confirmed(Option<Subscription>),
    /// The system refused the request this write was part of. If the request held more than one write, some of
    /// them may be stored all the same: read before any of them is sent again.
    Refused(String),
    /// The system refused the request for a reason that holds for every write (credentials, permission). Nothing of it
    /// is stored, and sending more is pointless.
    Denied(String),
    /// The request never left.
    NotSent(String),
    /// The request may have arrived; nothing is known of its outcome.
    Unknown(String),
}

/// An error of a source or a target.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    kind: PortErrorKind,
    message: String,
    hint: Option<String>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Port errors by what the caller can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortErrorKind {
    /// Something is set wrongly: correct address, account, field name, credentials or permissions.
    Settings,
    /// The other side is not reachable or not well: try later.
    Unavailable,
    /// What arrived is not whole or not readable; nothing was changed: try again, and look at the message if it stays.
    Unreadable,
    /// The run was asked to stop: nothing is to be done.
    Stopped,
}

impl PortError {
    /// An error with a one-line message.
    pub fn new(kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What the caller can do.
    pub fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// What to do about it, in words.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// The time of day, for the journal.
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// Is told what a run does, to show it. Must not block.
pub trait RunWatch: Debug + Send + Sync {
    /// Something happened.
    fn progress(&self, _progress: &Progress<'_>) {}
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl RunWatch for Unwatched {}
