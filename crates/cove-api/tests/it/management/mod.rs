//! Tests of the management client from outside: session, wire shapes, paging, the side services, hostile answers.

mod bearer;
mod methods;
mod network;
mod session;
mod statistics;
mod support;
mod writes;
