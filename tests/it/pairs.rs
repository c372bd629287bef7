//! Two faults in one sync, drawn at random, behind a random position of the switches: the right subscriptions, none
//! twice, and a journal that says what the server did.
//!
//! A failed case prints its seed; `SEED=… PAIRS=1` runs it alone, `PAIRS=20000` runs long.

use crate::bench::{Bench, all_of};
use crate::truth;
use billing_sync::run::RunStatus;
use fastrand::Rng;
use sandbox::{
    BatchFailure, BillingWrapper, CustomFieldValue, CustomFieldsInLists, Fault, FaultKind,
    PostAnswer, PostWithoutId, RetryAfter, Switches, When,
};

/// Cases when nothing else is asked for.
const PAIRS: u64 = 400;
/// The first seed when nothing else is asked for.
const SEED: u64 = 20_261;
/// Requests of a sync without faults, and some more: repeated and settling ones can be hit too.
const REQUESTS: u64 = 40;

/// A number from the environment; what is no number is an error and not the default.
pub(crate) fn number_from(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// Faults without a number of their own; the others are drawn beside them.
pub(crate) const KINDS: [FaultKind; 14] = [
    FaultKind::ResetBeforeCommit,
    FaultKind::ResetAfterCommit,
    FaultKind::TooManyRequests { retry_after: None },
    FaultKind::TooManyRequests {
        retry_after: Some(7),
    },
    FaultKind::Html200,
    FaultKind::MalformedJson,
    FaultKind::TruncatedBody,
    FaultKind::EmptyBody,
    FaultKind::NullBody,
    FaultKind::TokenRevoked,
    FaultKind::DuplicatePage,
    FaultKind::ShiftPage,
    FaultKind::Latency(2),
    FaultKind::Drip,
];

fn kind(random: &mut Rng) -> FaultKind {
    const BEFORE: [u16; 8] = [400, 401, 403, 404, 500, 502, 503, 504];
    const AFTER: [u16; 4] = [500, 502, 503, 504];
    match random.usize(..KINDS.len() + 4) {
        at if at < KINDS.len() => KINDS[at].clone(),
        at if at < KINDS.len() + 2 => FaultKind::Status(BEFORE[random.usize(..BEFORE.len())]),
        _ => FaultKind::StatusAfterCommit(AFTER[random.usize(..AFTER.len())]),
    }
}

/// Half of the faults by position among all requests, half among those that read and write subscriptions.
fn fault(random: &mut Rng) -> Fault {
    let when = if random.bool() {
        When::Nth(random.u64(1..=REQUESTS))
    } else {
        When::NthOf {
            service: sandbox::Service::Halo,
            path_contains: "SoftwareLicence".to_owned(),
            nth: random.u64(1..=14),
        }
    };
    Fault::new(when, kind(random))
}

fn switches(random: &mut Rng) -> Switches {
    fn one<T: Copy>(random: &mut Rng, of: &[T]) -> T {
        of[random.usize(..of.len())]
    }
    Switches {
        post_answer: one(
            random,
            &[PostAnswer::Array, PostAnswer::Object, PostAnswer::Empty],
        ),
        page_cap: one(random, &[Some(4), Some(5), Some(50), None]),
        custom_fields_in_lists: one(
            random,
            &[
                CustomFieldsInLists::Always,
                CustomFieldsInLists::WhenAsked,
                CustomFieldsInLists::Never,
            ],
        ),
        custom_field_value: one(random, &[CustomFieldValue::Text, CustomFieldValue::Number]),
        post_without_id: one(
            random,
            &[PostWithoutId::AlwaysCreates, PostWithoutId::MatchesByName],
        ),
        batch_failure: one(
            random,
            &[
                BatchFailure::AllOrNothing,
                BatchFailure::StopsAtFirstError,
                BatchFailure::SkipsBadOnes,
            ],
        ),
        retry_after: one(random, &[RetryAfter::Off, RetryAfter::Seconds]),
        includeinactive_returns_deleted: random.bool(),
        billing_wrapper: one(
            random,
            &[
                BillingWrapper::Bare,
                BillingWrapper::Wrapped,
                BillingWrapper::Array,
            ],
        ),
        expires_in: one(random, &[60, 3600]),
        ..Switches::default()
    }
}

async fn case(seed: u64) -> Vec<String> {
    let mut random = Rng::with_seed(seed);
    let mut bench = Bench::tiny(switches(&mut random)).await;
    let faults = vec![fault(&mut random), fault(&mut random)];
    let lose_state = random.bool();
    let resume_first = random.bool();
    let mut problems = Vec::new();
    bench.sandbox.set_faults(faults.clone());
    let first = bench.sync().await;
    bench.sandbox.clear_faults();
    problems.extend(truth::of_journal(&bench).await);
    if first.is_ok_and(|outcome| {
        let run = outcome.run;
        run.is_some_and(|run| run.report.status == RunStatus::Applied)
    }) {
        let wrong = bench.violations().into_iter();
        problems.extend(wrong.map(|text| format!("after `applied`: {text}")));
    }
    if lose_state {
        bench.lose_state();
    }
    if resume_first && let Err(error) = bench.service().resume().await {
        problems.push(format!("resume: {error}"));
    }
    match bench.sync().await {
        Ok(outcome) => {
            let status = outcome.run.map(|run| run.report.status);
            if !matches!(status, None | Some(RunStatus::Applied | RunStatus::Nothing)) {
                problems.push(format!("the sync after it ended {status:?}"));
            }
        }
        Err(error) => problems.push(format!("the sync after it: {error}")),
    }
    problems.extend(truth::of_journal(&bench).await);
    problems.extend(bench.violations());
    problems
        .into_iter()
        .map(|problem| {
            format!("SEED={seed}: {faults:?}, state lost {lose_state}, resumed {resume_first}: {problem}")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_faults_behind_any_switches_lead_to_a_duplicate_a_wrong_count_or_a_false_journal() {
    let first = number_from("SEED", SEED);
    let pairs = number_from("PAIRS", PAIRS);
    let seeds: Vec<u64> = (first..first + pairs).collect();
    let problems = all_of(seeds, |seed| Box::pin(case(seed))).await;
    assert!(
        problems.is_empty(),
        "{} problems in {pairs} pairs:\n{}",
        problems.len(),
        problems.join("\n")
    );
    eprintln!("{pairs} pairs of faults from seed {first}, no violation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_and_a_false_journal_would_be_found() {
    let bench = Bench::tiny(Switches::default()).await;
    bench.sync().await.unwrap();
    assert_eq!(bench.violations(), Vec::<String>::new());
    assert_eq!(truth::of_journal(&bench).await, Vec::<String>::new());
    let record = bench
        .sandbox
        .subscriptions()
        .into_iter()
        .find(|record| record.name == "Cove Data Protection | Server")
        .unwrap();
    bench
        .sandbox
        .edit(|world| world.set_count(record.id, record.count + 1));
    assert_eq!(bench.violations().len(), 1);
    bench
        .sandbox
        .edit(|world| world.set_count(record.id, record.count));
    // As if the journal claimed a write that never was.
    let made = bench.sandbox.subscriptions().into_iter();
    let made = made.max_by_key(|record| record.id).unwrap();
    bench
        .sandbox
        .edit(|world| world.delete_subscription(made.id));
    assert_eq!(truth::of_journal(&bench).await.len(), 1);
}
