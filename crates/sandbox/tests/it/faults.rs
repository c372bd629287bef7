//! Every fault: what the client sees, what is stored, what the log says.

use std::io::ErrorKind;
use std::time::Duration;

use sandbox::{Fault, FaultKind, LoggedRequest, RetryAfter, Sandbox, Service, Switches, When};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::http::{Answer, Halo, billing, ids};

pub(crate) const PATH: &str = "SoftwareLicence";

/// A world of one client with one subscription (id 501) of count 4.
pub(crate) async fn start() -> Sandbox {
    let sandbox = Sandbox::builder().blank_world().start().await.unwrap();
    sandbox.edit(|world| {
        let client = world.add_client("Acme Ltd", "1048576");
        world.add_subscription(client, "Cove Data Protection | Server", 4)
    });
    sandbox
}

pub(crate) fn first(kind: FaultKind) -> Vec<Fault> {
    vec![Fault::new(When::Nth(1), kind)]
}

/// Updates the count to 5 under a fault.
async fn update_under(
    sandbox: &Sandbox,
    kind: FaultKind,
) -> (std::io::Result<Answer>, i64, LoggedRequest) {
    let halo = Halo::new(sandbox).await;
    sandbox.clear_requests();
    sandbox.set_faults(first(kind.clone()));
    let answer = halo
        .try_call("POST", PATH, &json!([{"id": 501, "count": 5}]).to_string())
        .await;
    let logged = sandbox.requests().remove(0);
    assert_eq!(logged.fault, Some(kind));
    (answer, sandbox.subscriptions()[0].count, logged)
}

#[tokio::test]
async fn a_status_before_the_commit_stores_nothing() {
    for code in [400, 500, 502, 503, 504] {
        let sandbox = start().await;
        let (answer, count, logged) = update_under(&sandbox, FaultKind::Status(code)).await;
        assert_eq!((answer.unwrap().status, count), (code, 4));
        assert_eq!((logged.status, logged.committed), (code, false));
    }
}

#[tokio::test]
async fn a_status_after_the_commit_hides_what_was_stored() {
    let sandbox = start().await;
    let (answer, count, logged) = update_under(&sandbox, FaultKind::StatusAfterCommit(504)).await;
    assert_eq!((answer.unwrap().status, count), (504, 5));
    assert_eq!((logged.status, logged.committed), (504, true));
}

#[tokio::test]
async fn a_reset_leaves_no_answer_before_or_after_the_commit() {
    for (kind, stored) in [
        (FaultKind::ResetBeforeCommit, 4),
        (FaultKind::ResetAfterCommit, 5),
    ] {
        let sandbox = start().await;
        let (answer, count, logged) = update_under(&sandbox, kind).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(count, stored);
        assert_eq!((logged.status, logged.committed), (0, stored == 5));
    }
}

#[tokio::test]
async fn a_hang_ends_without_an_answer_before_or_after_the_commit() {
    for (kind, stored) in [
        (FaultKind::HangMs(30), 4),
        (FaultKind::HangAfterCommitMs(30), 5),
    ] {
        let sandbox = start().await;
        let (answer, count, logged) = update_under(&sandbox, kind).await;
        assert!(answer.is_err());
        assert_eq!((count, logged.status), (stored, 0));
    }
}

#[tokio::test]
async fn a_client_that_gives_up_leaves_a_stored_write_behind() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    sandbox.set_faults(first(FaultKind::HangAfterCommitMs(60_000)));
    let body = json!([{"id": 501, "count": 5}]).to_string();
    let committed = async {
        while !sandbox
            .requests()
            .last()
            .is_some_and(|request| request.committed)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        answer = halo.try_call("POST", PATH, &body) => panic!("there must be no answer: {answer:?}"),
        () = committed => {}
    }
    assert_eq!(sandbox.subscriptions()[0].count, 5);
    assert!(sandbox.requests().last().unwrap().committed);
}

#[tokio::test]
async fn unreadable_answers_come_with_200() {
    for (kind, body, stored) in [
        (FaultKind::NullBody, Some("null"), 5),
        (FaultKind::EmptyBody, Some(""), 5),
        (FaultKind::MalformedJson, None, 5),
        (FaultKind::Html200, None, 4),
    ] {
        let sandbox = start().await;
        let (answer, count, logged) = update_under(&sandbox, kind.clone()).await;
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status, count, logged.committed),
            (200, stored, stored == 5),
            "{kind:?}"
        );
        match body {
            Some(body) => assert_eq!(answer.body, body),
            None => assert!(serde_json::from_str::<Value>(&answer.body).is_err()),
        }
        let html = answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html");
        assert_eq!(html, kind == FaultKind::Html200);
    }
}

#[tokio::test]
async fn a_truncated_body_breaks_off_half_way() {
    let sandbox = start().await;
    let (answer, count, logged) = update_under(&sandbox, FaultKind::TruncatedBody).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!((count, logged.status, logged.committed), (5, 200, true));
}

#[tokio::test]
async fn a_drip_is_slow_and_complete() {
    let sandbox = start().await;
    let begun = Instant::now();
    let (answer, count, _) = update_under(&sandbox, FaultKind::Drip).await;
    assert_eq!(
        (answer.unwrap().json()["count"].as_i64(), count),
        (Some(5), 5)
    );
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn latency_delays_and_changes_nothing_else() {
    let sandbox = start().await;
    let begun = Instant::now();
    let (answer, count, logged) = update_under(&sandbox, FaultKind::Latency(60)).await;
    assert_eq!(
        (answer.unwrap().status, count, logged.committed),
        (200, 5, true)
    );
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn latency_goes_together_with_another_fault() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    sandbox.set_faults(vec![
        Fault::new(When::Always, FaultKind::Latency(40)),
        Fault::new(When::Nth(1), FaultKind::Status(503)),
        Fault::new(When::Nth(1), FaultKind::Status(500)),
    ]);
    let begun = Instant::now();
    assert_eq!(halo.get("Client").await.status, 503);
    assert!(begun.elapsed() >= Duration::from_millis(40));
    assert_eq!(
        sandbox.requests().pop().unwrap().fault,
        Some(FaultKind::Status(503))
    );
    assert_eq!(halo.get("Client").await.status, 200);
    assert_eq!(
        sandbox.requests().pop().unwrap().fault,
        Some(FaultKind::Latency(40))
    );
}

#[tokio::test]
async fn too_many_requests_says_when_to_come_back_if_told_to() {
    let sandbox = start().await;
    let kind = |retry_after| FaultKind::TooManyRequests { retry_after };
    let (answer, count, _) = update_under(&sandbox, kind(None)).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.header("retry-after"), count),
        (429, None, 4)
    );
    assert!(answer.body.starts_with("Rate Limit Reached"));
    let (answer, _, _) = update_under(&sandbox, kind(Some(2))).await;
    assert_eq!(answer.unwrap().header("retry-after"), Some("2"));
    let dated = |date| Switches {
        retry_after: RetryAfter::HttpDate,
        date,
        ..Switches::default()
    };
    sandbox.set_switches(dated(None));
    let (answer, _, _) = update_under(&sandbox, kind(Some(2))).await;
    assert!(
        answer
            .unwrap()
            .header("retry-after")
            .unwrap()
            .ends_with(" GMT")
    );
    // Where the switch says what day it is, the date that is named is counted from that day.
    sandbox.set_switches(dated(Some(784_111_777)));
    let (answer, _, _) = update_under(&sandbox, kind(Some(2))).await;
    let answer = answer.unwrap();
    for (header, date) in [
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("retry-after", "Sun, 06 Nov 1994 08:49:39 GMT"),
    ] {
        assert_eq!(answer.header(header), Some(date));
    }
}

#[tokio::test]
async fn a_lost_scope_leaves_the_token_alive_and_lets_it_in_nowhere() {
    let sandbox = start().await;
    let other = Halo::new(&sandbox).await;
    let (answer, count, logged) = update_under(&sandbox, FaultKind::ScopeLost).await;
    assert_eq!(
        (answer.unwrap().status, count, logged.committed),
        (401, 4, false)
    );
    assert_eq!(other.get("Client").await.status, 200, "not its scope");
    // Given out all the same, and as good for nothing.
    let new = Halo::new(&sandbox).await;
    assert_eq!(new.get("Client").await.status, 401);
    sandbox.clear_faults();
    assert_eq!(new.get("Client").await.status, 401, "as it was made");
    assert_eq!(Halo::new(&sandbox).await.get("Client").await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let sandbox = start().await;
    let (answer, count, logged) = update_under(&sandbox, FaultKind::TokenRevoked).await;
    assert_eq!(
        (answer.unwrap().status, count, logged.committed),
        (401, 4, false)
    );
    sandbox.clear_faults();
    assert_eq!(Halo::new(&sandbox).await.get("Client").await.status, 200);
}

#[tokio::test]
async fn another_person_edits_before_a_read_and_after_a_write() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    sandbox.set_faults(first(FaultKind::EditCount));
    let body = halo.get("SoftwareLicence?client_id=12").await.json();
    assert_eq!(body["licences"][0]["count"], 11);
    let (answer, count, _) = update_under(&sandbox, FaultKind::EditCount).await;
    assert_eq!(
        (answer.unwrap().json()["count"].as_i64(), count),
        (Some(5), 12)
    );
}

#[tokio::test]
async fn a_page_repeats_the_one_before() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    let page = async |number| {
        let path = format!("Client?pageinate=true&page_size=20&page_no={number}&order=id");
        let body = halo.get(&path).await.json();
        assert_eq!(body["page_no"], number);
        ids(&body["clients"])
    };
    let (one, two) = (page(1).await, page(2).await);
    sandbox.set_faults(first(FaultKind::DuplicatePage));
    assert_eq!(page(2).await, one);
    assert_eq!(page(2).await, two);
}

#[tokio::test]
async fn a_page_lacks_its_last_row_and_counts_it_all_the_same() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    let path = "Client?pageinate=true&page_size=20&page_no=1&order=id";
    let whole = halo.get(path).await.json();
    sandbox.set_faults(first(FaultKind::ShortPage));
    let short = halo.get(path).await.json();
    assert_eq!(ids(&short["clients"]), ids(&whole["clients"])[..19]);
    assert_eq!(short["record_count"], whole["record_count"]);
    assert_eq!(halo.get(path).await.json(), whole);
}

#[tokio::test]
async fn answers_are_dated_as_the_switch_says() {
    let switches = Switches {
        date: Some(784_111_777),
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let answer = billing(&sandbox, "InvoicesReady", "202610").await;
    assert_eq!(answer.header("date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[tokio::test]
async fn rows_shift_when_a_record_is_added_while_paging() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    for (path, key) in [("Client", "clients"), (PATH, "licences")] {
        let page = async |number| {
            let path = format!("{path}?pageinate=true&page_size=20&page_no={number}&order=id");
            let body = halo.get(&path).await.json();
            (ids(&body[key]), body["record_count"].as_u64().unwrap())
        };
        sandbox.clear_faults();
        let (one, before) = page(1).await;
        sandbox.set_faults(first(FaultKind::ShiftPage));
        let (two, after) = page(2).await;
        assert_eq!((one.last(), before + 1), (two.first(), after), "{path}");
    }
}

#[tokio::test]
async fn faults_pick_their_requests() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    sandbox.set_faults(vec![Fault::new(
        When::NthOf {
            service: Service::Halo,
            path_contains: "Client".into(),
            nth: 2,
        },
        FaultKind::Status(503),
    )]);
    let mut seen = Vec::new();
    for path in ["Client", "SoftwareLicence", "Client/12", "Client"] {
        seen.push(halo.get(path).await.status);
    }
    assert_eq!(seen, [200, 200, 503, 200]);
    assert_eq!(
        billing(&sandbox, "InvoicesReady", "202610").await.status,
        200
    );
    sandbox.set_faults(vec![Fault::new(When::Every(2), FaultKind::Status(502))]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(billing(&sandbox, "InvoicesReady", "202610").await.status);
    }
    assert_eq!(seen, [200, 502, 200, 502]);
}

#[tokio::test]
async fn a_status_that_cannot_end_a_request_becomes_500() {
    for code in [0, 42, 100, 101, 65_535] {
        let sandbox = start().await;
        let (answer, count, logged) = update_under(&sandbox, FaultKind::Status(code)).await;
        assert_eq!(
            (answer.unwrap().status, count, logged.status),
            (500, 4, 500)
        );
    }
}
