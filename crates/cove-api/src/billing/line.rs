//! One call of either variant of the API: a POST that reads, its retries, and what its failures mean here.

use std::time::Duration;

use api_core::{
    Attempt, Call, Decision, Effect, Error, ErrorKind, Failure, Reply, Result, StreamReply, decide,
};

use super::builder::Line;
use super::fields::Fields;
use super::fold::{FoldEnd, Sink, UsageStream, collect_slice, walk_body};
use super::model::UsageDocument;

impl Line {
    /// Every call is a POST, also the pure reads (documented); the body is `{}` (observed in public clients).
    fn call(operation: &'static str, segments: &[&str]) -> Call {
        Call::post(operation, segments)
            .effect(Effect::Read)
            .header("accept", "application/json")
            .body("application/json", "{}")
    }

    /// The whole answer.
    pub(crate) async fn send(&self, operation: &'static str, segments: &[&str]) -> Result<Reply> {
        self.exchange
            .send(Self::call(operation, segments))
            .await
            .map_err(explain)
    }

    async fn reply(&self, operation: &'static str, segments: &[&str]) -> Result<StreamReply> {
        let call = Self::call(operation, segments);
        self.exchange.stream(call).await.map_err(explain)
    }

    /// The answer as it arrives.
    pub(crate) async fn stream(
        &self,
        operation: &'static str,
        segments: &[&str],
    ) -> Result<UsageStream> {
        let StreamReply { body, .. } = self.reply(operation, segments).await?;
        Ok(UsageStream::new(operation, body, self.limits))
    }

    /// The documents of a usage answer, whole.
    pub(crate) async fn documents(
        &self,
        operation: &'static str,
        segments: &[&str],
    ) -> Result<Vec<UsageDocument>> {
        let reply = self.send(operation, segments).await?;
        collect_slice(operation, &reply.body, self.limits)
    }

    /// Folds a usage answer while it arrives; asks again when it breaks off and the sink can begin anew.
    pub(crate) async fn fold(
        &self,
        operation: &'static str,
        segments: &[&str],
        sink: &mut impl Sink,
    ) -> Result<FoldEnd> {
        let clock = self.exchange.clock();
        let began = clock.monotonic();
        let mut number = 1;
        let mut reply = self.reply(operation, segments).await?;
        loop {
            let StreamReply { body, attempts, .. } = reply;
            let error = match walk_body(operation, body, self.limits, sink).await {
                Ok(end) => return Ok(end),
                Err(error) => error.with_attempts(attempts),
            };
            let elapsed = clock.monotonic().saturating_sub(began);
            let Some(wait) = self.wait(&error, number, elapsed) else {
                return Err(error);
            };
            if !sink.restart() {
                return Err(error);
            }
            let call = Self::call(operation, segments);
            reply = self
                .exchange
                .stream_again(call, attempts, wait)
                .await
                .map_err(explain)?;
            number += 1;
        }
    }

    fn wait(&self, error: &Error, number: u32, elapsed: Duration) -> Option<Duration> {
        let timeout = match error.kind() {
            ErrorKind::Timeout => true,
            ErrorKind::Transport | ErrorKind::Incomplete => false,
            _ => return None,
        };
        let failure = Failure::Transport {
            sent: error.sent(),
            timeout,
        };
        let attempt = Attempt {
            number,
            elapsed,
            effect: Effect::Read,
            failure,
        };
        // One fold at a time waits here, so there is no herd to scatter: half of the full wait will do.
        match decide(&self.retry, &attempt, 0.5) {
            Decision::RetryAfter(wait) => Some(wait),
            Decision::Stop => None,
        }
    }
}

/// What a refusal means at this API, for the person who reads it (observed in public clients).
fn explain(error: Error) -> Error {
    let hint = match (error.kind(), error.status().map(|status| status.as_u16())) {
        (ErrorKind::Auth, _) => {
            "the account id (sfdcid) or the API key is wrong, or they do not belong together"
        }
        (ErrorKind::Permission, _) => {
            "the vendor refuses some User-Agents with 403; else this account may not use this call"
        }
        (ErrorKind::NotFound, _) => "an id or the month is wrong, or the month has no data",
        (_, Some(400)) => "an id or the month is malformed",
        _ => return error,
    };
    error.with_hint(hint)
}

/// An answer that is either empty (no body, null, `{}`, `[]`) or JSON objects: the elements of an array, or one.
/// Any wrapper among `wrappers` around them is taken off.
pub(crate) fn objects(
    reply: &Reply,
    operation: &'static str,
    wrappers: &[&str],
) -> Result<Vec<Fields>> {
    let body = reply.body.as_ref();
    let body = body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body)
        .trim_ascii();
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let decode = |message: String| {
        Error::new(ErrorKind::Decode, message)
            .with_operation(operation)
            .with_status(reply.status)
            .with_body_snippet(body)
    };
    if body.starts_with(b"<") {
        return Err(
            decode("expected JSON, got an HTML page".to_owned()).with_hint(
                "check the base URL; a proxy or sign-in page may answer in the vendor's place",
            ),
        );
    }
    let text =
        std::str::from_utf8(body).map_err(|_| decode("the answer is not UTF-8".to_owned()))?;
    let mut found = Vec::new();
    unwrap_into(text, wrappers, 0, &mut found)
        .map_err(|error| decode(format!("unreadable answer: {error}")))?;
    Ok(found)
}

/// Wrappers were seen at most once around an array; a little more is tolerated, not any depth.
const DEPTH: usize = 4;

fn unwrap_into(
    json: &str,
    wrappers: &[&str],
    depth: usize,
    found: &mut Vec<Fields>,
) -> Result<(), String> {
    for element in super::record::elements(json)? {
        let fields = Fields::parse(element)?;
        let inner = wrappers.iter().find_map(|known| fields.get(known));
        match inner {
            Some(inner) if depth < DEPTH => unwrap_into(inner, wrappers, depth + 1, found)?,
            Some(_) => return Err("wrapped too many times".to_owned()),
            None if fields.is_empty() => {}
            None => found.push(fields),
        }
    }
    Ok(())
}
