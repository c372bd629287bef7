//! Paging to a proven end, the cross-check by the service's own count, missing columns, history.

use api_core::ErrorKind;
use api_core::testing::Scripted;
use cove_api::management::{
    Column, CountCheck, CountEvidence, DeviceColumn, DeviceId, PartnerId, StatisticsQuery, UnixTime,
};
use serde_json::{Value, json};

use super::support::{Service, answering, faulty, fixture, logged_in, ok};

fn row(id: u64) -> Value {
    json!({"AccountId": id, "PartnerId": 1, "Flags": null, "Settings": [{"I59": "1"}, {"I1": format!("device {id}")}]})
}

fn query() -> StatisticsQuery {
    StatisticsQuery::new(PartnerId::new(1), [DeviceColumn::Name.into()])
}

/// A service with so many devices that sends at most `cap` of them at a time.
fn devices(total: u64, cap: u64, totals: Value) -> Service {
    Service::by(move |request| {
        if request["method"] == "Login" {
            return Scripted::json(200, logged_in("visa").to_string());
        }
        let query = &request["params"]["query"];
        let from = query["StartRecordNumber"].as_u64().unwrap();
        let size = query["RecordsCount"].as_u64().unwrap().min(cap);
        let rows: Vec<Value> = (from..total.min(from + size))
            .map(|index| row(index + 1))
            .collect();
        Scripted::json(
            200,
            json!({"result": {"result": rows, "totalStatistics": totals}}).to_string(),
        )
    })
}

#[tokio::test]
async fn cv05_cv16_cv19_every_device_arrives_whatever_the_page_size() {
    for (total, cap, pages) in [
        (5001, 500, 11),
        (3001, 250, 13),
        (1000, 500, 3),
        (7, 500, 2),
        (0, 500, 1),
    ] {
        let service = devices(total, cap, json!([total, 0]));
        let found = service.client().device_statistics(&query()).await.unwrap();
        assert_eq!(found.devices.len() as u64, total);
        assert_eq!(
            (found.pages, found.duplicates),
            (pages, 0),
            "{total} by {cap}"
        );
        assert_eq!(found.counts, CountEvidence::Agrees { devices: total });
        if let Some(last) = found.devices.last() {
            assert_eq!(last.device_id, DeviceId::new(total.try_into().unwrap()));
        }
    }
}

#[tokio::test]
async fn the_request_is_stable_padded_and_counts() {
    let (client, service) = answering("enumerate-account-statistics.empty.response.json");
    let query = StatisticsQuery::new(
        PartnerId::new(100_000),
        ["D9F0".parse().unwrap(), "T6".parse().unwrap()],
    )
    .filter("AT == 1")
    .exclude([PartnerId::new(7)])
    .page_size(250);
    client.device_statistics(&query).await.unwrap();
    assert_eq!(
        service.sent()[1]["params"],
        json!({"query": {
            "PartnerId": 100_000, "Filter": "AT == 1", "ExcludedPartners": [7], "StartRecordNumber": 0,
            "RecordsCount": 250, "OrderBy": "AU ASC", "Columns": ["I59", "D09F00", "D09F07"],
            "Totals": ["COUNT(AT==1)", "COUNT(AT==2)"],
        }})
    );
}

#[tokio::test]
async fn a_count_that_differs_is_read_again_and_then_an_error() {
    let service = devices(10, 500, json!([11, 0]));
    let error = service
        .client()
        .device_statistics(&query())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Incomplete, 3));
    assert_eq!(
        error.message(),
        "the service counts 11 devices but lists 10"
    );

    let told = service
        .client()
        .device_statistics(&query().count_check(CountCheck::Report))
        .await
        .unwrap();
    assert_eq!(
        told.counts,
        CountEvidence::Differs {
            stated: 11,
            listed: 10
        }
    );
    let unasked = service
        .client()
        .device_statistics(&query().count_check(CountCheck::Off))
        .await
        .unwrap();
    assert_eq!(unasked.counts, CountEvidence::None);
    assert_eq!(
        service.sent().last().unwrap()["params"]["query"].get("Totals"),
        None
    );
}

#[tokio::test]
async fn totals_in_an_unknown_shape_or_none_are_told_and_stop_nothing() {
    for (totals, counts) in [
        (json!({"x": "y"}), CountEvidence::Unreadable),
        (json!(null), CountEvidence::None),
    ] {
        let found = devices(3, 500, totals)
            .client()
            .device_statistics(&query())
            .await
            .unwrap();
        assert_eq!((found.devices.len(), found.counts), (3, counts));
    }
}

#[tokio::test]
async fn a_device_that_comes_twice_counts_once() {
    let page = |ids: &[u64]| ok(&ids.iter().map(|id| row(*id)).collect::<Value>());
    let service = Service::new([page(&[1, 2, 3]), page(&[3, 4, 5]), page(&[])]);
    let found = service
        .client()
        .device_statistics(&query().page_size(3))
        .await
        .unwrap();
    let ids: Vec<i64> = found
        .devices
        .iter()
        .map(|row| row.device_id.get())
        .collect();
    assert_eq!((ids, found.duplicates), (vec![1, 2, 3, 4, 5], 1));
}

#[tokio::test]
async fn a_service_that_ignores_the_offset_is_found_out() {
    let service = Service::by(|request| {
        if request["method"] == "Login" {
            return Scripted::json(200, logged_in("visa").to_string());
        }
        ok(&json!([row(1), row(2)]))
    });
    let error = service
        .client()
        .device_statistics(&query().page_size(2))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Incomplete, Some("EnumerateAccountStatistics"))
    );
}

#[tokio::test]
async fn too_many_pages_are_an_error_and_never_a_shorter_list() {
    let service = devices(100, 10, json!(null));
    let error = service
        .client()
        .device_statistics(&query().max_pages(5))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn an_error_in_the_middle_is_an_error_of_the_whole() {
    let service = Service::new([ok(&json!([row(1), row(2)])), faulty(13501)]);
    let error = service
        .client()
        .device_statistics(&query().page_size(2))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
}

#[tokio::test]
async fn cv24_columns_that_no_device_has_are_reported() {
    let (client, _) = answering("enumerate-account-statistics.docs.response.json");
    let columns: Vec<Column> = ["I1", "I14", "I18", "D9F00", "D01F07", "Do9F00", "I81"]
        .map(|code| code.parse().unwrap())
        .to_vec();
    let found = client
        .device_statistics(&StatisticsQuery::new(PartnerId::new(1), columns))
        .await;
    // The script has no second page.
    assert_eq!(found.unwrap_err().code(), Some("1"));

    let service = Service::new([
        Scripted::json(
            200,
            fixture("enumerate-account-statistics.docs.response.json"),
        ),
        ok(&json!([])),
    ]);
    let columns =
        ["I1", "I14", "D9F00", "D01F07", "Do9F00", "I81"].map(|code| code.parse().unwrap());
    let query = StatisticsQuery::new(PartnerId::new(1), columns);
    let found = service.client().device_statistics(&query).await.unwrap();
    let missing: Vec<String> = found.missing_columns.iter().map(Column::code).collect();
    assert_eq!(missing, ["I59", "Do9F00", "I81"]);
    let size = &found.devices[0].settings;
    assert_eq!(
        size.decimal(&"F6".parse().unwrap()),
        Some("28349567768726".parse().unwrap())
    );
    assert!(
        !found.devices[2]
            .settings
            .has(&DeviceColumn::UsedStorage.into())
    );
    assert_eq!(found.devices[2].flags, ["AutoDeployed"]);
}

#[tokio::test]
async fn an_unreadable_row_is_kept_and_the_count_not_claimed() {
    let rows = json!([row(1), {"AccountId": null, "PartnerId": 1}, row(3)]);
    let answer = json!({"result": {"result": rows, "totalStatistics": [3, 0]}});
    let service = Service::new([Scripted::json(200, answer.to_string()), ok(&json!([]))]);
    let found = service.client().device_statistics(&query()).await.unwrap();
    assert_eq!(
        (found.devices.len(), found.bad.len(), found.counts),
        (2, 1, CountEvidence::Unreadable)
    );
    assert_eq!(found.bad[0].path, "AccountId");
}

#[tokio::test]
async fn history_asks_for_the_moment() {
    let service = Service::new([
        Scripted::json(
            200,
            fixture("enumerate-account-history-statistics.response.json"),
        ),
        ok(&json!([])),
    ]);
    let at = UnixTime::new(1_784_505_600);
    let found = service.client().device_history(at, &query()).await.unwrap();
    assert_eq!(found.devices[0].device_id, DeviceId::new(900_099));
    let sent = &service.sent()[1];
    assert_eq!(
        (&sent["method"], &sent["params"]["timeslice"]),
        (
            &json!("EnumerateAccountHistoryStatistics"),
            &json!(1_784_505_600)
        )
    );
}

#[tokio::test]
async fn cv06_a_failed_history_call_marks_its_device_and_reuses_nothing() {
    let service = Service::new([
        Scripted::json(
            200,
            fixture("enumerate-account-history-statistics.response.json"),
        ),
        faulty(13501),
        ok(&json!([])),
        ok(&json!([row(8)])),
    ]);
    let at = UnixTime::new(1_784_505_600);
    let devices = [900_099, 5, 6, 7].map(|id| (DeviceId::new(id), at));
    let columns = [DeviceColumn::Physicality.into()];
    let found = service
        .client()
        .devices_then(PartnerId::new(1), &devices, &columns)
        .await;
    let first = found[0].row.as_ref().unwrap().as_ref().unwrap();
    assert_eq!(
        first.settings.text(&DeviceColumn::Physicality.into()),
        Some("Virtual")
    );
    assert_eq!(
        found[1].row.as_ref().unwrap_err().kind(),
        ErrorKind::Permission
    );
    assert_eq!(found[2].row.as_ref().unwrap(), &None);
    assert_eq!(
        found[3].row.as_ref().unwrap_err().message(),
        "the answer is not about device 7 alone"
    );
    let sent = &service.sent()[1]["params"]["query"];
    assert_eq!(
        (&sent["Filter"], &sent["RecordsCount"]),
        (&json!("(AU == 900099)"), &json!(1))
    );
}
