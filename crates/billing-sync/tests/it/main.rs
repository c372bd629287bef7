//! Tests of the engine through its public interface.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod allocate;
mod apply_crash;
mod apply_faults;
mod apply_flow;
mod apply_laws;
mod apply_on_snapshot;
mod apply_stage;
mod cases;
mod choices;
mod drift;
mod holds;
mod kept;
mod left_out;
mod limits;
mod misnamed;
mod money;
mod months;
mod named;
mod outdated;
mod plan_cases;
mod plan_file;
mod plan_laws;
mod port_contract;
mod references;
mod resumed;
mod retry;
mod revert_cases;
mod revert_laws;
mod shared_counts;
mod shown;
mod state_contract;
mod waiting;
mod why;
mod world;
mod worlds;
