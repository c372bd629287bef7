//! Planning alone: how its time grows with the devices behind the usage.

#[path = "../../../crates/billing-sync/benches/plan/month.rs"]
mod month;

use crate::measure::cpu;
use month::{Devices, Month};

/// How often each is measured; the best counts, as whatever else the machine does only adds.
const TRIES: u32 = 3;

pub(crate) fn measure() -> anyhow::Result<()> {
    println!("| devices | usage lines | evidence | CPU ms | ns per device |");
    println!("|---|---|---|---|---|");
    for (devices, rounds) in [(10_000, 50), (100_000, 5), (1_000_000, 1)] {
        for (word, month) in [
            ("folded", Month::first(devices, Devices::Folded)),
            ("kept", Month::first(devices, Devices::Kept)),
            (
                "folded, a later month",
                Month::later(devices, Devices::Folded),
            ),
        ] {
            let each = best(&month, rounds)?;
            println!(
                "| {devices} | {} | {word} | {:.0} | {:.0} |",
                devices / 10,
                each * 1e3,
                each * 1e9 / f64::from(u32::try_from(devices)?)
            );
        }
    }
    Ok(())
}

/// CPU seconds of one plan, its end included.
fn best(month: &Month, rounds: u32) -> anyhow::Result<f64> {
    let mut best = f64::MAX;
    for _ in 0..TRIES {
        let before = cpu()?;
        for _ in 0..rounds {
            drop(month.plan());
        }
        best = best.min((cpu()? - before) / f64::from(rounds));
    }
    Ok(best)
}
