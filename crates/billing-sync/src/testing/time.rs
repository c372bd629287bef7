//! Time under the test's control, and futures that end where the test says.

use crate::ports::Clock;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

/// A clock that starts on 6 November 2026, 06:00 UTC, and is a second later each time it is asked.
#[derive(Debug, Default)]
pub struct TickingClock(AtomicU64);

impl TickingClock {
    /// A clock at its start.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for TickingClock {
    fn now(&self) -> SystemTime {
        const START: u64 = 1_793_944_800;
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        SystemTime::UNIX_EPOCH + Duration::from_secs(START.saturating_add(ticks))
    }
}

/// Pends once: the point at which a test can drop a future.
pub fn soon() -> impl Future<Output = ()> + Send {
    struct Soon(bool);
    impl Future for Soon {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            if self.0 {
                return Poll::Ready(());
            }
            self.0 = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }
    Soon(false)
}

/// Polls a future at most so many times and then drops it, as a process that is killed would. `None` when it did not end.
/// For futures that wait for nothing but [`soon`].
pub fn run_for<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}
