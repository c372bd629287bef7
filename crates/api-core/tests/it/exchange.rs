//! What an exchange repeats, what it never repeats, and how each answer reads as an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{
    Body, Call, Clock, Effect, Error, ErrorKind, ExchangeTimeout, RequestBudget, Result,
    RetryPolicy, Sent, StaticKey, Token, TokenCache, TokenSource, Transport, TransportError,
    TransportErrorKind,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::support::{Rig, base};

const S: fn(u64) -> Duration = Duration::from_secs;

fn get() -> Call {
    Call::get("things.list", &["things"])
}

fn post() -> Call {
    Call::post("things.write", &["things"]).body("application/json", "[1]")
}

fn ok() -> Scripted {
    Scripted::json(200, "[]")
}

fn fail(kind: TransportErrorKind, sent: Sent) -> Scripted {
    Scripted::Fail(TransportError::new(kind, sent, "scripted failure"))
}

fn with_header(status: u16, name: &'static str, value: &'static str) -> Scripted {
    let Scripted::Reply(mut response) = Scripted::status(status) else {
        unreachable!()
    };
    response.headers_mut().insert(name, value.parse().unwrap());
    Scripted::Reply(response)
}

#[tokio::test]
async fn a_read_is_repeated_until_it_succeeds() {
    let rig = Rig::new([
        Scripted::status(503),
        fail(TransportErrorKind::Connect, Sent::No),
        Scripted::broken(Sent::Maybe),
        fail(TransportErrorKind::Timeout, Sent::Maybe),
        ok(),
    ]);
    let reply = rig.exchange.send(get()).await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.attempts, rig.sent()),
        (200, 5, 5)
    );
    let reading = rig.exchange.meter().read();
    assert_eq!(
        (reading.sent, reading.retries, reading.throttled),
        (5, 4, 0)
    );
    assert_eq!(reading.waited, rig.clock.slept());
}

#[tokio::test]
async fn a_write_that_may_have_arrived_is_sent_once_and_says_so() {
    for (answer, kind) in [
        (Scripted::broken(Sent::Maybe), ErrorKind::Transport),
        (
            fail(TransportErrorKind::Timeout, Sent::Maybe),
            ErrorKind::Timeout,
        ),
        (Scripted::status(500), ErrorKind::Status),
        (Scripted::status(502), ErrorKind::Status),
        (Scripted::status(503), ErrorKind::Status),
        (Scripted::status(504), ErrorKind::Status),
        (Scripted::status(408), ErrorKind::Timeout),
    ] {
        let rig = Rig::new([answer, ok()]);
        let error = rig.exchange.send(post()).await.unwrap_err();
        assert_eq!((error.kind(), rig.sent()), (kind, 1), "{error}");
        assert!(
            error.may_have_been_sent() && !error.was_refused(),
            "{error:?}"
        );
        assert!(!error.is_retryable());
        assert_eq!(
            (error.operation(), error.attempts()),
            (Some("things.write"), 1)
        );
    }
}

#[tokio::test]
async fn a_write_that_never_left_or_was_throttled_is_sent_again() {
    let connect = || fail(TransportErrorKind::Connect, Sent::No);
    let rig = Rig::new([
        connect(),
        with_header(429, "retry-after", "3"),
        connect(),
        ok(),
    ]);
    let reply = rig.exchange.send(post()).await.unwrap();
    assert_eq!(
        (reply.attempts, rig.exchange.meter().read().throttled),
        (4, 1)
    );
    let bodies: Vec<_> = rig
        .script
        .requests()
        .into_iter()
        .map(http::Request::into_body)
        .collect();
    assert!(
        bodies.iter().all(|body| body == "[1]"),
        "every attempt carries the whole body"
    );
}

#[tokio::test]
async fn a_write_whose_first_attempt_never_left_stops_when_the_second_may_have_arrived() {
    let rig = Rig::new([
        fail(TransportErrorKind::Connect, Sent::No),
        Scripted::broken(Sent::Maybe),
        ok(),
    ]);
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert_eq!(
        (error.sent(), error.attempts(), rig.sent()),
        (Sent::Maybe, 2, 2)
    );
}

#[tokio::test]
async fn a_post_that_only_reads_may_be_repeated() {
    let rig = Rig::new([Scripted::status(503), ok()]);
    assert!(rig.exchange.send(post().effect(Effect::Read)).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_repeated_for_a_read_and_returned_for_a_write() {
    let broken = || {
        let cut = TransportError::new(TransportErrorKind::Broken, Sent::Maybe, "cut");
        Scripted::Stream(vec![Ok("[1,".into()), Err(cut)])
    };
    let rig = Rig::new([broken(), Scripted::json(200, "[1,2]")]);
    assert_eq!(rig.exchange.send(get()).await.unwrap().body, "[1,2]");
    let rig = Rig::new([broken(), ok()]);
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), rig.sent()),
        (ErrorKind::Transport, Sent::Yes, 1)
    );
    assert!(!error.was_refused());
}

#[tokio::test]
async fn statuses_become_kinds() {
    for (status, kind, refused) in [
        (400, ErrorKind::Status, true),
        (401, ErrorKind::Auth, true),
        (403, ErrorKind::Permission, true),
        (404, ErrorKind::NotFound, true),
        (408, ErrorKind::Timeout, false),
        (409, ErrorKind::Conflict, true),
        (422, ErrorKind::Status, true),
        (429, ErrorKind::RateLimited, true),
        (500, ErrorKind::Status, false),
        (302, ErrorKind::Status, false),
    ] {
        let rig = Rig::with(
            ScriptedTransport::by(move |_| Scripted::json(status, "why")),
            |b| b.retry(RetryPolicy::none()),
        );
        let error = rig.exchange.send(get()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.was_refused()),
            (kind, refused),
            "{status}"
        );
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!((error.body_snippet(), error.attempts()), (Some("why"), 1));
    }
}

#[tokio::test]
async fn the_services_own_explanation_is_in_the_message() {
    fn find(body: &[u8]) -> Option<String> {
        serde_json::from_slice::<serde_json::Value>(body).ok()?["Message"]
            .as_str()
            .map(Into::into)
    }
    let body = r#"{"Message":"count must be\r\n a number"}"#;
    let rig = Rig::with(ScriptedTransport::new([Scripted::json(400, body)]), |b| {
        b.error_message(find)
    });
    let error = rig.exchange.send(post()).await.unwrap_err();
    let expected = "things.write: status 400 Bad Request: count must be a number";
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.body_snippet(), Some(body));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_only_the_host() {
    let rig = Rig::new([with_header(
        302,
        "location",
        "https://other.example/login?token=canary",
    )]);
    let error = rig.exchange.send(get()).await.unwrap_err();
    assert!(
        error.hint().unwrap().contains("https://other.example;"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn retries_end_after_the_attempts_and_the_error_says_so() {
    let rig = Rig::with(
        ScriptedTransport::by(|_| Scripted::status(503)),
        |builder| builder,
    );
    let error = rig.exchange.send(get()).await.unwrap_err();
    assert_eq!(
        (error.attempts(), rig.sent(), error.is_retryable()),
        (6, 6, false)
    );
    let rig = Rig::with(
        ScriptedTransport::by(|_| Scripted::status(503)),
        |builder| builder.retry(RetryPolicy::none()),
    );
    let error = rig.exchange.send(get()).await.unwrap_err();
    assert_eq!((error.attempts(), error.is_retryable()), (1, true));
}

#[tokio::test]
async fn what_cannot_be_sent_or_is_too_large_is_not_tried_again() {
    let rig = Rig::new([fail(TransportErrorKind::Other, Sent::No), ok()]);
    assert!(rig.exchange.send(get()).await.is_err());
    assert_eq!(rig.sent(), 1);
    let rig = Rig::with(
        ScriptedTransport::by(|_| Scripted::json(200, "12345")),
        |b| b.max_body(4),
    );
    let error = rig.exchange.send(get()).await.unwrap_err();
    assert_eq!((error.kind(), rig.sent()), (ErrorKind::Decode, 1));
    assert!(error.may_have_been_sent());
}

#[tokio::test]
async fn retry_after_is_waited_for_and_holds_back_every_other_call() {
    let rig = Rig::new([with_header(429, "retry-after", "100"), ok(), ok()]);
    rig.exchange.send(get()).await.unwrap();
    assert_eq!(rig.clock.slept(), S(100));
    let rig = Rig::with(
        ScriptedTransport::new([with_header(429, "retry-after", "100"), ok()]),
        |b| b.retry(RetryPolicy::none()),
    );
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert_eq!(
        (error.retry_after(), error.is_retryable()),
        (Some(S(100)), true)
    );
    assert!(error.is_rate_limited() && error.was_refused());
    assert_eq!(rig.exchange.budget().left(), 0);
    rig.exchange.send(get()).await.unwrap();
    assert_eq!(rig.clock.slept(), S(100), "another call waits too");
}

#[tokio::test]
async fn a_retry_after_beyond_the_cap_is_reported_and_not_waited_for() {
    let rig = Rig::new([with_header(429, "retry-after", "3600"), ok()]);
    let error = rig.exchange.send(get()).await.unwrap_err();
    assert_eq!(
        (error.retry_after(), rig.clock.slept()),
        (Some(S(3600)), S(0))
    );
    assert!(error.is_retryable(), "later it may work");
}

#[tokio::test]
async fn a_throttled_call_outlasts_a_window_of_five_minutes() {
    let clock = ManualClock::default();
    let now = clock.clone();
    let script = ScriptedTransport::by(move |_| {
        if now.monotonic() < S(300) {
            Scripted::status(429)
        } else {
            ok()
        }
    });
    let rig = Rig::with(script, |builder| builder.clock(Arc::new(clock)));
    assert!(rig.exchange.send(post()).await.is_ok());
}

#[tokio::test]
async fn every_attempt_takes_from_the_budget() {
    let clock = ManualClock::default();
    let budget = RequestBudget::new(2, S(300), Arc::new(clock.clone()));
    let answers = [Scripted::status(503), Scripted::status(503), ok()];
    let rig = Rig::with(ScriptedTransport::new(answers), |builder| {
        builder.clock(Arc::new(clock.clone())).budget(budget)
    });
    rig.exchange.send(get()).await.unwrap();
    assert!(
        clock.monotonic() >= S(300),
        "the third attempt waited for room"
    );
    assert_eq!(rig.exchange.meter().read().waited, clock.slept());
    assert!(rig.events.all().contains(&"waiting: Budget".to_owned()));
}

#[tokio::test]
async fn waiting_for_a_place_in_the_budget_takes_nothing_from_the_time_to_retry() {
    let clock = ManualClock::default();
    let budget = RequestBudget::new(1, S(1000), Arc::new(clock.clone()));
    drop(budget.acquire().await);
    let rig = Rig::with(
        ScriptedTransport::new([Scripted::status(503), ok()]),
        |builder| builder.clock(Arc::new(clock.clone())).budget(budget),
    );
    let reply = rig.exchange.send(get()).await.unwrap();
    assert_eq!((reply.attempts, rig.sent()), (2, 2));
    assert!(clock.monotonic() >= S(1000));
}

#[tokio::test]
async fn a_throttled_call_outlasts_a_window_also_when_the_server_names_too_short_a_time() {
    let clock = ManualClock::default();
    let now = clock.clone();
    let script = ScriptedTransport::by(move |_| {
        if now.monotonic() < S(300) {
            with_header(429, "retry-after", "1")
        } else {
            ok()
        }
    });
    let rig = Rig::with(script, |builder| builder.clock(Arc::new(clock)));
    assert!(rig.exchange.send(post()).await.is_ok());
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_at_all_is_a_matter_of_settings_and_never_left() {
    let rig = Rig::new([fail(TransportErrorKind::Other, Sent::No), ok()]);
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.hint().unwrap().contains("base URL"));
    assert!(!error.may_have_been_sent() && !error.is_retryable());
    assert_eq!(rig.sent(), 1);
}

#[tokio::test]
async fn the_watch_sees_each_step() {
    let rig = Rig::new([
        fail(TransportErrorKind::Connect, Sent::No),
        with_header(429, "retry-after", "1"),
        ok(),
    ]);
    rig.exchange.send(get()).await.unwrap();
    let expected = [
        "things.list 1",
        "failed No: scripted failure",
        "waiting: Backoff",
        "things.list 2",
        "answered 429",
        "waiting: Throttled",
        "things.list 3",
        "answered 200",
    ];
    assert_eq!(rig.events.all(), expected);
}

#[tokio::test]
async fn a_service_that_never_answers_is_a_timeout_whatever_the_transport_does() {
    let limit = Duration::from_millis(20);
    for (call, sent) in [(get(), 6), (post(), 1)] {
        let rig = Rig::with(ScriptedTransport::by(|_| Scripted::Hang), |b| {
            b.timeout(limit)
        });
        let error = rig.exchange.send(call).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent(), rig.sent()),
            (ErrorKind::Timeout, Sent::Maybe, sent)
        );
    }
    let rig = Rig::with(ScriptedTransport::by(|_| Scripted::Hang), |b| {
        b.retry(RetryPolicy::none())
    });
    assert!(
        rig.exchange
            .send(get().timeout(limit))
            .await
            .unwrap_err()
            .is_timeout()
    );
    let told = rig.script.requests()[0]
        .extensions()
        .get::<ExchangeTimeout>()
        .copied();
    assert_eq!(told, Some(ExchangeTimeout(limit)));
}

#[tokio::test]
async fn a_timeout_beyond_all_time_is_none() {
    let rig = Rig::new([ok()]);
    assert!(
        rig.exchange
            .send(get().timeout(Duration::MAX))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_streamed_answer_is_retried_up_to_its_head_and_its_breaking_is_the_readers() {
    let cut = TransportError::new(TransportErrorKind::Broken, Sent::Yes, "cut");
    let chunks = vec![Ok("[1,".into()), Err(cut.clone())];
    let rig = Rig::new([Scripted::status(503), Scripted::Stream(chunks)]);
    let reply = rig.exchange.stream(get()).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.attempts), (200, 2));
    let chunks: Vec<_> = StreamExt::collect(reply.body).await;
    assert_eq!(chunks, [Ok("[1,".into()), Err(cut)]);
    assert_eq!(rig.sent(), 2);
}

#[tokio::test]
async fn a_call_is_sent_as_it_was_described() {
    let rig = Rig::new([ok()]);
    let call = Call::post("x", &["a b", "c/d"])
        .query([("q", "1&2"), ("r", "ü")])
        .query([("n", 5)])
        .header("x-one", "1")
        .header("accept", "text/csv")
        .json(&serde_json::json!([{"a": 1}]))
        .unwrap();
    rig.exchange.send(call).await.unwrap();
    let request = &rig.script.requests()[0];
    let expected = "https://demo.example/api/a%20b/c%2Fd?q=1%262&r=%C3%BC&n=5";
    assert_eq!(request.uri().to_string(), expected);
    assert_eq!(request.method(), "POST");
    assert_eq!(request.body(), r#"[{"a":1}]"#);
    assert_eq!(request.headers()["x-one"], "1");
    assert_eq!(request.headers()["accept"], "text/csv");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(!request.headers().contains_key("authorization"));
}

#[tokio::test]
async fn a_malformed_call_or_builder_is_a_config_error_and_nothing_is_sent() {
    let rig = Rig::new([]);
    let other = "https://other.example/".parse::<url::Url>().unwrap();
    let plain = "http://other.example/".parse::<url::Url>().unwrap();
    for call in [
        Call::get("x", &["Client", ""]),
        Call::get("x", &["Client", ".."]),
        get().header("no spaces", "x"),
        get().header("x", "a\nb"),
        get().absolute(other.clone()),
        get().absolute(plain).anonymous(),
        get().query([("q", "x".repeat(70_000))]),
    ] {
        let error = rig.exchange.send(call).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Config, Sent::No),
            "{error}"
        );
        assert_eq!(error.attempts(), 0);
    }
    assert_eq!(rig.sent(), 0);
    let build = |b: api_core::ExchangeBuilder| b.build().map(drop).map_err(|e| e.kind());
    let builder = || api_core::Exchange::builder("demo", base());
    assert_eq!(build(builder().user_agent("a\nb")), Err(ErrorKind::Config));
    assert_eq!(build(builder().header("", "x")), Err(ErrorKind::Config));
    assert_eq!(
        build(builder().timeout(Duration::ZERO)),
        Err(ErrorKind::Config)
    );
}

#[tokio::test]
async fn an_anonymous_call_may_go_elsewhere_and_carries_no_credentials() {
    let key = StaticKey::new("x-api-key", "canary-key".into()).unwrap();
    let rig = Rig::with(ScriptedTransport::by(|_| ok()), |b| {
        b.authorize(Arc::new(key))
    });
    rig.exchange.send(get()).await.unwrap();
    let url = "https://auth.example/token".parse().unwrap();
    rig.exchange
        .send(get().absolute(url).anonymous())
        .await
        .unwrap();
    let url = "https://demo.example/other".parse().unwrap();
    rig.exchange.send(get().absolute(url)).await.unwrap();
    let requests = rig.script.requests();
    let keys = requests
        .iter()
        .map(|r| r.headers().contains_key("x-api-key"))
        .collect::<Vec<_>>();
    assert_eq!(keys, [true, false, true]);
    assert_eq!(requests[1].uri(), "https://auth.example/token");
}

/// Hands out `token-1`, `token-2` …
#[derive(Debug, Default)]
struct Tokens(AtomicU64);

#[async_trait]
impl TokenSource for Tokens {
    async fn fetch(&self) -> Result<Token> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        Ok(Token::new(format!("token-{number}"), None))
    }
}

fn with_tokens(script: ScriptedTransport) -> (Rig, Arc<Tokens>) {
    let tokens = Arc::new(Tokens::default());
    let cache = TokenCache::new(tokens.clone(), Arc::new(ManualClock::default()));
    (
        Rig::with(script, |builder| builder.authorize(Arc::new(cache))),
        tokens,
    )
}

fn accepts(token: &'static str) -> ScriptedTransport {
    ScriptedTransport::by(move |request| {
        let good = request.headers()["authorization"] == format!("Bearer {token}");
        if good {
            Scripted::json(200, "[]")
        } else {
            Scripted::status(401)
        }
    })
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_for_twenty_callers_also_for_writes() {
    let (rig, tokens) = with_tokens(accepts("token-2"));
    let replies = join_all((0..20).map(|_| rig.exchange.send(post()))).await;
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!(tokens.0.load(Ordering::SeqCst), 2);
    assert_eq!(
        rig.clock.slept(),
        Duration::ZERO,
        "a renewal waits for nothing"
    );
}

#[tokio::test]
async fn a_second_401_is_an_auth_error() {
    let (rig, tokens) = with_tokens(ScriptedTransport::by(|_| Scripted::status(401)));
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert!(error.is_auth() && error.was_refused() && !error.is_retryable());
    assert_eq!(
        (
            rig.sent(),
            error.attempts(),
            tokens.0.load(Ordering::SeqCst)
        ),
        (2, 2, 2)
    );
}

#[tokio::test]
async fn a_renewal_does_not_use_up_the_attempts() {
    let answers = [Scripted::status(401), Scripted::status(503), ok()];
    let tokens = TokenCache::new(
        Arc::new(Tokens::default()),
        Arc::new(ManualClock::default()),
    );
    let rig = Rig::with(ScriptedTransport::new(answers), |builder| {
        builder
            .authorize(Arc::new(tokens))
            .retry(RetryPolicy::default().max_attempts(2))
    });
    assert_eq!(rig.exchange.send(get()).await.unwrap().attempts, 3);
}

#[tokio::test]
async fn a_static_key_is_not_tried_twice() {
    let key = StaticKey::new("x-api-key", "canary-key".into()).unwrap();
    let rig = Rig::with(
        ScriptedTransport::by(|_| Scripted::status(401)),
        |builder| builder.authorize(Arc::new(key)),
    );
    assert!(rig.exchange.send(get()).await.unwrap_err().is_auth());
    assert_eq!(rig.sent(), 1);
}

#[tokio::test]
async fn a_write_without_credentials_never_left_whatever_the_token_endpoint_said() {
    #[derive(Debug)]
    struct Broken;
    #[async_trait]
    impl TokenSource for Broken {
        async fn fetch(&self) -> Result<Token> {
            Err(Error::new(ErrorKind::Status, "status 500").with_sent(Sent::Yes))
        }
    }
    let cache = TokenCache::new(Arc::new(Broken), Arc::new(ManualClock::default()));
    let rig = Rig::with(ScriptedTransport::new([]), |b| b.authorize(Arc::new(cache)));
    let error = rig.exchange.send(post()).await.unwrap_err();
    assert!(!error.may_have_been_sent());
    assert_eq!(rig.sent(), 0);
}

#[tokio::test]
async fn a_streamed_answer_must_end_in_time_whatever_the_transport_does() {
    #[derive(Debug)]
    struct Stalls;
    #[async_trait]
    impl Transport for Stalls {
        async fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> Result<http::Response<Body>, TransportError> {
            let first = futures_util::stream::iter([Ok(Bytes::from("[1,"))]);
            let stalled = first.chain(futures_util::stream::pending());
            Ok(http::Response::new(Body::from_stream(stalled)))
        }
    }
    let rig = Rig::with(ScriptedTransport::new([]), |builder| {
        builder.transport(Arc::new(Stalls))
    });
    let call = get().timeout(Duration::from_millis(20));
    let mut body = rig.exchange.stream(call).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "[1,");
    let error = body.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Timeout, Sent::Yes)
    );
    assert!(body.next().await.is_none());
}
