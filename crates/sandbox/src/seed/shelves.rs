//! Products, suppliers, external links and a saved report, as a tenant that bills backup has them.

use serde_json::{Map, Value, json};

use super::invoices::amount;
use crate::CUSTOM_FIELD;
use crate::world::psa::Psa;
use crate::world::vendor::{CATALOGUE, PRODUCT};

/// Items follow the order of the catalogue.
pub(super) const FIRST_ITEM: i64 = 77;
/// The integration that linked some clients already; the number is made up.
const MODULE: i64 = 999;
const MOST_LINKS: usize = 10;

pub(super) fn add(psa: &mut Psa) {
    for (id, name) in [(1, "N-able"), (2, "Example Distribution")] {
        psa.put(
            "Supplier",
            id,
            object(json!({"name": name, "inactive": false})),
        );
    }
    for (id, offering) in (FIRST_ITEM..).zip(&CATALOGUE) {
        let item = json!({
            "name": offering.name,
            "baseprice": amount(offering.price * 14 / 10),
            "costprice": amount(offering.price),
            "recurringprice": amount(offering.price * 14 / 10),
            "isrecurringitem": offering.name.starts_with(PRODUCT),
            "supplier_id": 1,
            "supplier_name": "N-able",
        });
        psa.put("Item", id, object(item));
    }
    let linked: Vec<(i64, String, String)> = psa
        .clients
        .values()
        .filter_map(|client| {
            let id = client.cove_text()?.trim().to_owned();
            (!id.is_empty()).then(|| (client.id, client.name.clone(), id))
        })
        .take(MOST_LINKS)
        .collect();
    for (id, (client, name, customer)) in (71..).zip(linked) {
        let link = json!({
            "table_id": 1,
            "module_id": MODULE,
            "halo_id": client,
            "halo_desc": name,
            "third_party_id": customer,
            "third_party_desc": name,
            "third_party_type": "",
            "details_id": 0,
        });
        psa.put("ExternalLink", id, object(link));
    }
    let report = json!({
        "name": "Clients with a Cove id",
        "sql": format!("SELECT Aarea AS [id], aareadesc AS [name], {CUSTOM_FIELD} AS [cove_id] FROM AREA WHERE ISNULL({CUSTOM_FIELD},'')<>''"),
        "is_published": true,
        "published_id": "5a0d0000-0000-4000-8000-00000000f00d",
    });
    psa.put("Report", 267, object(report));
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
