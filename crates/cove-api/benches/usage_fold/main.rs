//! The streaming fold beside a hand-written `serde_json` fold over the same bytes in memory.
//!
//! `cargo bench -p cove-api` prints both; the fold is to reach at least 75 % of the other's speed.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cove_api::billing::{
    ClientPart, Limits, TotalsOptions, UsageDocument, UsageVisitor, fold_usage_bytes,
    read_usage_bytes, total_usage_bytes,
};
use divan::Bencher;
use divan::counter::BytesCount;

mod baseline;
mod synthetic;

static USAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut usage = synthetic::Synthetic::new(5_055, 315_000);
    let mut json = Vec::new();
    while let Some(piece) = usage.piece() {
        json.extend_from_slice(piece.as_bytes());
    }
    json
});

fn main() {
    let (ours, _) = total_usage_bytes(&USAGE, Limits::default(), TotalsOptions::default()).unwrap();
    let mut sums = BTreeMap::new();
    for client in &ours.documents[0].clients {
        for row in &client.services {
            let id = client.client_id.as_ref().unwrap().to_string();
            sums.insert((id, row.service.clone().unwrap()), row.quantity);
        }
    }
    assert_eq!(
        sums,
        baseline::fold(&USAGE).unwrap(),
        "both folds give the same sums"
    );
    side_by_side();
    divan::main();
}

/// Both folds in turn, so that whatever else the machine does hits both alike.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn side_by_side() {
    let best = |best: &mut Duration, run: &dyn Fn()| {
        let began = Instant::now();
        run();
        *best = (*best).min(began.elapsed());
    };
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..20 {
        best(&mut theirs, &|| {
            divan::black_box_drop(baseline::fold(&USAGE).unwrap());
        });
        best(&mut ours, &|| {
            let options = TotalsOptions::default();
            divan::black_box_drop(total_usage_bytes(&USAGE, Limits::default(), options).unwrap());
        });
    }
    let percent = 100.0 * theirs.as_secs_f64() / ours.as_secs_f64();
    println!(
        "best of 20 in turn: serde_json fold {theirs:.0?}, totals {ours:.0?}: {percent:.0} % of its speed"
    );
}

#[divan::bench(sample_count = 15)]
fn serde_json_fold_over_memory(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_slice(USAGE.as_slice()))
        .bench(|| baseline::fold(divan::black_box(&USAGE)).unwrap());
}

#[divan::bench(sample_count = 15)]
fn totals(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_slice(USAGE.as_slice()))
        .bench(|| {
            total_usage_bytes(
                divan::black_box(&USAGE),
                Limits::default(),
                TotalsOptions::default(),
            )
            .unwrap()
        });
}

#[divan::bench(sample_count = 5)]
fn stream_of_clients(bencher: Bencher<'_, '_>) {
    #[derive(Default)]
    struct Count(usize);
    impl UsageVisitor for Count {
        fn client(&mut self, part: ClientPart) {
            self.0 += part.usage.devices.len();
        }
        fn document(&mut self, _: UsageDocument) {}
        fn unreadable_client(&mut self, _: usize, _: cove_api::billing::BadRecord) {}
        fn unreadable_document(&mut self, _: cove_api::billing::BadRecord) {}
    }
    bencher
        .counter(BytesCount::of_slice(USAGE.as_slice()))
        .bench(|| {
            let mut count = Count::default();
            fold_usage_bytes(divan::black_box(&USAGE), Limits::default(), &mut count).unwrap();
            count.0
        });
}

#[divan::bench(sample_count = 3)]
fn typed_whole(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_slice(USAGE.as_slice()))
        .bench(|| read_usage_bytes(divan::black_box(&USAGE), Limits::default()).unwrap());
}

#[divan::bench(sample_count = 3)]
fn serde_json_value(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_slice(USAGE.as_slice()))
        .bench(|| serde_json::from_slice::<serde_json::Value>(divan::black_box(&USAGE)).unwrap());
}
