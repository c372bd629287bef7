#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON written in place reads best without borrows"
)]

use super::CoveUsage;
use crate::settings::{Audience, CoveSettings};
use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use billing_sync::Period;
use billing_sync::ids::{ContractId, CustomerId};
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Finality, Usage};
use cove_api::billing::{AccountId, BillingClient};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// 2026-11-05T00:00:00Z
const FIFTH: u64 = 1_793_836_800;

/// Answers by the path behind the account and the month.
type Answers = Vec<(&'static str, Value)>;

struct Scene {
    settings: CoveSettings,
    now: SystemTime,
    answers: Answers,
}

impl Scene {
    fn new(answers: Answers) -> Self {
        Self {
            settings: CoveSettings::default(),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(FIFTH),
            answers,
        }
    }

    fn contracts(mut self, ids: &[&str]) -> Self {
        self.settings.contract_ids = ids.iter().map(ToString::to_string).collect();
        self
    }

    fn indirect(mut self) -> Self {
        self.settings.audience = Audience::Indirect;
        self
    }

    fn at(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// What the source says, and the paths that were asked for.
    async fn run(self) -> (Result<Usage, PortError>, Vec<String>) {
        let Self {
            settings,
            now,
            answers,
        } = self;
        let answer = move |request: &http::Request<bytes::Bytes>| {
            let path = short(request.uri().path());
            match answers.iter().find(|(known, _)| *known == path) {
                Some((_, Value::Number(status))) => {
                    Scripted::status(u16::try_from(status.as_u64().unwrap()).unwrap())
                }
                Some((_, Value::String(body))) => Scripted::json(200, body.clone()),
                Some((_, body)) => Scripted::json(200, body.to_string()),
                None => Scripted::status(404),
            }
        };
        let transport = ScriptedTransport::by(answer);
        let clock = Arc::new(ManualClock::new(now));
        let client = BillingClient::builder(
            "https://billing.example/api",
            AccountId::new("acc"),
            "key".to_owned().into(),
        )
        .transport(Arc::new(transport.clone()))
        .clock(clock.clone())
        .build()
        .unwrap();
        let source = CoveUsage::new(client, &settings).clock(clock);
        let usage = source.fetch(period()).await;
        let asked = transport
            .requests()
            .iter()
            .map(|request| short(request.uri().path()))
            .collect();
        (usage, asked)
    }

    async fn usage(self) -> Usage {
        self.run().await.0.unwrap()
    }
}

fn short(path: &str) -> String {
    path.trim_start_matches("/api/").replace("/acc/202610", "")
}

fn period() -> Period {
    "202610".parse().unwrap()
}

fn units(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn invoice(id: &str, contracts: &[&str]) -> Value {
    json!({
        "InvoiceID": id, "Status": "CLOSED", "ApprovalStatus": "APPROVED",
        "Contracts": contracts.iter().map(|id| json!({"ContractID": id})).collect::<Vec<_>>(),
    })
}

fn invoices(list: Vec<Value>) -> (&'static str, Value) {
    ("InvoicesReady", json!({"InvoicesReady": list}))
}

fn line(service: &str, quantity: Value) -> Value {
    json!({"BillingServiceName": service, "Quantity": quantity, "Uom": "Each"})
}

fn device(id: &str, company: &str, lines: Vec<Value>) -> Value {
    json!({"Detail": format!("dev {id}"), "DetailId": id, "UsageCompanyName": company, "TotalByService": lines})
}

fn client(id: Value, devices: Vec<Value>) -> Value {
    json!({"ClientId": id, "Devices": devices})
}

fn document(contract: Value, clients: Vec<Value>) -> Value {
    json!({
        "ContractId": contract, "TimeFrame": 202_610,
        "ProductName": "Cove Data Protection | Data Protection Plan | MSP", "Clients": clients,
    })
}

fn one_server(id: &str) -> Value {
    client(
        json!(id),
        vec![device("1", "Acme", vec![line(SERVER, json!(1))])],
    )
}

fn listing(ids: &[&str]) -> Value {
    json!({
        "Billable Services": [],
        "Clients": ids.iter().map(|id| json!({"ClientId": id, "Name": "x"})).collect::<Vec<_>>(),
    })
}

const SERVER: &str = "Cove Data Protection | Server";
const GB: &str = "Cove Data Protection | Per GB";

/// One final invoice for contract 7, with this usage document.
fn simple(usage: Value) -> Answers {
    vec![
        invoices(vec![invoice("100", &["7"])]),
        ("PSAUsageDetailsDevices/7/100", usage),
        ("PSABillableServices/7", listing(&["1", "2"])),
    ]
}

#[tokio::test]
async fn devices_are_summed_per_customer_service_and_unit_without_losing_a_decimal() {
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            client(
                json!(1),
                vec![
                    device(
                        "d1",
                        "Acme",
                        vec![line(GB, json!("100.4")), line(GB, json!("0.007"))],
                    ),
                    device(
                        "d2",
                        "Acme",
                        vec![line(GB, json!("212.000")), line(SERVER, json!(1))],
                    ),
                ],
            ),
            client(
                json!("2"),
                vec![device("d3", "Beta", vec![line(SERVER, json!("1"))])],
            ),
        ],
    )))
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.as_ref().unwrap().as_str(),
                line.customer_name.as_str(),
                line.service.as_ref().unwrap().as_str(),
                line.quantity.normalize(),
                line.device_count,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("1", "Acme", GB, units("312.407"), 2),
            ("1", "Acme", SERVER, units("1"), 1),
            ("2", "Beta", SERVER, units("1"), 1),
        ]
    );
    let devices: Vec<_> = usage.lines[0]
        .devices
        .iter()
        .map(|device| (device.id.as_str(), device.name.as_str(), device.quantity))
        .collect();
    assert_eq!(
        devices,
        [
            ("d1", "dev d1", units("100.407")),
            ("d2", "dev d2", units("212"))
        ]
    );
    assert_eq!(usage.finality, Finality::Final);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
    let listed: Vec<&str> = usage
        .completeness
        .customers_listed
        .iter()
        .map(CustomerId::as_str)
        .collect();
    assert_eq!(listed, ["1", "2"]);
}

#[tokio::test]
async fn float_noise_ends_with_the_sum_and_amounts_are_kept_only_when_all_are_known() {
    let priced =
        |amount: Value| json!({"BillingServiceName": GB, "Quantity": "0.1", "Amount": amount});
    let noisy =
        |quantity: &str| json!({"BillingServiceName": GB, "Quantity": quantity, "Amount": "1.5"});
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            client(
                json!(1),
                vec![device(
                    "a",
                    "A",
                    vec![noisy("0.30000000000000004"), noisy("0.3")],
                )],
            ),
            client(
                json!(2),
                vec![device(
                    "b",
                    "B",
                    vec![priced(json!("2")), priced(Value::Null)],
                )],
            ),
        ],
    )))
    .usage()
    .await;
    assert_eq!(usage.lines[0].quantity, units("0.6"));
    assert_eq!(usage.lines[0].amount, Some(units("3")));
    assert_eq!(usage.lines[1].amount, None);
    assert_eq!(usage.lines[0].unit, "", "no unit was stated");
}

#[tokio::test]
async fn a_blank_customer_keeps_its_name_and_its_units() {
    let blank = |id: Value, company: &str| {
        client(id, vec![device("1", company, vec![line(SERVER, json!(1))])])
    };
    let usage = Scene::new(simple(document(
        json!(7),
        vec![
            blank(json!(""), "Zeta"),
            blank(Value::Null, "Alpha"),
            blank(json!(" "), "Zeta"),
            one_server("1"),
        ],
    )))
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.is_some(),
                line.customer_name.as_str(),
                line.quantity,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (false, "Alpha", Decimal::ONE),
            (false, "Zeta", Decimal::TWO),
            (true, "Acme", Decimal::ONE)
        ]
    );
}

#[tokio::test]
async fn a_customer_reference_travels_with_its_units_and_two_of_them_stay_two_lines() {
    let referred = |id: &str, reference: &str| {
        let mut device = device(id, "Acme", vec![line(SERVER, json!(1))]);
        device["Customer_Reference_L7"] = json!(reference);
        device
    };
    let usage = Scene::new(simple(document(
        json!(7),
        vec![client(
            json!(1),
            vec![referred("a", "HALO:12"), referred("b", "HALO:13")],
        )],
    )))
    .usage()
    .await;
    let references: Vec<_> = usage
        .lines
        .iter()
        .map(|line| line.customer_reference.as_deref())
        .collect();
    assert_eq!(references, [Some("HALO:12"), Some("HALO:13")]);
}

#[tokio::test]
async fn every_contract_of_every_invoice_is_read_once_in_order() {
    let (usage, asked) = Scene::new(vec![
        invoices(vec![
            invoice("101", &["9", "7"]),
            invoice("100", &["8", "8"]),
        ]),
        (
            "PSAUsageDetailsDevices/7/101",
            document(json!(7), vec![one_server("1")]),
        ),
        (
            "PSAUsageDetailsDevices/8/100",
            document(json!("8"), vec![one_server("1")]),
        ),
        ("PSAUsageDetailsDevices/9/101", document(json!(9), vec![])),
        ("PSABillableServices/7", listing(&["1"])),
        ("PSABillableServices/8", listing(&["1"])),
        ("PSABillableServices/9", listing(&[])),
    ])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(
        asked,
        [
            "InvoicesReady",
            "PSAUsageDetailsDevices/7/101",
            "PSAUsageDetailsDevices/8/100",
            "PSAUsageDetailsDevices/9/101",
            "PSABillableServices/7",
            "PSABillableServices/8",
            "PSABillableServices/9",
        ]
    );
    assert_eq!(usage.lines.len(), 2);
    assert_eq!(usage.completeness.contracts_seen.len(), 3);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}

#[tokio::test]
async fn an_invoice_without_contracts_is_read_by_month_without_counting_anything_twice() {
    let mut nameless = invoice("200", &[]);
    nameless.as_object_mut().unwrap().remove("Contracts");
    let usage = Scene::new(vec![
        invoices(vec![invoice("100", &["7"]), nameless]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        (
            "PSAUsageByTimeFrame",
            json!({"UsageDetailDevices": [
                document(json!(7), vec![one_server("1")]),
                document(json!("8"), vec![one_server("2")]),
            ]}),
        ),
        ("PSABillableServices/7", listing(&["1"])),
        ("PSABillableServices/8", listing(&["2"])),
    ])
    .usage()
    .await;
    let found: Vec<_> = usage
        .lines
        .iter()
        .map(|line| {
            (
                line.customer.as_ref().unwrap().as_str(),
                line.contract.as_str(),
                line.quantity,
            )
        })
        .collect();
    assert_eq!(found, [("1", "7", Decimal::ONE), ("2", "8", Decimal::ONE)]);
    assert_eq!(usage.finality, Finality::Final);
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}

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
async fn only_the_contracts_of_the_settings_are_read() {
    let mut open = invoice("300", &["9"]);
    open["Status"] = json!("OPEN");
    let (usage, asked) = Scene::new(vec![
        invoices(vec![invoice("100", &["7", "8"]), open, invoice("200", &[])]),
        (
            "PSAUsageDetailsDevices/7/100",
            document(json!(7), vec![one_server("1")]),
        ),
        ("PSABillableServices/7", listing(&["1"])),
    ])
    .contracts(&["7"])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(
        asked,
        [
            "InvoicesReady",
            "PSAUsageDetailsDevices/7/100",
            "PSABillableServices/7"
        ]
    );
    assert_eq!(
        usage.finality,
        Finality::Final,
        "an open invoice of another contract does not matter"
    );
    assert!(usage.completeness.is_complete());
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
async fn without_an_invoice_the_month_is_a_preview() {
    for none in [json!({}), json!([]), json!({"InvoicesReady": []})] {
        let usage = Scene::new(vec![
            ("InvoicesReady", none),
            (
                "PSAUsageByTimeFrame",
                json!({"UsageDetailDevices": [document(json!(7), vec![one_server("1")])]}),
            ),
            ("PSABillableServices/7", listing(&["1"])),
        ])
        .usage()
        .await;
        assert_eq!(
            usage.finality,
            Finality::Provisional("no invoice for 202610 yet".to_owned())
        );
        assert_eq!(usage.lines.len(), 1);
    }
}

#[tokio::test]
async fn an_invoice_that_is_not_closed_and_approved_is_named() {
    for (status, approval, final_) in [
        ("closed", "Approved", true),
        ("CLOSED", "PENDING", false),
        ("OPEN", "APPROVED", false),
    ] {
        let mut answers = simple(document(json!(7), vec![one_server("1")]));
        answers[0].1["InvoicesReady"][0]["Status"] = json!(status);
        answers[0].1["InvoicesReady"][0]["ApprovalStatus"] = json!(approval);
        let usage = Scene::new(answers).usage().await;
        match usage.finality {
            Finality::Final => assert!(final_),
            Finality::Provisional(why) => {
                assert!(!final_);
                assert!(why.contains("invoice 100 has status"), "{why}");
            }
        }
    }
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
async fn a_pool_is_charged_to_its_contract_and_headroom_is_not() {
    let mut usage = document(json!(7), vec![]);
    usage["TotalByContracts"] = json!([{"ContractId": "7", "AdditionalCapacity": [
        {"AdditionalCapacity": "120.00000000000003", "Quantity": "120", "Amount": "2.40", "ProductFeatureName": "0100_ADDITIONAL_CAPACITY"},
        {"AdditionalCapacity": "-1830.479000000003", "Quantity": "0", "Amount": "0"},
        {"AdditionalCapacity": "-5", "Quantity": "-5"},
        {"AdditionalCapacity": "7.500000000000004"},
        {"AdditionalCapacity": "-1830.479000000003"},
        {"TotalPool": "45500"},
    ]}]);
    usage["CommittedCharges"] =
        json!([{"BillingServiceName": "Cove | Commitment", "Quantity": 4, "Uom": "Each"}]);
    let usage = Scene::new(simple(usage)).usage().await;
    let found: Vec<_> = usage
        .contract_amounts
        .iter()
        .map(|amount| {
            (
                amount.contract.as_str(),
                amount.service.as_str(),
                amount.unit.as_str(),
                amount.quantity,
                amount.amount,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "7",
                "Cove Data Protection | Additional Capacity",
                "GB",
                units("120"),
                Some(units("2.4"))
            ),
            (
                "7",
                "Cove Data Protection | Additional Capacity",
                "GB",
                units("7.5"),
                None
            ),
            ("7", "Cove | Commitment", "Each", units("4"), None),
        ]
    );
}

#[tokio::test]
async fn customers_of_other_products_are_not_asked_for_but_their_units_are_kept() {
    let mut edr = document(
        json!(8),
        vec![client(
            json!(5),
            vec![device("e", "E", vec![line("EDR | Control", json!(3))])],
        )],
    );
    edr["ProductName"] = json!("EDR | Control");
    let (usage, asked) = Scene::new(vec![
        invoices(vec![invoice("100", &["8"])]),
        ("PSAUsageDetailsDevices/8/100", edr),
    ])
    .run()
    .await;
    let usage = usage.unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(usage.lines[0].quantity, units("3"));
    assert!(usage.completeness.is_complete(), "{:?}", usage.completeness);
}

#[tokio::test]
async fn an_indirect_account_is_final_from_the_cut_over_day_by_the_clock() {
    let answers = || {
        vec![
            (
                "PSAUsageByTimeFrame",
                json!({"UsageDetailDevices": [document(json!(7), vec![one_server("1")])]}),
            ),
            ("PSABillableServices/7", listing(&["1"])),
        ]
    };
    let fifth = SystemTime::UNIX_EPOCH + Duration::from_secs(FIFTH);
    let (usage, asked) = Scene::new(answers()).indirect().at(fifth).run().await;
    assert_eq!(usage.unwrap().finality, Finality::Final);
    assert_eq!(asked, ["PSAUsageByTimeFrame", "PSABillableServices/7"]);
    let usage = Scene::new(answers())
        .indirect()
        .at(fifth - Duration::from_secs(1))
        .usage()
        .await;
    assert_eq!(
        usage.finality,
        Finality::Provisional(
            "an indirect account's 202610 counts as final from 2026-11-05".to_owned()
        )
    );
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

#[tokio::test]
async fn errors_are_of_the_kind_that_says_what_to_do() {
    for (answer, kind) in [
        (json!(401), PortErrorKind::Settings),
        (json!(403), PortErrorKind::Settings),
        (json!(500), PortErrorKind::Unavailable),
        (json!("<html>sign in</html>"), PortErrorKind::Unreadable),
        (
            json!("{\"UsageDetailDevices\": [{\"ContractId\": 7, \"Clients\": ["),
            PortErrorKind::Unreadable,
        ),
    ] {
        let (usage, _) = Scene::new(vec![("PSAUsageByTimeFrame", answer.clone())])
            .indirect()
            .run()
            .await;
        let error = usage.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer}: {error}");
        assert!(!error.to_string().contains('\n'));
    }
}
