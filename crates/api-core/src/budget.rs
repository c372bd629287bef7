//! Keeps all callers together below a service's limit of requests per rolling window, so that the
//! limit is not found out by being refused.

mod queue;

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use queue::{GRACE, Queue, Ticket};

/// The window of a budget without a limit; it only scales how long a 429 holds callers back.
const DEFAULT_WINDOW: Duration = Duration::from_secs(300);

/// No 429 holds callers back for longer than this or the window, whichever is longer.
const HOLD_CAP: Duration = Duration::from_secs(360);

/// At most `limit` requests in any window of the given length. Clones share the budget.
///
/// A service counts a request when it arrives, which is some time between its being let through and its answer. So a request has
/// its place until one window after its answer: whatever the network does, no window of the service's holds more.
///
/// Callers are served in the order in which they asked. One that is not polled when its turn has come is passed over after a second,
/// and served when it is polled again.
#[derive(Clone)]
pub struct RequestBudget(Arc<Shared>);

struct Shared {
    limit: Option<u32>,
    window: Duration,
    clock: Arc<dyn Clock>,
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
    queue: Queue,
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
        Self(Arc::new(Shared {
            limit,
            window,
            clock,
            state: Mutex::default(),
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
    /// Dropping the future gives the turn to the next caller and takes no place. Needs a tokio runtime with its timer on.
    pub async fn acquire(&self) -> Place {
        let asked = self.0.clock.monotonic();
        let ticket = match self.enter() {
            Ok(place) => return place,
            Err(ticket) => ticket,
        };
        // No lock is held while it waits: a caller that is not polled must not keep the others.
        loop {
            match self.step(&ticket) {
                Step::Go(now) => return self.place(now.saturating_sub(asked)),
                Step::Sleep(wait) => {
                    ticket.woken_or(self.0.clock.sleep(wait)).await;
                }
                Step::Behind(others, wait) => self.wait_behind(&ticket, others, wait).await,
            }
        }
    }

    /// A place, if there is one and nobody waits.
    fn enter(&self) -> Result<Place, Ticket> {
        let mut state = self.state();
        let now = self.0.clock.monotonic();
        if state.queue.first().is_some() || !self.wait_for(&mut state, now, 1).is_zero() {
            return Err(state.queue.enter(self));
        }
        state.under_way = state.under_way.saturating_add(1);
        Ok(self.place(Duration::ZERO))
    }

    /// What a caller that waits does now.
    fn step(&self, ticket: &Ticket) -> Step {
        let mut state = self.state();
        let now = self.0.clock.monotonic();
        let others = state.queue.before(ticket.number);
        let wait = self.wait_for(&mut state, now, 1);
        if others > 0 {
            return Step::Behind(others, wait);
        }
        if !wait.is_zero() {
            return Step::Sleep(wait);
        }
        state.under_way = state.under_way.saturating_add(1);
        state.queue.leave(ticket.number);
        Step::Go(now)
    }

    /// Waits to become the first. Goes before those who leave a place free because nobody polls them.
    async fn wait_behind(&self, ticket: &Ticket, others: usize, wait: Duration) {
        let asked = self.0.clock.monotonic();
        // Whether somebody is polled is a question of the runtime's time, whatever this clock is. Each waits a little longer than
        // the one before it, so that whoever is polled keeps its turn.
        let turns = u32::try_from(others.saturating_sub(1)).unwrap_or(u32::MAX);
        let patience = wait.saturating_add(GRACE.saturating_mul(turns));
        if !ticket.woken_or(tokio::time::sleep(patience)).await {
            return;
        }
        let idle = self.first_if_it_may_go();
        if !ticket.woken_or(tokio::time::sleep(GRACE)).await {
            return;
        }
        if idle.is_some() && idle == self.first_if_it_may_go() {
            self.state().queue.pass_over_before(ticket.number);
        } else if idle.is_none() && self.0.clock.monotonic() == asked {
            // A clock that moves only when somebody sleeps on it.
            ticket.woken_or(self.0.clock.sleep(wait)).await;
        }
    }

    /// Who has the turn, if there is a place.
    fn first_if_it_may_go(&self) -> Option<u64> {
        let mut state = self.state();
        let now = self.0.clock.monotonic();
        let free = self.wait_for(&mut state, now, 1).is_zero();
        state.queue.first().filter(|_| free)
    }

    fn place(&self, waited: Duration) -> Place {
        Place {
            budget: self.clone(),
            waited,
            used: true,
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

/// What a caller that waits does now.
enum Step {
    /// It was let through at this moment.
    Go(Duration),
    /// It is the first, and there may be a place after so long.
    Sleep(Duration),
    /// So many others are before it, and the first of them may go after so long.
    Behind(usize, Duration),
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
        if !self.used {
            state.queue.wake_first();
        } else if self.budget.0.limit.is_some() {
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
