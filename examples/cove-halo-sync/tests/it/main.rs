//! The built tool as its users meet it: run as a process against the stand-ins.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail by panicking"
)]

mod after;
mod crash;
mod demo;
mod disk;
mod exit_codes;
mod first_hour;
mod flow;
mod formats;
mod habits;
mod hostile;
mod interruptions;
mod lint;
mod mapping;
mod pairs;
mod report;
mod schedule;
mod signals;
mod small;
mod terminal;
mod tool;
