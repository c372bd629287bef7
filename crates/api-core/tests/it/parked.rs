//! Calls that nobody polls: they stop nobody else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_core::testing::{ManualClock, RuntimeClock, Scripted, ScriptedTransport};
use api_core::{
    Authorize, Call, Clock, Exchange, RequestBudget, Result, Token, TokenCache, TokenSource,
};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use crate::support::base;

const S: fn(u64) -> Duration = Duration::from_secs;

/// Asks the service itself, as real sources do.
#[derive(Debug)]
struct Source {
    exchange: Exchange,
    life: Duration,
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self) -> Result<Token> {
        let call = Call::post("token", &["token"]).anonymous();
        self.exchange.send(call).await?;
        Ok(Token::new("token", Some(self.life)))
    }
}

fn exchange_by(
    script: &ScriptedTransport,
    limit: u32,
    window: Duration,
    clock: &(impl Clock + Clone + 'static),
    life: Duration,
) -> (Exchange, Arc<TokenCache>) {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let budget = RequestBudget::new(limit, window, Arc::clone(&clock));
    let builder = || {
        Exchange::builder("demo", base())
            .transport(Arc::new(script.clone()))
            .clock(Arc::clone(&clock))
            .budget(budget.clone())
    };
    let exchange = builder().build().unwrap();
    let source = Arc::new(Source { exchange, life });
    let tokens = Arc::new(TokenCache::new(source, Arc::clone(&clock)));
    let authorize: Arc<dyn Authorize> = tokens.clone();
    (builder().authorize(authorize).build().unwrap(), tokens)
}

/// Reads many things side by side and, for each that is there, waits for something else: those that are read meanwhile
/// stand still.
async fn read_and_write(exchange: &Exchange, things: usize, at_once: usize) -> Result<usize> {
    let mut read = stream::iter(0..things)
        .map(|_| exchange.send(Call::get("read", &["thing"])))
        .buffer_unordered(at_once);
    let mut written = 0;
    while let Some(reply) = read.next().await {
        reply?;
        exchange.send(Call::post("write", &["thing"])).await?;
        written += 1;
    }
    Ok(written)
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_calls_that_waits_for_another_call_comes_to_its_end() {
    for (limit, at_once) in [(1, 8), (4, 3), (5, 8), (300, 8)] {
        let script = ScriptedTransport::by(|_| Scripted::json(200, "{}"));
        let clock = RuntimeClock::start();
        let (exchange, _) = exchange_by(&script, limit, S(1), &clock, S(200));
        let work = read_and_write(&exchange, 20, at_once);
        let done = tokio::time::timeout(S(60), work).await;
        assert_eq!(done.unwrap().unwrap(), 20, "{at_once} at once of {limit}");
        assert_eq!(script.requests().len(), 41, "one token");
    }
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_behind() {
    let script = ScriptedTransport::by(|_| Scripted::Hang);
    let clock = Arc::new(ManualClock::default());
    let budget = RequestBudget::new(1, S(60), clock.clone());
    let exchange = Exchange::builder("demo", base())
        .transport(Arc::new(script.clone()))
        .clock(clock)
        .budget(budget.clone())
        .build()
        .unwrap();
    {
        let mut call = Box::pin(exchange.send(Call::get("read", &["thing"])));
        assert!(futures_util::poll!(&mut call).is_pending());
        tokio::task::yield_now().await;
        assert_eq!((script.requests().len(), budget.estimate(1)), (1, S(60)));
    }
    tokio::task::yield_now().await;
    assert_eq!(
        budget.acquire().await.waited(),
        S(60),
        "it counts as answered"
    );
}

/// A caller gets its place when its token has expired meanwhile: the token request may have that place.
#[tokio::test]
async fn a_token_request_does_not_wait_for_the_place_of_its_own_caller() {
    let clock = ManualClock::default();
    let sent: Arc<Mutex<Vec<(String, Duration)>>> = Arc::default();
    let (seen, now) = (Arc::clone(&sent), clock.clone());
    let script = ScriptedTransport::by(move |request| {
        let path = request.uri().path().to_owned();
        seen.lock().unwrap().push((path, now.monotonic()));
        Scripted::json(200, "{}")
    });
    // Renewed from 295 on: a tenth of its life before the end.
    let (exchange, tokens) = exchange_by(&script, 2, S(300), &clock, S(328));
    tokens.authorization().await.unwrap();
    clock.advance(S(290));
    let read = || Call::get("read", &["thing"]);
    exchange.send(read().anonymous()).await.unwrap();
    exchange.send(read()).await.unwrap();
    let expected = [("token", 0), ("thing", 290), ("token", 300), ("thing", 590)];
    let expected = expected.map(|(path, at)| (format!("/api/{path}"), S(at)));
    assert_eq!(*sent.lock().unwrap(), expected);
    assert_eq!(clock.slept(), S(300));
}
