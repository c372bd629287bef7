//! Refusals, broken answers and settings that cannot work.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{
    ErrorKind, ExchangeEvent, RetryPolicy, Sent, TransportError, TransportErrorKind, Watch,
};
use bytes::Bytes;
use cove_api::billing::{AccountId, BillingClient, DEFAULT_BASE_URL, TotalsOptions};

use super::support::{BASE, KEY, answering, builder, contract, invoice, month, scripted};

#[tokio::test]
async fn each_status_has_its_kind_and_a_hint_where_the_cause_is_known() {
    for (status, kind, hint) in [
        (400, ErrorKind::Status, Some("malformed")),
        (401, ErrorKind::Auth, Some("account id")),
        (403, ErrorKind::Permission, Some("User-Agent")),
        (404, ErrorKind::NotFound, Some("month")),
        (405, ErrorKind::Status, None),
        (500, ErrorKind::Status, None),
    ] {
        let (client, transport) = scripted([Scripted::json(status, "<h1>nope</h1>")]);
        let error = client.usage_by_timeframe(month()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.operation(), Some("PSAUsageByTimeFrame"));
        if let Some(hint) = hint {
            assert!(
                error.hint().unwrap().contains(hint),
                "{status}: {:?}",
                error.hint()
            );
        }
        assert_eq!(transport.requests().len(), 1, "{status} is not asked again");
    }
}

#[tokio::test]
async fn reads_are_repeated_although_they_are_posts() {
    for first in [
        Scripted::status(429),
        Scripted::status(502),
        Scripted::status(503),
        Scripted::status(504),
        Scripted::broken(Sent::Yes),
        Scripted::broken(Sent::Maybe),
        Scripted::broken(Sent::No),
    ] {
        let (client, transport) = scripted([first, Scripted::json(200, "[]")]);
        assert_eq!(client.usage_by_timeframe(month()).await.unwrap(), []);
        assert_eq!(transport.requests().len(), 2);
        assert_eq!(client.meter().read().retries, 1);
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let mut throttled = http::Response::new(Bytes::new());
    *throttled.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    throttled
        .headers_mut()
        .insert("retry-after", "90".parse().unwrap());
    let transport = ScriptedTransport::new([Scripted::Reply(throttled), Scripted::json(200, "[]")]);
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let client = builder(BASE)
        .transport(Arc::new(transport))
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    client.usage_by_timeframe(month()).await.unwrap();
    assert!(
        clock.slept() >= Duration::from_secs(90),
        "{:?}",
        clock.slept()
    );
    assert_eq!(client.meter().read().throttled, 1);
}

#[tokio::test]
async fn a_lasting_outage_ends_with_the_number_of_attempts() {
    let transport = ScriptedTransport::by(|_| Scripted::status(503));
    let client = builder(BASE)
        .transport(Arc::new(transport.clone()))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .retry(RetryPolicy::default().max_attempts(3))
        .build()
        .unwrap();
    let error = client
        .billable_services(month(), &contract())
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert!(!error.is_retryable());
    assert_eq!(transport.requests().len(), 3);
}

fn broken() -> TransportError {
    TransportError::new(TransportErrorKind::Broken, Sent::Yes, "connection reset")
}

#[tokio::test]
async fn totals_begin_anew_when_the_answer_breaks_off() {
    let half = r#"{"UsageDetailDevices":[{"ContractId":1,"Clients":[{"ClientId":5,"Devices":[{"TotalByService":[{"BillingServiceName":"A","Quantity":"1"}]}]},"#;
    let rest = r#"{"ClientId":6,"Devices":[]}]}]}"#;
    let (client, transport) = scripted([
        Scripted::Stream(vec![Ok(half.into()), Err(broken())]),
        Scripted::Stream(vec![Ok(half.into()), Ok(rest.into())]),
    ]);
    let (totals, end) = client
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    assert_eq!((end.documents, end.clients, end.devices), (1, 2, 1));
    assert_eq!(
        totals.documents[0].clients[0].services[0]
            .quantity
            .to_string(),
        "1"
    );
    assert_eq!(transport.requests().len(), 2);
}

#[derive(Debug, Default)]
struct Noted(Mutex<Vec<(u32, Duration)>>);

impl Watch for Noted {
    fn event(&self, event: &ExchangeEvent<'_>) {
        let noted = match event {
            ExchangeEvent::Sent { attempt, .. } => (*attempt, Duration::ZERO),
            ExchangeEvent::Waiting { for_, .. } => (0, *for_),
            _ => return,
        };
        self.0.lock().unwrap().push(noted);
    }
}

#[tokio::test]
async fn asking_again_for_an_answer_that_broke_off_is_a_retry_to_meter_and_watch() {
    let transport = ScriptedTransport::new([
        Scripted::Stream(vec![Ok("[".into()), Err(broken())]),
        Scripted::status(503),
        Scripted::json(200, "[]"),
    ]);
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let watch = Arc::new(Noted::default());
    let client = builder(BASE)
        .transport(Arc::new(transport))
        .clock(Arc::new(clock.clone()))
        .watch(watch.clone())
        .build()
        .unwrap();
    client
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap();
    let reading = client.meter().read();
    assert_eq!((reading.sent, reading.retries), (3, 2));
    assert_eq!(reading.waited, clock.slept());
    let noted = watch.0.lock().unwrap();
    let attempts: Vec<u32> = noted.iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(attempts, [1, 0, 2, 0, 3], "sent, waiting, sent, …");
    assert!(noted[1].1 > Duration::ZERO, "the pause is told");
    assert_eq!(noted[1].1 + noted[3].1, clock.slept());
}

#[tokio::test]
async fn an_answer_that_always_breaks_off_is_an_error_and_never_a_shorter_month() {
    let transport = ScriptedTransport::by(|_| {
        let whole_client = r#"{"UsageDetailDevices":[{"ContractId":1,"Clients":[{"ClientId":5},"#;
        Scripted::Stream(vec![Ok(whole_client.into()), Err(broken())])
    });
    let client = builder(BASE)
        .transport(Arc::new(transport.clone()))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .retry(RetryPolicy::default().max_attempts(4))
        .build()
        .unwrap();
    let error = client
        .total_usage_by_timeframe(month(), TotalsOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.attempts(), 4);
    assert_eq!(transport.requests().len(), 4);
}

#[tokio::test]
async fn json_that_ends_early_is_incomplete() {
    let whole = r#"{"UsageDetailDevices":[{"ContractId":1,"Clients":[{"ClientId":5,"Devices":[{"Detail":"a"}]}]}]}"#;
    for end in 1..whole.len() {
        let error = answering(&whole[..end])
            .usage_by_timeframe(month())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete, "{}", &whole[..end]);
    }
    assert_eq!(
        answering(whole)
            .usage_by_timeframe(month())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn settings_that_cannot_work_are_found_when_building() {
    let build = |base: &str, account: &str, key: &str| {
        BillingClient::builder(base, AccountId::new(account), key.to_owned().into())
            .build()
            .map(drop)
            .unwrap_err()
    };
    for (error, what) in [
        (build("http://billing.example/x", "a", "k"), "plain http"),
        (build("not a url", "a", "k"), "not a url"),
        (build(DEFAULT_BASE_URL, " ", "k"), "blank account"),
        (build(DEFAULT_BASE_URL, "a", ""), "blank key"),
        (
            build(DEFAULT_BASE_URL, "a", "k\u{2019}y\n"),
            "key with a newline inside",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::Config, "{what}");
        assert!(!error.may_have_been_sent(), "{what}");
    }
    let agent = builder(DEFAULT_BASE_URL)
        .user_agent(" ")
        .build()
        .unwrap_err();
    assert_eq!(agent.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn the_key_is_in_no_debug_and_in_no_error() {
    let echo = format!("Unauthorized key {KEY}");
    let (client, transport) = scripted([Scripted::json(401, echo.clone())]);
    let error = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap_err();
    let printed = format!("{client:?} {client:#?} {error} {error:?} {error:#?}");
    assert!(!printed.contains(KEY), "{printed}");
    assert!(
        !error.body_snippet().unwrap_or_default().contains(KEY),
        "{error:?}"
    );
    let builder = format!("{:?}", builder(BASE).transport(Arc::new(transport.clone())));
    assert!(!builder.contains(KEY), "{builder}");
    let request = &transport.requests()[0];
    assert!(!format!("{request:?}").contains(KEY));
}

#[tokio::test]
async fn the_timeout_reaches_the_transport() {
    let (_, transport) = scripted([]);
    let ask = async |client: BillingClient| drop(client.invoices_ready(month()).await);
    let with = |client: cove_api::billing::BillingClientBuilder| {
        client
            .transport(Arc::new(transport.clone()))
            .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
    };
    ask(with(builder(BASE))).await;
    ask(with(builder(BASE).timeout(Duration::from_secs(7)))).await;
    let timeouts: Vec<_> = transport
        .requests()
        .iter()
        .map(|request| {
            request
                .extensions()
                .get::<api_core::ExchangeTimeout>()
                .unwrap()
                .0
        })
        .collect();
    assert_eq!(timeouts, [Duration::from_secs(180), Duration::from_secs(7)]);
}
