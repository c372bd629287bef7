//! The transport port: one request out, one response back, and what is known when that fails.
//! Knows nothing of retries, services or JSON.

use std::fmt::{self, Debug, Display};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;

/// Sends one HTTP request and returns the response head with a body to read.
///
/// An implementation must not follow redirects and must not repeat a request that may have reached
/// the server. It should honour [`ExchangeTimeout`] in the request's extensions;
/// [`Exchange`](crate::Exchange) enforces the same limit from outside.
#[async_trait]
pub trait Transport: Debug + Send + Sync {
    /// Performs the exchange.
    ///
    /// # Errors
    /// A [`TransportError`] that says whether the request may have reached the server.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError>;
}

/// Whether a request reached the server. Decides if it may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sent {
    /// It certainly did not: repeating it is safe whatever it does.
    No,
    /// It may have: only something harmless may be repeated.
    Maybe,
    /// It did: at least part of an answer arrived.
    Yes,
}

/// The way in which a transport failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection could be made (name, route, TLS); nothing was sent.
    Connect,
    /// No answer, or no end of the answer, within the time allowed.
    Timeout,
    /// The connection broke while sending or reading.
    Broken,
    /// The answer was larger than the reader allows.
    TooLarge,
    /// The request cannot be sent at all, now or later (refused address, unusable URL).
    Other,
}

/// Why an exchange did not come to its end.
///
/// `detail` is for people and must not contain a URL, since query strings may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    detail: String,
}

impl TransportError {
    /// An error of this kind.
    pub fn new(kind: TransportErrorKind, sent: Sent, detail: impl Into<String>) -> Self {
        Self {
            kind,
            sent,
            detail: detail.into(),
        }
    }

    /// How it failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached the server.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// The explanation for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for TransportError {}

/// The time one exchange may take from the first byte out to the last byte in, as far as somebody waits for it.
/// Put into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeTimeout(pub Duration);

/// What a timeout of the whole exchange says.
pub(crate) const RAN_OUT: &str = "the time allowed ran out";

/// The time that a server still has. It runs only while somebody waits for the server, so that whoever is slow to read
/// what has arrived does not use it up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) fn new(time: Duration) -> Self {
        Self(time)
    }

    /// Waits for `work`, for `most` at the longest; `None` when the time is over.
    pub(crate) async fn wait<T>(
        &mut self,
        most: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let began = tokio::time::Instant::now();
        let done = tokio::time::timeout(self.0.min(most), work).await.ok();
        self.0 = self.0.saturating_sub(began.elapsed());
        done
    }

    pub(crate) fn is_over(self) -> bool {
        self.0.is_zero()
    }
}

type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A response body: a stream of chunks, or the whole of it.
#[must_use = "a body does nothing unless it is read"]
pub struct Body(Inner);

enum Inner {
    Whole(Option<Bytes>),
    Stream(ByteStream),
}

impl Body {
    /// A body of no bytes.
    pub fn empty() -> Self {
        Self(Inner::Whole(None))
    }

    /// A body that is already here.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(Inner::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// A body that arrives in chunks.
    pub fn from_stream(
        stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Inner::Stream(Box::pin(stream)))
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// [`TransportErrorKind::TooLarge`] as soon as more than `limit` bytes have arrived, or the
    /// error with which the stream broke. Never a shortened body.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, TransportError> {
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        check_size(first.len(), limit)?;
        let Some(second) = self.next().await.transpose()? else {
            return Ok(first);
        };
        let mut all = BytesMut::from(first);
        let mut chunk = second;
        loop {
            check_size(all.len().saturating_add(chunk.len()), limit)?;
            all.extend_from_slice(&chunk);
            match self.next().await.transpose()? {
                Some(next) => chunk = next,
                None => return Ok(all.freeze()),
            }
        }
    }
}

fn check_size(size: usize, limit: usize) -> Result<(), TransportError> {
    if size <= limit {
        return Ok(());
    }
    let detail = format!("the answer is larger than {limit} bytes");
    Err(TransportError::new(
        TransportErrorKind::TooLarge,
        Sent::Yes,
        detail,
    ))
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Inner::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Inner::Stream(stream) => stream.as_mut().poll_next(cx),
        }
    }
}

impl Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Whole(bytes) => {
                write!(f, "Body({} bytes)", bytes.as_ref().map_or(0, Bytes::len))
            }
            Inner::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Sent, TransportError, TransportErrorKind};
    use bytes::Bytes;

    fn stream(chunks: Vec<Result<Bytes, TransportError>>) -> Body {
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn collects_every_chunk_in_order() {
        let body = stream(vec![Ok("ab".into()), Ok("".into()), Ok("cd".into())]);
        assert_eq!(body.collect(4).await, Ok(Bytes::from("abcd")));
        assert_eq!(Body::empty().collect(0).await, Ok(Bytes::new()));
        assert_eq!(
            Body::from_bytes("xyz").collect(3).await,
            Ok(Bytes::from("xyz"))
        );
    }

    #[tokio::test]
    async fn refuses_a_body_beyond_the_limit_whether_whole_or_in_chunks() {
        let whole = Body::from_bytes("xyz").collect(2).await.unwrap_err();
        assert_eq!(whole.kind(), TransportErrorKind::TooLarge);
        assert_eq!(whole.sent(), Sent::Yes);
        let chunks = stream(vec![Ok("ab".into()), Ok("cd".into())])
            .collect(3)
            .await;
        assert_eq!(chunks.unwrap_err().kind(), TransportErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn a_broken_stream_is_an_error_and_never_a_shorter_body() {
        let broken = TransportError::new(TransportErrorKind::Broken, Sent::Yes, "reset");
        let body = stream(vec![Ok("ab".into()), Err(broken.clone())]);
        assert_eq!(body.collect(100).await, Err(broken));
    }
}
