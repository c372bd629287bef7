use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use proptest::prelude::*;

use super::{Place, RequestBudget};
use crate::clock::Clock;
use crate::testing::{ManualClock, RuntimeClock};

const S: fn(u64) -> Duration = Duration::from_secs;

fn budget(limit: u32, window: u64) -> (RequestBudget, ManualClock) {
    let clock = ManualClock::default();
    (
        RequestBudget::new(limit, S(window), Arc::new(clock.clone())),
        clock,
    )
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

#[tokio::test]
async fn lets_the_limit_through_at_once_and_the_next_one_a_window_later() {
    let (budget, clock) = budget(3, 300);
    assert_eq!(budget.left(), 3);
    for _ in 0..3 {
        assert_eq!(budget.acquire().await.waited(), S(0));
        clock.advance(S(10));
    }
    assert_eq!(budget.left(), 0);
    // The first went at 0 and it is 30 now.
    assert_eq!(budget.estimate(1), S(270));
    assert_eq!(budget.acquire().await.waited(), S(270));
    assert_eq!(clock.monotonic(), S(300));
    assert_eq!(budget.acquire().await.waited(), S(10));
}

#[tokio::test]
async fn room_comes_back_as_old_requests_leave_the_window() {
    let (budget, clock) = budget(2, 60);
    drop(budget.acquire().await);
    clock.advance(S(30));
    drop(budget.acquire().await);
    clock.advance(S(29));
    assert_eq!(budget.left(), 0);
    clock.advance(S(1));
    assert_eq!(budget.left(), 1);
    clock.advance(S(30));
    assert_eq!(budget.left(), 2);
}

#[tokio::test]
async fn a_request_has_its_place_until_a_window_after_its_answer() {
    let (budget, clock) = budget(2, 60);
    let slow = budget.acquire().await;
    drop(budget.acquire().await);
    assert_eq!((budget.left(), budget.estimate(1)), (0, S(60)));
    clock.advance(S(40));
    drop(slow);
    assert_eq!(budget.estimate(1), S(20), "the quick one was answered at 0");
    assert_eq!(budget.estimate(2), S(60), "the slow one just now");
    assert_eq!(budget.acquire().await.waited(), S(20));
    assert_eq!(budget.acquire().await.waited(), S(40));
    assert_eq!(clock.monotonic(), S(100));
}

#[tokio::test]
async fn a_place_that_is_given_back_was_never_taken() {
    let (budget, _clock) = budget(1, 60);
    budget.acquire().await.give_back();
    assert_eq!(budget.left(), 1);
    assert_eq!(budget.acquire().await.waited(), S(0));
}

#[tokio::test]
async fn a_request_under_way_is_waited_for() {
    let (budget, _clock) = budget(1, 60);
    let under_way = budget.acquire().await;
    let mut next = Box::pin(budget.acquire());
    // However long it waits: nobody can say yet when the service counted the first one.
    for _ in 0..5 {
        assert!(futures_util::poll!(&mut next).is_pending());
    }
    drop(under_way);
    assert_eq!(next.await.waited(), S(360));
}

#[tokio::test]
async fn clones_share_the_budget_and_a_limit_of_zero_is_one() {
    let (budget, clock) = budget(0, 10);
    assert_eq!(budget.limit(), Some(1));
    drop(budget.clone().acquire().await);
    assert_eq!(budget.acquire().await.waited(), S(10));
    assert_eq!(clock.slept(), S(10));
}

#[tokio::test]
async fn a_refusal_holds_everyone_back_for_as_long_as_asked() {
    let (budget, clock) = budget(100, 300);
    drop(budget.acquire().await);
    budget.throttled(Some(S(42)));
    assert_eq!((budget.left(), budget.estimate(1)), (0, S(42)));
    assert_eq!(budget.acquire().await.waited(), S(42));
    assert_eq!(budget.acquire().await.waited(), S(0));
    assert_eq!(clock.slept(), S(42));
}

#[tokio::test]
async fn refusals_without_a_time_hold_back_longer_each_time() {
    let (budget, _clock) = budget(100, 300);
    let mut holds = Vec::new();
    for _ in 0..7 {
        budget.throttled(None);
        // Answers to requests that were under way at the same time say nothing new.
        budget.throttled(None);
        holds.push(budget.acquire().await.waited().as_secs());
    }
    assert_eq!(holds, [10, 20, 40, 80, 160, 320, 360]);
}

#[tokio::test]
async fn a_time_that_was_too_short_before_is_not_believed_again() {
    let (budget, _clock) = budget(100, 300);
    let mut holds = Vec::new();
    for _ in 0..4 {
        budget.throttled(Some(S(1)));
        // Answers to requests that were under way at the same time say nothing new.
        budget.throttled(Some(S(1)));
        holds.push(budget.acquire().await.waited().as_secs());
    }
    budget.throttled(Some(S(200)));
    holds.push(budget.acquire().await.waited().as_secs());
    assert_eq!(holds, [1, 20, 40, 80, 200]);
}

#[tokio::test]
async fn a_quiet_window_forgets_earlier_refusals_and_no_wish_parks_callers_for_a_day() {
    let (budget, clock) = budget(100, 300);
    budget.throttled(None);
    drop(budget.acquire().await);
    clock.advance(S(301));
    budget.throttled(None);
    assert_eq!(budget.acquire().await.waited(), S(10));
    budget.throttled(Some(S(86_400)));
    assert_eq!(budget.acquire().await.waited(), S(360));
}

#[tokio::test]
async fn without_a_limit_only_refusals_make_callers_wait() {
    let clock = ManualClock::default();
    let budget = RequestBudget::unlimited(Arc::new(clock.clone()));
    for _ in 0..1000 {
        assert_eq!(budget.acquire().await.waited(), S(0));
    }
    assert_eq!(
        (budget.left(), budget.limit(), budget.estimate(1_000_000)),
        (u32::MAX, None, S(0))
    );
    budget.throttled(None);
    assert_eq!(budget.acquire().await.waited(), S(10));
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_no_place() {
    let (budget, clock) = budget(1, 300);
    drop(budget.acquire().await);
    {
        // Two callers queue; the one in front is dropped in the middle of its wait.
        let front = budget.acquire();
        tokio::pin!(front);
        assert!(futures_util::poll!(&mut front).is_pending());
    }
    assert_eq!(
        budget.acquire().await.waited(),
        S(0),
        "the wait of the one in front had passed"
    );
    assert_eq!(clock.monotonic(), S(300));
    assert_eq!(budget.left(), 0);
}

#[tokio::test]
async fn callers_are_served_in_the_order_in_which_they_asked() {
    let (budget, _clock) = budget(1, 1);
    let order: Vec<usize> = (0..20)
        .map(|number| {
            let budget = budget.clone();
            async move {
                drop(budget.acquire().await);
                number
            }
        })
        .collect::<FuturesUnordered<_>>()
        .collect()
        .await;
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

fn running(limit: u32, window: u64) -> (RequestBudget, RuntimeClock) {
    let clock = RuntimeClock::start();
    (RequestBudget::new(limit, S(window), Arc::new(clock)), clock)
}

/// The place of a caller who may not wait longer than this, and when it came.
async fn within(time: u64, budget: &RequestBudget, clock: &RuntimeClock) -> (Place, Duration) {
    let place = tokio::time::timeout(S(time), budget.acquire())
        .await
        .unwrap();
    (place, clock.monotonic())
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_not_polled_delays_the_others_by_no_more_than_its_place() {
    let (budget, clock) = running(2, 60);
    drop((budget.acquire().await, budget.acquire().await));
    let mut parked = Box::pin(budget.acquire());
    assert!(futures_util::poll!(&mut parked).is_pending());
    let (place, at) = within(120, &budget, &clock).await;
    assert_eq!(
        at,
        S(61),
        "two places are free at 60; a moment for the one before"
    );
    drop(place);
    let (place, at) = within(1, &budget, &clock).await;
    assert_eq!(at, S(61), "it is passed over once only");
    drop(place);
    // Polled again, it goes when there is a place, before those who ask later.
    let mut later = Box::pin(budget.acquire());
    assert!(futures_util::poll!(&mut parked).is_pending());
    assert!(futures_util::poll!(&mut later).is_pending());
    assert_eq!(parked.await.waited(), S(121));
    assert_eq!(later.await.waited(), S(60));
    assert_eq!(clock.monotonic(), S(121));
}

#[tokio::test(start_paused = true)]
async fn many_callers_that_are_not_polled_are_passed_over_together() {
    let (budget, clock) = running(1, 10);
    drop(budget.acquire().await);
    let mut parked: Vec<_> = (0..8).map(|_| Box::pin(budget.acquire())).collect();
    for caller in &mut parked {
        assert!(futures_util::poll!(caller).is_pending());
    }
    // A second for each: who is polled keeps its turn, and none of them is.
    let (place, at) = within(120, &budget, &clock).await;
    assert_eq!(at, S(18));
    drop(place);
    drop(parked);
    let (_, next) = within(11, &budget, &clock).await;
    assert_eq!(next, at + S(10), "those who are gone take no place");
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_polled_keep_their_order_beside_one_who_is_not() {
    let (budget, clock) = running(3, 30);
    for _ in 0..3 {
        drop(budget.acquire().await);
    }
    let mut parked = Box::pin(budget.acquire());
    assert!(futures_util::poll!(&mut parked).is_pending());
    let went: Vec<(usize, Duration)> = (0..7)
        .map(|number| {
            let budget = budget.clone();
            async move {
                drop(budget.acquire().await);
                (number, clock.monotonic())
            }
        })
        .collect::<FuturesUnordered<_>>()
        .collect()
        .await;
    let order: Vec<usize> = went.iter().map(|(number, _)| *number).collect();
    assert_eq!(order, (0..7).collect::<Vec<_>>());
    let late: Vec<u64> = went.iter().map(|(_, at)| at.as_secs()).collect();
    assert_eq!(late, [31, 31, 31, 61, 61, 61, 91]);
}

#[tokio::test(start_paused = true)]
async fn on_a_clock_that_jumps_nobody_waits_for_ever_either() {
    let (budget, clock) = budget(1, 60);
    drop(budget.acquire().await);
    let mut parked = [Box::pin(budget.acquire()), Box::pin(budget.acquire())];
    let [first, second] = &mut parked;
    assert!(futures_util::poll!(second).is_pending());
    assert!(futures_util::poll!(first).is_pending());
    let next = tokio::time::timeout(S(1000), budget.acquire()).await;
    drop(next.unwrap());
    assert_eq!(clock.monotonic(), S(60));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_given_back_wakes_who_sleeps() {
    let (budget, clock) = running(2, 300);
    drop(budget.acquire().await);
    tokio::time::sleep(S(290)).await;
    let unused = budget.acquire().await;
    tokio::time::sleep(S(10)).await;
    drop(budget.acquire().await);
    let mut sleeper = Box::pin(budget.acquire());
    assert!(futures_util::poll!(&mut sleeper).is_pending());
    tokio::time::sleep(S(1)).await;
    unused.give_back();
    assert_eq!(sleeper.await.waited(), S(1));
    assert_eq!(clock.monotonic(), S(301));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_wakes_the_next_and_so_does_one_that_gives_up() {
    let (budget, clock) = running(1, 10);
    drop(budget.acquire().await);
    let mut first = Box::pin(budget.acquire());
    let mut second = Box::pin(budget.acquire());
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    drop(second.await);
    assert_eq!(clock.monotonic(), S(10));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_meanwhile_is_no_reason_to_pass_anybody_over() {
    let (budget, clock) = running(1, 10);
    drop(budget.acquire().await);
    let go = |number| {
        let budget = budget.clone();
        async move {
            drop(budget.acquire().await);
            (number, clock.monotonic())
        }
    };
    let mut callers = FuturesUnordered::from_iter([go(1), go(2)]);
    assert!(futures_util::poll!(callers.next()).is_pending());
    budget.throttled(Some(S(100)));
    assert_eq!(callers.next().await, Some((1, S(100))));
    assert_eq!(callers.next().await, Some((2, S(110))));
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_the_limit(
        limit in 1u32..8,
        window in 1u64..40,
        gaps in proptest::collection::vec((0u64..30, 0u8..12), 1..60),
    ) {
        run(async {
            let (budget, clock) = budget(limit, window);
            let mut went = Vec::new();
            for (gap, event) in gaps {
                clock.advance(S(gap));
                if event == 0 {
                    budget.throttled(None);
                }
                let estimate = budget.estimate(1);
                let waited = budget.acquire().await.waited();
                prop_assert_eq!(estimate, waited);
                went.push(clock.monotonic());
            }
            for (index, first) in went.iter().enumerate() {
                let inside = went[index..].iter().filter(|t| **t < *first + S(window)).count();
                prop_assert!(inside <= limit as usize, "{inside} within {window} s: {went:?}");
            }
            Ok(())
        })?;
    }

    /// The service counts a request when it arrives, which may be any moment up to its answer.
    #[test]
    fn no_window_of_the_service_holds_more_than_the_limit(
        limit in 1usize..8,
        steps in proptest::collection::vec((0u64..30, 0u64..50, 0u64..50), 1..80),
    ) {
        run(async {
            let (budget, clock) = budget(u32::try_from(limit).unwrap(), 60);
            let mut under_way: Vec<(Duration, Place)> = Vec::new();
            let mut arrived = Vec::new();
            for (gap, travels, answers) in steps {
                clock.advance(S(gap));
                let now = clock.monotonic();
                under_way.retain(|(answered, _)| *answered > now);
                if under_way.len() == limit {
                    // Nobody else moves the clock: the first answer comes.
                    under_way.sort_by_key(|(answered, _)| *answered);
                    let (answered, _) = under_way[0];
                    clock.advance(answered.saturating_sub(now));
                    drop(under_way.remove(0));
                }
                let place = budget.acquire().await;
                let arrival = clock.monotonic() + S(travels);
                arrived.push(arrival);
                under_way.push((arrival + S(answers), place));
            }
            arrived.sort();
            for window in arrived.windows(limit + 1) {
                prop_assert!(window[limit] >= window[0] + S(60), "{window:?}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_estimate_is_the_time_that_it_takes(
        limit in 1u32..8,
        before in proptest::collection::vec(0u64..20, 0..20),
        calls in 0u64..40,
    ) {
        run(async {
            let (budget, clock) = budget(limit, 60);
            for gap in before {
                drop(budget.acquire().await);
                clock.advance(S(gap));
            }
            let (estimate, from) = (budget.estimate(calls), clock.monotonic());
            for _ in 0..calls {
                drop(budget.acquire().await);
            }
            prop_assert_eq!(clock.monotonic(), from + estimate);
            Ok(())
        })?;
    }
}
