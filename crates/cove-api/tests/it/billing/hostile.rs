//! Answers that no service should give: typed errors, bounded memory, no panic.

use api_core::ErrorKind;
use api_core::testing::Scripted;
use cove_api::billing::{Limits, TotalsOptions, read_usage_bytes, total_usage_bytes};
use proptest::prelude::*;

use super::support::{answering, contract, dec, fixture, month, scripted};

fn kind_of(json: &[u8]) -> ErrorKind {
    let whole = read_usage_bytes(json, Limits::default()).unwrap_err();
    let options = TotalsOptions::default();
    let totals = total_usage_bytes(json, Limits::default(), options).unwrap_err();
    assert_eq!(whole.kind(), totals.kind());
    assert_eq!(whole.operation(), Some("usage"));
    whole.kind()
}

#[test]
fn what_is_no_json_is_a_decode_error() {
    for json in [
        "<html><body>Sign in</body></html>",
        "Service unavailable",
        "\"just a text\"",
        "17",
        "true",
        "nul",
        "{\"Clients\":[]} trailing",
        "{\"Clients\":[]}{}",
        "{\"Clients\":[],}",
        "{,}",
        "{\"Clients\" []}",
        "{'Clients':[]}",
        "{\"Clients\":[{\"Devices\":[{]}]}",
        "[[]] ]",
        "{\"Clients\":[{\"Devices\":{},{}}]}",
        "{\"Clients\":17}",
        "{\"Clients\":\"none\"}",
        "{\"UsageDetailDevices\":\"none\"}",
        "{\"Clients\":[],\"Clients\":[]}",
        "{\"UsageDetailDevices\":[],\"UsageDetailDevices\":[]}",
    ] {
        let kind = kind_of(json.as_bytes());
        assert!(
            matches!(kind, ErrorKind::Decode | ErrorKind::Incomplete),
            "{json}: {kind:?}"
        );
    }
}

#[test]
fn an_html_page_is_named_as_such() {
    let error = read_usage_bytes(b" <!DOCTYPE html>", Limits::default()).unwrap_err();
    assert!(error.message().contains("HTML"));
    assert!(error.hint().unwrap().contains("base URL"));
}

#[tokio::test]
async fn an_html_page_is_named_as_such_for_the_small_calls_too() {
    for body in ["<html/>", " \n<!DOCTYPE html>"] {
        let error = answering(body).invoices_ready(month()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("HTML"), "{error}");
        let error = answering(body)
            .billable_services(month(), &contract())
            .await
            .unwrap_err();
        assert!(error.message().contains("HTML"), "{error}");
    }
    for body in [
        "{\"InvoicesReady\":7}",
        "[1]",
        "{\"InvoicesReady\":[",
        "nope",
        "\"x\"",
    ] {
        let error = answering(body).invoices_ready(month()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[test]
fn malformed_json_is_located() {
    let error =
        read_usage_bytes(br#"{"Clients":[{"ClientId" 1}]}"#, Limits::default()).unwrap_err();
    assert!(error.message().contains("byte 24"), "{error}");
}

#[test]
fn an_unreadable_device_is_isolated_with_its_place() {
    let json = br#"{"Clients":[{"ClientId":1,"Devices":[
        {"Detail":"good","TotalByService":[{"BillingServiceName":"A","Quantity":"1"}]},
        17, null, "text", [1], {"TotalByService":"none"}, {"TotalByService":[],"TotalByService":[]},
        {"Detail":"also good","TotalByService":[{"BillingServiceName":"A","Quantity":"2"},{"Quantity":"NaN"}]}]},
        {"ClientId":2,"Devices":[{"TotalByService":[{"BillingServiceName":"A","Quantity":"4"}]}]}]}"#;
    let (totals, end) =
        total_usage_bytes(json, Limits::default(), TotalsOptions::default()).unwrap();
    assert_eq!(end.unreadable, 7);
    let [first, second] = totals.documents[0].clients.as_slice() else {
        panic!()
    };
    assert_eq!(first.services[0].quantity, dec("3"));
    let places: Vec<_> = first
        .unreadable
        .iter()
        .map(|record| record.path.as_str())
        .collect();
    assert_eq!(
        places,
        [
            "[0].Clients[0].Devices[1]",
            "[0].Clients[0].Devices[2]",
            "[0].Clients[0].Devices[3]",
            "[0].Clients[0].Devices[4]",
            "[0].Clients[0].Devices[5].TotalByService",
            "[0].Clients[0].Devices[6]",
            "[1].Quantity",
        ]
    );
    assert!(!first.is_sound());
    assert_eq!(second.services[0].quantity, dec("4"));
    assert!(second.is_sound());
}

#[test]
fn what_stands_for_a_client_or_document_and_is_none_is_isolated() {
    let json = br#"[{"ContractId":1,"Clients":[7,{"ClientId":1},null]},"x",{},{"unknown":1},{"ContractId":2,"Clients":[]}]"#;
    let (totals, end) =
        total_usage_bytes(json, Limits::default(), TotalsOptions::default()).unwrap();
    assert_eq!(totals.documents.len(), 2);
    assert_eq!(totals.documents[0].unreadable_clients.len(), 2);
    assert_eq!(totals.documents[0].clients.len(), 1);
    assert_eq!(totals.unreadable_documents.len(), 3);
    assert_eq!(end.unreadable, 5);
    let error = read_usage_bytes(json, Limits::default()).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Decode,
        "whole documents are all or nothing"
    );
}

#[test]
fn a_devices_member_that_is_no_list_makes_the_client_unreadable_and_no_other() {
    for devices in ["17", "\"none\"", "true"] {
        let json =
            format!(r#"{{"Clients":[{{"ClientId":1,"Devices":{devices}}},{{"ClientId":2}}]}}"#);
        let (totals, _) =
            total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default())
                .unwrap();
        let clients = &totals.documents[0].clients;
        assert!(!clients[0].is_sound());
        assert_eq!(clients[0].unreadable[0].path, "[0].Clients[0].Devices");
        assert!(clients[1].is_sound());
    }
    let twice = br#"{"Clients":[{"ClientId":1,"Devices":[{}],"Devices":[{}]}]}"#;
    let (totals, end) =
        total_usage_bytes(twice, Limits::default(), TotalsOptions::default()).unwrap();
    assert_eq!(end.devices, 1);
    assert!(!totals.documents[0].clients[0].is_sound());
}

#[test]
fn text_that_is_not_utf_8_costs_only_its_device() {
    let mut json = br#"{"Clients":[{"ClientId":1,"Devices":[{"Detail":"M"#.to_vec();
    json.extend(
        b"\xFCller\"},{\"TotalByService\":[{\"BillingServiceName\":\"A\",\"Quantity\":1}]}]}]}",
    );
    let (totals, _) =
        total_usage_bytes(&json, Limits::default(), TotalsOptions::default()).unwrap();
    let client = &totals.documents[0].clients[0];
    assert_eq!(client.devices, 1);
    assert_eq!(client.services[0].quantity, dec("1"));
    assert_eq!(client.unreadable.len(), 1);
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let deep = "[".repeat(2_000_000);
    assert_eq!(kind_of(deep.as_bytes()), ErrorKind::Incomplete);
    let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!(
        r#"{{"Clients":[{{"ClientId":1,"Devices":[{closed}],"x":{closed}}}],"y":{closed}}}"#
    );
    let (totals, _) =
        total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default()).unwrap();
    assert!(!totals.documents[0].clients[0].is_sound());
}

#[test]
fn huge_negative_and_odd_numbers_are_exact_or_unreadable() {
    for (quantity, read) in [
        ("-5", Some("-5")),
        ("-0.0", Some("0.0")),
        ("1e3", Some("1000")),
        ("\"1E-3\"", Some("0.001")),
        (
            "79228162514264337593543950335",
            Some("79228162514264337593543950335"),
        ),
        ("79228162514264337593543950336", None),
        ("1e400", None),
        ("1e-400", None),
        ("-4.9e-324", None),
        ("0e-400", Some("0")),
        (
            "5.684341886080802E-14",
            Some("0.0000000000000568434188608080"),
        ),
        (
            "\"-3.5527136788005009e-15\"",
            Some("-0.0000000000000035527136788005"),
        ),
        ("1e29", None),
        ("\"Infinity\"", None),
        ("\"1,000\"", None),
        ("\"0x10\"", None),
        ("true", None),
    ] {
        let json = format!(
            r#"{{"Clients":[{{"Devices":[{{"TotalByService":[{{"BillingServiceName":"A","Quantity":{quantity}}}]}}]}}]}}"#
        );
        let result =
            total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default());
        let (totals, _) = result.unwrap();
        let client = &totals.documents[0].clients[0];
        if let Some(exact) = read {
            assert_eq!(client.services[0].quantity, dec(exact), "{quantity}");
        } else {
            assert_eq!(client.services, [], "{quantity}");
            assert_eq!(client.unreadable.len(), 1, "{quantity}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_a_document_and_an_envelope_at_once_is_an_error_in_either_order() {
    let clients = r#""Clients":[]"#;
    for documents in [
        r#""UsageDetailDevices":[{"ContractId":1,"Clients":[{"ClientId":5}]}]"#,
        r#""UsageDetailDevices":{"ContractId":1}"#,
    ] {
        for json in [
            format!("{{{clients},{documents}}}"),
            format!("{{{documents},{clients}}}"),
        ] {
            let options = TotalsOptions::default();
            let whole = read_usage_bytes(json.as_bytes(), Limits::default()).unwrap_err();
            let totals = total_usage_bytes(json.as_bytes(), Limits::default(), options);
            let bytes = json.bytes().map(|byte| Ok(vec![byte].into())).collect();
            let (client, _) = scripted([Scripted::Stream(bytes)]);
            let streamed = client.total_usage_by_timeframe(month(), options).await;
            for error in [whole, totals.unwrap_err(), streamed.unwrap_err()] {
                assert_eq!(error.kind(), ErrorKind::Decode, "{json}");
                assert!(
                    error.message().contains("documents beside clients"),
                    "{error}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let options = TotalsOptions::default();
        let whole = read_usage_bytes(&bytes, Limits::default());
        let totals = total_usage_bytes(&bytes, Limits::default(), options);
        prop_assert!(totals.is_ok() || whole.is_err());
    }

    #[test]
    fn no_damage_to_a_sample_makes_it_panic_or_invent_usage(
        at in 0usize..6_000,
        damage in prop::collection::vec(any::<u8>(), 0..4),
        cut in 0usize..8,
    ) {
        let mut json = fixture("psa_usage_details_devices.json").into_bytes();
        let at = at.min(json.len());
        let end = (at + cut).min(json.len());
        json.splice(at..end, damage);
        let options = TotalsOptions::default();
        let result = total_usage_bytes(&json, Limits::default(), options);
        prop_assert!(result.is_ok() || result.is_err_and(|error| error.operation().is_some()));
    }

    #[test]
    fn numbers_and_their_texts_agree(whole in any::<i64>(), part in 0u32..1_000_000) {
        for number in [whole.to_string(), format!("{}.{part:06}", whole / 1_000_000)] {
            let sum = |quantity: &str| {
                let json = format!(
                    r#"{{"Clients":[{{"ClientId":{whole},"Devices":[{{"TotalByService":[{{"Quantity":{quantity},"Price":{quantity}}}]}}]}}]}}"#
                );
                total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default()).unwrap().0
            };
            let as_number = sum(&number);
            prop_assert_eq!(&as_number, &sum(&format!("\"{number}\"")));
            let quantity = as_number.documents[0].clients[0].services[0].quantity;
            prop_assert_eq!(quantity, dec(&number));
        }
    }
}
