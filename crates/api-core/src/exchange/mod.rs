//! One call to a service from beginning to end: budget, credentials, attempts, and an answer or a
//! typed error. Everything that may repeat a request is in this module and nowhere else.

mod attempt;
mod builder;
mod call;
mod reply;

pub use builder::ExchangeBuilder;
pub use call::Call;
pub use reply::{Reply, StreamReply};

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use http::HeaderMap;

use crate::auth::{Authorization, Authorize, Renewal};
use crate::base_url::BaseUrl;
use crate::budget::{Place, RequestBudget};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::events::{ExchangeEvent, WaitReason, Watch};
use crate::meter::Meter;
use crate::retry::{Attempt, Decision, Failure, RetryPolicy, decide};
use crate::task::driven;
use crate::transport::{Body, Sent, Transport};
use attempt::{Failed, Reading};
use call::Prepared;

/// Sends calls to one service. Cheap to clone; clones share budget, meter and credentials.
///
/// ```
/// use api_core::testing::{Scripted, ScriptedTransport};
/// use api_core::{BaseUrl, Call, Exchange};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let transport = ScriptedTransport::new([Scripted::json(200, r#"{"version":"2.1"}"#)]);
/// let exchange = Exchange::builder("halo", BaseUrl::parse("https://acme.example/api")?)
///     .transport(Arc::new(transport))
///     .build()?;
/// let reply = exchange.send(Call::get("info.read", &["Info"])).await?;
/// let info: serde_json::Value = reply.json()?;
/// assert_eq!(info["version"], "2.1");
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Exchange(Arc<Shared>);

/// Finds the service's own explanation in the body of a failed answer.
type FindMessage = fn(&[u8]) -> Option<String>;

#[derive(Debug)]
struct Shared {
    service: &'static str,
    base: BaseUrl,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    budget: RequestBudget,
    authorize: Option<Arc<dyn Authorize>>,
    watch: Option<Arc<dyn Watch>>,
    meter: Meter,
    headers: HeaderMap,
    timeout: Duration,
    max_body: usize,
    error_message: Option<FindMessage>,
    /// Seconds that the clock was ahead of the newest answer's `Date`; `NOT_TOLD` before there was one.
    ahead: AtomicI64,
}

const NOT_TOLD: i64 = i64::MIN;

impl Exchange {
    /// Begins an exchange with `service` (a name for logs and errors) at `base`.
    pub fn builder(service: &'static str, base: BaseUrl) -> ExchangeBuilder {
        ExchangeBuilder::new(service, base)
    }

    /// Sends a call and reads the whole answer.
    ///
    /// A read is repeated by the retry policy, also when the answer breaks off. A write is repeated
    /// only if it certainly did not arrive or was refused with 429 or (once, with new credentials) 401.
    ///
    /// # Errors
    /// Everything but a complete answer of status 2xx. For a write, ask
    /// [`may_have_been_sent`](Error::may_have_been_sent) and [`was_refused`](Error::was_refused).
    pub async fn send(&self, call: Call) -> Result<Reply> {
        let operation = call.operation;
        let reading = Reading::Whole(self.0.max_body);
        let (response, attempts) = self.go(call, reading, 0).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect(usize::MAX).await?;
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
            attempts,
            operation,
        })
    }

    /// Sends a call and returns as soon as the head of a 2xx answer is there.
    ///
    /// The body is not retried and not limited in size, and its reader must treat an error in it as
    /// the loss of the whole answer. The timeout holds until the body's end and runs only while the reader waits for it: a
    /// reader that takes its time is not timed out.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn stream(&self, call: Call) -> Result<StreamReply> {
        self.stream_after(call, 0).await
    }

    /// Asks once more for what [`stream`](Self::stream) gave and whose body was lost, after `wait`: a retry like any other, for
    /// meter and watch, on top of the `attempts` that were made so far. When to stop is the caller's to decide
    /// ([`decide`](crate::decide)), since only it knows that the body was lost.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn stream_again(
        &self,
        call: Call,
        attempts: u32,
        wait: Duration,
    ) -> Result<StreamReply> {
        self.pause(WaitReason::Backoff, wait).await;
        self.stream_after(call, attempts).await
    }

    async fn stream_after(&self, call: Call, attempts: u32) -> Result<StreamReply> {
        let (response, attempts) = self.go(call, Reading::Head, attempts).await?;
        let (parts, body) = response.into_parts();
        Ok(StreamReply {
            status: parts.status,
            headers: parts.headers,
            body,
            attempts,
        })
    }

    /// Counts of this exchange.
    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// The budget it keeps to.
    pub fn budget(&self) -> &RequestBudget {
        &self.0.budget
    }

    /// The clock it goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Seconds that the wall clock was ahead of the service's when its newest answer arrived (negative: behind), by the
    /// answer's `Date`; `None` before the first answer that has one. As exact as the answer was quick.
    pub fn clock_ahead(&self) -> Option<i64> {
        let ahead = self.0.ahead.load(Ordering::Relaxed);
        (ahead != NOT_TOLD).then_some(ahead)
    }

    /// The address it sends to.
    pub fn base(&self) -> &BaseUrl {
        &self.0.base
    }

    /// The name of the service.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Runs a call in a task of its own: until its answer is there it holds a place of the budget, and may be who fetches the token.
    async fn go(
        &self,
        call: Call,
        reading: Reading,
        before: u32,
    ) -> Result<(http::Response<Body>, u32)> {
        let exchange = self.clone();
        driven(async move { exchange.run(&call, reading, before).await }).await
    }

    /// `before`: the attempts that were made for the same thing already.
    async fn run(
        &self,
        call: &Call,
        reading: Reading,
        before: u32,
    ) -> Result<(http::Response<Body>, u32)> {
        let operation = call.operation;
        let prepared = call
            .prepare(&self.0.base, &self.0.headers)
            .map_err(|error| error.with_operation(operation))?;
        // The policy's time begins with the first attempt: waiting for a place in the budget is none.
        let mut started = None;
        let mut number = 1;
        let mut sends = before;
        let mut renewed = false;
        loop {
            let (authorization, place) = self.admit(call).await?;
            let started = *started.get_or_insert_with(|| self.0.clock.monotonic());
            sends += 1;
            self.0.meter.count_sent(sends > 1);
            let attempt = self.attempt(call, &prepared, authorization.as_ref(), reading, sends);
            let tried = attempt.await;
            drop(place);
            let failed = match tried {
                Ok(response) => return Ok((response, sends)),
                Err(failed) => failed,
            };
            if let (Some(authorize), Some(authorization), false) =
                (&self.0.authorize, &authorization, renewed)
                && matches!(failed.failure, Some(Failure::Status { code: 401, .. }))
            {
                renewed = true;
                if authorize.rejected(authorization.generation).await == Renewal::Retry {
                    continue;
                }
            }
            let Some(wait) = self.wait_after(call, &failed, number, started) else {
                return Err(finish(failed, call, sends));
            };
            self.pause(failed.wait_reason(), wait).await;
            number += 1;
        }
    }

    /// Waits for the budget and gets the credentials.
    async fn admit(&self, call: &Call) -> Result<(Option<Authorization>, Place)> {
        // Credentials first: fetching a token takes time and requests of its own, and the budget
        // counts from the moment in which a request really leaves.
        let authorization = self.authorization(call).await?;
        let ahead = self.0.budget.estimate(1);
        if !ahead.is_zero() {
            self.tell(&ExchangeEvent::Waiting {
                service: self.0.service,
                for_: ahead,
                reason: WaitReason::Budget,
            });
        }
        let place = self.0.budget.acquire().await;
        if place.waited().is_zero() {
            return Ok((authorization, place));
        }
        self.0.meter.count_waited(place.waited());
        // The token may have expired meanwhile. Where another one has to be asked for, that needs a place, too.
        let mut again = Box::pin(self.authorization(call));
        let at_once = poll_fn(|cx| Poll::Ready(again.as_mut().poll(cx))).await;
        if let Poll::Ready(authorization) = at_once {
            return Ok((authorization?, place));
        }
        place.give_back();
        let authorization = again.await?;
        let place = self.0.budget.acquire().await;
        if !place.waited().is_zero() {
            self.0.meter.count_waited(place.waited());
        }
        Ok((authorization, place))
    }

    async fn authorization(&self, call: &Call) -> Result<Option<Authorization>> {
        match &self.0.authorize {
            Some(authorize) if !call.anonymous => {
                // Whatever became of the token request: this call itself did not leave.
                authorize
                    .authorization()
                    .await
                    .map(Some)
                    .map_err(|e| e.with_sent(Sent::No))
            }
            _ => Ok(None),
        }
    }

    /// How long to wait before the next attempt; `None` to give up.
    fn wait_after(
        &self,
        call: &Call,
        failed: &Failed,
        number: u32,
        started: Duration,
    ) -> Option<Duration> {
        let failure = failed.failure?;
        if let Failure::Status {
            code: 429,
            retry_after,
        } = failure
        {
            self.0.meter.count_throttled();
            self.0.budget.throttled(retry_after);
        }
        let elapsed = self.0.clock.monotonic().saturating_sub(started);
        let attempt = Attempt {
            number,
            elapsed,
            effect: call.effect,
            failure,
        };
        match decide(&self.0.retry, &attempt, fastrand::f64()) {
            Decision::Stop => None,
            Decision::RetryAfter(wait) => Some(wait),
        }
    }

    async fn pause(&self, reason: WaitReason, wait: Duration) {
        self.tell(&ExchangeEvent::Waiting {
            service: self.0.service,
            for_: wait,
            reason,
        });
        self.0.meter.count_waited(wait);
        self.0.clock.sleep(wait).await;
    }

    fn tell(&self, event: &ExchangeEvent<'_>) {
        if let Some(watch) = &self.0.watch {
            watch.event(event);
        }
    }
}

/// The error of the last attempt as the caller gets it.
fn finish(failed: Failed, call: &Call, sends: u32) -> Error {
    // After retries nobody further out should begin again; what was not retried here because the
    // policy has no attempts may be.
    let patient = RetryPolicy::default()
        .total(Duration::MAX)
        .retry_after_cap(Duration::MAX);
    let retryable = sends == 1
        && failed.failure.is_some_and(|failure| {
            let attempt = Attempt {
                number: 1,
                elapsed: Duration::ZERO,
                effect: call.effect,
                failure,
            };
            decide(&patient, &attempt, 1.0) != Decision::Stop
        });
    failed
        .error
        .with_operation(call.operation)
        .with_attempts(sends)
        .with_retryable(retryable)
}
