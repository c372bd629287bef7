//! Halo's rolling request limit.

use std::time::Duration;

use sandbox::{Fault, FaultKind, RetryAfter, Sandbox, Switches, When};

use crate::http::{Halo, billing};

async fn exhausted(retry_after: RetryAfter) -> (Sandbox, String) {
    let switches = Switches {
        rate_limit: Some((3, 300)),
        retry_after,
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let token = {
        let halo = Halo::new(&sandbox).await;
        for _ in 0..3 {
            assert_eq!(halo.get("Client?count=1").await.status, 200);
        }
        halo.token
    };
    (sandbox, token)
}

#[tokio::test]
async fn the_limit_refuses_until_the_window_has_rolled() {
    let (sandbox, token) = exhausted(RetryAfter::Off).await;
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    let refused = halo.get("Client?count=1").await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.body,
        "Rate Limit Reached - 3 Requests per rolling 5 minute window"
    );
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(halo.get("authinfo").await.status, 429);
    assert_eq!(
        billing(&sandbox, "InvoicesReady", "202610").await.status,
        200
    );
    sandbox.advance_clock(Duration::from_secs(290));
    assert_eq!(halo.get("Client?count=1").await.status, 429);
    sandbox.advance_clock(Duration::from_secs(11));
    assert_eq!(halo.get("Client?count=1").await.status, 200);
}

#[tokio::test]
async fn the_default_text_is_the_observed_one() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    for _ in 0..300 {
        assert_eq!(halo.get("FieldInfo?typeid=1").await.status, 200);
    }
    let refused = halo.get("FieldInfo?typeid=1").await;
    assert_eq!(
        refused.body,
        include_str!("../samples/halo/error.ratelimit.429.txt").trim_end()
    );
}

#[tokio::test]
async fn retry_after_comes_in_seconds_or_as_a_date() {
    let (sandbox, token) = exhausted(RetryAfter::Seconds).await;
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    let seconds: u64 = halo
        .get("Client")
        .await
        .header("retry-after")
        .unwrap()
        .parse()
        .unwrap();
    assert!((290..=300).contains(&seconds), "{seconds}");

    let (sandbox, token) = exhausted(RetryAfter::HttpDate).await;
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    let date = halo
        .get("Client")
        .await
        .header("retry-after")
        .unwrap()
        .to_owned();
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
}

#[tokio::test]
async fn no_time_is_too_far_for_a_date() {
    let (sandbox, token) = exhausted(RetryAfter::HttpDate).await;
    let halo = Halo {
        sandbox: &sandbox,
        token,
    };
    let kind = FaultKind::TooManyRequests {
        retry_after: Some(u32::MAX),
    };
    sandbox.set_faults(vec![Fault::new(When::Always, kind)]);
    sandbox.advance_clock(Duration::MAX);
    let date = halo
        .get("Client")
        .await
        .header("retry-after")
        .unwrap()
        .to_owned();
    assert!(date.ends_with(" GMT"), "{date}");
}

#[tokio::test]
async fn the_limit_can_be_switched_off() {
    let switches = Switches {
        rate_limit: None,
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let halo = Halo::new(&sandbox).await;
    for _ in 0..310 {
        assert_eq!(halo.get("FieldInfo?typeid=1").await.status, 200);
    }
}
