//! A cache for bearer tokens: many callers, one token request, renewed in time and after a 401.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{Authorization, Authorize, Renewal, secret_header};
use crate::clock::Clock;
use crate::error::Result;
use crate::task::driven;

/// A token is renewed this long before it expires, or at a tenth of its life if that is less.
const RENEW_EARLY: Duration = Duration::from_secs(60);

/// After a failed renewal the still valid token is used for this long before the next try.
const RENEW_PAUSE: Duration = Duration::from_secs(10);

/// Where tokens come from.
#[async_trait]
pub trait TokenSource: Debug + Send + Sync {
    /// Asks for a new token.
    ///
    /// # Errors
    /// Whatever the token endpoint answers; the cache passes it on.
    async fn fetch(&self) -> Result<Token>;
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub access: SecretString,
    /// How long it lives from now; `None` if the service does not say.
    pub expires_in: Option<Duration>,
}

impl Token {
    /// A token that lives for `expires_in`.
    pub fn new(access: impl Into<SecretString>, expires_in: Option<Duration>) -> Self {
        Self {
            access: access.into(),
            expires_in,
        }
    }
}

/// Sends `Authorization: Bearer …` with a token that is fetched once for all callers.
///
/// A token is renewed shortly before it expires. While a renewal runs or after it failed, a token
/// that is still valid stays in use. After a 401 the token is dropped only if it is the one that was
/// refused. When a fetch fails, everyone who was waiting for it gets that error instead of asking again.
///
/// A fetch goes on in a task of its own, whoever of those who wait for it is polled, and ends when the last of them is dropped.
#[derive(Debug)]
pub struct TokenCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// One fetch for all who wait; none of them can keep it from the others.
type Fetch = BoxFuture<'static, Result<Authorization>>;

#[derive(Debug, Default)]
struct State {
    cached: Option<Cached>,
    generation: u64,
    /// The fetch that is under way, if somebody still waits for it.
    fetch: Option<WeakShared<Fetch>>,
}

#[derive(Debug, Clone)]
struct Cached {
    value: HeaderValue,
    generation: u64,
    /// On the monotonic clock; `None` is never.
    renew_at: Option<Duration>,
    expires_at: Option<Duration>,
}

impl Cached {
    fn authorization(&self) -> Authorization {
        let (value, generation) = (self.value.clone(), self.generation);
        Authorization {
            header: AUTHORIZATION,
            value,
            generation,
        }
    }

    fn is_fresh(&self, now: Duration) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    fn is_valid(&self, now: Duration) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

impl TokenCache {
    /// An empty cache; the first request fetches a token.
    pub fn new(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Inner {
            source,
            clock,
            state,
        }))
    }

    /// Drops the token, so that the next request fetches a new one.
    pub fn clear(&self) {
        self.0.state().cached = None;
    }

    /// A token that will do, or the fetch to wait for.
    fn held(&self) -> std::result::Result<Authorization, Shared<Fetch>> {
        let now = self.0.clock.monotonic();
        let mut state = self.0.state();
        let under_way = state.fetch.as_ref().and_then(WeakShared::upgrade);
        // One that was ended from outside (a runtime that shut down) is over, though somebody may still hold it.
        let under_way = under_way.filter(|fetch| fetch.peek().is_none());
        if let Some(cached) = &state.cached
            && (cached.is_fresh(now) || (under_way.is_some() && cached.is_valid(now)))
        {
            return Ok(cached.authorization());
        }
        Err(under_way.unwrap_or_else(|| {
            let fetch = driven(Inner::fetch(Arc::clone(&self.0))).boxed().shared();
            state.fetch = fetch.downgrade();
            fetch
        }))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every critical section leaves the state consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(self: Arc<Self>) -> Result<Authorization> {
        let fetched = match self.source.fetch().await {
            Ok(token) => self.accept(&token),
            Err(error) => Err(error),
        };
        let now = self.clock.monotonic();
        let mut state = self.state();
        // Whoever comes now has not waited for this one.
        state.fetch = None;
        match fetched {
            Ok(mut cached) => {
                state.generation = state.generation.wrapping_add(1);
                cached.generation = state.generation;
                let authorization = cached.authorization();
                state.cached = Some(cached);
                Ok(authorization)
            }
            Err(error) => {
                if let Some(cached) = &mut state.cached
                    && cached.is_valid(now)
                {
                    tracing::warn!(%error, "token renewal failed; the old token is still valid");
                    cached.renew_at = now.checked_add(RENEW_PAUSE);
                    return Ok(cached.authorization());
                }
                state.cached = None;
                Err(error)
            }
        }
    }

    fn accept(&self, token: &Token) -> Result<Cached> {
        let text = token.access.expose_secret();
        let text = if text.trim().is_empty() {
            String::new()
        } else {
            format!("Bearer {}", text.trim())
        };
        let value = secret_header(&text, "the access token")?;
        let now = self.clock.monotonic();
        let life = token.expires_in;
        let after = |life: Duration| now.checked_add(life);
        let renew_in = life.map(|life| life.saturating_sub(RENEW_EARLY.min(life / 10)));
        Ok(Cached {
            value,
            generation: 0,
            renew_at: renew_in.and_then(after),
            expires_at: life.and_then(after),
        })
    }
}

#[async_trait]
impl Authorize for TokenCache {
    async fn authorization(&self) -> Result<Authorization> {
        match self.held() {
            Ok(authorization) => Ok(authorization),
            Err(fetch) => fetch.await,
        }
    }

    async fn rejected(&self, generation: u64) -> Renewal {
        let mut state = self.0.state();
        if state
            .cached
            .as_ref()
            .is_some_and(|cached| cached.generation == generation)
        {
            state.cached = None;
        }
        Renewal::Retry
    }
}

#[cfg(test)]
mod tests;
