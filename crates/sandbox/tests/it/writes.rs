//! `POST /SoftwareLicence` and its switches; `DELETE`.

use sandbox::{
    BatchFailure, PostAnswer, PostWithoutId, Sandbox, StoredLicence, Subscription, Switches,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::http::{Halo, ids};
use crate::shape::{assert_same_shape, shape};

const PATH: &str = "SoftwareLicence";

/// A world of one client (id 12) with one subscription (id 501) of count 4.
async fn start(switches: Switches) -> Sandbox {
    let sandbox = Sandbox::builder()
        .blank_world()
        .switches(switches)
        .start()
        .await
        .unwrap();
    sandbox.edit(|world| {
        let client = world.add_client("Acme Ltd", "1048576");
        assert_eq!(
            (client, world.add_subscription(client, "Cove - Servers", 4)),
            (12, 501)
        );
    });
    sandbox
}

fn counts(sandbox: &Sandbox) -> Vec<(i64, String, i64)> {
    sandbox
        .subscriptions()
        .into_iter()
        .map(|one| (one.id, one.name, one.count))
        .collect()
}

fn own(rows: &[(i64, &str, i64)]) -> Vec<(i64, String, i64)> {
    rows.iter()
        .map(|(id, name, count)| (*id, (*name).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn a_record_without_id_is_created() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let answer = halo
        .post(
            PATH,
            &json!([{"client_id": 12, "Name": "Cove - Workstations", "count": 7, "type": 1}]),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_same_shape(
        &answer.json(),
        &[include_str!(
            "../samples/halo/softwarelicence.post.response.object.json"
        )],
        &[],
        &[],
    );
    assert_eq!(
        sandbox.subscriptions().last(),
        Some(&Subscription {
            id: 502,
            client_id: 12,
            name: "Cove - Workstations".into(),
            count: 7,
            kind: 1,
            is_active: true,
            deleted: false,
            notes: String::new(),
            price: "0".into(),
            other: BTreeMap::new(),
        })
    );
    let last = sandbox.requests().pop().unwrap();
    assert!(last.committed && last.body.contains("Cove - Workstations"));
}

#[tokio::test]
async fn a_record_with_id_is_updated_in_part() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let answer = halo
        .post(
            PATH,
            &json!([{"id": 501, "client_id": 12, "count": 5, "notes": "n", "price": 2.5}]),
        )
        .await;
    assert_eq!(answer.json()["count"], 5);
    let one = sandbox.subscriptions().remove(0);
    assert_eq!(
        (
            one.name.as_str(),
            one.count,
            one.notes.as_str(),
            one.price.as_str()
        ),
        ("Cove - Servers", 5, "n", "2.5")
    );
    assert_eq!((one.kind, one.is_active), (1, true));
    halo.post(
        PATH,
        &json!([{"id": 501, "is_active": false, "vendor_product_sku": "cove:1"}]),
    )
    .await;
    assert!(!sandbox.subscriptions()[0].is_active);
    assert_eq!(
        halo.get("SoftwareLicence/501").await.json()["vendor_product_sku"],
        "cove:1"
    );
}

#[tokio::test]
async fn a_record_without_type_is_a_software_licence() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    halo.post(PATH, &json!([{"client_id": 12, "name": "x"}]))
        .await;
    assert_eq!(sandbox.subscriptions()[1].kind, 0);
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_one_of_the_error_shapes() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let before = sandbox.subscriptions();
    let message = include_str!("../samples/halo/error.message.400.json");
    let exception = include_str!("../samples/halo/error.classname.400.json");
    let result_code = include_str!("../samples/halo/error.resultcode.400.json");
    let string = include_str!("../samples/halo/error.string.400.json");
    for (body, sample) in [
        (json!({"client_id": 12, "name": "x", "count": 1}), message),
        (json!([{"id": 999, "count": 1}]), message),
        (json!([{"client_id": 12, "name": "x".repeat(501)}]), message),
        (json!([{"client_id": 12, "count": 1}]), exception),
        (json!([{"client_id": 12, "name": "  "}]), exception),
        (json!([{"id": 501, "name": ""}]), exception),
        (json!([{"id": 501.0, "count": 1}]), result_code),
        (json!([{"id": "501", "count": 1}]), result_code),
        (json!([{"id": 501, "count": 1.5}]), result_code),
        (
            json!([{"id": 501, "count": 3_000_000_000_i64}]),
            result_code,
        ),
        (json!([{"id": 501, "count": "1"}]), result_code),
        (json!([{"id": 501, "is_active": "yes"}]), result_code),
        (json!([[]]), result_code),
        (json!([{"name": "x", "count": 1}]), string),
        (json!([{"client_id": 99, "name": "x"}]), string),
        (json!([{"id": 501, "client_id": 99}]), string),
    ] {
        let answer = halo.post(PATH, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        let wanted = shape(&serde_json::from_str(sample).unwrap());
        assert_eq!(shape(&answer.json()), wanted, "{body}");
    }
    let answer = halo.try_call("POST", PATH, "not json").await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(sandbox.subscriptions(), before);
    assert!(sandbox.requests().iter().all(|request| !request.committed));
}

#[tokio::test]
async fn the_answer_follows_the_switch() {
    let batch =
        json!([{"client_id": 12, "name": "a", "count": 1, "type": 1}, {"id": 501, "count": 2}]);
    let answered = async |post_answer| {
        let sandbox = start(Switches {
            post_answer,
            ..Switches::default()
        })
        .await;
        let answer = Halo::new(&sandbox).await.post(PATH, &batch).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            counts(&sandbox),
            own(&[(501, "Cove - Servers", 2), (502, "a", 1)])
        );
        answer
    };
    let array = answered(PostAnswer::Array).await.json();
    assert_same_shape(
        &array,
        &[include_str!(
            "../samples/halo/softwarelicence.post.response.array.json"
        )],
        &[],
        &[],
    );
    assert_eq!(ids(&array), [502, 501]);
    assert_eq!(answered(PostAnswer::Object).await.json()["id"], 502);
    assert_eq!(answered(PostAnswer::Empty).await.body, "");
}

#[tokio::test]
async fn the_same_name_again_makes_another_or_updates() {
    let body = json!([{"client_id": 12, "name": "Cove - Servers", "count": 9, "type": 1}]);
    let left = async |post_without_id| {
        let sandbox = start(Switches {
            post_without_id,
            ..Switches::default()
        })
        .await;
        Halo::new(&sandbox).await.post(PATH, &body).await;
        counts(&sandbox)
    };
    let both = own(&[(501, "Cove - Servers", 4), (502, "Cove - Servers", 9)]);
    assert_eq!(left(PostWithoutId::AlwaysCreates).await, both);
    assert_eq!(
        left(PostWithoutId::MatchesByName).await,
        own(&[(501, "Cove - Servers", 9)])
    );
}

#[tokio::test]
async fn a_batch_with_a_bad_record_follows_the_switch() {
    let new = |name| json!({"client_id": 12, "name": name, "count": 1, "type": 1});
    let batch = json!([new("a"), {"id": 999, "count": 1}, new("b"), {"id": 501, "count": 8}]);
    let left = async |batch_failure, batch: &Value| {
        let sandbox = start(Switches {
            batch_failure,
            post_answer: PostAnswer::Array,
            ..Switches::default()
        })
        .await;
        let answer = Halo::new(&sandbox).await.post(PATH, batch).await;
        let committed = sandbox.requests().pop().unwrap().committed;
        (answer.status, counts(&sandbox), committed)
    };
    let untouched = (501, "Cove - Servers", 4);
    assert_eq!(
        left(BatchFailure::AllOrNothing, &batch).await,
        (400, own(&[untouched]), false)
    );
    assert_eq!(
        left(BatchFailure::StopsAtFirstError, &batch).await,
        (400, own(&[untouched, (502, "a", 1)]), true)
    );
    assert_eq!(
        left(BatchFailure::SkipsBadOnes, &batch).await,
        (
            200,
            own(&[(501, "Cove - Servers", 8), (502, "a", 1), (503, "b", 1)]),
            true
        )
    );
    let only_bad = json!([{"id": 999, "count": 1}]);
    assert_eq!(
        left(BatchFailure::SkipsBadOnes, &only_bad).await,
        (400, own(&[untouched]), false)
    );
}

#[tokio::test]
async fn an_empty_batch_stores_nothing() {
    let sandbox = start(Switches::default()).await;
    let answer = Halo::new(&sandbox).await.post(PATH, &json!([])).await;
    assert_eq!(answer.status, 200);
    assert!(!sandbox.requests().pop().unwrap().committed);
}

#[tokio::test]
async fn deleting_marks_the_record() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let delete = async || {
        halo.try_call("DELETE", "SoftwareLicence/501", "")
            .await
            .unwrap()
    };
    assert_eq!(delete().await.status, 200);
    assert!(sandbox.subscriptions()[0].deleted);
    assert!(sandbox.requests().pop().unwrap().committed);
    assert_eq!(delete().await.status, 404);
    assert_eq!(
        halo.post(PATH, &json!([{"id": 501, "count": 1}]))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_large_batch_is_taken() {
    let sandbox = start(Switches::default()).await;
    let item =
        json!({"client_id": 12, "name": "x", "count": 1, "type": 1, "notes": "n".repeat(1000)});
    let answer = Halo::new(&sandbox)
        .await
        .post(PATH, &vec![item; 3000].into())
        .await;
    assert_eq!((answer.status, sandbox.subscriptions().len()), (200, 3001));
}

#[tokio::test]
async fn the_log_holds_what_each_write_stored() {
    let sandbox = start(Switches::default()).await;
    let halo = Halo::new(&sandbox).await;
    let new = json!({"client_id": 12, "name": "new", "count": 3, "type": 1});
    halo.post(PATH, &json!([{"id": 501, "count": 8}, new]))
        .await;
    let stored = |id, name: &str, count, is_new| StoredLicence {
        id,
        client_id: 12,
        name: name.into(),
        count,
        is_new,
    };
    let wanted = vec![
        stored(501, "Cove - Servers", 8, false),
        stored(502, "new", 3, true),
    ];
    assert_eq!(sandbox.requests().pop().unwrap().stored, wanted);
    halo.post(PATH, &json!([{"id": 999, "count": 8}])).await;
    assert_eq!(sandbox.requests().pop().unwrap().stored, []);
}

#[tokio::test]
async fn a_record_that_may_not_be_changed_is_refused_as_any_other_bad_one() {
    let sandbox = start(Switches::default()).await;
    assert!(!sandbox.edit(|world| world.freeze_subscription(999)));
    assert!(sandbox.edit(|world| world.freeze_subscription(501)));
    let halo = Halo::new(&sandbox).await;
    let answer = halo.post(PATH, &json!([{"id": 501, "count": 8}])).await;
    assert_eq!(answer.status, 400);
    assert_eq!(counts(&sandbox), own(&[(501, "Cove - Servers", 4)]));
    // A person may.
    assert!(sandbox.edit(|world| world.set_count(501, 9)));
    assert_eq!(counts(&sandbox), own(&[(501, "Cove - Servers", 9)]));
}

#[tokio::test]
async fn a_person_can_describe_a_subscription() {
    let sandbox = start(Switches::default()).await;
    assert!(!sandbox.edit(|world| world.describe_subscription(999, "n", 1)));
    assert!(sandbox.edit(|world| world.describe_subscription(501, "as agreed", 12)));
    let one = sandbox.subscriptions().remove(0);
    let described = (one.notes.as_str(), one.price.as_str(), one.count);
    assert_eq!(described, ("as agreed", "12", 4));
}
