//! The plan document: what it holds, and that an edited one is refused.

use crate::world::{PER_GB, SERVER, World, d};
use billing_sync::ids::ClientId;
use billing_sync::plan::{InvalidPlan, Plan};
use serde_json::{Value, json};

fn world() -> World {
    World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "5")
        .uses("200", SERVER, "7")
        .uses_unit("200", PER_GB, "GB", "1.5")
        .uses("999", SERVER, "2")
        .has(501, 12, SERVER, 5)
}

#[test]
fn the_document_has_the_published_shape() {
    let document = world().plan().to_json(false);
    let keys: Vec<&str> = document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for key in [
        "schema",
        "plan_id",
        "period",
        "finality",
        "complete",
        "rules_digest",
        "inputs_digest",
        "summary",
        "changes",
        "exceptions",
        "ledger",
        "guards",
        "requests",
    ] {
        assert!(keys.contains(&key), "{key} of {keys:?}");
    }
    assert_eq!(document["schema"], 1);
    assert_eq!(document["period"], "202610");
    assert_eq!(document["finality"], "final");
    assert_eq!(document["complete"], true);
    assert_eq!(
        document["summary"],
        json!({"create": 1, "update": 0, "zero": 0, "keep": 1, "exceptions": 2})
    );
    let change = &document["changes"][0];
    assert_eq!(change["kind"], "create");
    assert_eq!(
        (&change["client_id"], &change["name"]),
        (&json!(13), &json!(SERVER))
    );
    assert_eq!(
        (&change["before"], &change["after"]),
        (&Value::Null, &json!(7))
    );
    assert_eq!(change["sources"][0]["quantity"], "7");
    assert_eq!(change["sources"][0]["devices"][0]["name"], "srv01");
    assert_eq!(
        document["changes"].as_array().unwrap().len(),
        1,
        "kept rows are not listed"
    );
    assert_eq!(
        world().plan().to_json(true)["changes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        document["ledger"][0],
        json!({"service": PER_GB, "unit": "GB", "vendor": "1.5", "billed": "0", "ignored": "0", "free": "0",
               "rounding": "0", "unmatched": "0", "blocked": "1.5", "contract_level": "0"})
    );
    assert_eq!(
        document["requests"],
        json!({"read": 4, "write_estimate": 3})
    );
    assert_eq!(document["exceptions"][0]["kind"], "unmatched_customer");
    assert_eq!(document["exceptions"][0]["quantity"], "2");
}

#[test]
fn a_document_reads_back_as_the_same_plan() {
    let plan = world().plan();
    for all in [false, true] {
        let text = serde_json::to_vec_pretty(&plan.to_json(all)).unwrap();
        assert_eq!(Plan::from_json(&text).unwrap(), plan);
    }
}

#[test]
fn a_plan_says_whose_it_is_and_which_client_it_is_limited_to() {
    let plan = world().plan();
    assert_eq!((plan.subject(), plan.only()), ("", None));
    let named = plan.clone().for_subject("account A and tenant b");
    assert_ne!(named.id(), plan.id(), "another tenant's is another plan");
    assert_eq!(named.changes(), plan.changes());
    let mut world = world();
    world.only = Some(ClientId::new(13));
    let limited = world.plan().for_subject("account A and tenant b");
    assert_eq!(limited.only(), Some(ClientId::new(13)));
    let text = limited.to_json(false).to_string();
    assert_eq!(Plan::from_json(text.as_bytes()).unwrap(), limited);
}

#[test]
fn a_document_of_an_earlier_version_reads_back_with_its_id() {
    let plan = world().plan();
    let mut document = plan.to_json(false);
    let fields = document.as_object_mut().unwrap();
    assert!(fields.remove("subject").is_some());
    assert!(fields.remove("only").is_some());
    let text = document.to_string();
    assert_eq!(Plan::from_json(text.as_bytes()).unwrap(), plan);
}

#[test]
fn every_edit_of_the_document_is_refused() {
    let original = world().plan().to_json(false);
    let edits: Vec<(&str, Value)> = vec![
        ("/plan_id", json!("0")),
        ("/period", json!("202609")),
        ("/finality", json!("provisional")),
        ("/complete", json!(false)),
        ("/gaps", json!(["x"])),
        ("/rules_digest", json!("0")),
        ("/inputs_digest", json!("0")),
        ("/summary/create", json!(2)),
        ("/changes/0/after", json!(8)),
        ("/changes/0/client_id", json!(12)),
        ("/changes/0/sources/0/quantity", json!("8")),
        ("/exceptions", json!([])),
        ("/ledger/0/billed", json!("1.5")),
        ("/subject", json!("another tenant")),
        ("/only", json!(13)),
        ("/guards/0/tripped", json!(true)),
        ("/guards/0/limit", json!("anything")),
        ("/kept", json!([])),
    ];
    for (pointer, value) in edits {
        let mut edited = original.clone();
        *edited.pointer_mut(pointer).unwrap() = value;
        let error = Plan::from_json(&serde_json::to_vec(&edited).unwrap()).unwrap_err();
        assert!(
            matches!(error, InvalidPlan::Edited | InvalidPlan::Unreadable(_)),
            "{pointer}: {error}"
        );
    }
}

#[test]
fn what_is_no_plan_is_said_to_be_none() {
    for text in [
        "",
        "{",
        "[]",
        "{}",
        "{\"schema\":1}",
        "<html>",
        "{\"schema\":\"1\"}",
        "null",
    ] {
        assert!(
            matches!(
                Plan::from_json(text.as_bytes()),
                Err(InvalidPlan::Unreadable(_))
            ),
            "{text}"
        );
    }
    let newer = Plan::from_json(b"{\"schema\":2}").unwrap_err();
    assert_eq!(newer, InvalidPlan::Schema { found: 2 });
}

#[test]
fn retried_reads_do_not_make_another_plan_but_other_inputs_do() {
    let one = world();
    assert_eq!(one.plan().id(), one.plan().id());
    let mut other = world();
    other.rules.limits.max_created = 499;
    assert_ne!(one.plan().rules_digest(), other.plan().rules_digest());
    assert_ne!(one.plan().id(), other.plan().id());
    let mut other = world();
    other.usage.lines[3].quantity = d("3");
    assert_ne!(one.plan().inputs_digest(), other.plan().inputs_digest());
}
