//! What makes a month whole, and what is a gap in it.

use super::{
    SERVER, Scene, client, device, document, invoice, invoices, line, listing, one_server, simple,
    units,
};
use billing_sync::ids::{ContractId, CustomerId};
use rust_decimal::Decimal;
use serde_json::{Value, json};

#[tokio::test]
async fn a_month_that_lacks_a_contract_known_to_be_there_is_not_whole() {
    for answer in [json!(null), json!({"UsageDetailDevices": []})] {
        let usage = Scene::new(vec![
            invoices(vec![invoice("100", &["7"]), invoice("200", &[])]),
            (
                "PSAUsageDetailsDevices/7/100",
                document(json!(7), vec![one_server("1")]),
            ),
            ("PSAUsageByTimeFrame", answer),
            ("PSABillableServices/7", listing(&["1"])),
        ])
        .usage()
        .await;
        assert_eq!(
            usage.completeness.gaps,
            ["the usage of the whole of 202610 does not show contract 7, so it may lack others"]
        );
    }
}

#[tokio::test]
async fn a_contract_of_the_settings_that_is_nowhere_is_a_gap() {
    let usage = Scene::new(vec![
        invoices(vec![invoice("100", &["7"]), invoice("200", &[])]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        (
            "PSAUsageByTimeFrame",
            json!({"UsageDetailDevices": [
                document(json!(7), vec![one_server("1")]),
                document(json!(8), vec![one_server("2")]),
            ]}),
        ),
        ("PSABillableServices/7", listing(&["1"])),
    ])
    .contracts(&["7", "99"])
    .usage()
    .await;
    assert_eq!(
        usage.completeness.problems(),
        ["contract 99 was expected but has no usage document"]
    );
    assert_eq!(usage.lines.len(), 1);
}

#[tokio::test]
async fn a_wrong_contract_is_missing_and_not_empty() {
    let mut answers = simple(json!({"AccountName": "Acme", "ContractStatus": "ACTIVE"}));
    answers.truncate(2);
    let usage = Scene::new(answers).usage().await;
    let problems = usage.completeness.problems().join("; ");
    assert!(problems.contains("contract 7 was expected"), "{problems}");
    assert!(usage.lines.is_empty());
}

#[tokio::test]
async fn a_vendor_that_lists_no_customers_makes_absence_prove_nothing() {
    for listing in [json!({"AccountName": "Acme"}), listing(&[]), json!(404)] {
        let mut answers = simple(document(json!(7), vec![one_server("1")]));
        answers[2].1 = listing;
        let usage = Scene::new(answers).usage().await;
        let unlisted: Vec<_> = usage
            .completeness
            .contracts_unlisted
            .iter()
            .map(ContractId::as_str)
            .collect();
        assert_eq!(unlisted, ["7"]);
        assert_eq!(usage.lines.len(), 1);
    }
}

#[tokio::test]
async fn a_document_that_contradicts_the_question_is_a_gap() {
    let mut other_month = document(json!(7), vec![one_server("1")]);
    other_month["TimeFrame"] = json!("202609");
    let mut without_list = document(json!(7), vec![]);
    without_list["Clients"] = Value::Null;
    without_list["TotalByContracts"] = json!([{"ContractId": "7"}]);
    for (usage, gap) in [
        (
            other_month,
            "202610 was asked for, but the usage document of contract 7 says 202609",
        ),
        (
            document(json!(8), vec![one_server("1")]),
            "contract 7 was asked for, but its usage document says 8",
        ),
        (
            without_list,
            "the usage document of contract 7 has no list of customers",
        ),
    ] {
        let usage = Scene::new(simple(usage)).usage().await;
        assert_eq!(usage.completeness.gaps, [gap]);
        assert!(usage.lines.iter().all(|line| line.contract.as_str() == "7"));
    }
}

#[tokio::test]
async fn the_same_usage_on_two_invoices_is_suspected_to_be_one_usage() {
    let answers = |second: Value| {
        vec![
            invoices(vec![invoice("100", &["7"]), invoice("101", &["7"])]),
            (
                "PSAUsageDetailsDevices/7/100",
                document(json!(7), vec![one_server("1")]),
            ),
            ("PSAUsageDetailsDevices/7/101", second),
            ("PSABillableServices/7", listing(&["1", "2"])),
        ]
    };
    let usage = Scene::new(answers(document(json!(7), vec![one_server("1")])))
        .usage()
        .await;
    assert_eq!(
        usage.completeness.gaps,
        ["contract 7 has the very same usage on the invoices 100 and 101"]
    );
    let usage = Scene::new(answers(document(json!(7), vec![one_server("2")])))
        .usage()
        .await;
    assert!(usage.completeness.gaps.is_empty());
    assert_eq!(usage.lines.len(), 2);
    let mut three = answers(document(json!(7), vec![one_server("2")]));
    three[0] = invoices(vec![
        invoice("100", &["7"]),
        invoice("101", &["7"]),
        invoice("102", &["7"]),
    ]);
    three.push((
        "PSAUsageDetailsDevices/7/102",
        document(json!(7), vec![one_server("2")]),
    ));
    let usage = Scene::new(three).usage().await;
    assert_eq!(
        usage.completeness.gaps,
        ["contract 7 has the very same usage on the invoices 101 and 102"]
    );
}

#[tokio::test]
async fn a_part_of_a_contract_that_one_of_its_invoices_does_not_answer_is_a_gap() {
    let usage = Scene::new(vec![
        invoices(vec![invoice("100", &["7"]), invoice("101", &["7"])]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        ("PSAUsageDetailsDevices/7/101", json!({})),
        ("PSABillableServices/7", listing(&["1"])),
    ])
    .usage()
    .await;
    assert_eq!(usage.lines.len(), 1);
    assert_eq!(
        usage.completeness.gaps,
        ["contract 7 has no usage document on invoice 101"]
    );
}

#[tokio::test]
async fn what_cannot_be_read_names_its_customer_and_leaves_the_others_alone() {
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            client(
                json!(1),
                vec![device(
                    "a",
                    "A",
                    vec![line(SERVER, json!("many")), line(SERVER, json!(2))],
                )],
            ),
            json!("not a client"),
            one_server("2"),
        ],
    )))
    .usage()
    .await;
    let unreadable: Vec<_> = usage
        .unreadable
        .iter()
        .map(|record| {
            assert_eq!(record.contract, Some("7".into()));
            record.customer.as_ref().map(CustomerId::as_str)
        })
        .collect();
    assert_eq!(unreadable, [Some("1"), None]);
    assert_eq!(usage.lines.len(), 2);
    let [gap] = usage.completeness.gaps.as_slice() else {
        panic!("{:?}", usage.completeness.gaps);
    };
    let start = "usage of an unknown customer under contract 7 could not be read: ";
    assert!(gap.starts_with(start), "it may be anybody's: {gap}");
}

#[tokio::test]
async fn devices_that_say_nothing_about_services_are_a_gap_and_not_zero_units() {
    let silent = json!({"DetailId": "5", "Services": [line(SERVER, json!(3))]});
    let usage = Scene::new(simple(document(
        json!(7),
        vec![client(json!(1), vec![silent.clone(), silent])],
    )))
    .usage()
    .await;
    assert_eq!(usage.lines, []);
    assert_eq!(
        usage.completeness.gaps,
        [
            "usage of an unknown customer under contract 7 could not be read: \
          Clients.Devices.TotalByService: none of the 2 devices says which services it used"
        ]
    );
    let [record] = usage.unreadable.as_slice() else {
        panic!("{:?}", usage.unreadable);
    };
    assert_eq!(
        (&record.contract, &record.customer),
        (&Some("7".into()), &None)
    );
}

#[tokio::test]
async fn totals_the_vendor_states_are_compared_with_the_sum() {
    let stated = |quantity: &str| {
        let mut client = one_server("1");
        client["TotalByService"] = json!([{"BillingServiceName": SERVER, "Quantity": quantity}]);
        simple(document(json!(7), vec![client]))
    };
    assert!(
        Scene::new(stated("1.0"))
            .usage()
            .await
            .disagreements
            .is_empty()
    );
    let usage = Scene::new(stated("3")).usage().await;
    let [found] = usage.disagreements.as_slice() else {
        panic!("{:?}", usage.disagreements);
    };
    assert_eq!((found.stated, found.summed), (units("3"), Decimal::ONE));
    assert_eq!(found.contract.as_str(), "7");
}

#[tokio::test]
async fn a_document_without_contract_is_shown_but_never_whole() {
    let nameless = |number: Value| {
        let mut document = document(Value::Null, vec![one_server("1")]);
        document["ContractNumber"] = number;
        vec![(
            "PSAUsageByTimeFrame",
            json!({"UsageDetailDevices": [document]}),
        )]
    };
    for (number, contract) in [
        (json!("MSP-1"), "MSP-1"),
        (json!(""), "(document 1 without contract)"),
    ] {
        let usage = Scene::new(nameless(number)).indirect().usage().await;
        assert_eq!(usage.lines[0].contract.as_str(), contract);
        assert!(
            usage
                .completeness
                .gaps
                .contains(&"usage document 1 names no contract".to_owned())
        );
    }
    let usage = Scene::new(nameless(json!("MSP-1")))
        .indirect()
        .contracts(&["7"])
        .usage()
        .await;
    assert!(usage.lines.is_empty(), "it may be another contract's");
    assert!(!usage.completeness.is_complete());
}

#[tokio::test]
async fn nothing_at_all_is_not_whole() {
    let usage = Scene::new(vec![(
        "PSAUsageByTimeFrame",
        json!({"UsageDetailDevices": []}),
    )])
    .indirect()
    .usage()
    .await;
    assert!(usage.lines.is_empty());
    assert_eq!(usage.completeness.problems(), ["no contract was read"]);
}
