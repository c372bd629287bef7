use super::EFileSource;
use crate::settings::{Audience, CoveSettings};
use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use billing_sync::Period;
use billing_sync::ports::{PortError, PortErrorKind, UsageSource};
use billing_sync::usage::{Finality, Usage};
use cove_api::billing::{AccountId, BillingClient};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

const HEADER: &str = r#""Account Name","Account Number","Invoice Number","Invoice Date","Contract Number","Tenant","Product","UOM","Quantity","Rate","Cost","List Price","Usage Customer","Customer Site","Device Name","Device Type","Device ID","Rating Method","Period From","Period To""#;

/// A row of invoice 1 and contract MSP-1 about October 2026.
fn row(product: &str, quantity: &str, customer: &str, device: &str) -> String {
    format!(
        r#""Best MSP","12348","1","11-01-2026","MSP-1","T","{product}","Each","{quantity}","2","{quantity}","3","{customer}","","name","Server","{device}","Usage","10-01-2026","10-31-2026""#
    )
}

/// Files in a folder, a table of names, and what is read from them.
struct Scene {
    folder: TempDir,
    settings: CoveSettings,
    answers: Option<Vec<(&'static str, Value)>>,
}

impl Scene {
    fn new(files: &[&[String]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = CoveSettings {
            products: Vec::new(),
            ..CoveSettings::default()
        };
        for (index, rows) in files.iter().enumerate() {
            let path = folder.path().join(format!("{index}.csv"));
            std::fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
            settings.efile.push(path);
        }
        Self {
            folder,
            settings,
            answers: None,
        }
    }

    fn names(mut self, table: &str) -> Self {
        let path = self.folder.path().join("names.csv");
        std::fs::write(&path, table).unwrap();
        self.settings.efile_customers = Some(path);
        self
    }

    /// The Billing API answers by the path's operation, and nothing else.
    fn api(mut self, answers: &[(&'static str, Value)]) -> Self {
        self.answers = Some(answers.to_vec());
        self
    }

    async fn run(self) -> Result<Usage, PortError> {
        let client = self.answers.map(|answers| {
            let transport = ScriptedTransport::by(move |request| {
                let path = request.uri().path();
                let found = answers.iter().find(|(part, _)| path.contains(part));
                Scripted::json(
                    200,
                    found
                        .map_or(json!({}), |(_, body)| body.clone())
                        .to_string(),
                )
            });
            BillingClient::builder("https://x.example", AccountId::new("a"), "k".into())
                .transport(Arc::new(transport))
                .clock(Arc::new(ManualClock::default()))
                .build()
                .unwrap()
        });
        let source = EFileSource::new(client, &self.settings);
        source.fetch(Period::try_from(202_610).unwrap()).await
    }
}

/// (customer, name, service, quantity) of each line.
fn lines(usage: &Usage) -> Vec<(String, String, String, String)> {
    let text = |id: &Option<billing_sync::ids::CustomerId>| {
        id.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    usage
        .lines
        .iter()
        .map(|line| {
            let service = line.service.as_ref().unwrap().to_string();
            let quantity = line.quantity.to_string();
            (
                text(&line.customer),
                line.customer_name.clone(),
                service,
                quantity,
            )
        })
        .collect()
}

fn four(a: &str, b: &str, c: &str, d: &str) -> (String, String, String, String) {
    (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())
}

#[tokio::test]
async fn a_table_of_names_gives_the_ids_and_who_is_not_in_it_stays_without() {
    let usage = Scene::new(&[&[
        row("A", "1", "Contoso Ltd", "1"),
        row("A", "2.5", "CONTOSO  Ltd", "2"),
        row("A", "4", "Contoso Limited", "3"),
        row("A - Commitment", "10", "", ""),
    ]])
    .names("name, customer_id, reference\nContoso Ltd, 7, HALO:12\n")
    .run()
    .await
    .unwrap();
    assert_eq!(
        lines(&usage),
        [
            four("", "Contoso Limited", "A", "4"),
            four("7", "Contoso Ltd", "A", "3.5")
        ]
    );
    assert_eq!(
        usage.lines[1].customer_reference.as_deref(),
        Some("HALO:12")
    );
    assert_eq!(usage.lines[1].device_count, 2);
    let amount = &usage.contract_amounts[0];
    assert_eq!(
        (
            amount.service.as_str(),
            amount.quantity.to_string().as_str()
        ),
        ("A - Commitment", "10")
    );
    assert!(usage.finality.is_final() && usage.completeness.is_complete());
    assert!(
        usage.completeness.contracts_listed.is_empty(),
        "a file proves no absence"
    );
}

#[tokio::test]
async fn the_billing_api_gives_the_ids_by_device_whatever_the_name() {
    let month = json!({"UsageDetailDevices": [{
        "ContractId": 11, "ContractNumber": "MSP-1", "TimeFrame": 202_610, "ProductName": "A",
        "Clients": [
            {"Devices": [{"DetailId": "1", "Customer_Reference_L7": "HALO:5"}], "ClientId": 71},
            {"ClientId": 72, "Devices": [{"DetailId": 2}, {"DetailId": 3}]},
            {"ClientId": 73, "Devices": [{"DetailId": 3}]}
        ]
    }]});
    let invoices = json!({"InvoicesReady": [{
        "InvoiceID": "1", "Status": "CLOSED", "ApprovalStatus": "APPROVED",
        "Contracts": [{"ContractID": "11"}]
    }]});
    let services = json!({"Billable Services": [{"BillingServiceName": "A"}],
        "Clients": [{"ClientId": "71"}, {"ClientId": "99"}]});
    let usage = Scene::new(&[&[
        row("A", "1", "Same Name", "1"),
        row("A", "2", "Same Name", "2"),
        row("A", "4", "Same Name", "3"),
        row("A", "8", "Same Name", "4"),
    ]])
    .api(&[
        ("PSAUsageByTimeFrame", month),
        ("InvoicesReady", invoices),
        ("PSABillableServices", services),
    ])
    .run()
    .await
    .unwrap();
    assert_eq!(
        lines(&usage),
        [
            four("", "Same Name", "A", "12"),
            four("71", "Same Name", "A", "1"),
            four("72", "Same Name", "A", "2")
        ]
    );
    assert_eq!(usage.lines[1].contract.as_str(), "11");
    assert_eq!(usage.lines[1].customer_reference.as_deref(), Some("HALO:5"));
    let gaps = usage.completeness.gaps.join("\n");
    assert!(
        gaps.contains("device 3 is under several customers"),
        "{gaps}"
    );
    assert!(
        gaps.contains("device 4 is in the EFile and not in the usage"),
        "{gaps}"
    );
    let listed: Vec<String> = usage
        .completeness
        .customers_listed
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(listed, ["71", "99"]);
    assert!(usage.finality.is_final());
}

#[tokio::test]
async fn an_invoice_without_its_file_is_a_gap_and_an_open_one_is_not_final() {
    let invoice = |id: &str, status: &str| {
        json!({"InvoiceID": id, "Status": status, "ApprovalStatus": "APPROVED",
               "Contracts": [{"ContractID": "11"}]})
    };
    let invoices = json!({"InvoicesReady": [invoice("1", "OPEN"), invoice("2", "CLOSED")]});
    for (audience, gap, is_final) in [
        (Audience::Direct, true, false),
        (Audience::Indirect, false, true),
    ] {
        let mut scene = Scene::new(&[&[row("A", "1", "", "1")]]);
        scene.settings.audience = audience;
        let usage = scene
            .api(&[
                ("InvoicesReady", invoices.clone()),
                ("PSAUsageByTimeFrame", json!([])),
            ])
            .run()
            .await
            .unwrap();
        let gaps = usage.completeness.gaps.join("\n");
        assert_eq!(
            gaps.contains("no EFile was given for invoice 2"),
            gap,
            "{gaps}"
        );
        assert_eq!(usage.finality.is_final(), is_final);
    }
}

#[tokio::test]
async fn an_invoice_that_is_not_listed_is_not_final() {
    let usage = Scene::new(&[&[row("A", "1", "", "1")]])
        .api(&[
            ("InvoicesReady", json!({"InvoicesReady": []})),
            ("PSAUsageByTimeFrame", json!([])),
        ])
        .run()
        .await
        .unwrap();
    assert_eq!(
        usage.finality,
        Finality::Provisional("invoice 1 is not listed as ready".to_owned())
    );
}

#[tokio::test]
async fn one_device_under_two_names_holds_up_both_customers() {
    let usage = Scene::new(&[&[
        row("A", "1", "Contoso Ltd", "7"),
        row("A", "1", "Contoso Limited", "7"),
        row("B", "1", "CONTOSO LTD", "7"),
    ]])
    .names("name,customer_id\nContoso Ltd,1\nContoso Limited,2\n")
    .run()
    .await
    .unwrap();
    let held: Vec<(String, bool)> = usage
        .unreadable
        .iter()
        .map(|one| {
            (
                one.customer.as_ref().unwrap().to_string(),
                one.detail.contains("contoso limited and contoso ltd"),
            )
        })
        .collect();
    assert_eq!(held, [("1".to_owned(), true), ("2".to_owned(), true)]);
    assert_eq!(usage.lines.len(), 3, "nothing is dropped");
}

#[tokio::test]
async fn rows_of_another_month_and_unreadable_rows_are_named() {
    let late = row("A", "9", "Contoso Ltd", "2").replace("10-01-2026", "09-01-2026");
    let bad = row("A", "many", "Contoso Ltd", "3");
    let usage = Scene::new(&[&[row("A", "1", "Contoso Ltd", "1"), late, bad]])
        .names("name,customer_id\nContoso Ltd,1\n")
        .run()
        .await
        .unwrap();
    assert_eq!(lines(&usage), [four("1", "Contoso Ltd", "A", "1")]);
    let held = &usage.unreadable[0];
    assert!(
        held.detail.ends_with("row 3 is about 202609, not 202610"),
        "{}",
        held.detail
    );
    assert_eq!(held.customer.as_ref().unwrap().as_str(), "1");
    let gaps = &usage.completeness.gaps;
    assert!(
        gaps.len() == 1 && gaps[0].contains("row 4.Quantity"),
        "{gaps:?}"
    );
}

#[tokio::test]
async fn files_that_do_not_fit_stop_the_read_and_say_which() {
    let good = row("A", "1", "Contoso Ltd", "1");
    let other = good.replace("10-01-2026", "09-01-2026");
    let table = "name,customer_id\nContoso Ltd,1\n";
    for (scene, said) in [
        (
            Scene::new(&[&[other]]).names(table),
            "is about 202609, not 202610",
        ),
        (Scene::new(&[&[]]).names(table), "has no row about 202610"),
        (
            Scene::new(&[std::slice::from_ref(&good), std::slice::from_ref(&good)]).names(table),
            "invoice 1 is in the EFile",
        ),
        (
            Scene::new(&[std::slice::from_ref(&good)]),
            "nothing tells the ids",
        ),
        (
            Scene::new(&[std::slice::from_ref(&good)]).names("name,customer_id\nA,1\na,2\n"),
            "gives `a` two ids",
        ),
        (
            Scene::new(&[std::slice::from_ref(&good)]).names("name,customer_id\n,2\n"),
            "blank name or id in row 2",
        ),
        (
            Scene::new(&[std::slice::from_ref(&good)]).names("customer\nA\n"),
            "cannot be read",
        ),
    ] {
        let error = scene.run().await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Settings, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    let mut scene = Scene::new(&[]).names(table);
    scene.settings.efile = vec![scene.folder.path().join("none.csv")];
    let error = scene.run().await.unwrap_err();
    assert!(
        error.to_string().contains("none.csv cannot be read"),
        "{error}"
    );
}

#[tokio::test]
async fn the_month_may_stand_in_the_path() {
    let good = row("A", "1", "Contoso Ltd", "1");
    let table = "name,customer_id
Contoso Ltd,1
";
    let mut scene = Scene::new(&[&[good]]).names(table);
    let folder = scene.folder.path().to_owned();
    std::fs::create_dir(folder.join("2026")).unwrap();
    std::fs::rename(folder.join("0.csv"), folder.join("2026/10-202610.csv")).unwrap();
    scene.settings.efile = vec![folder.join("{year}/{month}-{period}.csv")];
    assert!(!scene.run().await.unwrap().lines.is_empty());
}
