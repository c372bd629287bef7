//! How the time of planning grows with the devices behind the usage.
//!
//! `cargo bench -p billing-sync --bench plan` prints it for lines that say how many devices there are (`folded`) and for lines
//! that carry them (`kept`); `later` is a month in which every record is owned and the lines come in no order.

mod month;

use divan::Bencher;
use divan::counter::ItemsCount;
use month::{Devices, Month};

const DEVICES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

#[divan::bench(args = DEVICES, sample_count = 5, sample_size = 1)]
fn folded(bencher: Bencher<'_, '_>, devices: usize) {
    measure(bencher, devices, &Month::first(devices, Devices::Folded));
}

#[divan::bench(args = DEVICES, sample_count = 5, sample_size = 1)]
fn kept(bencher: Bencher<'_, '_>, devices: usize) {
    measure(bencher, devices, &Month::first(devices, Devices::Kept));
}

#[divan::bench(args = DEVICES, sample_count = 5, sample_size = 1)]
fn later(bencher: Bencher<'_, '_>, devices: usize) {
    measure(bencher, devices, &Month::later(devices, Devices::Folded));
}

/// The plan is dropped outside the measured time.
fn measure(bencher: Bencher<'_, '_>, devices: usize, month: &Month) {
    bencher
        .counter(ItemsCount::new(devices))
        .bench_local(|| month.plan());
}
