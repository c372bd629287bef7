//! What makes a month final, and what only a preview.

use super::{FIFTH, Scene, document, listing, one_server, simple};
use billing_sync::usage::Finality;
use serde_json::json;
use std::time::{Duration, SystemTime};

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
