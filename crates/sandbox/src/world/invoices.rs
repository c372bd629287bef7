//! Halo's recurring invoices: where a subscription's count becomes an amount.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::World;
use super::psa::Psa;

/// `recurring_invoice_quantity_type` of a line that is counted from subscriptions (observed in public code).
pub(crate) const BY_SUBSCRIPTIONS: i64 = 4;
/// The same for software licences.
pub(crate) const BY_LICENCES: i64 = 1;

/// A recurring invoice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecurringInvoice {
    /// Its id; negative (observed in public code).
    pub id: i64,
    /// Who is billed.
    pub client_id: i64,
    /// Not used any more.
    pub disabled: bool,
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
    /// Other scalar properties that were posted.
    #[serde(skip)]
    pub(crate) other: Map<String, Value>,
}

/// A line of a recurring invoice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InvoiceLine {
    /// Its id.
    pub id: i64,
    /// The product, 0 for none.
    pub item_id: i64,
    /// What the invoice says.
    pub name: String,
    /// 4 if the quantity is counted from `subscriptions`, 1 from `licences`, otherwise it is `quantity`.
    pub quantity_type: i64,
    /// The quantity typed in by hand.
    pub quantity: Number,
    /// Price of one.
    pub price: Number,
    /// Cost of one.
    pub cost: Number,
    /// Not billed.
    pub inactive: bool,
    /// What a line of type 4 counts.
    pub subscriptions: Vec<LinkedLicence>,
    /// What a line of type 1 counts.
    pub licences: Vec<LinkedLicence>,
    /// Other scalar properties that were posted.
    #[serde(skip)]
    pub(crate) other: Map<String, Value>,
}

/// A licence that a line takes its quantity from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LinkedLicence {
    /// Id of the link.
    pub id: i64,
    /// The licence.
    pub licence_id: i64,
    /// Units that are free.
    pub free: i64,
    /// The least that is billed.
    pub minimum: i64,
    /// Not 0: billed pro rata. The numbers are not documented.
    pub pro_rata: i64,
}

impl LinkedLicence {
    /// A link without any deductions.
    pub(crate) fn new(id: i64, licence_id: i64) -> Self {
        Self {
            id,
            licence_id,
            free: 0,
            minimum: 0,
            pro_rata: 0,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Invoices {
    pub(crate) all: BTreeMap<i64, RecurringInvoice>,
    /// The first invoice of each client, as long as it exists.
    by_client: BTreeMap<i64, i64>,
    last_line: i64,
    last_link: i64,
}

impl Invoices {
    pub(crate) fn next_id(&self) -> i64 {
        self.all
            .first_key_value()
            .map_or(-94, |(first, _)| first - 1)
    }

    pub(crate) fn next_line(&mut self) -> i64 {
        self.last_line = self.last_line.max(3309) + 1;
        self.last_line
    }

    pub(crate) fn next_link(&mut self) -> i64 {
        self.last_link = self.last_link.max(87) + 1;
        self.last_link
    }

    /// Adds a line to the first invoice of a client, made if there is none.
    pub(crate) fn push(&mut self, client_id: i64, line: InvoiceLine) {
        let known = self.by_client.get(&client_id).copied();
        let id = known
            .filter(|id| self.all.contains_key(id))
            .unwrap_or_else(|| self.next_id());
        self.by_client.insert(client_id, id);
        let invoice = self.all.entry(id).or_insert_with(|| RecurringInvoice {
            id,
            client_id,
            disabled: false,
            lines: Vec::new(),
            other: Map::new(),
        });
        invoice.lines.push(line);
    }

    /// A line that counts a subscription. Price 14, cost 10.
    pub(crate) fn counting(&mut self, name: &str, licence_id: i64) -> InvoiceLine {
        let link = self.next_link();
        InvoiceLine {
            id: self.next_line(),
            item_id: 0,
            name: name.to_owned(),
            quantity_type: BY_SUBSCRIPTIONS,
            quantity: 0.into(),
            price: 14.into(),
            cost: 10.into(),
            inactive: false,
            subscriptions: vec![LinkedLicence::new(link, licence_id)],
            licences: Vec::new(),
            other: Map::new(),
        }
    }
}

impl Psa {
    /// The quantity a line is billed with: the sum of (count - free), each at least the minimum (observed in public code).
    pub(crate) fn quantity_of(&self, line: &InvoiceLine) -> Number {
        let linked = match line.quantity_type {
            BY_SUBSCRIPTIONS => &line.subscriptions,
            BY_LICENCES => &line.licences,
            _ => return line.quantity.clone(),
        };
        let count = |one: &LinkedLicence| {
            let count = self.licences.get(&one.licence_id).map_or(0, |l| l.count);
            count.saturating_sub(one.free).max(one.minimum)
        };
        linked.iter().map(count).fold(0, i64::saturating_add).into()
    }
}

impl World {
    /// Every recurring invoice, by id.
    pub fn recurring_invoices(&self) -> Vec<RecurringInvoice> {
        self.psa.invoices.all.values().cloned().collect()
    }

    /// Adds a line that counts a subscription to its client's recurring invoice (made if there is none) and returns its id.
    /// `None`: no such licence. Price 14, cost 10.
    pub fn add_invoice_line(&mut self, licence_id: i64) -> Option<i64> {
        let form = &self.psa.licences.get(&licence_id)?.form;
        let (client_id, name) = (form.client_id, form.name.clone());
        let line = self.psa.invoices.counting(&name, licence_id);
        let id = line.id;
        self.psa.invoices.push(client_id, line);
        Some(id)
    }

    /// Changes a line of a recurring invoice, as a person would in Halo. False: no such line.
    pub fn edit_invoice_line(&mut self, line_id: i64, edit: impl FnOnce(&mut InvoiceLine)) -> bool {
        let lines = self.psa.invoices.all.values_mut();
        let line = lines
            .flat_map(|invoice| &mut invoice.lines)
            .find(|line| line.id == line_id);
        line.map(edit).is_some()
    }
}
