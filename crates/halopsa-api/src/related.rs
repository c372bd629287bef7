//! What billing looks up beside clients and licences: products, suppliers, sites, external links, the audit trail.
//!
//! Lists only. Further filters go in through [`List::parameter`], single records through [`HaloClient::request`].

use api_core::wire;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::HaloClient;
use crate::failure::Needs;
use crate::ids::{ClientId, ItemId, SiteId, SupplierId};
use crate::list::{Endpoint, List, Record};
use crate::moment::{self, HaloTime};

const ITEMS: Endpoint = Endpoint {
    operation: "GET Item",
    resource: "Item",
    keys: &["items"],
    needs: Needs::ITEMS,
};
const SUPPLIERS: Endpoint = Endpoint {
    operation: "GET Supplier",
    resource: "Supplier",
    keys: &["suppliers"],
    needs: Needs::SUPPLIERS,
};
const SITES: Endpoint = Endpoint {
    operation: "GET Site",
    resource: "Site",
    keys: &["sites"],
    needs: Needs::CLIENTS,
};
const LINKS: Endpoint = Endpoint {
    operation: "GET ExternalLink",
    resource: "ExternalLink",
    // The key is not documented; these are accepted, and a bare array.
    keys: &["links", "externallinks", "external_links"],
    needs: Needs::CLIENTS,
};
const AUDIT: Endpoint = Endpoint {
    operation: "GET Audit",
    resource: "Audit",
    keys: &["audit", "audits", "auditing"],
    needs: Needs::AUDIT,
};

/// A product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its name.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// Price.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub baseprice: Option<Decimal>,
    /// Cost.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub costprice: Option<Decimal>,
    /// Price on recurring invoices.
    #[serde(default, deserialize_with = "wire::opt_decimal")]
    pub recurringprice: Option<Decimal>,
    /// Meant for recurring invoices.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub isrecurringitem: bool,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A supplier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Supplier {
    /// Its id.
    pub id: SupplierId,
    /// Its name.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// Not in use any more.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub inactive: bool,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A site of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// Whose it is. The schema has it as a fractional number; it is a whole one.
    #[serde(default, deserialize_with = "wire::opt_id")]
    pub client_id: Option<ClientId>,
    /// The client's name.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub client_name: Option<String>,
    /// Not in use any more.
    #[serde(default, deserialize_with = "crate::record::flag")]
    pub inactive: bool,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A link of a HaloPSA record to a record elsewhere, as the native integrations keep them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExternalLink {
    /// Its id.
    #[serde(deserialize_with = "crate::record::id_number")]
    pub id: i64,
    /// The HaloPSA table.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub table_id: Option<i64>,
    /// The integration; which number a private one would have is not known.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub module_id: Option<i64>,
    /// The record in HaloPSA.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub halo_id: Option<i64>,
    /// The record elsewhere.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub third_party_id: Option<String>,
    /// What it is called there.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub third_party_desc: Option<String>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    #[serde(deserialize_with = "crate::record::id_number")]
    pub id: i64,
    /// When.
    #[serde(default, deserialize_with = "moment::opt_time")]
    pub date: Option<HaloTime>,
    /// The table that was changed.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub table_name: Option<String>,
    /// What was changed.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub value: Option<String>,
    /// Value before.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub from: Option<String>,
    /// Value after.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub to: Option<String>,
    /// Who changed it.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub username: Option<String>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Record for Item {
    fn record_id(&self) -> i64 {
        self.id.get()
    }
}

impl Record for Supplier {
    fn record_id(&self) -> i64 {
        self.id.get()
    }
}

impl Record for Site {
    fn record_id(&self) -> i64 {
        self.id.get()
    }
}

impl Record for ExternalLink {
    fn record_id(&self) -> i64 {
        self.id
    }
}

impl Record for AuditEntry {
    fn record_id(&self) -> i64 {
        self.id
    }
}

impl HaloClient {
    /// Products.
    pub fn items(&self) -> List<Item> {
        List::new(self.core(), ITEMS, Vec::new())
    }

    /// Suppliers.
    pub fn suppliers(&self) -> List<Supplier> {
        List::new(self.core(), SUPPLIERS, Vec::new())
    }

    /// Sites, of one client or of all.
    pub fn sites(&self, client: Option<ClientId>) -> List<Site> {
        let query = client.map(|id| ("client_id".to_owned(), id.to_string()));
        List::new(self.core(), SITES, Vec::from_iter(query))
    }

    /// External links. Narrow them down with `table_id`, `module_id`, `halo_id` or `third_party_id` as
    /// [`List::parameter`].
    pub fn external_links(&self) -> List<ExternalLink> {
        List::new(self.core(), LINKS, Vec::new())
    }

    /// The audit trail. No parameters are documented for it; a server that does not page it is read with
    /// [`List::page`].
    pub fn audit(&self) -> List<AuditEntry> {
        List::new(self.core(), AUDIT, Vec::new())
    }
}
