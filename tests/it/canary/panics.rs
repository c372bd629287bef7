//! A panic says what it was about, and whoever reads the log reads it: it holds no secret either.

use super::{Canaries, TOKEN};
use crate::bench::{Bench, PERIOD};
use crate::tap::Tap;
use billing_sync::plan::Approval;
use cove_halo::PlanRequest;
use sandbox::Switches;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A transport of somebody else's that panics at each request in turn, with everything of it that can be shown but its body, which a
/// transport has to send as it is.
#[tokio::test]
async fn a_panic_at_any_request_reaches_the_caller_and_shows_no_secret() {
    let canaries = Canaries(vec![
        ("COVE_API_KEY", sandbox::API_KEY.to_owned()),
        ("HALO_CLIENT_SECRET", sandbox::HALO_CLIENT_SECRET.to_owned()),
        ("token of Halo", TOKEN.to_owned()),
    ]);
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let mut said = Vec::new();
    for fatal in 1..100 {
        let bench = Bench::first_month(Switches::default()).await;
        let sent = Arc::new(AtomicUsize::new(0));
        let transport = Tap::on(move |request| {
            let nth = 1 + sent.fetch_add(1, Ordering::Relaxed);
            let shown = (request.method(), request.uri(), request.headers());
            assert!(nth != fatal, "{shown:?} {:?}", request.extensions());
        });
        let service = bench.service_over(transport);
        let sync = async move { service.sync(&request, Approval::by("test")).await };
        let Err(ended) = tokio::spawn(sync).await else {
            break;
        };
        said.push(*ended.into_panic().downcast::<String>().unwrap());
    }
    assert!(said.len() > 8, "{said:?}");
    assert!(said.iter().any(|message| message.contains("Sensitive")));
    let heard = canaries.sing_in("panics", &said.join("\n"));
    assert_eq!(heard, Vec::<String>::new());
}
