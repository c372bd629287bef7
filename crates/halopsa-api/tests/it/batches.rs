//! `write_all` against servers that treat a bad record in a batch in the three possible ways.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use api_core::Sent;
use api_core::testing::{Scripted, ScriptedTransport};
use halopsa_api::{Batch, ClientId, HaloClient, LicenceId, LicenceWrite, WriteOutcome};
use serde_json::{Value, json};

use crate::support::{count, parameter, scripted};

const LICENCES: &str = "/api/SoftwareLicence";

/// What a server does with a batch that holds a record it refuses. Which is Halo's way is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    AllOrNothing,
    StopsAtFirstError,
    SkipsBadOnes,
}

type Store = Arc<Mutex<Vec<Value>>>;

/// A store of licences; records of client 66 are refused.
fn stored(failure: Failure) -> (HaloClient, ScriptedTransport, Store) {
    let store: Store = Arc::new(Mutex::new(vec![
        json!({"id": 1, "type": 1, "client_id": 10, "name": "old", "count": 1}),
    ]));
    let inside = Arc::clone(&store);
    let (halo, transport) = scripted(move |method, target, body| {
        let mut store = inside.lock().unwrap_or_else(PoisonError::into_inner);
        if method == "POST" {
            return write(
                &mut store,
                failure,
                &serde_json::from_slice::<Vec<Value>>(body).unwrap(),
            );
        }
        let client: i64 = parameter(target, "client_id").unwrap().parse().unwrap();
        let rows: Vec<&Value> = store
            .iter()
            .filter(|row| row["client_id"] == client)
            .collect();
        Scripted::json(
            200,
            json!({"record_count": rows.len(), "licences": rows}).to_string(),
        )
    });
    (halo, transport, store)
}

fn write(store: &mut Vec<Value>, failure: Failure, items: &[Value]) -> Scripted {
    let refused = |item: &&Value| item["client_id"] == 66;
    if failure == Failure::AllOrNothing && items.iter().any(|item| refused(&item)) {
        return Scripted::json(400, r#"{"Message":"client 66 not found"}"#);
    }
    let mut bad = false;
    for item in items {
        if refused(&item) {
            bad = true;
            if failure == Failure::StopsAtFirstError {
                break;
            }
            continue;
        }
        if let Some(id) = item["id"].as_i64() {
            let row = store.iter_mut().find(|row| row["id"] == id).unwrap();
            row["count"] = item["count"].clone();
        } else {
            let mut row = item.clone();
            row["id"] = json!(store.len() + 1);
            store.push(row);
        }
    }
    if bad {
        return Scripted::json(400, r#"{"Message":"client 66 not found"}"#);
    }
    Scripted::json(200, "")
}

fn create(client: i64, name: &str) -> LicenceWrite {
    LicenceWrite::create(ClientId::new(client), name, 3)
}

/// Eight good records around one bad one.
fn writes() -> Vec<LicenceWrite> {
    let mut writes: Vec<LicenceWrite> = (11..=17)
        .map(|client| create(client, "Cove - Servers"))
        .collect();
    writes.insert(3, create(66, "Cove - Servers"));
    writes.push(LicenceWrite::set_count(
        LicenceId::new(1),
        ClientId::new(10),
        9,
    ));
    writes
}

fn batch() -> Batch {
    Batch {
        known: BTreeSet::from([LicenceId::new(1)]),
        ..Batch::default()
    }
}

#[tokio::test]
async fn one_bad_record_does_not_take_the_others_with_it_and_nothing_is_made_twice() {
    for failure in [
        Failure::AllOrNothing,
        Failure::StopsAtFirstError,
        Failure::SkipsBadOnes,
    ] {
        let (halo, _, store) = stored(failure);
        let outcomes = halo
            .licences()
            .write_all(&writes(), &batch())
            .await
            .unwrap();
        for (index, outcome) in outcomes.iter().enumerate() {
            match outcome {
                WriteOutcome::Rejected { status, .. } => {
                    assert_eq!((index, status.as_u16()), (3, 400), "{failure:?}");
                }
                WriteOutcome::Confirmed(_) => assert_ne!(index, 3, "{failure:?}"),
                other => panic!("{failure:?} {index}: {other:?}"),
            }
        }
        let store = store.lock().unwrap();
        let mut clients: Vec<i64> = store
            .iter()
            .map(|row| row["client_id"].as_i64().unwrap())
            .collect();
        clients.sort_unstable();
        assert_eq!(clients, [10, 11, 12, 13, 14, 15, 16, 17], "{failure:?}");
        assert_eq!(store[0]["count"], 9, "{failure:?}");
    }
}

#[tokio::test]
async fn batches_that_are_accepted_cost_one_request_each() {
    let (halo, transport, _) = stored(Failure::AllOrNothing);
    let writes: Vec<LicenceWrite> = (100..1100).map(|client| create(client, "x")).collect();
    let size = Batch {
        size: 100,
        ..batch()
    };
    let outcomes = halo.licences().write_all(&writes, &size).await.unwrap();
    assert!(outcomes.iter().all(WriteOutcome::is_confirmed));
    assert_eq!(count(&transport, LICENCES), 10);
}

#[tokio::test]
async fn a_batch_that_was_lost_is_not_sent_again() {
    let (halo, transport) = scripted(|_, _, _| Scripted::broken(Sent::Maybe));
    let outcomes = halo
        .licences()
        .write_all(&writes(), &batch())
        .await
        .unwrap();
    assert!(outcomes.iter().all(WriteOutcome::is_unknown));
    assert_eq!(count(&transport, LICENCES), 1);
}

#[tokio::test]
async fn creates_of_a_refused_batch_that_cannot_be_read_back_stay_unknown() {
    let (halo, transport) = scripted(|method, _, _| {
        if method == "POST" {
            Scripted::json(400, "no")
        } else {
            Scripted::json(200, "{}")
        }
    });
    let outcomes = halo
        .licences()
        .write_all(&[create(11, "a"), create(12, "a")], &batch())
        .await
        .unwrap();
    assert!(
        outcomes.iter().all(WriteOutcome::is_unknown),
        "{outcomes:?}"
    );
    let posts = transport
        .requests()
        .iter()
        .filter(|sent| sent.method() == "POST" && sent.uri().path() == LICENCES)
        .count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn an_older_record_is_not_taken_for_the_new_one_where_nobody_said_what_existed_before() {
    let (halo, _, store) = stored(Failure::AllOrNothing);
    let older = json!({"id": 2, "type": 1, "client_id": 11, "name": "Cove - Servers", "count": 3});
    store.lock().unwrap().push(older);
    let writes = [
        create(11, "Cove - Servers"),
        create(12, "Cove - Servers"),
        create(66, "x"),
    ];
    let batch = Batch::default();
    let outcomes = halo.licences().write_all(&writes, &batch).await.unwrap();
    assert!(outcomes[0].is_unknown(), "{outcomes:?}");
    assert!(outcomes[1].is_confirmed(), "{outcomes:?}");
    let of = |client: i64| {
        let store = store.lock().unwrap();
        store
            .iter()
            .filter(|row| row["client_id"] == client)
            .count()
    };
    assert_eq!((of(11), of(12)), (1, 1));
}

#[tokio::test]
async fn an_older_record_of_the_same_name_is_not_taken_for_the_new_one() {
    let (halo, _, store) = stored(Failure::AllOrNothing);
    store
        .lock()
        .unwrap()
        .push(json!({"id": 2, "type": 1, "client_id": 11, "name": "Cove - Servers", "count": 3}));
    let known = Batch {
        known: BTreeSet::from([LicenceId::new(1), LicenceId::new(2)]),
        ..Batch::default()
    };
    let writes = [create(11, "Cove - Servers"), create(66, "x")];
    let outcomes = halo.licences().write_all(&writes, &known).await.unwrap();
    assert!(outcomes[0].is_confirmed());
    assert_eq!(
        store
            .lock()
            .unwrap()
            .iter()
            .filter(|row| row["client_id"] == 11)
            .count(),
        2
    );
}
