//! The whole way in every position of every switch of unknown server behaviour, and in all pairs of two.

use crate::bench::{Bench, all_of};
use billing_sync::run::RunStatus;
use sandbox::{
    BatchFailure, BillingWrapper, CustomFieldValue, CustomFieldsInLists, PostAnswer, PostWithoutId,
    RetryAfter, Sandbox, Switches,
};

pub(crate) type Turn = fn(&mut Switches);

/// Every position that is not the default, by the switch it belongs to.
pub(crate) fn positions() -> Vec<(&'static str, &'static str, Turn)> {
    vec![
        ("post answer", "array", |s| {
            s.post_answer = PostAnswer::Array;
        }),
        ("post answer", "empty", |s| {
            s.post_answer = PostAnswer::Empty;
        }),
        ("page cap", "50", |s| s.page_cap = Some(50)),
        ("page cap", "none", |s| s.page_cap = None),
        ("custom fields", "always", |s| {
            s.custom_fields_in_lists = CustomFieldsInLists::Always;
        }),
        ("custom fields", "never", |s| {
            s.custom_fields_in_lists = CustomFieldsInLists::Never;
        }),
        ("field value", "number", |s| {
            s.custom_field_value = CustomFieldValue::Number;
        }),
        ("post without id", "matches", |s| {
            s.post_without_id = PostWithoutId::MatchesByName;
        }),
        ("deleted in lists", "yes", |s| {
            s.includeinactive_returns_deleted = true;
        }),
        ("wrapper", "object", |s| {
            s.billing_wrapper = BillingWrapper::Wrapped;
        }),
        ("wrapper", "array", |s| {
            s.billing_wrapper = BillingWrapper::Array;
        }),
        ("batch with a bad record", "stops", |s| {
            s.batch_failure = BatchFailure::StopsAtFirstError;
        }),
        ("batch with a bad record", "skips", |s| {
            s.batch_failure = BatchFailure::SkipsBadOnes;
        }),
        ("429 says when", "seconds", |s| {
            s.retry_after = RetryAfter::Seconds;
        }),
        ("429 says when", "date", |s| {
            s.retry_after = RetryAfter::HttpDate;
        }),
        ("token life", "60 s", |s| s.expires_in = 60),
    ]
}

async fn sync_twice(name: String, switches: Switches, seeded: bool) -> Vec<String> {
    let bench = if seeded {
        Bench::start(Sandbox::builder().seed(5).customers(40).switches(switches)).await
    } else {
        Bench::tiny(switches).await
    };
    let mut problems = Vec::new();
    match bench.sync().await {
        Ok(outcome) => {
            let status = outcome.run.map(|run| run.report.status);
            if status != Some(RunStatus::Applied) {
                problems.push(format!("{name}: ended {status:?}"));
            }
        }
        Err(error) => problems.push(format!("{name}: {error}")),
    }
    problems.extend(
        bench
            .violations()
            .into_iter()
            .map(|text| format!("{name}: {text}")),
    );
    match bench.sync().await {
        Ok(outcome) if outcome.plan.writes().count() == 0 => {}
        Ok(outcome) => {
            problems.push(format!(
                "{name}: then {} writes",
                outcome.plan.writes().count()
            ));
        }
        Err(error) => problems.push(format!("{name}: then {error}")),
    }
    problems
}

#[tokio::test(flavor = "multi_thread")]
async fn every_switch_and_every_pair_of_switches_leads_to_the_same_subscriptions() {
    let positions = positions();
    let mut cases = Vec::new();
    for (at, (switch, position, turn)) in positions.iter().enumerate() {
        let mut one = Switches::default();
        turn(&mut one);
        cases.push((format!("{switch} {position}"), one.clone(), true));
        for (other, second, turn) in &positions[at + 1..] {
            if other != switch {
                let mut two = one.clone();
                turn(&mut two);
                cases.push((format!("{switch} {position}, {other} {second}"), two, false));
            }
        }
    }
    let tried = cases.len();
    let problems = all_of(cases, |(name, switches, seeded)| {
        Box::pin(sync_twice(name, switches, seeded))
    })
    .await;
    assert!(
        problems.is_empty(),
        "of {tried} positions:\n{}",
        problems.join("\n")
    );
    eprintln!("{tried} positions of the switches, no violation");
}
