//! Ad hoc SQL as the runbook uses it.

use sandbox::{OddityKind, Sandbox};
use serde_json::{Value, json};

use crate::http::Halo;
use crate::shape::assert_same_shape;

async fn run(halo: &Halo<'_>, sql: &str) -> Value {
    let body = json!([{
        "id": 0, "name": "", "sql": sql, "apiquery_id": 0, "_testonly": false, "_loadreportonly": true,
    }]);
    let answer = halo.post("Report", &body).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test]
async fn one_client_is_found_by_its_vendor_id() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    let odd = |kind| {
        sandbox
            .oddities()
            .iter()
            .find(|odd| odd.kind == kind)
            .unwrap()
            .clone()
    };
    let select =
        "SELECT Aarea AS [id], aareadesc AS [name], CFCoveCustomerId AS [cove_id] FROM AREA WHERE";
    let numeric = odd(OddityKind::NumericField);
    let body = run(
        &halo,
        &format!(
            "{select} CFCoveCustomerId = '{}' AND ISNULL(AIsInactive,0)=0",
            numeric.customer_id
        ),
    )
    .await;
    assert_same_shape(
        &body,
        &[include_str!("../samples/halo/report.sql.response.json")],
        &[],
        &[],
    );
    assert_eq!(body["report"]["rows"][0]["id"], numeric.client_ids[0]);
    assert_eq!(body["report"]["rows"][0]["cove_id"], numeric.customer_id);

    let inactive = odd(OddityKind::InactiveClient);
    let body = run(
        &halo,
        &format!(
            "{select} CFCoveCustomerId = '{}' AND ISNULL(AIsInactive,0)=0",
            inactive.customer_id
        ),
    )
    .await;
    let sample = include_str!("../samples/halo/report.sql.empty.response.json");
    assert_same_shape(
        &body,
        &[sample],
        &[
            "$.available_columns",
            "$.available_columns[]",
            "$.available_columns[].name",
            "$.available_columns[].data_type",
        ],
        &[],
    );

    let twice = odd(OddityKind::TwoClients);
    let body = run(
        &halo,
        &format!("{select} CFCoveCustomerId = '{}'", twice.customer_id),
    )
    .await;
    assert_eq!(body["report"]["rows"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn all_clients_with_a_vendor_id_come_in_one_request() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    let sql =
        "SELECT Aarea, aareadesc, CFCoveCustomerId FROM AREA WHERE ISNULL(CFCoveCustomerId,'')<>''";
    let body = run(&halo, sql).await;
    let found: Vec<i64> = body["report"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["Aarea"].as_i64().unwrap())
        .collect();
    let claims =
        |client: &sandbox::Client| client.cove_id.as_ref().is_some_and(|id| !id.is_empty());
    let known: Vec<i64> = sandbox
        .clients()
        .iter()
        .filter(|client| claims(client))
        .map(|client| client.id)
        .collect();
    assert_eq!(found, known);
}

#[tokio::test]
async fn what_the_database_does_not_know_is_a_load_error() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    for (sql, error) in [
        (
            "SELECT CFCoveCustomerIdx FROM AREA",
            "Invalid column name 'CFCoveCustomerIdx'.",
        ),
        (
            "SELECT Aarea FROM AREA WHERE CFCoveIgnore = '1'",
            "Invalid column name 'CFCoveIgnore'.",
        ),
        ("DROP TABLE AREA", "Incorrect syntax near 'DROP'."),
    ] {
        let body = run(&halo, sql).await;
        assert_same_shape(
            &body,
            &[include_str!(
                "../samples/halo/report.sql.error.response.json"
            )],
            &[],
            &[],
        );
        assert_eq!(body["report"]["load_error"], error);
    }
    assert_eq!(halo.post("Report", &json!([{}])).await.status, 400);
}
