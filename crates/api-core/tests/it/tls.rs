//! Real handshakes: a certificate that nobody vouches for, that is another's or too old is refused before anything is
//! sent, and one root more is trusted when it is given.
#![cfg(feature = "rustls")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use api_core::{HttpTransport, Sent, Transport, TransportErrorKind};
use bytes::Bytes;
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A server behind a certificate of its own making.
struct Server {
    url: String,
    pem: String,
    /// Bytes of requests that arrived.
    heard: Arc<AtomicUsize>,
}

async fn serve(name: &str, until: SystemTime) -> Server {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = until.into();
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let heard = Arc::new(AtomicUsize::new(0));
    let count = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), count.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).await.unwrap_or(0);
                count.fetch_add(read, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Server { url, pem, heard }
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are checked against the machine's clock"
)]
fn days_from_now(days: i64) -> SystemTime {
    let span = Duration::from_secs(days.unsigned_abs() * 86_400);
    if days < 0 {
        SystemTime::now() - span
    } else {
        SystemTime::now() + span
    }
}

fn request(server: &Server) -> http::Request<Bytes> {
    http::Request::get(&server.url)
        .header("authorization", "Bearer canary")
        .body(Bytes::new())
        .unwrap()
}

#[track_caller]
fn is_refused(
    result: Result<http::Response<api_core::Body>, api_core::TransportError>,
    server: &Server,
) {
    let error = result.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No),
        "{error}"
    );
    assert_eq!(server.heard.load(Ordering::SeqCst), 0, "nothing was sent");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_one_root_more_is_trusted() {
    let server = serve("localhost", days_from_now(2)).await;
    let stranger = HttpTransport::builder().build().unwrap();
    is_refused(stranger.send(request(&server)).await, &server);

    let other = serve("localhost", days_from_now(2)).await;
    let trusting = |pem: &str| {
        HttpTransport::builder()
            .add_root_certificate_pem(pem)
            .build()
            .unwrap()
    };
    is_refused(trusting(&other.pem).send(request(&server)).await, &server);

    let response = trusting(&server.pem).send(request(&server)).await.unwrap();
    assert_eq!(response.into_body().collect(10).await.unwrap(), "[]");
    assert!(server.heard.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_yesterday_is_refused_by_who_trusts_its_root() {
    for (name, days) in [("another.example", 2), ("localhost", -1)] {
        let server = serve(name, days_from_now(days)).await;
        let trusting = HttpTransport::builder()
            .add_root_certificate_pem(server.pem.clone())
            .build()
            .unwrap();
        is_refused(trusting.send(request(&server)).await, &server);
    }
}
