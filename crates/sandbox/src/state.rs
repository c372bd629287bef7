//! Everything that the handlers share, behind one lock that is never held across an await.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::log::Log;
use crate::management::Visas;
use crate::switches::Switches;
use crate::world::World;

#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// A test's edit that panicked leaves the state as it is; the others go on.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) switches: Switches,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
    pub(crate) visas: Visas,
    pub(crate) window: Window,
    /// Base of the sandbox's own URLs.
    pub(crate) origin: String,
}

impl State {
    /// Forgets the requests and restarts the counts of the faults.
    pub(crate) fn clear_requests(&mut self) {
        self.log.clear();
        self.faults.restart();
    }
}

/// The access tokens that were given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    rng: Rng,
    live: BTreeMap<String, Token>,
}

#[derive(Debug)]
struct Token {
    expires: Duration,
    scopes: Vec<String>,
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            live: BTreeMap::new(),
        }
    }

    pub(crate) fn issue(&mut self, now: Duration, life: u64, scopes: Vec<String>) -> String {
        self.live.retain(|_, token| token.expires > now);
        let text = format!(
            "eyJhbGciOiJSUzI1NiJ9.{:016x}.{:016x}",
            self.rng.u64(..),
            self.rng.u64(..)
        );
        let expires = now.saturating_add(Duration::from_secs(life));
        self.live.insert(text.clone(), Token { expires, scopes });
        text
    }

    /// The scopes of a live token.
    pub(crate) fn scopes(&self, text: &str, now: Duration) -> Option<&[String]> {
        let token = self.live.get(text)?;
        (token.expires > now).then_some(token.scopes.as_slice())
    }

    /// Whether there was any.
    pub(crate) fn revoke_all(&mut self) -> bool {
        let had = !self.live.is_empty();
        self.live.clear();
        had
    }

    /// Leaves a token alive and without scope. False: no such token.
    pub(crate) fn take_scope(&mut self, text: &str) -> bool {
        let token = self.live.get_mut(text);
        token.map(|token| token.scopes.clear()).is_some()
    }
}

/// The rolling request window.
#[derive(Debug, Default)]
pub(crate) struct Window {
    admitted: VecDeque<Duration>,
}

impl Window {
    /// Admits a request or says for how long none will be. Refused requests do not count.
    pub(crate) fn admit(&mut self, now: Duration, limit: (u32, u64)) -> Result<(), Duration> {
        let span = Duration::from_secs(limit.1);
        while self
            .admitted
            .front()
            .is_some_and(|first| first.saturating_add(span) <= now)
        {
            self.admitted.pop_front();
        }
        if self.admitted.len() < limit.0 as usize {
            self.admitted.push_back(now);
            return Ok(());
        }
        let free = self
            .admitted
            .front()
            .map_or(span, |first| first.saturating_add(span));
        Err(free.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Tokens, Window};

    #[test]
    fn the_window_rolls() {
        let mut window = Window::default();
        let at = Duration::from_secs;
        assert_eq!(window.admit(at(0), (2, 10)), Ok(()));
        assert_eq!(window.admit(at(4), (2, 10)), Ok(()));
        assert_eq!(window.admit(at(5), (2, 10)), Err(at(5)));
        assert_eq!(window.admit(at(10), (2, 10)), Ok(()));
        assert_eq!(window.admit(at(11), (2, 10)), Err(at(3)));
    }

    #[test]
    fn a_limit_of_zero_admits_nothing() {
        assert_eq!(
            Window::default().admit(Duration::ZERO, (0, 10)),
            Err(Duration::from_secs(10))
        );
    }

    #[test]
    fn tokens_die_by_the_clock_and_by_revocation() {
        let mut tokens = Tokens::new(1);
        let at = Duration::from_secs;
        let token = tokens.issue(at(0), 60, vec!["all".into()]);
        assert!(tokens.scopes(&token, at(59)).is_some());
        assert!(tokens.scopes(&token, at(60)).is_none());
        tokens.revoke_all();
        assert!(tokens.scopes(&token, at(1)).is_none());
    }
}
