//! Tests of the management client from outside: session, wire shapes, paging, the side services, hostile answers.

#[cfg(feature = "xlsx")]
mod bearer;
mod methods;
mod network;
mod records;
mod session;
mod statistics;
mod support;
mod writes;
