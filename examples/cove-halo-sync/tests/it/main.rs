//! The built tool as its users meet it: run as a process against the stand-ins.

mod demo;
mod exit_codes;
mod flow;
mod formats;
mod habits;
mod interruptions;
mod tool;
