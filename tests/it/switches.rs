//! The whole way in every position of every switch of unknown server behaviour, and in all pairs of two.

use crate::bench::{Bench, Keeping, all_of};
use crate::matrix::{Positions, small_pages};
use crate::truth::{self, At};
use sandbox::{Sandbox, SwitchPosition, Switches};
use std::collections::BTreeSet;

/// Which world a case is in.
#[derive(Clone, Copy, PartialEq)]
enum In {
    Seeded,
    Tiny(Keeping),
}

async fn sync_twice(name: String, switches: Switches, world: In) -> Vec<String> {
    let bench = match world {
        In::Seeded => {
            let builder = Sandbox::builder().seed(5).customers(40);
            Bench::start(builder.switches(switches)).await
        }
        In::Tiny(keeping) => Bench::tiny(switches, keeping).await,
    };
    let mut problems = Vec::new();
    match bench.sync().await {
        Ok(outcome) => problems.extend(bench.is_through(&outcome).err()),
        Err(error) => problems.push(error.to_string()),
    }
    problems.extend(bench.violations());
    match bench.sync().await {
        Ok(outcome) => problems.extend(bench.writes_nothing(&outcome.plan).err()),
        Err(error) => problems.push(format!("then {error}")),
    }
    problems.extend(truth::of_journal(&bench, At::End).await);
    let problems = problems.into_iter();
    problems.map(|text| format!("{name}: {text}")).collect()
}

fn called(position: &SwitchPosition) -> String {
    format!("{} {}", position.switch(), position.position())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_switch_and_every_pair_of_switches_leads_to_the_same_subscriptions() {
    let acting = &Positions::once().await.acting;
    let mut cases = Vec::new();
    for (at, position) in acting.iter().enumerate() {
        let mut one = Switches::default();
        position.turn(&mut one);
        cases.push((called(position), one, In::Seeded));
        for other in &acting[at + 1..] {
            if other.switch() != position.switch() {
                let mut two = small_pages();
                position.turn(&mut two);
                other.turn(&mut two);
                let name = format!("{}, {}", called(position), called(other));
                let keeping = Keeping::of_case(cases.len() as u64);
                cases.push((name, two, In::Tiny(keeping)));
            }
        }
    }
    let tried = cases.len();
    let problems = all_of(cases, |(name, switches, world)| {
        Box::pin(sync_twice(name, switches, world))
    })
    .await;
    assert!(
        problems.is_empty(),
        "of {tried} positions:\n{}",
        problems.join("\n")
    );
    eprintln!("{tried} positions of the switches, no violation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_does_nothing_here_is_known_to() {
    let positions = Positions::once().await;
    let names = |of: &'static [SwitchPosition]| of.iter().map(SwitchPosition::switch);
    let acting: BTreeSet<&str> = names(&positions.acting).collect();
    let silent = names(&positions.inert).filter(|name| !acting.contains(name));
    let silent: BTreeSet<&str> = silent.collect();
    // Those of the JSON-RPC API, which is another source: the suite of its client turns them.
    let all = serde_json::to_value(Switches::default()).unwrap();
    let of_another = all["management"].as_object().unwrap();
    let silent: Vec<&str> = silent
        .into_iter()
        .filter(|name| !of_another.contains_key(*name))
        .collect();
    assert_eq!(
        silent,
        [
            "date", // The matrices set it themselves.
            "efile_names",
            "efile_products",
            "post_without_id", // It acts where a record is sent twice: under faults, if ever.
            "retry_after",     // The same of requests that are too many.
            "unpaged_invoices",
            "unshown_lists",
            "update_lines",
        ]
    );
}
