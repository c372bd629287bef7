//! One file per verb: its flags, the call of the service, and which page shows the result; and one for what `retry` and
//! `revert` have in common.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod drift;
mod follow_up;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod map;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod revert;
pub(crate) mod sandbox;
pub(crate) mod schedule;
pub(crate) mod sync;
pub(crate) mod verify;
pub(crate) mod why;
