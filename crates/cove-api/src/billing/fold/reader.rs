//! Feeding the walk: from a body that is still arriving, or from bytes that are all there.

use std::pin::Pin;

use api_core::{Body, Error};
use futures_core::Stream;

use super::answer::{FoldEnd, stopped};
use super::cursor::Stop;
use super::cutter::Cutter;
use super::sink::Sink;
use super::typed::{Typed, UsageEvent};

/// Bytes that are gathered before the walk goes on. Larger pieces mean fewer devices parsed twice, smaller ones
/// less memory; beyond this size neither changes much.
const PIECE: usize = 64 * 1024;

/// Bounds of one usage answer, against answers that never end and records that fill the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest single device, or member outside devices, in bytes. Default 8 MiB.
    pub record_bytes: usize,
    /// Largest sum of members outside devices of one document and client, in bytes of memory. Default 16 MiB.
    pub header_bytes: usize,
    /// Largest answer in bytes when it is folded. Default 16 GiB.
    pub total_bytes: u64,
    /// Most unreadable records before the whole answer counts as unreadable. Default 10,000.
    pub unreadable: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 8 << 20,
            header_bytes: 16 << 20,
            total_bytes: 16 << 30,
            unreadable: 10_000,
        }
    }
}

/// The walk and the bytes it has not done with.
#[derive(Debug)]
pub(super) struct Feed {
    cutter: Cutter,
    pending: Vec<u8>,
    /// Walk again when so many bytes are pending.
    wanted: usize,
    received: u64,
    limits: Limits,
}

impl Feed {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            cutter: Cutter::new(limits),
            pending: Vec::new(),
            wanted: PIECE,
            received: 0,
            limits,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8], sink: &mut impl Sink) -> Result<(), Stop> {
        self.received += chunk.len() as u64;
        if self.received > self.limits.total_bytes {
            return Err(Stop::TooLarge {
                limit: usize::try_from(self.limits.total_bytes).unwrap_or(usize::MAX),
            });
        }
        self.pending.extend_from_slice(chunk);
        if self.pending.len() < self.wanted {
            return Ok(());
        }
        let used = self.cutter.walk(&self.pending, false, sink)?;
        self.pending.drain(..used);
        // Twice what is left: a record of any size, arriving in drops, is walked a few times and not at every drop.
        self.wanted = self.pending.len() * 2 + PIECE;
        Ok(())
    }

    pub(super) fn finish(&mut self, sink: &mut impl Sink) -> Result<(), Stop> {
        let pending = std::mem::take(&mut self.pending);
        self.cutter.walk(&pending, true, sink)?;
        Ok(())
    }

    pub(super) fn end(&mut self, sink: &impl Sink) -> FoldEnd {
        FoldEnd::new(sink.counts(), self.received, self.cutter.take_envelope())
    }
}

/// Walks bytes that are all there, without copying them.
pub(super) fn walk_slice(
    json: &[u8],
    limits: Limits,
    sink: &mut impl Sink,
) -> Result<FoldEnd, Stop> {
    let mut cutter = Cutter::new(limits);
    let mut done = 0;
    let mut piece = PIECE * 4;
    loop {
        let end = json.len().min(done + piece);
        let whole = end == json.len();
        let used = cutter.walk(&json[done..end], whole, sink)?;
        sink.settle();
        if whole {
            let bytes = json.len() as u64;
            return Ok(FoldEnd::new(sink.counts(), bytes, cutter.take_envelope()));
        }
        done += used;
        piece = if used == 0 { piece * 2 } else { PIECE * 4 };
    }
}

/// Walks a body while it arrives.
pub(crate) async fn walk_body(
    operation: &'static str,
    mut body: Body,
    limits: Limits,
    sink: &mut impl Sink,
) -> Result<FoldEnd, Error> {
    let mut feed = Feed::new(limits);
    while let Some(chunk) = next_chunk(&mut body).await {
        let chunk = chunk.map_err(|error| Error::from(error).with_operation(operation))?;
        feed.push(&chunk, sink)
            .map_err(|stop| stopped(operation, stop))?;
        sink.settle();
    }
    feed.finish(sink).map_err(|stop| stopped(operation, stop))?;
    sink.settle();
    Ok(feed.end(sink))
}

/// A usage answer that is still arriving, read client by client.
///
/// Dropping it before `None` abandons the answer: what was read until then is not the month's usage.
#[derive(Debug)]
#[must_use = "nothing is read unless it is polled with `next`"]
pub struct UsageStream {
    operation: &'static str,
    body: Option<Body>,
    feed: Feed,
    typed: Typed,
    end: Option<FoldEnd>,
}

impl UsageStream {
    pub(crate) fn new(operation: &'static str, body: Body, limits: Limits) -> Self {
        Self {
            operation,
            body: Some(body),
            feed: Feed::new(limits),
            typed: Typed::default(),
            end: None,
        }
    }

    /// The next event; `None` only after the proven end of the answer.
    ///
    /// Dropping the future loses nothing (`select!`, `timeout`): the next call goes on where this one was.
    ///
    /// # Errors
    /// When the answer breaks off, is no JSON, or passes a limit; after an error nothing more comes.
    pub async fn next(&mut self) -> Result<Option<UsageEvent>, Error> {
        loop {
            if let Some(event) = self.typed.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(body) = self.body.as_mut() else {
                return match self.end {
                    Some(_) => Ok(None),
                    None => Err(broken_off(self.operation)),
                };
            };
            let walked = match next_chunk(body).await {
                Some(Ok(chunk)) => self.feed.push(&chunk, &mut self.typed),
                Some(Err(error)) => {
                    self.body = None;
                    return Err(Error::from(error).with_operation(self.operation));
                }
                None => {
                    self.body = None;
                    self.feed.finish(&mut self.typed).map(|()| {
                        self.end = Some(self.feed.end(&self.typed));
                    })
                }
            };
            if let Err(stop) = walked {
                self.body = None;
                self.typed.events.clear();
                return Err(stopped(self.operation, stop));
            }
        }
    }

    /// What the answer amounted to, once [`next`](Self::next) has returned `None`.
    pub fn end(&self) -> Option<&FoldEnd> {
        self.end.as_ref().filter(|_| self.typed.events.is_empty())
    }
}

fn broken_off(operation: &'static str) -> Error {
    Error::new(
        api_core::ErrorKind::Incomplete,
        "the answer was not read to its end",
    )
    .with_operation(operation)
}

async fn next_chunk(body: &mut Body) -> Option<Result<bytes::Bytes, api_core::TransportError>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await
}
