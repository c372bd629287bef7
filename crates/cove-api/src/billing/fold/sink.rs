//! The port between the walk over an answer and what is made of its records.

use api_core::wire::BadRecord;
use serde_json::Value;

use crate::billing::fields::Fields;
use crate::billing::model::{ClientUsage, UsageDocument};

/// What a sink made of the bytes ahead.
pub(crate) enum Taken {
    /// So many devices, the last of which ends after so many bytes.
    Devices {
        /// At least one.
        count: usize,
        /// From the start of the first; commas between them are included.
        bytes: usize,
    },
    /// The bytes end inside the first device.
    More,
}

/// The bytes from here on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead<'a> {
    /// All that have arrived; they may go on beyond the record at their start.
    pub(crate) json: &'a [u8],
    /// As much of them as is known to be UTF-8, checked once for all records.
    pub(crate) text: &'a str,
    /// Whether nothing follows them.
    pub(crate) whole: bool,
    /// Whether this is a list, in which others may follow the first.
    pub(crate) listed: bool,
}

/// Where the walk is, counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) document: usize,
    pub(crate) client: usize,
    pub(crate) device: usize,
}

/// Takes the records.
pub(crate) trait Sink {
    /// The device at the start of `ahead`, and as many of the following ones as the sink likes to take at once.
    fn devices(&mut self, at: Position, ahead: Ahead<'_>) -> Result<Taken, serde_json::Error>;
    /// The end of a client.
    fn client(&mut self, at: Position, client: ClientFields);
    /// Something that stands where a client belongs and is no object.
    fn no_client(&mut self, at: Position, json: &str);
    /// The end of a document.
    fn document(&mut self, at: Position, document: Fields, clients_listed: bool);
    /// Something that stands where a document belongs and is none.
    fn no_document(&mut self, at: Position, why: &'static str, json: &str);
    /// What was read so far.
    fn counts(&self) -> &Counts;
    /// Called when the bytes at hand are used up, before more are waited for.
    fn settle(&mut self) {}
    /// Forgets everything, because the answer comes once more from its beginning; `false` when it cannot.
    fn restart(&mut self) -> bool;
}

/// Counts of what was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) documents: u64,
    pub(crate) clients: u64,
    pub(crate) devices: u64,
    /// Devices that say nothing about services, and clients that say nothing about usage.
    pub(crate) silent: u64,
    pub(crate) clients_silent: u64,
    pub(crate) unreadable: u64,
    pub(crate) unlisted: u64,
    pub(crate) account_data_only: u64,
    /// Devices, and silent ones among them, when the document began.
    pub(crate) before: (u64, u64),
}

impl Counts {
    pub(crate) fn device(&mut self, services_listed: bool) {
        self.devices += 1;
        self.silent += u64::from(!services_listed);
    }

    pub(crate) fn client(&mut self, head: &ClientUsage) {
        self.clients += 1;
        self.clients_silent += u64::from(!head.usage_listed);
    }

    pub(crate) fn no_document(&mut self) {
        self.unreadable += 1;
        self.before = (self.devices, self.silent);
    }

    /// A document none of whose devices says anything about services is taken for one whose services stand under an unknown name:
    /// it would be zero units of everything.
    pub(crate) fn document(&mut self, document: &mut UsageDocument) {
        let (devices, silent) = self.before;
        let (devices, silent) = (self.devices - devices, self.silent - silent);
        self.before = (self.devices, self.silent);
        if devices > 0 && devices == silent {
            document.bad.push(BadRecord {
                index: 0,
                path: "Clients.Devices.TotalByService".to_owned(),
                error: format!("none of the {devices} devices says which services it used"),
                raw: Value::Null,
            });
        }
        self.documents += 1;
        self.unreadable += document.bad.len() as u64;
        self.unlisted += u64::from(!document.clients_listed);
        self.account_data_only += u64::from(document.is_account_data_only());
    }
}

/// A client without its devices.
pub(crate) struct ClientFields {
    pub(crate) fields: Fields,
    /// What stood where its devices belong and was no list.
    pub(crate) misfits: Vec<Misfit>,
    pub(crate) devices_listed: bool,
}

/// A member that cannot be walked.
pub(crate) struct Misfit {
    pub(crate) member: &'static str,
    pub(crate) why: &'static str,
    pub(crate) json: String,
}

impl std::fmt::Debug for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.member, self.why)
    }
}
