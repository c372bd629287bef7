//! Recurring invoices and lines as they are posted, checked before anything is stored.

use serde_json::{Map, Number, Value};

use crate::halo::items::Item;
use crate::halo::refusal::Refusal;
use crate::world::invoices::{InvoiceLine, Invoices, LinkedLicence, RecurringInvoice};
use crate::world::psa::Psa;

#[derive(Debug)]
pub(super) struct HeaderDraft {
    id: Option<i64>,
    client_id: Option<i64>,
    disabled: Option<bool>,
    lines: Option<Vec<LineDraft>>,
    other: Map<String, Value>,
}

impl HeaderDraft {
    pub(super) fn read(psa: &Psa, item: &Value) -> Result<Self, Refusal> {
        const KNOWN: [&str; 9] = [
            "id",
            "client_id",
            "client_name",
            "disabled",
            "is_recurring_invoice",
            "contains_calculated_quantity",
            "period",
            "nextcreationdate",
            "invoice_prorata_periods_ahead",
        ];
        let item = Item::read(item)?;
        let id = item.integer("id")?.filter(|id| *id != 0);
        let client_id = item.integer("client_id")?;
        if id.is_some_and(|id| !psa.invoices.all.contains_key(&id)) {
            return Err(Refusal::Message("Recurring invoice not found"));
        }
        let known = |id: i64| psa.clients.contains_key(&id);
        if client_id.is_some_and(|id| !known(id)) || (id.is_none() && client_id.is_none()) {
            return Err(Refusal::Text("Client not found"));
        }
        let lines = item.array("lines")?.map(|lines| {
            lines
                .iter()
                .map(|line| LineDraft::read(psa, line, Some(id.unwrap_or(0))))
                .collect::<Result<Vec<_>, _>>()
        });
        Ok(Self {
            id,
            client_id,
            disabled: item.flag("disabled")?,
            lines: lines.transpose()?,
            other: item.others(&KNOWN),
        })
    }

    pub(super) fn store(self, invoices: &mut Invoices) -> i64 {
        let id = self.id.unwrap_or_else(|| invoices.next_id());
        let invoice = invoices.all.entry(id).or_insert_with(|| RecurringInvoice {
            id,
            client_id: 0,
            disabled: false,
            lines: Vec::new(),
            other: Map::new(),
        });
        invoice.client_id = self.client_id.unwrap_or(invoice.client_id);
        invoice.disabled = self.disabled.unwrap_or(invoice.disabled);
        invoice.other.extend(self.other);
        if let Some(lines) = self.lines {
            let named: Vec<i64> = lines.iter().filter_map(|line| line.id).collect();
            invoice.lines.retain(|line| named.contains(&line.id));
            for line in lines {
                LineDraft {
                    invoice_id: id,
                    ..line
                }
                .store(invoices);
            }
        }
        id
    }
}

/// A line; absent parts stay as they are.
#[derive(Debug)]
pub(super) struct LineDraft {
    pub(super) id: Option<i64>,
    pub(super) invoice_id: i64,
    item_id: Option<i64>,
    name: Option<String>,
    quantity_type: Option<i64>,
    quantity: Option<Number>,
    price: Option<Number>,
    cost: Option<Number>,
    inactive: Option<bool>,
    subscriptions: Option<Vec<LinkedLicence>>,
    licences: Option<Vec<LinkedLicence>>,
    other: Map<String, Value>,
}

impl LineDraft {
    /// `of`: the invoice whose header the line came with, 0 for one that does not exist yet.
    pub(super) fn read(psa: &Psa, item: &Value, of: Option<i64>) -> Result<Self, Refusal> {
        const KNOWN: [&str; 9] = [
            "id",
            "ihid",
            "_itemid",
            "item_shortdescription",
            "qty_order",
            "unit_price",
            "unit_cost",
            "isinactive",
            "recurring_invoice_quantity_type",
        ];
        let item = Item::read(item)?;
        let number = |name| item.typed(name, |value| value.as_number().cloned());
        let id = item.integer("id")?.filter(|id| *id > 0);
        let invoice_id = match (of, item.integer("ihid")?) {
            (Some(of), _) => of,
            (None, Some(id)) => id,
            (None, None) => return Err(Refusal::ResultCode("'ihid' is required.".to_owned())),
        };
        let invoice = psa.invoices.all.get(&invoice_id);
        if invoice.is_none() && of != Some(0) {
            return Err(Refusal::Message("Recurring invoice not found"));
        }
        let has = |id: i64| invoice.is_some_and(|one| one.lines.iter().any(|line| line.id == id));
        if id.is_some_and(|id| !has(id)) {
            return Err(Refusal::Message("Line not found"));
        }
        Ok(Self {
            id,
            invoice_id,
            item_id: item.integer("_itemid")?,
            name: item.text("item_shortdescription")?,
            quantity_type: item.integer("recurring_invoice_quantity_type")?,
            quantity: number("qty_order")?,
            price: number("unit_price")?,
            cost: number("unit_cost")?,
            inactive: item.flag("isinactive")?,
            subscriptions: links(psa, item.array("quantity_subscriptions")?)?,
            licences: links(psa, item.array("quantity_licences")?)?,
            other: item.others(&KNOWN),
        })
    }

    pub(super) fn store(self, invoices: &mut Invoices) {
        let id = self.id.unwrap_or_else(|| invoices.next_line());
        let mut links = |links: Option<Vec<LinkedLicence>>| {
            links.map(|links| {
                let mut named = |link: LinkedLicence| match link.id {
                    0 => LinkedLicence {
                        id: invoices.next_link(),
                        ..link
                    },
                    _ => link,
                };
                links.into_iter().map(&mut named).collect::<Vec<_>>()
            })
        };
        let (subscriptions, licences) = (links(self.subscriptions), links(self.licences));
        let Some(invoice) = invoices.all.get_mut(&self.invoice_id) else {
            return;
        };
        let at = invoice.lines.iter().position(|line| line.id == id);
        let at = at.unwrap_or_else(|| {
            invoice.lines.push(blank(id));
            invoice.lines.len() - 1
        });
        let Some(line) = invoice.lines.get_mut(at) else {
            return;
        };
        let set = |target: &mut Number, value: Option<Number>| {
            if let Some(value) = value {
                *target = value;
            }
        };
        line.item_id = self.item_id.unwrap_or(line.item_id);
        line.quantity_type = self.quantity_type.unwrap_or(line.quantity_type);
        line.inactive = self.inactive.unwrap_or(line.inactive);
        set(&mut line.quantity, self.quantity);
        set(&mut line.price, self.price);
        set(&mut line.cost, self.cost);
        if let Some(name) = self.name {
            line.name = name;
        }
        if let Some(subscriptions) = subscriptions {
            line.subscriptions = subscriptions;
        }
        if let Some(licences) = licences {
            line.licences = licences;
        }
        line.other.extend(self.other);
    }
}

fn blank(id: i64) -> InvoiceLine {
    InvoiceLine {
        id,
        item_id: 0,
        name: String::new(),
        quantity_type: 0,
        quantity: 0.into(),
        price: 0.into(),
        cost: 0.into(),
        inactive: false,
        subscriptions: Vec::new(),
        licences: Vec::new(),
        other: Map::new(),
    }
}

fn links(psa: &Psa, links: Option<&[Value]>) -> Result<Option<Vec<LinkedLicence>>, Refusal> {
    let Some(links) = links else {
        return Ok(None);
    };
    let mut read = Vec::new();
    for link in links {
        let link = Item::read(link)?;
        let number = |name| Ok(link.integer(name)?.unwrap_or(0));
        let licence_id = number("licence_id")?;
        if !psa.licences.contains_key(&licence_id) {
            return Err(Refusal::Message("Licence not found"));
        }
        read.push(LinkedLicence {
            id: number("id")?,
            licence_id,
            free: number("qty_free")?,
            minimum: number("minimum_qty")?,
            pro_rata: number("pro_rata")?,
        });
    }
    Ok(Some(read))
}
