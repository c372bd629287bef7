//! The state behind both services, and the edits a test may make to it as if a person did.

pub(crate) mod cove;
pub(crate) mod invoices;
pub(crate) mod psa;
pub(crate) mod vendor;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::quantity::Milli;
use cove::Cove;
use psa::{Form, IGNORE_FIELD, PERSON, Psa};
use vendor::{Device, FIRST_ADDED, Line, Record, Vendor};

/// The state of both services. Tests change it through [`Sandbox::edit`](crate::Sandbox::edit); such a change counts as
/// truth for the judge, a request's does not.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(crate) vendor: Vendor,
    pub(crate) psa: Psa,
    pub(crate) cove: Cove,
    /// Unix seconds of the request or edit at work.
    pub(crate) now: i64,
}

/// A Halo licence record. A subscription is one of `kind` 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Record id.
    pub id: i64,
    /// The client it belongs to.
    pub client_id: i64,
    /// Name.
    pub name: String,
    /// Count.
    pub count: i64,
    /// `type` on the wire: 1 subscription, 0 software licence.
    pub kind: i64,
    /// Whether it is active.
    pub is_active: bool,
    /// Whether it was deleted; the record stays.
    pub deleted: bool,
    /// Notes.
    pub notes: String,
    /// Price as a decimal.
    pub price: String,
}

/// A Halo client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Record id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Whether it is inactive.
    pub inactive: bool,
    /// The custom field that holds the vendor's customer id, exactly as text.
    pub cove_id: Option<String>,
    /// The other custom fields.
    pub custom_fields: BTreeMap<String, Value>,
}

/// A vendor's invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// Invoice id.
    pub id: String,
    /// `Status`, `CLOSED` when final.
    pub status: String,
    /// `ApprovalStatus`, `APPROVED` when final.
    pub approval_status: String,
    /// The contracts it bills, named by `InvoicesReady` or not.
    pub contracts: Vec<u64>,
}

impl World {
    /// Every licence record, by id.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.psa
            .licences
            .values()
            .map(|licence| Subscription {
                id: licence.id,
                client_id: licence.form.client_id,
                name: licence.form.name.clone(),
                count: licence.count,
                kind: licence.form.kind,
                is_active: licence.form.is_active,
                deleted: licence.form.deleted,
                notes: licence.notes.clone(),
                price: licence.price.to_string(),
            })
            .collect()
    }

    /// Every client, by id.
    pub fn clients(&self) -> Vec<Client> {
        self.psa
            .clients
            .values()
            .map(|client| Client {
                id: client.id,
                name: client.name.clone(),
                inactive: client.is_inactive(),
                cove_id: client.cove_text(),
                custom_fields: BTreeMap::from([(IGNORE_FIELD.to_owned(), client.ignore.into())]),
            })
            .collect()
    }

    /// The invoices of a month.
    pub fn invoices(&self, period: u32) -> Vec<Invoice> {
        let month = self.vendor.months.get(&period);
        month
            .into_iter()
            .flat_map(|month| &month.invoices)
            .map(|invoice| Invoice {
                id: invoice.id.clone(),
                status: invoice.status.clone(),
                approval_status: invoice.approval.clone(),
                contracts: invoice.contracts.clone(),
            })
            .collect()
    }

    /// Sets a subscription's count, as a person would in Halo. False: no such record.
    pub fn set_count(&mut self, id: i64, count: i64) -> bool {
        self.psa
            .change(id, PERSON, self.now, |licence| licence.count = count)
    }

    /// Sets whether a subscription is active. False: no such record.
    pub fn set_active(&mut self, id: i64, active: bool) -> bool {
        self.reform(id, |form| form.is_active = active)
    }

    /// Renames a subscription. False: no such record.
    pub fn rename_subscription(&mut self, id: i64, name: &str) -> bool {
        self.reform(id, |form| name.clone_into(&mut form.name))
    }

    /// Deletes a subscription; the record stays and is marked. False: no such record.
    pub fn delete_subscription(&mut self, id: i64) -> bool {
        self.reform(id, |form| form.deleted = true)
    }

    /// Adds an active subscription and returns its id.
    pub fn add_subscription(&mut self, client_id: i64, name: &str, count: i64) -> i64 {
        self.psa
            .plant(Form::subscription(client_id, name), count, "")
    }

    /// Adds an active client whose custom field holds `cove_id` (text, number or null) and returns its id.
    pub fn add_client(&mut self, name: &str, cove_id: impl Into<Value>) -> i64 {
        self.psa.add_client(name, cove_id.into())
    }

    /// Sets the custom field that holds the vendor's customer id. False: no such client.
    pub fn set_custom_field(&mut self, client_id: i64, value: impl Into<Value>) -> bool {
        let client = self.psa.clients.get_mut(&client_id);
        client
            .map(|client| {
                client.cove_id = value.into();
                client.posted.cove_id = None;
            })
            .is_some()
    }

    /// Sets whether a client is inactive. False: no such client.
    pub fn set_client_inactive(&mut self, client_id: i64, inactive: bool) -> bool {
        let client = self.psa.clients.get_mut(&client_id);
        client
            .map(|client| {
                client.inactive = inactive;
                client.posted.inactive = None;
            })
            .is_some()
    }

    /// Removes what a vendor customer used in a month, as if it had left. Returns how many devices went.
    pub fn remove_client_usage(&mut self, period: u32, customer_id: &str) -> usize {
        let Some(month) = self.vendor.months.get_mut(&period) else {
            return 0;
        };
        let (gone, kept) = std::mem::take(&mut month.records)
            .into_iter()
            .partition::<Vec<_>, _>(|record| record.customer_id == customer_id);
        month.records = kept;
        gone.iter().map(|record| record.devices.len()).sum()
    }

    /// Removes everything that was used in a month: the vendor still knows the month, its client lists are empty.
    pub fn remove_all_usage(&mut self, period: u32) {
        if let Some(month) = self.vendor.months.get_mut(&period) {
            month.records.clear();
            month.pools.clear();
        }
    }

    /// Adds a device with one line of `service` for a vendor customer. An unknown month becomes known (without an invoice).
    /// False: no such contract.
    pub fn add_usage(
        &mut self,
        period: u32,
        contract: u64,
        customer: (&str, &str),
        service: &str,
        quantity: Milli,
    ) -> bool {
        if self.vendor.contract(contract).is_none() {
            return false;
        }
        let (id, name) = customer;
        let month = self.vendor.months.entry(period).or_default();
        let devices: usize = month
            .records
            .iter()
            .map(|record| record.devices.len())
            .sum();
        let device = Device {
            id: FIRST_ADDED + devices as u64,
            name: format!("added-{devices}"),
            site: "",
            lines: vec![Line {
                service: Cow::Owned(service.to_owned()),
                quantity,
            }],
        };
        let same = |record: &&mut Record| {
            record.contract == contract && record.customer_id == id && record.customer_name == name
        };
        if let Some(record) = month.records.iter_mut().find(same) {
            record.devices.push(device);
        } else {
            month.records.push(Record {
                contract,
                customer_id: id.to_owned(),
                customer_name: name.to_owned(),
                reference: String::new(),
                devices: vec![device],
            });
        }
        true
    }

    /// Sets the billed gigabytes of a contract's storage pool in a month. False: no such month or contract.
    pub fn set_pool(&mut self, period: u32, contract: u64, quantity: Milli) -> bool {
        if self.vendor.contract(contract).is_none() {
            return false;
        }
        let month = self.vendor.months.get_mut(&period);
        month
            .map(|month| month.pools.insert(contract, quantity))
            .is_some()
    }

    /// Reopens the invoices of a month: the usage is provisional again. False: no such month.
    pub fn open_invoice(&mut self, period: u32) -> bool {
        self.set_invoice_status(period, "OPEN", "PENDING")
    }

    /// Closes and approves the invoices of a month. False: no such month.
    pub fn close_invoice(&mut self, period: u32) -> bool {
        self.set_invoice_status(period, "CLOSED", "APPROVED")
    }

    /// Sets `Status` and `ApprovalStatus` of the invoices of a month. False: no such month.
    pub fn set_invoice_status(&mut self, period: u32, status: &str, approval: &str) -> bool {
        let Some(month) = self.vendor.months.get_mut(&period) else {
            return false;
        };
        for invoice in &mut month.invoices {
            status.clone_into(&mut invoice.status);
            approval.clone_into(&mut invoice.approval);
        }
        true
    }

    /// Applies an edit to a record and to what the judge knows of it.
    fn reform(&mut self, id: i64, edit: impl Fn(&mut Form)) -> bool {
        self.psa.change(id, PERSON, self.now, |licence| {
            edit(&mut licence.form);
            if let Some(standing) = &mut licence.standing {
                edit(standing);
            }
        })
    }
}
