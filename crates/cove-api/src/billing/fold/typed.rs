//! The walk's records as types: events that carry clients, in parts where one has very many devices.

use std::collections::VecDeque;

use api_core::wire::{BadRecord, Guarded};

use super::cursor::{ends_by_itself, skip};
use super::sink::{Ahead, ClientFields, Counts, Misfit, Position, Sink, Taken};
use crate::billing::fields::Fields;
use crate::billing::model::{ClientUsage, DeviceUsage, UsageDocument};
use crate::billing::record;

/// Devices handed out at once; a client with more comes in parts.
const DEVICES_PER_PART: usize = 512;

/// A client, or a part of one that has very many devices.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPart {
    /// Position of the document in the answer, from 0.
    pub document: usize,
    /// Position of the client in the document, from 0.
    pub client: usize,
    /// Position of this part in the client, from 0.
    pub part: usize,
    /// Whether it is the client's last part. Only then are `client_id`, `stated_totals`, `usage_listed`, `bad` and `extra` of
    /// `usage` filled, because members may follow the devices; until then a client's sums belong to nobody.
    pub last: bool,
    /// The devices of this part, and with the last part everything else.
    pub usage: ClientUsage,
}

/// What a usage answer consists of, in the order in which it arrives.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum UsageEvent {
    /// A client or a part of one.
    Client(ClientPart),
    /// Something in a document's client list that is no client.
    UnreadableClient {
        /// Position of the document in the answer, from 0.
        document: usize,
        /// What it was.
        record: BadRecord,
    },
    /// The end of a document, with everything outside its clients; `clients` is empty.
    Document(Box<UsageDocument>),
    /// Something in the list of documents that is none.
    UnreadableDocument(BadRecord),
}

/// Decodes in full and queues events.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) events: VecDeque<UsageEvent>,
    pub(super) counts: Counts,
    devices: Vec<Guarded<DeviceUsage>>,
    part: usize,
}

impl Typed {
    fn hand_out(&mut self, at: Position, last: bool, mut usage: ClientUsage) {
        usage.devices = std::mem::take(&mut self.devices);
        self.counts.unreadable += usage.unreadable().count() as u64;
        self.events.push_back(UsageEvent::Client(ClientPart {
            document: at.document,
            client: at.client,
            part: self.part,
            last,
            usage,
        }));
        self.part = if last { 0 } else { self.part + 1 };
    }
}

/// Decodes the device at the start of `json`.
pub(super) fn device(
    at: Position,
    ahead: Ahead<'_>,
) -> Result<Option<(Guarded<DeviceUsage>, usize)>, serde_json::Error> {
    let Ahead { json, whole, .. } = ahead;
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<DeviceUsage>();
    match values.next() {
        Some(Ok(device)) if whole || ends_by_itself(json, values.byte_offset()) => {
            return Ok(Some((Guarded::Good(device), values.byte_offset())));
        }
        Some(Err(error)) if !error.is_eof() => {}
        _ => return Ok(None),
    }
    // Well-formed but no device we know: isolated, with its place, and its neighbours stay readable.
    let Some(bytes) = skip(json, whole)? else {
        return Ok(None);
    };
    let path = path(at, Some(at.device));
    let guarded = if let Ok(text) = std::str::from_utf8(&json[..bytes]) {
        record::guard(&path, at.device, text)
    } else {
        let text = String::from_utf8_lossy(&json[..bytes]);
        Guarded::Bad(record::bad(&path, at.device, "not UTF-8".to_owned(), &text))
    };
    Ok(Some((guarded, bytes)))
}

/// What of a device could not be read: all of it, or some of its lines.
pub(super) fn unreadable(device: &Guarded<DeviceUsage>) -> impl Iterator<Item = &BadRecord> {
    let lines = device
        .good()
        .map_or(&[][..], |device| &device.total_by_service);
    device
        .bad()
        .into_iter()
        .chain(lines.iter().filter_map(Guarded::bad))
}

pub(super) fn no_client(at: Position, json: &str) -> BadRecord {
    record::bad(&path(at, None), at.client, "not an object".to_owned(), json)
}

pub(super) fn no_document(at: Position, why: &'static str, json: &str) -> BadRecord {
    let path = format!("[{}]", at.document);
    record::bad(&path, at.document, why.to_owned(), json)
}

pub(super) fn path(at: Position, device: Option<usize>) -> String {
    let client = format!("[{}].Clients[{}]", at.document, at.client);
    match device {
        Some(device) => format!("{client}.Devices[{device}]"),
        None => client,
    }
}

/// Whether a device says anything about services. One that cannot be read is unreadable, which is said already.
pub(super) fn services_listed(device: &Guarded<DeviceUsage>) -> bool {
    device.good().is_none_or(|device| device.services_listed)
}

/// The client without its devices.
pub(super) fn client(at: Position, client: ClientFields) -> ClientUsage {
    let ClientFields {
        fields,
        misfits,
        devices_listed,
    } = client;
    let bad = misfits_to_bad(at, misfits);
    ClientUsage::read_head(fields, &path(at, None), bad, devices_listed)
}

fn misfits_to_bad(at: Position, misfits: Vec<Misfit>) -> Vec<BadRecord> {
    misfits
        .into_iter()
        .map(|misfit| {
            let path = format!("{}.{}", path(at, None), misfit.member);
            record::bad(&path, 0, misfit.why.to_owned(), &misfit.json)
        })
        .collect()
}

impl Sink for Typed {
    fn devices(&mut self, at: Position, ahead: Ahead<'_>) -> Result<Taken, serde_json::Error> {
        let Some((device, bytes)) = device(at, ahead)? else {
            return Ok(Taken::More);
        };
        self.counts.device(services_listed(&device));
        self.devices.push(device);
        if self.devices.len() == DEVICES_PER_PART {
            self.hand_out(at, false, ClientUsage::default());
        }
        Ok(Taken::Devices { count: 1, bytes })
    }

    fn client(&mut self, at: Position, fields: ClientFields) {
        let head = client(at, fields);
        self.counts.client(&head);
        self.hand_out(at, true, head);
    }

    fn no_client(&mut self, at: Position, json: &str) {
        self.counts.unreadable += 1;
        self.events.push_back(UsageEvent::UnreadableClient {
            document: at.document,
            record: no_client(at, json),
        });
    }

    fn document(&mut self, at: Position, document: Fields, clients_listed: bool) {
        let mut document = UsageDocument::read_head(at.document, document, clients_listed);
        self.counts.document(&mut document);
        self.events
            .push_back(UsageEvent::Document(Box::new(document)));
    }

    fn no_document(&mut self, at: Position, why: &'static str, json: &str) {
        self.counts.no_document();
        self.events
            .push_back(UsageEvent::UnreadableDocument(no_document(at, why, json)));
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}
