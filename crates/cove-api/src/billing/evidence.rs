//! Whether a month's usage is final and whether all of it was seen: facts for whoever decides what to do with it.

use std::collections::BTreeSet;

use api_core::wire::{BadRecord, Guarded};
use jiff::civil::Date;

use super::model::{ApprovalStatus, BillableServices, Invoice, InvoiceStatus, UsageDocument};
use super::totals::UsageTotals;
use super::{ClientId, ContractId, InvoiceId, TimeFrame};

/// Whether the vendor may still change a month's figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Finality {
    /// It will not.
    Final,
    /// It may, for these reasons; there is at least one.
    Provisional(Vec<Provisional>),
}

/// Why figures are not final.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Provisional {
    /// The month has no invoice yet.
    NoInvoice,
    /// An invoice is not closed and approved.
    #[non_exhaustive]
    Open {
        /// The invoice.
        invoice: InvoiceId,
        /// Its `Status`.
        status: Option<InvoiceStatus>,
        /// Its `ApprovalStatus`.
        approval: Option<ApprovalStatus>,
    },
    /// An invoice cannot be read, so its status is not known.
    Unreadable(BadRecord),
    /// The day from which the month counts as final has not come.
    #[non_exhaustive]
    BeforeCutover {
        /// That day, `YYYY-MM-DD`.
        from: String,
    },
    /// The date given is none.
    InvalidDate,
}

impl Finality {
    /// Direct customers: every invoice of the month is closed and approved, and there is at least one (documented).
    pub fn of_invoices(invoices: &[Guarded<Invoice>]) -> Self {
        let mut reasons = Vec::new();
        for invoice in invoices {
            match invoice {
                Guarded::Good(invoice) if invoice.is_final() => {}
                Guarded::Good(invoice) => reasons.push(Provisional::Open {
                    invoice: invoice.invoice_id.clone(),
                    status: invoice.status.clone(),
                    approval: invoice.approval_status.clone(),
                }),
                Guarded::Bad(record) => reasons.push(Provisional::Unreadable(record.clone())),
            }
        }
        if invoices.is_empty() {
            reasons.push(Provisional::NoInvoice);
        }
        Self::unless(reasons)
    }

    /// Indirect customers, whom no call tells: final from `cutover_day` of the next month (documented as "usually the
    /// 5th"). A day that the next month does not have counts as its last. `today` is year, month, day.
    pub fn by_date(month: TimeFrame, cutover_day: u8, today: (i16, i8, i8)) -> Self {
        let next = month.next();
        let first = i16::try_from(next.year())
            .ok()
            .zip(i8::try_from(next.month()).ok())
            .and_then(|(year, month)| Date::new(year, month, 1).ok());
        let today = Date::new(today.0, today.1, today.2).ok();
        let (Some(first), Some(today)) = (first, today) else {
            return Self::Provisional(vec![Provisional::InvalidDate]);
        };
        let day = i8::try_from(cutover_day.max(1))
            .unwrap_or(i8::MAX)
            .min(first.days_in_month());
        let from = first.with().day(day).build().unwrap_or(first);
        let mut reasons = Vec::new();
        if today < from {
            reasons.push(Provisional::BeforeCutover {
                from: from.to_string(),
            });
        }
        Self::unless(reasons)
    }

    fn unless(reasons: Vec<Provisional>) -> Self {
        if reasons.is_empty() {
            Self::Final
        } else {
            Self::Provisional(reasons)
        }
    }

    /// Whether it is `Final`.
    pub fn is_final(&self) -> bool {
        *self == Self::Final
    }
}

/// What was expected and what was seen, gathered over the calls of one month.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Completeness {
    /// Contracts that invoices name.
    pub contracts_expected: BTreeSet<ContractId>,
    /// Contracts whose usage was read.
    pub contracts_seen: BTreeSet<ContractId>,
    /// Invoices that do not name all their contracts: only usage by time frame reaches those.
    pub invoices_without_contracts: BTreeSet<InvoiceId>,
    /// Clients that service catalogues list.
    pub clients_listed: BTreeSet<ClientId>,
    /// Clients with usage.
    pub clients_seen: BTreeSet<ClientId>,
    /// Clients with usage but without an id.
    pub clients_without_id: u64,
    /// Documents whose `Clients` was missing or null.
    pub documents_without_clients: u64,
    /// Records that could not be read, wherever they were.
    pub unreadable: u64,
    /// Stated client totals that disagree with the sums over devices, and documents that name another contract than the one
    /// that was asked for.
    pub differences: u64,
    /// Whether usage was read by time frame, which covers every contract.
    pub by_time_frame: bool,
}

impl Completeness {
    /// Notes what the invoices lead to expect.
    pub fn expect(&mut self, invoices: &[Guarded<Invoice>]) {
        for invoice in invoices {
            match invoice {
                Guarded::Good(invoice) => {
                    let contracts = &invoice.contracts;
                    self.contracts_expected
                        .extend(contracts.iter().map(|c| c.contract_id.clone()));
                    self.unreadable += invoice.bad.len() as u64;
                    if !invoice.contracts_known() {
                        self.invoices_without_contracts
                            .insert(invoice.invoice_id.clone());
                    }
                }
                Guarded::Bad(_) => self.unreadable += 1,
            }
        }
    }

    /// Notes the clients that a service catalogue lists.
    pub fn list(&mut self, services: &BillableServices) {
        self.unreadable += services.bad.len() as u64;
        for client in &services.clients {
            match client {
                Guarded::Good(client) => self.clients_listed.extend(client.client_id.clone()),
                Guarded::Bad(_) => self.unreadable += 1,
            }
        }
    }

    /// Notes what was read. `contract` is the one asked for, if one was; otherwise the documents name their own.
    pub fn saw(&mut self, contract: Option<&ContractId>, totals: &UsageTotals) {
        self.by_time_frame |= contract.is_none();
        self.unreadable += totals.unreadable_documents.len() as u64;
        for document in &totals.documents {
            self.saw_head(contract, &document.head);
            self.unreadable += document.unreadable_clients.len() as u64;
            for client in &document.clients {
                self.saw_client(client.client_id.as_ref());
                self.unreadable += client.unreadable.len() as u64;
                self.differences += client.differences.len() as u64;
            }
        }
    }

    /// As [`saw`](Self::saw), for a document that was read whole.
    pub fn saw_document(&mut self, contract: Option<&ContractId>, document: &UsageDocument) {
        self.by_time_frame |= contract.is_none();
        self.saw_head(contract, document);
        for client in &document.clients {
            match client {
                Guarded::Good(client) => {
                    let totals = client.totals(super::TotalsOptions::default());
                    self.saw_client(client.client_id.as_ref());
                    self.unreadable += client.unreadable().count() as u64;
                    self.differences += totals.differences.len() as u64;
                }
                Guarded::Bad(_) => self.unreadable += 1,
            }
        }
    }

    fn saw_head(&mut self, contract: Option<&ContractId>, head: &UsageDocument) {
        let named = head.contract_id.as_ref();
        if let (Some(asked), Some(named)) = (contract, named) {
            self.differences += u64::from(asked != named);
        }
        // What a document says of itself goes before what was asked for.
        self.contracts_seen.extend(named.or(contract).cloned());
        self.documents_without_clients += u64::from(!head.clients_listed);
        self.unreadable += head.bad.len() as u64;
    }

    fn saw_client(&mut self, client: Option<&ClientId>) {
        match client {
            Some(client) => drop(self.clients_seen.insert(client.clone())),
            None => self.clients_without_id += 1,
        }
    }

    /// Contracts that invoices name and whose usage was not read.
    pub fn missing_contracts(&self) -> impl Iterator<Item = &ContractId> {
        self.contracts_expected.difference(&self.contracts_seen)
    }

    /// Clients with usage that no catalogue lists; meaningful only after catalogues were noted.
    pub fn unlisted_clients(&self) -> impl Iterator<Item = &ClientId> {
        self.clients_seen.difference(&self.clients_listed)
    }

    /// Clients that a catalogue lists and that have no usage: gone, or missing from the answer.
    pub fn clients_without_usage(&self) -> impl Iterator<Item = &ClientId> {
        self.clients_listed.difference(&self.clients_seen)
    }

    /// Whether everything that was to be expected was read: only then may what is absent count as gone.
    pub fn is_complete(&self) -> bool {
        self.missing_contracts().next().is_none()
            && (self.invoices_without_contracts.is_empty() || self.by_time_frame)
            && self.documents_without_clients == 0
            && self.unreadable == 0
            && self.differences == 0
            && !self.contracts_seen.is_empty()
            && !self.clients_seen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoices(json: &str) -> Vec<Guarded<Invoice>> {
        super::super::record::elements(json)
            .unwrap()
            .into_iter()
            .enumerate()
            .map(|(index, json)| super::super::record::guard("", index, json))
            .collect()
    }

    #[test]
    fn a_month_is_final_when_every_invoice_is_closed_and_approved() {
        let closed = r#"{"InvoiceID":1,"Status":"closed","ApprovalStatus":"Approved"}"#;
        assert!(Finality::of_invoices(&invoices(&format!("[{closed}]"))).is_final());
        assert_eq!(
            Finality::of_invoices(&[]),
            Finality::Provisional(vec![Provisional::NoInvoice])
        );
        for open in [
            r#"{"InvoiceID":2,"Status":"CLOSED","ApprovalStatus":"PENDING"}"#,
            r#"{"InvoiceID":2,"Status":"OPEN","ApprovalStatus":"APPROVED"}"#,
            r#"{"InvoiceID":2}"#,
            r#"{"Status":"CLOSED","ApprovalStatus":"APPROVED"}"#,
        ] {
            let finality = Finality::of_invoices(&invoices(&format!("[{closed},{open}]")));
            let Finality::Provisional(reasons) = finality else {
                panic!("{open} is not final")
            };
            assert_eq!(reasons.len(), 1, "{open}");
        }
    }

    #[test]
    fn a_document_of_another_contract_than_was_asked_for_is_a_difference() {
        let (asked, other) = (ContractId::new("238877"), ContractId::new("238878"));
        let document = |contract: Option<&ContractId>| UsageDocument {
            contract_id: contract.cloned(),
            clients_listed: true,
            ..UsageDocument::default()
        };
        for (named, seen, differences) in [
            (Some(&asked), &asked, 0),
            (None, &asked, 0),
            (Some(&other), &other, 1),
        ] {
            let mut completeness = Completeness::default();
            completeness.saw_document(Some(&asked), &document(named));
            assert_eq!(completeness.contracts_seen, [seen.clone()].into());
            assert_eq!(completeness.differences, differences);
            let totals = UsageTotals {
                documents: vec![crate::billing::DocumentTotals {
                    head: document(named),
                    ..Default::default()
                }],
                ..UsageTotals::default()
            };
            let mut summed = Completeness::default();
            summed.saw(Some(&asked), &totals);
            assert_eq!(summed, completeness);
        }
    }

    #[test]
    fn the_cutover_day_decides_for_indirect_accounts() {
        let december = TimeFrame::new(2025, 12).unwrap();
        let before = Finality::by_date(december, 5, (2026, 1, 4));
        let reason = Provisional::BeforeCutover {
            from: "2026-01-05".to_owned(),
        };
        assert_eq!(before, Finality::Provisional(vec![reason]));
        assert!(Finality::by_date(december, 5, (2026, 1, 5)).is_final());
        let january = december.next();
        assert!(!Finality::by_date(january, 31, (2026, 2, 27)).is_final());
        assert!(Finality::by_date(january, 31, (2026, 2, 28)).is_final());
        assert!(!Finality::by_date(january, 5, (2026, 2, 30)).is_final());
    }
}
