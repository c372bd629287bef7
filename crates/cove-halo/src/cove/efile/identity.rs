//! Who the customer of an EFile's row is: by device from the Billing API, or by name from a table that a person wrote.

use crate::port_error;
use api_core::wire::BadRecord;
use billing_sync::ids::{ContractId, CustomerId};
use billing_sync::ports::{PortError, PortErrorKind};
use cove_api::billing::{
    BillingClient, ClientPart, DetailId, EFileLine, TimeFrame, UsageDocument, UsageVisitor,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Where customers' ids are looked up.
#[derive(Debug)]
pub(super) enum Directory {
    /// By device; contracts by their number.
    Devices(Devices),
    /// By name, as [`key_of`] writes it.
    Names(BTreeMap<String, Known>),
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) customer: Option<CustomerId>,
    pub(super) reference: Option<String>,
}

/// What the usage of the month says about who has which device.
#[derive(Debug, Default)]
pub(super) struct Devices {
    /// `None` for a device that several customers have.
    known: BTreeMap<DetailId, Option<Known>>,
    contracts: BTreeMap<String, ContractId>,
    gaps: Vec<String>,
    /// Devices of the client that is being read, whose id may come after them.
    current: Vec<(DetailId, Option<String>)>,
}

impl Directory {
    /// Reads the month's usage for the ids alone.
    pub(super) async fn of_devices(
        client: &BillingClient,
        month: TimeFrame,
    ) -> Result<Self, PortError> {
        let mut devices = Devices::default();
        client
            .fold_usage_by_timeframe(month, &mut devices)
            .await
            .map_err(port_error)?;
        Ok(Self::Devices(devices))
    }

    /// Reads the table: a CSV with the columns `name`, `customer_id` and, if wanted, `reference`.
    pub(super) fn of_names(path: &Path) -> Result<Self, PortError> {
        #[derive(Deserialize)]
        struct Row {
            name: String,
            customer_id: String,
            reference: Option<String>,
        }
        let failed = |why: String| {
            PortError::new(
                PortErrorKind::Settings,
                format!("the customer table {} {why}", path.display()),
            )
            .with_hint(
                "efile_customers names a CSV with the columns name and customer_id, and one row for each spelling",
            )
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(|error| failed(format!("cannot be read: {error}")))?;
        let mut names = BTreeMap::new();
        for (index, row) in reader.deserialize().enumerate() {
            let line = index + 2;
            let Row {
                name,
                customer_id,
                reference,
            } = row.map_err(|error| failed(format!("cannot be read: {error}")))?;
            if name.is_empty() || customer_id.is_empty() {
                return Err(failed(format!("has a blank name or id in row {line}")));
            }
            let known = Known {
                customer: Some(CustomerId::new(&customer_id)),
                reference: reference.filter(|text| !text.is_empty()),
            };
            match names.insert(key_of(&name), known.clone()) {
                Some(other) if other != known => {
                    return Err(failed(format!(
                        "gives `{name}` two ids, again in row {line}"
                    )));
                }
                _ => {}
            }
        }
        Ok(Self::Names(names))
    }

    /// The customer of a row; nobody is guessed.
    pub(super) fn customer(&self, line: &EFileLine) -> Result<Known, String> {
        match self {
            Self::Names(names) => {
                let name = line.customer.as_deref().unwrap_or_default();
                Ok(names.get(&key_of(name)).cloned().unwrap_or_default())
            }
            Self::Devices(devices) => match &line.device_id {
                None => Ok(Known::default()),
                Some(id) => match devices.known.get(id) {
                    Some(Some(known)) => Ok(known.clone()),
                    Some(None) => Err(format!(
                        "device {id} is under several customers in the usage"
                    )),
                    None => Err(format!("device {id} is in the EFile and not in the usage")),
                },
            },
        }
    }

    /// The contract of a number; the number stands for itself where its id is not known.
    pub(super) fn contract(&self, number: &str) -> ContractId {
        match self {
            Self::Devices(devices) => devices.contracts.get(number).cloned(),
            Self::Names(_) => None,
        }
        .unwrap_or_else(|| ContractId::new(number))
    }

    /// What could not be read.
    pub(super) fn gaps(&self) -> &[String] {
        match self {
            Self::Devices(devices) => &devices.gaps,
            Self::Names(_) => &[],
        }
    }
}

/// A name as it is compared: capitals and runs of spaces make no difference, anything else does.
pub(super) fn key_of(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

impl UsageVisitor for Devices {
    fn client(&mut self, part: ClientPart) {
        for device in part.usage.readable_devices() {
            if let Some(id) = &device.detail_id {
                let reference = device.customer_reference(7).map(str::to_owned);
                self.current.push((id.clone(), reference));
            }
        }
        if !part.last {
            return;
        }
        let customer = part.usage.client_id.map(|id| CustomerId::new(id.as_str()));
        for (id, reference) in std::mem::take(&mut self.current) {
            let known = Known {
                customer: customer.clone(),
                reference,
            };
            self.known
                .entry(id)
                .and_modify(|other| {
                    if other.as_ref().map(|other| &other.customer) != Some(&known.customer) {
                        *other = None;
                    }
                })
                .or_insert_with(|| Some(known.clone()));
        }
    }

    fn document(&mut self, head: UsageDocument) {
        self.current.clear();
        if let (Some(number), Some(id)) = (head.contract_number, head.contract_id) {
            self.contracts.insert(number, ContractId::new(id.as_str()));
        }
    }

    fn unreadable_client(&mut self, _document: usize, _record: BadRecord) {
        // Its devices stay unknown, and say so where the file has them.
        self.current.clear();
    }

    fn unreadable_document(&mut self, record: BadRecord) {
        self.current.clear();
        self.gaps.push(format!(
            "a usage document could not be read for its customer ids: {}",
            record.error
        ));
    }

    fn restart(&mut self) -> bool {
        *self = Self::default();
        true
    }
}
