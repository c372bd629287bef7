//! The network transport over loopback sockets: what goes over the wire, and what each way of
//! breaking it means for whether a request may be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_core::{
    BaseUrl, Body, Call, ErrorKind, Exchange, ExchangeTimeout, HttpTransport, RetryPolicy, Sent,
    StaticKey, Transport, TransportErrorKind,
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn transport() -> HttpTransport {
    HttpTransport::builder()
        .loopback_only(true)
        .build()
        .unwrap()
}

fn exchange(base: &str) -> Exchange {
    let key = StaticKey::new("x-api-key", "canary-key".into()).unwrap();
    let retry = RetryPolicy::default()
        .max_attempts(3)
        .base(Duration::from_millis(1));
    Exchange::builder("demo", BaseUrl::parse(base).unwrap())
        .retry(retry)
        .authorize(Arc::new(key))
        .build()
        .unwrap()
}

fn request(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

/// Serves each connection with one of the actions, in order, the last one for all that follow.
async fn serve<F, Fut>(action: F) -> (String, Arc<AtomicUsize>)
where
    F: Fn(usize, TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(action(number, stream));
        }
    });
    (base, connections)
}

/// Reads a request's head and the body of `body` bytes.
async fn read_request(stream: &mut TcpStream, body: usize) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        text.extend_from_slice(&chunk[..read]);
        let head = text.windows(4).position(|window| window == b"\r\n\r\n");
        if read == 0 || head.is_some_and(|head| text.len() >= head + 4 + body) {
            return String::from_utf8_lossy(&text).into_owned();
        }
    }
}

/// Closes with a reset instead of a proper end: unread data at the time of closing makes the kernel
/// send one.
fn reset(stream: TcpStream) {
    drop(stream);
}

#[tokio::test]
async fn the_headers_are_exactly_these() {
    let (base, _) = serve(|_, mut stream| async move {
        let text = read_request(&mut stream, 3).await;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let call = Call::post("x", &["a b"])
        .query([("q", 1)])
        .body("application/json", "[1]");
    let reply = exchange(&format!("{base}/prefix"))
        .send(call)
        .await
        .unwrap();
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /prefix/a%20b?q=1 HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}", base.trim_start_matches("http://"));
    let mut expected = vec![
        "accept: application/json",
        "accept-encoding: gzip",
        "content-length: 3",
        "content-type: application/json",
        &host,
        concat!("user-agent: cove-halo-sync/", env!("CARGO_PKG_VERSION")),
        "x-api-key: canary-key",
    ];
    expected.sort_unstable();
    assert_eq!((lines, body), (expected, "[1]"));
}

#[tokio::test]
async fn an_exchange_over_a_mock_server() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/things"))
        .and(query_param("page_no", "1"))
        .and(header("x-api-key", "canary-key"))
        .and(body_string("{}"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"n": 7})))
        .expect(1)
        .mount(&server)
        .await;
    let call = Call::post("x", &["things"])
        .query([("page_no", 1)])
        .body("application/json", "{}");
    let reply = exchange(&server.uri()).send(call).await.unwrap();
    assert_eq!(reply.json::<serde_json::Value>().unwrap()["n"], 7);
}

#[tokio::test]
async fn compressed_answers_are_unpacked_and_limited_by_their_unpacked_size() {
    // A thousand times the letter a.
    const PACKED: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x4b, 0x4c, 0x1c, 0x05, 0xa3,
        0x60, 0x14, 0x0c, 0x77, 0x00, 0x00, 0x03, 0xda, 0x38, 0x9a, 0xe8, 0x03, 0x00, 0x00,
    ];
    let server = MockServer::start().await;
    let packed = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(PACKED);
    Mock::given(method("GET"))
        .respond_with(packed)
        .mount(&server)
        .await;
    let response = transport().send(request(&server.uri())).await.unwrap();
    assert_eq!(
        response.into_body().collect(1000).await.unwrap(),
        vec![b'a'; 1000]
    );
    let response = transport().send(request(&server.uri())).await.unwrap();
    let error = response.into_body().collect(999).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::TooLarge);
}

#[tokio::test]
async fn no_listener_means_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = transport().send(request(&base)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    let error = exchange(&base)
        .send(Call::post("x", &["x"]))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn a_reset_after_the_request_means_perhaps_sent_and_a_write_is_not_repeated() {
    let (base, connections) = serve(|_, stream| async move {
        stream.readable().await.unwrap();
        reset(stream);
    })
    .await;
    let call = Call::post("x", &["x"]).body("application/json", "[1]");
    let error = exchange(&base).send(call).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Transport, Sent::Maybe)
    );
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let error = exchange(&base)
        .send(Call::get("x", &["x"]))
        .await
        .unwrap_err();
    assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 3));
    assert_eq!(connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_read_survives_resets_before_and_within_the_answer() {
    let (base, connections) = serve(|number, mut stream| async move {
        match number {
            0 => {
                stream.readable().await.unwrap();
                reset(stream);
            }
            1 => {
                read_request(&mut stream, 0).await;
                let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1,";
                stream.write_all(cut).await.unwrap();
            }
            _ => {
                read_request(&mut stream, 0).await;
                let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[1,2]";
                stream.write_all(whole).await.unwrap();
            }
        }
    })
    .await;
    let reply = exchange(&base).send(Call::get("x", &["x"])).await.unwrap();
    assert_eq!((reply.body, reply.attempts), (Bytes::from("[1,2]"), 3));
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_write_whose_answer_is_cut_is_known_to_have_arrived() {
    let (base, connections) = serve(|_, mut stream| async move {
        read_request(&mut stream, 3).await;
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1,";
        stream.write_all(cut).await.unwrap();
    })
    .await;
    let call = Call::post("x", &["x"]).body("application/json", "[1]");
    let error = exchange(&base).send(call).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Transport, Sent::Yes)
    );
    assert_eq!(error.status(), Some(http::StatusCode::OK));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_does_not_fail_the_next_write() {
    let (base, connections) = serve(|_, mut stream| async move {
        read_request(&mut stream, 0).await;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let exchange = exchange(&base);
    for _ in 0..5 {
        assert!(exchange.send(Call::post("x", &["x"])).await.is_ok());
    }
    assert_eq!(connections.load(Ordering::SeqCst), 5);
    assert_eq!(exchange.meter().read().sent, 5);
}

#[tokio::test]
async fn silence_is_a_timeout_before_and_within_the_answer() {
    let (base, _) = serve(|number, mut stream| async move {
        read_request(&mut stream, 0).await;
        if number > 0 {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1,";
            stream.write_all(head).await.unwrap();
        }
        std::future::pending::<()>().await;
    })
    .await;
    let within = |ms| {
        let mut request = request(&base);
        request
            .extensions_mut()
            .insert(ExchangeTimeout(Duration::from_millis(ms)));
        request
    };
    let error = transport().send(within(100)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Timeout, Sent::Maybe)
    );
    // Enough for the head to arrive on a busy machine.
    let response = transport().send(within(2_000)).await.unwrap();
    let error = response.into_body().collect(100).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.detail()),
        (
            TransportErrorKind::Timeout,
            Sent::Yes,
            "the time allowed ran out"
        )
    );
    let impatient = HttpTransport::builder()
        .loopback_only(true)
        .read_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let response = impatient.send(request(&base)).await.unwrap();
    let error = response.into_body().collect(100).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.detail()),
        (
            TransportErrorKind::Timeout,
            Sent::Yes,
            "the server was silent"
        )
    );
}

/// A server that thinks before it answers, and then sends all at once.
async fn slow_to_begin(think: Duration) -> String {
    let (base, _) = serve(move |_, mut stream| async move {
        read_request(&mut stream, 0).await;
        tokio::time::sleep(think).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[1,";
        stream.write_all(head).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        stream.write_all(b"2]").await.unwrap();
    })
    .await;
    base
}

fn watchful() -> HttpTransport {
    HttpTransport::builder()
        .loopback_only(true)
        .read_timeout(Duration::from_millis(200))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_server_may_think_for_longer_than_it_may_be_silent_within_its_answer() {
    let base = slow_to_begin(Duration::from_millis(500)).await;
    let mut request = request(&base);
    let enough = ExchangeTimeout(Duration::from_secs(20));
    request.extensions_mut().insert(enough);
    let response = watchful().send(request).await.unwrap();
    assert_eq!(response.into_body().collect(10).await.unwrap(), "[1,2]");
}

#[tokio::test]
async fn a_reader_that_takes_its_time_is_not_timed_out() {
    let base = slow_to_begin(Duration::ZERO).await;
    let exchange = Exchange::builder("demo", BaseUrl::parse(&base).unwrap())
        .transport(Arc::new(watchful()))
        .build()
        .unwrap();
    let call = Call::get("x", &["x"]).timeout(Duration::from_millis(400));
    let mut body = exchange.stream(call).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "[1,");
    // Longer than the server may be silent, and longer than the whole exchange may take.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(body.collect(10).await.unwrap(), "2]");
}

#[tokio::test]
async fn what_is_no_http_is_a_broken_connection() {
    let (base, _) = serve(|_, mut stream| async move {
        read_request(&mut stream, 0).await;
        stream.write_all(b"SSH-2.0-OpenSSH\r\n").await.unwrap();
    })
    .await;
    let error = transport().send(request(&base)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Broken, Sent::Maybe)
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = MockServer::start().await;
    let away = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    Mock::given(path("/x"))
        .respond_with(away)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/elsewhere"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let error = exchange(&server.uri())
        .send(Call::get("x", &["x"]))
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(http::StatusCode::FOUND));
}

#[tokio::test]
async fn a_loopback_transport_talks_to_this_machine_only() {
    for url in [
        "http://192.0.2.1/",
        "https://demo.example/",
        "http://localhost.demo.example/",
    ] {
        let error = transport().send(request(url)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (TransportErrorKind::Other, Sent::No),
            "{url}"
        );
    }
}

#[tokio::test]
async fn errors_do_not_show_the_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/canary?api_key=canary");
    let error = transport().send(request(&url)).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test]
async fn a_body_streams_while_the_server_is_still_sending() {
    let (first_read, may_go_on) = tokio::sync::oneshot::channel::<()>();
    let gate = Arc::new(tokio::sync::Mutex::new(Some(may_go_on)));
    let (base, _) = serve(move |_, mut stream| {
        let gate = gate.clone();
        async move {
            read_request(&mut stream, 0).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n[1,2";
            stream.write_all(head).await.unwrap();
            let gate = gate.lock().await.take().unwrap();
            gate.await.unwrap();
            stream.write_all(b",3]\n").await.unwrap();
        }
    })
    .await;
    let reply = exchange(&base)
        .stream(Call::get("x", &["x"]))
        .await
        .unwrap();
    let mut body: Body = reply.body;
    assert_eq!(body.next().await.unwrap().unwrap(), "[1,2");
    first_read.send(()).unwrap();
    assert_eq!(body.collect(100).await.unwrap(), ",3]\n");
}

#[test]
fn unusable_settings_are_config_errors_with_a_hint() {
    for (builder, secret) in [
        (
            HttpTransport::builder().proxy("http://user:canary@:::"),
            "canary",
        ),
        (
            HttpTransport::builder().add_root_certificate_pem("some notes"),
            "some notes",
        ),
        (
            HttpTransport::builder()
                .loopback_only(true)
                .add_root_certificate_pem("some notes"),
            "some notes",
        ),
        (
            HttpTransport::builder()
                .loopback_only(true)
                .proxy("http://user:canary@proxy.example:3128"),
            "canary",
        ),
    ] {
        let shown = format!("{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.hint().is_some());
        assert!(!format!("{error} {error:?}").contains(secret));
        assert!(secret != "canary" || !shown.contains(secret));
    }
}

#[test]
fn the_handles_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Exchange>();
    shared::<HttpTransport>();
    shared::<api_core::RequestBudget>();
    shared::<api_core::Meter>();
    shared::<api_core::testing::ManualClock>();
    shared::<api_core::testing::ScriptedTransport>();
}

#[tokio::test]
async fn a_redirect_to_another_host_carries_nothing_there() {
    let (elsewhere, connections) = serve(|_, stream| async move { drop(stream) }).await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let away = ResponseTemplate::new(status)
            .insert_header("location", format!("{elsewhere}/x").as_str());
        Mock::given(header("x-api-key", "canary-key"))
            .respond_with(away)
            .mount(&server)
            .await;
        for call in [
            Call::get("x", &["x"]),
            Call::post("x", &["x"]).body("application/json", "[1]"),
        ] {
            let error = exchange(&server.uri()).send(call).await.unwrap_err();
            assert_eq!(error.status().map(|it| it.as_u16()), Some(status));
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// The beginning of a gzip stream, and 13 bytes that go on with it for ever: 2064 zeros each time.
fn bomb() -> (Vec<u8>, Vec<u8>) {
    // One block with the fixed codes: a zero, then always "258 times the byte before".
    let mut bits = vec![0, 1, 0];
    bits.extend([0, 0, 1, 1, 0, 0, 0, 0]);
    for _ in 0..16 {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1]);
        bits.extend([0; 5]);
    }
    let bytes: Vec<u8> = bits
        .chunks(8)
        .map(|byte| byte.iter().rev().fold(0, |all, bit| all << 1 | bit))
        .collect();
    let mut begin = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
    begin.extend(&bytes[..2]);
    (begin, bytes[2..15].to_vec())
}

#[tokio::test]
async fn a_compressed_answer_without_end_is_cut_at_the_limit() {
    const LIMIT: usize = 64 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let (base, _) = serve(move |_, mut stream| {
        let count = count.clone();
        async move {
            read_request(&mut stream, 0).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let (begin, more) = bomb();
            stream.write_all(&begin).await.unwrap();
            let piece = more.repeat(100);
            // Ends when the client has gone away.
            while stream.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    let response = transport().send(request(&base)).await.unwrap();
    let error = response.into_body().collect(LIMIT).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::TooLarge, "{error}");
    // What was sent unpacks to the limit; beyond it there are buffers of the connection only.
    let needed = LIMIT / 2064 * 13;
    let sent = sent.load(Ordering::SeqCst);
    assert!(
        sent >= needed && sent < needed + (16 << 20),
        "{sent} bytes sent, {needed} needed"
    );
}
