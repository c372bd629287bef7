//! What the log says of faults and answers.

use sandbox::FaultKind;

use crate::faults::{PATH, first, start};
use crate::http::{Halo, billing};

#[tokio::test]
async fn a_fault_that_finds_nothing_to_act_on_is_not_in_the_log() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    let paged = format!("{PATH}?pageinate=true&page_size=1&page_no=1");
    let applied = async |kind: FaultKind, path: &str| {
        sandbox.clear_requests();
        sandbox.set_faults(first(kind));
        match path {
            "" => drop(billing(&sandbox, "InvoicesReady", "202610").await),
            // A body that breaks off is an error here.
            path => drop(halo.try_call("GET", path, "").await),
        }
        sandbox.requests().remove(0).fault
    };
    for (kind, path) in [
        (FaultKind::DuplicatePage, paged.as_str()),
        (FaultKind::EditCount, "Client"),
        (FaultKind::EditCount, ""),
        (FaultKind::ScopeLost, ""),
        (FaultKind::ShiftPage, ""),
        (FaultKind::ShortPage, ""),
        (FaultKind::UnreadableQuantity, paged.as_str()),
    ] {
        assert_eq!(applied(kind.clone(), path).await, None, "{kind:?} {path}");
    }
    let second = paged.replace("page_no=1", "page_no=2");
    for (kind, path) in [
        (FaultKind::DuplicatePage, second.as_str()),
        (FaultKind::ShortPage, paged.as_str()),
        (FaultKind::EditCount, paged.as_str()),
        (FaultKind::ShiftPage, paged.as_str()),
        (FaultKind::TruncatedBody, paged.as_str()),
        (FaultKind::ScopeLost, paged.as_str()),
    ] {
        let logged = applied(kind.clone(), path).await;
        assert_eq!(logged, Some(kind), "{path}");
    }
}

#[tokio::test]
async fn the_log_tells_whether_two_answers_were_the_same() {
    let sandbox = start().await;
    let halo = Halo::new(&sandbox).await;
    let answer = async |path: &str| {
        halo.get(path).await;
        sandbox.requests().pop().unwrap().answer
    };
    let one = answer("Client").await;
    assert_ne!(one, 0);
    assert_eq!(answer("Client").await, one);
    assert_ne!(answer("Client/12").await, one);
    sandbox.set_faults(first(FaultKind::NullBody));
    assert_eq!(answer("Client").await, 0, "under a fault");
}
