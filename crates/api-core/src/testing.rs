//! Doubles for tests of programs that use the clients: a clock that jumps and a transport that
//! answers from a script. No sockets, no waiting.
//!
//! ```
//! use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
//! use api_core::{BaseUrl, Call, Exchange};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let script = ScriptedTransport::new([Scripted::status(503), Scripted::json(200, "[]")]);
//! let clock = ManualClock::default();
//! let exchange = Exchange::builder("demo", BaseUrl::parse("https://demo.example")?)
//!     .transport(Arc::new(script.clone()))
//!     .clock(Arc::new(clock))
//!     .build()?;
//! assert_eq!(exchange.send(Call::get("list", &["things"])).await?.attempts, 2);
//! assert_eq!(script.requests()[1].uri().path(), "/things");
//! # Ok(()) })
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::clock::Clock;
use crate::transport::{Body, Sent, Transport, TransportError, TransportErrorKind};

/// 2026-01-01T00:00:00Z, from 1970 on.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// A clock that moves only when told to: sleeping advances it and returns at once.
/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Times>>);

#[derive(Debug)]
struct Times {
    wall: SystemTime,
    monotonic: Duration,
    slept: Duration,
}

impl ManualClock {
    /// A clock that shows this wall time.
    pub fn new(wall: SystemTime) -> Self {
        let (monotonic, slept) = (Duration::ZERO, Duration::ZERO);
        Self(Arc::new(Mutex::new(Times {
            wall,
            monotonic,
            slept,
        })))
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let mut times = lock(&self.0);
        times.monotonic = times.monotonic.saturating_add(duration);
        times.wall = times.wall.checked_add(duration).unwrap_or(times.wall);
    }

    /// Sets the wall clock; the steady clock is not touched.
    pub fn set_wall(&self, wall: SystemTime) {
        lock(&self.0).wall = wall;
    }

    /// How long everyone together has slept on this clock.
    pub fn slept(&self) -> Duration {
        lock(&self.0).slept
    }
}

impl Default for ManualClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(SystemTime::UNIX_EPOCH + BEGINNING)
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        lock(&self.0).wall
    }

    fn monotonic(&self) -> Duration {
        lock(&self.0).monotonic
    }

    async fn sleep(&self, duration: Duration) {
        {
            let mut times = lock(&self.0);
            times.slept = times.slept.saturating_add(duration);
        }
        self.advance(duration);
        yield_once().await;
    }
}

/// The clock of the tokio runtime, for tests whose time is paused (`#[tokio::test(start_paused = true)]`): then callers sleep side by
/// side as they do for real, and it takes no time. The wall clock begins at 2026-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeClock(tokio::time::Instant);

impl RuntimeClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[async_trait]
impl Clock for RuntimeClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + BEGINNING + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Gives other tasks a turn, as a real wait would.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// One answer of a [`ScriptedTransport`].
#[derive(Debug)]
pub enum Scripted {
    /// A complete answer.
    Reply(http::Response<Bytes>),
    /// No answer.
    Fail(TransportError),
    /// A JSON answer of status 200 that arrives in these chunks.
    Stream(Vec<Result<Bytes, TransportError>>),
    /// No answer, ever.
    Hang,
}

impl Scripted {
    /// An answer with a JSON body.
    ///
    /// A `status` outside 100..=999 becomes 500.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        let mut response = http::Response::new(body.into());
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self::Reply(response)
    }

    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        let Self::Reply(mut response) = Self::json(status, Bytes::new()) else {
            return Self::Hang;
        };
        response.headers_mut().clear();
        Self::Reply(response)
    }

    /// The connection broke; `sent` says whether the request may have arrived.
    pub fn broken(sent: Sent) -> Self {
        Self::Fail(TransportError::new(
            TransportErrorKind::Broken,
            sent,
            "connection reset",
        ))
    }

    fn answer(self) -> Option<Result<http::Response<Body>, TransportError>> {
        match self {
            Self::Reply(response) => Some(Ok(response.map(Body::from_bytes))),
            Self::Fail(error) => Some(Err(error)),
            Self::Stream(chunks) => {
                let body = Body::from_stream(futures_util::stream::iter(chunks));
                let mut response = http::Response::new(body);
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Some(Ok(response))
            }
            Self::Hang => None,
        }
    }
}

/// A transport that answers from a script and keeps the requests. Clones share both.
#[derive(Clone)]
pub struct ScriptedTransport(Arc<Mutex<Script>>);

type NextAnswer = Box<dyn FnMut(&http::Request<Bytes>) -> Scripted + Send>;

struct Script {
    next: NextAnswer,
    requests: Vec<http::Request<Bytes>>,
}

impl ScriptedTransport {
    /// Gives these answers in this order. A request beyond them fails for good.
    pub fn new(answers: impl IntoIterator<Item = Scripted>) -> Self {
        let mut answers: VecDeque<Scripted> = answers.into_iter().collect();
        Self::by(move |_| {
            answers.pop_front().unwrap_or_else(|| {
                Scripted::Fail(TransportError::new(
                    TransportErrorKind::Other,
                    Sent::No,
                    "the script has no more answers",
                ))
            })
        })
    }

    /// Answers by a function of the request. It must not use the transport itself.
    pub fn by(answer: impl FnMut(&http::Request<Bytes>) -> Scripted + Send + 'static) -> Self {
        let (next, requests) = (Box::new(answer), Vec::new());
        Self(Arc::new(Mutex::new(Script { next, requests })))
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        lock(&self.0).requests.clone()
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let answer = {
            let mut script = lock(&self.0);
            let answer = (script.next)(&request);
            script.requests.push(request);
            answer
        };
        match answer.answer() {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ScriptedTransport({} requests)",
            lock(&self.0).requests.len()
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panics while holding the lock has failed already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
