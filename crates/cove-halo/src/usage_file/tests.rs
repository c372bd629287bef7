//! What a file may hold, and what becomes of it.

use super::lines::Lines;
use super::table::{Fault, read_csv, read_json};
use super::{FileUsage, PortErrorKind};
use crate::settings::UsageSettings;
use api_core::testing::ManualClock;
use billing_sync::Period;
use billing_sync::ports::UsageSource;
use billing_sync::testing::contract;
use billing_sync::usage::{Finality, Usage};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn settings() -> UsageSettings {
    UsageSettings {
        path: "usage-{period}.csv".to_owned(),
        vendor: "mailboxes".to_owned(),
        final_from_day: Some(0),
        service: "product".to_owned(),
        ..UsageSettings::default()
    }
}

fn october() -> Period {
    "202610".parse().unwrap()
}

fn csv(text: &str, settings: &UsageSettings) -> Result<Usage, String> {
    finished(settings, |lines| read_csv(text.as_bytes(), settings, lines))
}

fn json(text: &str, settings: &UsageSettings) -> Result<Usage, String> {
    finished(settings, |lines| read_json(text, settings, lines))
}

fn finished<'a>(
    settings: &'a UsageSettings,
    read: impl FnOnce(&mut Lines<'a>) -> Result<(), Fault>,
) -> Result<Usage, String> {
    let mut lines = Lines::new(settings);
    read(&mut lines).map_err(|fault| {
        format!(
            "{:?}: {}; {}",
            fault.kind,
            fault.message,
            fault.hint.unwrap_or_default()
        )
    })?;
    lines.finish(october(), Finality::Final)
}

/// (customer, service, quantity) of each line.
fn figures(usage: &Usage) -> Vec<(String, String, String)> {
    let text = |text: Option<String>| text.unwrap_or_default();
    usage
        .lines
        .iter()
        .map(|line| {
            (
                text(line.customer.as_ref().map(ToString::to_string)),
                text(line.service.as_ref().map(ToString::to_string)),
                line.quantity.normalize().to_string(),
            )
        })
        .collect()
}

fn figure(customer: &str, service: &str, quantity: &str) -> (String, String, String) {
    (customer.to_owned(), service.to_owned(), quantity.to_owned())
}

#[test]
fn rows_of_a_customer_and_service_are_added_up_exactly() {
    let usage = csv(
        "\u{feff}product , customer,quantity\nA,1,0.1\nA,1,0.2\nB,1,3\n\"A, B\",\" 2 \",1e3\nA,,7\n,2,5\n",
        &settings(),
    )
    .unwrap();
    assert_eq!(
        figures(&usage),
        [
            figure("", "A", "7"),
            figure("1", "A", "0.3"),
            figure("1", "B", "3"),
            figure("2", "", "5"),
            figure("2", "A, B", "1000"),
        ]
    );
    assert!(usage.lines[0].customer.is_none(), "a blank id is none");
    assert!(usage.lines[3].service.is_none(), "a blank service is none");
    assert!(usage.unreadable.is_empty());
    assert!(usage.completeness.is_complete());
}

#[test]
fn every_column_has_its_place() {
    let settings = UsageSettings {
        customer: "id".to_owned(),
        customer_name: "company".to_owned(),
        customer_reference: "ref".to_owned(),
        service: String::new(),
        service_name: "Mailbox".to_owned(),
        quantity: "units".to_owned(),
        unit: "uom".to_owned(),
        contract: "contract".to_owned(),
        amount: "cost".to_owned(),
        device: "host".to_owned(),
        delimiter: ";".to_owned(),
        decimal: ",".to_owned(),
        lists_everybody: true,
        ..settings()
    };
    let usage = csv(
        "id;company;ref;units;uom;contract;cost;host\n\
         7;Contoso;HALO:12;1,5;User;K1;3,10;alpha\n\
         7;Contoso;HALO:12;2;User;K1;0,90;beta\n\
         8;Fabrikam;;1;User;;;gamma\n",
        &settings,
    )
    .unwrap();
    let [contoso, fabrikam] = usage.lines.as_slice() else {
        panic!("{:?}", usage.lines)
    };
    assert_eq!(contoso.customer_name, "Contoso");
    assert_eq!(contoso.customer_reference.as_deref(), Some("HALO:12"));
    assert_eq!(contoso.service.as_ref().unwrap().as_str(), "Mailbox");
    assert_eq!(
        (contoso.unit.as_str(), contoso.contract.as_str()),
        ("User", "K1")
    );
    assert_eq!(contoso.quantity.to_string(), "3.5");
    assert_eq!(contoso.amount.unwrap().to_string(), "4.00");
    assert_eq!(contoso.device_count, 2);
    let devices: Vec<(&str, String)> = contoso
        .devices
        .iter()
        .map(|device| (device.name.as_str(), device.quantity.to_string()))
        .collect();
    assert_eq!(
        devices,
        [("alpha", "1.5".to_owned()), ("beta", "2".to_owned())]
    );
    assert_eq!(
        fabrikam.contract.as_str(),
        "mailboxes",
        "the vendor is the contract"
    );
    assert_eq!(
        (fabrikam.amount, fabrikam.customer_reference.as_deref()),
        (None, None)
    );
    assert_eq!(usage.completeness.customers_listed.len(), 2);
    assert_eq!(
        usage.completeness.contracts_listed,
        usage.completeness.contracts_seen
    );
}

#[test]
fn absence_proves_nothing_unless_the_file_lists_everybody() {
    let usage = csv("customer,product,quantity\n1,A,1\n", &settings()).unwrap();
    assert!(usage.completeness.customers_listed.is_empty());
    assert!(usage.completeness.contracts_listed.is_empty());
}

#[test]
fn a_row_that_cannot_be_read_holds_up_its_customer_and_no_other() {
    let usage = csv(
        "customer,product,quantity\n1,A,many\n2,A,1\n3,A,\n4,A,1,000\n5,A,\"1,000\"\n",
        &settings(),
    )
    .unwrap();
    assert_eq!(figures(&usage), [figure("2", "A", "1")]);
    let unreadable: Vec<(String, &str)> = usage
        .unreadable
        .iter()
        .map(|row| {
            let customer = row.customer.as_ref();
            (
                customer.map(ToString::to_string).unwrap_or_default(),
                row.detail.as_str(),
            )
        })
        .collect();
    let no_number = "the quantity is no number written with `.` before its decimals";
    assert_eq!(
        unreadable,
        [
            ("1".to_owned(), format!("line 2: {no_number}").as_str()),
            ("3".to_owned(), "line 4: the quantity is blank"),
            (String::new(), "line 5: 4 cells below 3 columns"),
            ("5".to_owned(), format!("line 6: {no_number}").as_str()),
        ]
    );
    assert!(usage.unreadable.iter().all(|row| row.contract.is_some()));
    assert_eq!(
        usage.completeness.gaps,
        ["a row of an unknown customer could not be read: line 5: 4 cells below 3 columns"]
    );
}

#[test]
fn with_a_decimal_comma_a_point_is_not_guessed_at() {
    let settings = UsageSettings {
        decimal: ",".to_owned(),
        delimiter: "\\t".to_owned(),
        ..settings()
    };
    let usage = csv(
        "customer\tproduct\tquantity\n1\tA\t1,5\n2\tA\t1.500\n3\tA\t1,5,0\n",
        &settings,
    );
    let usage = usage.unwrap();
    assert_eq!(figures(&usage), [figure("1", "A", "1.5")]);
    assert_eq!(usage.unreadable.len(), 2);
}

#[test]
fn a_missing_column_is_a_settings_error_that_names_those_there_are() {
    for found in [
        csv("client,product,quantity\n1,A,1\n", &settings()),
        json(r#"[{"client":1,"product":"A","quantity":1}]"#, &settings()),
    ] {
        let error = found.unwrap_err();
        assert!(
            error.starts_with("Settings: there is no column `customer`"),
            "{error}"
        );
        assert!(
            error.contains("`client`") && error.contains("`quantity`"),
            "{error}"
        );
    }
    let twice = csv("customer,product,quantity,quantity\n1,A,1,2\n", &settings());
    assert!(twice.unwrap_err().contains("two columns `quantity`"));
}

#[test]
fn a_file_without_rows_is_an_error_and_no_empty_month() {
    for text in ["", "\n\n", "\u{feff}", "customer,product,quantity\n"] {
        let error = csv(text, &settings()).unwrap_err();
        assert!(error.contains("empty"), "{text:?}: {error}");
    }
    assert!(json("[]", &settings()).unwrap_err().contains("no rows"));
    let total = UsageSettings {
        total_row: "Total".to_owned(),
        ..settings()
    };
    let error = csv("customer,product,quantity\nTotal,,0\n", &total).unwrap_err();
    assert!(error.contains("no rows"), "{error}");
}

#[test]
fn the_total_row_proves_that_nothing_is_missing() {
    let settings = UsageSettings {
        total_row: "Total".to_owned(),
        ..settings()
    };
    let head = "customer,product,quantity\n1,A,1.5\n2,A,2\n";
    let usage = csv(&format!("{head}Total,,3.50\n"), &settings).unwrap();
    assert_eq!(usage.lines.len(), 2, "the total is no usage");
    for (rest, why) in [
        ("", "cut short"),
        ("Total,,4\n", "states a total of 4, its rows add up to 3.5"),
        ("Total,,\n", "states no total"),
        ("Total,,3.5\nTotal,,3.5\n", "twice"),
    ] {
        let error = csv(&format!("{head}{rest}"), &settings).unwrap_err();
        assert!(error.contains(why), "{rest:?}: {error}");
    }
}

#[test]
fn json_numbers_keep_every_digit() {
    let settings = UsageSettings {
        rows: "data.items".to_owned(),
        decimal: ",".to_owned(),
        ..settings()
    };
    let usage = json(
        r#"{"data":{"items":[
            {"customer":2712428,"product":"A","quantity":12345678901234567.8901},
            {"customer":"7","product":null,"quantity":"1,5","extra":{"x":[1]}},
            {"customer":"8","product":"A","quantity":{"value":1}},
            {"customer":"9","product":"A"},
            17
        ]}}"#,
        &settings,
    )
    .unwrap();
    assert_eq!(
        figures(&usage),
        [
            figure("2712428", "A", "12345678901234567.8901"),
            figure("7", "", "1.5"),
        ]
    );
    let details: Vec<&str> = usage
        .unreadable
        .iter()
        .map(|row| row.detail.as_str())
        .collect();
    assert_eq!(
        details,
        [
            "row 3: a mapped member holds an object or a list",
            "row 4: the quantity is missing",
            "row 5: it is no object",
        ]
    );
}

#[test]
fn what_is_no_list_of_rows_is_named() {
    let deep = UsageSettings {
        rows: "data.items".to_owned(),
        ..settings()
    };
    for (text, settings, why) in [
        (r#"{"data":[]}"#, &deep, "Settings: there is not an object"),
        (
            r#"{"date":{}}"#,
            &deep,
            "Settings: there is no member `data`",
        ),
        (
            r#"{"data":{"items":{}}}"#,
            &deep,
            "Settings: there is not a list of rows",
        ),
        (
            "[{\"customer\":1",
            &settings(),
            "Unreadable: it is no whole JSON document",
        ),
        (
            "<html>",
            &settings(),
            "Unreadable: it is no whole JSON document",
        ),
    ] {
        let error = json(text, settings).unwrap_err();
        assert!(error.starts_with(why), "{text}: {error}");
    }
}

#[tokio::test]
async fn the_months_file_is_read_and_keeps_the_contract_of_a_source() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("2026-10.csv"),
        "customer,product,quantity\n1,A,1\n2,B,2.5\n",
    )
    .unwrap();
    let settings = UsageSettings {
        path: format!("{}/{{year}}-{{month}}.csv", folder.path().display()),
        ..settings()
    };
    let source = FileUsage::new(&settings);
    contract::usage_source(&source, october()).await;

    let error = source.fetch("202611".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Settings);
    assert!(error.to_string().contains("2026-11.csv"), "{error}");
    assert!(
        error
            .hint()
            .unwrap()
            .contains("path in the section [usage]")
    );

    std::fs::write(
        folder.path().join("2026-11.csv"),
        b"customer,product,quantity\n1,M\xfcller,1\n",
    )
    .unwrap();
    let error = source.fetch("202611".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().ends_with("is not UTF-8"), "{error}");
}

#[test]
fn finality_is_what_the_settings_declare() {
    // 2026-11-02T00:00:00Z
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_577_600);
    let on = |final_from_day| {
        let settings = UsageSettings {
            final_from_day,
            ..settings()
        };
        FileUsage::new(&settings)
            .clock(Arc::new(ManualClock::new(at)))
            .finality(october())
    };
    assert_eq!(on(Some(0)), Finality::Final);
    assert_eq!(on(Some(2)), Finality::Final);
    assert_eq!(
        on(Some(3)),
        Finality::Provisional("202610 counts as final from 2026-11-03".to_owned())
    );
    assert!(matches!(on(None), Finality::Provisional(why) if why.contains("final_from_day")));
}
