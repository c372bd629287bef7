//! Walks a usage answer while it arrives and hands out its records one by one, so that memory is decided by one
//! record and not by the answer.
//!
//! Only the skeleton is walked here: envelope, documents, clients, device lists. A device is decoded straight from
//! the bytes that have arrived; if they end inside it, it is tried again when more are there. That costs one
//! parsed-twice device per buffer instead of a second pass over everything.

use super::cursor::{Cursor, Halt, Stop};
use super::reader::Limits;
use super::shape::{is_document, is_wrapper};
use super::sink::{ClientFields, Misfit, Position, Sink, Taken};
use crate::billing::fields::{Fields, same_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Envelope,
    Documents,
    Document,
    Clients,
    Client,
    Devices,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Just after the opening bracket.
    First,
    /// After a comma.
    Item,
    /// After an item.
    Comma,
}

/// What a document's `Clients` was, or a client's `Devices`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ListMember {
    #[default]
    Missing,
    Null,
    Listed,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    expect: Expect,
}

/// The walk's state between two pieces of input.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    frames: Vec<Frame>,
    started: bool,
    /// Bytes consumed before the current input.
    offset: u64,
    at: Position,
    envelope: Fields,
    document: Fields,
    client: Fields,
    wrapped: bool,
    clients: ListMember,
    devices: ListMember,
    misfits: Vec<Misfit>,
    limits: Limits,
}

/// An answer is one document or an envelope around documents. In one that is both, either part could be left out unseen.
const BESIDE: &str = "documents beside clients";

/// One is enough to call a client unreadable; the rest would only take memory.
const MISFITS_KEPT: usize = 4;

impl Cutter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Members of the envelope beside the documents.
    pub(super) fn take_envelope(&mut self) -> Fields {
        std::mem::take(&mut self.envelope)
    }

    /// Walks as far as `input` reaches and says how many of its bytes are done with. The rest must be given again,
    /// with more behind it. `whole` says that nothing more will come.
    pub(super) fn walk(
        &mut self,
        input: &[u8],
        whole: bool,
        sink: &mut impl Sink,
    ) -> Result<usize, Stop> {
        let mut cursor = Cursor::new(input, whole, self.offset);
        loop {
            cursor.space();
            let checkpoint = cursor.pos;
            match self.step(&mut cursor, sink) {
                Ok(true) => {}
                Ok(false) => {
                    self.offset += cursor.pos as u64;
                    return Ok(cursor.pos);
                }
                Err(Halt::More) if whole => return Err(Stop::Ended),
                Err(Halt::More) => {
                    if input.len() - checkpoint > self.limits.record_bytes {
                        return Err(Stop::TooLarge {
                            limit: self.limits.record_bytes,
                        });
                    }
                    self.offset += checkpoint as u64;
                    return Ok(checkpoint);
                }
                Err(Halt::Stop(stop)) => return Err(stop),
            }
            if sink.counts().unreadable > self.limits.unreadable {
                return Err(Stop::TooManyUnreadable {
                    limit: self.limits.unreadable,
                });
            }
            if self.envelope.bytes() + self.document.bytes() + self.client.bytes()
                > self.limits.header_bytes
            {
                return Err(Stop::TooLarge {
                    limit: self.limits.header_bytes,
                });
            }
        }
    }

    /// One step; `false` when the input is used up at a point where it may end or go on.
    fn step(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Result<bool, Halt> {
        let Some(frame) = self.frames.last().copied() else {
            return self.outside(cursor);
        };
        let next = cursor.peek()?;
        let closing = match frame.kind {
            Kind::Envelope | Kind::Document | Kind::Client => b'}',
            Kind::Documents | Kind::Clients | Kind::Devices => b']',
        };
        match frame.expect {
            Expect::Comma if next == b',' => {
                cursor.pos += 1;
                self.expect(Expect::Item);
                Ok(true)
            }
            Expect::First | Expect::Comma if next == closing => {
                cursor.pos += 1;
                self.close(frame.kind, sink)?;
                Ok(true)
            }
            Expect::Comma => {
                Err(cursor.malformed("expected a comma or the end of the list or object"))
            }
            Expect::First | Expect::Item => {
                match frame.kind {
                    Kind::Envelope | Kind::Document | Kind::Client => {
                        self.member(frame.kind, cursor, sink)?;
                    }
                    Kind::Devices => self.device(true, cursor, sink)?,
                    Kind::Documents => self.element(Kind::Document, cursor, sink)?,
                    Kind::Clients => self.element(Kind::Client, cursor, sink)?,
                }
                Ok(true)
            }
        }
    }

    /// Before the answer's value, or after it.
    fn outside(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Halt> {
        let Some(&next) = cursor.input.get(cursor.pos) else {
            return Ok(false);
        };
        if self.started {
            return Err(cursor.malformed("something follows the end of the answer"));
        }
        match next {
            b'{' => self.open(Kind::Envelope, cursor),
            b'[' => self.open(Kind::Documents, cursor),
            b'<' => return Err(Halt::Stop(Stop::Html)),
            0xEF if self.offset == 0 && cursor.pos == 0 => {
                // A byte order mark; some Windows stacks send one.
                if cursor.input.len() < 3 {
                    return Err(Halt::More);
                }
                if !cursor.input.starts_with(b"\xEF\xBB\xBF") {
                    return Err(cursor.malformed("expected an object or an array"));
                }
                cursor.pos += 3;
                return Ok(true);
            }
            b'n' => {
                if cursor.value()? != "null" {
                    return Err(cursor.malformed("expected an object or an array"));
                }
            }
            _ => return Err(cursor.malformed("expected an object or an array")),
        }
        self.started = true;
        Ok(true)
    }

    fn expect(&mut self, expect: Expect) {
        if let Some(frame) = self.frames.last_mut() {
            frame.expect = expect;
        }
    }

    /// Enters what the next byte opens. The frame left behind then waits for a comma.
    fn open(&mut self, kind: Kind, cursor: &mut Cursor<'_>) {
        cursor.pos += 1;
        self.expect(Expect::Comma);
        self.frames.push(Frame {
            kind,
            expect: Expect::First,
        });
    }

    fn close(&mut self, kind: Kind, sink: &mut impl Sink) -> Result<(), Halt> {
        self.frames.pop();
        match kind {
            Kind::Envelope => self.close_envelope(sink)?,
            Kind::Document => self.close_document(sink),
            Kind::Client => {
                let client = ClientFields {
                    fields: std::mem::take(&mut self.client),
                    misfits: std::mem::take(&mut self.misfits),
                    devices_listed: std::mem::take(&mut self.devices) == ListMember::Listed,
                };
                sink.client(self.at, client);
                self.at.client += 1;
                self.at.device = 0;
            }
            Kind::Documents | Kind::Clients | Kind::Devices => {}
        }
        Ok(())
    }

    /// The outermost object turns out to be an envelope, a document, or neither.
    fn close_envelope(&mut self, sink: &mut impl Sink) -> Result<(), Halt> {
        if self.wrapped || (self.envelope.is_empty() && self.clients == ListMember::Missing) {
            return Ok(());
        }
        if self.clients == ListMember::Missing && !is_document(&self.envelope) {
            let members = self.envelope.names().take(8).map(str::to_owned).collect();
            return Err(Halt::Stop(Stop::Unrecognised {
                members,
                json: self.envelope.to_json(),
            }));
        }
        self.document = std::mem::take(&mut self.envelope);
        self.close_document(sink);
        Ok(())
    }

    fn close_document(&mut self, sink: &mut impl Sink) {
        let fields = std::mem::take(&mut self.document);
        if self.clients != ListMember::Missing || is_document(&fields) {
            sink.document(self.at, fields, self.clients == ListMember::Listed);
        } else {
            let why = "none of the members of a usage document";
            sink.no_document(self.at, why, &fields.to_json());
        }
        self.next_document();
    }

    fn next_document(&mut self) {
        self.at = Position {
            document: self.at.document + 1,
            ..Position::default()
        };
        self.clients = ListMember::Missing;
    }

    /// An element of a list of documents or clients.
    fn element(
        &mut self,
        kind: Kind,
        cursor: &mut Cursor<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Halt> {
        if cursor.peek()? == b'{' {
            self.open(kind, cursor);
            return Ok(());
        }
        let json = cursor.value()?;
        if kind == Kind::Client {
            sink.no_client(self.at, json);
            self.at.client += 1;
        } else {
            sink.no_document(self.at, "not an object", json);
            self.next_document();
        }
        self.expect(Expect::Comma);
        Ok(())
    }

    fn device(
        &mut self,
        listed: bool,
        cursor: &mut Cursor<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Halt> {
        match sink.devices(self.at, cursor.ahead(listed)) {
            Ok(Taken::Devices { count, bytes }) => {
                cursor.pos += bytes;
                self.at.device += count;
                self.expect(Expect::Comma);
                Ok(())
            }
            Ok(Taken::More) => Err(Halt::More),
            Err(error) => Err(cursor.broken(&error)),
        }
    }

    /// A member of an object: name, colon, and either the way into its value or the value itself.
    ///
    /// When the input ends inside, the whole member is walked again later: nothing may change before it is complete.
    fn member(
        &mut self,
        kind: Kind,
        cursor: &mut Cursor<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Halt> {
        let name = cursor.name()?;
        let next = cursor.peek()?;
        match kind {
            Kind::Envelope if is_wrapper(&name) => {
                if self.clients != ListMember::Missing {
                    return Err(cursor.malformed(BESIDE));
                }
                if self.wrapped {
                    return Err(cursor.malformed("the documents are given twice"));
                }
                match next {
                    b'[' => self.open(Kind::Documents, cursor),
                    b'{' => self.open(Kind::Document, cursor),
                    _ => {
                        self.null_or_stop(cursor, "expected the documents, a list or an object")?;
                    }
                }
                self.wrapped = true;
            }
            Kind::Envelope | Kind::Document if same_name(&name, "Clients") => {
                if kind == Kind::Envelope && self.wrapped {
                    return Err(cursor.malformed(BESIDE));
                }
                if self.clients != ListMember::Missing {
                    return Err(cursor.malformed("\"Clients\" is given twice"));
                }
                match next {
                    b'[' => self.open(Kind::Clients, cursor),
                    b'{' => self.open(Kind::Client, cursor),
                    _ => self.null_or_stop(cursor, "expected the clients, a list or an object")?,
                }
                self.clients = if next == b'n' {
                    ListMember::Null
                } else {
                    ListMember::Listed
                };
            }
            Kind::Client if same_name(&name, "Devices") => self.devices(next, cursor, sink)?,
            _ => {
                let value = cursor.value()?.to_owned();
                let fields = match kind {
                    Kind::Envelope => &mut self.envelope,
                    Kind::Document => &mut self.document,
                    _ => &mut self.client,
                };
                fields.push(name, value);
                self.expect(Expect::Comma);
            }
        }
        Ok(())
    }

    fn devices(
        &mut self,
        next: u8,
        cursor: &mut Cursor<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), Halt> {
        let first = self.devices == ListMember::Missing;
        match next {
            b'[' if first => self.open(Kind::Devices, cursor),
            b'{' if first => self.device(false, cursor, sink)?,
            _ => {
                let json = cursor.value()?;
                if json != "null" && self.misfits.len() < MISFITS_KEPT {
                    self.misfits.push(Misfit {
                        member: "Devices",
                        why: if first {
                            "expected a list"
                        } else {
                            "given twice"
                        },
                        json: json.to_owned(),
                    });
                }
                self.expect(Expect::Comma);
            }
        }
        if matches!(next, b'[' | b'{') {
            self.devices = ListMember::Listed;
        } else if first {
            self.devices = ListMember::Null;
        }
        Ok(())
    }

    fn null_or_stop(&mut self, cursor: &mut Cursor<'_>, what: &'static str) -> Result<(), Halt> {
        if cursor.value()? != "null" {
            return Err(cursor.malformed(what));
        }
        self.expect(Expect::Comma);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
