//! What a fold hands to its caller: visitor, end, errors.

use std::collections::BTreeMap;

use api_core::wire::{BadRecord, Guarded};
use api_core::{Error, ErrorKind};

use super::cursor::Stop;
use super::reader::{Limits, walk_slice};
use super::sink::{Ahead, ClientFields, Counts, Position, Sink, Taken};
use super::typed::{ClientPart, Typed, UsageEvent};
use crate::billing::fields::{Extra, Fields};
use crate::billing::model::{ClientUsage, UsageDocument};

/// Takes the records of a usage answer while it arrives, in the order sent: the clients of a document, then the
/// document itself, because members that say whose usage it is may follow the clients.
pub trait UsageVisitor {
    /// A client, or a part of one; see [`ClientPart::last`].
    fn client(&mut self, part: ClientPart);

    /// The end of a document; its `clients` are empty, they came before.
    fn document(&mut self, document: UsageDocument);

    /// Something in the client list of the document at that position that is no client.
    fn unreadable_client(&mut self, document: usize, record: BadRecord);

    /// Something in the list of documents that is none.
    fn unreadable_document(&mut self, record: BadRecord);

    /// The connection broke and the answer can be asked for once more from its beginning: forget everything and
    /// say `true`, or say `false` to get the error instead.
    fn restart(&mut self) -> bool {
        false
    }
}

/// Decodes in full and hands over to a visitor as soon as a record is complete.
pub(crate) struct Visiting<'v, V> {
    typed: Typed,
    visitor: &'v mut V,
}

impl<'v, V: UsageVisitor> Visiting<'v, V> {
    pub(crate) fn new(visitor: &'v mut V) -> Self {
        Self {
            typed: Typed::default(),
            visitor,
        }
    }

    fn hand_over(&mut self) {
        for event in self.typed.events.drain(..) {
            match event {
                UsageEvent::Client(part) => self.visitor.client(part),
                UsageEvent::Document(document) => self.visitor.document(*document),
                UsageEvent::UnreadableClient { document, record } => {
                    self.visitor.unreadable_client(document, record);
                }
                UsageEvent::UnreadableDocument(record) => self.visitor.unreadable_document(record),
            }
        }
    }
}

impl<V: UsageVisitor> Sink for Visiting<'_, V> {
    fn devices(&mut self, at: Position, ahead: Ahead<'_>) -> Result<Taken, serde_json::Error> {
        let taken = self.typed.devices(at, ahead)?;
        self.hand_over();
        Ok(taken)
    }

    fn client(&mut self, at: Position, client: ClientFields) {
        self.typed.client(at, client);
        self.hand_over();
    }

    fn no_client(&mut self, at: Position, json: &str) {
        self.typed.no_client(at, json);
        self.hand_over();
    }

    fn document(&mut self, at: Position, document: Fields, clients_listed: bool) {
        self.typed.document(at, document, clients_listed);
        self.hand_over();
    }

    fn no_document(&mut self, at: Position, why: &'static str, json: &str) {
        self.typed.no_document(at, why, json);
        self.hand_over();
    }

    fn counts(&self) -> &Counts {
        self.typed.counts()
    }

    fn restart(&mut self) -> bool {
        self.typed.restart() && self.visitor.restart()
    }
}

/// What a usage answer amounted to. It exists only when the answer was read to its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoldEnd {
    /// Documents read.
    pub documents: u64,
    /// Clients read, over all documents.
    pub clients: u64,
    /// Devices read, over all clients.
    pub devices: u64,
    /// Devices that say nothing about services: their units, if they have any, are in no sum.
    pub devices_without_services: u64,
    /// Clients with neither `Devices` nor `TotalByService`.
    pub clients_without_usage: u64,
    /// Records and members that could not be read, on every level.
    pub unreadable: u64,
    /// Documents whose `Clients` was missing or null.
    pub documents_without_clients: u64,
    /// Documents with account data only: the documented sign of wrong ids.
    pub account_data_only: u64,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Members of the envelope beside the documents.
    pub envelope: Extra,
}

impl FoldEnd {
    pub(super) fn new(counts: &Counts, bytes: u64, envelope: Fields) -> Self {
        let Counts {
            documents,
            clients,
            devices,
            silent,
            clients_silent,
            unreadable,
            unlisted,
            account_data_only,
            before: _,
        } = *counts;
        Self {
            documents,
            clients,
            devices,
            devices_without_services: silent,
            clients_without_usage: clients_silent,
            unreadable,
            documents_without_clients: unlisted,
            account_data_only,
            bytes,
            envelope: envelope.reader("", &mut Vec::new()).rest(),
        }
    }

    /// Whether nothing at all was used: not to be told apart from wrong ids, so never to be taken for "everybody
    /// left".
    pub fn is_empty(&self) -> bool {
        self.clients == 0 && self.unreadable == 0
    }
}

/// A visitor that keeps everything: the documents whole.
#[derive(Debug, Default)]
pub(crate) struct Collect {
    clients: Vec<Guarded<ClientUsage>>,
    parts: ClientUsage,
    documents: BTreeMap<usize, UsageDocument>,
    pub(crate) unreadable: Vec<BadRecord>,
}

impl Collect {
    pub(crate) fn into_documents(self) -> Vec<UsageDocument> {
        self.documents.into_values().collect()
    }
}

impl UsageVisitor for Collect {
    fn client(&mut self, part: ClientPart) {
        let mut usage = part.usage;
        if part.part > 0 || !part.last {
            self.parts.devices.append(&mut usage.devices);
        }
        if part.last {
            usage.devices.append(&mut self.parts.devices);
            self.clients.push(Guarded::Good(usage));
        }
    }

    fn document(&mut self, mut document: UsageDocument) {
        document.clients = std::mem::take(&mut self.clients);
        self.documents.insert(document.index, document);
    }

    fn unreadable_client(&mut self, _document: usize, record: BadRecord) {
        self.clients.push(Guarded::Bad(record));
    }

    fn unreadable_document(&mut self, record: BadRecord) {
        self.unreadable.push(record);
    }

    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

/// Folds a usage answer that is all there, such as one kept in a file.
///
/// # Errors
/// As the streaming folds: `Decode`, `Incomplete` or `Api`.
pub fn fold_usage_bytes(
    json: &[u8],
    limits: Limits,
    visitor: &mut impl UsageVisitor,
) -> Result<FoldEnd, Error> {
    fold_slice("usage", json, limits, &mut Visiting::new(visitor))
}

/// Reads a usage answer that is all there, such as one kept in a file: all its documents, whole.
///
/// # Errors
/// As [`fold_usage_bytes`]; also when one of the documents is no document.
pub fn read_usage_bytes(json: &[u8], limits: Limits) -> Result<Vec<UsageDocument>, Error> {
    collect_slice("usage", json, limits)
}

pub(crate) fn fold_slice(
    operation: &'static str,
    json: &[u8],
    limits: Limits,
    sink: &mut impl Sink,
) -> Result<FoldEnd, Error> {
    walk_slice(json, limits, sink).map_err(|stop| stopped(operation, stop))
}

pub(crate) fn collect_slice(
    operation: &'static str,
    json: &[u8],
    limits: Limits,
) -> Result<Vec<UsageDocument>, Error> {
    let mut collect = Collect::default();
    fold_slice(operation, json, limits, &mut Visiting::new(&mut collect))?;
    if let Some(first) = collect.unreadable.first() {
        let message = format!("unreadable document {}: {}", first.path, first.error);
        return Err(Error::new(ErrorKind::Decode, message)
            .with_operation(operation)
            .with_hint(
                "fold the answer instead of reading it whole: the other documents are readable",
            ));
    }
    Ok(collect.into_documents())
}

/// The error for a walk that could not go on.
pub(super) fn stopped(operation: &'static str, stop: Stop) -> Error {
    let error = match stop {
        Stop::Malformed { what, offset } => Error::new(
            ErrorKind::Decode,
            format!("unreadable JSON at byte {offset}: {what}"),
        ),
        Stop::Ended => Error::new(ErrorKind::Incomplete, "the answer ends inside its JSON")
            .with_hint("something between here and the vendor cut it short; try again"),
        Stop::TooLarge { limit } => Error::new(
            ErrorKind::Decode,
            format!("more than {limit} bytes where a record was expected"),
        ),
        Stop::TooManyUnreadable { limit } => Error::new(
            ErrorKind::Decode,
            format!("more than {limit} unreadable records"),
        ),
        Stop::Html => Error::new(ErrorKind::Decode, "expected JSON, got an HTML page").with_hint(
            "check the base URL; a proxy or sign-in page may answer in the vendor's place",
        ),
        Stop::Unrecognised { members, json } => Error::new(
            ErrorKind::Api,
            format!("the answer is no usage document; its members are {members:?}"),
        )
        .with_code("unrecognised_answer")
        .with_body_snippet(json.as_bytes()),
    };
    error.with_operation(operation)
}
