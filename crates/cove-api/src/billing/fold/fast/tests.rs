//! The short cut against full decoding: whatever an answer holds, both must say the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::billing::fold::{Limits, fold_usage_bytes};
use crate::billing::{
    ClientPart, ClientUsage, DocumentTotals, TotalsOptions, UsageDocument, UsageTotals,
    UsageVisitor, total_usage_bytes,
};

/// Totals made from fully decoded clients.
#[derive(Default)]
struct Full {
    totals: UsageTotals,
    document: DocumentTotals,
    client: ClientUsage,
}

impl UsageVisitor for Full {
    fn client(&mut self, mut part: ClientPart) {
        self.client.devices.append(&mut part.usage.devices);
        if part.last {
            let devices = std::mem::take(&mut self.client.devices);
            let client = ClientUsage {
                devices,
                ..part.usage
            };
            let totals = client.totals(TotalsOptions::default());
            self.document.clients.push(totals);
        }
    }

    fn document(&mut self, document: UsageDocument) {
        self.document.head = document;
        self.totals
            .documents
            .push(std::mem::take(&mut self.document));
    }

    fn unreadable_client(&mut self, _: usize, record: crate::billing::BadRecord) {
        self.document.unreadable_clients.push(record);
    }

    fn unreadable_document(&mut self, record: crate::billing::BadRecord) {
        self.totals.unreadable_documents.push(record);
    }
}

fn both(json: &str) -> (UsageTotals, UsageTotals) {
    let limits = Limits::default();
    let mut full = Full::default();
    let full_end = fold_usage_bytes(json.as_bytes(), limits, &mut full).unwrap();
    let (fast, fast_end) =
        total_usage_bytes(json.as_bytes(), limits, TotalsOptions::default()).unwrap();
    assert_eq!(fast_end, full_end, "{json}");
    (fast, full.totals)
}

/// A value such as the vendor might put anywhere: well-formed, odd, or wrong.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!("  padded ")),
        Just(json!("a \"quoted\" \\ name\n")),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({"a": [1, {}]})),
        Just(json!("NaN")),
        Just(json!("1e3")),
        any::<i32>().prop_map(|n| json!(n)),
        any::<i32>().prop_map(|n| json!(n.to_string())),
        any::<f64>().prop_map(|n| json!(n)),
        (0u32..100_000).prop_map(|n| json!(format!("{}.{:03}", n / 1000, n % 1000))),
        "[a-zA-Zäöü|]{0,6}".prop_map(|text| json!(text)),
    ]
}

fn object(names: &'static [&'static str]) -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((prop::sample::select(names), value()), 0..6).prop_map(|members| {
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

/// Written by hand so that a member may be there twice.
fn write(members: &[(String, Value)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

const LINE: &[&str] = &[
    "BillingServiceName",
    "Quantity",
    "Quantity",
    "Price",
    "Amount",
    "Uom",
    "UOM",
    "Sku",
    "ProductFeatureName",
    "Other",
];
const DEVICE: &[&str] = &[
    "Detail",
    "DetailId",
    "DetailID",
    "UsageCompanyName",
    "UsageSiteName",
    "Customer Site Name",
    "UsageLevel_3",
    "UsageLevel_8",
    "Customer_Reference_L3",
    "Customer_Reference_L7",
    "Total By Service",
    "totalbyservice",
    "Other",
];

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (object(LINE), 0u32..9_999).prop_map(|(mut members, quantity)| {
            members.retain(|(name, _)| name != "Quantity");
            members.push(("Quantity".into(), json!(format!("{quantity}.25"))));
            write(&members)
        }),
        2 => object(LINE).prop_map(|members| write(&members)),
        1 => value().prop_map(|value| value.to_string()),
    ]
}

fn device() -> impl Strategy<Value = String> {
    let lines = prop_oneof![
        6 => prop::collection::vec(line(), 0..4).prop_map(|lines| format!("[{}]", lines.join(","))),
        1 => line(),
    ];
    prop_oneof![
        8 => (object(DEVICE), lines).prop_map(|(members, lines)| {
            let mut json = write(&members);
            json.pop();
            let comma = if members.is_empty() { "" } else { "," };
            format!("{json}{comma}\"TotalByService\":{lines}}}")
        }),
        1 => object(DEVICE).prop_map(|members| write(&members)),
        1 => value().prop_map(|value| value.to_string()),
    ]
}

proptest! {
    #[test]
    fn the_short_cut_and_full_decoding_agree_on_anything(devices in prop::collection::vec(device(), 0..6)) {
        let json = format!(
            r#"{{"ContractId":1,"Clients":[{{"ClientId":7,"Devices":[{}]}}]}}"#,
            devices.join(",")
        );
        let (fast, full) = both(&json);
        prop_assert_eq!(fast, full);
    }
}

#[test]
fn a_name_with_escapes_is_read_like_any_other() {
    let json = r#"{"Clients":[{"ClientId":"1","Devices":[
        {"UsageCompany\u004eame":"M\u00fcller \"Nord\"","TotalByService":[{"BillingServiceName":"A \/ B","Quantity":"2"}]}]}]}"#;
    let (fast, full) = both(json);
    assert_eq!(fast, full);
    let client = &fast.documents[0].clients[0];
    assert_eq!(client.company_names, ["Müller \"Nord\""]);
    assert_eq!(client.services[0].service.as_deref(), Some("A / B"));
    assert_eq!(client.services[0].quantity.to_string(), "2");
}
