//! Two faults in one sync, drawn at random, behind random positions of the switches: the right subscriptions, none
//! twice, and a journal that says what the server did.
//!
//! A failed case prints its seed; `SEED=… PAIRS=1` runs it alone, `PAIRS=20000` runs long.

use crate::bench::{Bench, Keeping, Source, all_of};
use crate::matrix::{Case, Place, Positions, number_from, places, small_pages, summed_up, tried};
use crate::truth::{self, At};
use billing_sync::state::MemoryStore;
use fastrand::Rng;
use sandbox::{Fault, FaultKind, SwitchPosition, Switches, When};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Cases when nothing else is asked for.
const PAIRS: u64 = 300;
/// The first seed when nothing else is asked for.
const SEED: u64 = 20_261;

fn one<'a, T>(random: &mut Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(..of.len())]
}

/// A kind, then an example of it, that finds something to act on at this place.
fn kind(random: &mut Rng, place: &Place) -> FaultKind {
    let kinds = FaultKind::examples();
    loop {
        let examples: &Vec<FaultKind> = one(random, &kinds);
        let kind = one(random, examples);
        if place.concerns(kind) {
            return kind.clone();
        }
    }
}

/// A request of a sync, half of them one of those that read and write subscriptions.
fn place<'a>(random: &mut Rng, places: &'a [Place]) -> &'a Place {
    if random.bool() {
        return one(random, places);
    }
    loop {
        let place = one(random, places);
        if place.path.contains("SoftwareLicence") {
            return place;
        }
    }
}

/// The first at a request of a sync; the second too, or at one of those that read what became of a write.
fn faults(random: &mut Rng, places: &[Place]) -> Vec<Fault> {
    /// Subscriptions are read again so often, at most, after a fault.
    const MORE: u64 = 4;
    let first = place(random, places);
    let second = place(random, places);
    let kinds = [kind(random, first), kind(random, second)];
    let mut when = second.when();
    if let When::NthOf { nth, .. } = &mut when
        && second.path.contains("SoftwareLicence")
    {
        *nth += random.u64(..=MORE);
    }
    let [one, other] = kinds;
    vec![Fault::new(first.when(), one), Fault::new(when, other)]
}

/// The requests of a sync, by the source and the switches that change which there are.
#[derive(Clone, Default)]
struct Known(Arc<Mutex<HashMap<String, Arc<Vec<Place>>>>>);

impl Known {
    async fn of(&self, switches: &Switches, source: &str) -> Arc<Vec<Place>> {
        let shape = Switches {
            page_cap: switches.page_cap,
            custom_fields_in_lists: switches.custom_fields_in_lists,
            expires_in: switches.expires_in,
            ..small_pages()
        };
        let key = format!("{source} {shape:?}");
        let mut known = self.0.lock().await;
        if let Some(places) = known.get(&key) {
            return Arc::clone(places);
        }
        let places = Arc::new(places(shape, source).await);
        known.insert(key, Arc::clone(&places));
        places
    }
}

/// What a case draws from.
#[derive(Clone)]
struct Urn {
    seed: u64,
    positions: Arc<Vec<SwitchPosition>>,
    known: Known,
}

async fn drawn(urn: &Urn) -> Case {
    let mut random = Rng::with_seed(urn.seed);
    let mut switches = small_pages();
    for _ in 0..random.usize(..=3) {
        one(&mut random, &urn.positions).turn(&mut switches);
    }
    let source = Source::NAMES[random.usize(..Source::NAMES.len())];
    let places = urn.known.of(&switches, source).await;
    let faults = faults(&mut random, &places);
    Case {
        name: format!("SEED={}: {faults:?}", urn.seed),
        switches,
        source,
        faults,
        keeping: Keeping::of_case(urn.seed),
        lose_state: random.bool(),
        resume_first: random.bool(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_faults_behind_any_switches_lead_to_a_duplicate_a_wrong_count_or_a_false_journal() {
    let first = number_from("SEED", SEED);
    let pairs = number_from("PAIRS", PAIRS);
    let all = Positions::once().await;
    let mut turned = all.acting.clone();
    let too_many = FaultKind::TooManyRequests { retry_after: None };
    turned.extend(all.woken_by(&too_many).cloned());
    let (positions, known) = (Arc::new(turned), Known::default());
    let urns = (first..first + pairs).map(|seed| Urn {
        seed,
        positions: Arc::clone(&positions),
        known: known.clone(),
    });
    let verdicts = all_of(urns.collect(), |urn| {
        Box::pin(async move { vec![tried(drawn(&urn).await).await] })
    })
    .await;
    let any = verdicts.iter().filter(|one| one.fired > 0).count();
    let floor = if pairs < 100 { 0 } else { 50 };
    let both = summed_up("pairs", &verdicts, 2, floor);
    eprintln!(
        "{pairs} pairs of faults from seed {first}: both met in {both}, one or both in {any}, no violation"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_and_a_false_journal_would_be_found() {
    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    let done = bench.sync().await.unwrap();
    assert_eq!(bench.is_through(&done), Ok(()));
    assert_eq!(bench.violations(), Vec::<String>::new());
    assert_eq!(
        truth::of_journal(&bench, At::End).await,
        Vec::<String>::new()
    );
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
    // More than a count, and more than subscriptions.
    let touched = [
        "more than its count was written",
        "out of scope, yet changed",
        "out of scope, yet made",
        "clients were changed",
    ];
    let other = bench.sandbox.subscriptions().into_iter();
    let mut other = other.filter(|one| one.name == "Something else");
    let (other, client) = (other.next().unwrap(), record.client_id);
    for (at, wanted) in touched.into_iter().enumerate() {
        let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
        bench.sync().await.unwrap();
        bench.sandbox.edit(|world| match at {
            0 => assert!(world.describe_subscription(record.id, "another note", 12)),
            1 => assert!(world.set_count(other.id, 10)),
            2 => assert!(world.add_subscription(client, "Nobody asked for it", 1) > 0),
            _ => assert!(world.add_client("Nobody asked for it", "x") > 0),
        });
        let found = bench.violations();
        assert!(
            found.len() == 1 && found[0].starts_with(wanted),
            "{found:?}"
        );
    }
    // As if the journal claimed a write that never was.
    let made = bench.sandbox.subscriptions().into_iter();
    let made = made.max_by_key(|record| record.id).unwrap();
    bench
        .sandbox
        .edit(|world| world.delete_subscription(made.id));
    assert_eq!(truth::of_journal(&bench, At::End).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_no_journal_knows_and_one_that_is_sent_twice_would_be_found() {
    let mut bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    let kept = Arc::clone(&bench.store);
    // Another process with another state: what it writes stands in no journal of this one.
    bench.store = Arc::new(MemoryStore::new());
    bench.remembered_by(&*bench.store).await;
    bench.sync().await.unwrap();
    bench.store = kept;
    let stored = bench.writes().len();
    let found = truth::of_journal(&bench, At::End).await;
    assert!(stored > 3 && found.len() == stored, "{found:?}");
    assert!(
        found
            .iter()
            .all(|one| one.starts_with("stored, and in no journal"))
    );

    let bench = Bench::tiny(Switches::default(), Keeping::Memory).await;
    bench.sync().await.unwrap();
    let writes = bench.writes();
    let stored = &writes.iter().find(|one| !one.stored.is_new).unwrap().stored;
    let other = stored.count + 1;
    assert!(
        bench
            .sandbox
            .edit(|world| world.set_count(stored.id, other))
    );
    bench.sync().await.unwrap();
    let found = truth::of_journal(&bench, At::End).await;
    assert!(
        found.len() == 1 && found[0].contains("by 2 requests"),
        "{found:?}"
    );
}
