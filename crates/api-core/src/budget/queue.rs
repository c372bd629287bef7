//! The order in which callers wait for a budget, without a lock that one of them could fall asleep on.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::RequestBudget;

/// How long a caller may leave a free place before the next one goes: far longer than a busy program takes to poll it.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Who waits, in the order in which they asked.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiter>,
    entered: u64,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    wake: Arc<Notify>,
    /// It was not polled when it could go, so the others do not wait for it any more.
    passed_over: bool,
}

/// A caller's place in the queue; dropping it gives it up.
pub(super) struct Ticket {
    budget: RequestBudget,
    pub(super) number: u64,
    wake: Arc<Notify>,
}

impl Queue {
    pub(super) fn enter(&mut self, budget: &RequestBudget) -> Ticket {
        let (number, wake) = (self.entered, Arc::new(Notify::new()));
        self.entered = self.entered.wrapping_add(1);
        self.waiting.push_back(Waiter {
            number,
            wake: Arc::clone(&wake),
            passed_over: false,
        });
        Ticket {
            budget: budget.clone(),
            number,
            wake,
        }
    }

    /// The caller is polled again; how many wait before it.
    pub(super) fn before(&mut self, number: u64) -> usize {
        let mut before = 0;
        for waiter in &mut self.waiting {
            if waiter.number == number {
                waiter.passed_over = false;
                break;
            }
            before += usize::from(!waiter.passed_over);
        }
        before
    }

    /// Lets `number` go before all who are before it.
    pub(super) fn pass_over_before(&mut self, number: u64) {
        for waiter in &mut self.waiting {
            if waiter.number == number {
                break;
            }
            waiter.passed_over = true;
            // Should it be polled after all, it looks at once.
            waiter.wake.notify_one();
        }
    }

    pub(super) fn leave(&mut self, number: u64) {
        let first = self.first();
        self.waiting.retain(|waiter| waiter.number != number);
        if first == Some(number) {
            self.wake_first();
        }
    }

    /// Who has the turn.
    pub(super) fn first(&self) -> Option<u64> {
        self.waiter().map(|waiter| waiter.number)
    }

    /// Lets the first look again whether there is a place.
    pub(super) fn wake_first(&self) {
        if let Some(first) = self.waiter() {
            first.wake.notify_one();
        }
    }

    fn waiter(&self) -> Option<&Waiter> {
        self.waiting.iter().find(|waiter| !waiter.passed_over)
    }
}

impl Ticket {
    /// Waits for `sleep` or to be woken; whether it was `sleep`.
    pub(super) async fn woken_or(&self, sleep: impl Future<Output = ()>) -> bool {
        let (woken, sleep) = (pin!(self.wake.notified()), pin!(sleep));
        matches!(select(woken, sleep).await, Either::Right(_))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.budget.state().queue.leave(self.number);
    }
}
