//! The walk's records as sums. Well-formed devices take a short cut that builds no types; anything unusual is decoded
//! in full, so the short cut never decides what a record means.

use super::sink::{Ahead, Counts, Misfit, Position, Sink, Taken};
use super::typed::{self, misfits_to_bad};
use crate::billing::fields::Fields;
use crate::billing::model::{ClientUsage, UsageDocument};
use crate::billing::totals::{
    ClientSums, DeviceFacts, DocumentTotals, LineFacts, TotalsOptions, UsageTotals,
};

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

    /// The short cut; `None` when the device has to be decoded in full.
    fn short_cut(&mut self, ahead: Ahead<'_>) -> Option<Taken> {
        let mut values = serde_json::Deserializer::from_str(ahead.text).into_iter::<Device<'_>>();
        match values.next()? {
            Ok(device) => {
                let bytes = values.byte_offset();
                let level = usize::from(self.options.reference_level).checked_sub(3);
                let reference = level.and_then(|index| device.references.get(index));
                self.sums.device(&DeviceFacts {
                    company_name: device.company_name.as_deref(),
                    customer_reference: reference.and_then(Option::as_deref),
                });
                for line in device.lines.first.iter().chain(&device.lines.rest) {
                    self.sums.line(&LineFacts {
                        service: line.service.as_deref(),
                        unit: line.unit.as_deref(),
                        quantity: line.quantity,
                        price: line.price,
                        amount: line.amount,
                    });
                }
                self.counts.devices += 1;
                Some(Taken::Bytes(bytes))
            }
            // Text that ends before the bytes do is followed by something that is not UTF-8.
            Err(error) if error.is_eof() && ahead.text.len() == ahead.json.len() => {
                Some(Taken::More)
            }
            Err(_) => None,
        }
    }
}

impl Sink for Totalling {
    fn device(&mut self, at: Position, ahead: Ahead<'_>) -> Result<Taken, serde_json::Error> {
        if !self.options.evidence
            && ahead.text.starts_with('{')
            && let Some(taken) = self.short_cut(ahead)
        {
            return Ok(taken);
        }
        let Some((device, bytes)) = typed::device(at, ahead)? else {
            return Ok(Taken::More);
        };
        self.counts.devices += 1;
        self.counts.unreadable += typed::unreadable(&device).count() as u64;
        self.sums.guarded_device(&device);
        Ok(Taken::Bytes(bytes))
    }

    fn client(&mut self, at: Position, client: Fields, misfits: Vec<Misfit>) {
        self.counts.clients += 1;
        let bad = misfits_to_bad(at, misfits);
        let head = ClientUsage::read_head(client, &typed::path(at, None), bad);
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
        let head = UsageDocument::read_head(at.document, document, clients_listed);
        self.counts.document(&head);
        self.document.head = head;
        self.totals
            .documents
            .push(std::mem::take(&mut self.document));
    }

    fn no_document(&mut self, at: Position, why: &'static str, json: &str) {
        self.counts.unreadable += 1;
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
