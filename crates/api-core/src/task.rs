//! Work that goes on whether or not its caller is polled.

use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::Sent;

/// Runs `work` in a task of its own and hands on what it comes to. Dropping the returned future ends the task.
///
/// A future that nobody polls stands still, such as those of a `buffer_unordered` stream while the loop over it waits for
/// something else. If it then holds what others need (a place below a limit, the right to log in), they stand still with it, and if
/// the loop waits for one of them, nothing ever moves again: no timeout fires, because those are in futures that nobody polls, too.
/// So whatever holds such a thing over an `await` runs in here. [`Exchange`](crate::Exchange) does so for every call.
///
/// # Errors
/// Those of `work`; `Config` outside a tokio runtime; `Cancelled` when the runtime shuts down.
pub async fn driven<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = Handle::try_current() else {
        return Err(
            Error::new(ErrorKind::Config, "there is no tokio runtime here")
                .with_hint("make calls from within a tokio runtime that has its timer on"),
        );
    };
    let mut task = EndedOnDrop(runtime.spawn(work.in_current_span()));
    match (&mut task.0).await {
        Ok(result) => result,
        Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
        Err(_) => Err(
            Error::new(ErrorKind::Cancelled, "the tokio runtime is shutting down")
                .with_sent(Sent::Maybe),
        ),
    }
}

struct EndedOnDrop<T>(JoinHandle<T>);

impl<T> Drop for EndedOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::sync::Semaphore;

    use super::driven;
    use crate::error::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_while_its_caller_is_not_polled_and_ends_when_it_is_dropped() {
        let gate = Arc::new(Semaphore::new(1));
        let hold = |time| {
            let gate = Arc::clone(&gate);
            driven(async move {
                let _permit = gate.acquire().await.unwrap();
                tokio::time::sleep(time).await;
                Ok(7)
            })
        };
        let mut parked = Box::pin(hold(Duration::from_secs(1)));
        assert!(futures_util::poll!(&mut parked).is_pending());
        let next = tokio::time::timeout(Duration::from_secs(3), hold(Duration::from_secs(1)));
        assert_eq!(next.await.unwrap().unwrap(), 7);
        assert_eq!(parked.await.unwrap(), 7);

        let mut dropped = Box::pin(hold(Duration::from_secs(1_000_000)));
        assert!(futures_util::poll!(&mut dropped).is_pending());
        tokio::task::yield_now().await;
        assert_eq!(gate.available_permits(), 0);
        drop(dropped);
        tokio::task::yield_now().await;
        assert_eq!(gate.available_permits(), 1);
    }

    #[test]
    fn without_a_runtime_it_is_an_error() {
        let error = driven(async { Ok(()) })
            .now_or_never()
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.hint().is_some());
    }

    #[tokio::test]
    #[should_panic(expected = "in the work")]
    async fn a_panic_is_the_callers() {
        let _: Result<(), _> = driven(async { panic!("in the work") }).await;
    }
}
