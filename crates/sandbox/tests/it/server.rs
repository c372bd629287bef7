//! Starting, logging and stopping.

use std::io::ErrorKind;
use std::time::Duration;

use sandbox::{Fault, FaultKind, Sandbox, Service, When};

use crate::http::{Halo, billing, send};

#[tokio::test]
async fn a_period_that_is_no_month_is_refused() {
    let error = Sandbox::builder()
        .period(202_613)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "202613 is not a month written as YYYYMM");
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let one = Sandbox::builder().start().await.unwrap();
    let port = one.url().rsplit(':').next().unwrap().parse().unwrap();
    let error = Sandbox::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn requests_are_logged_in_order_of_arrival() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    billing(&sandbox, "InvoicesReady", "202610").await;
    let halo = Halo::new(&sandbox).await;
    halo.get("Client?count=1").await;
    halo.get("authinfo").await;
    send(&sandbox, "GET", "/nowhere", &[], "").await.unwrap();
    let log = sandbox.requests();
    let seen: Vec<_> = log
        .iter()
        .map(|one| (one.index, one.service, one.method.as_str(), one.status))
        .collect();
    assert_eq!(
        seen,
        [
            (1, Service::Billing, "POST", 200),
            (2, Service::HaloAuth, "POST", 200),
            (3, Service::Halo, "GET", 200),
            (4, Service::Halo, "GET", 200),
            (5, Service::Unknown, "GET", 404),
        ]
    );
    assert_eq!(
        (log[2].path.as_str(), log[2].query.as_str()),
        ("/halo/api/Client", "count=1")
    );
    assert!(log.iter().all(|one| !one.committed && one.fault.is_none()));
    sandbox.clear_requests();
    halo.get("Client").await;
    assert_eq!(sandbox.requests()[0].index, 1);
}

#[tokio::test]
async fn dropping_it_frees_the_port_and_ends_what_hangs() {
    let hang = Fault::new(When::Always, FaultKind::HangMs(60_000));
    let sandbox = Sandbox::builder().fault(hang).start().await.unwrap();
    let port: u16 = sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
    let call = async { send(&sandbox, "GET", "/halo/api/authinfo", &[], "").await };
    let stop = async {
        while sandbox.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sandbox.stop();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert!(answer.is_err());
    sandbox.wait().await;
    drop(sandbox);
    for _ in 0..100 {
        if Sandbox::builder().port(port).start().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("port {port} is still taken");
}

#[test]
fn it_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Sandbox>();
}

#[tokio::test]
async fn a_world_goes_on_in_another_sandbox() {
    let one = Sandbox::builder().start().await.unwrap();
    let id = one.subscriptions()[0].id;
    one.edit(|world| world.set_count(id, 77));
    let two = Sandbox::builder().world(one.world()).start().await.unwrap();
    assert_eq!(two.subscriptions(), one.subscriptions());
    assert_eq!(two.clients(), one.clients());
    assert_eq!(two.expected(202_610), one.expected(202_610));
    two.edit(|world| world.set_count(id, 78));
    assert_eq!(one.subscriptions()[0].count, 77, "each has its own");
}
