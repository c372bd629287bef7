use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{Attempt, Decision, Effect, Failure, RetryPolicy, decide, parse_retry_after};
use crate::transport::Sent;

const STOP: Decision = Decision::Stop;
const S: fn(u64) -> Duration = Duration::from_secs;

fn lost(sent: Sent) -> Failure {
    Failure::Transport {
        sent,
        timeout: false,
    }
}

fn status(code: u16) -> Failure {
    Failure::Status {
        code,
        retry_after: None,
    }
}

fn asked(code: u16, seconds: u64) -> Failure {
    Failure::Status {
        code,
        retry_after: Some(S(seconds)),
    }
}

fn after(millis: u64) -> Decision {
    Decision::RetryAfter(Duration::from_millis(millis))
}

fn first(effect: Effect, failure: Failure) -> Attempt {
    Attempt {
        number: 1,
        elapsed: Duration::ZERO,
        effect,
        failure,
    }
}

#[test]
fn the_table_of_failures() {
    let table = [
        // failure, for a read, for a write
        (lost(Sent::No), after(500), after(500)),
        (lost(Sent::Maybe), after(500), STOP),
        (lost(Sent::Yes), after(500), STOP),
        (
            Failure::Transport {
                sent: Sent::No,
                timeout: true,
            },
            after(500),
            after(500),
        ),
        (
            Failure::Transport {
                sent: Sent::Maybe,
                timeout: true,
            },
            after(500),
            STOP,
        ),
        (asked(429, 7), after(7_000), after(7_000)),
        (asked(429, 0), after(500), after(500)),
        (status(429), after(20_000), after(20_000)),
        (status(408), after(500), STOP),
        (status(500), STOP, STOP),
        (status(502), after(500), STOP),
        (status(503), after(500), STOP),
        (asked(503, 9), after(9_000), STOP),
        (status(504), after(500), STOP),
        (status(501), STOP, STOP),
        (status(301), STOP, STOP),
        (status(400), STOP, STOP),
        (status(401), STOP, STOP),
        (status(403), STOP, STOP),
        (status(404), STOP, STOP),
        (status(409), STOP, STOP),
        (status(422), STOP, STOP),
    ];
    let policy = RetryPolicy::default();
    for (failure, read, write) in table {
        assert_eq!(
            decide(&policy, &first(Effect::Read, failure), 1.0),
            read,
            "read {failure:?}"
        );
        assert_eq!(
            decide(&policy, &first(Effect::Write, failure), 1.0),
            write,
            "write {failure:?}"
        );
    }
}

#[test]
fn status_500_of_a_read_is_retried_only_on_request() {
    let policy = RetryPolicy::default().retry_500(true);
    assert_eq!(
        decide(&policy, &first(Effect::Read, status(500)), 1.0),
        after(500)
    );
    assert_eq!(
        decide(&policy, &first(Effect::Write, status(500)), 1.0),
        STOP
    );
}

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_jitter_spreads_below_it() {
    let policy = RetryPolicy::default().max_attempts(u32::MAX);
    let at = |number, jitter| {
        decide(
            &policy,
            &Attempt {
                number,
                ..first(Effect::Read, lost(Sent::Maybe))
            },
            jitter,
        )
    };
    assert_eq!(
        [at(1, 1.0), at(2, 1.0), at(3, 1.0)],
        [after(500), after(1000), after(2000)]
    );
    assert_eq!(
        [at(8, 1.0), at(40, 1.0), at(u32::MAX - 1, 1.0)],
        [after(60_000); 3]
    );
    assert_eq!([at(3, 0.0), at(3, 0.5)], [after(0), after(1000)]);
    assert_eq!(
        [at(1, -5.0), at(1, 7.0), at(1, f64::NAN)],
        [after(0), after(500), after(500)]
    );
}

#[test]
fn a_429_outlasts_a_window_of_five_minutes_whatever_the_jitter_and_the_time_it_names() {
    for (failure, jitter, expected) in [
        (status(429), 0.0, 310_000),
        (status(429), 1.0, 620_000),
        (asked(429, 1), 0.0, 301_000),
        (asked(429, 1), 1.0, 601_000),
        (asked(429, 0), 0.0, 300_000),
        (asked(429, 100), 0.0, 560_000),
    ] {
        let (mut elapsed, mut number) = (Duration::ZERO, 1);
        let policy = RetryPolicy::default();
        loop {
            let attempt = Attempt {
                number,
                elapsed,
                effect: Effect::Write,
                failure,
            };
            let Decision::RetryAfter(wait) = decide(&policy, &attempt, jitter) else {
                break;
            };
            elapsed += wait;
            number += 1;
        }
        let expected = Duration::from_millis(expected);
        assert_eq!((number, elapsed), (6, expected), "{failure:?}");
    }
}

#[test]
fn attempts_time_and_the_servers_wish_are_bounded() {
    let policy = RetryPolicy::default();
    let read = first(Effect::Read, lost(Sent::Maybe));
    assert_eq!(
        decide(&policy, &Attempt { number: 5, ..read }, 0.0),
        after(0)
    );
    assert_eq!(decide(&policy, &Attempt { number: 6, ..read }, 0.0), STOP);
    assert_eq!(decide(&RetryPolicy::none(), &read, 0.0), STOP);
    assert_eq!(
        decide(
            &policy,
            &Attempt {
                elapsed: S(900),
                ..read
            },
            0.0
        ),
        after(0)
    );
    assert_eq!(
        decide(
            &policy,
            &Attempt {
                elapsed: S(900),
                ..read
            },
            0.1
        ),
        STOP
    );
    assert_eq!(
        decide(&policy, &first(Effect::Read, asked(429, 360)), 0.0),
        after(360_000)
    );
    assert_eq!(
        decide(&policy, &first(Effect::Read, asked(429, 361)), 0.0),
        STOP
    );
    let elapsed = S(600);
    let late = Attempt {
        elapsed,
        ..first(Effect::Read, asked(503, 301))
    };
    assert_eq!(decide(&policy, &late, 0.0), STOP);
}

#[test]
fn reads_retry_after_in_seconds_and_as_a_date() {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let date = SystemTime::UNIX_EPOCH + S(784_111_777);
    let before = date - S(120);
    for (text, expected) in [
        ("120", Some(S(120))),
        (" 3 ", Some(S(3))),
        ("0", Some(S(0))),
        ("-5", Some(S(0))),
        ("1.5", Some(Duration::from_millis(1500))),
        ("1e30", Some(Duration::MAX)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(S(120))),
        ("Sun, 06 Nov 1994 08:40:00 GMT", Some(S(0))),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("soon", None),
        ("", None),
        ("NaN", None),
        ("inf", None),
    ] {
        assert_eq!(parse_retry_after(text, before), expected, "{text}");
    }
}

fn any_failure() -> impl Strategy<Value = Failure> {
    let sent = prop_oneof![Just(Sent::No), Just(Sent::Maybe), Just(Sent::Yes)];
    let wait = proptest::option::of((0u64..u64::MAX).prop_map(Duration::from_millis));
    prop_oneof![
        (sent, any::<bool>()).prop_map(|(sent, timeout)| Failure::Transport { sent, timeout }),
        (100u16..600, wait).prop_map(|(code, retry_after)| Failure::Status { code, retry_after }),
    ]
}

proptest! {
    #[test]
    fn a_write_that_may_have_arrived_is_never_repeated(
        failure in any_failure(), number in 1u32..10, jitter in any::<f64>(), retry_500 in any::<bool>(),
    ) {
        let policy = RetryPolicy::default().max_attempts(100).retry_500(retry_500);
        let attempt = Attempt { number, ..first(Effect::Write, failure) };
        if decide(&policy, &attempt, jitter) != STOP {
            let safe = matches!(
                failure,
                Failure::Transport { sent: Sent::No, .. } | Failure::Status { code: 429, .. }
            );
            prop_assert!(safe);
        }
    }

    #[test]
    fn no_wait_goes_beyond_the_limits_and_none_is_shorter_than_asked(
        failure in any_failure(), number in any::<u32>(), elapsed in any::<u64>(), jitter in any::<f64>(),
    ) {
        let policy = RetryPolicy::default();
        let elapsed = Duration::from_millis(elapsed);
        let attempt = Attempt { number, elapsed, effect: Effect::Read, failure };
        if let Decision::RetryAfter(wait) = decide(&policy, &attempt, jitter) {
            prop_assert!(number < 6 && elapsed + wait <= S(900) && wait <= S(360));
            if let Failure::Status { retry_after: Some(asked), .. } = failure {
                prop_assert!(wait >= asked);
            }
        }
    }

    #[test]
    fn any_header_text_is_read_without_panic(text in ".{0,40}", now in 0u64..4_000_000_000) {
        let _ = parse_retry_after(&text, SystemTime::UNIX_EPOCH + S(now));
    }
}
