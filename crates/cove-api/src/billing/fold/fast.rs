//! The walk's records as sums. Well-formed devices take a short cut that builds no types; anything unusual is decoded
//! in full, so the short cut never decides what a record means.

use super::sink::{Ahead, ClientFields, Counts, Position, Sink, Taken};
use super::typed;
use crate::billing::fields::Fields;
use crate::billing::model::UsageDocument;
use crate::billing::totals::{ClientSums, DocumentTotals, TotalsOptions, UsageTotals};

mod device;

use device::Device;

/// Folds into totals.
#[derive(Debug)]
pub(crate) struct Totalling {
    options: TotalsOptions,
    counts: Counts,
    sums: ClientSums,
    document: DocumentTotals,
    totals: UsageTotals,
}

impl Totalling {
    pub(crate) fn new(options: TotalsOptions) -> Self {
        Self {
            options,
            counts: Counts::default(),
            sums: ClientSums::new(options),
            document: DocumentTotals::default(),
            totals: UsageTotals::default(),
        }
    }

    pub(crate) fn into_totals(self) -> UsageTotals {
        self.totals
    }

    /// The short cut, for as many devices as it can take; `None` when the first has to be decoded in full.
    fn short_cut(&mut self, ahead: Ahead<'_>) -> Option<Taken> {
        let mut device = Device::new(self.options.reference_level);
        let (mut count, mut bytes) = (0, 0);
        let mut next = Some(0);
        while let Some(start) = next {
            match device.read(&ahead.text[start..]) {
                Ok(length) => bytes = start + length,
                // Text that ends before the bytes do is followed by something that is not UTF-8.
                Err(error)
                    if count == 0 && error.is_eof() && ahead.text.len() == ahead.json.len() =>
                {
                    return Some(Taken::More);
                }
                Err(_) if count == 0 => return None,
                Err(_) => break,
            }
            count += 1;
            let facts = device.facts();
            self.counts.device(facts.services_listed);
            self.sums.device(&facts);
            for line in device.lines() {
                self.sums.line(&line);
            }
            next = if ahead.listed {
                next_object(ahead.text, bytes)
            } else {
                None
            };
        }
        Some(Taken::Devices { count, bytes })
    }
}

/// Where the object begins that follows a comma.
fn next_object(text: &str, from: usize) -> Option<usize> {
    let rest = &text.as_bytes()[from..];
    let comma = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    if rest[comma] != b',' {
        return None;
    }
    let after = &rest[comma + 1..];
    let object = after.iter().position(|byte| !byte.is_ascii_whitespace())?;
    (after[object] == b'{').then_some(from + comma + 1 + object)
}

impl Sink for Totalling {
    fn devices(&mut self, at: Position, ahead: Ahead<'_>) -> Result<Taken, serde_json::Error> {
        if !self.options.evidence
            && ahead.text.starts_with('{')
            && let Some(taken) = self.short_cut(ahead)
        {
            return Ok(taken);
        }
        let Some((device, bytes)) = typed::device(at, ahead)? else {
            return Ok(Taken::More);
        };
        self.counts.device(typed::services_listed(&device));
        self.counts.unreadable += typed::unreadable(&device).count() as u64;
        self.sums.guarded_device(&device);
        Ok(Taken::Devices { count: 1, bytes })
    }

    fn client(&mut self, at: Position, client: ClientFields) {
        let head = typed::client(at, client);
        self.counts.client(&head);
        self.counts.unreadable += head.bad.len() as u64;
        self.document.clients.push(self.sums.finish(head));
    }

    fn no_client(&mut self, at: Position, json: &str) {
        self.counts.unreadable += 1;
        self.document
            .unreadable_clients
            .push(typed::no_client(at, json));
    }

    fn document(&mut self, at: Position, document: Fields, clients_listed: bool) {
        let mut head = UsageDocument::read_head(at.document, document, clients_listed);
        self.counts.document(&mut head);
        self.document.head = head;
        self.totals
            .documents
            .push(std::mem::take(&mut self.document));
    }

    fn no_document(&mut self, at: Position, why: &'static str, json: &str) {
        self.counts.no_document();
        self.totals
            .unreadable_documents
            .push(typed::no_document(at, why, json));
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn restart(&mut self) -> bool {
        *self = Self::new(self.options);
        true
    }
}

#[cfg(test)]
mod tests;
