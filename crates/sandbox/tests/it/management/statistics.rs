//! Device statistics: filter, order, pages, columns, totals, and their switches.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::{Account, DeviceKind, ManagementSwitches, Milli, RESELLER_ID, Sandbox, TotalsShape};
use serde_json::{Value, json};

use super::{Cove, assert_shape, start};

pub(super) const LIVE: &str = "EnumerateAccountStatistics";
const BILLING: &str = "(AT == 1 OR AT == 2) AND !(PF =~ '[??????????]* - ????????-????-????-????-????????????') AND !(AR =~ '001???????????????- Recycle Bin')";

fn live(sandbox: &Sandbox) -> Vec<Account> {
    let mut accounts = sandbox.accounts();
    accounts.retain(|one| one.removed.is_none());
    accounts
}

/// A query for everything; `more` is put over it.
pub(super) fn query(more: impl Into<Value>) -> Value {
    let mut query = json!({
        "PartnerId": RESELLER_ID,
        "Filter": "",
        "StartRecordNumber": 0,
        "RecordsCount": 100_000,
        "Columns": ["I0"],
    });
    let Value::Object(more) = more.into() else {
        panic!("not an object");
    };
    for (name, value) in more {
        query[name] = value;
    }
    json!({ "query": query })
}

pub(super) async fn rows(cove: &Cove<'_>, more: Value) -> Vec<Value> {
    cove.result(LIVE, query(more))
        .await
        .as_array()
        .unwrap()
        .clone()
}

pub(super) fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter()
        .map(|row| row["AccountId"].as_u64().unwrap())
        .collect()
}

pub(super) fn settings(row: &Value) -> BTreeMap<String, String> {
    let one = |setting: &Value| {
        let (key, value) = setting.as_object().unwrap().iter().next().unwrap();
        (key.clone(), value.as_str().unwrap().to_owned())
    };
    row["Settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

#[tokio::test]
async fn the_billing_query_has_the_published_shape() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let columns = [
        "I0", "I1", "I4", "I8", "I9", "I10", "I14", "I18", "I32", "I57", "I59", "I77", "I78",
        "I80", "I81", "D09F00", "D09F03", "D19F20", "D19F21", "D20F20", "D05F20", "D05F22",
        "D23F20", "TM",
    ];
    let answer = cove
        .call(
            LIVE,
            query(json!({"Filter": BILLING, "OrderBy": "CD DESC", "Columns": columns})),
        )
        .await;
    let mut comparable = answer.clone();
    for row in comparable["result"]["result"].as_array_mut().unwrap() {
        assert!(
            row["Settings"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one.as_object().unwrap().len() == 1)
        );
    }
    assert_shape(
        &comparable,
        include_str!("../../samples/cove/enumerate-account-statistics.billing.response.json"),
        &[],
        &[
            "$.result.totalStatistics",
            "$.result.result[].Settings[].D09F09",
        ],
    );
    let names: BTreeSet<_> = answer["result"]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| settings(row)["I8"].clone())
        .collect();
    assert!(names.iter().all(|name| !name.ends_with("Recycle Bin")));
    assert!(names.len() > 40);
}

#[tokio::test]
async fn devices_are_those_of_the_billing_api() {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    sandbox.edit(|world| {
        let contract = sandbox::CONTRACTS[0];
        for (service, quantity) in [
            ("Server", 1),
            ("Virtual Machine Server", 1),
            ("Workstation", 1),
            ("Documents", 1),
            ("Microsoft 365", 38),
            ("Long-Term Retention", 2),
        ] {
            let service = format!("Cove Data Protection | {service}");
            assert!(world.add_usage(
                202_611,
                contract,
                ("1048576", "Acme"),
                &service,
                Milli::units(quantity)
            ));
        }
        world.add_usage(
            202_611,
            sandbox::CONTRACTS[3],
            ("1048576", "Acme"),
            "Example EDR | x",
            Milli::units(9),
        );
        world.add_usage(
            202_611,
            contract,
            ("", "Nobody"),
            "Cove Data Protection | Server",
            Milli::units(1),
        );
        world.add_usage(
            202_610,
            contract,
            ("77", "Gone"),
            "Cove Data Protection | Server",
            Milli::units(1),
        );
    });
    let cove = Cove::login(&sandbox).await;
    let rows = rows(&cove, json!({"Columns": ["OT", "PN", "AT", "I81", "TM"]})).await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            let own = settings(row);
            let text = |key: &str| own.get(key).cloned().unwrap_or_default();
            (
                row["PartnerId"].as_u64().unwrap(),
                text("OT"),
                text("PN"),
                text("I81"),
                text("TM"),
            )
        })
        .collect();
    let row = |partner, os: &str, product: &str, physical: &str, users: &str| {
        (
            partner,
            os.to_owned(),
            product.to_owned(),
            physical.to_owned(),
            users.to_owned(),
        )
    };
    assert_eq!(
        seen,
        [
            row(1_048_576, "2", "All-In", "Physical", ""),
            row(1_048_576, "2", "All-In", "Virtual", ""),
            row(1_048_576, "1", "All-In", "Physical", ""),
            row(1_048_576, "1", "Documents", "Physical", ""),
            row(1_048_576, "0", "All-In", "Undefined", "38"),
            row(RESELLER_ID, "2", "All-In", "Physical", ""),
        ]
    );
    let gone: Vec<_> = sandbox
        .accounts()
        .into_iter()
        .filter(|one| one.removed.is_some())
        .collect();
    assert_eq!(
        gone.iter().map(|one| one.partner_id).collect::<Vec<_>>(),
        [77]
    );
}

#[tokio::test]
async fn every_kind_of_device_is_seeded() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let accounts = live(&sandbox);
    for kind in [
        DeviceKind::PhysicalServer,
        DeviceKind::VirtualServer,
        DeviceKind::UndefinedServer,
        DeviceKind::UnknownServer,
        DeviceKind::Workstation,
        DeviceKind::Documents,
        DeviceKind::Microsoft365,
        DeviceKind::NeverInstalled,
    ] {
        assert!(accounts.iter().any(|one| one.kind == kind), "{kind:?}");
    }
    assert!(
        accounts
            .iter()
            .any(|one| one.partner_id == RESELLER_ID && one.kind == DeviceKind::PhysicalServer)
    );
    let again = Sandbox::builder().start().await.unwrap();
    assert_eq!(again.accounts(), sandbox.accounts());
}

#[tokio::test]
async fn pages_cover_everything_once() {
    for most_rows in [None, Some(40)] {
        let sandbox = start(ManagementSwitches {
            most_rows,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let mut seen = Vec::new();
        loop {
            let page = rows(
                &cove,
                json!({"StartRecordNumber": seen.len(), "RecordsCount": 100, "OrderBy": "CD ASC"}),
            )
            .await;
            assert!(page.len() <= most_rows.map_or(100, |most| most as usize));
            if page.is_empty() {
                break;
            }
            seen.extend(ids(&page));
        }
        let mut known: Vec<_> = live(&sandbox)
            .into_iter()
            .map(|one| (one.created, one.id))
            .collect();
        known.sort_unstable();
        assert_eq!(
            seen,
            known.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn without_a_count_one_row_comes() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let bare = json!({"query": {"PartnerId": RESELLER_ID, "Columns": ["I0"]}});
    assert_eq!(cove.result(LIVE, bare).await.as_array().unwrap().len(), 1);
    let answer = cove
        .call(LIVE, query(json!({"StartRecordNumber": 99_999})))
        .await;
    assert_shape(
        &answer,
        include_str!("../../samples/cove/enumerate-account-statistics.empty.response.json"),
        &[],
        &[],
    );
}

#[tokio::test]
async fn filters_and_excluded_partners_narrow_the_rows() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let cove = Cove::login(&sandbox).await;
    let accounts = live(&sandbox);
    let of = |kind| accounts.iter().filter(|one| one.kind == kind).count();
    let count = async |filter: &str| rows(&cove, json!({"Filter": filter})).await.len();
    assert_eq!(count("AT == 2").await, of(DeviceKind::Microsoft365));
    assert_eq!(
        count("OT == 1 AND PN == 'Documents'").await,
        of(DeviceKind::Documents)
    );
    assert_eq!(
        count("OT == 1 and PN != Product.Documents").await,
        of(DeviceKind::Workstation)
    );
    assert_eq!(
        count("I81 == 'Virtual' || OT == 1 && PN == 'Documents'").await,
        of(DeviceKind::VirtualServer) + of(DeviceKind::Documents)
    );
    assert_eq!(
        count("TS > 2.days().ago()").await,
        accounts.len() - of(DeviceKind::NeverInstalled)
    );
    assert_eq!(
        count(&format!("AU in ({}, {})", accounts[0].id, accounts[1].id)).await,
        2
    );
    assert!(count("ANY =~ '*m365*'").await > 0);
    assert_eq!(
        cove.refusal(LIVE, query(json!({"Filter": "AccountId EQ 5"})))
            .await,
        1001
    );

    let customer = accounts
        .iter()
        .find(|one| one.partner_id > 2_000_000 && one.partner_id < 3_000_000)
        .unwrap()
        .partner_id;
    let own = rows(&cove, json!({"PartnerId": customer})).await.len();
    let others = rows(&cove, json!({"ExcludedPartners": [customer]}))
        .await
        .len();
    assert!(own > 0);
    assert_eq!(own + others, accounts.len());
}

#[tokio::test]
async fn totals_are_counted_over_all_pages() {
    let total = "COUNT(AT==1)";
    for totals in [
        TotalsShape::Settings,
        TotalsShape::Object,
        TotalsShape::Null,
    ] {
        let sandbox = start(ManagementSwitches {
            totals,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = Cove::login(&sandbox).await;
        let accounts = live(&sandbox);
        let count = accounts
            .iter()
            .filter(|one| one.kind != DeviceKind::Microsoft365)
            .count();
        let sum: i64 = accounts
            .iter()
            .filter(|one| one.kind != DeviceKind::NeverInstalled)
            .map(|one| one.selected_bytes)
            .sum();
        let answer = cove
            .call(
                LIVE,
                query(json!({"RecordsCount": 5, "Totals": [total, "SUM(T3)"]})),
            )
            .await;
        let expected = match totals {
            TotalsShape::Settings => {
                json!([{total: count.to_string()}, {"SUM(T3)": sum.to_string()}])
            }
            TotalsShape::Object => json!({total: count, "SUM(T3)": sum}),
            TotalsShape::Null => Value::Null,
        };
        assert_eq!(answer["result"]["totalStatistics"], expected);
    }
}
