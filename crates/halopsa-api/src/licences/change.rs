//! The history of a licence: which field had which value, and who changed it.

use api_core::wire;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Licences;
use crate::failure::Needs;
use crate::ids::LicenceId;
use crate::list::{Endpoint, List, Record};
use crate::moment::{self, HaloTime};

const LIST: Endpoint = Endpoint {
    operation: "GET LicenceChange",
    resource: "LicenceChange",
    // The key is not documented; these are accepted, and a bare array.
    keys: &[
        "changes",
        "licencechanges",
        "licence_changes",
        "licencechange",
    ],
    needs: Needs::LICENCES,
};

/// One change of a licence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LicenceChange {
    /// Its id.
    #[serde(deserialize_with = "crate::record::id_number")]
    pub id: i64,
    /// The licence.
    pub licence_id: LicenceId,
    /// Number of the changed field; the numbers are not documented.
    #[serde(default, deserialize_with = "wire::opt_i64")]
    pub field_id: Option<i64>,
    /// Value before.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub old_value: Option<String>,
    /// Value after.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub new_value: Option<String>,
    /// Who changed it.
    #[serde(default, deserialize_with = "wire::opt_text")]
    pub who: Option<String>,
    /// When.
    #[serde(default, deserialize_with = "moment::opt_time")]
    pub change_date: Option<HaloTime>,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Record for LicenceChange {
    fn record_id(&self) -> i64 {
        self.id
    }
}

impl Licences {
    /// The changes of one licence.
    pub fn changes(&self, licence: LicenceId) -> List<LicenceChange> {
        let query = vec![("licence_id".to_owned(), licence.to_string())];
        // No paging is documented for it.
        List::new(&self.core, LIST, query).maybe_unpaged()
    }
}
