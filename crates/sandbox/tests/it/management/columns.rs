//! Column codes in both notations, and the switches about them.

use sandbox::{ActiveSources, ManagementSwitches, Physicality, Sandbox, UnpaddedColumns};
use serde_json::json;

use super::statistics::{LIVE, query, rows, settings};
use super::{Cove, start};

#[tokio::test]
async fn both_notations_come_back_as_asked_and_unknown_columns_vanish() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let row = &rows(&cove, json!({"Filter": "OT == 2", "Columns": ["AU", "I0", "T3", "D09F03", "F6", "D01F07", "Do9F00", "ZZ"]})).await[0];
    let own = settings(row);
    assert_eq!(
        own.keys().collect::<Vec<_>>(),
        ["AU", "D01F07", "D09F03", "F6", "I0", "T3"]
    );
    assert_eq!(
        (&own["AU"], &own["T3"], &own["F6"]),
        (&own["I0"], &own["D09F03"], &own["D01F07"])
    );
}

#[tokio::test]
async fn columns_without_zeros_follow_the_switch() {
    for (unpadded_columns, expected) in [
        (UnpaddedColumns::AsAsked, vec!["D9F3"]),
        (UnpaddedColumns::Padded, vec!["D09F03"]),
        (UnpaddedColumns::Dropped, vec![]),
    ] {
        let sandbox = start(ManagementSwitches {
            unpadded_columns,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let row = &rows(&cove, json!({"Filter": "OT == 2", "Columns": ["D9F3"]})).await[0];
        assert_eq!(settings(row).into_keys().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn columns_may_be_written_in_other_ways() {
    let sandbox = start(ManagementSwitches {
        active_sources: ActiveSources::List,
        physicality: Physicality::Number,
        forbidden_columns: vec!["I3".into()],
        ..ManagementSwitches::default()
    })
    .await;
    let cove = Cove::login(&sandbox).await;
    let row = &rows(
        &cove,
        json!({"Filter": "I81 == 2", "Columns": ["AP", "I81", "D02F00"]}),
    )
    .await[0];
    let own = settings(row);
    assert_eq!(
        (
            own["AP"].as_str(),
            own["I81"].as_str(),
            own["D02F00"].as_str()
        ),
        ("D1,D2", "2", "5")
    );
    assert_eq!(
        cove.refusal(LIVE, query(json!({"Columns": ["I1", "I32"]})))
            .await,
        13_501
    );
}

#[tokio::test]
async fn forbidden_columns_fail_the_call() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    assert_eq!(
        cove.refusal(LIVE, query(json!({"Columns": ["I1", "D02F00"]})))
            .await,
        13_501
    );
}
