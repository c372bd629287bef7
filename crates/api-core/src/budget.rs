//! Keeps all callers together below a service's limit of requests per rolling window, so that the
//! limit is not found out by being refused.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// The window of a budget without a limit; it only scales how long a 429 holds callers back.
const DEFAULT_WINDOW: Duration = Duration::from_secs(300);

/// No 429 holds callers back for longer than this or the window, whichever is longer.
const HOLD_CAP: Duration = Duration::from_secs(360);

/// At most `limit` requests in any window of the given length. Clones share the budget.
///
/// A service counts a request when it arrives, which is some time between its being let through and its answer. So a request has
/// its place until one window after its answer: whatever the network does, no window of the service's holds more.
///
/// Callers are served in the order in which they asked.
#[derive(Clone)]
pub struct RequestBudget(Arc<Shared>);

struct Shared {
    limit: Option<u32>,
    window: Duration,
    clock: Arc<dyn Clock>,
    /// Whoever holds it is the next to go; tokio's mutex is fair, so this is the queue.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the requests of the last window were answered, oldest first.
    recent: VecDeque<Duration>,
    /// Requests that were let through and are not answered yet.
    under_way: usize,
    /// Nobody goes before this.
    hold_until: Duration,
    /// How many 429 in a row came after a hold had ended.
    refusals: u32,
}

impl RequestBudget {
    /// At most `limit` requests (at least 1) in any `window`.
    pub fn new(limit: u32, window: Duration, clock: Arc<dyn Clock>) -> Self {
        Self::build(Some(limit.max(1)), window, clock)
    }

    /// No limit of its own; callers are still held back after a 429.
    pub fn unlimited(clock: Arc<dyn Clock>) -> Self {
        Self::build(None, DEFAULT_WINDOW, clock)
    }

    fn build(limit: Option<u32>, window: Duration, clock: Arc<dyn Clock>) -> Self {
        let (turn, state) = (tokio::sync::Mutex::new(()), Mutex::new(State::default()));
        Self(Arc::new(Shared {
            limit,
            window,
            clock,
            turn,
            state,
        }))
    }

    /// The limit per window; `None` without one.
    pub fn limit(&self) -> Option<u32> {
        self.0.limit
    }

    /// The length of the rolling window.
    pub fn window(&self) -> Duration {
        self.0.window
    }

    /// Waits until one more request may be sent, and gives it a place. Drop the place when the answer has arrived.
    ///
    /// Dropping the future gives the turn to the next caller and takes no place.
    pub async fn acquire(&self) -> Place {
        let asked = self.0.clock.monotonic();
        let _turn = self.0.turn.lock().await;
        loop {
            let now = self.0.clock.monotonic();
            let wait = {
                let mut state = self.state();
                let wait = self.wait_for(&mut state, now, 1);
                if wait.is_zero() {
                    state.under_way = state.under_way.saturating_add(1);
                    return Place {
                        budget: self.clone(),
                        waited: now.saturating_sub(asked),
                        used: true,
                    };
                }
                wait
            };
            self.0.clock.sleep(wait).await;
        }
    }

    /// How many requests could be sent at this moment; `u32::MAX` without a limit.
    pub fn left(&self) -> u32 {
        let now = self.0.clock.monotonic();
        let mut state = self.state();
        self.forget_old(&mut state, now);
        if state.hold_until > now {
            return 0;
        }
        let used = u32::try_from(state.used()).unwrap_or(u32::MAX);
        self.0
            .limit
            .map_or(u32::MAX, |limit| limit.saturating_sub(used))
    }

    /// How long it takes until `calls` more requests have been let through, if nobody else asks and
    /// requests themselves take no time.
    pub fn estimate(&self, calls: u64) -> Duration {
        let now = self.0.clock.monotonic();
        self.wait_for(&mut self.state(), now, calls)
    }

    /// Tells the budget that the service answered 429.
    ///
    /// Every caller is held back: for `retry_after`, or without one for a thirtieth of the window,
    /// doubled with every further refusal, since something else then uses the same limit. From the
    /// second refusal on, the longer of the two counts.
    pub fn throttled(&self, retry_after: Option<Duration>) {
        let now = self.0.clock.monotonic();
        let window = self.0.window;
        let longest = window.max(HOLD_CAP);
        let mut state = self.state();
        if now.saturating_sub(state.hold_until) > window {
            state.refusals = 0;
        }
        // Answers to requests that were already on their way say nothing new.
        let during_hold = now < state.hold_until;
        let grown = if during_hold || (retry_after.is_some() && state.refusals == 0) {
            Duration::ZERO
        } else {
            (window / 30).saturating_mul(2u32.checked_pow(state.refusals).unwrap_or(u32::MAX))
        };
        let hold = grown.max(retry_after.unwrap_or_default());
        if !during_hold {
            state.refusals = state.refusals.saturating_add(1);
        }
        state.hold_until = state.hold_until.max(now.saturating_add(hold.min(longest)));
    }

    /// Time from `now` until the `calls`-th further request may go.
    fn wait_for(&self, state: &mut State, now: Duration, calls: u64) -> Duration {
        self.forget_old(state, now);
        let Some(last) = calls.checked_sub(1) else {
            return Duration::ZERO;
        };
        let hold = state.hold_until.saturating_sub(now);
        let Some(limit) = self.0.limit else {
            return hold;
        };
        // Request k may go one window after request k - limit was answered.
        let cycles = u32::try_from(last / u64::from(limit)).unwrap_or(u32::MAX);
        let place = usize::try_from(last % u64::from(limit)).unwrap_or(usize::MAX);
        let capacity = usize::try_from(limit).unwrap_or(usize::MAX);
        let free = capacity.saturating_sub(state.used());
        let room = place.checked_sub(free).map_or(Duration::ZERO, |index| {
            // One that is under way is answered now at the earliest.
            let answered = state.recent.get(index).copied().unwrap_or(now);
            answered.saturating_add(self.0.window).saturating_sub(now)
        });
        hold.max(room)
            .saturating_add(self.0.window.saturating_mul(cycles))
    }

    fn forget_old(&self, state: &mut State, now: Duration) {
        while state
            .recent
            .front()
            .is_some_and(|&went| went.saturating_add(self.0.window) <= now)
        {
            state.recent.pop_front();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements, so a poisoned lock is still usable.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Places that are taken.
    fn used(&self) -> usize {
        self.recent.len().saturating_add(self.under_way)
    }
}

/// A request's place in the window. Dropping it says that the request was answered, or given up.
#[must_use = "dropping it says that the request was answered"]
#[derive(Debug)]
pub struct Place {
    budget: RequestBudget,
    waited: Duration,
    used: bool,
}

impl Place {
    /// How long it took to get it.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Says that no request was sent.
    pub fn give_back(mut self) {
        self.used = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        // Within the lock, so that the answers stay in order.
        let now = self.budget.0.clock.monotonic();
        state.under_way = state.under_way.saturating_sub(1);
        if self.used && self.budget.0.limit.is_some() {
            state.recent.push_back(now);
        }
    }
}

impl Debug for RequestBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBudget")
            .field("limit", &self.0.limit)
            .field("window", &self.0.window)
            .field("left", &self.left())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
