//! What is not known of the service, read both ways. Numbers are those of the reference's list of unknowns.

use cove_api::billing::{
    ClientId, ClientUsage, DeviceUsage, Limits, PriceSeen, TotalsOptions, UsageDocument,
    read_usage_bytes, total_usage_bytes,
};

use super::support::dec;

fn read(json: &str) -> UsageDocument {
    read_usage_bytes(json.as_bytes(), Limits::default())
        .unwrap()
        .remove(0)
}

fn client(json: &str) -> ClientUsage {
    let document = read(&format!(r#"{{"Clients":[{json}]}}"#));
    document.clients[0].good().unwrap().clone()
}

fn device(json: &str) -> DeviceUsage {
    client(&format!(r#"{{"Devices":[{json}]}}"#)).devices[0]
        .good()
        .unwrap()
        .clone()
}

// 1: what identifies the customer.
#[test]
fn a_client_id_may_be_text_number_blank_null_or_missing() {
    for (member, id) in [
        (r#""ClientId":"1223442""#, Some("1223442")),
        (r#""ClientId":2712428"#, Some("2712428")),
        (r#""ClientID":" 7 ""#, Some("7")),
        (r#""clientid":"x-Y""#, Some("x-Y")),
        (r#""ClientId":"""#, None),
        (r#""ClientId":"  ""#, None),
        (r#""ClientId":null"#, None),
        (r#""Name":"x""#, None),
    ] {
        let client = client(&format!("{{{member}}}"));
        assert_eq!(client.client_id, id.map(ClientId::new), "{member}");
        assert_eq!(client.bad, [], "{member}");
    }
}

// 1: an id that contradicts itself belongs to nobody.
#[test]
fn a_client_id_given_twice_is_used_only_if_both_agree() {
    let same = client(r#"{"ClientId":5,"ClientId":5}"#);
    assert_eq!(
        (same.client_id, same.bad.len()),
        (Some(ClientId::new("5")), 0)
    );
    let differ = client(r#"{"ClientId":5,"Devices":[{}],"ClientId":6}"#);
    assert_eq!(differ.client_id, None);
    assert_eq!(differ.bad[0].path, "[0].Clients[0].ClientId");
    assert_eq!(differ.devices.len(), 1);
    let object = client(r#"{"ClientId":{"value":5}}"#);
    assert_eq!((object.client_id, object.bad.len()), (None, 1));
}

// 2: where the billing service name is.
#[test]
fn unknown_client_members_are_kept() {
    let client =
        client(r#"{"ClientId":1,"UsageTotals":[{"BillingServiceName":"A","Quantity":1}]}"#);
    assert_eq!(client.extra["UsageTotals"][0]["Quantity"], 1);
}

// 3: which members a line has, and their types.
#[test]
fn every_member_of_a_line_but_the_quantity_is_optional() {
    let full = device(
        r#"{"TotalByService":[{"BillingServiceName":"A","Quantity":2,"Price":"1.5","Amount":3.0,"Sku":12,
            "Uom":"GB","ProductFeatureName":"0100_A","Tier":"gold"}]}"#,
    );
    let line = full.lines().next().unwrap();
    assert_eq!(
        (line.price, line.amount),
        (Some(dec("1.5")), Some(dec("3")))
    );
    assert_eq!(
        (line.sku.as_deref(), line.unit.as_deref()),
        (Some("12"), Some("GB"))
    );
    assert_eq!(line.extra["Tier"], "gold");
    let bare = device(r#"{"TotalByService":[{"Quantity":"2"}]}"#);
    assert_eq!(bare.lines().next().unwrap().billing_service_name, None);
    let without = device(r#"{"TotalByService":[{"BillingServiceName":"A"},{"Quantity":null}]}"#);
    assert_eq!(without.lines().count(), 0, "no quantity is not zero");
    assert_eq!(without.total_by_service.len(), 2);
}

// 3: a single object where a list is expected.
#[test]
fn a_single_object_counts_as_a_list_of_one() {
    let json = r#"{"TotalByContracts":{"ContractId":1,"AdditionalCapacity":{"Quantity":"120"}},
        "CommittedCharges":{"Quantity":3},
        "Clients":{"ClientId":1,"Devices":{"Detail":"a","TotalByService":{"BillingServiceName":"A","Quantity":"4"}}}}"#;
    let document = read(json);
    assert_eq!(
        document.totals_by_contract[0].additional_capacity[0].quantity,
        Some(dec("120"))
    );
    assert_eq!(document.committed_charges[0].quantity, dec("3"));
    let client = document.clients[0].good().unwrap();
    assert_eq!(
        client.devices[0]
            .good()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .quantity,
        dec("4")
    );
    let options = TotalsOptions::default();
    let (totals, end) = total_usage_bytes(json.as_bytes(), Limits::default(), options).unwrap();
    assert_eq!((end.clients, end.devices), (1, 1));
    assert_eq!(
        totals.documents[0].clients[0].services[0].quantity,
        dec("4")
    );
}

// 4: whether there are prices.
#[test]
fn prices_are_totalled_only_where_every_line_has_them() {
    let json = |second: &str| {
        format!(
            r#"{{"Clients":[{{"ClientId":1,"Devices":[{{"TotalByService":[
                {{"BillingServiceName":"A","Quantity":1,"Price":2,"Amount":2}},
                {{"BillingServiceName":"A","Quantity":1{second}}}]}}]}}]}}"#
        )
    };
    for (second, amount, price) in [
        (
            r#","Price":2,"Amount":2"#,
            Some("4"),
            PriceSeen::One(dec("2")),
        ),
        (r#","Price":3,"Amount":3"#, Some("5"), PriceSeen::Mixed),
        ("", None, PriceSeen::Mixed),
    ] {
        let options = TotalsOptions::default();
        let (totals, _) =
            total_usage_bytes(json(second).as_bytes(), Limits::default(), options).unwrap();
        let row = &totals.documents[0].clients[0].services[0];
        assert_eq!(
            (row.amount, row.price),
            (amount.map(dec), price),
            "{second}"
        );
    }
}

// 5: what a price is.
#[test]
fn price_and_amount_are_never_derived_from_each_other() {
    let device = device(
        r#"{"TotalByService":[{"Quantity":10,"Price":"2"},{"Quantity":10,"Amount":"15"},{"Quantity":10,"Price":"2","Amount":"15"}]}"#,
    );
    let lines: Vec<_> = device
        .lines()
        .map(|line| (line.price, line.amount))
        .collect();
    let (price, amount) = (Some(dec("2")), Some(dec("15")));
    assert_eq!(lines, [(price, None), (None, amount), (price, amount)]);
}

// 7: levels 7 and 8.
#[test]
fn levels_three_to_eight_are_read_and_others_are_kept() {
    let device = device(
        r#"{"UsageLevel_3":"three","UsageLevel_7":"seven","UsageLevel_8":"eight","UsageLevel_9":"nine",
            "Customer_Reference_L8":"ref"}"#,
    );
    assert_eq!(device.level(3), Some("three"));
    assert_eq!(device.level(7), Some("seven"));
    assert_eq!(device.level(8), Some("eight"));
    assert_eq!(device.customer_reference(8), Some("ref"));
    assert_eq!(device.extra["UsageLevel_9"], "nine");
}

// 8: device ids.
#[test]
fn a_device_id_is_opaque_text_or_number() {
    for (json, id) in [
        ("\"deviceid\"", "deviceid"),
        ("5550010", "5550010"),
        ("\"005\"", "005"),
    ] {
        let device = device(&format!(r#"{{"DetailId":{json}}}"#));
        assert_eq!(device.detail_id.unwrap().as_str(), id);
    }
}

#[test]
fn a_describing_member_of_an_odd_form_costs_the_device_nothing() {
    let device = device(
        r#"{"Detail":{"name":"x"},"UsageSiteName":[1],"DetailId":true,"TotalByService":[{"Quantity":"1"}]}"#,
    );
    assert_eq!(device.detail, None);
    assert_eq!(device.extra["Detail"]["name"], "x");
    assert_eq!(device.extra["DetailId"], true);
    assert_eq!(device.lines().next().unwrap().quantity, dec("1"));
}

// 9: committed charges in the PSA API.
#[test]
fn committed_charges_are_read_wherever_they_are_sent() {
    let document = read(
        r#"{"Clients":[],"CommittedCharges":[{"BillingServiceName":"C","Quantity":"10","Price":18},{"Quantity":"x"}]}"#,
    );
    assert_eq!(document.committed_charges[0].price, Some(dec("18")));
    assert_eq!(document.committed_charges.len(), 1);
    assert_eq!(document.bad[0].path, "CommittedCharges[1].Quantity");
}

// 10: the rest of the contract totals.
#[test]
fn unknown_members_of_contract_totals_and_document_are_kept() {
    let document = read(
        r#"{"Clients":[],"Currency":"USD","TotalByContracts":[{"TotalByService":[{"Quantity":5}]}]}"#,
    );
    assert_eq!(document.extra["Currency"], "USD");
    assert_eq!(
        document.totals_by_contract[0].extra["TotalByService"][0]["Quantity"],
        5
    );
}

#[test]
fn an_unreadable_pool_figure_is_reported_with_its_place() {
    let document = read(
        r#"{"Clients":[],"TotalByContracts":[{"AdditionalCapacity":[{"Quantity":"NaN","Price":"0.02"},7]},null]}"#,
    );
    let pool = &document.totals_by_contract[0].additional_capacity;
    assert_eq!(pool.len(), 1);
    assert_eq!((pool[0].quantity, pool[0].price), (None, Some(dec("0.02"))));
    let paths: Vec<_> = document
        .bad
        .iter()
        .map(|record| record.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "TotalByContracts[0].AdditionalCapacity[0].Quantity",
            "TotalByContracts[0].AdditionalCapacity[1]",
            "TotalByContracts[1]",
        ]
    );
}

// 15 and 18: an envelope with something beside the documents.
#[test]
fn members_of_the_envelope_are_kept() {
    let json = br#"{"Status":"PARTIAL","UsageDetailDevices":[{"Clients":[]}],"Page":1}"#;
    let options = TotalsOptions::default();
    let (_, end) = total_usage_bytes(json, Limits::default(), options).unwrap();
    assert_eq!(end.documents, 1);
    assert_eq!(end.envelope["Status"], "PARTIAL");
    assert_eq!(end.envelope["Page"], 1);
}
