//! What existing clients get wrong, one test each; the client it was seen in is named above.

use cove_api::billing::{
    Basis, ClientId, Completeness, ContractId, Limits, PriceSeen, TotalsOptions, UsageTotals,
    read_usage_bytes, total_usage_bytes,
};
use rust_decimal::Decimal;

use super::support::{answering, contract, dec, invoice, month};

fn totals(json: &str) -> UsageTotals {
    let (totals, _) =
        total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default()).unwrap();
    totals
}

fn device(lines: &str) -> String {
    format!(r#"{{"Clients":[{{"ClientId":1,"Devices":[{{"TotalByService":[{lines}]}}]}}]}}"#)
}

// HaloPSA runbook 2789: quantities are parsed to integers.
#[test]
fn a_fractional_quantity_survives_as_text_and_as_number() {
    for quantity in ["\"312.407\"", "312.407", "\" 312.407 \""] {
        let json = device(&format!(
            r#"{{"BillingServiceName":"GB","Quantity":{quantity}}}"#
        ));
        assert_eq!(
            totals(&json).documents[0].clients[0].services[0].quantity,
            dec("312.407")
        );
    }
}

// The ConnectWise workflow: gigabytes are cast to int.
#[test]
fn sums_of_gigabytes_are_not_truncated() {
    let lines = [r#"{"BillingServiceName":"GB","Quantity":"0.9"}"#; 10].join(",");
    assert_eq!(
        totals(&device(&lines)).documents[0].clients[0].services[0].quantity,
        dec("9.0")
    );
}

// HaloPSA runbook 2789: one fixed contract id.
#[tokio::test]
async fn every_contract_of_every_invoice_is_enumerated() {
    let body = r#"{"InvoicesReady":[
        {"InvoiceID":1,"Contracts":[{"ContractID":10},{"ContractID":"11"}]},
        {"InvoiceID":2,"Contracts":[{"ContractID":12}]}]}"#;
    let invoices = answering(body).invoices_ready(month()).await.unwrap();
    let mut completeness = Completeness::default();
    completeness.expect(&invoices);
    let expected = ["10", "11", "12"].map(ContractId::new);
    assert_eq!(completeness.contracts_expected, expected.clone().into());
    let seen = totals(r#"{"Clients":[{"ClientId":5}]}"#);
    completeness.saw(Some(&expected[0]), &seen);
    completeness.saw(Some(&expected[1]), &seen);
    let missing: Vec<_> = completeness.missing_contracts().collect();
    assert_eq!(missing, [&expected[2]]);
    assert!(!completeness.is_complete());
    completeness.saw(Some(&expected[2]), &seen);
    assert!(completeness.is_complete());
}

// The Python wrapper: expected a wrapper key named after the endpoint.
#[tokio::test]
async fn wrapped_one_element_array_and_bare_usage_give_the_same_result() {
    let bare = r#"{"ContractId":7,"Clients":[{"ClientId":1,"Devices":[{"Detail":"a"}]}],"PgaCode":"0100"}"#;
    let expected = read_usage_bytes(bare.as_bytes(), Limits::default()).unwrap();
    for body in [
        format!("[{bare}]"),
        format!(r#"{{"UsageDetailDevices":[{bare}]}}"#),
        format!(r#"{{"UsageDetailDevices":{bare}}}"#),
        format!(r#"{{"UsageDetailsDevices":{bare}}}"#),
        format!(r#"{{"PSAUsageDetailsDevices":{bare}}}"#),
        format!(r#"{{"PSAUsageDetailsDevices":[{bare}]}}"#),
        format!(r#"{{"PSAUsageByTimeFrame":[{bare}]}}"#),
        format!("\u{feff}\r\n {bare} \r\n"),
    ] {
        let read = answering(body.clone())
            .usage_by_timeframe(month())
            .await
            .unwrap();
        assert_eq!(read, expected, "{body}");
        let one = answering(body.clone())
            .usage_details(month(), &contract(), &invoice())
            .await;
        assert_eq!(one.unwrap(), expected[0], "{body}");
    }
}

// The PowerShell report: a missing list reads as "no usage".
#[tokio::test]
async fn an_empty_month_and_an_error_are_told_apart() {
    let options = TotalsOptions::default();
    let (_, end) = answering(r#"{"UsageDetailDevices":[]}"#)
        .total_usage_by_timeframe(month(), options)
        .await
        .unwrap();
    assert!(end.is_empty());
    let error = answering(r#"{"Fault":"no such account"}"#)
        .total_usage_by_timeframe(month(), options)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("unrecognised_answer"));
    let mut completeness = Completeness::default();
    completeness.saw(None, &UsageTotals::default());
    assert!(
        !completeness.is_complete(),
        "nothing seen is not everything seen"
    );
}

// The PowerShell report: does not read `Customer Site Name`.
#[test]
fn both_site_members_at_once_each_alone_and_none() {
    for (members, customer_site, site) in [
        (
            r#""Customer Site Name":"A","UsageSiteName":"B""#,
            Some("A"),
            Some("B"),
        ),
        (r#""Customer Site Name":"A""#, Some("A"), None),
        (r#""UsageSiteName":"B""#, None, Some("B")),
        (
            r#""Customer Site Name":"","UsageSiteName":null"#,
            None,
            None,
        ),
    ] {
        let json = format!(r#"{{"Clients":[{{"Devices":[{{{members}}}]}}]}}"#);
        let documents = read_usage_bytes(json.as_bytes(), Limits::default()).unwrap();
        let client = documents[0].clients[0].good().unwrap();
        let device = client.devices[0].good().unwrap();
        assert_eq!(
            device.customer_site_name.as_deref(),
            customer_site,
            "{members}"
        );
        assert_eq!(device.site_name.as_deref(), site, "{members}");
    }
}

// The PowerShell report sums lines by name; others overwrite.
#[test]
fn several_lines_of_one_service_on_a_device_are_summed() {
    let json = device(
        r#"{"BillingServiceName":"Server","Quantity":"1","Price":"2","Amount":"2"},
           {"BillingServiceName":"Server","Quantity":2,"Price":"2.0","Amount":4},
           {"BillingServiceName":"Server","Uom":"GB","Quantity":8}"#,
    );
    let client = &totals(&json).documents[0].clients[0];
    assert_eq!(client.services[0].quantity, dec("3"));
    assert_eq!(client.services[0].amount, Some(dec("6")));
    assert_eq!(client.services[0].price, PriceSeen::One(dec("2")));
    assert_eq!(client.services[0].lines, 2);
    assert_eq!(
        client.services[1].unit.as_deref(),
        Some("GB"),
        "units are not mixed"
    );
    assert_eq!(client.services[1].quantity, dec("8"));
}

// Everybody: one client id may hold devices of two companies.
#[test]
fn two_company_names_under_one_client_id_are_a_warning() {
    let json = r#"{"Clients":[{"ClientId":1,"Devices":[
        {"UsageCompanyName":"Contoso"},{"UsageCompanyName":" Contoso "},{"UsageCompanyName":"Fabrikam"}]}]}"#;
    let client = &totals(json).documents[0].clients[0];
    assert_eq!(client.company_names, ["Contoso", "Fabrikam"]);
    assert!(!client.is_sound());
}

#[test]
fn stated_client_totals_are_checked_against_the_devices() {
    let json = |stated: &str| {
        format!(
            r#"{{"Clients":[{{"ClientId":1,"TotalByService":{stated},"Devices":[{{"TotalByService":[
                {{"BillingServiceName":"A","Quantity":"2.50"}},{{"BillingServiceName":"B","Quantity":1}}]}}]}}]}}"#
        )
    };
    let agree = r#"[{"BillingServiceName":"B","Quantity":"1.0"},{"BillingServiceName":"A","Quantity":2.5}]"#;
    let read = totals(&json(agree));
    let client = &read.documents[0].clients[0];
    assert_eq!(client.differences, []);
    assert_eq!(client.basis, Basis::Devices);

    let noisy = r#"[{"BillingServiceName":"B","Quantity":1.0000000000000002},{"BillingServiceName":"A","Quantity":2.5}]"#;
    assert_eq!(totals(&json(noisy)).documents[0].clients[0].differences, []);

    let differ =
        r#"[{"BillingServiceName":"A","Quantity":"3"},{"BillingServiceName":"C","Quantity":4}]"#;
    let read = totals(&json(differ));
    let client = &read.documents[0].clients[0];
    let differences: Vec<(Option<&str>, Option<Decimal>, Option<Decimal>)> = client
        .differences
        .iter()
        .map(|d| (d.service.as_deref(), d.stated, d.summed))
        .collect();
    assert_eq!(
        differences,
        [
            (Some("A"), Some(dec("3")), Some(dec("2.50"))),
            (Some("C"), Some(dec("4")), None),
            (Some("B"), None, Some(dec("1"))),
        ]
    );
    assert!(!client.is_sound());
}

#[test]
fn stated_totals_without_devices_are_used_as_they_are() {
    let json = r#"{"Clients":[{"ClientId":1,"TotalByService":{"BillingServiceName":"A","Quantity":"7"}}]}"#;
    let read = totals(json);
    let client = &read.documents[0].clients[0];
    assert_eq!(client.basis, Basis::Stated);
    assert_eq!(client.services[0].quantity, dec("7"));
    assert_eq!(client.client_id, Some(ClientId::new("1")));
    assert!(client.is_sound());
}

#[test]
fn float_residue_gives_way_where_a_sum_has_no_digits_left_for_it() {
    let json = device(
        r#"{"BillingServiceName":"A","Quantity":1830.479},
           {"BillingServiceName":"A","Quantity":5.684341886080802E-14},
           {"BillingServiceName":"A","Quantity":-0.479}"#,
    );
    let client = &totals(&json).documents[0].clients[0];
    assert_eq!(client.services[0].quantity, dec("1830"));
    assert_eq!(client.unreadable, []);
    assert!(client.is_sound());
}

#[test]
fn a_sum_that_would_lose_digits_is_reported_instead_of_rounded() {
    let huge = "7922816251426433759354395033";
    let json = device(&format!(
        r#"{{"BillingServiceName":"A","Quantity":"{huge}"}},{{"BillingServiceName":"A","Quantity":"0.001"}},
           {{"BillingServiceName":"B","Quantity":1}}"#
    ));
    let client = &totals(&json).documents[0].clients[0];
    assert_eq!(client.services[0].quantity.to_string(), huge);
    assert_eq!(client.services[1].quantity, dec("1"));
    assert_eq!(client.unreadable.len(), 1);
    assert!(!client.is_sound());
}
