//! Devices and clients that say nothing about what they used: that is not the same as nothing.

use cove_api::billing::{
    Completeness, ContractId, FoldEnd, Limits, TotalsOptions, UsageTotals, fold_usage_bytes,
    read_usage_bytes, total_usage_bytes,
};

use super::streaming::Log;
use super::support::dec;

fn evidence() -> TotalsOptions {
    TotalsOptions {
        evidence: true,
        ..TotalsOptions::default()
    }
}

/// The sums by the short cut, which full decoding must confirm.
fn totals(json: &str) -> (UsageTotals, FoldEnd) {
    let limits = Limits::default();
    let quick = total_usage_bytes(json.as_bytes(), limits, TotalsOptions::default()).unwrap();
    let (_, full) = total_usage_bytes(json.as_bytes(), limits, evidence()).unwrap();
    let typed = fold_usage_bytes(json.as_bytes(), limits, &mut Log::default()).unwrap();
    assert_eq!((&full, &typed), (&quick.1, &quick.1), "{json}");
    quick
}

fn is_complete(totals: &UsageTotals) -> bool {
    let mut completeness = Completeness::default();
    completeness.saw(Some(&ContractId::new("7")), totals);
    completeness.is_complete()
}

#[test]
fn a_misspelt_list_of_services_is_summed_like_any_other() {
    for name in [
        "TotalByService",
        "Total By Service",
        "Total_By_Service",
        "totalByService",
        "TOTALBYSERVICE",
        "Total  By  Service___",
    ] {
        let json = format!(
            r#"{{"ContractId":7,"Clients":[{{"ClientId":1,"Devices":[
                {{"{name}":[{{"BillingServiceName":"A","Quantity":"2"}}]}}]}}]}}"#
        );
        let (totals, end) = totals(&json);
        let client = &totals.documents[0].clients[0];
        assert_eq!(client.services.len(), 1, "{name}");
        assert_eq!(client.services[0].quantity, dec("2"), "{name}");
        assert_eq!((client.devices_without_services, end.unreadable), (0, 0));
        assert!(client.is_sound() && is_complete(&totals), "{name}");
    }
}

#[test]
fn services_given_twice_in_two_spellings_are_unreadable() {
    let json =
        r#"{"Clients":[{"ClientId":1,"Devices":[{"TotalByService":[],"Total By Service":[]}]}]}"#;
    let (totals, end) = totals(json);
    assert_eq!(end.unreadable, 1);
    assert!(!totals.documents[0].clients[0].is_sound());
}

#[test]
fn a_document_none_of_whose_devices_names_services_is_not_complete() {
    for odd in [
        "",
        r#","TotalByService":null"#,
        r#","Services":[{"BillingServiceName":"A","Quantity":"2"}]"#,
    ] {
        let device = format!(r#"{{"DetailId":1{odd}}}"#);
        let json = format!(
            r#"[{{"ContractId":7,"Clients":[{{"ClientId":1,"Devices":[{device},{device}]}}]}},
                {{"ContractId":8,"Clients":[{{"ClientId":2,"Devices":[{{"TotalByService":[]}}]}}]}}]"#
        );
        let (totals, end) = totals(&json);
        assert_eq!(
            (end.devices, end.devices_without_services, end.unreadable),
            (3, 2, 1),
            "{odd}"
        );
        let [silent, other] = &totals.documents[..] else {
            panic!("{} documents", totals.documents.len())
        };
        assert_eq!(silent.clients[0].devices_without_services, 2);
        assert!(!silent.clients[0].is_sound());
        assert_eq!(
            silent.head.bad[0].error,
            "none of the 2 devices says which services it used"
        );
        assert!(other.head.bad.is_empty(), "an empty list is an answer");
        assert!(!is_complete(&totals), "{odd}");
        let whole = read_usage_bytes(json.as_bytes(), Limits::default()).unwrap();
        let mut completeness = Completeness::default();
        completeness.saw_document(None, &whole[0]);
        assert!(!completeness.is_complete());
    }
}

#[test]
fn one_silent_device_among_others_is_counted_and_costs_its_client_its_soundness() {
    let json = r#"{"ContractId":7,"Clients":[{"ClientId":1,"Devices":[
        {"TotalByService":[{"BillingServiceName":"A","Quantity":"2"}]},{"DetailId":2}]}]}"#;
    let (totals, end) = totals(json);
    assert_eq!((end.devices, end.devices_without_services), (2, 1));
    assert_eq!(end.unreadable, 0);
    assert!(!totals.documents[0].clients[0].is_sound());
    assert!(is_complete(&totals));
}

#[test]
fn a_client_whose_totals_stand_under_an_unknown_name_is_unreadable_and_not_zero() {
    for (members, silent, unreadable) in [
        (
            r#""Usage":[{"BillingServiceName":"A","Quantity":"2"}]"#,
            1,
            1,
        ),
        (r#""Devices":null,"Usage":{"A":2}"#, 1, 1),
        (r#""Usage":[],"Note":"x""#, 1, 0),
        (r#""Devices":null"#, 1, 0),
        (r#""Devices":[],"Usage":[1]"#, 0, 0),
        (r#""TotalByService":[],"Usage":[1]"#, 0, 0),
    ] {
        let json = format!(
            r#"{{"ContractId":7,"Clients":[{{"ClientId":1,{members}}},{{"ClientId":2,"Devices":[]}}]}}"#
        );
        let (totals, end) = totals(&json);
        assert_eq!(
            (end.clients_without_usage, end.unreadable),
            (silent, unreadable),
            "{members}"
        );
        let client = &totals.documents[0].clients[0];
        assert_eq!(client.unreadable.len() as u64, unreadable, "{members}");
        assert_eq!(is_complete(&totals), unreadable == 0, "{members}");
    }
}

#[test]
fn names_made_up_by_the_thousand_are_not_told_apart_for_ever() {
    let lines: Vec<String> = (0..1_001)
        .map(|n| format!(r#"{{"BillingServiceName":"S{n}","Quantity":1}}"#))
        .collect();
    let json = format!(
        r#"{{"Clients":[{{"ClientId":1,"Devices":[{{"TotalByService":[{},{}]}}]}}]}}"#,
        lines.join(","),
        lines[0],
    );
    let (totals, _) = totals(&json);
    let client = &totals.documents[0].clients[0];
    assert_eq!(client.services.len(), 1_000);
    assert_eq!(client.services[0].quantity, dec("2"), "known ones go on");
    assert_eq!(client.unreadable.len(), 1);
    assert_eq!(
        client.unreadable[0].error,
        "there are more than 1000 different services"
    );
}
