//! A cache for bearer tokens: many callers, one token request, renewed in time and after a 401.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::{Authorization, Authorize, Renewal, secret_header};
use crate::clock::Clock;
use crate::error::{Error, Result};

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
#[derive(Debug)]
pub struct TokenCache {
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    /// Held while a token is being fetched.
    fetching: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cached: Option<Cached>,
    generation: u64,
    /// How many fetches have ended, and the error of the last one if it failed.
    fetches: u64,
    last_error: Option<Error>,
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
        let (fetching, state) = (tokio::sync::Mutex::default(), Mutex::default());
        Self {
            source,
            clock,
            fetching,
            state,
        }
    }

    /// Drops the token, so that the next request fetches a new one.
    pub fn clear(&self) {
        self.state().cached = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every critical section leaves the state consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self) -> (Option<Cached>, u64) {
        let state = self.state();
        (state.cached.clone(), state.fetches)
    }

    /// What another caller's fetch came to, if one ended after `fetches` had been read.
    fn settled_since(&self, fetches: u64) -> Option<Result<Authorization>> {
        let now = self.clock.monotonic();
        let state = self.state();
        if let Some(cached) = &state.cached
            && cached.is_fresh(now)
        {
            return Some(Ok(cached.authorization()));
        }
        let error = state
            .last_error
            .as_ref()
            .filter(|_| state.fetches != fetches)?;
        Some(Err(error.clone()))
    }

    /// Fetches a token. The caller holds `fetching`.
    async fn fetch(&self) -> Result<Authorization> {
        let fetched = match self.source.fetch().await {
            Ok(token) => self.accept(&token),
            Err(error) => Err(error),
        };
        let now = self.clock.monotonic();
        let mut state = self.state();
        state.fetches = state.fetches.wrapping_add(1);
        match fetched {
            Ok(mut cached) => {
                state.generation = state.generation.wrapping_add(1);
                cached.generation = state.generation;
                let authorization = cached.authorization();
                state.cached = Some(cached);
                state.last_error = None;
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
                state.last_error = Some(error.clone());
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
        let (cached, fetches) = self.cached();
        let now = self.clock.monotonic();
        let _fetching = match cached {
            Some(cached) if cached.is_fresh(now) => return Ok(cached.authorization()),
            Some(cached) if cached.is_valid(now) => match self.fetching.try_lock() {
                Ok(fetching) => fetching,
                Err(_) => return Ok(cached.authorization()),
            },
            _ => self.fetching.lock().await,
        };
        match self.settled_since(fetches) {
            Some(settled) => settled,
            None => self.fetch().await,
        }
    }

    async fn rejected(&self, generation: u64) -> Renewal {
        let mut state = self.state();
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
