//! The client against a server on this machine, and against scripts where time or broken connections matter.

mod batches;
mod clients;
mod connection;
mod licences;
mod limits;
mod lists;
mod lookup;
mod other;
mod recurring;
mod secrets;
mod support;
