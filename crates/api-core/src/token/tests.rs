use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{Token, TokenCache, TokenSource};
use crate::auth::{Authorize, Renewal};
use crate::error::{Error, ErrorKind, Result};
use crate::testing::ManualClock;

const S: fn(u64) -> Duration = Duration::from_secs;

/// Hands out `canary-1`, `canary-2` …; fails while `broken` is not zero.
#[derive(Debug, Default)]
struct Source {
    fetched: AtomicU64,
    broken: AtomicU64,
    life: Option<Duration>,
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self) -> Result<Token> {
        let number = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        if self.broken.load(Ordering::SeqCst) > 0 {
            return Err(Error::new(ErrorKind::Auth, "no token today"));
        }
        Ok(Token::new(format!("canary-{number}"), self.life))
    }
}

fn cache(life: Option<Duration>) -> (TokenCache, Arc<Source>, ManualClock) {
    let (source, clock) = (
        Arc::new(Source {
            life,
            ..Source::default()
        }),
        ManualClock::default(),
    );
    (
        TokenCache::new(source.clone(), Arc::new(clock.clone())),
        source,
        clock,
    )
}

async fn token(cache: &TokenCache) -> String {
    cache
        .authorization()
        .await
        .unwrap()
        .value
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn many_callers_make_one_token_request() {
    let (cache, source, _) = cache(Some(S(3600)));
    let tokens = join_all((0..20).map(|_| token(&cache))).await;
    assert!(tokens.iter().all(|token| token == "Bearer canary-1"));
    assert_eq!(source.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_is_renewed_a_minute_or_a_tenth_of_its_life_early() {
    for (life, last_use) in [(3600, 3539), (100, 89), (10, 8)] {
        let (cache, _, clock) = cache(Some(S(life)));
        assert_eq!(token(&cache).await, "Bearer canary-1");
        clock.advance(S(last_use));
        assert_eq!(token(&cache).await, "Bearer canary-1", "life {life}");
        clock.advance(S(1));
        assert_eq!(token(&cache).await, "Bearer canary-2", "life {life}");
    }
}

#[tokio::test]
async fn a_token_without_or_with_endless_life_is_kept() {
    for life in [None, Some(Duration::MAX)] {
        let (cache, _, clock) = cache(life);
        token(&cache).await;
        clock.advance(S(1_000_000_000));
        assert_eq!(token(&cache).await, "Bearer canary-1");
    }
}

#[tokio::test]
async fn a_token_of_no_life_is_fetched_each_time_and_does_not_loop() {
    let (cache, _, _) = cache(Some(Duration::ZERO));
    assert_eq!(token(&cache).await, "Bearer canary-1");
    assert_eq!(token(&cache).await, "Bearer canary-2");
}

#[tokio::test]
async fn a_valid_token_stays_in_use_while_renewal_fails_and_is_not_hammered() {
    let (cache, source, clock) = cache(Some(S(3600)));
    token(&cache).await;
    source.broken.store(1, Ordering::SeqCst);
    clock.advance(S(3545));
    for _ in 0..5 {
        assert_eq!(token(&cache).await, "Bearer canary-1");
    }
    assert_eq!(source.fetched.load(Ordering::SeqCst), 2);
    clock.advance(S(10));
    assert_eq!(token(&cache).await, "Bearer canary-1");
    assert_eq!(source.fetched.load(Ordering::SeqCst), 3);
    clock.advance(S(45));
    let error = cache.authorization().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Auth,
        "an expired token is not used"
    );
    source.broken.store(0, Ordering::SeqCst);
    assert_eq!(token(&cache).await, "Bearer canary-5");
}

#[tokio::test]
async fn callers_who_waited_for_a_failed_fetch_share_its_error() {
    let (cache, source, _) = cache(None);
    source.broken.store(1, Ordering::SeqCst);
    let results = join_all((0..20).map(|_| cache.authorization())).await;
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().unwrap_err().is_auth())
    );
    assert_eq!(source.fetched.load(Ordering::SeqCst), 1);
    source.broken.store(0, Ordering::SeqCst);
    assert_eq!(
        token(&cache).await,
        "Bearer canary-2",
        "the next caller asks again"
    );
}

#[tokio::test]
async fn a_rejected_token_is_dropped_only_if_it_is_still_the_cached_one() {
    let (cache, source, _) = cache(Some(S(3600)));
    let first = cache.authorization().await.unwrap();
    assert_eq!(cache.rejected(first.generation).await, Renewal::Retry);
    let second = cache.authorization().await.unwrap();
    assert_ne!(first.generation, second.generation);
    // A slower caller reports the old token.
    assert_eq!(cache.rejected(first.generation).await, Renewal::Retry);
    assert_eq!(token(&cache).await, "Bearer canary-2");
    assert_eq!(source.fetched.load(Ordering::SeqCst), 2);
    cache.clear();
    assert_eq!(token(&cache).await, "Bearer canary-3");
}

#[tokio::test]
async fn a_caller_that_gives_up_in_the_middle_leaves_the_cache_usable() {
    let (cache, source, _) = cache(Some(S(3600)));
    {
        let fetch = cache.authorization();
        tokio::pin!(fetch);
        assert!(futures_util::poll!(&mut fetch).is_pending());
        tokio::task::yield_now().await;
        assert_eq!(source.fetched.load(Ordering::SeqCst), 1, "it is under way");
    }
    assert_eq!(token(&cache).await, "Bearer canary-2");
}

#[tokio::test]
async fn a_caller_that_is_not_polled_keeps_the_token_from_nobody() {
    let (cache, source, _) = cache(Some(S(3600)));
    let mut parked: Vec<_> = (0..3).map(|_| cache.authorization()).collect();
    for caller in &mut parked {
        assert!(futures_util::poll!(caller).is_pending());
    }
    let next = tokio::time::timeout(S(5), token(&cache)).await;
    assert_eq!(next.unwrap(), "Bearer canary-1");
    assert_eq!(source.fetched.load(Ordering::SeqCst), 1);
    // The parked ones hold what came of it, which is no longer a fetch that is under way.
    cache.clear();
    assert_eq!(token(&cache).await, "Bearer canary-2");
}

#[tokio::test]
async fn an_unusable_token_is_an_error_that_does_not_show_it() {
    #[derive(Debug)]
    struct Broken(&'static str);
    #[async_trait]
    impl TokenSource for Broken {
        async fn fetch(&self) -> Result<Token> {
            Ok(Token::new(self.0, None))
        }
    }
    for text in ["", "  ", "canary\r\nx: y"] {
        let cache = TokenCache::new(Arc::new(Broken(text)), Arc::new(ManualClock::default()));
        let error = cache.authorization().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn debug_shows_no_token() {
    let (cache, _, _) = cache(Some(S(3600)));
    let authorization = cache.authorization().await.unwrap();
    let shown = format!(
        "{cache:?} {authorization:?} {:?}",
        Token::new("canary", None)
    );
    assert!(!shown.contains("canary"));
}
