//! Halo's lists: paging, the cap, order, inactive records, custom fields, and the records behind them.

use std::collections::BTreeSet;

use sandbox::{CUSTOM_FIELD, CustomFieldValue, CustomFieldsInLists, OddityKind, Sandbox, Switches};
use serde_json::{Value, json};

use crate::http::{Halo, ids};
use crate::shape::assert_same_shape;

async fn start(switches: Switches) -> Sandbox {
    Sandbox::builder().switches(switches).start().await.unwrap()
}

/// Follows the pages of a list to its end.
async fn all(halo: &Halo<'_>, path: &str, key: &str, size: usize) -> (Vec<Value>, usize) {
    let mut rows = Vec::new();
    for page in 1.. {
        let body = halo
            .get(&format!(
                "{path}&pageinate=true&page_size={size}&page_no={page}"
            ))
            .await
            .json();
        let total = body["record_count"].as_u64().unwrap();
        rows.extend(body[key].as_array().unwrap().clone());
        if rows.len() as u64 >= total {
            return (rows, page);
        }
    }
    unreachable!()
}

#[tokio::test]
async fn client_lists_have_the_published_shape() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let path = "Client?pageinate=true&page_size=100&page_no=1&order=id&include_custom_fields=212";
    let body = halo.get(path).await.json();
    // The sample shows text and null; one seeded client has a number.
    let mut comparable = body.clone();
    for client in comparable["clients"].as_array_mut().unwrap() {
        if client["customfields"][0]["value"].is_number() {
            client["customfields"][0]["value"] = Value::Null;
        }
    }
    assert_same_shape(
        &comparable,
        &[include_str!("../samples/halo/client.list.response.json")],
        &[],
        &[],
    );
    let body = halo.get("Client").await.json();
    assert_same_shape(
        &body,
        &[include_str!(
            "../samples/halo/client.list.no-customfields.response.json"
        )],
        &[],
        &[],
    );
    assert_eq!(body["clients"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_single_client_has_all_custom_fields() {
    let sandbox = start(Switches {
        custom_fields_in_lists: CustomFieldsInLists::Never,
        ..Switches::default()
    })
    .await;
    let halo = Halo::new(&sandbox).await;
    let client = sandbox
        .clients()
        .into_iter()
        .find(|client| client.cove_id.is_some())
        .unwrap();
    let mut body = halo.get(&format!("Client/{}", client.id)).await.json();
    assert_eq!(body["customfields"][0]["name"], CUSTOM_FIELD);
    assert_eq!(body["customfields"][0]["value"], client.cove_id.unwrap());
    assert_eq!(body["customfields"][1]["name"], "CFCoveIgnore");
    body["customfields"].as_array_mut().unwrap().pop();
    assert_same_shape(
        &body,
        &[include_str!("../samples/halo/client.get.response.json")],
        &[],
        &[],
    );
    assert_eq!(halo.get("Client/999999").await.status, 404);
    assert_eq!(halo.get("Client/abc").await.status, 404);
}

#[tokio::test]
async fn field_info_is_a_bare_array() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let body = halo.get("FieldInfo?typeid=2").await.json();
    assert_same_shape(
        &body,
        &[include_str!(
            "../samples/halo/fieldinfo.list.typeid2.response.json"
        )],
        &[],
        &[],
    );
    assert_eq!(body[0]["name"], CUSTOM_FIELD);
    assert_eq!(halo.get("FieldInfo?typeid=4").await.json(), json!([]));
}

#[tokio::test]
async fn pages_are_capped_silently_and_lose_nothing() {
    for (cap, pages) in [(Some(50), 3), (Some(100), 2), (None, 1)] {
        let sandbox = start(Switches {
            page_cap: cap,
            ..Switches::default()
        })
        .await;
        let halo = Halo::new(&sandbox).await;
        let (rows, read) = all(
            &halo,
            "Client?includeinactive=true&order=id",
            "clients",
            1000,
        )
        .await;
        let known: Vec<i64> = sandbox.clients().iter().map(|client| client.id).collect();
        assert_eq!((ids(&rows.into()), read), (known, pages), "{cap:?}");
    }
}

#[tokio::test]
async fn inactive_clients_are_listed_only_when_asked() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let inactive = sandbox
        .clients()
        .iter()
        .filter(|client| client.inactive)
        .count();
    assert!(inactive > 0);
    let (active, _) = all(&halo, "Client?order=id", "clients", 100).await;
    assert!(active.iter().all(|client| client["inactive"] == false));
    assert_eq!(active.len() + inactive, sandbox.clients().len());
}

#[tokio::test]
async fn rows_come_by_name_unless_ordered() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let names = |body: &Value| -> Vec<String> {
        body["clients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let by_name = names(&halo.get("Client?count=1000").await.json());
    assert!(by_name.is_sorted());
    let descending = ids(&halo
        .get("Client?count=1000&order=id&orderdesc=true")
        .await
        .json()["clients"]);
    assert!(descending.is_sorted_by(|left, right| left > right));
    let found = names(&halo.get("Client?search=twin%20peaks").await.json());
    assert_eq!(found, ["Twin Peaks Dental", "Twin Peaks Dental"]);
}

#[tokio::test]
async fn custom_fields_in_lists_follow_the_switch() {
    for (switch, asked, unasked) in [
        (CustomFieldsInLists::Always, Some(2), Some(2)),
        (CustomFieldsInLists::WhenAsked, Some(1), None),
        (CustomFieldsInLists::Never, None, None),
    ] {
        let sandbox = start(Switches {
            custom_fields_in_lists: switch,
            ..Switches::default()
        })
        .await;
        let halo = Halo::new(&sandbox).await;
        let shown = async |path: &str| {
            let body = halo.get(path).await.json();
            body["clients"][0]
                .get("customfields")
                .map(|fields| fields.as_array().unwrap().len())
        };
        assert_eq!(
            shown("Client?include_custom_fields=212").await,
            asked,
            "{switch:?}"
        );
        assert_eq!(shown("Client").await, unasked, "{switch:?}");
    }
}

#[tokio::test]
async fn text_fields_of_digits_may_come_as_numbers() {
    let text = start(Switches::default()).await;
    let number = start(Switches {
        custom_field_value: CustomFieldValue::Number,
        ..Switches::default()
    })
    .await;
    let kinds = async |sandbox: &Sandbox| {
        let halo = Halo::new(sandbox).await;
        let (rows, _) = all(
            &halo,
            "Client?include_custom_fields=212&includeinactive=true",
            "clients",
            100,
        )
        .await;
        let values = rows
            .iter()
            .map(|row| row["customfields"][0]["value"].clone());
        values.filter(Value::is_number).count()
    };
    assert_eq!(kinds(&text).await, 1);
    let claimed = number
        .clients()
        .iter()
        .filter(|client| client.cove_id.as_ref().is_some_and(|id| !id.is_empty()))
        .count();
    assert_eq!(kinds(&number).await, claimed);
}

#[tokio::test]
async fn licence_lists_have_the_published_shape() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let body = halo
        .get("SoftwareLicence?pageinate=true&page_size=100&page_no=1&order=id")
        .await
        .json();
    assert_same_shape(
        &body,
        &[include_str!(
            "../samples/halo/softwarelicence.list.response.json"
        )],
        &[],
        &[],
    );
    let body = halo.get("SoftwareLicence").await.json();
    assert_same_shape(
        &body,
        &[include_str!(
            "../samples/halo/softwarelicence.list.unpaged.response.json"
        )],
        &[],
        &[],
    );
    let id = body["licences"][0]["id"].as_i64().unwrap();
    let one = halo
        .get(&format!("SoftwareLicence/{id}?client_id=1"))
        .await
        .json();
    assert_same_shape(
        &one,
        &[include_str!(
            "../samples/halo/softwarelicence.get.response.json"
        )],
        &[],
        &[],
    );
    assert_eq!(halo.get("SoftwareLicence/1").await.status, 404);
}

#[tokio::test]
async fn licences_are_filtered_by_client_type_and_state() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let odd = |kind| {
        sandbox
            .oddities()
            .iter()
            .find(|odd| odd.kind == kind)
            .unwrap()
            .client_ids[0]
    };
    let of = async |path: &str| {
        halo.get(path).await.json()["licences"]
            .as_array()
            .unwrap()
            .clone()
    };

    let client = odd(OddityKind::SameNameSoftwareLicence);
    let kinds = |rows: &[Value]| -> BTreeSet<i64> {
        rows.iter()
            .map(|row| row["type"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        kinds(&of(&format!("SoftwareLicence?client_id={client}")).await),
        BTreeSet::from([0, 1])
    );
    assert_eq!(
        kinds(
            &of(&format!(
                "SoftwareLicence?client_id={client}&licence_type=1"
            ))
            .await
        ),
        BTreeSet::from([1])
    );

    let client = odd(OddityKind::SameNameInactive);
    let active = of(&format!("SoftwareLicence?client_id={client}")).await;
    let both = of(&format!(
        "SoftwareLicence?client_id={client}&includeinactive=true"
    ))
    .await;
    assert_eq!(both.len(), active.len() + 1);
    assert_eq!(
        both.iter().filter(|row| row["is_active"] == false).count(),
        1
    );
}

#[tokio::test]
async fn deleted_licences_are_listed_only_if_the_switch_says_so() {
    for (switch, deleted) in [(false, 0), (true, 1)] {
        let sandbox = start(Switches {
            includeinactive_returns_deleted: switch,
            ..Switches::default()
        })
        .await;
        let halo = Halo::new(&sandbox).await;
        let (rows, _) = all(
            &halo,
            "SoftwareLicence?includeinactive=true&order=id",
            "licences",
            100,
        )
        .await;
        assert_eq!(
            rows.iter().filter(|row| row["deleted"] == true).count(),
            deleted
        );
        let (rows, _) = all(&halo, "SoftwareLicence?order=id", "licences", 100).await;
        assert_eq!(rows.iter().filter(|row| row["deleted"] == true).count(), 0);
    }
}
