//! Columns, products and the server itself.

use std::collections::BTreeMap;

use api_core::wire::Guarded;
use serde::Deserialize;
use serde_json::Value;

use crate::management::fields::Extra;
use crate::management::ids::{CustomColumnId, PartnerId, ProductId};

/// A column that statistics can be asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ColumnInfo {
    /// Its code; whether in the old or the new notation is not known.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub short_name: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// `String`, `IntNumber`, `Time`, `RealNumber`, `Size`, `Status`, `Bitmask` or `ColorBar`.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub value_type: Option<String>,
    /// Its group.
    #[serde(rename = "Type", deserialize_with = "api_core::wire::opt_text")]
    pub group: Option<String>,
    /// The data source it belongs to.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub column_plugin: Option<String>,
    /// Whether people made it.
    #[serde(deserialize_with = "api_core::wire::opt_bool_ish")]
    pub is_custom_column: Option<bool>,
}

/// A column that people made.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CustomColumn {
    /// Its id, which statistics name `AA…`.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub id: Option<CustomColumnId>,
    /// Its name.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A product: a plan of retention and features.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Product {
    /// Its id.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub id: Option<ProductId>,
    /// Its name. `Documents` is the low-cost one for workstations (observed in public clients).
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub name: Option<String>,
    /// Who made it.
    #[serde(deserialize_with = "super::super::fields::opt")]
    pub partner_id: Option<PartnerId>,
    /// What it can do.
    #[serde(deserialize_with = "super::super::fields::pairs")]
    pub features: BTreeMap<String, Value>,
}

/// Products, and what the customer may not use of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Products {
    /// The products.
    pub products: Vec<Guarded<Product>>,
    /// The restrictions.
    pub restrictions: BTreeMap<String, Value>,
}

/// The service itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServerInfo {
    /// Its version.
    #[serde(deserialize_with = "api_core::wire::opt_text")]
    pub version: Option<String>,
}
