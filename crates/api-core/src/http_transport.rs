//! The transport over the network. The only module that names reqwest, so that its next major
//! version is nobody else's.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::try_unfold;

use crate::base_url::{BaseUrl, is_loopback};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{
    Body, ExchangeTimeout, Patience, RAN_OUT, Sent, Transport, TransportError, TransportErrorKind,
};

/// Sends requests over HTTP/1.1 and HTTP/2 with pooled connections.
///
/// Redirects are not followed. A request is repeated only when the server's protocol says that it
/// was not processed. Build one and share it: a client costs milliseconds to make.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    loopback_only: bool,
    read_timeout: Duration,
    timeout: Duration,
}

impl HttpTransport {
    /// Begins with the defaults.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder {
            connect_timeout: Duration::from_secs(20),
            read_timeout: Duration::from_secs(60),
            timeout: Duration::from_secs(300),
            proxy: None,
            roots: Vec::new(),
            gzip: true,
            loopback_only: false,
        }
    }

    /// The default for a base URL: on this machine without TLS, proxy and certificates.
    pub(crate) fn for_base(base: &BaseUrl) -> Result<Self> {
        let local = base.is_loopback() && base.as_url().scheme() == "http";
        Self::builder().loopback_only(local).build()
    }
}

/// Settings of an [`HttpTransport`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct HttpTransportBuilder {
    connect_timeout: Duration,
    read_timeout: Duration,
    timeout: Duration,
    proxy: Option<Proxy>,
    roots: Vec<Vec<u8>>,
    gzip: bool,
    loopback_only: bool,
}

/// A proxy's address, which may hold a password.
#[derive(Clone)]
struct Proxy(String);

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl HttpTransportBuilder {
    /// How long making a connection may take. Default: 20 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the server may be silent within an answer that it has begun. Default: 60 s. How long it may take to begin is
    /// bounded by [`timeout`](Self::timeout) alone: a large answer can take minutes to be put together.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// How long an exchange may take in all, unless it brings an [`ExchangeTimeout`]. Default: 300 s. While nobody reads the
    /// answer, no time passes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Goes through this proxy, except to this machine. Default: what the environment says
    /// (`HTTPS_PROXY`, `NO_PROXY` …).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(Proxy(url.into()));
        self
    }

    /// Trusts these PEM certificates besides those of the system.
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Whether compressed answers are asked for. Default: yes.
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// Refuses everything but this machine, and in return needs, and takes, neither certificates nor a proxy.
    pub fn loopback_only(mut self, loopback_only: bool) -> Self {
        self.loopback_only = loopback_only;
        self
    }

    /// Makes the client.
    ///
    /// With the feature `rustls-no-provider` a crypto provider must have been installed before, or
    /// reqwest panics.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] without trusted certificates on the system, for an unusable proxy or
    /// certificate, or for one that [`loopback_only`](Self::loopback_only) leaves without use.
    pub fn build(self) -> Result<HttpTransport> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .gzip(self.gzip)
            .tcp_keepalive(Duration::from_secs(30));
        if self.loopback_only {
            if self.proxy.is_some() || !self.roots.is_empty() {
                let message =
                    "a transport to this machine only takes neither a proxy nor certificates";
                return Err(Error::new(ErrorKind::Config, message)
                    .with_hint("leave them out, or leave out `loopback_only`"));
            }
            builder = without_certificates(builder.no_proxy());
        } else {
            if let Some(Proxy(url)) = &self.proxy {
                builder = builder.proxy(proxy(url)?);
            }
            builder = with_roots(builder, &self.roots)?;
        }
        let client = builder.build().map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("no HTTPS client can be made: {}", describe(error.without_url())),
            )
            .with_hint("install the system's CA certificates (package ca-certificates) or set SSL_CERT_FILE")
        })?;
        Ok(HttpTransport {
            client,
            loopback_only: self.loopback_only,
            read_timeout: self.read_timeout,
            timeout: self.timeout,
        })
    }
}

fn proxy(url: &str) -> Result<reqwest::Proxy> {
    let proxy = reqwest::Proxy::all(url).map_err(|error| {
        // Neither the URL nor the source: both may hold the proxy's password.
        drop(error);
        Error::new(ErrorKind::Config, "the proxy's URL is not usable")
            .with_hint("write it like http://proxy.example:3128")
    })?;
    Ok(proxy.no_proxy(reqwest::NoProxy::from_string("localhost,127.0.0.0/8,::1")))
}

#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tls_certs_only([])
}

#[cfg(not(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
)))]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
fn with_roots(
    mut builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder> {
    for pem in roots {
        let unusable = |detail: String| {
            Error::new(
                ErrorKind::Config,
                format!("the trusted certificate is not usable: {detail}"),
            )
            .with_hint("give a PEM file that begins with -----BEGIN CERTIFICATE-----")
        };
        let certificates = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| unusable(describe(error.without_url())))?;
        if certificates.is_empty() {
            return Err(unusable("no certificate in it".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
)))]
fn with_roots(
    builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder> {
    if roots.is_empty() {
        return Ok(builder);
    }
    Err(Error::new(
        ErrorKind::Config,
        "certificates need one of the TLS features",
    ))
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let timeout = request
            .extensions()
            .get::<ExchangeTimeout>()
            .map_or(self.timeout, |t| t.0);
        let request = reqwest::Request::try_from(request).map_err(|error| {
            TransportError::new(
                TransportErrorKind::Other,
                Sent::No,
                describe(error.without_url()),
            )
        })?;
        if self.loopback_only && !is_loopback(request.url()) {
            return Err(TransportError::new(
                TransportErrorKind::Other,
                Sent::No,
                "this transport talks to this machine only",
            ));
        }
        // Not by reqwest's own limits: its read timeout also ends an answer that is slow to begin, and its total one runs on
        // while the caller is busy with what it has read.
        let mut patience = Patience::new(timeout);
        match patience.wait(timeout, self.client.execute(request)).await {
            Some(response) => Ok(convert(
                response.map_err(before_answer)?,
                patience,
                self.read_timeout,
            )),
            None => Err(TransportError::new(
                TransportErrorKind::Timeout,
                Sent::Maybe,
                RAN_OUT,
            )),
        }
    }
}

/// The answer, with a body that ends in an error when the server is silent for too long or takes too long in all.
fn convert(
    response: reqwest::Response,
    patience: Patience,
    silence: Duration,
) -> http::Response<Body> {
    let (status, version) = (response.status(), response.version());
    let headers = response.headers().clone();
    let start = (response, patience);
    let chunks = try_unfold(start, move |(mut response, mut patience)| async move {
        let Some(chunk) = patience.wait(silence, response.chunk()).await else {
            let detail = if patience.is_over() {
                RAN_OUT
            } else {
                "the server was silent"
            };
            return Err(TransportError::new(
                TransportErrorKind::Timeout,
                Sent::Yes,
                detail,
            ));
        };
        let chunk = chunk.map_err(during_answer)?;
        Ok(chunk.map(|chunk| (chunk, (response, patience))))
    });
    let mut converted = http::Response::new(Body::from_stream(chunks));
    *converted.status_mut() = status;
    *converted.version_mut() = version;
    *converted.headers_mut() = headers;
    converted
}

fn before_answer(error: reqwest::Error) -> TransportError {
    let (kind, sent) = if error.is_builder() {
        (TransportErrorKind::Other, Sent::No)
    } else if error.is_connect() {
        (TransportErrorKind::Connect, Sent::No)
    } else if error.is_timeout() {
        (TransportErrorKind::Timeout, Sent::Maybe)
    } else {
        (TransportErrorKind::Broken, Sent::Maybe)
    };
    TransportError::new(kind, sent, describe(error.without_url()))
}

fn during_answer(error: reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Broken
    };
    TransportError::new(kind, Sent::Yes, describe(error.without_url()))
}

/// An error with all its causes on one line. reqwest prints the URL, so it must be taken out before.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand over `error.without_url()`"
)]
fn describe(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
