//! Device statistics of the past, and pages that repeat or shift.

use sandbox::{Availability, Fault, FaultKind, ManagementSwitches, Sandbox, When};
use serde_json::{Value, json};

use super::statistics::{ids, query, rows};
use super::{Cove, start};

#[tokio::test]
async fn history_shows_removed_devices_if_it_may_be_called() {
    let method = "EnumerateAccountHistoryStatistics";
    for (history, code) in [
        (Availability::Available, Value::Null),
        (Availability::Forbidden, json!(-32_603)),
        (Availability::UnknownMethod, json!(-32_601)),
    ] {
        let sandbox = start(ManagementSwitches {
            history,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let gone = sandbox
            .accounts()
            .into_iter()
            .find(|one| one.removed.is_some())
            .unwrap();
        let ask = |time: i64| {
            let mut ask = query(
                json!({"Filter": format!("(AU == {})", gone.id), "RecordsCount": 1, "Columns": ["AU", "AR", "OT", "PN"]}),
            );
            ask["timeslice"] = time.into();
            ask
        };
        let answer = cove.call(method, ask(gone.removed.unwrap())).await;
        assert_eq!(answer["error"]["code"], code);
        if code.is_null() {
            assert_eq!(
                ids(answer["result"]["result"].as_array().unwrap()),
                [gone.id]
            );
            assert_eq!(
                cove.result(method, ask(gone.removed.unwrap() + 1)).await,
                json!([])
            );
            assert_eq!(
                rows(&cove, json!({"Filter": format!("AU == {}", gone.id)}))
                    .await
                    .len(),
                0
            );
        }
    }
}

#[tokio::test]
async fn pages_repeat_and_shift_on_demand() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let page = async |start: u64| {
        let ask = json!({"StartRecordNumber": start, "RecordsCount": 10, "OrderBy": "CD DESC"});
        ids(&rows(&cove, ask).await)
    };
    let (first, second) = (page(0).await, page(10).await);
    sandbox.set_faults(vec![
        Fault::new(When::Nth(1), FaultKind::DuplicatePage),
        Fault::new(When::Nth(2), FaultKind::ShiftPage),
    ]);
    assert_eq!(page(10).await, first);
    let shifted = page(10).await;
    assert_eq!((shifted[0], &shifted[1..]), (first[9], &second[..9]));
}
